/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/model-private.h"

/* The mailbox of a supervisor, and what it does about a letter. */

static const char *const results[] = {
  [USHER_START_FAILED] = "failed",
  [USHER_START_STARTED] = "started",
  [USHER_START_IGNORED] = "ignored",
};

static Letter *
find_letter (Node *supervisor,
             LetterKind kind,
             Node *child)
{
  for (GList *link = supervisor->mailbox.head; link != NULL; link = link->next)
    {
      Letter *letter = link->data;

      if (letter->kind == kind && letter->child == child)
        return letter;
    }

  return NULL;
}

void
letter_send (Node *supervisor,
             LetterKind kind,
             Node *child)
{
  if (find_letter (supervisor, kind, child) != NULL)
    return;

  Letter *letter = g_new0 (Letter, 1);

  letter->kind = kind;
  letter->child = child;
  g_queue_push_tail (&supervisor->mailbox, letter);
}

void
letter_withdraw (Node *supervisor,
                 LetterKind kind,
                 Node *child)
{
  Letter *letter = find_letter (supervisor, kind, child);

  if (letter != NULL)
    g_queue_remove (&supervisor->mailbox, letter);
  g_free (letter);
}

/* Restarting */

static gboolean
charge (Node *self)
{
  gint64 now_usec = self->model->now_usec;
  guint n_recent = 0;

  g_array_append_val (self->charges, now_usec);
  for (guint i = 0; i < self->charges->len; i++)
    n_recent += g_array_index (self->charges, gint64, i) >= now_usec - self->plan->period_msec * 1000;

  return n_recent <= self->plan->intensity;
}

static void
choose_round (Node *self,
              Node *child)
{
  UsherStrategy strategy = self->plan->strategy;
  gboolean is_behind = FALSE;

  for (GList *link = self->known.head; link != NULL; link = link->next)
    {
      is_behind = is_behind || link->data == child;
      if (link->data == child || strategy == USHER_STRATEGY_ONE_FOR_ALL ||
          (strategy == USHER_STRATEGY_REST_FOR_ONE && is_behind))
        g_queue_push_tail (&self->round, link->data);
    }
}

static void
restart_now (Node *self,
             Node *child)
{
  GList *previous;

  choose_round (self, child);
  for (GList *link = self->round.tail; link != NULL; link = previous)
    {
      Node *other = link->data;
      gboolean is_temporary = child_is_temporary (other);

      previous = link->prev;
      if (!supervisor_stop_child (self, other, is_temporary ? USHER_STOP_FINAL : USHER_STOP_RESTART))
        {
          g_queue_clear (&self->round);
          return;
        }
      if (!is_temporary)
        continue;
      g_queue_delete_link (&self->round, link);
      supervisor_forget (self, other);
    }
  supervisor_start_round (self);
}

static void
restart (Node *self,
         Node *child)
{
  if (!charge (self))
    {
      supervisor_report (self, "shutdown", child, REASON_OVER_BUDGET);
      supervisor_end (self, REASON_OVER_BUDGET, USHER_STOP_RESTART);
    }
  else if (!child_delay (child))
    restart_now (self, child);
}

static void
retry (Node *self,
       Node *child)
{
  if (child->view != VIEW_RESTARTING)
    return;

  if (child->is_due)
    restart_now (self, child);
  else if (child->due_usec == NEVER)
    restart (self, child);
}

/* Exits */

static gboolean
has_significant_child (Node *self)
{
  for (GList *link = self->known.head; link != NULL; link = link->next)
    {
      const Node *child = link->data;

      if (child->plan->is_significant && child->view != VIEW_DOWN)
        return TRUE;
    }

  return FALSE;
}

static void
shut_down_by_itself (Node *self)
{
  if (self->plan->auto_shutdown == USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT || !has_significant_child (self))
    supervisor_end (self, REASON_SHUTDOWN, USHER_STOP_RESTART);
}

