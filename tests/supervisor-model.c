/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/fake-clock.h"
#include "support/iterate.h"
#include "support/model.h"
#include "support/test-child.h"

#define N_SEQUENCES 20000
#define MAX_EVENTS 24
#define MAX_NODES 16

typedef enum
{
  EVENT_EXIT,
  EVENT_EXIT_QUEUED, /* and the next event comes before anybody has noticed */
  EVENT_NEXT_STARTS,
  EVENT_STOP_BEHAVIOUR,
  EVENT_ADVANCE,
  EVENT_TERMINATE,
  EVENT_RESTART,
} EventKind;

typedef struct
{
  EventKind kind;
  guint node;
  guint value;
} Event;

/* One random tree, and what happens to it: everything follows from the seed. */
typedef struct
{
  guint seed;
  guint n_events;
  Event events[MAX_EVENTS];
} Scenario;

/* The tree twice: as a model, and real. */
typedef struct
{
  Model model;
  ModelNode *nodes[MAX_NODES];     /* (owned): the first is the root */
  UsherChild *children[MAX_NODES]; /* (owned) */
  guint n_nodes;
  gboolean is_nested;
  gint64 now_usec;
  GString *expected; /* (owned) */
  GString *actual;   /* (owned) */
} World;

static void
on_report (UsherSupervisor *supervisor,
           UsherReport *report,
           World *world)
{
  const char *const contexts[] = { "start-error", "child-terminated", "shutdown-error", "shutdown" };
  const char *const kinds[] = { "normal", "shutdown", "error", "killed" };

  g_string_append_printf (world->actual, "%s%s/%s/%s", world->actual->len > 0 ? " " : "", contexts[usher_report_get_context (report)],
                          usher_report_get_offender (report),
                          kinds[usher_exit_get_kind (usher_report_get_reason (report))]);
}

static ModelNode *
make_node (World *world,
           GRand *random,
           gboolean is_supervisor)
{
  ModelNode *node = g_new0 (ModelNode, 1);

  g_snprintf (node->name, sizeof node->name, "%c", 'a' + world->n_nodes);
  node->is_supervisor = is_supervisor;
  node->restart = g_rand_int_range (random, 0, 3);
  node->is_brutal = !is_supervisor && g_rand_int_range (random, 0, 6) == 0;
  node->strategy = g_rand_int_range (random, 0, 3);
  node->auto_shutdown = g_rand_int_range (random, 0, 3);
  node->intensity = g_rand_int_range (random, 0, 10);
  node->period_usec = g_rand_int_range (random, 0, 3) * 1000 * 1000;
  node->charges = g_array_new (FALSE, FALSE, sizeof (gint64));
  world->nodes[world->n_nodes++] = node;

  return node;
}

static void
make_tree (World *world,
           GRand *random,
           ModelNode *parent,
           guint depth)
{
  guint n_children = g_rand_int_range (random, depth == 0 ? 1 : 0, MODEL_MAX_CHILDREN);

  for (guint i = 0; i < n_children && world->n_nodes < MAX_NODES; i++)
    {
      gboolean is_nested = depth < 2 && g_rand_int_range (random, 0, 5) == 0;
      ModelNode *node = make_node (world, random, is_nested);

      world->is_nested = world->is_nested || is_nested;
      node->parent = parent;
      node->is_significant = parent->auto_shutdown != USHER_AUTO_SHUTDOWN_NEVER &&
                             node->restart != USHER_RESTART_PERMANENT &&
                             g_rand_boolean (random);
      parent->children[parent->n_children++] = node;
      if (is_nested)
        make_tree (world, random, node, depth + 1);
    }
}

static UsherChild *
make_child (World *world,
            const ModelNode *node)
{
  if (!node->is_supervisor)
    return USHER_CHILD (test_child_new (node->name, world->actual));

  UsherSupervisor *supervisor = usher_supervisor_new (node->strategy);

  usher_supervisor_set_name (supervisor, node->name);
  usher_supervisor_set_auto_shutdown (supervisor, node->auto_shutdown);
  usher_supervisor_set_intensity (supervisor, node->intensity);
  usher_supervisor_set_period_msec (supervisor, node->period_usec / 1000);
  g_signal_connect (supervisor, "report", G_CALLBACK (on_report), world);

  return USHER_CHILD (supervisor);
}

static guint
index_of (const World *world,
          const ModelNode *node)
{
  guint index = 0;

  while (world->nodes[index] != node)
    index++;

  return index;
}

