/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/acceptor-pool.h>
#include <usher/handover.h>
#include <usher/supervisor.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherServiceState:
 * @USHER_SERVICE_DOWN: it has not started, or has ended
 * @USHER_SERVICE_STARTING: its tree starts
 * @USHER_SERVICE_UP: it serves
 * @USHER_SERVICE_LAME_DUCK: it still serves, but no new clients should be sent to it
 * @USHER_SERVICE_DRAINING: its listen sockets are closed, and its connections finish
 *
 * What a service is doing.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_SERVICE_DOWN,
  USHER_SERVICE_STARTING,
  USHER_SERVICE_UP,
  USHER_SERVICE_LAME_DUCK,
  USHER_SERVICE_DRAINING,
} UsherServiceState;

/**
 * UsherReadiness:
 * @USHER_READINESS_STARTING: not yet: it has not started
 * @USHER_READINESS_READY: it serves
 * @USHER_READINESS_DRAINING: no more: it is a lame duck, or draining
 * @USHER_READINESS_MAINTENANCE: not now: the program says so, or all of its pools are suspended
 *
 * Whether connections should be sent to a service.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_READINESS_STARTING,
  USHER_READINESS_READY,
  USHER_READINESS_DRAINING,
  USHER_READINESS_MAINTENANCE,
} UsherReadiness;

/**
 * UsherExitCode:
 * @USHER_EXIT_CODE_DRAINED: it ended because it was asked to, or had nothing more to do
 * @USHER_EXIT_CODE_FAILED: it could not start
 * @USHER_EXIT_CODE_USAGE: its command line cannot be understood
 * @USHER_EXIT_CODE_MAX_INTENSITY: its tree failed too often, and gave up
 * @USHER_EXIT_CODE_KILLED: it was told to end at once
 * @USHER_EXIT_CODE_DEADLINE: it had not ended when its time to drain was over; something blocks its
 *   main loop
 *
 * How the process of a service ends.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_EXIT_CODE_DRAINED = 0,
  USHER_EXIT_CODE_FAILED = 1,
  USHER_EXIT_CODE_USAGE = 2,
  USHER_EXIT_CODE_MAX_INTENSITY = 3,
  USHER_EXIT_CODE_KILLED = 4,
  USHER_EXIT_CODE_DEADLINE = 5,
} UsherExitCode;

#define USHER_TYPE_EXIT_CODE (usher_exit_code_get_type ())
#define USHER_TYPE_READINESS (usher_readiness_get_type ())
#define USHER_TYPE_SERVICE (usher_service_get_type ())
#define USHER_TYPE_SERVICE_STATE (usher_service_state_get_type ())

USHER_AVAILABLE_IN_0_1
GType usher_exit_code_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_readiness_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_service_state_get_type (void);
USHER_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (UsherService, usher_service, USHER, SERVICE, GObject)

USHER_AVAILABLE_IN_0_1
UsherService *usher_service_new (const char *name);
USHER_AVAILABLE_IN_0_1
const char *usher_service_get_name (UsherService *self);
USHER_AVAILABLE_IN_0_1
void usher_service_set_version (UsherService *self,
                                const char *version);
USHER_AVAILABLE_IN_0_1
const char *usher_service_get_version (UsherService *self);
USHER_AVAILABLE_IN_0_1
UsherSupervisor *usher_service_get_supervisor (UsherService *self);
USHER_AVAILABLE_IN_0_1
void usher_service_add_pool (UsherService *self,
                             UsherAcceptorPool *pool,
                             const char *address,
                             guint n_acceptors);
USHER_AVAILABLE_IN_0_1
void usher_service_listen_async (UsherService *self,
                                 UsherAcceptorPool *pool,
                                 const char *address,
                                 guint n_acceptors,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
USHER_AVAILABLE_IN_0_1
GPtrArray *usher_service_listen_finish (UsherService *self,
                                        GAsyncResult *result,
                                        GError **error);
USHER_AVAILABLE_IN_0_1
void usher_service_stop_listening_async (UsherService *self,
                                         const char *address,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_service_stop_listening_finish (UsherService *self,
                                              GAsyncResult *result,
                                              GError **error);
USHER_AVAILABLE_IN_0_1
void usher_service_add_health (UsherService *self,
                               const char *address);
USHER_AVAILABLE_IN_0_1
UsherReadiness usher_service_get_readiness (UsherService *self);
USHER_AVAILABLE_IN_0_1
void usher_service_set_maintenance (UsherService *self,
                                    gboolean maintenance);
USHER_AVAILABLE_IN_0_1
gboolean usher_service_get_maintenance (UsherService *self);
USHER_AVAILABLE_IN_0_1
void usher_service_set_lame_duck_msec (UsherService *self,
                                       guint lame_duck_msec);
USHER_AVAILABLE_IN_0_1
guint usher_service_get_lame_duck_msec (UsherService *self);
USHER_AVAILABLE_IN_0_1
void usher_service_set_drain_deadline_msec (UsherService *self,
                                            gint64 drain_deadline_msec);
USHER_AVAILABLE_IN_0_1
gint64 usher_service_get_drain_deadline_msec (UsherService *self);
USHER_AVAILABLE_IN_0_1
void usher_service_set_hand_over_path (UsherService *self,
                                       const char *path);
USHER_AVAILABLE_IN_0_1
const char *usher_service_get_hand_over_path (UsherService *self);
USHER_AVAILABLE_IN_0_1
UsherHandover *usher_service_get_handover (UsherService *self);
USHER_AVAILABLE_IN_0_1
void usher_service_hand_over_async (UsherService *self,
                                    const char *const *argv,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_service_hand_over_finish (UsherService *self,
                                         GAsyncResult *result,
                                         GError **error);
USHER_AVAILABLE_IN_0_1
UsherServiceState usher_service_get_state (UsherService *self);
USHER_AVAILABLE_IN_0_1
guint usher_service_get_n_connections (UsherService *self);
USHER_AVAILABLE_IN_0_1
char *usher_service_dup_status (UsherService *self);
USHER_AVAILABLE_IN_0_1
GOptionGroup *usher_service_get_option_group (UsherService *self);
USHER_AVAILABLE_IN_0_1
void usher_service_start_async (UsherService *self,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_service_start_finish (UsherService *self,
                                     GAsyncResult *result,
                                     GError **error);
USHER_AVAILABLE_IN_0_1
void usher_service_drain (UsherService *self);
USHER_AVAILABLE_IN_0_1
void usher_service_kill (UsherService *self);
USHER_AVAILABLE_IN_0_1
int usher_service_run (UsherService *self,
                       int argc,
                       char **argv);

G_END_DECLS
