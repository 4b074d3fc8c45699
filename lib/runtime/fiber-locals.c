/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/fiber-locals-private.h"

static void
push_contexts (UsherFiberLocals *self)
{
  while (self->contexts->len > 0)
    {
      GMainContext *context = g_ptr_array_steal_index (self->contexts, self->contexts->len - 1);

      g_main_context_push_thread_default (context);
      g_main_context_unref (context);
    }
}

static void
push_cancellables (UsherFiberLocals *self)
{
  while (self->cancellables->len > 0)
    g_cancellable_push_current (g_ptr_array_steal_index (self->cancellables, self->cancellables->len - 1));
}

UsherFiberBase
usher_fiber_locals_enter (UsherFiberLocals *self)
{
  UsherFiberBase base = { g_main_context_get_thread_default (), g_cancellable_get_current () };

  if (self->contexts != NULL)
    push_contexts (self);
  if (self->cancellables != NULL)
    push_cancellables (self);

  return base;
}

static void
pop_context (UsherFiberLocals *self,
             GMainContext *context)
{
  if (self->contexts == NULL)
    self->contexts = g_ptr_array_new_with_free_func ((GDestroyNotify) g_main_context_unref);

  g_ptr_array_add (self->contexts, g_main_context_ref (context));
  g_main_context_pop_thread_default (context);
}

static void
pop_cancellable (UsherFiberLocals *self,
                 GCancellable *cancellable)
{
  if (self->cancellables == NULL)
    self->cancellables = g_ptr_array_new ();

  g_ptr_array_add (self->cancellables, cancellable);
  g_cancellable_pop_current (cancellable);
}

void
usher_fiber_locals_leave (UsherFiberLocals *self,
                          UsherFiberBase base)
{
  GMainContext *context;
  GCancellable *cancellable;

  while ((context = g_main_context_get_thread_default ()) != base.context && context != NULL)
    pop_context (self, context);
  while ((cancellable = g_cancellable_get_current ()) != base.cancellable && cancellable != NULL)
    pop_cancellable (self, cancellable);
}

void
usher_fiber_locals_clear (UsherFiberLocals *self)
{
  g_clear_pointer (&self->contexts, g_ptr_array_unref);
  g_clear_pointer (&self->cancellables, g_ptr_array_unref);
}
