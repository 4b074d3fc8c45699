/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/listen-socket.h>
#include <usher/version.h>

G_BEGIN_DECLS

#define USHER_TYPE_CONNECTION (usher_connection_get_type ())

USHER_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (UsherConnection, usher_connection, USHER, CONNECTION, GIOStream)

USHER_AVAILABLE_IN_0_1
UsherListenSocket *usher_connection_get_listen_socket (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
GSocketAddress *usher_connection_dup_peer_address (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
char *usher_connection_dup_peer_name (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
GSocketAddress *usher_connection_dup_local_address (UsherConnection *self,
                                                    GError **error);
USHER_AVAILABLE_IN_0_1
GCancellable *usher_connection_get_exit_cancellable (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
GCancellable *usher_connection_get_drain_cancellable (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
gboolean usher_connection_is_draining (UsherConnection *self);

G_END_DECLS
