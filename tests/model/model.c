/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/model-private.h"

static const char *const kinds[] = { "normal", "shutdown", "error", "killed" };
static const char *const results[] = { "failed", "started", "ignored" };

static void
queue_stops (Model *self,
             GList *first,
             GList *last)
{
  g_queue_clear (&self->to_stop);
  g_queue_clear (&self->to_start);
  self->is_asked = FALSE;
  for (GList *link = first; link != NULL; link = link->next)
    {
      g_queue_push_head (&self->to_stop, link->data);
      if (link == last)
        return;
    }
}

static void
refuse_current_call (Model *self)
{
  if (self->call != NULL)
    model_answer_call (self, g_steal_pointer (&self->call), "not-running");
}

/* It was ending already. */
static void
end_finally (Model *self)
{
  if (self->why == USHER_STOP_FINAL)
    return;

  self->why = USHER_STOP_FINAL;
  for (GList *link = self->known.tail; link != NULL; link = link->prev)
    model_tell_final (self, link->data);
}

static void
end (Model *self,
     UsherExitKind exit,
     UsherStop why)
{
  if (self->state == STATE_ENDING)
    {
      if (why == USHER_STOP_FINAL)
        end_finally (self);
      return;
    }

  self->why = why;
  if (self->is_asked && self->to_start.head != NULL)
    model_stop_child (self, self->to_start.head->data, why);
  refuse_current_call (self);
  self->exit = exit;
  self->state = STATE_ENDING;
  queue_stops (self, self->known.head, NULL);
}

static void
end_by_kill (Model *self)
{
  refuse_current_call (self);
  self->exit = USHER_EXIT_KILLED;
  self->state = STATE_ENDING;
  for (GList *link = self->known.tail; link != NULL; link = link->prev)
    {
      Child *child = link->data;

      child->is_brutal = TRUE;
      if (child->view == VIEW_RUNNING && child->has_exit)
        model_go_down (self, child);
      else
        model_kill_child (self, child);
    }
  queue_stops (self, self->known.head, NULL);
}

static gboolean
charge (Model *self)
{
  guint n_recent = 0;

  g_array_append_val (self->charges, self->now_msec);
  for (guint i = 0; i < self->charges->len; i++)
    n_recent += g_array_index (self->charges, gint64, i) >= self->now_msec - self->sequence->period_msec;

  return n_recent <= self->sequence->intensity;
}

static void
restart (Model *self,
         Child *child)
{
  GList *own = g_queue_find (&self->known, child);

  if (!charge (self))
    {
      model_report (self, "shutdown", child, USHER_EXIT_SHUTDOWN);
      end (self, USHER_EXIT_SHUTDOWN, USHER_STOP_RESTART);
    }
  else if (self->sequence->strategy == USHER_STRATEGY_ONE_FOR_ONE)
    queue_stops (self, own, own);
  else if (self->sequence->strategy == USHER_STRATEGY_ONE_FOR_ALL)
    queue_stops (self, self->known.head, NULL);
  else
    queue_stops (self, own, NULL);
}

static void
handle_exit (Model *self,
             Child *child)
{
  gboolean is_bad = model_is_abnormal (child->exit) || child->plan->restart == USHER_RESTART_PERMANENT;

  model_go_down (self, child);
  child->has_exit = FALSE;
  if (is_bad)
    model_report (self, "child-terminated", child, child->exit);
  if (model_is_temporary (child))
    model_forget (self, child);
  else if (is_bad)
    restart (self, child);
}

static void
handle_start (Model *self,
              Letter *call)
{
  Child *child = call->child;

  if (model_is_known (self, child))
    {
      model_answer_call (self, call, model_is_down (child) ? "already-present" : "already-started");
      return;
    }

  child->is_dynamic = TRUE;
  g_queue_push_tail (&self->known, child);
  g_queue_push_tail (&self->to_start, child);
  self->call = call;
}

