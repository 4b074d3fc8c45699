/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/exit.h>
#include <usher/listen-socket.h>
#include <usher/tls-settings.h>
#include <usher/version.h>

G_BEGIN_DECLS

#define USHER_TYPE_CONNECTION (usher_connection_get_type ())

USHER_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (UsherConnection, usher_connection, USHER, CONNECTION, GIOStream)

/**
 * UsherConnectionFunc:
 * @connection: the connection
 * @user_data: what was given to [method@Usher.Connection.invoke]
 *
 * A function that [method@Usher.Connection.invoke] calls.
 *
 * Since: 0.1
 */
typedef void (*UsherConnectionFunc) (UsherConnection *connection,
                                     gpointer user_data);

USHER_AVAILABLE_IN_0_1
UsherListenSocket *usher_connection_get_listen_socket (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
GSocketAddress *usher_connection_dup_peer_address (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
GSocketAddress *usher_connection_dup_transport_peer_address (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
char *usher_connection_dup_peer_name (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
GSocketAddress *usher_connection_dup_local_address (UsherConnection *self,
                                                    GError **error);
USHER_AVAILABLE_IN_0_1
GCredentials *usher_connection_dup_credentials (UsherConnection *self,
                                                GError **error);
USHER_AVAILABLE_IN_0_1
GSocket *usher_connection_get_socket (UsherConnection *self,
                                      GError **error);
USHER_AVAILABLE_IN_0_1
GSocketConnection *usher_connection_steal_socket_connection (UsherConnection *self,
                                                             GError **error);
USHER_AVAILABLE_IN_0_1
void usher_connection_set_read_timeout_msec (UsherConnection *self,
                                             guint read_timeout_msec);
USHER_AVAILABLE_IN_0_1
guint usher_connection_get_read_timeout_msec (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
void usher_connection_set_write_timeout_msec (UsherConnection *self,
                                              guint write_timeout_msec);
USHER_AVAILABLE_IN_0_1
guint usher_connection_get_write_timeout_msec (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
void usher_connection_set_idle_timeout_msec (UsherConnection *self,
                                             guint idle_timeout_msec);
USHER_AVAILABLE_IN_0_1
guint usher_connection_get_idle_timeout_msec (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
void usher_connection_set_max_queued_bytes (UsherConnection *self,
                                            guint64 max_queued_bytes);
USHER_AVAILABLE_IN_0_1
guint64 usher_connection_get_max_queued_bytes (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
gboolean usher_connection_queue_bytes (UsherConnection *self,
                                       GBytes *bytes,
                                       GError **error);
USHER_AVAILABLE_IN_0_1
guint64 usher_connection_get_n_queued_bytes (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
gboolean usher_connection_shutdown (UsherConnection *self,
                                    gboolean shutdown_read,
                                    gboolean shutdown_write,
                                    GError **error);
USHER_AVAILABLE_IN_0_1
void usher_connection_invoke (UsherConnection *self,
                              UsherConnectionFunc func,
                              gpointer user_data,
                              GDestroyNotify destroy);
USHER_AVAILABLE_IN_0_1
void usher_connection_complete (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
void usher_connection_fail (UsherConnection *self,
                            GError *error);
USHER_AVAILABLE_IN_0_1
void usher_connection_exit (UsherConnection *self,
                            UsherExit *reason);
USHER_AVAILABLE_IN_0_1
gboolean usher_connection_is_proxied (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
GBytes *usher_connection_lookup_proxy_value (UsherConnection *self,
                                             guint8 type);
USHER_AVAILABLE_IN_0_1
GCancellable *usher_connection_get_exit_cancellable (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
GCancellable *usher_connection_get_drain_cancellable (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
gboolean usher_connection_is_draining (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
void usher_connection_start_tls_async (UsherConnection *self,
                                       UsherTlsSettings *settings,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_connection_start_tls_finish (UsherConnection *self,
                                            GAsyncResult *result,
                                            GError **error);
USHER_AVAILABLE_IN_0_1
gboolean usher_connection_start_tls (UsherConnection *self,
                                     UsherTlsSettings *settings,
                                     GCancellable *cancellable,
                                     GError **error);
USHER_AVAILABLE_IN_0_1
gboolean usher_connection_is_tls (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
char *usher_connection_dup_tls_server_name (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
GTlsCertificate *usher_connection_dup_tls_certificate (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
char *usher_connection_dup_tls_protocol (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
GTlsProtocolVersion usher_connection_get_tls_version (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
char *usher_connection_dup_tls_ciphersuite (UsherConnection *self);

G_END_DECLS