static void
handle_exit (Node *self,
             Node *child)
{
  UsherRestart type = child->plan->restart;
  gboolean is_bad = child->exit == REASON_ERROR || child->exit == REASON_KILLED;

  child_go_down (child);
  child->has_exit = FALSE;
  if (is_bad || type == USHER_RESTART_PERMANENT)
    supervisor_report (self, "child-terminated", child, child->exit);
  if (type == USHER_RESTART_PERMANENT || (type == USHER_RESTART_TRANSIENT && is_bad))
    {
      restart (self, child);
      return;
    }

  if (child_is_forgettable (child))
    supervisor_forget (self, child);
  else
    child_release (child);
  if (child->plan->is_significant)
    shut_down_by_itself (self);
}

/* Calls */

static gboolean
knows (Node *self,
       Node *child)
{
  return g_queue_find (&self->known, child) != NULL;
}

static void
carry_out_start (Node *self,
                 Node *child,
                 gboolean is_new)
{
  StartOutcome outcome = supervisor_start_child (self, child);

  if (outcome == START_INTERRUPTED)
    return;

  supervisor_finish_call (self, outcome == START_TERMINATED ? "cancelled" : results[child->result]);
  if (is_new && (outcome == START_FAILED || outcome == START_TERMINATED))
    supervisor_forget (self, child);
  else if (child_is_forgettable (child) && child_is_down (child) && outcome != START_FAILED)
    supervisor_forget (self, child);
}

static void
handle_start (Node *self,
              Node *child)
{
  if (knows (self, child))
    {
      supervisor_finish_call (self, child_is_down (child) ? "already-present" : "already-started");
      return;
    }

  /* An earlier start, that nobody waits for, is not over. */
  if (child->is_abandoned)
    {
      supervisor_finish_call (self, "already-started");
      return;
    }

  child->is_dynamic = TRUE;
  child->next_delay_usec = child->plan->delay_msec * 1000;
  g_queue_push_tail (&self->known, child);
  carry_out_start (self, child, TRUE);
}

static void
handle_terminate (Node *self,
                  Node *child)
{
  if (!knows (self, child))
    {
      gboolean is_known_by_itself = self->call->is_urgent || child_is_alike (child);

      supervisor_finish_call (self, is_known_by_itself ? "done" : "not-found");
      return;
    }
  /* Another child has taken its place. */
  if (child_is_alike (child) && !self->call->is_urgent && self->call->life != child->n_lives)
    {
      supervisor_finish_call (self, "done");
      return;
    }
  if (!supervisor_stop_child (self, child, USHER_STOP_FINAL))
    return;

  child_release (child);
  if (child_is_forgettable (child))
    supervisor_forget (self, child);
  supervisor_finish_call (self, "done");
}

static void
handle_restart_or_delete (Node *self,
                          Node *child)
{
  if (child_is_alike (child))
    supervisor_finish_call (self, "simple-one-for-one");
  else if (!knows (self, child))
    supervisor_finish_call (self, "not-found");
  else if (child->view == VIEW_RESTARTING)
    supervisor_finish_call (self, "restarting");
  else if (!child_is_down (child))
    supervisor_finish_call (self, "running");
  else if (self->call->call.kind == EVENT_RESTART)
    carry_out_start (self, child, FALSE);
  else
    {
      child->is_configured = FALSE;
      supervisor_forget (self, child);
      supervisor_finish_call (self, "done");
    }
}

static void
handle_call (Node *self,
             Node *child)
{
  if (self->call->call.kind == EVENT_START)
    handle_start (self, child);
  else if (self->call->call.kind == EVENT_TERMINATE)
    handle_terminate (self, child);
  else
    handle_restart_or_delete (self, child);
}

void
supervisor_handle (Node *self,
                   Letter *letter)
{
  LetterKind kind = letter->kind;
  Node *child = letter->child;

  if (kind == LETTER_CALL)
    {
      self->call = letter;
      handle_call (self, child);
      return;
    }

  g_free (letter);
  if (kind == LETTER_EXIT)
    handle_exit (self, child);
  else
    retry (self, child);
}
