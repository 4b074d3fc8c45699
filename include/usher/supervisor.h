/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/child-info.h>
#include <usher/child-spec.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherStrategy:
 * @USHER_STRATEGY_ONE_FOR_ONE: only the child that exited is restarted
 * @USHER_STRATEGY_ONE_FOR_ALL: all the others are stopped, and all are started
 * @USHER_STRATEGY_REST_FOR_ONE: those that were started after it are stopped, and it and they
 *   are started
 * @USHER_STRATEGY_SIMPLE_ONE_FOR_ONE: like one-for-one, for any number of children that one factory
 *   makes: they have no ids, and are stopped all at once
 *
 * What a supervisor restarts when a child exits, as in OTP.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_STRATEGY_ONE_FOR_ONE,
  USHER_STRATEGY_ONE_FOR_ALL,
  USHER_STRATEGY_REST_FOR_ONE,
  USHER_STRATEGY_SIMPLE_ONE_FOR_ONE,
} UsherStrategy;

/**
 * UsherAutoShutdown:
 * @USHER_AUTO_SHUTDOWN_NEVER: the supervisor does not end by itself
 * @USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT: it ends when any significant child has ended by itself
 * @USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT: it ends when a significant child has ended by itself and
 *   no other one is left
 *
 * When a supervisor ends because of its significant children, as in OTP. A child ends by itself if
 * it exits and is not restarted; one that is terminated, or stopped for the sake of a sibling, does
 * not.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_AUTO_SHUTDOWN_NEVER,
  USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT,
  USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT,
} UsherAutoShutdown;

/**
 * UsherChildCounts:
 * @n_specs: children, whether they run or not; 1 for a simple-one-for-one supervisor
 * @n_active: children that run
 * @n_supervisors: children that supervise others, whether they run or not
 * @n_workers: all the others
 *
 * How many children a supervisor has, as OTP's `count_children` says it.
 *
 * Since: 0.1
 */
typedef struct
{
  guint n_specs;
  guint n_active;
  guint n_supervisors;
  guint n_workers;
} UsherChildCounts;

/**
 * UsherSupervisorFlags:
 * @strategy: what is restarted when a child exits
 * @intensity: how many restarts are allowed within a period
 * @period_msec: the length of the period in milliseconds, at least 1
 * @auto_shutdown: whether the supervisor ends when its significant children have ended
 *
 * What a supervisor itself can be told to do, as OTP's supervisor flags.
 *
 * Since: 0.1
 */
typedef struct
{
  UsherStrategy strategy;
  guint intensity;
  guint period_msec;
  UsherAutoShutdown auto_shutdown;
} UsherSupervisorFlags;

#define USHER_TYPE_AUTO_SHUTDOWN (usher_auto_shutdown_get_type ())
#define USHER_TYPE_STRATEGY (usher_strategy_get_type ())
#define USHER_TYPE_SUPERVISOR (usher_supervisor_get_type ())

USHER_AVAILABLE_IN_0_1
GType usher_auto_shutdown_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_strategy_get_type (void);
USHER_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (UsherSupervisor, usher_supervisor, USHER, SUPERVISOR, GObject)

USHER_AVAILABLE_IN_0_1
UsherSupervisor *usher_supervisor_new (UsherStrategy strategy);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_set_strategy (UsherSupervisor *self,
                                    UsherStrategy strategy);
USHER_AVAILABLE_IN_0_1
UsherStrategy usher_supervisor_get_strategy (UsherSupervisor *self);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_set_name (UsherSupervisor *self,
                                const char *name);
USHER_AVAILABLE_IN_0_1
const char *usher_supervisor_get_name (UsherSupervisor *self);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_set_intensity (UsherSupervisor *self,
                                     guint intensity);
USHER_AVAILABLE_IN_0_1
guint usher_supervisor_get_intensity (UsherSupervisor *self);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_set_period_msec (UsherSupervisor *self,
                                       guint period_msec);
USHER_AVAILABLE_IN_0_1
guint usher_supervisor_get_period_msec (UsherSupervisor *self);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_set_auto_shutdown (UsherSupervisor *self,
                                         UsherAutoShutdown auto_shutdown);
