/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/model-private.h"

static const char *const kinds[] = { "normal", "shutdown", "error", "killed" };

gboolean
model_is_temporary (const Child *child)
{
  return child->plan->restart == USHER_RESTART_TEMPORARY;
}

gboolean
model_is_brutal (const Child *child)
{
  return child->plan->shutdown_msec == USHER_SHUTDOWN_BRUTAL_KILL;
}

gboolean
model_is_abnormal (UsherExitKind kind)
{
  return kind == USHER_EXIT_ERROR || kind == USHER_EXIT_KILLED;
}

gboolean
model_is_down (const Child *child)
{
  return child->view == VIEW_UNDEFINED || child->view == VIEW_RESTARTING;
}

static void
tell (Model *self,
      Child *child,
      char mark)
{
  g_string_append_printf (self->seen->calls, "%s%c%c", self->seen->calls->len > 0 ? " " : "", mark,
                          child->name);
}

void
model_report (Model *self,
              const char *context,
              const Child *child,
              UsherExitKind reason)
{
  g_string_append_printf (self->seen->reports, " %s/%c/%s", context, child->name, kinds[reason]);
}

void
model_answer_call (Model *self,
                   Letter *call,
                   const char *text)
{
  static const char *const names[] = {
    [EVENT_START] = "start",
    [EVENT_RESTART] = "restart",
    [EVENT_TERMINATE] = "terminate",
    [EVENT_DELETE] = "delete",
  };

  g_string_append_printf (self->seen->answers, " %s %c: %s", names[call->call], call->child->name, text);
  g_free (call);
}

gboolean
model_is_known (Model *self,
                Child *child)
{
  return g_queue_find (&self->known, child) != NULL;
}

static Letter *
find_letter (Model *self,
             LetterKind kind,
             Child *child)
{
  for (GList *link = self->mailbox.head; link != NULL; link = link->next)
    {
      Letter *letter = link->data;

      if (letter->kind == kind && letter->child == child)
        return letter;
    }

  return NULL;
}

void
model_send (Model *self,
            LetterKind kind,
            Child *child)
{
  if (find_letter (self, kind, child) != NULL)
    return;

  Letter *letter = g_new0 (Letter, 1);

  letter->kind = kind;
  letter->child = child;
  g_queue_push_tail (&self->mailbox, letter);
}

static void
withdraw (Model *self,
          LetterKind kind,
          Child *child)
{
  Letter *letter = find_letter (self, kind, child);

  if (letter != NULL)
    g_queue_remove (&self->mailbox, letter);
  g_free (letter);
}

/* What the child keeps for its next life is let go when there will be none. */
void
model_release (Model *self,
               Child *child)
{
  if (child->is_kept)
    tell (self, child, '=');
  child->is_kept = FALSE;
}

void
model_forget (Model *self,
              Child *child)
{
  model_release (self, child);
  withdraw (self, LETTER_RETRY, child);
  child->view = VIEW_UNDEFINED;
  g_queue_remove (&self->known, child);
  g_queue_remove (&self->to_stop, child);
  g_queue_remove (&self->to_start, child);
}

void
model_go_down (Model *self,
               Child *child)
{
  withdraw (self, LETTER_EXIT, child);
  child->view = VIEW_UNDEFINED;
  child->limit_msec = NEVER;
}

/* The child itself exits. */
void
model_exit_child (Model *self,
                  Child *child,
                  UsherExitKind kind)
{
  child->is_running = FALSE;
  child->has_exit = TRUE;
  child->exit = kind;
  if (child->view == VIEW_RUNNING)
    model_send (self, LETTER_EXIT, child);
  else
    model_go_down (self, child);
}

void
model_fail_start (Model *self,
                  Child *child)
{
  child->result = USHER_START_FAILED;
  model_go_down (self, child);
  if (child->told == USHER_STOP_FINAL)
    model_release (self, child);
}

static gboolean
cancel_start (Model *self,
              Child *child)
{
  if (child->is_hanging && !child->is_cancelled)
    tell (self, child, '~');
  child->is_cancelled = TRUE;

  return child->is_hanging && child->answer == TEST_START_HANG;
}

void
model_kill_child (Model *self,
                  Child *child)
{
  if (model_is_down (child))
    return;

  if (!child->is_running)
    child->is_returning = cancel_start (self, child);
  child->view = VIEW_STOPPING;
  tell (self, child, '!');
  if (child->is_running)
    {
      model_exit_child (self, child, USHER_EXIT_KILLED);
      return;
    }

  /* Nobody waits for a start that has not returned by now. */
  child->has_exit = TRUE;
  child->exit = USHER_EXIT_KILLED;
  model_go_down (self, child);
}

