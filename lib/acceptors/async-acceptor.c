/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/async-acceptor.h"
#include "acceptors/acceptor-private.h"

#include "usher/error.h"

/**
 * UsherAsyncAcceptor:
 *
 * An acceptor that serves its connection on the loop, without a thread.
 *
 * It has all that an [iface@Usher.Acceptor] has, but for `acceptor_continue`, which this interface
 * replaces by the asynchronous [vfunc@Usher.AsyncAcceptor.acceptor_continue_async]. All its
 * functions are called in the pool's context, or in one of its [property@Usher.AcceptorPool:workers],
 * always the same, and must not block.
 *
 * Since: 0.1
 */

G_DEFINE_INTERFACE (UsherAsyncAcceptor, usher_async_acceptor, USHER_TYPE_ACCEPTOR)

static void
usher_async_acceptor_real_acceptor_continue_async (UsherAsyncAcceptor *self,
                                                   UsherConnection *connection,
                                                   GCancellable *cancellable,
                                                   GAsyncReadyCallback callback,
                                                   gpointer user_data)
{
  g_task_report_new_error (self, callback, user_data,
                           usher_async_acceptor_real_acceptor_continue_async, USHER_ERROR,
                           USHER_ERROR_INVALID_ARGUMENT,
                           "%s cannot serve a connection: implement acceptor_continue_async of "
                           "UsherAsyncAcceptor",
                           G_OBJECT_TYPE_NAME (self));
}

static gboolean
usher_async_acceptor_real_acceptor_continue_finish (UsherAsyncAcceptor *self,
                                                    GAsyncResult *result,
                                                    GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
usher_async_acceptor_default_init (UsherAsyncAcceptorInterface *iface)
{
  iface->acceptor_continue_async = usher_async_acceptor_real_acceptor_continue_async;
  iface->acceptor_continue_finish = usher_async_acceptor_real_acceptor_continue_finish;
}

gboolean
usher_async_acceptor_lacks_continue (GType type)
{
  g_autoptr (GTypeClass) klass = g_type_class_ref (type);
  const UsherAsyncAcceptorInterface *iface = g_type_interface_peek (klass, USHER_TYPE_ASYNC_ACCEPTOR);

  return iface->acceptor_continue_async == usher_async_acceptor_real_acceptor_continue_async;
}

/**
 * usher_async_acceptor_acceptor_continue_async:
 * @self: an acceptor
 * @connection: the connection to serve
 * @cancellable: (nullable): cancelled when the acceptor has to exit; the connection's own I/O
 *   observes that without being given it
 * @callback: (scope async): called when the conversation is over
 * @user_data: data for @callback
 *
 * Serves a connection, on the loop. Pools call this, in their context; it is of use to a class
 * that extends or wraps another.
 *
 * The connection is closed when @callback has been called.
 *
 * Since: 0.1
 */
void
usher_async_acceptor_acceptor_continue_async (UsherAsyncAcceptor *self,
                                              UsherConnection *connection,
                                              GCancellable *cancellable,
                                              GAsyncReadyCallback callback,
                                              gpointer user_data)
{
  g_return_if_fail (USHER_IS_ASYNC_ACCEPTOR (self));
  g_return_if_fail (USHER_IS_CONNECTION (connection));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  USHER_ASYNC_ACCEPTOR_GET_IFACE (self)->acceptor_continue_async (self, connection, cancellable, callback,
                                                                  user_data);
}

/**
 * usher_async_acceptor_acceptor_continue_finish:
 * @self: an acceptor
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends serving a connection. What the answer means is described at
 * [method@Usher.Acceptor.acceptor_continue]. An implementation that answers through a
 * [class@Gio.Task], with a boolean, needs no `acceptor_continue_finish` of its own.
 *
 * Returns: true if the conversation ended well, false with @error set if it failed
 *
 * Since: 0.1
 */
gboolean
usher_async_acceptor_acceptor_continue_finish (UsherAsyncAcceptor *self,
                                               GAsyncResult *result,
                                               GError **error)
{
  g_return_val_if_fail (USHER_IS_ASYNC_ACCEPTOR (self), FALSE);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), FALSE);

  return USHER_ASYNC_ACCEPTOR_GET_IFACE (self)->acceptor_continue_finish (self, result, error);
}