USHER_AVAILABLE_IN_0_1
UsherAutoShutdown usher_supervisor_get_auto_shutdown (UsherSupervisor *self);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_get_flags (UsherSupervisor *self,
                                 UsherSupervisorFlags *flags);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_change_async (UsherSupervisor *self,
                                    const UsherSupervisorFlags *flags,
                                    GPtrArray *specs,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_supervisor_change_finish (UsherSupervisor *self,
                                         GAsyncResult *result,
                                         GError **error);
USHER_AVAILABLE_IN_0_1
gboolean usher_supervisor_check_childspecs (GPtrArray *specs,
                                            GError **error);
USHER_AVAILABLE_IN_0_1
gboolean usher_supervisor_check_childspecs_with_auto_shutdown (GPtrArray *specs,
                                                               UsherAutoShutdown auto_shutdown,
                                                               GError **error);
USHER_AVAILABLE_IN_0_1
gboolean usher_supervisor_add_child (UsherSupervisor *self,
                                     const UsherChildSpec *spec,
                                     GError **error);
USHER_AVAILABLE_IN_0_1
gboolean usher_supervisor_run (UsherSupervisor *self,
                               GError **error);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_start_child_async (UsherSupervisor *self,
                                         const UsherChildSpec *spec,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data);
USHER_AVAILABLE_IN_0_1
UsherStartResult usher_supervisor_start_child_finish (UsherSupervisor *self,
                                                      GAsyncResult *result,
                                                      GError **error);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_start_child_with_argument_async (UsherSupervisor *self,
                                                       GVariant *argument,
                                                       GCancellable *cancellable,
                                                       GAsyncReadyCallback callback,
                                                       gpointer user_data);
USHER_AVAILABLE_IN_0_1
UsherStartResult usher_supervisor_start_child_with_argument_finish (UsherSupervisor *self,
                                                                    GAsyncResult *result,
                                                                    UsherChild **child,
                                                                    GError **error);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_restart_child_async (UsherSupervisor *self,
                                           const char *id,
                                           GCancellable *cancellable,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
USHER_AVAILABLE_IN_0_1
UsherStartResult usher_supervisor_restart_child_finish (UsherSupervisor *self,
                                                        GAsyncResult *result,
                                                        GError **error);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_terminate_child_async (UsherSupervisor *self,
                                             const char *id,
                                             GCancellable *cancellable,
                                             GAsyncReadyCallback callback,
                                             gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_supervisor_terminate_child_finish (UsherSupervisor *self,
                                                  GAsyncResult *result,
                                                  GError **error);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_terminate_child_object_async (UsherSupervisor *self,
                                                    UsherChild *child,
                                                    GCancellable *cancellable,
                                                    GAsyncReadyCallback callback,
                                                    gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_supervisor_terminate_child_object_finish (UsherSupervisor *self,
                                                         GAsyncResult *result,
                                                         GError **error);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_delete_child_async (UsherSupervisor *self,
                                          const char *id,
                                          GCancellable *cancellable,
                                          GAsyncReadyCallback callback,
                                          gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_supervisor_delete_child_finish (UsherSupervisor *self,
                                               GAsyncResult *result,
                                               GError **error);
USHER_AVAILABLE_IN_0_1
GPtrArray *usher_supervisor_which_children (UsherSupervisor *self);
USHER_AVAILABLE_IN_0_1
void usher_supervisor_count_children (UsherSupervisor *self,
                                      UsherChildCounts *counts);
USHER_AVAILABLE_IN_0_1
UsherChildInfo *usher_supervisor_get_child (UsherSupervisor *self,
                                            const char *id,
                                            GError **error);
USHER_AVAILABLE_IN_0_1
UsherChildInfo *usher_supervisor_get_child_object (UsherSupervisor *self,
                                                   UsherChild *child,
                                                   GError **error);
USHER_AVAILABLE_IN_0_1
UsherChildSpec *usher_supervisor_get_childspec (UsherSupervisor *self,
                                                const char *id,
                                                GError **error);
USHER_AVAILABLE_IN_0_1
UsherChildSpec *usher_supervisor_get_child_object_spec (UsherSupervisor *self,
                                                        UsherChild *child,
                                                        GError **error);

G_END_DECLS
