/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "runtime/clock-private.h"
#include "supervision/report-private.h"
#include "supervision/stop-report-private.h"
#include "supervision/strategy-private.h"
#include "usher/error.h"

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

typedef struct
{
  UsherSupervisor *supervisor; /* (unowned): errands run while it lives */
  UsherReportContext context;
  UsherExit *reason; /* (owned) */
  char *offender;    /* (owned) */
} ReportErrand;

static void
run_report (gpointer data)
{
  ReportErrand *errand = data;
  const UsherReportFields fields = {
    .supervisor = errand->supervisor->name,
    .context = errand->context,
    .reason = errand->reason,
    .offender = errand->offender,
    .n_children = 1,
  };

  usher_report_emit (errand->supervisor, &fields);
  usher_exit_unref (errand->reason);
  g_free (errand->offender);
  g_free (errand);
}

static void
send_report (UsherSupervisor *self,
             UsherReportContext context,
             UsherExit *reason,
             const UsherSlot *offender)
{
  ReportErrand *errand = g_new0 (ReportErrand, 1);

  errand->supervisor = self;
  errand->context = context;
  errand->reason = usher_exit_ref (reason);
  errand->offender = g_strdup (usher_slot_get_id (offender));
  usher_desk_send (&self->desk, run_report, errand);
}

static void
walk_back (UsherSupervisor *self,
           UsherStrategyRange range)
{
  self->round = (UsherRound){
    .phase = USHER_ROUND_STOP,
    .first = range.first,
    .last = range.last,
    .cursor = range.last,
  };
}

static void
walk_forth (UsherSupervisor *self)
{
  self->round.phase = USHER_ROUND_START;
  self->round.cursor = self->round.first;
  self->round.is_begun = FALSE;
}

static void
end_round (UsherSupervisor *self)
{
  self->round = (UsherRound){ 0 };
}

static void
move_back (UsherRound *round)
{
  round->cursor = round->cursor == round->first ? NULL : round->cursor->prev;
}

static void
move_forth (UsherRound *round)
{
  round->cursor = round->cursor == round->last ? NULL : round->cursor->next;
  round->is_begun = FALSE;
}

static void
restart (UsherSupervisor *self,
         UsherSlot *slot)
{
  if (usher_budget_charge (&self->budget, usher_clock_now_usec ()))
    {
      walk_back (self, usher_strategy_choose (self->strategy, &self->slots, slot));
      return;
    }

  g_autoptr (GError) error =
      g_error_new (USHER_ERROR, USHER_ERROR_MAX_INTENSITY,
                   "supervisor “%s”: more than %u restarts within %" G_GINT64_FORMAT " ms",
                   self->name, self->budget.intensity, self->budget.period_usec / 1000);
  g_autoptr (UsherExit) exit = usher_exit_new_shutdown (error);

  send_report (self, USHER_REPORT_SHUTDOWN, exit, slot);
  usher_supervisor_end (self, exit, USHER_STOP_RESTART);
}

static void
handle_exit (UsherSupervisor *self,
             UsherLetter *letter)
{
  UsherSlot *slot = USHER_OWNER (UsherSlot, exit_letter, letter);
  g_autoptr (UsherExit) exit = usher_slot_take_exit (slot);
  UsherRestart type = usher_child_spec_get_restart (slot->spec);

  if (type == USHER_RESTART_PERMANENT || usher_exit_is_abnormal (exit))
    send_report (self, USHER_REPORT_CHILD_TERMINATED, exit, slot);

  if (type == USHER_RESTART_TEMPORARY)
    usher_supervisor_drop_slot (self, slot);
  else if (type == USHER_RESTART_PERMANENT || usher_exit_is_abnormal (exit))
    restart (self, slot);
  else
    usher_slot_release (slot);
}

static void
handle_retry (UsherSupervisor *self,
              UsherLetter *letter)
{
  UsherSlot *slot = USHER_OWNER (UsherSlot, retry_letter, letter);

  /* A round for the sake of another child may have started it, or left it down. */
  if (slot->state == USHER_SLOT_RESTARTING)
    restart (self, slot);
}

