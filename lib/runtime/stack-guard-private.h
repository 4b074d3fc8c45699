/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* How the page below a stack is made to crash whoever touches it. */
typedef enum
{
  USHER_STACK_GUARD_UNKNOWN,
  USHER_STACK_GUARD_MARK,    /* a mark in the page table, since Linux 6.13 */
  USHER_STACK_GUARD_PROTECT, /* a mapping of its own, of which a process may have only so many */
} UsherStackGuard;

/* What works here, found out with the first page. The error is G_THREAD_ERROR_AGAIN. */
gboolean usher_stack_guard_install (UsherStackGuard *self,
                                    gpointer page,
                                    gsize page_size,
                                    GError **error);

/* So many guards have been unmapped. */
void usher_stack_guard_forget (UsherStackGuard self,
                               guint n_guards);

/* How many stacks the whole process can have: G_MAXUINT if guards do not limit it. */
guint usher_stack_guard_get_limit (UsherStackGuard self);

G_END_DECLS
