/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/model.h"

static UsherExitKind stop_node (Model *model,
                                ModelNode *node,
                                UsherStop why);

static void
trace (Model *model,
       char mark,
       const ModelNode *node)
{
  g_string_append_printf (model->trace, "%s%c%s", model->trace->len > 0 ? " " : "", mark, node->name);
}

static void
report (Model *model,
        const char *context,
        const ModelNode *node,
        UsherExitKind kind)
{
  const char *const kinds[] = { "normal", "shutdown", "error", "killed" };

  g_string_append_printf (model->trace, "%s%s/%s/%s", model->trace->len > 0 ? " " : "", context, node->name, kinds[kind]);
}

static gboolean
is_abnormal (UsherExitKind kind)
{
  return kind == USHER_EXIT_ERROR || kind == USHER_EXIT_KILLED;
}

static void
release (Model *model,
         ModelNode *node)
{
  if (!node->may_keep)
    return;

  node->may_keep = FALSE;
  if (!node->is_supervisor)
    trace (model, '=', node);
  for (guint i = node->n_children; i-- > 0;)
    if (node->children[i]->state != MODEL_GONE)
      release (model, node->children[i]);
}

static void
drop (Model *model,
      ModelNode *node)
{
  release (model, node);
  node->state = MODEL_GONE;
}

static UsherStartResult
start_leaf (Model *model,
            ModelNode *node)
{
  TestStart answer = node->n_next_starts > 0 ? node->next_start : TEST_START_OK;

  node->n_next_starts -= MIN (node->n_next_starts, 1);
  trace (model, '+', node);
  if (answer == TEST_START_FAIL)
    return USHER_START_FAILED;

  return answer == TEST_START_IGNORE ? USHER_START_IGNORED : USHER_START_STARTED;
}

static gboolean
is_stop_reported (const ModelNode *node,
                  UsherExitKind kind)
{
  if (kind == USHER_EXIT_ERROR)
    return TRUE;
  if (kind == USHER_EXIT_KILLED)
    return !node->is_brutal;
  if (kind == USHER_EXIT_SHUTDOWN && !node->is_brutal)
    return FALSE;

  return node->restart == USHER_RESTART_PERMANENT;
}

static void
stop_child (Model *model,
            ModelNode *node,
            UsherStop why)
{
  if (node->state == MODEL_UP || node->state == MODEL_EXITED)
    {
      UsherExitKind kind = node->state == MODEL_UP ? stop_node (model, node, why) : node->exit;

      if (is_stop_reported (node, kind))
        report (model, "shutdown-error", node, kind);
    }
  node->state = MODEL_DOWN;
  if (why == USHER_STOP_FINAL)
    release (model, node);
}

static void
stop_children (Model *model,
               ModelNode *node,
               UsherStop why)
{
  for (guint i = node->n_children; i-- > 0;)
    if (node->children[i]->state != MODEL_GONE)
      stop_child (model, node->children[i], why);
  g_queue_clear (&node->letters);
  g_array_set_size (node->charges, 0);
}

static UsherExitKind
stop_leaf (Model *model,
           ModelNode *node,
           UsherStop why)
{
  const UsherExitKind kinds[] = { USHER_EXIT_SHUTDOWN, USHER_EXIT_NORMAL, USHER_EXIT_ERROR, USHER_EXIT_KILLED };

  if (node->is_brutal)
    {
      trace (model, '!', node);
      return USHER_EXIT_KILLED;
    }

  trace (model, why == USHER_STOP_FINAL ? '=' : '-', node);
  if (node->stop == TEST_STOP_REFUSE)
    {
      model->now_usec += MODEL_LIMIT_USEC;
      trace (model, '!', node);
    }
  return kinds[node->stop];
}

static UsherExitKind
stop_node (Model *model,
           ModelNode *node,
           UsherStop why)
{
  node->may_keep = why == USHER_STOP_RESTART;
  if (!node->is_supervisor)
    return stop_leaf (model, node, why);

  stop_children (model, node, why);
  node->may_keep = node->may_keep || why == USHER_STOP_FINAL;
  return USHER_EXIT_SHUTDOWN;
}

static UsherStartResult
start_supervisor (Model *model,
                  ModelNode *node)
{
  for (guint i = 0; i < node->n_children; i++)
    if (node->children[i]->state == MODEL_GONE)
      node->children[i]->state = MODEL_DOWN;

  for (guint i = 0; i < node->n_children; i++)
    if (model_start (model, node->children[i]) == USHER_START_FAILED)
      {
        report (model, "start-error", node->children[i], USHER_EXIT_ERROR);
        stop_children (model, node, USHER_STOP_RESTART);
        node->may_keep = TRUE;
        return USHER_START_FAILED;
      }

  return USHER_START_STARTED;
}

