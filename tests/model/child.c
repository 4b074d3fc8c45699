/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/model-private.h"

#define MSEC 1000

gboolean
child_is_temporary (const Node *self)
{
  return self->plan->restart == USHER_RESTART_TEMPORARY;
}

gboolean
child_is_down (const Node *self)
{
  return self->view == VIEW_DOWN || self->view == VIEW_RESTARTING;
}

gboolean
child_is_alike (const Node *self)
{
  return sequence_is_alike (self->model->sequence, self->index);
}

gboolean
child_is_forgettable (const Node *self)
{
  return child_is_temporary (self) || child_is_alike (self);
}

static void
tell (Node *self,
      char mark)
{
  seen_add (self->model->seen->deeds[self->plan->parent], "%c%c", mark,
            sequence_get_name (self->model->sequence, self->index));
}

void
child_go_down (Node *self)
{
  if (self->parent != NULL)
    letter_withdraw (self->parent, LETTER_EXIT, self);
  self->view = VIEW_DOWN;
  self->limit_usec = NEVER;
  self->due_usec = NEVER;
  self->is_due = FALSE;
}

/* How the child itself answers what it is told. */

static const Reason exits[] = {
  [TEST_STOP_SHUTDOWN] = REASON_SHUTDOWN,
  [TEST_STOP_NORMAL] = REASON_NORMAL,
  [TEST_STOP_ERROR] = REASON_ERROR,
  [TEST_STOP_TIMED_OUT] = REASON_SHUTDOWN_ERROR,
};

static void
be_shut_down (Node *self,
              UsherStop why)
{
  if (self->plan->is_supervisor)
    {
      supervisor_shutdown (self, why);
      return;
    }

  tell (self, why == USHER_STOP_FINAL ? '=' : '-');
  if (self->is_running && self->stop != TEST_STOP_REFUSE)
    child_exit (self, exits[self->stop]);
}

static void
be_killed (Node *self)
{
  if (self->plan->is_supervisor)
    {
      supervisor_kill (self);
      return;
    }

  tell (self, '!');
  if (self->is_running)
    child_exit (self, REASON_KILLED);
}

void
child_cancel (Node *self)
{
  if ((self->news & NEWS_RETURN) != 0 || self->is_cancelled)
    return;

  self->is_cancelled = TRUE;
  if (self->plan->is_supervisor)
    {
      self->news |= NEWS_CANCEL;
      return;
    }

  tell (self, '~');
  if (self->answer == TEST_START_HANG)
    child_answer (self, USHER_START_FAILED);
}

static void
be_started (Node *self)
{
  if (self->plan->is_supervisor)
    {
      supervisor_start (self);
      return;
    }

  self->answer = self->n_next_starts > 0 ? self->next_start : TEST_START_OK;
  self->n_next_starts -= MIN (self->n_next_starts, 1);
  tell (self, '+');
  if (self->answer == TEST_START_OK || self->answer == TEST_START_EXIT)
    child_succeed (self);
  else if (self->answer == TEST_START_FAIL)
    child_answer (self, USHER_START_FAILED);
  else if (self->answer == TEST_START_IGNORE)
    child_answer (self, USHER_START_IGNORED);
}

/* What is known of it, and what follows from that for this child alone. */

void
child_release (Node *self)
{
  if (self->is_kept)
    supervisor_say (self->parent, WORD_RELEASE, self);
  self->is_kept = FALSE;
}

static void
abandon_start (Node *self)
{
  /* The next start is that of another child. */
  if (child_is_alike (self))
    {
      if ((self->news & NEWS_RETURN) != 0 && self->outcome == USHER_START_STARTED)
        self->news |= NEWS_LATE;
      self->news &= ~NEWS_RETURN;
      self->is_starting = FALSE;
    }
  self->is_abandoned = self->is_starting;
  if (!self->has_exit)
    self->exit = REASON_KILLED;
  self->has_exit = TRUE;
  child_go_down (self);
}

void
child_hear (Node *self,
            WordKind kind)
{
  if (kind == WORD_RELEASE)
    be_shut_down (self, USHER_STOP_FINAL);
  else if (kind == WORD_CANCEL && self->is_starting)
    child_cancel (self);
  else if (kind == WORD_SHUTDOWN && self->view == VIEW_STOPPING)
    {
      self->is_kept = self->told == USHER_STOP_RESTART;
      be_shut_down (self, self->told);
    }
  else if (kind == WORD_KILL && self->view == VIEW_KILLING)
    {
      be_killed (self);
      /* Nobody waits for a start that has not returned by now. */
      if (self->view == VIEW_KILLING && self->is_starting)
        abandon_start (self);
    }
}

void
child_exit (Node *self,
            Reason reason)
{
  self->is_running = FALSE;
  if (self->is_abandoned)
    return;

  self->has_exit = TRUE;
  self->exit = reason;
  self->is_kept = self->is_kept || self->plan->is_supervisor;
  if (self->is_starting)
    return;

  if (self->view == VIEW_RUNNING && self->parent != NULL)
    letter_send (self->parent, LETTER_EXIT, self);
  else
    child_go_down (self);
}

