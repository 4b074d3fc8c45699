/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/pool-properties-private.h"

/* What the pool's connections begin with. */

/**
 * usher_acceptor_pool_set_read_timeout_msec: (set-property read-timeout-msec)
 * @self: a pool
 * @read_timeout_msec: milliseconds; 0 is for ever
 *
 * Sets how long a read of a connection may wait for the peer to send something. It may change at any
 * time, and counts for new connections.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_read_timeout_msec (UsherAcceptorPool *self,
                                           guint read_timeout_msec)
{
  const gint64 timeout_usec = read_timeout_msec * G_TIME_SPAN_MILLISECOND;

  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->terms.limits.read_timeout_usec == timeout_usec)
    return;

  self->terms.limits.read_timeout_usec = timeout_usec;
  usher_acceptor_pool_apply_terms (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_READ_TIMEOUT_MSEC);
}

/**
 * usher_acceptor_pool_get_read_timeout_msec: (get-property read-timeout-msec)
 * @self: a pool
 *
 * Gets how long a read of a connection may wait for the peer to send something.
 *
 * Returns: milliseconds; 0 is for ever
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_read_timeout_msec (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->terms.limits.read_timeout_usec / G_TIME_SPAN_MILLISECOND;
}

/**
 * usher_acceptor_pool_set_write_timeout_msec: (set-property write-timeout-msec)
 * @self: a pool
 * @write_timeout_msec: milliseconds; 0 is for ever
 *
 * Sets how long a write of a connection may wait for the peer to take something. It may change at any
 * time, and counts for new connections.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_write_timeout_msec (UsherAcceptorPool *self,
                                            guint write_timeout_msec)
{
  const gint64 timeout_usec = write_timeout_msec * G_TIME_SPAN_MILLISECOND;

  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->terms.limits.write_timeout_usec == timeout_usec)
    return;

  self->terms.limits.write_timeout_usec = timeout_usec;
  usher_acceptor_pool_apply_terms (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_WRITE_TIMEOUT_MSEC);
}

/**
 * usher_acceptor_pool_get_write_timeout_msec: (get-property write-timeout-msec)
 * @self: a pool
 *
 * Gets how long a write of a connection may wait for the peer to take something.
 *
 * Returns: milliseconds; 0 is for ever
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_write_timeout_msec (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->terms.limits.write_timeout_usec / G_TIME_SPAN_MILLISECOND;
}

/**
 * usher_acceptor_pool_set_idle_timeout_msec: (set-property idle-timeout-msec)
 * @self: a pool
 * @idle_timeout_msec: milliseconds; 0 is for ever
 *
 * Sets how long the peer of a connection may send nothing. It may change at any
 * time, and counts for new connections.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_idle_timeout_msec (UsherAcceptorPool *self,
                                           guint idle_timeout_msec)
{
  const gint64 timeout_usec = idle_timeout_msec * G_TIME_SPAN_MILLISECOND;

  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->terms.limits.idle_timeout_usec == timeout_usec)
    return;

  self->terms.limits.idle_timeout_usec = timeout_usec;
  usher_acceptor_pool_apply_terms (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_IDLE_TIMEOUT_MSEC);
}

/**
 * usher_acceptor_pool_get_idle_timeout_msec: (get-property idle-timeout-msec)
 * @self: a pool
 *
 * Gets how long the peer of a connection may send nothing.
 *
 * Returns: milliseconds; 0 is for ever
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_idle_timeout_msec (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->terms.limits.idle_timeout_usec / G_TIME_SPAN_MILLISECOND;
}

/**
 * usher_acceptor_pool_set_max_queued_bytes: (set-property max-queued-bytes)
 * @self: a pool
 * @max_queued_bytes: a number of bytes; 0 is without limit
 *
 * Sets how many bytes may be queued for a connection. It may change at any time, and counts for new
 * connections.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_max_queued_bytes (UsherAcceptorPool *self,
                                          guint64 max_queued_bytes)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->terms.limits.max_queued_bytes == max_queued_bytes)
    return;

  self->terms.limits.max_queued_bytes = max_queued_bytes;
  usher_acceptor_pool_apply_terms (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_MAX_QUEUED_BYTES);
}

/**
 * usher_acceptor_pool_get_max_queued_bytes: (get-property max-queued-bytes)
 * @self: a pool
 *
 * Gets how many bytes may be queued for a connection.
 *
 * Returns: a number of bytes; 0 is without limit
 *
 * Since: 0.1
 */
guint64
usher_acceptor_pool_get_max_queued_bytes (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->terms.limits.max_queued_bytes;
}