static void
handle_restart_or_delete (Model *self,
                          Letter *call)
{
  Child *child = call->child;

  if (!model_is_known (self, child))
    model_answer_call (self, call, "not-found");
  else if (child->view == VIEW_RESTARTING)
    model_answer_call (self, call, "restarting");
  else if (!model_is_down (child))
    model_answer_call (self, call, "running");
  else if (call->call == EVENT_DELETE)
    {
      child->is_configured = FALSE;
      model_forget (self, child);
      model_answer_call (self, call, "done");
    }
  else
    {
      g_queue_push_tail (&self->to_start, child);
      self->call = call;
    }
}

static void
handle_terminate (Model *self,
                  Letter *call)
{
  if (model_is_known (self, call->child))
    {
      g_queue_push_tail (&self->to_stop, call->child);
      self->call = call;
    }
  else
    model_answer_call (self, call, call->is_urgent ? "done" : "not-found");
}

static void
handle_letter (Model *self,
               Letter *letter)
{
  if (letter->kind == LETTER_CALL && letter->call == EVENT_START)
    handle_start (self, letter);
  else if (letter->kind == LETTER_CALL && letter->call == EVENT_TERMINATE)
    handle_terminate (self, letter);
  else if (letter->kind == LETTER_CALL)
    handle_restart_or_delete (self, letter);
  else
    {
      Child *child = letter->child;

      if (letter->kind == LETTER_EXIT)
        handle_exit (self, child);
      else if (child->view == VIEW_RESTARTING)
        restart (self, child);
      g_free (letter);
    }
}

static void
finish_call (Model *self,
             const char *text)
{
  model_answer_call (self, g_steal_pointer (&self->call), text);
}

static UsherStop
choose_stop (Model *self,
             Child *child)
{
  if (self->call != NULL)
    return USHER_STOP_FINAL;

  return self->state != STATE_ENDING && model_is_temporary (child) ? USHER_STOP_FINAL : self->why;
}

/* Returns whether something was done. */
static gboolean
stop_next (Model *self)
{
  Child *child = self->to_stop.head->data;

  model_stop_child (self, child, choose_stop (self, child));
  if (!model_is_down (child))
    return FALSE;

  g_queue_pop_head (&self->to_stop);
  model_report_stopped (self, child);
  if (self->state != STATE_ENDING && self->call == NULL && !model_is_temporary (child))
    g_queue_push_head (&self->to_start, child);
  if (self->state != STATE_ENDING && model_is_temporary (child))
    model_forget (self, child);
  if (self->call != NULL)
    finish_call (self, "done");
  return TRUE;
}

static void
settle_called_start (Model *self,
                     Child *child,
                     gboolean is_terminated)
{
  gboolean is_new = self->call->call == EVENT_START;

  finish_call (self, is_terminated ? "cancelled" : results[child->result]);
  if (model_is_down (child) && ((is_new && child->result == USHER_START_FAILED) || (is_new && is_terminated) || model_is_temporary (child)))
    model_forget (self, child);
}

static void
settle_failed_start (Model *self,
                     Child *child)
{
  model_report (self, "start-error", child, USHER_EXIT_ERROR);
  g_queue_clear (&self->to_start);
  if (self->state == STATE_STARTING)
    {
      end (self, USHER_EXIT_SHUTDOWN, USHER_STOP_RESTART);
      return;
    }

  child->view = VIEW_RESTARTING;
  model_send (self, LETTER_RETRY, child);
}

static gboolean
start_next (Model *self)
{
  Child *child = self->to_start.head->data;
  gboolean is_terminated;

  if (!self->is_asked)
    model_start_child (self, child);
  self->is_asked = TRUE;
  if (!model_is_down (child) && child->view != VIEW_RUNNING)
    return FALSE;

  g_queue_pop_head (&self->to_start);
  self->is_asked = FALSE;
  is_terminated = model_is_down (child) && child->told == USHER_STOP_FINAL;
  if (is_terminated)
    model_report_stopped (self, child);
  if (is_terminated && self->state == STATE_RUNNING)
    g_queue_clear (&self->to_start);
  if (self->call != NULL)
    settle_called_start (self, child, is_terminated);
  else if (model_is_down (child) && !is_terminated && child->result == USHER_START_FAILED)
    settle_failed_start (self, child);
  else if (model_is_down (child) && model_is_temporary (child))
    model_forget (self, child);
  return TRUE;
}