static void
set_limit (Node *self)
{
  gboolean is_common = self->parent->common_limit_usec != NEVER;

  if (self->plan->shutdown_msec >= 0 && self->limit_usec == NEVER && !is_common)
    self->limit_usec = self->model->now_usec + self->plan->shutdown_msec * MSEC;
}

static void
stop_running (Node *self,
              UsherStop why)
{
  self->told = why;
  if (self->is_brutal)
    {
      self->is_kept = why == USHER_STOP_RESTART;
      child_kill (self);
      return;
    }

  self->view = VIEW_STOPPING;
  set_limit (self);
  supervisor_say (self->parent, WORD_SHUTDOWN, self);
}

static void
stop_starting (Node *self,
               UsherStop why)
{
  self->told = why;
  if (self->is_brutal)
    {
      child_kill (self);
      return;
    }

  self->view = VIEW_CANCELLING;
  supervisor_say (self->parent, WORD_CANCEL, self);
  set_limit (self);
}

static void
settle_started (Node *self)
{
  self->is_kept = FALSE;
  self->n_lives++;
  self->up_usec = self->model->now_usec;
  if (self->view != VIEW_STARTING && self->has_exit)
    child_go_down (self);
  else if (self->view == VIEW_CANCELLING)
    stop_running (self, self->told);
  else if (self->view == VIEW_STARTING)
    self->view = VIEW_RUNNING;

  if (self->view == VIEW_RUNNING && self->has_exit)
    child_exit (self, self->exit);
}

static void
settle_not_started (Node *self)
{
  gboolean is_final = self->view != VIEW_STARTING && self->told == USHER_STOP_FINAL;

  self->is_kept = self->is_kept || self->plan->is_supervisor;
  child_go_down (self);
  if (is_final)
    child_release (self);
}

void
child_return (Node *self)
{
  if (self->answer == TEST_START_EXIT && self->is_running && !self->is_abandoned)
    child_exit (self, REASON_ERROR);
  self->is_starting = FALSE;
  if (self->is_abandoned)
    {
      if (self->outcome == USHER_START_STARTED)
        be_killed (self);
      self->is_abandoned = FALSE;
      return;
    }

  self->result = self->outcome;
  if (self->result == USHER_START_STARTED)
    settle_started (self);
  else
    settle_not_started (self);
}

void
child_answer (Node *self,
              UsherStartResult outcome)
{
  self->outcome = outcome;
  self->news |= NEWS_RETURN;
}

void
child_succeed (Node *self)
{
  self->is_running = TRUE;
  child_answer (self, USHER_START_STARTED);
}

void
child_start (Node *self)
{
  self->view = VIEW_STARTING;
  self->told = USHER_STOP_RESTART;
  self->result = USHER_START_FAILED;
  self->has_exit = FALSE;
  self->is_brutal = self->plan->shutdown_msec == USHER_SHUTDOWN_BRUTAL_KILL;
  self->is_unwanted = FALSE;
  if (self->is_abandoned)
    {
      /* Its earlier start is not over. */
      settle_not_started (self);
      return;
    }

  self->is_starting = TRUE;
  self->is_cancelled = FALSE;
  be_started (self);
}

void
child_kill (Node *self)
{
  if (child_is_down (self) || (self->view == VIEW_RUNNING && self->has_exit))
    {
      child_go_down (self);
      return;
    }
  if (self->view == VIEW_KILLING)
    return;

  self->view = VIEW_KILLING;
  self->limit_usec = NEVER;
  supervisor_say (self->parent, WORD_CANCEL, self);
  supervisor_say (self->parent, WORD_KILL, self);
}

void
child_tell_final (Node *self)
{
  if (child_is_down (self))
    {
      child_release (self);
      return;
    }
  if (self->told == USHER_STOP_FINAL || self->view == VIEW_RUNNING)
    return;

  self->told = USHER_STOP_FINAL;
  if (self->view == VIEW_STOPPING)
    supervisor_say (self->parent, WORD_SHUTDOWN, self);
}

void
child_stop (Node *self,
            UsherStop why)
{
  if (self->view == VIEW_STARTING)
    {
      stop_starting (self, why);
      return;
    }
  if (self->view == VIEW_RUNNING && !self->has_exit)
    {
      stop_running (self, why);
      return;
    }

  if (self->view == VIEW_RUNNING || self->view == VIEW_RESTARTING)
    child_go_down (self);
  if (why == USHER_STOP_FINAL)
    child_tell_final (self);
}

gboolean
child_delay (Node *self)
{
  gint64 first_usec = self->plan->delay_msec * MSEC;
  gint64 max_usec = self->plan->delay_max_msec * MSEC;
  gint64 delay_usec;

  if (first_usec == 0)
    return FALSE;

  if (self->result == USHER_START_STARTED && self->model->now_usec - self->up_usec >= max_usec)
    self->next_delay_usec = first_usec;
  delay_usec = self->next_delay_usec;
  self->next_delay_usec = MIN (2 * delay_usec, max_usec);
  if (self->plan->has_jitter)
    delay_usec -= delay_usec * JITTER * DICE;

  self->view = VIEW_RESTARTING;
  self->due_usec = self->model->now_usec + delay_usec;
  return TRUE;
}
