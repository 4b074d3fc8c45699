/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "runtime/clock-private.h"
#include "supervision/exit-private.h"
#include "supervision/stop-report-private.h"
#include "supervision/strategy-private.h"
#include "usher/error.h"

static void
begin_restart (UsherSupervisor *self,
               UsherSlot *slot)
{
  UsherStrategyRange range = usher_strategy_choose (self->strategy, &self->slots, slot);

  usher_round_walk_back (&self->round, range.first, range.last);
}

/* Who has used up a budget of its own says who it is, and what went wrong there. */
static char *
describe_failure (UsherSlot *slot,
                  UsherExit *failure)
{
  if (g_error_matches (usher_exit_get_error (failure), USHER_ERROR, USHER_ERROR_MAX_INTENSITY))
    return g_strdup (usher_exit_get_text (failure));

  return g_strdup_printf ("child “%s”: %s", usher_slot_get_id (slot), usher_exit_get_text (failure));
}

static void
escalate (UsherSupervisor *self,
          UsherSlot *slot,
          UsherExit *failure)
{
  g_autofree char *name = g_strdup_printf ("supervisor “%s”", self->name);
  g_autofree char *latest = describe_failure (slot, failure);
  g_autoptr (GError) error = usher_budget_make_error (&self->budget, name, latest);
  g_autoptr (UsherExit) exit = usher_exit_new_shutdown_with_error (error);

  usher_supervisor_report (self, USHER_REPORT_SHUTDOWN, exit, slot);
  usher_supervisor_end (self, exit, USHER_STOP_RESTART);
}

static void
restart (UsherSupervisor *self,
         UsherSlot *slot,
         UsherExit *failure)
{
  if (!usher_budget_charge (&self->budget, usher_clock_now_usec ()))
    escalate (self, slot, failure);
  else if (!usher_slot_delay (slot))
    begin_restart (self, slot);
}

/* Whether there is a significant child that may still end by itself. */
static gboolean
has_significant_child (UsherSupervisor *self)
{
  for (GList *link = self->slots.head; link != NULL; link = link->next)
    {
      const UsherSlot *slot = link->data;

      if (slot->state != USHER_SLOT_DOWN && usher_child_spec_get_significant (slot->spec))
        return TRUE;
    }

  return FALSE;
}

/* A significant child has ended by itself. */
static void
consider_auto_shutdown (UsherSupervisor *self)
{
  g_autoptr (UsherExit) exit = usher_exit_new_shutdown ();

  if (self->auto_shutdown == USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT ||
      (self->auto_shutdown == USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT && !has_significant_child (self)))
    usher_supervisor_end (self, exit, USHER_STOP_RESTART);
}

static void
handle_exit (UsherSupervisor *self,
             UsherLetter *letter)
{
  UsherSlot *slot = USHER_OWNER (UsherSlot, exit_letter, letter);
  g_autoptr (UsherExit) exit = usher_slot_take_exit (slot);
  UsherRestart type = usher_child_spec_get_restart (slot->spec);
  gboolean is_reported = type == USHER_RESTART_PERMANENT || usher_exit_is_abnormal (exit);
  gboolean is_significant = usher_child_spec_get_significant (slot->spec);

  if (is_reported)
    usher_supervisor_report (self, USHER_REPORT_CHILD_TERMINATED, exit, slot);
  if (is_reported && type != USHER_RESTART_TEMPORARY)
    {
      restart (self, slot, exit);
      return;
    }

  if (usher_supervisor_forgets (self, slot))
    usher_supervisor_drop_slot (self, slot);
  else
    usher_slot_release (slot);
  if (is_significant)
    consider_auto_shutdown (self);
}

static void
handle_retry (UsherSupervisor *self,
              UsherLetter *letter)
{
  UsherSlot *slot = USHER_OWNER (UsherSlot, retry_letter, letter);

  /* A round for the sake of another child may have started it, or left it down. */
  if (slot->state != USHER_SLOT_RESTARTING)
    return;

  if (slot->is_due)
    begin_restart (self, slot);
  else if (!usher_timer_is_started (&slot->timer))
    restart (self, slot, slot->failure);
}

