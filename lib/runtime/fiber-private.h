/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* Blocking code that gives its thread away when it waits. A fiber belongs to a reactor, and runs in
 * that reactor's context only, always in the same thread, between a resume and the next suspend:
 *
 *   NEW ──> RUNNING ──> FINISHED
 *             ↑↓
 *          SUSPENDED
 *
 * Whoever makes a fiber wait has a watch, a timer or a message that resumes it; a fiber that is
 * resumed looks whether what it waits for has come, and suspends again if not. */
typedef struct _UsherFiber UsherFiber;

typedef struct
{
  /* On the fiber's own stack. */
  void (*run) (gpointer user_data);
  /* (nullable): on the stack of whoever resumed it last, when it has run. */
  void (*finished) (gpointer user_data);
  /* (nullable): for people who read a log. */
  char *(*dup_name) (gpointer user_data);
} UsherFiberCode;

/* Whether the calling thread can run fibers; the error is G_IO_ERROR_NOT_SUPPORTED. */
gboolean usher_fiber_is_supported (GError **error);

/* Does not run yet. A fiber that has begun to run keeps itself until it has finished; it has its stack
 * for as long as anybody has a reference. Fails if fibers
 * are not supported, and with G_THREAD_ERROR_AGAIN if there is no stack for it. */
UsherFiber *usher_fiber_new (UsherReactor *reactor,
                             const UsherFiberCode *code,
                             gpointer user_data,
                             GError **error);
UsherFiber *usher_fiber_ref (UsherFiber *self);
void usher_fiber_unref (UsherFiber *self);

/* (transfer none) (nullable): the one that calls. */
UsherFiber *usher_fiber_get_current (void);
UsherReactor *usher_fiber_get_reactor (UsherFiber *self);
/* What it awaits: a place for usher_await () alone. */
gpointer *usher_fiber_get_awaits (UsherFiber *self);

/* Called in the current fiber. Returns once it is resumed, for whatever reason. */
void usher_fiber_suspend (void);

/* In the reactor's context: the fiber runs, until it suspends. A resume of one that runs is left
 * out, as it looks at what it waits for before it suspends. Not from a callback that the fiber may
 * have to wait for, such as a cancellable's. */
void usher_fiber_resume (UsherFiber *self);

/* Any thread: the fiber is resumed soon. */
void usher_fiber_wake (UsherFiber *self);

/* Any thread: what the fiber sleeps for is over, now and from now on. */
void usher_fiber_cancel (UsherFiber *self);
gboolean usher_fiber_is_cancelled (UsherFiber *self);

/* Called when the reactor's context is iterated: a critical if a fiber of that reactor does it. It
 * would hold up everybody who is not served from there, and its stack is not made for that. */
void usher_fiber_forbid_iteration (UsherReactor *reactor);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherFiber, usher_fiber_unref)

G_END_DECLS
