/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/acceptor.h>
#include <usher/version.h>

G_BEGIN_DECLS

#define USHER_TYPE_ASYNC_ACCEPTOR (usher_async_acceptor_get_type ())

USHER_AVAILABLE_IN_0_1
G_DECLARE_INTERFACE (UsherAsyncAcceptor, usher_async_acceptor, USHER, ASYNC_ACCEPTOR, UsherAcceptor)

/**
 * UsherAsyncAcceptorInterface:
 * @g_iface: the parent interface
 * @acceptor_continue_async: begins to serve the connection, on the loop
 * @acceptor_continue_finish: ends serving the connection
 *
 * The virtual functions of an acceptor that runs on the loop.
 *
 * Since: 0.1
 */
struct _UsherAsyncAcceptorInterface
{
  GTypeInterface g_iface;

  void (*acceptor_continue_async) (UsherAsyncAcceptor *self,
                                   UsherConnection *connection,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data);
  gboolean (*acceptor_continue_finish) (UsherAsyncAcceptor *self,
                                        GAsyncResult *result,
                                        GError **error);
};

USHER_AVAILABLE_IN_0_1
void usher_async_acceptor_acceptor_continue_async (UsherAsyncAcceptor *self,
                                                   UsherConnection *connection,
                                                   GCancellable *cancellable,
                                                   GAsyncReadyCallback callback,
                                                   gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_async_acceptor_acceptor_continue_finish (UsherAsyncAcceptor *self,
                                                        GAsyncResult *result,
                                                        GError **error);

G_END_DECLS
