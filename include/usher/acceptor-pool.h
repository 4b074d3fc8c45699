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
#include <usher/listen-socket.h>
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
 * UsherAcceptorFactory:
 * @pool: (type Usher.AcceptorPool): the pool that asks
 * @user_data: what was given with the function
 * @error: return location for a #GError
 *
 * Makes one acceptor. It is called in the pool's context, once for every acceptor.
 *
 * Returns: (transfer full) (nullable): an acceptor, or %NULL with @error set
 *
 * Since: 0.1
 */
typedef UsherAcceptor *(*UsherAcceptorFactory) (gpointer pool,
                                                gpointer user_data,
                                                GError **error);

#define USHER_TYPE_ACCEPTOR_POOL (usher_acceptor_pool_get_type ())

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
void usher_acceptor_pool_set_drain_on_failure (UsherAcceptorPool *self,
                                               gboolean drain_on_failure);
USHER_AVAILABLE_IN_0_1
gboolean usher_acceptor_pool_get_drain_on_failure (UsherAcceptorPool *self);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_pool_set_drain_idle_reads (UsherAcceptorPool *self,
                                               gboolean drain_idle_reads);
USHER_AVAILABLE_IN_0_1
gboolean usher_acceptor_pool_get_drain_idle_reads (UsherAcceptorPool *self);

G_END_DECLS
