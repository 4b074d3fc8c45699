/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/waiter-private.h"

void
usher_waiter_init (UsherWaiter *self)
{
  *self = (UsherWaiter){ .fiber = usher_fiber_get_current () };
  if (self->fiber != NULL)
    return;

  self->context = g_main_context_new ();
  g_main_context_push_thread_default (self->context);
}

void
usher_waiter_clear (UsherWaiter *self)
{
  if (self->context != NULL)
    g_main_context_pop_thread_default (self->context);
  g_clear_pointer (&self->context, g_main_context_unref);
}

UsherReactor *
usher_waiter_ref_reactor (UsherWaiter *self)
{
  if (self->fiber != NULL)
    return usher_reactor_ref (usher_fiber_get_reactor (self->fiber));

  return usher_reactor_ref_for_context (self->context);
}

void
usher_waiter_wait (UsherWaiter *self)
{
  if (self->fiber != NULL)
    usher_fiber_suspend ();
  else
    g_main_context_iteration (self->context, TRUE);
}

void
usher_waiter_resume (UsherWaiter *self)
{
  if (self->fiber != NULL)
    usher_fiber_resume (self->fiber);
}

void
usher_waiter_wake (UsherWaiter *self)
{
  if (self->fiber != NULL)
    usher_fiber_wake (self->fiber);
  else
    g_main_context_wakeup (self->context);
}