static void
add_to_parent (World *world,
               guint index)
{
  const ModelNode *node = world->nodes[index];
  UsherChild *parent = world->children[index_of (world, node->parent)];
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new (node->name, world->children[index]);
  g_autoptr (GError) error = NULL;

  usher_child_spec_set_restart (spec, node->restart);
  usher_child_spec_set_significant (spec, node->is_significant);
  if (node->is_brutal)
    usher_child_spec_set_shutdown_msec (spec, USHER_SHUTDOWN_BRUTAL_KILL);
  else if (!node->is_supervisor)
    usher_child_spec_set_shutdown_msec (spec, MODEL_LIMIT_USEC / 1000);
  usher_supervisor_add_child (USHER_SUPERVISOR (parent), spec, &error);
  g_assert_no_error (error);
}

static void
world_init (World *world,
            guint seed)
{
  GRand *random = g_rand_new_with_seed (seed);

  *world = (World){ .expected = g_string_new (NULL), .actual = g_string_new (NULL) };
  world->model.trace = world->expected;
  make_tree (world, random, make_node (world, random, TRUE), 0);
  for (guint i = 0; i < world->n_nodes; i++)
    world->children[i] = make_child (world, world->nodes[i]);
  for (guint i = 1; i < world->n_nodes; i++)
    add_to_parent (world, i);
  g_rand_free (random);
}

static gboolean
is_waiting (const World *world)
{
  for (guint i = 0; i < world->n_nodes; i++)
    if (!world->nodes[i]->is_supervisor && test_child_is_refusing (TEST_CHILD (world->children[i])))
      return TRUE;

  return FALSE;
}

/* Everything that can happen happens, limits included: nothing else waits for the time. */
static void
settle (World *world)
{
  iterate_pending (NULL);
  while (is_waiting (world))
    {
      fake_clock_advance_usec (MODEL_LIMIT_USEC);
      world->now_usec += MODEL_LIMIT_USEC;
      iterate_pending (NULL);
    }
  for (guint i = 0; i < world->n_nodes; i++)
    model_run (&world->model, world->nodes[0]);
}

static void
world_clear (World *world)
{
  usher_child_kill (world->children[0]);
  iterate_pending (NULL);
  for (guint i = 0; i < world->n_nodes; i++)
    {
      g_assert_finalize_object (G_OBJECT (world->children[i]));
      g_array_unref (world->nodes[i]->charges);
      g_queue_clear (&world->nodes[i]->letters);
      g_free (world->nodes[i]);
    }
  g_string_free (world->expected, TRUE);
  g_string_free (world->actual, TRUE);
}

static gboolean
agrees (World *world)
{
  for (guint i = 1; i < world->n_nodes; i++)
    if (!world->nodes[i]->is_supervisor &&
        test_child_is_running (TEST_CHILD (world->children[i])) != (world->nodes[i]->state == MODEL_UP))
      return FALSE;

  return world->now_usec == world->model.now_usec &&
         g_string_equal (world->expected, world->actual);
}

static void
apply_exit (World *world,
            const Event *event)
{
  const UsherExitKind kinds[] = { USHER_EXIT_NORMAL, USHER_EXIT_SHUTDOWN, USHER_EXIT_ERROR, USHER_EXIT_KILLED };
  ModelNode *node = world->nodes[event->node];

  if (node->is_supervisor || node->state != MODEL_UP)
    return;

  model_exit (&world->model, node, kinds[event->value % 4]);
  test_child_exit (TEST_CHILD (world->children[event->node]), kinds[event->value % 4]);
}

static void
apply_behaviour (World *world,
                 const Event *event)
{
  ModelNode *node = world->nodes[event->node];

  if (node->is_supervisor)
    return;

  if (event->kind == EVENT_STOP_BEHAVIOUR)
    {
      node->stop = event->value % 4;
      test_child_set_stop (TEST_CHILD (world->children[event->node]), node->stop);
      return;
    }

  node->next_start = event->value % 2 == 0 ? TEST_START_FAIL : TEST_START_IGNORE;
  node->n_next_starts = 1 + event->value % 3;
  test_child_set_next_starts (TEST_CHILD (world->children[event->node]), node->next_start, node->n_next_starts);
}

static void
apply_call (World *world,
            const Event *event)
{
  ModelNode *node = world->nodes[event->node];

  if (node->parent == NULL || node->parent->state != MODEL_UP || node->state == MODEL_GONE)
    return;

  UsherSupervisor *parent = USHER_SUPERVISOR (world->children[index_of (world, node->parent)]);

  if (event->kind == EVENT_TERMINATE)
    {
      usher_supervisor_terminate_child_async (parent, node->name, NULL, NULL, NULL);
      model_terminate (&world->model, node);
    }
  else
    {
      usher_supervisor_restart_child_async (parent, node->name, NULL, NULL, NULL);
      model_restart (&world->model, node);
    }
}

