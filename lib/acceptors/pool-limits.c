/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/pool-properties-private.h"
#include "usher/error.h"

G_DEFINE_ENUM_TYPE (UsherAtLimit, usher_at_limit,
                    G_DEFINE_ENUM_VALUE (USHER_AT_LIMIT_QUEUE, "queue"),
                    G_DEFINE_ENUM_VALUE (USHER_AT_LIMIT_WAIT, "wait"),
                    G_DEFINE_ENUM_VALUE (USHER_AT_LIMIT_REJECT, "reject"))

/* Who is refused at the limit, or waits for a time, should not wait for more than one place. */
static guint
pool_get_low_watermark (UsherAcceptorPool *self,
                        guint max)
{
  if (self->terms.at_limit != USHER_AT_LIMIT_QUEUE)
    return max - 1;

  return self->low_watermark > 0 ? MIN (self->low_watermark, max - 1) : max - 1 - max / 16;
}

static void
pool_apply_limits (UsherAcceptorPool *self)
{
  guint max = MIN (self->max_connections, G_MAXINT);

  if (max > 0)
    usher_slots_set_limits (&self->slots, max, pool_get_low_watermark (self, max));
  usher_peer_counts_set_limits (&self->peers, self->max_connections_per_peer, self->max_connections_per_user);
  usher_acceptor_pool_apply_terms (self);
}

static gboolean
pool_check_limit (UsherAcceptorPool *self,
                  const char *property,
                  guint value,
                  GError **error)
{
  if (value > 0)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "The pool %s has a %s of 0, and would serve nobody: give at least 1, or G_MAXUINT for no limit; to "
               "accept nothing for a while there is usher_acceptor_pool_suspend()",
               self->name, property);
  return FALSE;
}

gboolean
usher_acceptor_pool_check_limits (UsherAcceptorPool *self,
                                  GError **error)
{
  if (!pool_check_limit (self, "max-connections", self->max_connections, error) ||
      !pool_check_limit (self, "max-connections-per-peer", self->max_connections_per_peer, error) ||
      !pool_check_limit (self, "max-connections-per-user", self->max_connections_per_user, error) ||
      !pool_check_limit (self, "max-handshakes", usher_acceptor_pool_get_max_handshakes (self), error))
    return FALSE;

  if (self->terms.at_limit != USHER_AT_LIMIT_WAIT || self->terms.at_limit_wait_msec > 0)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "The pool %s has an at-limit-wait-msec of 0: give at least 1, or set at-limit to "
               "USHER_AT_LIMIT_REJECT to let nobody wait",
               self->name);
  return FALSE;
}

void
usher_acceptor_pool_give_slot (UsherAcceptorPool *self)
{
  if (usher_slots_give (&self->slots))
    usher_acceptor_pool_wake_crews (self);
}

gboolean
usher_acceptor_pool_return_ticket (UsherAcceptorPool *self,
                                   UsherTicket *ticket)
{
  if (!g_atomic_int_exchange (&ticket->is_counted, FALSE))
    return FALSE;

  g_atomic_int_add (&self->n_counted, -1);
  usher_peer_counts_remove (&self->peers, &ticket->peer);
  usher_acceptor_pool_give_slot (self);
  return TRUE;
}

gboolean
usher_acceptor_pool_count_peer (UsherAcceptorPool *self,
                                UsherConnection *connection)
{
  g_autoptr (GSocketAddress) address = usher_connection_dup_peer_address (connection);
  UsherTicket *ticket = usher_connection_get_ticket (connection);
  UsherPeer peer = { 0 };
  UsherPeerKey key;

  if (address == NULL || !g_atomic_int_get (&ticket->is_counted) || ticket->peer.family != 0)
    return TRUE;

  peer.length = g_socket_address_get_native_size (address);
  g_socket_address_to_native (address, &peer.address, sizeof peer.address, NULL);
  if (!usher_peer_counts_add (&self->peers, &peer, usher_connection_get_fd (connection), &key))
    return FALSE;

  ticket->peer = key;
  return TRUE;
}

/**
 * usher_acceptor_pool_remove_connection:
 * @self: a pool
 * @connection: one of its connections
 *
 * Takes a connection out of the count: it does not fill a place of
 * [property@Usher.AcceptorPool:max-connections] any more, nor one of its peer's. It is for
 * connections that have become something long-lived, a subscription say. It is still told when the
 * pool drains, and has the same grace. Any thread may call this; it is most often the acceptor.
 *
 * This is `ranch:remove_connection/1`.
 *
 * Returns: whether it was counted until now
 *
 * Since: 0.1
 */
