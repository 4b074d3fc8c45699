/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/sequence.h"

#define MAX_SUPERVISORS 4

#define N_RESTARTS 3
#define N_STRATEGIES 3
#define N_AUTO_SHUTDOWNS 3

/* The times that matter. */
typedef enum
{
  STEP_USEC,
  STEP_MSEC,
  STEP_SECOND,
  STEP_PERIOD,
  STEP_PERIOD_AND_MORE,
  STEP_DELAY,
  STEP_MAX_DELAY,
  STEP_HALF_LIMIT,
  N_STEPS,
} Step;

static const struct
{
  guint weight;
  guint n_arguments;     /* 0: it has none */
  gboolean may_be_hasty; /* what it does at once is seen by nobody else */
} habits[N_EVENT_KINDS] = {
  [EVENT_NOTHING] = { 0, 0, FALSE },
  [EVENT_BOOT] = { 3, 0, TRUE },
  [EVENT_CANCEL] = { 1, 0, FALSE },
  [EVENT_SHUTDOWN] = { 2, 2, TRUE },
  [EVENT_KILL] = { 2, 0, TRUE },
  [EVENT_SET_START] = { 12, 6, TRUE },
  [EVENT_SET_STOP] = { 8, 5, TRUE },
  [EVENT_ANSWER] = { 8, 0, TRUE },
  [EVENT_EXIT] = { 26, 5, TRUE },
  [EVENT_START] = { 7, 0, TRUE },
  [EVENT_RESTART] = { 6, 0, TRUE },
  [EVENT_TERMINATE] = { 8, 0, TRUE },
  [EVENT_DELETE] = { 3, 0, TRUE },
  [EVENT_ADVANCE] = { 14, N_STEPS, FALSE },
};

static const guint periods_msec[] = { 1, 100, 1000 };
static const gint64 limits_msec[] = { USHER_SHUTDOWN_BRUTAL_KILL, USHER_SHUTDOWN_INFINITY, 100, 500 };

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
    total += habits[i].weight;

  choice = choose (rand, total);
  for (guint i = 0;; i++)
    {
      if (choice < habits[i].weight)
        return i;
      choice -= habits[i].weight;
    }
}

static gboolean
can_happen_to (const Sequence *self,
               guint node,
               Whom whom)
{
  if (whom == WHOM_CHILD)
    return node != ROOT;

  return self->nodes[node].is_supervisor == (whom == WHOM_SUPERVISOR);
}

/* Often the one that something has just happened to. */
static guint
choose_node (const Sequence *self,
             GRand *rand,
             Whom whom)
{
  guint node = self->events[MAX (self->n_events, 1) - 1].node;

  if (whom == WHOM_NOBODY)
    return node;
  if (choose (rand, 5) < 3 || !can_happen_to (self, node, whom))
    do
      node = choose (rand, self->n_nodes);
    while (!can_happen_to (self, node, whom));

  return node;
}

static guint
find_step_usec (const Sequence *self,
                guint index,
                Step step)
{
  const NodePlan *node = &self->nodes[index];
  const NodePlan *parent = &self->nodes[node->parent];
  const guint steps_usec[N_STEPS] = {
    [STEP_USEC] = 1,
    [STEP_MSEC] = 1000,
    [STEP_SECOND] = 1000000,
    [STEP_PERIOD] = parent->period_msec * 1000,
    [STEP_PERIOD_AND_MORE] = parent->period_msec * 1000 + 1,
    [STEP_DELAY] = node->delay_msec * 1000,
    [STEP_MAX_DELAY] = node->delay_max_msec * 1000,
    [STEP_HALF_LIMIT] = node->shutdown_msec > 0 ? node->shutdown_msec * 500 : 1,
  };

  return MAX (1, steps_usec[step]);
}

/* Events that mean more when they follow each other; they happen to one child. */
#define MAX_LINKS 7

static const Event chains[][MAX_LINKS] = {
  /* A supervisor that waits. */
  { { .kind = EVENT_SET_START, .argument = TEST_START_HANG, .times = 1 },
    { .kind = EVENT_EXIT, .argument = REASON_ERROR } },
  { { .kind = EVENT_SET_STOP, .argument = TEST_STOP_REFUSE },
    { .kind = EVENT_TERMINATE } },
  /* A budget that is used up. */
  { { .kind = EVENT_EXIT, .argument = REASON_ERROR },
    { .kind = EVENT_EXIT, .argument = REASON_KILLED },
    { .kind = EVENT_EXIT, .argument = REASON_ERROR },
    { .kind = EVENT_EXIT, .argument = REASON_ERROR },
    { .kind = EVENT_EXIT, .argument = REASON_ERROR } },
  /* A start that succeeds too late, of a child that does not want to stop. */
  { { .kind = EVENT_SET_START, .argument = TEST_START_STUBBORN, .times = 1 },
    { .kind = EVENT_EXIT, .argument = REASON_ERROR },
    { .kind = EVENT_TERMINATE },
    { .kind = EVENT_SET_STOP, .argument = TEST_STOP_REFUSE },
    { .kind = EVENT_ADVANCE, .argument = STEP_HALF_LIMIT },
    { .kind = EVENT_ANSWER },
    { .kind = EVENT_ADVANCE, .argument = STEP_HALF_LIMIT } },
  /* A start that is given up when it has just succeeded, with the next one waiting. */
  { { .kind = EVENT_SET_START, .argument = TEST_START_STUBBORN, .times = 1 },
    { .kind = EVENT_EXIT, .argument = REASON_ERROR },
    { .kind = EVENT_RESTART },
    { .kind = EVENT_ANSWER, .is_hasty = TRUE },
    { .kind = EVENT_TERMINATE } },
  /* A child that becomes healthy. */
  { { .kind = EVENT_EXIT, .argument = REASON_ERROR },
    { .kind = EVENT_ADVANCE, .argument = STEP_DELAY },
    { .kind = EVENT_ADVANCE, .argument = STEP_MAX_DELAY },
    { .kind = EVENT_EXIT, .argument = REASON_ERROR },
    { .kind = EVENT_ADVANCE, .argument = STEP_DELAY } },
};

