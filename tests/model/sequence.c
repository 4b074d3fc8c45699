/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/sequence.h"

#define MAX_SUPERVISORS 4

/* To whom an event can happen. */
typedef enum
{
  NOBODY,
  LEAF,
  SUPERVISOR,
  CHILD, /* anybody but the root */
} Whom;

static const struct
{
  const char *name;
  guint weight;
  Whom whom;
  guint n_arguments;     /* 0: it has none */
  gboolean may_be_hasty; /* what it does at once is seen by nobody else */
} kinds[N_EVENT_KINDS] = {
  [EVENT_NOTHING] = { "nothing", 0, NOBODY, 0, FALSE },
  [EVENT_BOOT] = { "boot", 3, NOBODY, 0, TRUE },
  [EVENT_CANCEL] = { "cancel", 1, NOBODY, 0, FALSE },
  [EVENT_SHUTDOWN] = { "shutdown", 2, SUPERVISOR, 2, TRUE },
  [EVENT_KILL] = { "kill", 2, SUPERVISOR, 0, TRUE },
  [EVENT_SET_START] = { "set-start", 12, LEAF, 6, TRUE },
  [EVENT_SET_STOP] = { "set-stop", 8, LEAF, 5, TRUE },
  [EVENT_ANSWER] = { "answer", 8, LEAF, 0, TRUE },
  [EVENT_EXIT] = { "exit", 26, LEAF, 5, TRUE },
  [EVENT_START] = { "start", 7, CHILD, 0, TRUE },
  [EVENT_RESTART] = { "restart", 6, CHILD, 0, TRUE },
  [EVENT_TERMINATE] = { "terminate", 8, CHILD, 0, TRUE },
  [EVENT_DELETE] = { "delete", 3, CHILD, 0, TRUE },
  [EVENT_ADVANCE] = { "advance", 12, NOBODY, 7, FALSE },
};

static const char *const starts[] = { "ok", "fail", "ignore", "exit", "hang", "stubborn" };
static const char *const stops[] = { "shutdown", "normal", "error", "timed-out", "refuse" };
static const char *const reasons[] = { "normal", "shutdown", "shutdown-error", "error", "killed", "over-budget" };
static const char *const whys[] = { "restart", "final" };
static const char *const restarts[] = { "permanent", "transient", "temporary" };
static const char *const strategies[] = { "one-for-one", "one-for-all", "rest-for-one" };
static const char *const auto_shutdowns[] = { "never", "any", "all" };
static const guint steps_usec[] = { 1, 1000, 50000, 99999, 100000, 400000, 1000000 };
static const guint periods_msec[] = { 1, 100, 1000 };
static const gint64 limits_msec[] = { USHER_SHUTDOWN_BRUTAL_KILL, USHER_SHUTDOWN_INFINITY, 100, 500 };

const char *
reason_get_name (Reason reason)
{
  return reasons[reason];
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
  gboolean is_own = kinds[event->kind].whom == NOBODY || kinds[event->kind].whom == SUPERVISOR;

  return is_own ? event->node : self->nodes[event->node].parent;
}

static guint
choose (GRand *rand,
        guint n)
{
  return g_rand_int_range (rand, 0, n);
}

static EventKind
choose_kind (GRand *rand)
{
  guint total = 0;
  guint choice;

  for (guint i = 0; i < N_EVENT_KINDS; i++)
    total += kinds[i].weight;

  choice = choose (rand, total);
  for (guint i = 0;; i++)
    {
      if (choice < kinds[i].weight)
        return i;
      choice -= kinds[i].weight;
    }
}

static gboolean
can_happen_to (const Sequence *self,
               guint node,
               Whom whom)
{
  if (whom == CHILD)
    return node != ROOT;

  return self->nodes[node].is_supervisor == (whom == SUPERVISOR);
}

