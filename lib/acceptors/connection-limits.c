/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-parts-private.h"

static void
connection_set_limits (UsherConnection *self,
                       const UsherTransportLimits *limits,
                       UsherConnectionLimit changed)
{
  const UsherTransportLimits old = usher_transport_get_limits (self->transport);

  if (memcmp (&old, limits, sizeof old) == 0)
    return;

  usher_transport_set_limits (self->transport, limits);
  usher_connection_notify_limit (self, changed);
}

void
usher_connection_begin_limits (UsherConnection *self,
                               const UsherTransportLimits *limits)
{
  usher_transport_begin_limits (self->transport, limits);
}

/**
 * usher_connection_set_read_timeout_msec: (set-property read-timeout-msec)
 * @self: a connection
 * @read_timeout_msec: milliseconds; 0 is for ever
 *
 * Sets how long a read may wait for the peer to send something. Those who wait follow it at once. Any thread may call this.
 *
 * Since: 0.1
 */
void
usher_connection_set_read_timeout_msec (UsherConnection *self,
                                        guint read_timeout_msec)
{
  UsherTransportLimits limits;

  g_return_if_fail (USHER_IS_CONNECTION (self));

  limits = usher_transport_get_limits (self->transport);
  limits.read_timeout_usec = read_timeout_msec * G_TIME_SPAN_MILLISECOND;
  connection_set_limits (self, &limits, USHER_CONNECTION_READ_TIMEOUT);
}

/**
 * usher_connection_get_read_timeout_msec: (get-property read-timeout-msec)
 * @self: a connection
 *
 * Gets how long a read may wait for the peer to send something. Any thread may call this.
 *
 * Returns: milliseconds; 0 is for ever
 *
 * Since: 0.1
 */
guint
usher_connection_get_read_timeout_msec (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), 0);

  return usher_transport_get_limits (self->transport).read_timeout_usec / G_TIME_SPAN_MILLISECOND;
}

/**
 * usher_connection_set_write_timeout_msec: (set-property write-timeout-msec)
 * @self: a connection
 * @write_timeout_msec: milliseconds; 0 is for ever
 *
 * Sets how long a write may wait for the peer to take something. Those who wait follow it at once. Any thread may call this.
 *
 * Since: 0.1
 */
void
usher_connection_set_write_timeout_msec (UsherConnection *self,
                                         guint write_timeout_msec)
{
  UsherTransportLimits limits;

  g_return_if_fail (USHER_IS_CONNECTION (self));

  limits = usher_transport_get_limits (self->transport);
  limits.write_timeout_usec = write_timeout_msec * G_TIME_SPAN_MILLISECOND;
  connection_set_limits (self, &limits, USHER_CONNECTION_WRITE_TIMEOUT);
}

/**
 * usher_connection_get_write_timeout_msec: (get-property write-timeout-msec)
 * @self: a connection
 *
 * Gets how long a write may wait for the peer to take something. Any thread may call this.
 *
 * Returns: milliseconds; 0 is for ever
 *
 * Since: 0.1
 */
guint
usher_connection_get_write_timeout_msec (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), 0);

  return usher_transport_get_limits (self->transport).write_timeout_usec / G_TIME_SPAN_MILLISECOND;
}

/**
 * usher_connection_set_idle_timeout_msec: (set-property idle-timeout-msec)
 * @self: a connection
 * @idle_timeout_msec: milliseconds; 0 is for ever
 *
 * Sets how long the peer may send nothing. Those who wait follow it at once. Any thread may call this.
 *
 * Since: 0.1
 */
void
usher_connection_set_idle_timeout_msec (UsherConnection *self,
                                        guint idle_timeout_msec)
{
  UsherTransportLimits limits;

  g_return_if_fail (USHER_IS_CONNECTION (self));

  limits = usher_transport_get_limits (self->transport);
  limits.idle_timeout_usec = idle_timeout_msec * G_TIME_SPAN_MILLISECOND;
  connection_set_limits (self, &limits, USHER_CONNECTION_IDLE_TIMEOUT);
}

