/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/acceptor.h>
#include <usher/child-spec.h>
#include <usher/connection.h>
#include <usher/execution.h>
#include <usher/listen-socket.h>
#include <usher/pool-statistics.h>
#include <usher/supervisor.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherHandler:
 * @connection: (transfer none): the connection to serve
 * @user_data: what was given with the function
 * @error: return location for a #GError
 *
 * Serves one connection, in blocking code. When it returns, the connection is closed.
 *
 * Returns: true if the conversation ended well, false with @error set if it failed
 *
 * Since: 0.1
 */
typedef gboolean (*UsherHandler) (UsherConnection *connection,
                                  gpointer user_data,
                                  GError **error);

/**
 * UsherAsyncHandler:
 * @connection: (transfer none): the connection to serve; it stays until it is completed
 * @user_data: what was given with the function
 *
 * Begins to serve one connection, on the loop: it starts the first of its asynchronous operations and
 * returns. It is called in the context that the acceptor belongs to, the pool's or one of its
 * [property@Usher.AcceptorPool:workers], as the callbacks of those operations are, and must not block.
 *
 * When the conversation has ended, call [method@Usher.Connection.complete], or
 * [method@Usher.Connection.fail]: exactly one of them, and once.
 *
 * Since: 0.1
 */
typedef void (*UsherAsyncHandler) (UsherConnection *connection,
                                   gpointer user_data);

/**
 * UsherAcceptorFactory:
 * @pool: (type Usher.AcceptorPool): the pool that asks
 * @user_data: what was given with the function
 * @error: return location for a #GError
 *
 * Makes one acceptor. It is called once for every acceptor, where that is going to live: in the pool's
 * context, or in one of its [property@Usher.AcceptorPool:workers]. Then it has to be thread-safe, and of
 * @pool it may use what any thread may call.
 *
 * Returns: (transfer full) (nullable): an acceptor, or %NULL with @error set
 *
 * Since: 0.1
 */
typedef UsherAcceptor *(*UsherAcceptorFactory) (gpointer pool,
                                                gpointer user_data,
                                                GError **error);

