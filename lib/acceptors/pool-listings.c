/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "usher/connection-info.h"

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
  GPtrArray *children;

  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), NULL);

  children = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_connection_info_unref);
  for (guint i = 0; i < self->crews->len; i++)
    usher_crew_list (self->crews->pdata[i], children);

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
  UsherCrewFigures figures;

  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (counts != NULL);

  figures = usher_acceptor_pool_sum_figures (self);
  *counts = (UsherChildCounts){
    .n_specs = 1,
    .n_active = figures.n_connections,
    .n_workers = figures.n_runs,
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
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return usher_acceptor_pool_sum_figures (self).n_waiting;
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

  return usher_acceptor_pool_sum_figures (self).n_connections;
}
