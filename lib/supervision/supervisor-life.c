/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#define BIT(state) (1u << (state))

static const guint transitions[USHER_SUPERVISOR_N_STATES] = {
  [USHER_SUPERVISOR_DOWN] = BIT (USHER_SUPERVISOR_STARTING),
  [USHER_SUPERVISOR_STARTING] = BIT (USHER_SUPERVISOR_RUNNING) | BIT (USHER_SUPERVISOR_STOPPING) |
                                BIT (USHER_SUPERVISOR_KILLING),
  [USHER_SUPERVISOR_RUNNING] = BIT (USHER_SUPERVISOR_STOPPING) | BIT (USHER_SUPERVISOR_KILLING),
  [USHER_SUPERVISOR_STOPPING] = BIT (USHER_SUPERVISOR_DOWN) | BIT (USHER_SUPERVISOR_KILLING),
  [USHER_SUPERVISOR_KILLING] = BIT (USHER_SUPERVISOR_DOWN),
};

static const char *const state_names[USHER_SUPERVISOR_N_STATES] = {
  [USHER_SUPERVISOR_DOWN] = "down",
  [USHER_SUPERVISOR_STARTING] = "starting",
  [USHER_SUPERVISOR_RUNNING] = "running",
  [USHER_SUPERVISOR_STOPPING] = "stopping",
  [USHER_SUPERVISOR_KILLING] = "killing",
};

static void
set_state (UsherSupervisor *self,
           UsherSupervisorState state)
{
  g_return_if_fail ((transitions[self->state] & BIT (state)) != 0);

  g_debug ("supervisor “%s”: %s → %s", self->name, state_names[self->state], state_names[state]);
  self->state = state;
}

static void
run_return_started (gpointer data)
{
  g_autoptr (GTask) task = data;

  g_task_return_int (task, USHER_START_STARTED);
}

static void
run_return_failed (gpointer data)
{
  g_autoptr (GTask) task = data;

  g_task_return_error (task, g_error_copy (g_task_get_task_data (task)));
}

static GTask *
steal_start_task (UsherSupervisor *self)
{
  g_cancellable_disconnect (g_task_get_cancellable (self->start_task), self->cancelled_handler);
  self->cancelled_handler = 0;

  return g_steal_pointer (&self->start_task);
}

void
usher_supervisor_complete_begin (UsherSupervisor *self)
{
  set_state (self, USHER_SUPERVISOR_RUNNING);
  g_object_ref (self);
  usher_desk_send (&self->desk, run_return_started, steal_start_task (self));
}

static void
answer_failed (UsherSupervisor *self)
{
  GTask *task = steal_start_task (self);

  if (self->start_error == NULL)
    self->start_error = g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                     "supervisor “%s”: stopped while it was starting", self->name);
  g_task_set_task_data (task, g_steal_pointer (&self->start_error), (GDestroyNotify) g_error_free);
  usher_life_forget (&self->life);
  usher_desk_send (&self->desk, run_return_failed, task);
}

static void
refuse_letters (UsherSupervisor *self)
{
  UsherLetter *letter;

  while ((letter = usher_desk_next_letter (&self->desk)) != NULL)
    if (letter->kind == USHER_LETTER_CALL)
      usher_supervisor_refuse (self, USHER_OWNER (UsherCall, letter, letter));
}

void
usher_supervisor_complete_end (UsherSupervisor *self)
{
  g_autoptr (UsherExit) exit = g_steal_pointer (&self->exit);

  usher_round_end (&self->round);
  usher_timer_stop (&self->limit);
  usher_supervisor_report_tally (self);
  refuse_letters (self);
  usher_supervisor_drop_dynamic_slots (self);
  usher_budget_clear (&self->budget);
  set_state (self, USHER_SUPERVISOR_DOWN);

  if (self->start_task != NULL)
    answer_failed (self);
  else
    {
      usher_life_end (&self->life, exit);
      usher_desk_send (&self->desk, g_object_unref, self);
    }
}

gboolean
usher_supervisor_is_ending (UsherSupervisor *self)
{
  return self->state == USHER_SUPERVISOR_STOPPING || self->state == USHER_SUPERVISOR_KILLING;
}

void
usher_supervisor_begin (UsherSupervisor *self,
                        GTask *task)
{
  set_state (self, USHER_SUPERVISOR_STARTING);
  self->start_task = g_object_ref (task);
  self->why = USHER_STOP_RESTART;
  self->round.first = self->slots.head;
  self->round.last = self->slots.tail;
  usher_round_walk_forth (&self->round);
  usher_desk_wake (&self->desk);
}

/* What the round was for is not waited for any more. */
static void
refuse_call (UsherSupervisor *self)
{
  if (self->round.call != NULL)
    usher_supervisor_refuse (self, g_steal_pointer (&self->round.call));
}

/* The walk has passed some children already. */
static void
tell_final (UsherSupervisor *self)
{
  self->why = USHER_STOP_FINAL;
  for (GList *link = self->slots.tail; link != NULL; link = link->prev)
    usher_slot_tell_final (link->data);
}

void
usher_supervisor_end (UsherSupervisor *self,
                      UsherExit *exit,
                      UsherStop why)
{
  gboolean is_late = self->state == USHER_SUPERVISOR_STOPPING;

  if (self->state == USHER_SUPERVISOR_KILLING)
    return;

  g_clear_pointer (&self->exit, usher_exit_unref);
  self->exit = usher_exit_ref (exit);
  if (is_late && why == USHER_STOP_FINAL && self->why == USHER_STOP_RESTART)
    tell_final (self);
  if (is_late)
    return;

  self->why = why;
  if (usher_supervisor_is_simple (self))
    usher_supervisor_stop_all (self);
  else if (self->round.phase == USHER_ROUND_START && self->round.is_begun &&
           self->round.cursor != NULL)
    usher_slot_stop (self->round.cursor->data, why);
  refuse_call (self);
  set_state (self, USHER_SUPERVISOR_STOPPING);
  usher_round_walk_back (&self->round, self->slots.head, self->slots.tail);
  usher_desk_wake (&self->desk);
}

void
usher_supervisor_end_by_kill (UsherSupervisor *self)
{
  refuse_call (self);
  set_state (self, USHER_SUPERVISOR_KILLING);
  g_clear_pointer (&self->exit, usher_exit_unref);
  self->exit = usher_exit_new_killed ();
  for (GList *link = self->slots.tail; link != NULL; link = link->prev)
    usher_slot_kill (link->data);
  usher_round_walk_back (&self->round, self->slots.head, self->slots.tail);
  usher_desk_wake (&self->desk);
}
