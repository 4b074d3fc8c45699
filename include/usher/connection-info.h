/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/connection.h>
#include <usher/listen-socket.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherConnectionState:
 * @USHER_CONNECTION_SERVING: its acceptor serves it
 * @USHER_CONNECTION_DRAINING: it was told to leave, and has its grace
 * @USHER_CONNECTION_EXITING: its I/O is cancelled, and its acceptor has to unwind
 *
 * What a connection is doing in its pool.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_CONNECTION_SERVING,
  USHER_CONNECTION_DRAINING,
  USHER_CONNECTION_EXITING,
} UsherConnectionState;

#define USHER_TYPE_CONNECTION_STATE (usher_connection_state_get_type ())
#define USHER_TYPE_CONNECTION_INFO (usher_connection_info_get_type ())

typedef struct _UsherConnectionInfo UsherConnectionInfo;

USHER_AVAILABLE_IN_0_1
GType usher_connection_state_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_connection_info_get_type (void) G_GNUC_CONST;
USHER_AVAILABLE_IN_0_1
UsherConnectionInfo *usher_connection_info_ref (UsherConnectionInfo *self);
USHER_AVAILABLE_IN_0_1
void usher_connection_info_unref (UsherConnectionInfo *self);
USHER_AVAILABLE_IN_0_1
UsherConnection *usher_connection_info_get_connection (const UsherConnectionInfo *self);
USHER_AVAILABLE_IN_0_1
UsherListenSocket *usher_connection_info_get_listen_socket (const UsherConnectionInfo *self);
USHER_AVAILABLE_IN_0_1
const char *usher_connection_info_get_peer_name (const UsherConnectionInfo *self);
USHER_AVAILABLE_IN_0_1
GSocketAddress *usher_connection_info_get_local_address (const UsherConnectionInfo *self);
USHER_AVAILABLE_IN_0_1
gint64 usher_connection_info_get_age_msec (const UsherConnectionInfo *self);
USHER_AVAILABLE_IN_0_1
UsherConnectionState usher_connection_info_get_state (const UsherConnectionInfo *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherConnectionInfo, usher_connection_info_unref)

G_END_DECLS
