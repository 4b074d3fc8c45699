/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"
#include "runtime/sanitizers-private.h"
#include "runtime/stack-guard-private.h"

G_BEGIN_DECLS

/* What code between two waits may need; AddressSanitizer puts walls round everything. */
#ifdef USHER_ADDRESS_SANITIZER
#define USHER_STACK_SIZE (256 * 1024)
#else
#define USHER_STACK_SIZE (64 * 1024)
#endif

/* The stacks of one reactor's fibers. A stack that is given back is the next one to be taken, still
 * warm; those that nobody has needed for a second give their memory back to the system, and keep
 * only their addresses.
 *
 *   one stack:  | guard | ............................... <- grows down |
 *                       ^ usher_stack_pool_take ()     + USHER_STACK_SIZE */
struct _UsherStackPool
{
  UsherReactor *reactor; /* (unowned): whose pool it is */
  UsherStackGuard guard;
  GPtrArray *slabs;  /* (element-type gpointer) (nullable): mappings of N stacks each */
  guint n_carved;    /* stacks that have ever been taken */
  GPtrArray *unused; /* (element-type gpointer) (nullable): the next one is the last one */
  guint n_cold;      /* the first of the unused, whose memory was given back */
  guint n_idle;      /* the first of the unused, which nobody has needed since the last trim */
  UsherTimer trim_timer;
};

void usher_stack_pool_init (UsherStackPool *self,
                            UsherReactor *reactor);
/* Every stack was given back. */
void usher_stack_pool_clear (UsherStackPool *self);

/* In the reactor's context. Returns the lowest address; the error is G_THREAD_ERROR_AGAIN. */
gpointer usher_stack_pool_take (UsherStackPool *self,
                                GError **error);
/* In the reactor's context. Nobody runs on it any more. */
void usher_stack_pool_give (UsherStackPool *self,
                            gpointer stack);

guint usher_stack_pool_get_n_taken (const UsherStackPool *self);

G_END_DECLS
