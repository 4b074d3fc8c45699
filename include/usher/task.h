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
 * UsherTaskFunc:
 * @cancellable: cancelled when the task is asked to shut down, or killed
 * @user_data: what the task was made with
 * @error: return location for a #GError
 *
 * The work of a task that has a thread. It may block; whatever it waits for should observe
 * @cancellable.
 *
 * Returns: %TRUE if the work is done; %FALSE with @error set if it failed, or was cancelled
 *
 * Since: 0.1
 */
typedef gboolean (*UsherTaskFunc) (GCancellable *cancellable,
                                   gpointer user_data,
                                   GError **error);

/**
 * UsherTaskAsyncFunc:
 * @work: what to answer to, by g_task_return_boolean() or g_task_return_error()
 * @user_data: what the task was made with
 *
 * Begins the work of a task on the loop. It must not block. g_task_get_cancellable() of @work is
 * cancelled when the task is asked to shut down, or killed. Keep a reference on @work until it is
 * answered, which must happen exactly once.
 *
 * Since: 0.1
 */
typedef void (*UsherTaskAsyncFunc) (GTask *work,
                                    gpointer user_data);

#define USHER_TYPE_TASK (usher_task_get_type ())

USHER_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (UsherTask, usher_task, USHER, TASK, GObject)

USHER_AVAILABLE_IN_0_1
UsherTask *usher_task_new_for_thread (const char *name,
                                      UsherTaskFunc func,
                                      gpointer user_data,
                                      GDestroyNotify destroy);
USHER_AVAILABLE_IN_0_1
UsherTask *usher_task_new_for_async (const char *name,
                                     UsherTaskAsyncFunc func,
                                     gpointer user_data,
                                     GDestroyNotify destroy);
USHER_AVAILABLE_IN_0_1
const char *usher_task_get_name (UsherTask *self);

G_END_DECLS