static gboolean
take_letter (UsherSupervisor *self)
{
  UsherLetter *letter = usher_desk_next_letter (&self->desk);

  if (letter == NULL)
    return FALSE;

  if (letter->kind == USHER_LETTER_EXIT)
    handle_exit (self, letter);
  else if (letter->kind == USHER_LETTER_RETRY)
    handle_retry (self, letter);
  else
    usher_supervisor_handle_call (self, USHER_OWNER (UsherCall, letter, letter));
  return TRUE;
}

static void
report_stopped (UsherSupervisor *self,
                UsherSlot *slot)
{
  g_autoptr (UsherExit) exit = usher_slot_take_exit (slot);
  UsherRestart type = usher_child_spec_get_restart (slot->spec);

  if (exit == NULL || !usher_stop_report_is_due (slot->was_brutal, type, exit))
    return;

  if (usher_supervisor_is_simple (self) && usher_supervisor_is_ending (self))
    usher_report_tally_add (&self->tally, exit, NULL);
  else
    usher_supervisor_report (self, USHER_REPORT_SHUTDOWN_ERROR, exit, slot);
}

/* A restart only stops those that are to come back, and temporary ones. */
static void
settle_stopped (UsherSupervisor *self,
                UsherSlot *slot)
{
  gboolean comes_back = self->round.call == NULL &&
                        usher_child_spec_get_restart (slot->spec) != USHER_RESTART_TEMPORARY;

  report_stopped (self, slot);
  if (!comes_back && usher_supervisor_forgets (self, slot) && !usher_supervisor_is_ending (self))
    usher_supervisor_drop_slot (self, slot);
}

static void
complete_call (UsherSupervisor *self,
               UsherStartResult result,
               GError *error)
{
  UsherCall *call = g_steal_pointer (&self->round.call);

  usher_round_end (&self->round);
  usher_supervisor_answer (self, call, result, error);
}

static void
complete_stop (UsherSupervisor *self)
{
  if (usher_supervisor_is_ending (self))
    usher_supervisor_complete_end (self);
  else if (self->round.call != NULL)
    complete_call (self, USHER_START_STARTED, NULL);
  else
    usher_round_walk_forth (&self->round);
}

/* A child that is terminated, and a temporary one that goes for the sake of another, do not come
 * back. */
static UsherStop
choose_stop (UsherSupervisor *self,
             UsherSlot *slot)
{
  if (self->round.call != NULL)
    return USHER_STOP_FINAL;
  if (!usher_supervisor_is_ending (self) && usher_child_spec_get_restart (slot->spec) == USHER_RESTART_TEMPORARY)
    return USHER_STOP_FINAL;

  return self->why;
}

static gboolean
step_stop (UsherSupervisor *self)
{
  if (self->round.cursor == NULL)
    {
      complete_stop (self);
      return TRUE;
    }

  UsherSlot *slot = self->round.cursor->data;

  usher_slot_stop (slot, choose_stop (self, slot));
  if (!usher_slot_is_down (slot))
    return FALSE;

  usher_round_move_back (&self->round);
  settle_stopped (self, slot);
  return TRUE;
}

static void
settle_failed_start (UsherSupervisor *self,
                     UsherSlot *slot)
{
  g_autoptr (GError) error = g_steal_pointer (&slot->start_error);
  g_autoptr (UsherExit) reason = usher_exit_new_error (error);

  usher_round_end (&self->round);
  usher_supervisor_report (self, USHER_REPORT_START_ERROR, reason, slot);
  if (self->state != USHER_SUPERVISOR_STARTING)
    {
      usher_slot_retry (slot, reason);
      return;
    }

  /* What a supervisor says has its name already, and that of the child which is to blame. */
  if (!USHER_IS_SUPERVISOR (slot->child))
    g_prefix_error (&error, "supervisor “%s”: child “%s” failed to start: ", self->name,
                    usher_slot_get_id (slot));
  self->start_error = g_steal_pointer (&error);
  usher_supervisor_end (self, reason, USHER_STOP_RESTART);
}