/**
 * UsherAtLimit:
 * @USHER_AT_LIMIT_QUEUE: they stay in the kernel's queue, where nobody sees them, until the number
 *   of connections has fallen to the low watermark
 * @USHER_AT_LIMIT_WAIT: they are accepted, wait for a place for a time, and are refused then
 * @USHER_AT_LIMIT_REJECT: they are accepted and refused at once
 *
 * What happens to connections that come when all places of a pool are taken. Those that are refused
 * are sent the pool's goodbye.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_AT_LIMIT_QUEUE,
  USHER_AT_LIMIT_WAIT,
  USHER_AT_LIMIT_REJECT,
} UsherAtLimit;

#define USHER_TYPE_AT_LIMIT (usher_at_limit_get_type ())
#define USHER_TYPE_ACCEPTOR_POOL (usher_acceptor_pool_get_type ())

USHER_AVAILABLE_IN_0_1
GType usher_at_limit_get_type (void);
USHER_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (UsherAcceptorPool, usher_acceptor_pool, USHER, ACCEPTOR_POOL, GObject)

USHER_AVAILABLE_IN_0_1
UsherAcceptorPool *usher_acceptor_pool_new (const char *name,
                                            GType acceptor_type);
USHER_AVAILABLE_IN_0_1
UsherAcceptorPool *usher_acceptor_pool_new_with_factory (const char *name,
                                                         UsherAcceptorFactory factory,
                                                         gpointer user_data,
                                                         GDestroyNotify destroy);
USHER_AVAILABLE_IN_0_1
UsherAcceptorPool *usher_acceptor_pool_new_for_func (const char *name,
                                                     UsherHandler handler,
                                                     gpointer user_data,
                                                     GDestroyNotify destroy);
USHER_AVAILABLE_IN_0_1
UsherAcceptorPool *usher_acceptor_pool_new_for_async_func (const char *name,
                                                           UsherAsyncHandler handler,
                                                           gpointer user_data,
                                                           GDestroyNotify destroy);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_acceptor_type (UsherAcceptorPool *self,
                                            GType acceptor_type);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_factory (UsherAcceptorPool *self,
                                      UsherAcceptorFactory factory,
                                      gpointer user_data,
                                      GDestroyNotify destroy);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_func (UsherAcceptorPool *self,
                                   UsherHandler handler,
                                   gpointer user_data,
                                   GDestroyNotify destroy);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_async_func (UsherAcceptorPool *self,
                                         UsherAsyncHandler handler,
                                         gpointer user_data,
                                         GDestroyNotify destroy);
USHER_AVAILABLE_IN_0_1
const char *usher_acceptor_pool_get_name (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
gboolean usher_acceptor_pool_accept_socket (UsherAcceptorPool *self,
                                            UsherListenSocket *listen_socket,
                                            guint n_acceptors,
                                            GError **error);
USHER_AVAILABLE_IN_0_1
gboolean usher_acceptor_pool_remove_socket (UsherAcceptorPool *self,
                                            UsherListenSocket *listen_socket,
                                            GError **error);
USHER_AVAILABLE_IN_0_1
gboolean usher_acceptor_pool_set_n_acceptors (UsherAcceptorPool *self,
                                              UsherListenSocket *listen_socket,
                                              guint n_acceptors,
                                              GError **error);
USHER_AVAILABLE_IN_0_1
GPtrArray *usher_acceptor_pool_which_sockets (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
GPtrArray *usher_acceptor_pool_which_children (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_count_children (UsherAcceptorPool *self,
                                         UsherChildCounts *counts);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_n_waiting (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_n_connections (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_execution (UsherAcceptorPool *self,
                                        UsherExecution execution);
USHER_AVAILABLE_IN_0_1
UsherExecution usher_acceptor_pool_get_execution (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_workers (UsherAcceptorPool *self,
                                      guint workers);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_workers (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_restart (UsherAcceptorPool *self,
                                      UsherRestart restart);
USHER_AVAILABLE_IN_0_1
UsherRestart usher_acceptor_pool_get_restart (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_intensity (UsherAcceptorPool *self,
                                        guint intensity);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_intensity (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_period_msec (UsherAcceptorPool *self,
                                          guint period_msec);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_period_msec (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_grace_msec (UsherAcceptorPool *self,
                                         gint64 grace_msec);
USHER_AVAILABLE_IN_0_1
gint64 usher_acceptor_pool_get_grace_msec (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_shutdown_msec (UsherAcceptorPool *self,
                                            gint64 shutdown_msec);
USHER_AVAILABLE_IN_0_1
gint64 usher_acceptor_pool_get_shutdown_msec (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_escalation_grace_msec (UsherAcceptorPool *self,
                                                    guint escalation_grace_msec);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_escalation_grace_msec (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_drain_spread_msec (UsherAcceptorPool *self,
                                                guint drain_spread_msec);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_drain_spread_msec (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_drain_patience_msec (UsherAcceptorPool *self,
                                                  guint drain_patience_msec);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_drain_patience_msec (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_drain_on_failure (UsherAcceptorPool *self,
                                               gboolean drain_on_failure);
USHER_AVAILABLE_IN_0_1
gboolean usher_acceptor_pool_get_drain_on_failure (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_drain_idle_reads (UsherAcceptorPool *self,
                                               gboolean drain_idle_reads);
USHER_AVAILABLE_IN_0_1
gboolean usher_acceptor_pool_get_drain_idle_reads (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_max_connections (UsherAcceptorPool *self,
                                              guint max_connections);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_max_connections (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_low_watermark (UsherAcceptorPool *self,
                                            guint low_watermark);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_low_watermark (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_at_limit_wait_msec (UsherAcceptorPool *self,
                                                 guint at_limit_wait_msec);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_at_limit_wait_msec (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_max_connections_per_peer (UsherAcceptorPool *self,
                                                       guint max_connections_per_peer);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_max_connections_per_peer (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_max_connections_per_user (UsherAcceptorPool *self,
                                                       guint max_connections_per_user);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_max_connections_per_user (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_max_handshakes (UsherAcceptorPool *self,
                                             guint max_handshakes);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_max_handshakes (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_at_limit (UsherAcceptorPool *self,
                                       UsherAtLimit at_limit);
USHER_AVAILABLE_IN_0_1
UsherAtLimit usher_acceptor_pool_get_at_limit (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_goodbye (UsherAcceptorPool *self,
                                      GBytes *goodbye);
USHER_AVAILABLE_IN_0_1
GBytes *usher_acceptor_pool_get_goodbye (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
gboolean usher_acceptor_pool_remove_connection (UsherAcceptorPool *self,
                                                UsherConnection *connection);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_suspend (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_resume (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
gboolean usher_acceptor_pool_is_suspended (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_listen_async (UsherAcceptorPool *self,
                                       UsherSupervisor *supervisor,
                                       const char *const *addresses,
                                       guint n_acceptors,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_acceptor_pool_listen_finish (UsherAcceptorPool *self,
                                            GAsyncResult *result,
                                            GError **error);
USHER_AVAILABLE_IN_0_1
UsherPoolStatistics *usher_acceptor_pool_get_statistics (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
UsherAcceptorPool *usher_connection_dup_pool (UsherConnection *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_read_timeout_msec (UsherAcceptorPool *self,
                                                guint read_timeout_msec);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_read_timeout_msec (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_write_timeout_msec (UsherAcceptorPool *self,
                                                 guint write_timeout_msec);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_write_timeout_msec (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_idle_timeout_msec (UsherAcceptorPool *self,
                                                guint idle_timeout_msec);
USHER_AVAILABLE_IN_0_1
guint usher_acceptor_pool_get_idle_timeout_msec (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_max_queued_bytes (UsherAcceptorPool *self,
                                               guint64 max_queued_bytes);
USHER_AVAILABLE_IN_0_1
guint64 usher_acceptor_pool_get_max_queued_bytes (UsherAcceptorPool *self);

G_END_DECLS
