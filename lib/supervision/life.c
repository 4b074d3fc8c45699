/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/life-private.h"

static void
life_clear_start (UsherLife *self)
{
  g_clear_signal_handler (&self->completed_id, self->start_task);
  g_clear_object (&self->start_task);
}

void
usher_life_forget (UsherLife *self)
{
  if (self->start_task != NULL)
    life_clear_start (self);
  g_clear_pointer (&self->exit, usher_exit_unref);
  g_clear_pointer (&self->reactor, usher_reactor_unref);
}

static void
life_emit_exit (UsherLife *self)
{
  g_autoptr (UsherExit) exit = g_steal_pointer (&self->exit);

  usher_life_forget (self);
  usher_child_emit_exited (self->child, self->serial, exit);
}

static void
on_message (UsherMessage *message)
{
  UsherLife *self = USHER_OWNER (UsherLife, message, message);
  UsherChild *child = self->child;

  life_emit_exit (self);
  g_object_unref (child);
}

static void
life_post_exit (UsherLife *self)
{
  g_object_ref (self->child);
  usher_reactor_post (self->reactor, &self->message, on_message);
}

static void
on_start_completed (UsherLife *self)
{
  life_clear_start (self);
  if (self->exit != NULL)
    life_post_exit (self);
}

void
usher_life_begin (UsherLife *self,
                  GTask *task)
{
  self->child = g_task_get_source_object (task);
  self->serial = usher_child_get_serial (self->child);
  self->reactor = usher_reactor_ref_for_context (g_task_get_context (task));
  self->start_task = g_object_ref (task);
  self->completed_id = g_signal_connect_swapped (task, "notify::completed", G_CALLBACK (on_start_completed), self);
}

void
usher_life_end (UsherLife *self,
                UsherExit *exit)
{
  if (self->reactor == NULL || self->exit != NULL)
    return;

  self->exit = usher_exit_ref (exit);
  if (self->start_task == NULL)
    life_post_exit (self);
}

void
usher_life_end_now (UsherLife *self,
                    UsherExit *exit)
{
  if (self->reactor == NULL || self->exit != NULL)
    return;

  self->exit = usher_exit_ref (exit);
  life_emit_exit (self);
}
