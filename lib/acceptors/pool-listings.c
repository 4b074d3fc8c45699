/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/connection-info-private.h"
#include "runtime/clock-private.h"

/**
 * usher_acceptor_pool_which_sockets:
 * @self: a pool
 *
 * Lists the listen sockets that the pool serves, up or down.
 *
 * This is `acceptor_pool:which_sockets/1`.
 *
 * Returns: (transfer container) (element-type Usher.ListenSocket): the listen sockets
 *
 * Since: 0.1
 */
GPtrArray *
usher_acceptor_pool_which_sockets (UsherAcceptorPool *self)
{
  GPtrArray *sockets;

  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), NULL);

  sockets = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < self->sockets->len; i++)
    {
      UsherPoolSocket *socket = self->sockets->pdata[i];

      g_ptr_array_add (sockets, g_object_ref (socket->listen_socket));
    }

  return sockets;
}

static UsherConnectionState
run_get_connection_state (UsherAcceptorRun *run)
{
  if (run->is_cut)
    return USHER_CONNECTION_EXITING;

  return usher_connection_is_draining (run->connection) ? USHER_CONNECTION_DRAINING : USHER_CONNECTION_SERVING;
}

/**
 * usher_acceptor_pool_which_children:
 * @self: a pool
 *
 * Lists the pool's connections. Acceptors that have none are not listed;
 * [method@Usher.AcceptorPool.count_children] counts them.
 *
 * This is `acceptor_pool:which_children/1`.
 *
 * Returns: (transfer container) (element-type Usher.ConnectionInfo): the connections
 *
 * Since: 0.1
 */
GPtrArray *
usher_acceptor_pool_which_children (UsherAcceptorPool *self)
{
  gint64 now_usec = usher_clock_now_usec ();
  GPtrArray *children;

  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), NULL);

  children = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_connection_info_unref);
  for (GList *l = self->runs.head; l != NULL; l = l->next)
    {
      UsherAcceptorRun *run = l->data;

      if (run->state == USHER_RUN_SERVING)
        g_ptr_array_add (children, usher_connection_info_new (run->connection, run_get_connection_state (run),
                                                              now_usec - run->began_usec));
    }

  return children;
}

/**
 * usher_acceptor_pool_count_children:
 * @self: a pool
 * @counts: (out caller-allocates): the counts
 *
 * Counts the pool's acceptors, as `acceptor_pool:count_children/1`: one specification; those with a
 * connection are active; and all of them, those that wait, start or end included, are workers.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_count_children (UsherAcceptorPool *self,
                                    UsherChildCounts *counts)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (counts != NULL);

  *counts = (UsherChildCounts){
    .n_specs = 1,
    .n_active = self->n_connections,
    .n_workers = self->runs.length,
  };
}

/**
 * usher_acceptor_pool_get_n_waiting:
 * @self: a pool
 *
 * Gets how many acceptors wait for a connection.
 *
 * Returns: the number of waiting acceptors
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_n_waiting (UsherAcceptorPool *self)
{
  guint n_waiting = 0;

  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  for (guint i = 0; i < self->sockets->len; i++)
    n_waiting += ((UsherPoolSocket *) self->sockets->pdata[i])->waiting.length;

  return n_waiting;
}

/**
 * usher_acceptor_pool_get_n_connections:
 * @self: a pool
 *
 * Gets how many acceptors serve a connection.
 *
 * Returns: the number of connections
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_n_connections (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->n_connections;
}