static gboolean
take_letter (UsherSupervisor *self)
{
  UsherLetter *letter = usher_desk_next_letter (&self->desk);

  if (letter == NULL)
    return FALSE;

  if (letter->kind == USHER_LETTER_EXIT)
    handle_exit (self, letter);
  else
    handle_retry (self, letter);
  return TRUE;
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

static void
answer_started (UsherSupervisor *self)
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
forget_letters (UsherSupervisor *self)
{
  while (usher_desk_next_letter (&self->desk) != NULL)
    continue;
}

static void
complete_end (UsherSupervisor *self)
{
  g_autoptr (UsherExit) exit = g_steal_pointer (&self->exit);

  end_round (self);
  forget_letters (self);
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

static gboolean
is_ending (UsherSupervisor *self)
{
  return self->state == USHER_SUPERVISOR_STOPPING || self->state == USHER_SUPERVISOR_KILLING;
}

static void
settle_stopped (UsherSupervisor *self,
                UsherSlot *slot)
{
  g_autoptr (UsherExit) exit = usher_slot_take_exit (slot);
  UsherRestart type = usher_child_spec_get_restart (slot->spec);

  if (exit != NULL && usher_stop_report_is_due (slot->was_brutal, type, exit))
    send_report (self, USHER_REPORT_SHUTDOWN_ERROR, exit, slot);
  if (type == USHER_RESTART_TEMPORARY && !is_ending (self))
    usher_supervisor_drop_slot (self, slot);
}

/* A temporary child that goes for the sake of another does not come back. */
static UsherStop
choose_stop (UsherSupervisor *self,
             UsherSlot *slot)
{
  if (!is_ending (self) && usher_child_spec_get_restart (slot->spec) == USHER_RESTART_TEMPORARY)
    return USHER_STOP_FINAL;

  return self->why;
}

static gboolean
step_stop (UsherSupervisor *self)
{
  if (self->round.cursor == NULL)
    {
      if (is_ending (self))
        complete_end (self);
      else
        walk_forth (self);
      return TRUE;
    }

  UsherSlot *slot = self->round.cursor->data;

  usher_slot_stop (slot, choose_stop (self, slot));
  if (!usher_slot_is_down (slot))
    return FALSE;

  move_back (&self->round);
  settle_stopped (self, slot);
  return TRUE;
}

static void
settle_failed_start (UsherSupervisor *self,
                     UsherSlot *slot)
{
  g_autoptr (GError) error = g_steal_pointer (&slot->start_error);
  g_autoptr (UsherExit) reason = usher_exit_new_error (error);

  end_round (self);
  send_report (self, USHER_REPORT_START_ERROR, reason, slot);
  if (self->state != USHER_SUPERVISOR_STARTING)
    {
      usher_slot_retry (slot);
      return;
    }

  g_prefix_error (&error, "supervisor “%s”: child “%s” failed to start: ", self->name,
                  usher_slot_get_id (slot));
  self->start_error = g_steal_pointer (&error);
  usher_supervisor_end (self, reason, USHER_STOP_RESTART);
}

static void
settle_start (UsherSupervisor *self,
              UsherSlot *slot)
{
  if (slot->start_result == USHER_START_FAILED)
    {
      settle_failed_start (self, slot);
      return;
    }

  move_forth (&self->round);
  if (slot->start_result == USHER_START_IGNORED &&
      usher_child_spec_get_restart (slot->spec) == USHER_RESTART_TEMPORARY)
    usher_supervisor_drop_slot (self, slot);
}

static gboolean
step_start (UsherSupervisor *self)
{
  if (self->round.cursor == NULL)
    {
      end_round (self);
      if (self->state == USHER_SUPERVISOR_STARTING)
        answer_started (self);
      return TRUE;
    }

  UsherSlot *slot = self->round.cursor->data;

  if (!self->round.is_begun)
    {
      self->round.is_begun = TRUE;
      usher_slot_start (slot);
      return TRUE;
    }
  if (slot->state == USHER_SLOT_STARTING)
    return FALSE;

  settle_start (self, slot);
  return TRUE;
}

gboolean
usher_supervisor_step (gpointer owner)
{
  UsherSupervisor *self = owner;

  if (self->state == USHER_SUPERVISOR_DOWN)
    return FALSE;
  if (self->round.phase == USHER_ROUND_STOP)
    return step_stop (self);
  if (self->round.phase == USHER_ROUND_START)
    return step_start (self);

  return take_letter (self);
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
  walk_forth (self);
  usher_desk_wake (&self->desk);
}

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
  if (self->state == USHER_SUPERVISOR_KILLING)
    return;

  if (why == USHER_STOP_FINAL && self->why == USHER_STOP_RESTART)
    tell_final (self);
  g_clear_pointer (&self->exit, usher_exit_unref);
  self->exit = usher_exit_ref (exit);
  if (self->state == USHER_SUPERVISOR_STOPPING)
    return;

  if (self->round.phase == USHER_ROUND_START && self->round.is_begun)
    usher_slot_stop (self->round.cursor->data, why);
  set_state (self, USHER_SUPERVISOR_STOPPING);
  walk_back (self, (UsherStrategyRange){ self->slots.head, self->slots.tail });
  usher_desk_wake (&self->desk);
}

void
usher_supervisor_end_by_kill (UsherSupervisor *self)
{
  set_state (self, USHER_SUPERVISOR_KILLING);
  g_clear_pointer (&self->exit, usher_exit_unref);
  self->exit = usher_exit_new_killed ();
  for (GList *link = self->slots.tail; link != NULL; link = link->prev)
    usher_slot_kill (link->data);
  walk_back (self, (UsherStrategyRange){ self->slots.head, self->slots.tail });
  usher_desk_wake (&self->desk);
}
