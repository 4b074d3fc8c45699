/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/child.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherChildState:
 * @USHER_CHILD_STOPPED: it does not run, and nobody is about to start it; OTP's `undefined`
 * @USHER_CHILD_STARTING: its start is under way
 * @USHER_CHILD_RUNNING: it runs
 * @USHER_CHILD_STOPPING: it was asked to shut down, or killed
 * @USHER_CHILD_RESTARTING: it failed to start, and will be started again
 *
 * What a child is doing under its supervisor.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_CHILD_STOPPED,
  USHER_CHILD_STARTING,
  USHER_CHILD_RUNNING,
  USHER_CHILD_STOPPING,
  USHER_CHILD_RESTARTING,
} UsherChildState;

#define USHER_TYPE_CHILD_STATE (usher_child_state_get_type ())
#define USHER_TYPE_CHILD_INFO (usher_child_info_get_type ())

typedef struct _UsherChildInfo UsherChildInfo;

USHER_AVAILABLE_IN_0_1
GType usher_child_state_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_child_info_get_type (void) G_GNUC_CONST;
USHER_AVAILABLE_IN_0_1
UsherChildInfo *usher_child_info_ref (UsherChildInfo *self);
USHER_AVAILABLE_IN_0_1
void usher_child_info_unref (UsherChildInfo *self);
USHER_AVAILABLE_IN_0_1
const char *usher_child_info_get_id (const UsherChildInfo *self);
USHER_AVAILABLE_IN_0_1
UsherChild *usher_child_info_get_child (const UsherChildInfo *self);
USHER_AVAILABLE_IN_0_1
UsherChildType usher_child_info_get_child_type (const UsherChildInfo *self);
USHER_AVAILABLE_IN_0_1
UsherChildState usher_child_info_get_state (const UsherChildInfo *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherChildInfo, usher_child_info_unref)

G_END_DECLS