static void
place_event (Sequence *self,
             const Event *event)
{
  Event *place = &self->events[self->n_events];

  if (self->n_events == MAX_EVENTS)
    return;

  *place = *event;
  if (event->kind == EVENT_ADVANCE)
    place->argument = find_step_usec (self, event->node, event->argument);
  self->n_events++;
}

static void
add_chain (Sequence *self,
           GRand *rand,
           guint node)
{
  const Event *chain = chains[choose (rand, G_N_ELEMENTS (chains))];

  for (guint i = 0; i < MAX_LINKS && chain[i].kind != EVENT_NOTHING; i++)
    {
      Event event = chain[i];

      event.node = node;
      place_event (self, &event);
    }
}

static void
add_event (Sequence *self,
           GRand *rand)
{
  EventKind kind = choose_kind (rand);
  Event event = { .kind = kind, .node = choose_node (self, rand, event_get_whom (kind)) };

  if (habits[kind].n_arguments > 0)
    event.argument = choose (rand, habits[kind].n_arguments);
  if (kind == EVENT_SET_START)
    event.times = 1 + choose (rand, 3);
  event.is_hasty = habits[kind].may_be_hasty && choose (rand, 4) == 0;
  place_event (self, &event);
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
  node->strategy = choose (rand, N_STRATEGIES);
  node->intensity = choose (rand, 5);
  node->period_msec = periods_msec[choose (rand, G_N_ELEMENTS (periods_msec))];
  node->auto_shutdown = choose (rand, N_AUTO_SHUTDOWNS);
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
  node.restart = choose (rand, N_RESTARTS);
  node.is_significant = node.restart != USHER_RESTART_PERMANENT && choose (rand, 2) == 0 &&
                        self->nodes[node.parent].auto_shutdown != USHER_AUTO_SHUTDOWN_NEVER;
  choose_times (&node, index, rand);
  choose_supervision (&node, rand);
  self->nodes[self->n_nodes++] = node;
}

static gboolean
has_only_leaves (const Sequence *self,
                 guint supervisor)
{
  guint n_leaves = 0;

  for (guint i = 1; i < self->n_nodes; i++)
    if (self->nodes[i].parent == supervisor)
      {
        if (self->nodes[i].is_supervisor)
          return FALSE;
        n_leaves++;
      }

  return n_leaves > 0;
}

/* Children of simple-one-for-one are alike, and come by calls. */
static void
make_simple (Sequence *self,
             guint supervisor)
{
  const NodePlan *first = NULL;

  self->nodes[supervisor].strategy = USHER_STRATEGY_SIMPLE_ONE_FOR_ONE;
  self->nodes[supervisor].auto_shutdown = USHER_AUTO_SHUTDOWN_NEVER;
  for (guint i = 1; i < self->n_nodes; i++)
    if (self->nodes[i].parent == supervisor)
      {
        if (first == NULL)
          first = &self->nodes[i];
        self->nodes[i] = *first;
        self->nodes[i].is_static = FALSE;
        self->nodes[i].is_significant = FALSE;
      }
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

/* Children that are alike mean most when there are many. */
static void
add_crowd (Sequence *self,
           GRand *rand)
{
  for (guint i = 1; i < self->n_nodes; i++)
    {
      const Event start = { .kind = EVENT_START, .node = i };
      const Event stop = { .kind = EVENT_SET_STOP, .node = i, .argument = choose (rand, 5) };

      if (!sequence_is_alike (self, i) || choose (rand, 4) == 0)
        continue;
      place_event (self, &start);
      if (choose (rand, 2) == 0)
        place_event (self, &stop);
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
  for (guint i = 0; i < self->n_nodes; i++)
    if (self->nodes[i].is_supervisor && has_only_leaves (self, i) && choose (rand, 4) == 0)
      make_simple (self, i);
  lengthen_limits (self);

  n_events = 1 + choose (rand, MAX_EVENTS);
  if (choose (rand, 8) != 0)
    {
      place_event (self, &(Event){ .kind = EVENT_BOOT });
      add_crowd (self, rand);
    }
  while (self->n_events < n_events)
    if (choose (rand, 12) == 0)
      add_chain (self, rand, choose_node (self, rand, WHOM_LEAF));
    else
      add_event (self, rand);
}
