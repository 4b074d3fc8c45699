/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/exit.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherRefusal:
 * @USHER_REFUSAL_LIMIT: the pool had as many connections as it may
 * @USHER_REFUSAL_PEER: the peer's address had as many connections as it may
 * @USHER_REFUSAL_USER: the peer's user had as many connections as it may
 * @USHER_REFUSAL_DRAINING: it waited for a place when the pool went down
 *
 * Why a connection was accepted and closed without being served.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_REFUSAL_LIMIT,
  USHER_REFUSAL_PEER,
  USHER_REFUSAL_USER,
  USHER_REFUSAL_DRAINING,
} UsherRefusal;

/**
 * UsherAcceptFailure:
 * @USHER_ACCEPT_FAILURE_PEER: the connection was lost before it was accepted
 * @USHER_ACCEPT_FAILURE_RESOURCE: descriptors or memory had run out
 * @USHER_ACCEPT_FAILURE_LISTEN_SOCKET: the listen socket was broken, and went down
 *
 * Whose fault it was that a connection could not be accepted.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_ACCEPT_FAILURE_PEER,
  USHER_ACCEPT_FAILURE_RESOURCE,
  USHER_ACCEPT_FAILURE_LISTEN_SOCKET,
} UsherAcceptFailure;

#define USHER_TYPE_REFUSAL (usher_refusal_get_type ())
#define USHER_TYPE_ACCEPT_FAILURE (usher_accept_failure_get_type ())
#define USHER_TYPE_POOL_STATISTICS (usher_pool_statistics_get_type ())

typedef struct _UsherPoolStatistics UsherPoolStatistics;

USHER_AVAILABLE_IN_0_1
GType usher_refusal_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_accept_failure_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_pool_statistics_get_type (void) G_GNUC_CONST;
USHER_AVAILABLE_IN_0_1
UsherPoolStatistics *usher_pool_statistics_ref (UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
void usher_pool_statistics_unref (UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint64 usher_pool_statistics_get_n_accepted (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint64 usher_pool_statistics_get_n_refused (const UsherPoolStatistics *self,
                                             UsherRefusal reason);
USHER_AVAILABLE_IN_0_1
guint64 usher_pool_statistics_get_n_accept_errors (const UsherPoolStatistics *self,
                                                   UsherAcceptFailure failure);
USHER_AVAILABLE_IN_0_1
guint64 usher_pool_statistics_get_n_exits (const UsherPoolStatistics *self,
                                           UsherExitKind kind);
USHER_AVAILABLE_IN_0_1
guint64 usher_pool_statistics_get_n_peer_failures (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint64 usher_pool_statistics_get_n_start_errors (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint64 usher_pool_statistics_get_n_ignored (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint64 usher_pool_statistics_get_n_accept_timeouts (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint64 usher_pool_statistics_get_n_restarts (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint64 usher_pool_statistics_get_bytes_received (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint64 usher_pool_statistics_get_bytes_sent (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint usher_pool_statistics_get_n_connections (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint usher_pool_statistics_get_n_counted (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint usher_pool_statistics_get_n_waiting (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint usher_pool_statistics_get_n_held (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
guint usher_pool_statistics_get_queue_depth (const UsherPoolStatistics *self);
USHER_AVAILABLE_IN_0_1
char *usher_pool_statistics_to_string (const UsherPoolStatistics *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherPoolStatistics, usher_pool_statistics_unref)

G_END_DECLS
