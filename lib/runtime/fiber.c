/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/fiber-private.h"

#include "runtime/clock-private.h"
#include "runtime/fiber-locals-private.h"
#include "runtime/flow-private.h"
#include "runtime/stack-pool-private.h"

#include <errno.h>

/* Whoever runs for longer without waiting holds up everybody else in the thread, and is told on. */
#define PATIENCE_USEC (50 * G_TIME_SPAN_MILLISECOND)

#define EDGE(to) (1u << (to))

/* A stack, but for its fiber, and aligned as a stack has to be. */
#define ROOM ((USHER_STACK_SIZE - sizeof (UsherFiber)) & ~(gsize) 63)

typedef enum
{
  FIBER_NEW,
  FIBER_RUNNING,
  FIBER_SUSPENDED,
  FIBER_FINISHED,
} FiberState;

/* It lies on its own stack, in memory that is needed anyway. */
struct _UsherFiber
{
  UsherFlow flow;
  UsherFlow *resumer; /* (unowned) (nullable): who goes on when it suspends; while it runs */
  int ref_count;      /* (atomic) */
  FiberState state;
  UsherReactor *reactor; /* (owned) */
  gpointer stack;        /* (owned): freed last */
  gpointer thread;       /* (unowned) (nullable): the only one it runs in, once it has begun */
  const UsherFiberCode *code;
  gpointer user_data;
  UsherFiberLocals locals;
  gpointer awaits; /* (unowned) (nullable) */
  UsherMessage message;
  int is_woken;      /* (atomic): the message is on its way */
  int is_cancelled;  /* (atomic) */
  gboolean is_timed; /* somebody reads the log */
};

static __thread UsherFiber *current; /* (unowned) (nullable) */

/* Where a thread has its own variable says which thread it is, and GLib need not be asked. */
#define THIS_THREAD ((gpointer) &current)

static const guint edges[] = {
  [FIBER_NEW] = EDGE (FIBER_RUNNING),
  [FIBER_RUNNING] = EDGE (FIBER_SUSPENDED) | EDGE (FIBER_FINISHED),
  [FIBER_SUSPENDED] = EDGE (FIBER_RUNNING),
  [FIBER_FINISHED] = 0,
};

static void
fiber_set_state (UsherFiber *self,
                 FiberState state)
{
  g_assert (edges[self->state] & EDGE (state));

  self->state = state;
}

gboolean
usher_fiber_is_supported (GError **error)
{
  if (usher_flow_is_supported ())
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       "Fibers are not available: this machine, or its shadow stacks, do not let a thread "
                       "change its stack; let acceptors run in threads");
  return FALSE;
}

UsherFiber *
usher_fiber_get_current (void)
{
  return current;
}

UsherReactor *
usher_fiber_get_reactor (UsherFiber *self)
{
  return self->reactor;
}

gpointer *
usher_fiber_get_awaits (UsherFiber *self)
{
  return &self->awaits;
}

/* Running. */

/* What the fiber calls asynchronously shall come back to it, even in a thread that iterates the
 * context without having said that it is the default one. */
static void
fiber_run (UsherFiber *self)
{
  GMainContext *context = usher_reactor_get_context (self->reactor);

  if (usher_reactor_is_for_caller (self->reactor))
    {
      self->code->run (self->user_data);
      return;
    }

  g_main_context_push_thread_default (context);
  self->code->run (self->user_data);
  g_main_context_pop_thread_default (context);
}

/* The first function on the fiber's stack; it has nothing left to be cleaned up when it leaves. */
static void
on_entered (UsherFlow *flow)
{
  UsherFiber *self = (UsherFiber *) flow;

  fiber_run (self);
  fiber_set_state (self, FIBER_FINISHED);
  usher_flow_leave_to (&self->flow, self->resumer);
}

/* To find out takes as long as to make a fiber. */
static gboolean
is_log_read (void)
{
  static __thread guint n_asked;
  static __thread gboolean is_read;

  if (n_asked++ % 64 == 0)
    is_read = !g_log_writer_default_would_drop (G_LOG_LEVEL_DEBUG, G_LOG_DOMAIN);

  return is_read;
}

UsherFiber *
usher_fiber_new (UsherReactor *reactor,
                 const UsherFiberCode *code,
                 gpointer user_data,
                 GError **error)
{
  gpointer stack;
  UsherFiber *self;

  if (!usher_fiber_is_supported (error))
    return NULL;

  stack = usher_stack_pool_take (usher_reactor_get_stack_pool (reactor), error);
  if (stack == NULL)
    return NULL;

  self = (UsherFiber *) ((char *) stack + ROOM);
  *self = (UsherFiber){
    .reactor = usher_reactor_ref (reactor),
    .stack = stack,
    .code = code,
    .user_data = user_data,
    .is_timed = is_log_read (),
  };
  self->ref_count = 1;
  usher_flow_init (&self->flow, stack, ROOM, on_entered);

  return self;
}