gboolean
usher_acceptor_pool_remove_connection (UsherAcceptorPool *self,
                                       UsherConnection *connection)
{
  g_autoptr (UsherAcceptorPool) pool = NULL;

  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), FALSE);
  g_return_val_if_fail (USHER_IS_CONNECTION (connection), FALSE);

  pool = usher_connection_dup_pool (connection);
  g_return_val_if_fail (pool == self, FALSE);

  return usher_acceptor_pool_return_ticket (self, usher_connection_get_ticket (connection));
}

static void
pool_set_suspended (UsherAcceptorPool *self,
                    gboolean is_suspended)
{
  if (self->terms.is_suspended == is_suspended)
    return;

  self->terms.is_suspended = is_suspended;
  usher_acceptor_pool_apply_terms (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_SUSPENDED);
}

/**
 * usher_acceptor_pool_suspend:
 * @self: a pool
 *
 * Accepts nothing from now on, until [method@Usher.AcceptorPool.resume]. The listen sockets stay
 * open, so that the kernel still completes handshakes and clients wait in its queue; the waiting
 * acceptors stay initialised; connections are served on, and nobody is told. It may be said in any
 * state, and holds over restarts.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_suspend (UsherAcceptorPool *self)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  pool_set_suspended (self, TRUE);
}

/**
 * usher_acceptor_pool_resume:
 * @self: a pool
 *
 * Undoes [method@Usher.AcceptorPool.suspend].
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_resume (UsherAcceptorPool *self)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  pool_set_suspended (self, FALSE);
}

/**
 * usher_acceptor_pool_is_suspended: (get-property suspended)
 * @self: a pool
 *
 * Gets whether the pool was told to accept nothing.
 *
 * Returns: whether it is so
 *
 * Since: 0.1
 */
gboolean
usher_acceptor_pool_is_suspended (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), FALSE);

  return self->terms.is_suspended;
}

