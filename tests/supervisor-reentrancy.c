/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/fake-clock.h"
#include "support/iterate.h"
#include "support/test-child.h"

/* Every piece of the user's code that a supervisor calls may do anything to the supervisor. Here it
 * does each thing in each place, at its first, second and third occasion and under each strategy;
 * then every start must have had its one exit, and the tree must start and stop as ever. */

#define N_OCCASIONS 3
#define N_CHILDREN 3

enum
{
  A,
  B,
  C,
  D, /* it is started and deleted by calls */
  N_ALL_CHILDREN,
};

typedef enum
{
  IN_START,
  IN_CANCEL,
  IN_SHUTDOWN,
  IN_FINAL_SHUTDOWN,
  IN_KILL,
  IN_CHILD_EXITED,
  IN_REPORT,
  IN_STARTED,
  IN_ANSWER,
  IN_EXITED,
} Place;

static const char *const places[] = {
  [IN_START] = "start",
  [IN_CANCEL] = "cancelled-start",
  [IN_SHUTDOWN] = "shutdown",
  [IN_FINAL_SHUTDOWN] = "final-shutdown",
  [IN_KILL] = "kill",
  [IN_CHILD_EXITED] = "exit-of-a-child",
  [IN_REPORT] = "report",
  [IN_STARTED] = "answer-of-the-start",
  [IN_ANSWER] = "answer-of-a-call",
  [IN_EXITED] = "exit",
};

typedef struct
{
  UsherSupervisor *supervisor; /* (owned) (nullable): NULL once its last reference was dropped */
  gpointer alive;              /* (unowned) (nullable): NULL once it is finalized */
  TestChild *children[N_ALL_CHILDREN];
  GString *trace;
  guint n_started;
  guint n_exited;
  gboolean is_starting;

  Place place;
  void (*act) (UsherSupervisor *supervisor);
  guint n_occasions; /* before it acts */
  gboolean has_acted;
} World;

static World *world;

static void
act_if_in (Place place)
{
  if (world->has_acted || place != world->place || world->n_occasions-- > 0)
    return;

  world->has_acted = TRUE;
  world->act (world->supervisor);
}

/* What user's code may do. */

static UsherChildSpec *
make_spec (guint index)
{
  static const char *const names[] = { "a", "b", "c", "d" };
  static const UsherRestart restarts[] = { USHER_RESTART_PERMANENT, USHER_RESTART_TRANSIENT,
                                           USHER_RESTART_PERMANENT, USHER_RESTART_TEMPORARY };
  UsherChildSpec *spec = usher_child_spec_new (names[index], USHER_CHILD (world->children[index]));

  usher_child_spec_set_restart (spec, restarts[index]);
  usher_child_spec_set_shutdown_msec (spec, 100);
  return spec;
}

static void
on_start_answered (GObject *object,
                   GAsyncResult *result,
                   gpointer data)
{
  usher_supervisor_start_child_finish (USHER_SUPERVISOR (object), result, NULL);
  act_if_in (IN_ANSWER);
}

static void
on_restart_answered (GObject *object,
                     GAsyncResult *result,
                     gpointer data)
{
  usher_supervisor_restart_child_finish (USHER_SUPERVISOR (object), result, NULL);
  act_if_in (IN_ANSWER);
}

static void
on_terminate_answered (GObject *object,
                       GAsyncResult *result,
                       gpointer data)
{
  usher_supervisor_terminate_child_finish (USHER_SUPERVISOR (object), result, NULL);
  act_if_in (IN_ANSWER);
}

static void
on_delete_answered (GObject *object,
                    GAsyncResult *result,
                    gpointer data)
{
  usher_supervisor_delete_child_finish (USHER_SUPERVISOR (object), result, NULL);
  act_if_in (IN_ANSWER);
}

static void
on_started (GObject *object,
            GAsyncResult *result,
            gpointer data)
{
  world->is_starting = FALSE;
  if (usher_child_start_finish (USHER_CHILD (object), result, NULL) == USHER_START_STARTED)
    world->n_started++;
  act_if_in (IN_STARTED);
}

static void
shut_down (UsherSupervisor *supervisor)
{
  usher_child_shutdown (USHER_CHILD (supervisor), USHER_STOP_FINAL);
}

static void
shut_down_for_a_restart (UsherSupervisor *supervisor)
{
  usher_child_shutdown (USHER_CHILD (supervisor), USHER_STOP_RESTART);
}

static void
kill_it (UsherSupervisor *supervisor)
{
  usher_child_kill (USHER_CHILD (supervisor));
}

static void
iterate (UsherSupervisor *supervisor)
{
  iterate_pending (NULL);
}

static void
let_time_pass (UsherSupervisor *supervisor)
{
  fake_clock_advance_usec (G_TIME_SPAN_SECOND);
  iterate_pending (NULL);
}

static void
kill_it_and_iterate (UsherSupervisor *supervisor)
{
  kill_it (supervisor);
  let_time_pass (supervisor);
}

static void
shut_down_and_iterate (UsherSupervisor *supervisor)
{
  shut_down (supervisor);
  let_time_pass (supervisor);
}

