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
 * UsherExitKind:
 * @USHER_EXIT_NORMAL: it had done its work
 * @USHER_EXIT_SHUTDOWN: it was asked to end, or ended for a reason that is nobody's fault
 * @USHER_EXIT_ERROR: it failed
 * @USHER_EXIT_KILLED: it was ended without being asked
 *
 * The kinds of exit. *Abnormal* are %USHER_EXIT_ERROR and %USHER_EXIT_KILLED.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_EXIT_NORMAL,
  USHER_EXIT_SHUTDOWN,
  USHER_EXIT_ERROR,
  USHER_EXIT_KILLED,
} UsherExitKind;

#define USHER_TYPE_EXIT_KIND (usher_exit_kind_get_type ())
#define USHER_TYPE_EXIT (usher_exit_get_type ())

typedef struct _UsherExit UsherExit;

USHER_AVAILABLE_IN_0_1
GType usher_exit_kind_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_exit_get_type (void) G_GNUC_CONST;
USHER_AVAILABLE_IN_0_1
UsherExit *usher_exit_new_normal (void);
USHER_AVAILABLE_IN_0_1
UsherExit *usher_exit_new_shutdown (void);
USHER_AVAILABLE_IN_0_1
UsherExit *usher_exit_new_shutdown_with_error (const GError *error);
USHER_AVAILABLE_IN_0_1
UsherExit *usher_exit_new_error (const GError *error);
USHER_AVAILABLE_IN_0_1
UsherExit *usher_exit_new_killed (void);
USHER_AVAILABLE_IN_0_1
UsherExit *usher_exit_ref (UsherExit *self);
USHER_AVAILABLE_IN_0_1
void usher_exit_unref (UsherExit *self);
USHER_AVAILABLE_IN_0_1
UsherExitKind usher_exit_get_kind (const UsherExit *self);
USHER_AVAILABLE_IN_0_1
const GError *usher_exit_get_error (const UsherExit *self);
USHER_AVAILABLE_IN_0_1
gboolean usher_exit_is_abnormal (const UsherExit *self);
USHER_AVAILABLE_IN_0_1
char *usher_exit_to_string (const UsherExit *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherExit, usher_exit_unref)

G_END_DECLS
