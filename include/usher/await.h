/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * usher_await: (skip)
 * @function: an asynchronous function whose last two parameters are a [callback@Gio.AsyncReadyCallback]
 *   and its user data
 * @...: the arguments before these
 *
 * Calls an asynchronous function and waits for its result, as if it were a blocking one:
 *
 * ```c
 * g_autoptr (GAsyncResult) result = usher_await (g_resolver_lookup_by_name_async, resolver, name, cancellable);
 * GList *addresses = g_resolver_lookup_by_name_finish (resolver, result, error);
 * ```
 *
 * In a fiber (see %USHER_EXECUTION_FIBER) the other fibers and sources of the thread go on meanwhile.
 * Everywhere else the calling thread blocks, and iterates a context of its own for the function, as
 * GIO's blocking functions do.
 *
 * The wait ends when the function calls back, and not earlier, because until then it may be using
 * what it was given. Give it [method@Usher.Connection.get_exit_cancellable] if it shall not outlast
 * its acceptor's being asked to exit.
 *
 * For a function with other parameters after its callback and user data, say the macro's three parts
 * yourself: [func@Usher.await_ready] is the callback, [func@Usher.await_begin] gives the user data, and
 * [func@Usher.await_end] returns the result.
 *
 * Returns: (transfer full): the result, for the function that finishes @function
 *
 * Since: 0.1
 */
#define usher_await(function, ...) \
  ((function) (__VA_ARGS__, usher_await_ready, usher_await_begin ()), usher_await_end ())

USHER_AVAILABLE_IN_0_1
gpointer usher_await_begin (void);
USHER_AVAILABLE_IN_0_1
void usher_await_ready (GObject *source_object,
                        GAsyncResult *result,
                        gpointer user_data);
USHER_AVAILABLE_IN_0_1
GAsyncResult *usher_await_end (void);

USHER_AVAILABLE_IN_0_1
gboolean usher_sleep_msec (guint duration_msec,
                           GCancellable *cancellable,
                           GError **error);

G_END_DECLS