static void
drop (UsherSupervisor *supervisor)
{
  shut_down (supervisor);
  g_clear_object (&world->supervisor);
}

static void
drop_and_iterate (UsherSupervisor *supervisor)
{
  drop (supervisor);
  let_time_pass (supervisor);
}

static void
start_it (UsherSupervisor *supervisor)
{
  if (!world->is_starting)
    {
      world->is_starting = TRUE;
      usher_child_start_async (USHER_CHILD (supervisor), NULL, on_started, NULL);
    }
}

static void
list (UsherSupervisor *supervisor)
{
  g_autoptr (GPtrArray) infos = usher_supervisor_which_children (supervisor);
  g_autoptr (UsherChildInfo) info = usher_supervisor_get_child (supervisor, "a", NULL);
  g_autoptr (UsherChildSpec) spec = usher_supervisor_get_childspec (supervisor, "a", NULL);
  UsherChildCounts counts;

  usher_supervisor_count_children (supervisor, &counts);
  g_assert_cmpuint (counts.n_specs, ==, infos->len);
  g_assert_nonnull (info);
  g_assert_nonnull (spec);
}

static void
start_child (UsherSupervisor *supervisor)
{
  g_autoptr (UsherChildSpec) spec = make_spec (D);

  usher_supervisor_start_child_async (supervisor, spec, NULL, on_start_answered, NULL);
}

static void
restart_child (UsherSupervisor *supervisor)
{
  usher_supervisor_restart_child_async (supervisor, "c", NULL, on_restart_answered, NULL);
}

static void
terminate_child (UsherSupervisor *supervisor)
{
  usher_supervisor_terminate_child_async (supervisor, "c", NULL, on_terminate_answered, NULL);
}

static void
terminate_all_children (UsherSupervisor *supervisor)
{
  usher_supervisor_terminate_child_async (supervisor, "a", NULL, on_terminate_answered, NULL);
  usher_supervisor_terminate_child_async (supervisor, "b", NULL, on_terminate_answered, NULL);
  usher_supervisor_terminate_child_async (supervisor, "c", NULL, on_terminate_answered, NULL);
  usher_supervisor_terminate_child_async (supervisor, "d", NULL, on_terminate_answered, NULL);
}

static void
delete_child (UsherSupervisor *supervisor)
{
  usher_supervisor_delete_child_async (supervisor, "d", NULL, on_delete_answered, NULL);
}

static void
crash (guint index)
{
  if (test_child_is_running (world->children[index]))
    test_child_exit (world->children[index], USHER_EXIT_ERROR);
}

static void
crash_a_child (UsherSupervisor *supervisor)
{
  crash (A);
}

static void
burn_the_budget (UsherSupervisor *supervisor)
{
  usher_supervisor_set_intensity (supervisor, 0);
  crash (B);
}

static const struct
{
  const char *name;
  void (*act) (UsherSupervisor *supervisor);
} acts[] = {
  { "shuts-it-down", shut_down },
  { "shuts-it-down-and-iterates", shut_down_and_iterate },
  { "shuts-it-down-for-a-restart", shut_down_for_a_restart },
  { "kills-it", kill_it },
  { "kills-it-and-iterates", kill_it_and_iterate },
  { "drops-it", drop },
  { "drops-it-and-iterates", drop_and_iterate },
  { "iterates", iterate },
  { "lets-time-pass", let_time_pass },
  { "starts-it", start_it },
  { "lists", list },
  { "starts-a-child", start_child },
  { "restarts-a-child", restart_child },
  { "terminates-a-child", terminate_child },
  { "terminates-all-children", terminate_all_children },
  { "deletes-a-child", delete_child },
  { "crashes-a-child", crash_a_child },
  { "burns-the-budget", burn_the_budget },
};

/* Where user's code is called. */

static void
on_mark (TestChild *child,
         char mark,
         gpointer data)
{
  switch (mark)
    {
    case '+':
      act_if_in (IN_START);
      break;
    case '~':
      act_if_in (IN_CANCEL);
      break;
    case '-':
      act_if_in (IN_SHUTDOWN);
      break;
    case '=':
      act_if_in (IN_FINAL_SHUTDOWN);
      break;
    case '!':
    default:
      act_if_in (IN_KILL);
    }
}

static void
on_child_exited (UsherChild *child,
                 guint64 serial,
                 UsherExit *exit,
                 gpointer data)
{
  act_if_in (IN_CHILD_EXITED);
}

static void
on_report (UsherSupervisor *supervisor,
           UsherReport *report,
           gpointer data)
{
  act_if_in (IN_REPORT);
}

static void
on_exited (UsherChild *child,
           guint64 serial,
           UsherExit *exit,
           gpointer data)
{
  world->n_exited++;
  g_assert_cmpuint (world->n_exited, <=, world->n_started);
  act_if_in (IN_EXITED);
}

/* What happens to the tree, if it is there and lets it happen. */

static void
step (void (*act) (UsherSupervisor *supervisor))
{
  if (world->supervisor != NULL)
    act (world->supervisor);
  iterate_pending (NULL);
}

