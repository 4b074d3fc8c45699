/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/model-private.h"

/* The supervisor as OTP writes it: one process, which waits for what it has begun, and takes a
 * letter when it has nothing else to do. */

void
supervisor_report (Node *self,
                   const char *context,
                   const Node *child,
                   Reason reason)
{
  char name = child_is_alike (child) ? TEMPLATE : sequence_get_name (self->model->sequence, child->index);

  seen_add (self->model->seen->deeds[self->index], "%s/%c/%s", context, name, reason_get_name (reason));
}

static void
answer (Node *self,
        Letter *letter,
        const char *text)
{
  g_autoptr (GString) line = g_string_new (NULL);

  sequence_print_event (self->model->sequence, &letter->call, line);
  seen_add (self->model->seen->answers[self->index], "%s: %s.", line->str, text);
  g_free (letter);
}

void
supervisor_finish_call (Node *self,
                        const char *text)
{
  answer (self, g_steal_pointer (&self->call), text);
}

static void
refuse_current_call (Node *self)
{
  if (self->call != NULL)
    supervisor_finish_call (self, "not-running");
}

void
supervisor_forget (Node *self,
                   Node *child)
{
  letter_withdraw (self, LETTER_RETRY, child);
  child_go_down (child);
  child_release (child);
  g_queue_remove (&self->known, child);
}

static gboolean
is_ending (const Node *self)
{
  return self->phase == PHASE_ENDING;
}

static void
stop_current_start (Node *self)
{
  for (GList *link = self->known.head; link != NULL; link = link->next)
    {
      Node *child = link->data;

      if (child->view == VIEW_STARTING)
        child_stop (child, self->why);
    }
}

/* Children that are alike stop side by side. */
static void
stop_all (Node *self)
{
  if (self->known.tail == NULL)
    return;

  gint64 limit_msec = ((Node *) self->known.tail->data)->plan->shutdown_msec;

  if (limit_msec >= 0)
    self->common_limit_usec = self->model->now_usec + limit_msec * 1000;
  for (GList *link = self->known.tail; link != NULL; link = link->prev)
    child_stop (link->data, self->why);
}

void
supervisor_expire (Node *self)
{
  self->common_limit_usec = NEVER;
  for (GList *link = self->known.tail; link != NULL; link = link->prev)
    {
      Node *child = link->data;

      if (child->view == VIEW_STOPPING || child->view == VIEW_CANCELLING)
        child_kill (child);
    }
}

static void
tell_all_final (Node *self)
{
  for (GList *link = self->known.tail; link != NULL; link = link->prev)
    child_tell_final (link->data);
}

void
supervisor_end (Node *self,
                Reason reason,
                UsherStop why)
{
  gboolean is_late = is_ending (self);
  gboolean is_change = self->why == USHER_STOP_RESTART && why == USHER_STOP_FINAL;

  if (self->is_killed)
    return;

  refuse_current_call (self);
  self->phase = PHASE_ENDING;
  self->reason = reason;
  if (!is_late || is_change)
    self->why = why;
  if (!is_late && self->plan->strategy == USHER_STRATEGY_SIMPLE_ONE_FOR_ONE)
    stop_all (self);
  else if (!is_late)
    stop_current_start (self);
  else if (is_change)
    tell_all_final (self);
}

static void
wait_until (Node *self,
            ProcessCondition condition)
{
  self->is_awake = FALSE;
  process_wait_until (self->process, condition);
  self->is_awake = TRUE;
  supervisor_speak (self);
}

void
supervisor_speak (Node *self)
{
  Word *word;

  while ((word = g_queue_pop_head (&self->words)) != NULL)
    {
      child_hear (word->child, word->kind);
      g_free (word);
    }
}

void
supervisor_say (Node *self,
                WordKind kind,
                Node *child)
{
  Word *word = g_new0 (Word, 1);

  word->kind = kind;
  word->child = child;
  g_queue_push_tail (&self->words, word);
  if (self->is_awake)
    supervisor_speak (self);
}

/* Starting */

static gboolean
is_start_over (gpointer data)
{
  const Node *self = data;

  return is_ending (self) || self->waits_for->view != VIEW_STARTING;
}

static gboolean
is_stop_over (gpointer data)
{
  const Node *self = data;

  return is_ending (self) || child_is_down (self->waits_for);
}

