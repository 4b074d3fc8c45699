/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

/* `b` restarts: its first attempt failed, and its retry waits while `a` starts. */
static void
hold_restart (Fixture *fixture)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  usher_supervisor_set_intensity (fixture->supervisor, 100);
  supervisor_fixture_start (fixture, "+a +b");
  test_child_set_start (fixture->children[B], TEST_START_FAIL);
  test_child_set_start (fixture->children[A], TEST_START_STUBBORN);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture,
                                   "child-terminated/b/error +b start-error/b/error "
                                   "child-terminated/a/error +a");
  assert_children (fixture, "b restarting, a starting, 2 0 0 2");
}

static void
delay_restarts (Fixture *fixture,
                guint delay_msec)
{
  UsherChildSpec *spec = make_spec (fixture, B, USHER_RESTART_PERMANENT);
  Call call = { 0 };

  usher_child_spec_set_restart_delay (spec, delay_msec, delay_msec, 0);
  begin_change (fixture, NULL, collect_specs (make_spec (fixture, A, USHER_RESTART_PERMANENT), spec, NULL), &call);
  assert_done (&call);
}

/* Calls that come while the restart is hanging, and are handled before its next attempt. */
static void
call_while_restarting (Fixture *fixture)
{
  Call calls[4] = { 0 };

  begin_start_child (fixture, B, USHER_RESTART_PERMANENT, &calls[0]);
  begin_restart (fixture, "b", &calls[1]);
  begin_delete (fixture, "b", &calls[2]);
  begin_terminate (fixture, "b", &calls[3]);
  test_child_answer_start (fixture->children[A]);
  iterate_pending (NULL);
  assert_refused (&calls[0], USHER_SUPERVISOR_ERROR_ALREADY_PRESENT);
  assert_refused (&calls[1], USHER_SUPERVISOR_ERROR_RESTARTING);
  assert_refused (&calls[2], USHER_SUPERVISOR_ERROR_RESTARTING);
  assert_done (&calls[3]);
  assert_children (fixture, "b stopped, a running, 2 1 0 2");
}

/* In a loop of failing attempts, which only the budget would end, if nobody called. */
static void
hanging_restart_loop (Fixture *fixture,
                      gconstpointer data)
{
  Call call = { 0 };

  hold_restart (fixture);
  call_while_restarting (fixture);
  test_child_set_start (fixture->children[B], TEST_START_OK);
  begin_restart (fixture, "b", &call);
  assert_started (&call);
  supervisor_fixture_assert_trace (fixture, "+b start-error/b/error +b");

  /* Each attempt waits a second, and fails; the stop does not wait for the next. */
  test_child_set_start (fixture->children[A], TEST_START_OK);
  delay_restarts (fixture, 1000);
  test_child_set_start (fixture->children[B], TEST_START_FAIL);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error");
  for (guint i = 0; i < 8; i++)
    {
      advance_msec (1000);
      supervisor_fixture_assert_trace (fixture, "+b start-error/b/error");
      assert_children (fixture, "b restarting, a running, 2 1 0 2");
    }
  supervisor_fixture_stop (fixture, "=a");
}

/* Once its restart is called off, the children after it stay down. */
static void
hanging_restart_loop_rest_for_one (Fixture *fixture,
                                   gconstpointer data)
{
  Call calls[2] = { 0 };

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, C, USHER_RESTART_PERMANENT, 100);
  usher_supervisor_set_intensity (fixture->supervisor, 100);
  supervisor_fixture_start (fixture, "+a +b +c");
  fixture->children[D] = test_child_new ("d", fixture->trace);
  test_child_set_start (fixture->children[B], TEST_START_FAIL);
  test_child_set_start (fixture->children[D], TEST_START_STUBBORN);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  begin_start_child (fixture, D, USHER_RESTART_PERMANENT, &calls[0]);
  assert_children (fixture, "d starting, c stopped, b restarting, a running, 4 1 0 4");
  begin_terminate (fixture, "b", &calls[1]);
  test_child_answer_start (fixture->children[D]);
  supervisor_fixture_assert_trace (fixture,
                                   "child-terminated/b/error -c +b start-error/b/error +d "
                                   "-d +b start-error/b/error");
  assert_started (&calls[0]);
  assert_done (&calls[1]);
  assert_children (fixture, "d stopped, c stopped, b stopped, a running, 4 1 0 4");
  supervisor_fixture_stop (fixture, "=d =c =a");
}

static void
child_unlink (Fixture *fixture,
              gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 1000);
  supervisor_fixture_start (fixture, "+a");
  test_child_set_stop (fixture->children[A], TEST_STOP_REFUSE);
  begin_terminate (fixture, "a", &call);
  supervisor_fixture_assert_trace (fixture, "=a");
  advance_msec (1000);
  supervisor_fixture_assert_trace (fixture, "!a shutdown-error/a/killed");
  assert_done (&call);
  supervisor_fixture_stop (fixture, "");
}

/* Its own owner runs it, and goes on to do so. */
static void
already_started_outside_supervisor (Fixture *fixture,
                                    gconstpointer data)
{
  Call call = { 0 };

  fixture->children[A] = test_child_new ("a", fixture->trace);
  usher_child_start_async (USHER_CHILD (fixture->children[A]), NULL, NULL, NULL);
  supervisor_fixture_start (fixture, "+a");
  begin_start_child (fixture, A, USHER_RESTART_TRANSIENT, &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_ALREADY_STARTED);
  assert_children (fixture, "0 0 0 0");
  supervisor_fixture_stop (fixture, "");
  g_assert_true (test_child_is_running (fixture->children[A]));
  usher_child_shutdown (USHER_CHILD (fixture->children[A]), USHER_STOP_FINAL);
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/robustness/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (hanging_restart_loop, ONE_FOR_ONE);
  ADD (hanging_restart_loop_rest_for_one, REST_FOR_ONE);
  ADD (child_unlink, ONE_FOR_ONE);
  ADD (already_started_outside_supervisor, ONE_FOR_ONE);

  return g_test_run ();
}