static void
apply (World *world,
       const Event *event)
{
  gint64 step_usec = event->value * 100 * 1000;

  if (event->kind == EVENT_EXIT || event->kind == EVENT_EXIT_QUEUED)
    apply_exit (world, event);
  else if (event->kind == EVENT_NEXT_STARTS || event->kind == EVENT_STOP_BEHAVIOUR)
    apply_behaviour (world, event);
  else if (event->kind == EVENT_TERMINATE || event->kind == EVENT_RESTART)
    {
      settle (world);
      apply_call (world, event);
    }
  else
    {
      settle (world);
      fake_clock_advance_usec (step_usec);
      world->now_usec += step_usec;
      world->model.now_usec += step_usec;
    }

  /* In a nested tree exits of different supervisors have no common order. */
  if (event->kind != EVENT_EXIT_QUEUED || world->is_nested)
    settle (world);
}

static gboolean
run (const Scenario *scenario,
     gboolean explain)
{
  World world;
  gboolean result;

  world_init (&world, scenario->seed);
  usher_child_start_async (world.children[0], NULL, NULL, NULL);
  model_start (&world.model, world.nodes[0]);
  settle (&world);

  result = agrees (&world);
  for (guint i = 0; i < scenario->n_events && result; i++)
    {
      Event event = scenario->events[i];

      event.node %= world.n_nodes;
      apply (&world, &event);
      result = (event.kind == EVENT_EXIT_QUEUED && !world.is_nested) || agrees (&world);
    }
  if (result)
    {
      settle (&world);
      usher_child_shutdown (world.children[0], USHER_STOP_FINAL);
      if (world.nodes[0]->state == MODEL_UP)
        model_stop (&world.model, world.nodes[0]);
      else
        {
          world.nodes[0]->may_keep = TRUE;
          model_stop (&world.model, world.nodes[0]);
        }
      settle (&world);
      result = agrees (&world);
    }

  if (explain)
    g_test_message ("expected: %s\nactual:   %s", world.expected->str, world.actual->str);
  world_clear (&world);
  return result;
}

static void
make_scenario (Scenario *scenario,
               guint seed)
{
  const EventKind kinds[] = {
    EVENT_EXIT, EVENT_EXIT, EVENT_EXIT_QUEUED, EVENT_EXIT_QUEUED, EVENT_EXIT_QUEUED,
    EVENT_NEXT_STARTS, EVENT_NEXT_STARTS, EVENT_STOP_BEHAVIOUR, EVENT_ADVANCE, EVENT_TERMINATE,
    EVENT_RESTART
  };
  GRand *random = g_rand_new_with_seed (seed ^ 0x5eed);

  *scenario = (Scenario){ .seed = seed };
  scenario->n_events = g_rand_int_range (random, 1, MAX_EVENTS + 1);
  for (guint i = 0; i < scenario->n_events; i++)
    scenario->events[i] = (Event){
      .kind = kinds[g_rand_int_range (random, 0, G_N_ELEMENTS (kinds))],
      .node = g_rand_int_range (random, 0, MAX_NODES),
      .value = g_rand_int_range (random, 0, 24),
    };
  g_rand_free (random);
}

/* Leaves out events for as long as it still fails. */
static void
shrink (Scenario *scenario)
{
  for (guint i = 0; i < scenario->n_events;)
    {
      Scenario smaller = *scenario;

      smaller.n_events--;
      for (guint j = i; j < smaller.n_events; j++)
        smaller.events[j] = scenario->events[j + 1];

      if (run (&smaller, FALSE))
        i++;
      else
        *scenario = smaller;
    }
}

static void
explain (Scenario *scenario)
{
  shrink (scenario);
  g_test_message ("seed %u fails with %u events:", scenario->seed, scenario->n_events);
  for (guint i = 0; i < scenario->n_events; i++)
    g_test_message ("event %d, node %u, value %u", scenario->events[i].kind, scenario->events[i].node,
                    scenario->events[i].value);
  run (scenario, TRUE);
}

static GLogWriterOutput
be_silent (GLogLevelFlags level,
           const GLogField *fields,
           gsize n_fields,
           gpointer user_data)
{
  return (level & G_LOG_LEVEL_MASK) > G_LOG_LEVEL_WARNING
             ? G_LOG_WRITER_HANDLED
             : g_log_writer_default (level, fields, n_fields, user_data);
}

static void
test_agrees (void)
{
  guint first_seed = g_test_rand_int ();

  fake_clock_install ();
  for (guint i = 0; i < N_SEQUENCES; i++)
    {
      Scenario scenario;

      make_scenario (&scenario, first_seed + i);
      if (!run (&scenario, FALSE))
        {
          explain (&scenario);
          g_test_fail ();
          break;
        }
    }
  fake_clock_remove ();
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (be_silent, NULL, NULL);

  g_test_add_func ("/supervisor-model/random-trees-behave-as-the-model", test_agrees);

  return g_test_run ();
}
