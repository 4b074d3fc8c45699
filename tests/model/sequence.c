/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/sequence.h"

static const struct
{
  const char *name;
  Whom whom;
} kinds[N_EVENT_KINDS] = {
  [EVENT_NOTHING] = { "nothing", WHOM_NOBODY },
  [EVENT_BOOT] = { "boot", WHOM_NOBODY },
  [EVENT_CANCEL] = { "cancel", WHOM_NOBODY },
  [EVENT_SHUTDOWN] = { "shutdown", WHOM_SUPERVISOR },
  [EVENT_KILL] = { "kill", WHOM_SUPERVISOR },
  [EVENT_SET_START] = { "set-start", WHOM_LEAF },
  [EVENT_SET_STOP] = { "set-stop", WHOM_LEAF },
  [EVENT_ANSWER] = { "answer", WHOM_LEAF },
  [EVENT_EXIT] = { "exit", WHOM_LEAF },
  [EVENT_START] = { "start", WHOM_CHILD },
  [EVENT_RESTART] = { "restart", WHOM_CHILD },
  [EVENT_TERMINATE] = { "terminate", WHOM_CHILD },
  [EVENT_DELETE] = { "delete", WHOM_CHILD },
  [EVENT_ADVANCE] = { "advance", WHOM_NOBODY },
};

static const char *const starts[] = { "ok", "fail", "ignore", "exit", "hang", "stubborn" };
static const char *const stops[] = { "shutdown", "normal", "error", "timed-out", "refuse" };
static const char *const reasons[] = { "normal", "shutdown", "shutdown-error", "error", "killed", "over-budget" };
static const char *const whys[] = { "restart", "final" };
static const char *const restarts[] = { "permanent", "transient", "temporary" };
static const char *const strategies[] = { "one-for-one", "one-for-all", "rest-for-one", "simple-one-for-one" };
static const char *const auto_shutdowns[] = { "never", "any", "all" };
Whom
event_get_whom (EventKind kind)
{
  return kinds[kind].whom;
}

const char *
reason_get_name (Reason reason)
{
  return reasons[reason];
}

gboolean
sequence_is_alike (const Sequence *self,
                   guint node)
{
  return node != ROOT && self->nodes[self->nodes[node].parent].strategy == USHER_STRATEGY_SIMPLE_ONE_FOR_ONE;
}

char
sequence_get_name (const Sequence *self,
                   guint node)
{
  return (self->nodes[node].is_supervisor ? 'A' : 'a') + node;
}

guint
sequence_find_supervisor (const Sequence *self,
                          const Event *event)
{
  if (kinds[event->kind].whom == WHOM_NOBODY)
    return ROOT;

  return kinds[event->kind].whom == WHOM_SUPERVISOR ? event->node : self->nodes[event->node].parent;
}

static void
forget_significance (Sequence *self,
                     guint supervisor)
{
  self->nodes[supervisor].auto_shutdown = USHER_AUTO_SHUTDOWN_NEVER;
  for (guint i = 1; i < self->n_nodes; i++)
    if (self->nodes[i].parent == supervisor)
      self->nodes[i].is_significant = FALSE;
}

#define N_NODE_WAYS 8

static void
simplify_node (Sequence *self,
               guint index,
               guint way)
{
  NodePlan *node = &self->nodes[index];

  if (sequence_is_alike (self, index) || node->strategy == USHER_STRATEGY_SIMPLE_ONE_FOR_ONE)
    return;

  if (way == 0)
    node->is_static = FALSE;
  else if (way == 1)
    node->shutdown_msec = USHER_SHUTDOWN_INFINITY;
  else if (way == 2)
    node->delay_msec = node->delay_max_msec = 0;
  else if (way == 3)
    node->has_jitter = FALSE;
  else if (way == 4)
    node->is_significant = FALSE;
  else if (way == 5 && !node->is_significant)
    node->restart = USHER_RESTART_PERMANENT;
  else if (way == 6)
    node->strategy = USHER_STRATEGY_ONE_FOR_ONE;
  else
    forget_significance (self, index);
}

gboolean
sequence_simplify (Sequence *self,
                   guint way)
{
  if (way < MAX_EVENTS)
    self->events[way] = (Event){ .kind = EVENT_NOTHING };
  else if (way < 2 * MAX_EVENTS)
    self->events[way - MAX_EVENTS].is_hasty = FALSE;
  else if (way < 2 * MAX_EVENTS + self->n_nodes * N_NODE_WAYS)
    simplify_node (self, (way - 2 * MAX_EVENTS) / N_NODE_WAYS, way % N_NODE_WAYS);
  else
    return FALSE;

  return TRUE;
}

static const char *
name_argument (const Event *event)
{
  switch (event->kind)
    {
    case EVENT_SHUTDOWN:
      return whys[event->argument];
    case EVENT_SET_START:
      return starts[event->argument];
    case EVENT_SET_STOP:
      return stops[event->argument];
    case EVENT_EXIT:
      return reasons[event->argument];
    default:
      return NULL;
    }
}

void
sequence_print_event (const Sequence *self,
                      const Event *event,
                      GString *text)
{
  g_string_append (text, kinds[event->kind].name);
  if (kinds[event->kind].whom != WHOM_NOBODY)
    g_string_append_printf (text, " %c", sequence_get_name (self, event->node));
  if (event->kind == EVENT_ADVANCE)
    g_string_append_printf (text, " %u usec", event->argument);
  else if (name_argument (event) != NULL)
    g_string_append_printf (text, " %s", name_argument (event));
  if (event->times > 0)
    g_string_append_printf (text, ", %u times", event->times);
  if (event->is_hasty)
    g_string_append (text, ", and at once");
}

static gboolean
plays_a_part (const Sequence *self,
              guint node)
{
  for (guint i = 0; i < MAX_EVENTS; i++)
    if (kinds[self->events[i].kind].whom != WHOM_NOBODY && self->events[i].node == node)
      return TRUE;

  return self->nodes[node].is_static || self->nodes[node].is_supervisor;
}

static void
print_place (const Sequence *self,
             guint index,
             GString *text)
{
  const NodePlan *node = &self->nodes[index];

  g_string_append_printf (text, " under %c, %s, %s, ", sequence_get_name (self, node->parent),
                          node->is_static ? "static" : "dynamic", restarts[node->restart]);
  if (node->shutdown_msec >= 0)
    g_string_append_printf (text, "limit %" G_GINT64_FORMAT " ms", node->shutdown_msec);
  else
    g_string_append (text, node->shutdown_msec == USHER_SHUTDOWN_INFINITY ? "no limit" : "brutal kill");
  if (node->is_significant)
    g_string_append (text, ", significant");
  if (node->delay_msec > 0)
    g_string_append_printf (text, ", delay %u to %u ms%s", node->delay_msec, node->delay_max_msec,
                            node->has_jitter ? " with jitter" : "");
}

void
sequence_print_plan (const Sequence *self,
                     GString *text)
{
  for (guint i = 0; i < self->n_nodes; i++)
    {
      const NodePlan *node = &self->nodes[i];

      if (!plays_a_part (self, i))
        continue;
      g_string_append_c (text, sequence_get_name (self, i));
      if (i != ROOT)
        print_place (self, i, text);
      if (node->is_supervisor)
        g_string_append_printf (text, "; %s, %u in %u ms, auto-shutdown %s", strategies[node->strategy],
                                node->intensity, node->period_msec, auto_shutdowns[node->auto_shutdown]);
      g_string_append_c (text, '\n');
    }
}
