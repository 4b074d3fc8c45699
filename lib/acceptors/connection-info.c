/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/connection-info.h"
#include "acceptors/connection-info-private.h"

/**
 * UsherConnectionInfo:
 *
 * What an acceptor pool says about one of its connections, at one moment.
 *
 * It is immutable and reference-counted, and may be used from any thread.
 *
 * Since: 0.1
 */
struct _UsherConnectionInfo
{
  UsherConnection *connection;   /* (owned) */
  char *peer_name;               /* (owned) */
  GSocketAddress *local_address; /* (owned) (nullable) */
  UsherConnectionState state;
  gint64 age_usec;
};

G_DEFINE_ENUM_TYPE (UsherConnectionState, usher_connection_state,
                    G_DEFINE_ENUM_VALUE (USHER_CONNECTION_SERVING, "serving"),
                    G_DEFINE_ENUM_VALUE (USHER_CONNECTION_DRAINING, "draining"),
                    G_DEFINE_ENUM_VALUE (USHER_CONNECTION_EXITING, "exiting"))

G_DEFINE_BOXED_TYPE (UsherConnectionInfo, usher_connection_info, usher_connection_info_ref,
                     usher_connection_info_unref)

UsherConnectionInfo *
usher_connection_info_new (UsherConnection *connection,
                           UsherConnectionState state,
                           gint64 age_usec)
{
  UsherConnectionInfo *self = g_atomic_rc_box_new0 (UsherConnectionInfo);

  self->connection = g_object_ref (connection);
  self->peer_name = usher_connection_dup_peer_name (connection);
  self->local_address = usher_connection_dup_local_address (connection, NULL);
  self->state = state;
  self->age_usec = age_usec;

  return self;
}

static void
info_clear (gpointer data)
{
  UsherConnectionInfo *self = data;

  g_object_unref (self->connection);
  g_free (self->peer_name);
  g_clear_object (&self->local_address);
}

/**
 * usher_connection_info_ref:
 * @self: an info
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
UsherConnectionInfo *
usher_connection_info_ref (UsherConnectionInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

/**
 * usher_connection_info_unref:
 * @self: (transfer full): an info
 *
 * Drops a reference.
 *
 * Since: 0.1
 */
void
usher_connection_info_unref (UsherConnectionInfo *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, info_clear);
}

/**
 * usher_connection_info_get_connection:
 * @self: an info
 *
 * Gets the connection itself. It may be over by now.
 *
 * Returns: (transfer none): the connection
 *
 * Since: 0.1
 */
UsherConnection *
usher_connection_info_get_connection (const UsherConnectionInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->connection;
}

/**
 * usher_connection_info_get_listen_socket:
 * @self: an info
 *
 * Gets the listen socket that the connection came through.
 *
 * Returns: (transfer none): the listen socket
 *
 * Since: 0.1
 */
UsherListenSocket *
usher_connection_info_get_listen_socket (const UsherConnectionInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return usher_connection_get_listen_socket (self->connection);
}

/**
 * usher_connection_info_get_peer_name:
 * @self: an info
 *
 * Gets the peer's address as people write it; see [method@Usher.Connection.dup_peer_name].
 *
 * Returns: (transfer none): the peer's name
 *
 * Since: 0.1
 */
const char *
usher_connection_info_get_peer_name (const UsherConnectionInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->peer_name;
}

/**
 * usher_connection_info_get_local_address:
 * @self: an info
 *
 * Gets the address that the peer connected to. It is the accepted socket's own: on a listen socket
 * that is bound to any address, it tells which one it was.
 *
 * Returns: (transfer none) (nullable): the local address; %NULL if the connection was closed
 *   already
 *
 * Since: 0.1
 */
GSocketAddress *
usher_connection_info_get_local_address (const UsherConnectionInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->local_address;
}

/**
 * usher_connection_info_get_age_msec:
 * @self: an info
 *
 * Gets how long ago the connection was accepted, in milliseconds.
 *
 * Returns: the age
 *
 * Since: 0.1
 */
gint64
usher_connection_info_get_age_msec (const UsherConnectionInfo *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->age_usec / G_TIME_SPAN_MILLISECOND;
}

/**
 * usher_connection_info_get_state:
 * @self: an info
 *
 * Gets what the connection was doing.
 *
 * Returns: the state
 *
 * Since: 0.1
 */
UsherConnectionState
usher_connection_info_get_state (const UsherConnectionInfo *self)
{
  g_return_val_if_fail (self != NULL, USHER_CONNECTION_SERVING);

  return self->state;
}