UsherFiber *
usher_fiber_ref (UsherFiber *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

static void
fiber_free (UsherFiber *self)
{
  g_autoptr (UsherReactor) reactor = self->reactor;

  usher_flow_clear (&self->flow);
  usher_fiber_locals_clear (&self->locals);
  usher_stack_pool_give (usher_reactor_get_stack_pool (reactor), self->stack);
}

static void
on_unused (UsherMessage *message)
{
  fiber_free (USHER_OWNER (UsherFiber, message, message));
}

void
usher_fiber_unref (UsherFiber *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  if (self->thread == NULL || self->thread == THIS_THREAD)
    fiber_free (self);
  else
    usher_reactor_post (self->reactor, &self->message, on_unused);
}

/* Suspending and resuming. */

static char *
fiber_dup_name (UsherFiber *self)
{
  return self->code->dup_name != NULL ? self->code->dup_name (self->user_data) : g_strdup ("without a name");
}

static void
fiber_tell_on (UsherFiber *self,
               gint64 held_usec)
{
  g_autofree char *name = NULL;

  if (held_usec < PATIENCE_USEC)
    return;

  name = fiber_dup_name (self);
  g_debug ("Fiber %s held up its thread for %" G_GINT64_FORMAT " ms; it may wait for its connection, in "
           "usher_await () and usher_sleep_msec (), but in nothing else",
           name, held_usec / G_TIME_SPAN_MILLISECOND);
}

static void
fiber_enter (UsherFiber *self)
{
  UsherFlow here = { 0 };
  UsherFiber *outer = current;
  int errsv = errno;

  self->resumer = &here;
  current = self;
  usher_flow_switch_to (&here, &self->flow);
  current = outer;
  self->resumer = NULL;
  errno = errsv;
}

static void
fiber_enter_timed (UsherFiber *self)
{
  gint64 begin_usec = usher_clock_now_usec ();

  fiber_enter (self);
  fiber_tell_on (self, usher_clock_now_usec () - begin_usec);
}

static void
fiber_begin (UsherFiber *self)
{
  self->thread = THIS_THREAD;
  usher_fiber_ref (self);
}

static void
fiber_finish (UsherFiber *self)
{
  if (self->code->finished != NULL)
    self->code->finished (self->user_data);
  usher_fiber_unref (self);
}

void
usher_fiber_resume (UsherFiber *self)
{
  UsherFiberBase base;

  if (self->state == FIBER_NEW)
    fiber_begin (self);
  else if (self->state != FIBER_SUSPENDED)
    return;

  /* The compiler may have kept the address of something that each thread has for itself. */
  g_return_if_fail (self->thread == THIS_THREAD);

  base = usher_fiber_locals_enter (&self->locals);
  fiber_set_state (self, FIBER_RUNNING);
  if (self->is_timed)
    fiber_enter_timed (self);
  else
    fiber_enter (self);
  usher_fiber_locals_leave (&self->locals, base);

  if (self->state == FIBER_FINISHED)
    fiber_finish (self);
}

void
usher_fiber_suspend (void)
{
  UsherFiber *self = current;
  int errsv = errno;

  g_return_if_fail (self != NULL);

  fiber_set_state (self, FIBER_SUSPENDED);
  usher_flow_switch_to (&self->flow, self->resumer);
  errno = errsv;
}

/* Called in the reactor's context. */
static void
on_woken (UsherMessage *message)
{
  UsherFiber *self = USHER_OWNER (UsherFiber, message, message);

  g_atomic_int_set (&self->is_woken, FALSE);
  usher_fiber_resume (self);
  usher_fiber_unref (self);
}

void
usher_fiber_wake (UsherFiber *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->is_woken, FALSE, TRUE))
    return;

  usher_fiber_ref (self);
  usher_reactor_post (self->reactor, &self->message, on_woken);
}

void
usher_fiber_cancel (UsherFiber *self)
{
  g_atomic_int_set (&self->is_cancelled, TRUE);
  usher_fiber_wake (self);
}

gboolean
usher_fiber_is_cancelled (UsherFiber *self)
{
  return g_atomic_int_get (&self->is_cancelled);
}

void
usher_fiber_forbid_iteration (UsherReactor *reactor)
{
  g_autofree char *name = NULL;

  if (current == NULL || current->reactor != reactor)
    return;

  name = fiber_dup_name (current);
  g_critical ("Fiber %s iterates the main context that it runs in; let it wait in usher_await () instead",
              name);
}