static void
report_stopped (Node *self,
                Node *child)
{
  gboolean is_permanent = child->plan->restart == USHER_RESTART_PERMANENT;
  Reason reason = child->exit == REASON_OVER_BUDGET ? REASON_SHUTDOWN : child->exit;
  gboolean is_silent;

  if (!child->has_exit)
    return;

  child->has_exit = FALSE;
  if (reason == REASON_ERROR)
    is_silent = FALSE;
  else if (reason == REASON_KILLED)
    is_silent = child->is_brutal;
  else if (reason == REASON_SHUTDOWN && !child->is_brutal)
    is_silent = TRUE;
  else
    is_silent = !is_permanent;

  if (!is_silent && child_is_alike (child) && is_ending (self))
    g_array_append_val (self->tally, child->exit);
  else if (!is_silent)
    supervisor_report (self, "shutdown-error", child, child->exit);
}

static gboolean
await_stop (Node *self,
            Node *child)
{
  self->waits_for = child;
  wait_until (self, is_stop_over);
  if (is_ending (self))
    return FALSE;

  report_stopped (self, child);
  return TRUE;
}

gboolean
supervisor_stop_child (Node *self,
                       Node *child,
                       UsherStop why)
{
  child_stop (child, why);
  return await_stop (self, child);
}

StartOutcome
supervisor_start_child (Node *self,
                        Node *child)
{
  child_start (child);
  self->waits_for = child;
  wait_until (self, is_start_over);
  if (is_ending (self))
    return START_INTERRUPTED;
  if (!child->is_unwanted)
    return child->result == USHER_START_FAILED ? START_FAILED : START_DONE;

  return await_stop (self, child) ? START_TERMINATED : START_INTERRUPTED;
}

StartOutcome
supervisor_start_round (Node *self)
{
  Node *child;

  while ((child = g_queue_pop_head (&self->round)) != NULL)
    {
      StartOutcome outcome = supervisor_start_child (self, child);

      if (outcome == START_FAILED)
        supervisor_report (self, "start-error", child, REASON_ERROR);
      if (outcome == START_FAILED && self->phase == PHASE_RUNNING)
        {
          child->view = VIEW_RESTARTING;
          letter_send (self, LETTER_RETRY, child);
        }
      if (outcome == START_INTERRUPTED)
        {
          g_queue_clear (&self->round);
          return outcome;
        }
      if (outcome != START_FAILED && child_is_down (child) && child_is_forgettable (child))
        supervisor_forget (self, child);
      if (outcome == START_FAILED || (outcome == START_TERMINATED && self->phase == PHASE_RUNNING))
        {
          g_queue_clear (&self->round);
          return outcome;
        }
    }

  return START_DONE;
}

/* Ending */

static gboolean
is_last_stop_over (gpointer data)
{
  const Node *self = data;

  return child_is_down (self->waits_for);
}

static void
stop_everything (Node *self)
{
  for (GList *link = self->known.tail; link != NULL; link = link->prev)
    {
      self->waits_for = link->data;
      child_stop (self->waits_for, self->why);
      wait_until (self, is_last_stop_over);
      if (self->why == USHER_STOP_FINAL)
        child_release (self->waits_for);
      report_stopped (self, self->waits_for);
    }
}

static guint
count_in_tally (const Node *self,
                Reason reason,
                guint n_first)
{
  guint count = 0;

  for (guint i = 0; i < n_first; i++)
    count += g_array_index (self->tally, Reason, i) == reason;

  return count;
}

/* One report for each reason. */
static void
report_tally (Node *self)
{
  GString *deeds = self->model->seen->deeds[self->index];

  for (guint i = 0; i < self->tally->len; i++)
    {
      Reason reason = g_array_index (self->tally, Reason, i);
      guint count = count_in_tally (self, reason, self->tally->len);

      if (count_in_tally (self, reason, i) > 0)
        continue;
      seen_add (deeds, "shutdown-error/%c/%s", TEMPLATE, reason_get_name (reason));
      if (count > 1)
        seen_add (deeds, "*%u", count);
    }
  g_array_set_size (self->tally, 0);
}