static void
complete_end (Model *self)
{
  Letter *letter;
  GList *previous;

  self->state = STATE_DOWN;
  while ((letter = g_queue_pop_head (&self->mailbox)) != NULL)
    if (letter->kind == LETTER_CALL)
      model_answer_call (self, letter, "not-running");
    else
      g_free (letter);
  for (GList *link = self->known.tail; link != NULL; link = previous)
    {
      Child *child = link->data;

      previous = link->prev;
      if (child->is_dynamic)
        model_forget (self, child);
    }
  g_array_set_size (self->charges, 0);
  if (self->is_booted)
    g_string_append_printf (self->seen->answers, " exit: %s", kinds[self->exit]);
  else
    g_string_append (self->seen->answers, " boot: failed");
  self->exit = USHER_EXIT_NORMAL;
}

static void
complete_boot (Model *self)
{
  self->state = STATE_RUNNING;
  self->is_booted = TRUE;
  g_string_append (self->seen->answers, " boot: started");
}

static gboolean
step (Model *self)
{
  if (self->state == STATE_DOWN)
    return FALSE;
  if (self->to_stop.head != NULL)
    return stop_next (self);
  if (self->state == STATE_ENDING)
    complete_end (self);
  else if (self->to_start.head != NULL)
    return start_next (self);
  else if (self->state == STATE_STARTING)
    complete_boot (self);
  else if (self->mailbox.head != NULL)
    handle_letter (self, g_queue_pop_head (&self->mailbox));
  else
    return FALSE;

  return TRUE;
}

static void
describe (Model *self)
{
  static const char *const views[] = {
    [VIEW_UNDEFINED] = "stopped",
    [VIEW_STARTING] = "starting",
    [VIEW_CANCELLING] = "stopping",
    [VIEW_RUNNING] = "running",
    [VIEW_STOPPING] = "stopping",
    [VIEW_RESTARTING] = "restarting",
  };
  guint n_active = 0;

  for (GList *link = self->known.tail; link != NULL; link = link->prev)
    {
      const Child *child = link->data;

      n_active += child->is_running;
      g_string_append_printf (self->seen->states, "%c %s, ", child->name, views[child->view]);
    }
  g_string_append_printf (self->seen->states, "%u %u", self->known.length, n_active);
}

/* The starts that were cancelled return when there is nothing else to do. */
static gboolean
return_starts (Model *self)
{
  gboolean has_returned = FALSE;

  for (guint i = 0; i < MAX_CHILDREN; i++)
    if (self->children[i].is_returning)
      {
        self->children[i].is_returning = FALSE;
        self->children[i].is_hanging = FALSE;
        if (!model_is_down (&self->children[i]))
          model_fail_start (self, &self->children[i]);
        has_returned = TRUE;
      }

  return has_returned;
}

void
model_settle (Model *self)
{
  while (step (self) || return_starts (self))
    continue;
  describe (self);
}

static void
boot (Model *self)
{
  self->state = STATE_STARTING;
  self->why = USHER_STOP_RESTART;
  self->is_booted = FALSE;
  g_queue_clear (&self->known);
  for (guint i = 0; i < MAX_CHILDREN; i++)
    if (self->children[i].is_configured)
      {
        self->children[i].is_dynamic = FALSE;
        g_queue_push_tail (&self->known, &self->children[i]);
        g_queue_push_tail (&self->to_start, &self->children[i]);
      }
}

static void
shut_down (Model *self,
           UsherStop why)
{
  if (self->state != STATE_DOWN)
    end (self, USHER_EXIT_SHUTDOWN, why);
  else if (why == USHER_STOP_FINAL)
    for (GList *link = self->known.tail; link != NULL; link = link->prev)
      model_release (self, link->data);
}

