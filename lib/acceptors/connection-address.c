/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-parts-private.h"

#include <errno.h>

#include "acceptors/listen-address-private.h"

static GSocketAddress *
connection_ask_kernel (UsherConnection *self,
                       int (*ask) (int, struct sockaddr *, socklen_t *),
                       GError **error)
{
  struct sockaddr_storage address;
  socklen_t length = sizeof address;

  if (ask (usher_transport_get_fd (self->transport), (struct sockaddr *) &address, &length) == 0)
    return g_socket_address_new_from_native (&address, length);

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               "Cannot read the address of the connection: %s", g_strerror (errno));
  return NULL;
}

/**
 * usher_connection_dup_transport_peer_address:
 * @self: a connection
 *
 * Gets the address of who has connected, as it was when the connection was accepted: that of the
 * proxy, if there is one. For a Unix socket this is most often an anonymous address. Any thread may
 * call this.
 *
 * Returns: (transfer full) (nullable): the address; %NULL for a Unix socket whose connection is
 *   closed
 *
 * Since: 0.1
 */
GSocketAddress *
usher_connection_dup_transport_peer_address (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  if (self->peer.any.sa_family == AF_UNIX)
    return connection_ask_kernel (self, getpeername, NULL);

  return g_socket_address_new_from_native (&self->peer, sizeof self->peer);
}

/**
 * usher_connection_dup_peer_address:
 * @self: a connection
 *
 * Gets the peer's address, as it was when the connection was accepted, or as its PROXY header says.
 * For a Unix socket this is most often an anonymous address. Any thread may call this.
 *
 * Returns: (transfer full) (nullable): the peer's address; %NULL for a Unix socket whose
 *   connection is closed
 *
 * Since: 0.1
 */
GSocketAddress *
usher_connection_dup_peer_address (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  if (self->proxied != NULL && self->proxied->peer != NULL)
    return g_object_ref (self->proxied->peer);

  return usher_connection_dup_transport_peer_address (self);
}

/* `address` is (nullable). */
static char *
connection_format_peer (UsherConnection *self,
                        GSocketAddress *address)
{
  if (address != NULL && G_IS_INET_SOCKET_ADDRESS (address))
    return usher_listen_address_format_peer (address);

  return g_strdup (usher_listen_socket_get_address (self->listen_socket));
}

char *
usher_connection_dup_transport_peer_name (UsherConnection *self)
{
  g_autoptr (GSocketAddress) address = usher_connection_dup_transport_peer_address (self);

  return connection_format_peer (self, address);
}

/**
 * usher_connection_dup_peer_name:
 * @self: a connection
 *
 * Gets the peer's address as people write it, `192.0.2.7:5123` or `[2001:db8::7]:5123`. The peer
 * of a Unix socket has no name of its own, so it gets that of the listen socket.
 * Any thread may call this.
 *
 * Returns: (transfer full): the peer's name
 *
 * Since: 0.1
 */
char *
usher_connection_dup_peer_name (UsherConnection *self)
{
  g_autoptr (GSocketAddress) address = NULL;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  address = usher_connection_dup_peer_address (self);
  return connection_format_peer (self, address);
}

/**
 * usher_connection_dup_local_address:
 * @self: a connection
 * @error: return location for a #GError
 *
 * Gets the address that the peer connected to, or that its PROXY header says. On a listen socket that
 * is bound to any address, this tells which one it was. It is a system call. Any thread may call
 * this.
 *
 * Errors are of %G_IO_ERROR: %G_IO_ERROR_INVALID_ARGUMENT or %G_IO_ERROR_FAILED if the connection
 * is closed.
 *
 * Returns: (transfer full): the local address, or %NULL with @error set
 *
 * Since: 0.1
 */
GSocketAddress *
usher_connection_dup_local_address (UsherConnection *self,
                                    GError **error)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  if (self->proxied != NULL && self->proxied->local != NULL)
    return g_object_ref (self->proxied->local);

  return connection_ask_kernel (self, getsockname, error);
}

/**
 * usher_connection_dup_credentials:
 * @self: a connection
 * @error: return location for a #GError
 *
 * Gets who the peer of a Unix socket was when it connected: its process, user and group, as the
 * kernel knows them. Any thread may call this.
 *
 * Errors are of %G_IO_ERROR: %G_IO_ERROR_NOT_SUPPORTED if the connection did not come through a
 * Unix socket, %G_IO_ERROR_CLOSED if it is closed, or what the kernel says.
 *
 * Returns: (transfer full): the peer's credentials, or %NULL with @error set
 *
 * Since: 0.1
 */
GCredentials *
usher_connection_dup_credentials (UsherConnection *self,
                                  GError **error)
{
  g_autoptr (GCredentials) credentials = NULL;
  struct ucred peer;
  socklen_t length = sizeof peer;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  if (self->peer.any.sa_family != AF_UNIX)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           "Only the peers of Unix sockets have credentials");
      return NULL;
    }

  if (getsockopt (usher_transport_get_fd (self->transport), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    {
      g_set_error (error, G_IO_ERROR, errno == EBADF ? G_IO_ERROR_CLOSED : g_io_error_from_errno (errno),
                   "Cannot read the credentials of the peer: %s",
                   errno == EBADF ? "the connection is closed" : g_strerror (errno));
      return NULL;
    }

  credentials = g_credentials_new ();
  g_credentials_set_native (credentials, G_CREDENTIALS_TYPE_LINUX_UCRED, &peer);
  return g_steal_pointer (&credentials);
}
