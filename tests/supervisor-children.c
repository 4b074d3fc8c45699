/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

static void
test_administration (Fixture *fixture,
                     gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_start (fixture, "");
  begin_start_child (fixture, A, USHER_RESTART_PERMANENT, &call);
  assert_started (&call);
  begin_start_child (fixture, A, USHER_RESTART_PERMANENT, &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_ALREADY_STARTED);
  begin_start_child (fixture, B, USHER_RESTART_PERMANENT, &call);
  assert_started (&call);
  assert_children (fixture, "b running, a running, 2 2 0 2");

  begin_restart (fixture, "a", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_RUNNING);
  begin_delete (fixture, "a", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_RUNNING);
  begin_terminate (fixture, "a", &call);
  assert_done (&call);
  begin_terminate (fixture, "a", &call);
  assert_done (&call);
  assert_children (fixture, "b running, a stopped, 2 1 0 2");
  begin_start_child (fixture, A, USHER_RESTART_PERMANENT, &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_ALREADY_PRESENT);
  begin_restart (fixture, "a", &call);
  assert_started (&call);
  supervisor_fixture_assert_trace (fixture, "+a +b =a +a");

  begin_terminate (fixture, "a", &call);
  assert_done (&call);
  begin_delete (fixture, "a", &call);
  assert_done (&call);
  begin_delete (fixture, "a", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  begin_restart (fixture, "a", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  begin_terminate (fixture, "a", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  assert_children (fixture, "b running, 1 1 0 1");
  supervisor_fixture_stop (fixture, "=a =b");
}

static void
test_dynamic_children_are_forgotten (Fixture *fixture,
                                     gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_start (fixture, "+a");
  begin_start_child (fixture, B, USHER_RESTART_PERMANENT, &call);
  assert_started (&call);
  supervisor_fixture_stop (fixture, "+b =b =a");
  assert_children (fixture, "a stopped, 1 0 0 1");
  supervisor_fixture_start (fixture, "+a");
  begin_terminate (fixture, "a", &call);
  assert_done (&call);
  begin_delete (fixture, "a", &call);
  assert_done (&call);
  supervisor_fixture_stop (fixture, "=a");
  supervisor_fixture_start (fixture, "");
  supervisor_fixture_stop (fixture, "");
}

static void
test_failed_calls_cost_nothing (Fixture *fixture,
                                gconstpointer data)
{
  Call call = { 0 };

  usher_supervisor_set_intensity (fixture->supervisor, 0);
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_start (fixture, "+a");
  begin_terminate (fixture, "a", &call);
  assert_done (&call);
  test_child_set_start (fixture->children[A], TEST_START_FAIL);
  begin_restart (fixture, "a", &call);
  assert_failed (&call, G_IO_ERROR_FAILED);
  supervisor_fixture_assert_trace (fixture, "=a +a");
  assert_children (fixture, "a stopped, 1 0 0 1");

  fixture->children[B] = test_child_new ("b", fixture->trace);
  test_child_set_start (fixture->children[B], TEST_START_FAIL);
  begin_start_child (fixture, B, USHER_RESTART_PERMANENT, &call);
  assert_failed (&call, G_IO_ERROR_FAILED);
  supervisor_fixture_assert_trace (fixture, "+b");
  assert_children (fixture, "a stopped, 1 0 0 1");
  supervisor_fixture_stop (fixture, "");
}

static void
test_ignored_calls (Fixture *fixture,
                    gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_start (fixture, "");
  for (guint i = A; i <= C; i++)
    {
      const char *const names[] = { "a", "b", "c" };

      fixture->children[i] = test_child_new (names[i], fixture->trace);
      test_child_set_start (fixture->children[i], TEST_START_IGNORE);
      begin_start_child (fixture, i, (UsherRestart) i, &call);
      assert_answer (&call, -1, USHER_START_IGNORED);
    }
  assert_children (fixture, "b stopped, a stopped, 2 0 0 2");
  supervisor_fixture_stop (fixture, "+a +b +c");
}

static void
test_terminating_a_temporary_child (Fixture *fixture,
                                    gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_start (fixture, "");
  begin_start_child (fixture, A, USHER_RESTART_TEMPORARY, &call);
  assert_started (&call);
  begin_terminate (fixture, "a", &call);
  assert_done (&call);
  begin_terminate (fixture, "a", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  begin_start_child (fixture, A, USHER_RESTART_TEMPORARY, &call);
  assert_started (&call);
  supervisor_fixture_stop (fixture, "+a =a +a =a");
}

/* A restart that never succeeds, and a budget that never ends: it hangs in start to hold it. */
static void
test_while_restarting (Fixture *fixture,
                       gconstpointer data)
{
  Call calls[4] = { 0 };

  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  test_child_set_next_starts (fixture->children[B], TEST_START_FAIL, 1);
  test_child_set_start (fixture->children[A], TEST_START_STUBBORN);
  usher_supervisor_set_intensity (fixture->supervisor, 3);

  /* B fails to start and waits behind the exit of A and the calls. */
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture,
                                   "child-terminated/b/error +b start-error/b/error "
                                   "child-terminated/a/error +a");
  assert_children (fixture, "d running, c running, b restarting, a starting, 4 2 0 4");

  begin_restart (fixture, "b", &calls[0]);
  begin_delete (fixture, "b", &calls[1]);
  begin_start_child (fixture, B, USHER_RESTART_PERMANENT, &calls[2]);
  begin_terminate (fixture, "b", &calls[3]);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    g_assert_false (calls[i].is_answered);

  /* The retry comes before the calls. */
  test_child_set_start (fixture->children[B], TEST_START_FAIL);
  test_child_answer_start (fixture->children[A]);
  iterate_pending (NULL);
  assert_refused (&calls[0], USHER_SUPERVISOR_ERROR_RESTARTING);
  assert_refused (&calls[1], USHER_SUPERVISOR_ERROR_RESTARTING);
  assert_refused (&calls[2], USHER_SUPERVISOR_ERROR_ALREADY_PRESENT);
  assert_done (&calls[3]);
  supervisor_fixture_assert_trace (fixture, "+b start-error/b/error");
  assert_children (fixture, "d running, c running, b stopped, a running, 4 3 0 4");
  supervisor_fixture_stop (fixture, "=d =c =a");
}

static void
test_calls_wait_for_a_start (Fixture *fixture,
                             gconstpointer data)
{
  Call first = { 0 };
  Call second = { 0 };

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_start (fixture, "+a");
  fixture->children[B] = test_child_new ("b", fixture->trace);
  test_child_set_start (fixture->children[B], TEST_START_STUBBORN);
  begin_start_child (fixture, B, USHER_RESTART_PERMANENT, &first);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  begin_terminate (fixture, "a", &second);
  supervisor_fixture_assert_trace (fixture, "+b");
  assert_children (fixture, "b starting, a running, 2 0 0 2");

  test_child_answer_start (fixture->children[B]);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a =a");
  assert_started (&first);
  assert_done (&second);
  supervisor_fixture_stop (fixture, "=b");
}

static void
test_terminate_cancels_a_start (Fixture *fixture,
                                gconstpointer data)
{
  Call start = { 0 };
  Call terminate = { 0 };

  supervisor_fixture_start (fixture, "");
  fixture->children[A] = test_child_new ("a", fixture->trace);
  test_child_set_start (fixture->children[A], TEST_START_STUBBORN);
  begin_start_child (fixture, A, USHER_RESTART_PERMANENT, &start);
  begin_terminate (fixture, "a", &terminate);
  supervisor_fixture_assert_trace (fixture, "+a ~a");
  g_assert_false (start.is_answered);
  advance_msec (100);
  assert_failed (&start, G_IO_ERROR_CANCELLED);
  assert_done (&terminate);
  supervisor_fixture_assert_trace (fixture, "!a shutdown-error/a/killed");
  assert_children (fixture, "0 0 0 0");
  test_child_answer_start (fixture->children[A]);
  supervisor_fixture_stop (fixture, "!a");
}

static void
test_terminate_cancels_one_start_of_many (Fixture *fixture,
                                          gconstpointer data)
{
  Call terminate = { 0 };

  supervisor_fixture_add_four (fixture);
  test_child_set_next_starts (fixture->children[B], TEST_START_HANG, 1);
  supervisor_fixture_begin_start (fixture, NULL);
  begin_terminate (fixture, "b", &terminate);
  assert_done (&terminate);
  supervisor_fixture_assert_trace (fixture, "+a +b ~b +c +d");
  assert_children (fixture, "d running, c running, b stopped, a running, 4 3 0 4");
  supervisor_fixture_stop (fixture, "=d =c =a");
}

/* As if the attempt had failed, and its retry were cancelled. */
static void
test_terminate_ends_a_restart (Fixture *fixture,
                               gconstpointer data)
{
  Call calls[2] = { 0 };

  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  test_child_set_next_starts (fixture->children[B], TEST_START_HANG, 1);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error -d -c +b");
  begin_terminate (fixture, "b", &calls[0]);
  assert_done (&calls[0]);
  supervisor_fixture_assert_trace (fixture, "~b");
  assert_children (fixture, "d stopped, c stopped, b stopped, a running, 4 1 0 4");
  begin_restart (fixture, "d", &calls[1]);
  assert_started (&calls[1]);
  supervisor_fixture_stop (fixture, "+d =d =c =a");
}

static void
test_stop_refuses_calls (Fixture *fixture,
                         gconstpointer data)
{
  Call calls[3] = { 0 };

  begin_terminate (fixture, "a", &calls[0]);
  assert_refused (&calls[0], USHER_SUPERVISOR_ERROR_NOT_RUNNING);

  supervisor_fixture_start (fixture, "");
  fixture->children[A] = test_child_new ("a", fixture->trace);
  test_child_set_start (fixture->children[A], TEST_START_HANG);
  begin_start_child (fixture, A, USHER_RESTART_PERMANENT, &calls[0]);
  begin_restart (fixture, "b", &calls[1]);
  supervisor_fixture_stop (fixture, "+a ~a");
  begin_delete (fixture, "a", &calls[2]);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    assert_refused (&calls[i], USHER_SUPERVISOR_ERROR_NOT_RUNNING);
}

static void
test_get_child (Fixture *fixture,
                gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  supervisor_fixture_add (fixture, A, USHER_RESTART_TRANSIENT, 100);

  g_autoptr (UsherChildInfo) info = usher_supervisor_get_child (fixture->supervisor, "a", &error);
  g_autoptr (UsherChildSpec) spec = usher_supervisor_get_childspec (fixture->supervisor, "a", &error);

  g_assert_no_error (error);
  g_assert_true (usher_child_info_get_child (info) == USHER_CHILD (fixture->children[A]));
  g_assert_cmpint (usher_child_info_get_child_type (info), ==, USHER_CHILD_WORKER);
  g_assert_cmpint (usher_child_spec_get_restart (spec), ==, USHER_RESTART_TRANSIENT);
  g_assert_null (usher_supervisor_get_child (fixture->supervisor, "x", &error));
  g_assert_error (error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  g_clear_error (&error);
  g_assert_null (usher_supervisor_get_childspec (fixture->supervisor, "x", &error));
  g_assert_error (error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_FOUND);
}

static void
test_an_abandoned_start_outlives_its_place (Fixture *fixture,
                                            gconstpointer data)
{
  Call call = { 0 };
  Call terminate = { 0 };

  supervisor_fixture_start (fixture, "");
  fixture->children[A] = test_child_new ("a", fixture->trace);
  test_child_set_next_starts (fixture->children[A], TEST_START_STUBBORN, 1);
  begin_start_child (fixture, A, USHER_RESTART_TEMPORARY, &call);
  begin_terminate (fixture, "a", &terminate);
  advance_msec (100);
  assert_failed (&call, G_IO_ERROR_CANCELLED);
  assert_done (&terminate);
  assert_children (fixture, "0 0 0 0");
  supervisor_fixture_assert_trace (fixture, "+a ~a !a shutdown-error/a/killed");

  begin_start_child (fixture, A, USHER_RESTART_TEMPORARY, &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_ALREADY_STARTED);
  test_child_answer_start (fixture->children[A]);
  supervisor_fixture_assert_trace (fixture, "!a");
  begin_start_child (fixture, A, USHER_RESTART_TEMPORARY, &call);
  assert_started (&call);
  supervisor_fixture_assert_trace (fixture, "+a");
  supervisor_fixture_stop (fixture, "=a");
}

/* It says that it has exited before it says that it has started; the next start waits for both. */
static void
test_an_abandoned_start_that_has_exited (Fixture *fixture,
                                         gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, USHER_SHUTDOWN_BRUTAL_KILL);
  supervisor_fixture_start (fixture, "+a");
  test_child_set_next_starts (fixture->children[A], TEST_START_STUBBORN, 1);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a");

  test_child_answer_start (fixture->children[A]);
  usher_supervisor_terminate_child_async (fixture->supervisor, "a", NULL, NULL, NULL);
  begin_restart (fixture, "a", &call);
  assert_failed (&call, G_IO_ERROR_BUSY);
  supervisor_fixture_assert_trace (fixture, "!a !a");
  begin_restart (fixture, "a", &call);
  assert_started (&call);
  supervisor_fixture_assert_trace (fixture, "+a");
  supervisor_fixture_stop (fixture, "!a");
}

#define ADD(path, func)                                                                            \
  g_test_add ("/supervisor-children/" path, Fixture, GINT_TO_POINTER (USHER_STRATEGY_ONE_FOR_ONE), \
              supervisor_fixture_set_up, func, supervisor_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("calls-answer-as-in-otp", test_administration);
  ADD ("dynamic-children-are-forgotten-with-their-life", test_dynamic_children_are_forgotten);
  ADD ("failed-calls-cost-nothing", test_failed_calls_cost_nothing);
  ADD ("ignored-calls-keep-all-but-temporary-children", test_ignored_calls);
  ADD ("terminating-a-temporary-child-forgets-it", test_terminating_a_temporary_child);
  ADD ("a-restarting-child-can-only-be-terminated", test_while_restarting);
  ADD ("calls-and-exits-wait-for-a-start", test_calls_wait_for_a_start);
  ADD ("terminate-cancels-a-start", test_terminate_cancels_a_start);
  ADD ("terminate-cancels-one-start-of-many", test_terminate_cancels_one_start_of_many);
  SUPERVISOR_CASE ("/supervisor-children/terminate-ends-a-restart-and-what-was-to-follow",
                   USHER_STRATEGY_REST_FOR_ONE, test_terminate_ends_a_restart);
  ADD ("an-abandoned-start-outlives-its-place", test_an_abandoned_start_outlives_its_place);
  ADD ("an-abandoned-start-outlives-its-exit", test_an_abandoned_start_that_has_exited);
  ADD ("a-stop-refuses-calls", test_stop_refuses_calls);
  ADD ("one-child-can-be-asked-for", test_get_child);

  return g_test_run ();
}
