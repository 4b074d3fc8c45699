/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-parts-private.h"

#include <errno.h>
#include <unistd.h>

/* It has a descriptor of its own, because a GSocket closes the one that it was given. */
static GSocket *
connection_make_socket (UsherConnection *self,
                        GError **error)
{
  GSocket *socket;
  int fd = usher_transport_duplicate_fd (self->transport);

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, errno == EBADF ? G_IO_ERROR_CLOSED : g_io_error_from_errno (errno),
                   "Cannot make a GSocket for the connection: %s",
                   errno == EBADF ? "it is closed, or was stolen" : g_strerror (errno));
      return NULL;
    }

  socket = g_socket_new_from_fd (fd, error);
  if (socket == NULL)
    close (fd);
  return socket;
}

/**
 * usher_connection_get_socket:
 * @self: a connection
 * @error: return location for a #GError
 *
 * Gets a [class@Gio.Socket] for the connection, to look at it and to set its options. It is made
 * when it is first asked for, costs a descriptor and some system calls, and is closed with the
 * connection. Read and write through the connection's streams. Any thread may call this.
 *
 * Errors are of %G_IO_ERROR: %G_IO_ERROR_CLOSED if the connection is closed,
 * %G_IO_ERROR_TOO_MANY_OPEN_FILES, or what else the kernel says.
 *
 * Returns: (transfer none): the socket, or %NULL with @error set
 *
 * Since: 0.1
 */
GSocket *
usher_connection_get_socket (UsherConnection *self,
                             GError **error)
{
  g_autoptr (GMutexLocker) locker = NULL;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  locker = g_mutex_locker_new (&self->lock);
  if (self->socket == NULL)
    self->socket = connection_make_socket (self, error);
  return self->socket;
}

void
usher_connection_close_socket (UsherConnection *self)
{
  g_autoptr (GSocket) socket = NULL;

  g_mutex_lock (&self->lock);
  socket = g_steal_pointer (&self->socket);
  g_mutex_unlock (&self->lock);

  if (socket != NULL)
    g_socket_close (socket, NULL);
}

gboolean
usher_connection_is_busy (UsherConnection *self)
{
  return (self->input != NULL && g_input_stream_has_pending (self->input)) ||
         (self->output != NULL && g_output_stream_has_pending (self->output)) ||
         usher_transport_get_n_queued_bytes (self->transport) > 0;
}

/**
 * usher_connection_steal_socket_connection:
 * @self: a connection
 * @error: return location for a #GError
 *
 * Takes the accepted socket out of the connection, as a [class@Gio.TcpConnection] or a
 * [class@Gio.UnixConnection], for code that insists on one: to pass descriptors, say, or to hand it
 * to a [class@Gio.DBusConnection]. The connection itself is closed without the peer noticing, and
 * what becomes of the socket is the caller's business from now on: nobody drains it or makes it
 * exit. The acceptor goes on until it returns, so that the connection is still counted, and has its
 * cancellables.
 *
 * What was read is read: take care that nothing is left in a buffer. Call this where the streams
 * are used.
 *
 * Errors are of %G_IO_ERROR: %G_IO_ERROR_PENDING while a read or write is under way or something is
 * queued, %G_IO_ERROR_NOT_SUPPORTED once TLS was started, and those of
 * [method@Usher.Connection.get_socket].
 *
 * Returns: (transfer full): the connection, or %NULL with @error set
 *
 * Since: 0.1
 */
GSocketConnection *
usher_connection_steal_socket_connection (UsherConnection *self,
                                          GError **error)
{
  g_autoptr (GSocket) socket = NULL;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  if (usher_connection_is_busy (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           "The socket of a connection can be stolen only when no read or write is under way "
                           "and nothing is queued");
      return NULL;
    }

  if (usher_connection_is_tls (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "The socket of a connection with TLS cannot be stolen: its keys would stay behind");
      return NULL;
    }

  if (usher_connection_get_socket (self, error) == NULL)
    return NULL;

  g_mutex_lock (&self->lock);
  socket = g_steal_pointer (&self->socket);
  g_mutex_unlock (&self->lock);
  usher_transport_close (self->transport);

  return g_socket_connection_factory_create_connection (socket);
}