static void
ask_to_exit (Model *self,
             Child *child)
{
  static const UsherExitKind exits[] = {
    [TEST_STOP_SHUTDOWN] = USHER_EXIT_SHUTDOWN,
    [TEST_STOP_NORMAL] = USHER_EXIT_NORMAL,
    [TEST_STOP_ERROR] = USHER_EXIT_ERROR,
  };

  tell (self, child, child->told == USHER_STOP_FINAL ? '=' : '-');
  if (child->is_running && child->stop != TEST_STOP_REFUSE)
    model_exit_child (self, child, exits[child->stop]);
}

static void
set_limit (Model *self,
           Child *child)
{
  if (child->plan->shutdown_msec >= 0 && child->limit_msec == NEVER)
    child->limit_msec = self->now_msec + child->plan->shutdown_msec;
}

static void
stop_running (Model *self,
              Child *child,
              UsherStop why)
{
  child->told = why;
  child->is_kept = why == USHER_STOP_RESTART;
  child->is_brutal = model_is_brutal (child);
  child->view = VIEW_STOPPING;
  if (child->is_brutal)
    {
      model_kill_child (self, child);
      return;
    }

  set_limit (self, child);
  ask_to_exit (self, child);
}

static void
stop_starting (Model *self,
               Child *child,
               UsherStop why)
{
  child->told = why;
  child->view = VIEW_CANCELLING;
  set_limit (self, child);
  if (model_is_brutal (child))
    model_kill_child (self, child);
  else
    child->is_returning = cancel_start (self, child);
}

void
model_tell_final (Model *self,
                  Child *child)
{
  if (model_is_down (child))
    model_release (self, child);
  else if (child->told == USHER_STOP_RESTART)
    {
      child->told = USHER_STOP_FINAL;
      if (child->view == VIEW_STOPPING)
        {
          child->is_kept = FALSE;
          if (!child->is_brutal)
            ask_to_exit (self, child);
        }
    }
}

void
model_stop_child (Model *self,
                  Child *child,
                  UsherStop why)
{
  if (child->view == VIEW_STARTING)
    {
      stop_starting (self, child, why);
      return;
    }

  if (child->view == VIEW_RUNNING && child->has_exit)
    {
      child->is_brutal = model_is_brutal (child);
      model_go_down (self, child);
    }
  else if (child->view == VIEW_RUNNING)
    stop_running (self, child, why);
  else if (child->view == VIEW_RESTARTING)
    child->view = VIEW_UNDEFINED;

  if (why == USHER_STOP_FINAL)
    model_tell_final (self, child);
}

void
model_succeed (Model *self,
               Child *child)
{
  child->is_hanging = FALSE;
  if (model_is_down (child))
    {
      /* It comes too late for anybody to want it. */
      tell (self, child, '!');
      return;
    }

  child->is_running = TRUE;
  child->is_kept = FALSE;
  child->result = USHER_START_STARTED;
  if (child->view == VIEW_STARTING)
    child->view = VIEW_RUNNING;
  else
    stop_running (self, child, child->told);
}

void
model_start_child (Model *self,
                   Child *child)
{
  child->view = VIEW_STARTING;
  child->told = USHER_STOP_RESTART;
  child->has_exit = FALSE;
  child->is_brutal = FALSE;
  if (child->is_hanging)
    {
      /* A start that nobody waited for has not returned. */
      model_fail_start (self, child);
      return;
    }

  child->answer = child->next_start;
  child->is_cancelled = FALSE;
  tell (self, child, '+');
  if (child->answer == TEST_START_OK || child->answer == TEST_START_EXIT)
    model_succeed (self, child);
  if (child->answer == TEST_START_EXIT)
    model_exit_child (self, child, USHER_EXIT_ERROR);
  if (child->answer == TEST_START_FAIL || child->answer == TEST_START_IGNORE)
    model_fail_start (self, child);
  if (child->answer == TEST_START_IGNORE)
    child->result = USHER_START_IGNORED;
  child->is_hanging = child->answer == TEST_START_HANG || child->answer == TEST_START_STUBBORN;
}

void
model_report_stopped (Model *self,
                      Child *child)
{
  gboolean is_permanent = child->plan->restart == USHER_RESTART_PERMANENT;
  gboolean is_due;

  if (!child->has_exit)
    return;

  child->has_exit = FALSE;
  if (child->exit == USHER_EXIT_KILLED)
    is_due = !child->is_brutal;
  else if (child->exit == USHER_EXIT_SHUTDOWN)
    is_due = child->is_brutal && is_permanent;
  else if (child->exit == USHER_EXIT_NORMAL)
    is_due = is_permanent;
  else
    is_due = TRUE;

  if (is_due)
    model_report (self, "shutdown-error", child, child->exit);
}