static void
end_life (Node *self)
{
  Letter *letter;
  GList *previous;

  self->common_limit_usec = NEVER;
  report_tally (self);

  while ((letter = g_queue_pop_head (&self->mailbox)) != NULL)
    if (letter->kind == LETTER_CALL)
      answer (self, letter, "not-running");
    else
      g_free (letter);
  for (GList *link = self->known.tail; link != NULL; link = previous)
    {
      Node *child = link->data;

      previous = link->prev;
      if (child->is_dynamic)
        supervisor_forget (self, child);
    }

  self->phase = PHASE_DOWN;
  if (!self->has_started)
    child_answer (self, USHER_START_FAILED);
  else
    self->news |= NEWS_EXIT;
}

/* The life of a supervisor */

static gboolean
is_asked_to_start (gpointer data)
{
  const Node *self = data;

  return self->phase != PHASE_DOWN;
}

static gboolean
has_something_to_do (gpointer data)
{
  const Node *self = data;

  return is_ending (self) || self->mailbox.head != NULL;
}

static void
start_everything (Node *self)
{
  StartOutcome outcome = is_ending (self) ? START_INTERRUPTED : supervisor_start_round (self);

  if (outcome == START_FAILED)
    supervisor_end (self, REASON_SHUTDOWN, USHER_STOP_RESTART);
  if (is_ending (self))
    return;

  self->phase = PHASE_RUNNING;
  self->has_started = TRUE;
  child_answer (self, USHER_START_STARTED);
}

void
supervisor_main (gpointer data)
{
  Node *self = data;

  for (;;)
    {
      wait_until (self, is_asked_to_start);
      start_everything (self);
      while (!is_ending (self))
        {
          wait_until (self, has_something_to_do);
          if (!is_ending (self))
            supervisor_handle (self, g_queue_pop_head (&self->mailbox));
        }
      stop_everything (self);
      end_life (self);
    }
}

void
supervisor_start (Node *self)
{
  self->phase = PHASE_STARTING;
  self->why = USHER_STOP_RESTART;
  self->has_started = FALSE;
  self->is_killed = FALSE;
  g_array_set_size (self->charges, 0);
  g_queue_clear (&self->known);
  g_queue_clear (&self->round);
  for (guint i = 1; i < self->model->n_nodes; i++)
    {
      Node *child = &self->model->nodes[i];

      if (child->parent != self || !child->is_configured)
        continue;
      child->is_dynamic = FALSE;
      child->next_delay_usec = child->plan->delay_msec * 1000;
      g_queue_push_tail (&self->known, child);
      g_queue_push_tail (&self->round, child);
    }
}

void
supervisor_cancel (Node *self)
{
  if (self->phase != PHASE_DOWN && !self->has_started)
    supervisor_end (self, REASON_SHUTDOWN, USHER_STOP_RESTART);
}

void
supervisor_shutdown (Node *self,
                     UsherStop why)
{
  if (self->phase != PHASE_DOWN)
    supervisor_end (self, REASON_SHUTDOWN, why);
  else if (why == USHER_STOP_FINAL)
    {
      tell_all_final (self);
      supervisor_speak (self);
    }
}

void
supervisor_kill (Node *self)
{
  if (self->phase == PHASE_DOWN || self->is_killed)
    return;

  refuse_current_call (self);
  self->phase = PHASE_ENDING;
  self->reason = REASON_KILLED;
  self->is_killed = TRUE;
  for (GList *link = self->known.tail; link != NULL; link = link->prev)
    {
      Node *child = link->data;

      /* One that has stopped already was asked. */
      if (child->view == VIEW_DOWN)
        continue;
      child->is_brutal = TRUE;
      child_kill (child);
    }
}

void
supervisor_call (Node *self,
                 Node *child,
                 const Event *event)
{
  Letter *letter = g_new0 (Letter, 1);

  letter->kind = LETTER_CALL;
  letter->child = child;
  letter->life = child->n_lives;
  letter->call = *event;
  if (self->phase != PHASE_STARTING && self->phase != PHASE_RUNNING)
    answer (self, letter, "not-running");
  else if (event->kind == EVENT_TERMINATE && child->view == VIEW_STARTING)
    {
      letter->is_urgent = TRUE;
      child->is_unwanted = TRUE;
      child_stop (child, USHER_STOP_FINAL);
      g_queue_push_head (&self->mailbox, letter);
    }
  else
    g_queue_push_tail (&self->mailbox, letter);
}