static void
call (Model *self,
      EventKind kind,
      Child *child)
{
  Letter *letter = g_new0 (Letter, 1);

  letter->kind = LETTER_CALL;
  letter->child = child;
  letter->call = kind;
  if (self->state != STATE_STARTING && self->state != STATE_RUNNING)
    model_answer_call (self, letter, "not-running");
  else if (kind == EVENT_TERMINATE && child->view == VIEW_STARTING)
    {
      letter->is_urgent = TRUE;
      model_stop_child (self, child, USHER_STOP_FINAL);
      g_queue_push_head (&self->mailbox, letter);
    }
  else
    g_queue_push_tail (&self->mailbox, letter);
}

static void
advance (Model *self,
         guint msec)
{
  self->now_msec += msec;
  for (guint i = 0; i < MAX_CHILDREN; i++)
    if (self->children[i].limit_msec <= self->now_msec)
      {
        self->children[i].limit_msec = NEVER;
        model_kill_child (self, &self->children[i]);
      }
}

/* Children that may ignore that their start was cancelled are never forgotten. */
static gboolean
may_be_stubborn (const Model *self,
                 guint index)
{
  return index % 2 == 0 && index < self->sequence->n_static &&
         !model_is_temporary (&self->children[index]);
}

gboolean
model_accepts (const Model *self,
               const Event *event)
{
  const Child *child = &self->children[event->child];

  switch (event->kind)
    {
    case EVENT_BOOT:
      return self->state == STATE_DOWN;
    case EVENT_CANCEL:
      return self->state != STATE_DOWN && !self->is_booted;
    case EVENT_KILL:
      return self->state != STATE_DOWN && self->exit != USHER_EXIT_KILLED;
    case EVENT_SHUTDOWN:
      return self->exit != USHER_EXIT_KILLED;
    case EVENT_ANSWER:
      return child->is_hanging && !child->is_returning;
    case EVENT_EXIT:
      return child->is_running;
    case EVENT_SET_START:
      if (event->argument == TEST_START_STUBBORN)
        return may_be_stubborn (self, event->child);
      return event->argument != TEST_START_HANG || !model_is_brutal (child);
    case EVENT_DELETE:
      return !may_be_stubborn (self, event->child);
    default:
      return TRUE;
    }
}

void
model_do (Model *self,
          const Event *event)
{
  Child *child = &self->children[event->child];

  switch (event->kind)
    {
    case EVENT_BOOT:
      boot (self);
      break;
    case EVENT_SHUTDOWN:
      shut_down (self, event->argument);
      break;
    case EVENT_KILL:
      end_by_kill (self);
      break;
    case EVENT_CANCEL:
      end (self, USHER_EXIT_SHUTDOWN, USHER_STOP_RESTART);
      break;
    case EVENT_SET_START:
      child->next_start = event->argument;
      break;
    case EVENT_SET_STOP:
      child->stop = event->argument;
      break;
    case EVENT_ANSWER:
      model_succeed (self, child);
      break;
    case EVENT_EXIT:
      model_exit_child (self, child, event->argument);
      break;
    case EVENT_ADVANCE:
      advance (self, event->argument);
      break;
    case EVENT_NOTHING:
      break;
    default:
      call (self, event->kind, child);
    }
}

Model *
model_new (const Sequence *sequence,
           Seen *seen)
{
  Model *self = g_new0 (Model, 1);

  self->sequence = sequence;
  self->seen = seen;
  self->charges = g_array_new (FALSE, FALSE, sizeof (gint64));
  for (guint i = 0; i < MAX_CHILDREN; i++)
    {
      self->children[i] = (Child){
        .plan = &sequence->children[i],
        .name = 'a' + i,
        .limit_msec = NEVER,
        .is_configured = i < sequence->n_static,
      };
      if (self->children[i].is_configured)
        g_queue_push_tail (&self->known, &self->children[i]);
    }

  return self;
}

void
model_free (Model *self)
{
  g_queue_clear_full (&self->mailbox, g_free);
  g_queue_clear (&self->known);
  g_queue_clear (&self->to_stop);
  g_queue_clear (&self->to_start);
  g_array_unref (self->charges);
  g_free (self->call);
  g_free (self);
}