/**
 * usher_connection_get_idle_timeout_msec: (get-property idle-timeout-msec)
 * @self: a connection
 *
 * Gets how long the peer may send nothing. Any thread may call this.
 *
 * Returns: milliseconds; 0 is for ever
 *
 * Since: 0.1
 */
guint
usher_connection_get_idle_timeout_msec (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), 0);

  return usher_transport_get_limits (self->transport).idle_timeout_usec / G_TIME_SPAN_MILLISECOND;
}

/**
 * usher_connection_set_max_queued_bytes: (set-property max-queued-bytes)
 * @self: a connection
 * @max_queued_bytes: a number of bytes; 0 is without limit
 *
 * Sets how many bytes may be queued by [method@Usher.Connection.queue_bytes]. What is queued
 * already stays. Any thread may call this.
 *
 * Since: 0.1
 */
void
usher_connection_set_max_queued_bytes (UsherConnection *self,
                                       guint64 max_queued_bytes)
{
  UsherTransportLimits limits;

  g_return_if_fail (USHER_IS_CONNECTION (self));

  limits = usher_transport_get_limits (self->transport);
  limits.max_queued_bytes = max_queued_bytes;
  connection_set_limits (self, &limits, USHER_CONNECTION_MAX_QUEUED_BYTES);
}

/**
 * usher_connection_get_max_queued_bytes: (get-property max-queued-bytes)
 * @self: a connection
 *
 * Gets how many bytes may be queued by [method@Usher.Connection.queue_bytes]. Any thread may call
 * this.
 *
 * Returns: a number of bytes; 0 is without limit
 *
 * Since: 0.1
 */
guint64
usher_connection_get_max_queued_bytes (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), 0);

  return usher_transport_get_limits (self->transport).max_queued_bytes;
}

/**
 * usher_connection_queue_bytes:
 * @self: a connection
 * @bytes: what to send
 * @error: return location for a #GError
 *
 * Sends something to the peer, whatever the acceptor is doing, and without waiting: what the kernel
 * does not take at once waits in memory, for as long as the acceptor serves the connection. It is
 * how a chat room reaches its members. Any thread may call this.
 *
 * What is queued goes out whole, in the order in which it was queued. A write of the output stream
 * that has begun is finished first; one that begins later goes behind all that was queued before.
 * A blocking or asynchronous write is one until it has returned, and so is one
 * [method@Gio.OutputStream.write_all]. When the acceptor exits, what is queued still goes out as
 * far as the kernel takes it at once.
 *
 * If more than [property@Usher.Connection:max-queued-bytes] would wait, the peer is too slow:
 * nothing is queued, and the error is %USHER_ERROR_QUEUE_FULL. Do without the message, or end the
 * connection with [method@Usher.Connection.exit]; nobody else is delayed by it.
 *
 * Other errors are of %G_IO_ERROR: %G_IO_ERROR_CLOSED after the end of the connection or of its
 * half for writing, %G_IO_ERROR_CANCELLED when the acceptor was asked to exit.
 *
 * Returns: true if @bytes will be sent, false with @error set
 *
 * Since: 0.1
 */
gboolean
usher_connection_queue_bytes (UsherConnection *self,
                              GBytes *bytes,
                              GError **error)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (bytes != NULL, FALSE);

  return usher_transport_queue_bytes (self->transport, bytes, error);
}

/**
 * usher_connection_get_n_queued_bytes:
 * @self: a connection
 *
 * Gets how many bytes that were queued by [method@Usher.Connection.queue_bytes] still wait for the
 * peer. Any thread may call this.
 *
 * Returns: a number of bytes
 *
 * Since: 0.1
 */
guint64
usher_connection_get_n_queued_bytes (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), 0);

  return usher_transport_get_n_queued_bytes (self->transport);
}