UsherStartResult
model_start (Model *model,
             ModelNode *node)
{
  UsherStartResult result =
      node->is_supervisor ? start_supervisor (model, node) : start_leaf (model, node);

  node->state = result == USHER_START_STARTED ? MODEL_UP : MODEL_DOWN;
  if (result == USHER_START_STARTED)
    node->may_keep = FALSE;
  if (result == USHER_START_IGNORED && node->restart == USHER_RESTART_TEMPORARY)
    drop (model, node);
  return result;
}

static void
end (Model *model,
     ModelNode *node)
{
  stop_children (model, node, USHER_STOP_RESTART);
  model_exit (model, node, USHER_EXIT_SHUTDOWN);
}

static gboolean
charge (Model *model,
        ModelNode *node)
{
  guint n_recent = 0;

  for (guint i = 0; i < node->charges->len; i++)
    n_recent += g_array_index (node->charges, gint64, i) >= model->now_usec - node->period_usec;
  g_array_append_val (node->charges, model->now_usec);

  return n_recent < node->intensity;
}

static guint
find (const ModelNode *parent,
      const ModelNode *node)
{
  guint index = 0;

  while (parent->children[index] != node)
    index++;

  return index;
}

static void
restart_range (Model *model,
               ModelNode *parent,
               guint first,
               guint last)
{
  for (guint i = last + 1; i-- > first;)
    {
      ModelNode *node = parent->children[i];
      gboolean is_temporary = node->restart == USHER_RESTART_TEMPORARY;

      if (node->state == MODEL_GONE)
        continue;
      stop_child (model, node, is_temporary ? USHER_STOP_FINAL : USHER_STOP_RESTART);
      if (is_temporary)
        drop (model, node);
    }

  for (guint i = first; i <= last; i++)
    {
      ModelNode *node = parent->children[i];

      if (node->state == MODEL_GONE || model_start (model, node) != USHER_START_FAILED)
        continue;
      report (model, "start-error", node, USHER_EXIT_ERROR);
      node->state = MODEL_RESTARTING;
      if (g_queue_find (&parent->letters, node) == NULL)
        g_queue_push_tail (&parent->letters, node);
      return;
    }
}

static void
restart (Model *model,
         ModelNode *parent,
         ModelNode *node)
{
  guint index = find (parent, node);
  guint last = parent->n_children - 1;

  if (!charge (model, parent))
    {
      report (model, "shutdown", node, USHER_EXIT_SHUTDOWN);
      end (model, parent);
    }
  else if (parent->strategy == USHER_STRATEGY_ONE_FOR_ONE)
    restart_range (model, parent, index, index);
  else
    restart_range (model, parent, parent->strategy == USHER_STRATEGY_ONE_FOR_ALL ? 0 : index, last);
}

static gboolean
should_end (const ModelNode *parent)
{
  if (parent->auto_shutdown != USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT)
    return parent->auto_shutdown == USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT;

  for (guint i = 0; i < parent->n_children; i++)
    if (parent->children[i]->is_significant && parent->children[i]->state != MODEL_DOWN &&
        parent->children[i]->state != MODEL_GONE)
      return FALSE;

  return TRUE;
}

static void
handle_exit (Model *model,
             ModelNode *parent,
             ModelNode *node)
{
  gboolean is_reported = node->restart == USHER_RESTART_PERMANENT || is_abnormal (node->exit);

  node->state = MODEL_DOWN;
  if (is_reported)
    report (model, "child-terminated", node, node->exit);
  if (is_reported && node->restart != USHER_RESTART_TEMPORARY)
    {
      restart (model, parent, node);
      return;
    }

  release (model, node);
  if (node->restart == USHER_RESTART_TEMPORARY)
    node->state = MODEL_GONE;
  if (node->is_significant && should_end (parent))
    end (model, parent);
}

void
model_exit (Model *model,
            ModelNode *node,
            UsherExitKind kind)
{
  node->state = MODEL_EXITED;
  node->exit = kind;
  node->may_keep = node->may_keep || node->is_supervisor;
  if (node->parent != NULL)
    g_queue_push_tail (&node->parent->letters, node);
}

void
model_run (Model *model,
           ModelNode *node)
{
  for (guint i = 0; i < node->n_children; i++)
    model_run (model, node->children[i]);

  while (node->state == MODEL_UP && node->letters.length > 0)
    {
      ModelNode *child = g_queue_pop_head (&node->letters);

      if (child->state == MODEL_EXITED)
        handle_exit (model, node, child);
      else if (child->state == MODEL_RESTARTING)
        restart (model, node, child);
    }
}

void
model_stop (Model *model,
            ModelNode *node)
{
  stop_children (model, node, USHER_STOP_FINAL);
  node->state = MODEL_DOWN;
}

void
model_terminate (Model *model,
                 ModelNode *node)
{
  stop_child (model, node, USHER_STOP_FINAL);
  if (node->restart == USHER_RESTART_TEMPORARY)
    drop (model, node);
}

void
model_restart (Model *model,
               ModelNode *node)
{
  if (node->state == MODEL_DOWN)
    model_start (model, node);
}