static void
crash_and_fail_to_restart (UsherSupervisor *supervisor)
{
  test_child_set_next_starts (world->children[A], TEST_START_FAIL, 1);
  crash (A);
}

static void
crash_and_hang (UsherSupervisor *supervisor)
{
  test_child_set_next_starts (world->children[C], TEST_START_HANG, 1);
  crash (C);
}

static void
live (void (*end) (UsherSupervisor *supervisor))
{
  step (start_it);
  step (crash_a_child);
  step (crash_and_fail_to_restart);
  step (crash_and_hang);
  step (terminate_child);
  step (restart_child);
  step (start_child);
  step (delete_child);
  test_child_set_stop (world->children[B], TEST_STOP_REFUSE);
  step (end);
  let_time_pass (NULL);
  test_child_set_stop (world->children[B], TEST_STOP_SHUTDOWN);
}

static void
assert_down (void)
{
  g_assert_false (world->is_starting);
  g_assert_cmpuint (world->n_exited, ==, world->n_started);
  for (guint i = 0; i < N_ALL_CHILDREN; i++)
    g_assert_false (test_child_is_running (world->children[i]));
}

static void
assert_works (void)
{
  UsherChildCounts counts;

  world->has_acted = TRUE;
  for (guint i = 0; i < N_ALL_CHILDREN; i++)
    test_child_set_next_starts (world->children[i], TEST_START_OK, 1);
  step (shut_down);
  let_time_pass (NULL);
  assert_down ();
  if (world->supervisor == NULL)
    return;

  world->n_started = world->n_exited = 0;
  step (start_it);
  g_assert_cmpuint (world->n_started, ==, 1);
  usher_supervisor_count_children (world->supervisor, &counts);
  g_assert_cmpuint (counts.n_specs, ==, N_CHILDREN);
  g_assert_cmpuint (counts.n_active, ==, N_CHILDREN);
  step (shut_down);
  assert_down ();
}

static void
set_up (UsherStrategy strategy)
{
  static const char *const names[] = { "a", "b", "c", "d" };

  fake_clock_install ();
  world->trace = g_string_new (NULL);
  world->supervisor = usher_supervisor_new (strategy);
  world->alive = world->supervisor;
  g_object_add_weak_pointer (G_OBJECT (world->supervisor), &world->alive);
  usher_supervisor_set_intensity (world->supervisor, 100);
  g_signal_connect (world->supervisor, "report", G_CALLBACK (on_report), NULL);
  g_signal_connect (world->supervisor, "exited", G_CALLBACK (on_exited), NULL);
  for (guint i = 0; i < N_ALL_CHILDREN; i++)
    {
      world->children[i] = test_child_new (names[i], world->trace);
      test_child_set_hook (world->children[i], on_mark, NULL);
      g_signal_connect (world->children[i], "exited", G_CALLBACK (on_child_exited), NULL);
    }
  for (guint i = 0; i < N_CHILDREN; i++)
    {
      g_autoptr (UsherChildSpec) spec = make_spec (i);

      g_assert_true (usher_supervisor_add_child (world->supervisor, spec, NULL));
    }
}

static void
tear_down (void)
{
  g_clear_object (&world->supervisor);
  iterate_pending (NULL);
  g_assert_null (world->alive);
  for (guint i = 0; i < N_ALL_CHILDREN; i++)
    g_assert_finalize_object (world->children[i]);
  g_string_free (world->trace, TRUE);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  fake_clock_remove ();
}

/* Whether there was an occasion. */
static gboolean
survive (World *this_world,
         UsherStrategy strategy)
{
  gboolean has_acted;

  world = this_world;
  set_up (strategy);
  live (shut_down_for_a_restart);
  live (shut_down);
  has_acted = world->has_acted;
  assert_works ();
  tear_down ();

  return has_acted;
}

typedef struct
{
  Place place;
  guint act;
} Meddling;

static void
test_survives (gconstpointer data)
{
  const Meddling *meddling = data;

  for (guint strategy = USHER_STRATEGY_ONE_FOR_ONE; strategy <= USHER_STRATEGY_REST_FOR_ONE; strategy++)
    for (guint n = 0; n < N_OCCASIONS; n++)
      {
        World this_world = {
          .place = meddling->place,
          .act = acts[meddling->act].act,
          .n_occasions = n,
        };

        g_assert_true (survive (&this_world, strategy) || n > 0);
      }
}

int
main (int argc,
      char *argv[])
{
  static Meddling meddlings[G_N_ELEMENTS (places)][G_N_ELEMENTS (acts)];

  g_test_init (&argc, &argv, NULL);

  for (guint place = 0; place < G_N_ELEMENTS (places); place++)
    for (guint act = 0; act < G_N_ELEMENTS (acts); act++)
      {
        g_autofree char *path = g_strdup_printf ("/supervisor-reentrancy/%s/%s", places[place], acts[act].name);

        meddlings[place][act] = (Meddling){ place, act };
        g_test_add_data_func (path, &meddlings[place][act], test_survives);
      }

  return g_test_run ();
}
