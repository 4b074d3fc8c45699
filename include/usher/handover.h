/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/acceptor-pool.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherHandoverState:
 * @USHER_HANDOVER_IDLE: it has not begun, or was stopped, or has failed to take over
 * @USHER_HANDOVER_TAKING: it is getting the listen sockets from the process that serves
 * @USHER_HANDOVER_TAKEN: it has what there was to take, and the program starts
 * @USHER_HANDOVER_SERVING: this process is the newest; whoever connects to the path is its successor
 * @USHER_HANDOVER_GIVING: a successor is taking over, and this process serves on meanwhile
 * @USHER_HANDOVER_SUPERSEDED: a successor serves, and this process should end
 *
 * What a hand-over is doing.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_HANDOVER_IDLE,
  USHER_HANDOVER_TAKING,
  USHER_HANDOVER_TAKEN,
  USHER_HANDOVER_SERVING,
  USHER_HANDOVER_GIVING,
  USHER_HANDOVER_SUPERSEDED,
} UsherHandoverState;

#define USHER_TYPE_HANDOVER (usher_handover_get_type ())
#define USHER_TYPE_HANDOVER_STATE (usher_handover_state_get_type ())

USHER_AVAILABLE_IN_0_1
GType usher_handover_state_get_type (void);
USHER_AVAILABLE_IN_0_1
G_DECLARE_FINAL_TYPE (UsherHandover, usher_handover, USHER, HANDOVER, GObject)

USHER_AVAILABLE_IN_0_1
UsherHandover *usher_handover_new (const char *path);
USHER_AVAILABLE_IN_0_1
const char *usher_handover_get_path (UsherHandover *self);
USHER_AVAILABLE_IN_0_1
void usher_handover_set_version (UsherHandover *self,
                                 const char *version);
USHER_AVAILABLE_IN_0_1
const char *usher_handover_get_version (UsherHandover *self);
USHER_AVAILABLE_IN_0_1
void usher_handover_set_timeout_msec (UsherHandover *self,
                                      guint timeout_msec);
USHER_AVAILABLE_IN_0_1
guint usher_handover_get_timeout_msec (UsherHandover *self);
USHER_AVAILABLE_IN_0_1
UsherHandoverState usher_handover_get_state (UsherHandover *self);
USHER_AVAILABLE_IN_0_1
gint64 usher_handover_get_predecessor_pid (UsherHandover *self);
USHER_AVAILABLE_IN_0_1
const char *usher_handover_get_predecessor_version (UsherHandover *self);
USHER_AVAILABLE_IN_0_1
gint64 usher_handover_get_successor_pid (UsherHandover *self);
USHER_AVAILABLE_IN_0_1
const char *usher_handover_get_successor_version (UsherHandover *self);
USHER_AVAILABLE_IN_0_1
void usher_handover_add_pool (UsherHandover *self,
                              UsherAcceptorPool *pool);
USHER_AVAILABLE_IN_0_1
void usher_handover_take_async (UsherHandover *self,
                                GAsyncReadyCallback callback,
                                gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_handover_take_finish (UsherHandover *self,
                                     GAsyncResult *result,
                                     GError **error);
USHER_AVAILABLE_IN_0_1
void usher_handover_ready_async (UsherHandover *self,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_handover_ready_finish (UsherHandover *self,
                                      GAsyncResult *result,
                                      GError **error);
USHER_AVAILABLE_IN_0_1
void usher_handover_start_successor_async (UsherHandover *self,
                                           const char *const *argv,
                                           GAsyncReadyCallback callback,
                                           gpointer user_data);
USHER_AVAILABLE_IN_0_1
gboolean usher_handover_start_successor_finish (UsherHandover *self,
                                                GAsyncResult *result,
                                                GError **error);
USHER_AVAILABLE_IN_0_1
void usher_handover_cancel (UsherHandover *self);
USHER_AVAILABLE_IN_0_1
void usher_handover_stop (UsherHandover *self);

G_END_DECLS
