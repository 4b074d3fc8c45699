/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A flow of control: a thread's own, or one on a stack that was made for it. A thread goes on with
 * another one of its flows by a switch, which makes no system call. AddressSanitizer,
 * ThreadSanitizer and valgrind are told.
 *
 * Everything that GLib and the C library keep for each thread stays where it is; fibers take theirs
 * along. */
typedef struct _UsherFlow UsherFlow;

/* Never returns. */
typedef void (*UsherFlowFunc) (UsherFlow *self);

/* The calling thread's own flow is one that was zero-initialised. */
struct _UsherFlow
{
  gpointer frame;     /* (unowned): while it does not run, its registers, on its stack */
  UsherFlowFunc func; /* (nullable) */
  const void *stack;  /* (unowned) (nullable): of a thread, once it is known */
  gsize stack_size;
  gpointer fake_stack;  /* AddressSanitizer's */
  gpointer tsan_fiber;  /* ThreadSanitizer's */
  unsigned valgrind_id; /* valgrind's */
};

/* Whether the calling thread can have flows on stacks of their own. */
gboolean usher_flow_is_supported (void);

/* `func` is called with the first switch. The stack grows down, and its end is aligned to 16. */
void usher_flow_init (UsherFlow *self,
                      gpointer stack,
                      gsize stack_size,
                      UsherFlowFunc func);

/* After it has left: the stack can be used for something else. */
void usher_flow_clear (UsherFlow *self);

/* `self` runs; returns when somebody switches to it again. */
void usher_flow_switch_to (UsherFlow *self,
                           UsherFlow *to);

/* `self` runs, for the last time. Never returns. */
void usher_flow_leave_to (UsherFlow *self,
                          UsherFlow *to);

G_END_DECLS
