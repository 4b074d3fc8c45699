/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherDownCause:
 * @USHER_DOWN_CLOSED: it was closed on purpose, and its connections should leave
 * @USHER_DOWN_FAILED: it failed or is being restarted, and its connections stay
 *
 * Why a listen socket went down.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_DOWN_CLOSED,
  USHER_DOWN_FAILED,
} UsherDownCause;

/**
 * UsherProxyProtocol:
 * @USHER_PROXY_PROTOCOL_OFF: what the peer sends is for the acceptor
 * @USHER_PROXY_PROTOCOL_OPTIONAL: what a trusted peer sends begins with a PROXY header, or does not; a
 *   peer that is silent is served when [property@Usher.ListenSocket:proxy-timeout-msec] is over, so
 *   this is for protocols in which the client speaks first
 * @USHER_PROXY_PROTOCOL_REQUIRED: every peer is trusted, and begins with a PROXY header
 *
 * Whether connections begin with a PROXY header.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_PROXY_PROTOCOL_OFF,
  USHER_PROXY_PROTOCOL_OPTIONAL,
  USHER_PROXY_PROTOCOL_REQUIRED,
} UsherProxyProtocol;

#define USHER_TYPE_PROXY_PROTOCOL (usher_proxy_protocol_get_type ())
#define USHER_TYPE_DOWN_CAUSE (usher_down_cause_get_type ())
#define USHER_TYPE_LISTEN_SOCKET (usher_listen_socket_get_type ())

USHER_AVAILABLE_IN_0_1
GType usher_down_cause_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_proxy_protocol_get_type (void);
USHER_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (UsherListenSocket, usher_listen_socket, USHER, LISTEN_SOCKET, GObject)

USHER_AVAILABLE_IN_0_1
UsherListenSocket *usher_listen_socket_new_for_address (const char *address,
                                                        GError **error);
USHER_AVAILABLE_IN_0_1
UsherListenSocket *usher_listen_socket_new_for_socket_address (GSocketAddress *address,
                                                               GError **error);
USHER_AVAILABLE_IN_0_1
UsherListenSocket *usher_listen_socket_new_for_socket (GSocket *socket,
                                                       GError **error);
USHER_AVAILABLE_IN_0_1
GPtrArray *usher_listen_sockets_new_for_address (const char *address,
                                                 GCancellable *cancellable,
                                                 GError **error);
USHER_AVAILABLE_IN_0_1
void usher_listen_sockets_new_for_address_async (const char *address,
                                                 GCancellable *cancellable,
                                                 GAsyncReadyCallback callback,
                                                 gpointer user_data);
USHER_AVAILABLE_IN_0_1
GPtrArray *usher_listen_sockets_new_for_address_finish (GAsyncResult *result,
                                                        GError **error);
USHER_AVAILABLE_IN_0_1
const char *usher_listen_socket_get_address (UsherListenSocket *self);
USHER_AVAILABLE_IN_0_1
char *usher_listen_socket_dup_local_address (UsherListenSocket *self);
USHER_AVAILABLE_IN_0_1
void usher_listen_socket_set_backlog (UsherListenSocket *self,
                                      int backlog);
USHER_AVAILABLE_IN_0_1
int usher_listen_socket_get_backlog (UsherListenSocket *self);
USHER_AVAILABLE_IN_0_1
void usher_listen_socket_set_keep_open (UsherListenSocket *self,
                                        gboolean keep_open);
USHER_AVAILABLE_IN_0_1
gboolean usher_listen_socket_get_keep_open (UsherListenSocket *self);
USHER_AVAILABLE_IN_0_1
gboolean usher_listen_socket_open (UsherListenSocket *self,
                                   GError **error);
USHER_AVAILABLE_IN_0_1
void usher_listen_socket_close (UsherListenSocket *self);
USHER_AVAILABLE_IN_0_1
gboolean usher_listen_socket_is_up (UsherListenSocket *self);

USHER_AVAILABLE_IN_0_1
int usher_listen_socket_get_queue_depth (UsherListenSocket *self);
USHER_AVAILABLE_IN_0_1
int usher_listen_socket_get_queue_limit (UsherListenSocket *self);
USHER_AVAILABLE_IN_0_1
gint64 usher_listen_socket_get_n_dropped (UsherListenSocket *self);
USHER_AVAILABLE_IN_0_1
void usher_listen_socket_set_pressure_watermark (UsherListenSocket *self,
                                                 guint percent);
USHER_AVAILABLE_IN_0_1
guint usher_listen_socket_get_pressure_watermark (UsherListenSocket *self);
USHER_AVAILABLE_IN_0_1
void usher_listen_socket_set_proxy_protocol (UsherListenSocket *self,
                                             UsherProxyProtocol protocol);
USHER_AVAILABLE_IN_0_1
UsherProxyProtocol usher_listen_socket_get_proxy_protocol (UsherListenSocket *self);
USHER_AVAILABLE_IN_0_1
void usher_listen_socket_set_proxy_trusted (UsherListenSocket *self,
                                            const char *const *networks);
USHER_AVAILABLE_IN_0_1
const char *const *usher_listen_socket_get_proxy_trusted (UsherListenSocket *self);
USHER_AVAILABLE_IN_0_1
void usher_listen_socket_set_proxy_timeout_msec (UsherListenSocket *self,
                                                 guint timeout_msec);
USHER_AVAILABLE_IN_0_1
guint usher_listen_socket_get_proxy_timeout_msec (UsherListenSocket *self);

G_END_DECLS