/* A child that was terminated while it was starting. In the start of the supervisor it counts as
 * one that ignored its start. In a restart it counts as one that failed and is not to be tried
 * again: those behind it stay down, as in OTP. */
static void
settle_terminated_start (UsherSupervisor *self,
                         UsherSlot *slot)
{
  const UsherCall *call = self->round.call;
  gboolean is_forgotten = (call != NULL && call->kind == USHER_CALL_START) ||
                          usher_supervisor_forgets (self, slot);

  report_stopped (self, slot);
  if (call == NULL && self->state == USHER_SUPERVISOR_RUNNING)
    usher_round_end (&self->round);
  else
    usher_round_move_forth (&self->round);
  if (call != NULL)
    complete_call (self, USHER_START_FAILED,
                   g_error_new (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                "child “%s”: terminated while it was starting",
                                usher_slot_get_id (slot)));
  if (is_forgotten)
    usher_supervisor_drop_slot (self, slot);
}

static void
settle_called_start (UsherSupervisor *self,
                     UsherSlot *slot)
{
  UsherCall *call = self->round.call;
  gboolean is_new = call->kind != USHER_CALL_RESTART;
  UsherStartResult result = slot->start_result;
  GError *error = g_steal_pointer (&slot->start_error);

  g_prefix_error (&error, "child “%s” failed to start: ", usher_slot_get_id (slot));
  if (result == USHER_START_FAILED && is_new)
    usher_supervisor_drop_slot (self, slot);
  if (call->kind == USHER_CALL_START_WITH_ARGUMENT && result == USHER_START_STARTED)
    call->child = g_object_ref (slot->child);
  complete_call (self, result, error);
}

static void
settle_start (UsherSupervisor *self,
              UsherSlot *slot)
{
  gboolean is_forgotten =
      slot->start_result == USHER_START_IGNORED && usher_supervisor_forgets (self, slot);

  if (slot->start_result == USHER_START_FAILED && self->round.call == NULL)
    {
      settle_failed_start (self, slot);
      return;
    }

  usher_round_move_forth (&self->round);
  if (self->round.call != NULL)
    settle_called_start (self, slot);
  else if (slot->start_result == USHER_START_STARTED)
    usher_supervisor_report_progress (self, slot);
  if (is_forgotten)
    usher_supervisor_drop_slot (self, slot);
}

static gboolean
step_start (UsherSupervisor *self)
{
  if (self->round.cursor == NULL)
    {
      usher_round_end (&self->round);
      if (self->state == USHER_SUPERVISOR_STARTING)
        usher_supervisor_complete_begin (self);
      return TRUE;
    }

  UsherSlot *slot = self->round.cursor->data;

  if (!self->round.is_begun)
    {
      self->round.is_begun = TRUE;
      usher_slot_start (slot);
      return TRUE;
    }
  if (slot->state == USHER_SLOT_RUNNING || slot->state == USHER_SLOT_EXITED)
    settle_start (self, slot);
  else if (!usher_slot_is_down (slot))
    return FALSE;
  else if (slot->told == USHER_STOP_FINAL)
    settle_terminated_start (self, slot);
  else
    settle_start (self, slot);
  return TRUE;
}

void
usher_supervisor_call_start (UsherSupervisor *self,
                             UsherSlot *slot,
                             UsherCall *call)
{
  self->round.first = &slot->link;
  self->round.last = &slot->link;
  self->round.call = call;
  usher_round_walk_forth (&self->round);
}

void
usher_supervisor_call_stop (UsherSupervisor *self,
                            UsherSlot *slot,
                            UsherCall *call)
{
  usher_round_walk_back (&self->round, &slot->link, &slot->link);
  self->round.call = call;
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