/**
 * usher_acceptor_pool_set_max_connections: (set-property max-connections)
 * @self: a pool
 * @max_connections: the new value
 *
 * Sets how many connections the pool serves at once, over all its listen sockets. It is exact: a
 * place is taken before a connection is accepted. What happens to those that come when all places
 * are taken says [property@Usher.AcceptorPool:at-limit]. A pool with a limit of 0 is refused when
 * it is started. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_max_connections (UsherAcceptorPool *self,
                                         guint max_connections)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (max_connections > 0 || self->state == USHER_POOL_DOWN);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->max_connections == max_connections)
    return;

  self->max_connections = max_connections;
  pool_apply_limits (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_MAX_CONNECTIONS);
}

/**
 * usher_acceptor_pool_get_max_connections: (get-property max-connections)
 * @self: a pool
 *
 * Gets how many connections the pool serves at once, over all its listen sockets.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_max_connections (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->max_connections;
}

/**
 * usher_acceptor_pool_set_low_watermark: (set-property low-watermark)
 * @self: a pool
 * @low_watermark: the new value
 *
 * Sets to how many connections their number has to fall before a pool that was full, and queues,
 * accepts again. So it goes to work for more than one place at a time. 0 stands for a sixteenth
 * less than [property@Usher.AcceptorPool:max-connections]. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_low_watermark (UsherAcceptorPool *self,
                                       guint low_watermark)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->low_watermark == low_watermark)
    return;

  self->low_watermark = low_watermark;
  pool_apply_limits (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_LOW_WATERMARK);
}

/**
 * usher_acceptor_pool_get_low_watermark: (get-property low-watermark)
 * @self: a pool
 *
 * Gets to how many connections their number has to fall before a pool that was full, and queues,
 * accepts again.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_low_watermark (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->low_watermark;
}

/**
 * usher_acceptor_pool_set_at_limit_wait_msec: (set-property at-limit-wait-msec)
 * @self: a pool
 * @at_limit_wait_msec: the new value
 *
 * Sets how long an accepted connection may wait for a place, in milliseconds, with
 * %USHER_AT_LIMIT_WAIT. At most 1024 connections wait like this; the others stay in the kernel's
 * queue. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_at_limit_wait_msec (UsherAcceptorPool *self,
                                            guint at_limit_wait_msec)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (at_limit_wait_msec > 0 || self->state == USHER_POOL_DOWN);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->terms.at_limit_wait_msec == at_limit_wait_msec)
    return;

  self->terms.at_limit_wait_msec = at_limit_wait_msec;
  pool_apply_limits (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_AT_LIMIT_WAIT_MSEC);
}

/**
 * usher_acceptor_pool_get_at_limit_wait_msec: (get-property at-limit-wait-msec)
 * @self: a pool
 *
 * Gets how long an accepted connection may wait for a place, in milliseconds, with
 * %USHER_AT_LIMIT_WAIT.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_at_limit_wait_msec (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->terms.at_limit_wait_msec;
}

/**
 * usher_acceptor_pool_set_max_connections_per_peer: (set-property max-connections-per-peer)
 * @self: a pool
 * @max_connections_per_peer: the new value
 *
 * Sets how many connections the pool serves at once for one peer's address. IPv6 peers are
 * counted by their subnet, the first 64 bits. Those that come beyond that are refused, with the
 * goodbye. Connections that were accepted while there was no such limit are not counted. It may
 * change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_max_connections_per_peer (UsherAcceptorPool *self,
                                                  guint max_connections_per_peer)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (max_connections_per_peer > 0 || self->state == USHER_POOL_DOWN);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->max_connections_per_peer == max_connections_per_peer)
    return;

  self->max_connections_per_peer = max_connections_per_peer;
  pool_apply_limits (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_MAX_CONNECTIONS_PER_PEER);
}

/**
 * usher_acceptor_pool_get_max_connections_per_peer: (get-property max-connections-per-peer)
 * @self: a pool
 *
 * Gets how many connections the pool serves at once for one peer's address.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_max_connections_per_peer (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->max_connections_per_peer;
}

/**
 * usher_acceptor_pool_set_max_connections_per_user: (set-property max-connections-per-user)
 * @self: a pool
 * @max_connections_per_user: the new value
 *
 * Sets how many connections the pool serves at once for one user at Unix sockets. Those that come
 * beyond that are refused, with the goodbye. Connections that were accepted while there was no
 * such limit are not counted. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_max_connections_per_user (UsherAcceptorPool *self,
                                                  guint max_connections_per_user)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (max_connections_per_user > 0 || self->state == USHER_POOL_DOWN);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->max_connections_per_user == max_connections_per_user)
    return;

  self->max_connections_per_user = max_connections_per_user;
  pool_apply_limits (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_MAX_CONNECTIONS_PER_USER);
}

/**
 * usher_acceptor_pool_get_max_connections_per_user: (get-property max-connections-per-user)
 * @self: a pool
 *
 * Gets how many connections the pool serves at once for one user at Unix sockets.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_max_connections_per_user (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->max_connections_per_user;
}

/**
 * usher_acceptor_pool_set_at_limit: (set-property at-limit)
 * @self: a pool
 * @at_limit: the new value
 *
 * Sets what happens to connections that come when all places are taken. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_at_limit (UsherAcceptorPool *self,
                                  UsherAtLimit at_limit)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (at_limit >= USHER_AT_LIMIT_QUEUE && at_limit <= USHER_AT_LIMIT_REJECT);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->terms.at_limit == at_limit)
    return;

  self->terms.at_limit = at_limit;
  pool_apply_limits (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_AT_LIMIT);
}

/**
 * usher_acceptor_pool_get_at_limit: (get-property at-limit)
 * @self: a pool
 *
 * Gets what happens to connections that come when all places are taken.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
UsherAtLimit
usher_acceptor_pool_get_at_limit (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), USHER_AT_LIMIT_QUEUE);

  return self->terms.at_limit;
}

/**
 * usher_acceptor_pool_set_goodbye: (set-property goodbye)
 * @self: a pool
 * @goodbye: (nullable): what a refused connection is sent; %NULL for nothing
 *
 * Sets what a refused connection is sent before it is closed. It should be a few hundred bytes at
 * most: what does not fit into the socket's buffer at once is not sent. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_goodbye (UsherAcceptorPool *self,
                                 GBytes *goodbye)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->terms.goodbye == goodbye)
    return;

  g_clear_pointer (&self->terms.goodbye, g_bytes_unref);
  if (goodbye != NULL)
    self->terms.goodbye = g_bytes_ref (goodbye);
  usher_acceptor_pool_apply_terms (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_GOODBYE);
}

/**
 * usher_acceptor_pool_get_goodbye: (get-property goodbye)
 * @self: a pool
 *
 * Gets what a refused connection is sent before it is closed.
 *
 * Returns: (transfer none) (nullable): the goodbye; %NULL for nothing
 *
 * Since: 0.1
 */
GBytes *
usher_acceptor_pool_get_goodbye (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), NULL);

  return self->terms.goodbye;
}