static Event
choose_event (const Sequence *self,
              GRand *rand)
{
  Event event = { .kind = choose_kind (rand) };

  if (kinds[event.kind].whom != NOBODY)
    do
      event.node = choose (rand, self->n_nodes);
    while (!can_happen_to (self, event.node, kinds[event.kind].whom));
  if (kinds[event.kind].n_arguments > 0)
    event.argument = choose (rand, kinds[event.kind].n_arguments);
  if (event.kind == EVENT_ADVANCE)
    event.argument = steps_usec[event.argument];
  if (event.kind == EVENT_SET_START)
    event.times = 1 + choose (rand, 3);
  event.is_hasty = kinds[event.kind].may_be_hasty && choose (rand, 4) == 0;

  return event;
}

static guint
choose_parent (const Sequence *self,
               GRand *rand)
{
  guint parent;

  do
    parent = choose (rand, self->n_nodes);
  while (!self->nodes[parent].is_supervisor);

  return parent;
}

static void
choose_supervision (NodePlan *node,
                    GRand *rand)
{
  node->strategy = choose (rand, G_N_ELEMENTS (strategies));
  node->intensity = choose (rand, 5);
  node->period_msec = periods_msec[choose (rand, G_N_ELEMENTS (periods_msec))];
  node->auto_shutdown = choose (rand, G_N_ELEMENTS (auto_shutdowns));
}

/* No two limits or delays are equal, so that what two supervisors do has an order. */
static void
choose_times (NodePlan *node,
              guint index,
              GRand *rand)
{
  node->shutdown_msec = limits_msec[choose (rand, G_N_ELEMENTS (limits_msec))];
  if (node->shutdown_msec > 0)
    node->shutdown_msec += index;
  if (choose (rand, 4) != 0)
    return;

  node->delay_msec = 60 + index;
  node->delay_max_msec = node->delay_msec * (1 + choose (rand, 4));
  node->has_jitter = choose (rand, 4) == 0;
}

static void
add_node (Sequence *self,
          GRand *rand,
          gboolean is_supervisor)
{
  guint index = self->n_nodes;
  NodePlan node = { .is_supervisor = is_supervisor, .is_static = choose (rand, 5) != 0 };

  if (index != ROOT)
    node.parent = choose_parent (self, rand);
  node.restart = choose (rand, G_N_ELEMENTS (restarts));
  node.is_significant = node.restart != USHER_RESTART_PERMANENT && choose (rand, 2) == 0 &&
                        self->nodes[node.parent].auto_shutdown != USHER_AUTO_SHUTDOWN_NEVER;
  choose_times (&node, index, rand);
  choose_supervision (&node, rand);
  self->nodes[self->n_nodes++] = node;
}

/* A supervisor's limit leaves time for the limits of its children. */
static void
lengthen_limits (Sequence *self)
{
  for (guint i = self->n_nodes; i-- > 1;)
    {
      NodePlan *parent = &self->nodes[self->nodes[i].parent];

      if (parent->shutdown_msec > 0 && self->nodes[i].shutdown_msec > 0)
        parent->shutdown_msec += self->nodes[i].shutdown_msec;
      if (parent->shutdown_msec > 0 && self->nodes[i].is_supervisor &&
          self->nodes[i].shutdown_msec == USHER_SHUTDOWN_INFINITY)
        parent->shutdown_msec = USHER_SHUTDOWN_INFINITY;
    }
}

void
sequence_generate (Sequence *self,
                   guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  guint n_nodes = 2 + choose (rand, MAX_NODES - 1);
  guint n_supervisors = 1;
  guint n_events;

  *self = (Sequence){ 0 };
  add_node (self, rand, TRUE);
  while (self->n_nodes < n_nodes)
    {
      gboolean is_supervisor = n_supervisors < MAX_SUPERVISORS && self->n_nodes + 1 < n_nodes &&
                               choose (rand, 4) == 0;

      add_node (self, rand, is_supervisor);
      n_supervisors += is_supervisor;
    }
  lengthen_limits (self);

  n_events = 1 + choose (rand, MAX_EVENTS);
  for (guint i = 0; i < n_events; i++)
    self->events[i] = choose_event (self, rand);
  if (choose (rand, 8) != 0)
    self->events[0] = (Event){ .kind = EVENT_BOOT };
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
  if (kinds[event->kind].whom != NOBODY)
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
    if (kinds[self->events[i].kind].whom != NOBODY && self->events[i].node == node)
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
