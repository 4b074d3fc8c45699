/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

/* The children a and b; b waits 100 ms before a restart, then 200 ms, at most 400 ms. */
static void
start_two (Fixture *fixture)
{
  fixture->children[B] = test_child_new ("b", fixture->trace);

  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("b", USHER_CHILD (fixture->children[B]));

  usher_child_spec_set_restart_delay (spec, 100, 400, 0);
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  g_assert_true (usher_supervisor_add_child (fixture->supervisor, spec, NULL));
  usher_supervisor_set_intensity (fixture->supervisor, 10);
  supervisor_fixture_start (fixture, "+a +b");
}

static void
assert_state (Fixture *fixture,
              UsherChildState state)
{
  g_autoptr (UsherChildInfo) info = usher_supervisor_get_child (fixture->supervisor, "b", NULL);

  g_assert_cmpint (usher_child_info_get_state (info), ==, state);
}

/* The restart comes after `msec`, and not before. */
static void
assert_waits (Fixture *fixture,
              guint msec,
              const char *expected)
{
  assert_state (fixture, USHER_CHILD_RESTARTING);
  advance_msec (msec - 1);
  supervisor_fixture_assert_trace (fixture, "");
  advance_msec (1);
  supervisor_fixture_assert_trace (fixture, expected);
}

static void
test_doubles_and_resets (Fixture *fixture,
                         gconstpointer data)
{
  const guint delays_msec[] = { 100, 200, 400, 400 };

  start_two (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (delays_msec); i++)
    {
      test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
      supervisor_fixture_assert_trace (fixture, "child-terminated/b/error");
      assert_waits (fixture, delays_msec[i], "+b");
    }

  advance_msec (400);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error");
  assert_waits (fixture, 100, "+b");
  supervisor_fixture_stop (fixture, "=b =a");
}

static void
test_begins_again_with_the_supervisor (Fixture *fixture,
                                       gconstpointer data)
{
  start_two (fixture);
  for (guint i = 0; i < 2; i++)
    {
      test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
      supervisor_fixture_assert_trace (fixture, "child-terminated/b/error");
      assert_waits (fixture, 100, "+b");
      supervisor_fixture_stop (fixture, "=b =a");
      supervisor_fixture_start (fixture, "+a +b");
    }
  supervisor_fixture_stop (fixture, "=b =a");
}

static void
test_failed_attempts_wait (Fixture *fixture,
                           gconstpointer data)
{
  start_two (fixture);
  test_child_set_next_starts (fixture->children[B], TEST_START_FAIL, 2);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error");
  assert_waits (fixture, 100, "+b start-error/b/error");
  assert_waits (fixture, 200, "+b start-error/b/error");
  assert_waits (fixture, 400, "+b");
  supervisor_fixture_stop (fixture, "=b =a");
}

static void
test_is_charged (Fixture *fixture,
                 gconstpointer data)
{
  start_two (fixture);
  usher_supervisor_set_intensity (fixture->supervisor, 1);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error");
  assert_waits (fixture, 100, "+b");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error shutdown/b/shutdown -a");
}

static void
test_terminate_ends_the_wait (Fixture *fixture,
                              gconstpointer data)
{
  start_two (fixture);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error");
  usher_supervisor_terminate_child_async (fixture->supervisor, "b", NULL, NULL, NULL);
  iterate_pending (NULL);
  assert_state (fixture, USHER_CHILD_STOPPED);
  advance_msec (1000);
  supervisor_fixture_stop (fixture, "=a");
}

static void
test_stop_ends_the_wait (Fixture *fixture,
                         gconstpointer data)
{
  start_two (fixture);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error");
  supervisor_fixture_stop (fixture, "=a");
}

/* A round for the sake of a sibling starts it, and the wait is void. */
static void
test_sibling_overtakes_the_wait (Fixture *fixture,
                                 gconstpointer data)
{
  start_two (fixture);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error");
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a +b");
  advance_msec (1000);
  supervisor_fixture_stop (fixture, "=b =a");
}

#define ADD(path, strategy, func)                                               \
  g_test_add ("/supervisor-backoff/" path, Fixture, GINT_TO_POINTER (strategy), \
              supervisor_fixture_set_up, func, supervisor_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("doubles-and-resets", USHER_STRATEGY_ONE_FOR_ONE, test_doubles_and_resets);
  ADD ("begins-again-with-the-supervisor", USHER_STRATEGY_ONE_FOR_ONE,
       test_begins_again_with_the_supervisor);
  ADD ("failed-attempts-wait", USHER_STRATEGY_ONE_FOR_ONE, test_failed_attempts_wait);
  ADD ("is-charged", USHER_STRATEGY_ONE_FOR_ONE, test_is_charged);
  ADD ("terminate-ends-the-wait", USHER_STRATEGY_ONE_FOR_ONE, test_terminate_ends_the_wait);
  ADD ("a-stop-ends-the-wait", USHER_STRATEGY_ONE_FOR_ONE, test_stop_ends_the_wait);
  ADD ("a-sibling-overtakes-the-wait", USHER_STRATEGY_REST_FOR_ONE, test_sibling_overtakes_the_wait);

  return g_test_run ();
}
