/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "supervision/child-private.h"
#include "support/fake-clock.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

static void
test_order (SupervisorFixture *fixture,
            gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  supervisor_fixture_stop (fixture, "=d =c =b =a");
  supervisor_fixture_start (fixture, "+a +b +c +d");
  supervisor_fixture_stop (fixture, "=d =c =b =a");
}

static void
test_start_waits (SupervisorFixture *fixture,
                  gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  test_child_set_start (fixture->children[B], TEST_START_STUBBORN);
  supervisor_fixture_begin_start (fixture, NULL);
  g_assert_false (fixture->is_started);
  supervisor_fixture_assert_trace (fixture, "+a +b");
  test_child_answer_start (fixture->children[B]);
  supervisor_fixture_assert_trace (fixture, "+c +d");
  g_assert_true (fixture->is_started);
  supervisor_fixture_stop (fixture, "=d =c =b =a");
}

static void
test_start_fails (SupervisorFixture *fixture,
                  gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  test_child_set_start (fixture->children[C], TEST_START_FAIL);
  supervisor_fixture_begin_start (fixture, NULL);
  supervisor_fixture_assert_trace (fixture, "+a +b +c start-error/c/error -b -a");
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpstr (fixture->start_error->message, ==,
                   "supervisor “supervisor”: child “c” failed to start: c does not start");
  g_assert_null (fixture->exit);
}

static void
test_start_fails_below (SupervisorFixture *fixture,
                        gconstpointer data)
{
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("middle", USHER_CHILD (fixture->supervisor));
  g_autoptr (GError) error = NULL;

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  test_child_set_start (fixture->children[A], TEST_START_FAIL);
  g_assert_true (usher_supervisor_add_child (root, spec, NULL));
  g_assert_false (usher_supervisor_run (root, &error));
  supervisor_fixture_assert_trace (fixture, "+a start-error/a/error");
  g_assert_cmpstr (error->message, ==, "supervisor “supervisor”: child “a” failed to start: a does not start");
}

static void
test_start_ignored (SupervisorFixture *fixture,
                    gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_TEMPORARY, 100);
  supervisor_fixture_add (fixture, C, USHER_RESTART_PERMANENT, 100);
  test_child_set_start (fixture->children[A], TEST_START_IGNORE);
  test_child_set_start (fixture->children[B], TEST_START_IGNORE);
  supervisor_fixture_start (fixture, "+a +b +c");
  supervisor_fixture_stop (fixture, "=c");
}

/* What becomes of a child after each kind of exit, by its restart type. */
static void
test_restart_types (void)
{
  const struct
  {
    UsherRestart restart;
    UsherExitKind kind;
    const char *expected;
  } cases[] = {
    { USHER_RESTART_PERMANENT, USHER_EXIT_NORMAL, "child-terminated/a/normal +a" },
    { USHER_RESTART_PERMANENT, USHER_EXIT_SHUTDOWN, "child-terminated/a/shutdown +a" },
    { USHER_RESTART_PERMANENT, USHER_EXIT_ERROR, "child-terminated/a/error +a" },
    { USHER_RESTART_PERMANENT, USHER_EXIT_KILLED, "child-terminated/a/killed +a" },
    { USHER_RESTART_TRANSIENT, USHER_EXIT_NORMAL, "" },
    { USHER_RESTART_TRANSIENT, USHER_EXIT_SHUTDOWN, "" },
    { USHER_RESTART_TRANSIENT, USHER_EXIT_ERROR, "child-terminated/a/error +a" },
    { USHER_RESTART_TRANSIENT, USHER_EXIT_KILLED, "child-terminated/a/killed +a" },
    { USHER_RESTART_TEMPORARY, USHER_EXIT_NORMAL, "" },
    { USHER_RESTART_TEMPORARY, USHER_EXIT_SHUTDOWN, "" },
    { USHER_RESTART_TEMPORARY, USHER_EXIT_ERROR, "child-terminated/a/error" },
    { USHER_RESTART_TEMPORARY, USHER_EXIT_KILLED, "child-terminated/a/killed" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      SupervisorFixture own = { 0 };

      supervisor_fixture_set_up (&own, GINT_TO_POINTER (USHER_STRATEGY_ONE_FOR_ONE));
      supervisor_fixture_add (&own, A, cases[i].restart, 100);
      supervisor_fixture_start (&own, "+a");
      test_child_exit (own.children[A], cases[i].kind);
      supervisor_fixture_assert_trace (&own, cases[i].expected);
      supervisor_fixture_stop (&own, g_str_has_suffix (cases[i].expected, "+a") ? "=a" : "");
      supervisor_fixture_tear_down (&own, GINT_TO_POINTER (USHER_STRATEGY_ONE_FOR_ONE));
    }
}

static void
test_budget_escalates (SupervisorFixture *fixture,
                       gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  usher_supervisor_set_intensity (fixture->supervisor, 2);
  usher_supervisor_set_period_msec (fixture->supervisor, 1000);
  supervisor_fixture_start (fixture, "+a +b +c +d");

  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error +b");
  advance_msec (1000);
  test_child_exit (fixture->children[C], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/c/error shutdown/c/shutdown -d -b -a");
  supervisor_fixture_assert_exited (fixture, "shutdown: supervisor “supervisor”: more than 2 restarts within 1 s; "
                                             "the latest failure: child “c”: c broke");
  g_assert_error (usher_exit_get_error (fixture->exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY);

  /* Nobody starts it again. */
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "=d =b =a");
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "");
}

static void
test_failed_restarts_are_charged (SupervisorFixture *fixture,
                                  gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  usher_supervisor_set_intensity (fixture->supervisor, 3);
  supervisor_fixture_start (fixture, "+a");
  test_child_set_start (fixture->children[A], TEST_START_FAIL);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture,
                                   "child-terminated/a/error "
                                   "+a start-error/a/error +a start-error/a/error +a start-error/a/error "
                                   "shutdown/a/shutdown");
  supervisor_fixture_assert_exited (fixture, "shutdown: supervisor “supervisor”: more than 3 restarts within 5 s; "
                                             "the latest failure: child “a”: a does not start");
  g_assert_error (usher_exit_get_error (fixture->exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY);
}

static void
test_zero_intensity (SupervisorFixture *fixture,
                     gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  usher_supervisor_set_intensity (fixture->supervisor, 0);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error shutdown/a/shutdown -d -c -b");
}

static void
test_temporary_bystander (SupervisorFixture *fixture,
                          gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_TEMPORARY, 100);
  supervisor_fixture_start (fixture, "+a +b");
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error =b +a");
  supervisor_fixture_stop (fixture, "=a");
  supervisor_fixture_start (fixture, "+a +b");
  supervisor_fixture_stop (fixture, "=b =a");
}

/* Both exits wait for the restart; the stop takes the later one's. */
static void
test_exit_during_a_round_counts_once (SupervisorFixture *fixture,
                                      gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  test_child_exit (fixture->children[C], USHER_EXIT_KILLED);
  supervisor_fixture_assert_trace (fixture,
                                   "child-terminated/a/error -d shutdown-error/c/killed -b +a +b +c +d");
  g_assert_null (fixture->exit);
  supervisor_fixture_stop (fixture, "=d =c =b =a");
}

static void
test_exit_right_after_the_start (SupervisorFixture *fixture,
                                 gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  test_child_set_next_starts (fixture->children[A], TEST_START_EXIT, 1);
  supervisor_fixture_start (fixture, "+a +b +c +d child-terminated/a/error +a");
  supervisor_fixture_stop (fixture, "=d =c =b =a");
}

static void
test_brutal_kill_while_starting (SupervisorFixture *fixture,
                                 gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, USHER_SHUTDOWN_BRUTAL_KILL);
  test_child_set_start (fixture->children[A], TEST_START_HANG);
  supervisor_fixture_begin_start (fixture, NULL);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "+a ~a !a");
}

/* A brutal kill that comes too late is silent about a child that was killed before, and tells of a
 * shutdown that nobody had asked for; a shutdown that comes too late is the other way round. */
static void
test_exit_before_the_stop (SupervisorFixture *fixture,
                           gconstpointer data)
{
  const char *const reports[] = {
    [USHER_EXIT_NORMAL] = "shutdown-error/b/normal shutdown-error/a/normal",
    [USHER_EXIT_SHUTDOWN] = "shutdown-error/a/shutdown",
    [USHER_EXIT_ERROR] = "shutdown-error/b/error shutdown-error/a/error",
    [USHER_EXIT_KILLED] = "shutdown-error/b/killed",
  };

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, USHER_SHUTDOWN_BRUTAL_KILL);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  for (guint i = 0; i < G_N_ELEMENTS (reports); i++)
    {
      supervisor_fixture_start (fixture, "+a +b");
      test_child_exit (fixture->children[A], i);
      test_child_exit (fixture->children[B], i);
      supervisor_fixture_stop (fixture, reports[i]);
    }
}

static void
test_kill (SupervisorFixture *fixture,
           gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  usher_child_kill (USHER_CHILD (fixture->supervisor));
  supervisor_fixture_assert_trace (fixture, "!d !c !b !a");
  supervisor_fixture_assert_exited (fixture, "killed");
}

/* It holds nobody up, is named, and cannot be started again before it is really over. */
static void
test_survives_its_kill (SupervisorFixture *fixture,
                        gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_start (fixture, "+a +b");
  test_child_set_stop (fixture->children[B], TEST_STOP_IMMORTAL);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "=b");
  advance_msec (100);
  supervisor_fixture_assert_trace (fixture, "!b");
  advance_msec (USHER_KILL_LIMIT_MSEC - 1);
  supervisor_fixture_assert_trace (fixture, "");
  advance_msec (1);
  supervisor_fixture_assert_trace (fixture, "shutdown-error/b/error =a");
  supervisor_fixture_assert_exited (fixture, "shutdown");

  supervisor_fixture_begin_start (fixture, NULL);
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_BUSY);
  supervisor_fixture_assert_trace (fixture, "+a start-error/b/error -a");
  g_clear_error (&fixture->start_error);
  test_child_exit (fixture->children[B], USHER_EXIT_KILLED);
  test_child_set_stop (fixture->children[B], TEST_STOP_SHUTDOWN);
  supervisor_fixture_start (fixture, "+a +b");
  supervisor_fixture_stop (fixture, "=b =a");
}

/* The supervisor that is killed with it gives it up, and the one above waits for that. */
static void
test_survives_the_kill_of_its_supervisor (SupervisorFixture *fixture,
                                          gconstpointer data)
{
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("inner", USHER_CHILD (fixture->supervisor));

  usher_child_spec_set_shutdown_msec (spec, USHER_SHUTDOWN_BRUTAL_KILL);
  usher_supervisor_add_child (root, spec, NULL);
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  test_child_set_stop (fixture->children[A], TEST_STOP_IMMORTAL);
  fixture->is_started = TRUE;
  usher_child_start_async (USHER_CHILD (root), NULL, NULL, NULL);
  supervisor_fixture_assert_trace (fixture, "+a");
  usher_child_kill (USHER_CHILD (root));
  supervisor_fixture_assert_trace (fixture, "!a");
  advance_msec (USHER_KILL_LIMIT_MSEC - 1);
  supervisor_fixture_assert_trace (fixture, "");
  g_assert_null (fixture->exit);
  advance_msec (1);
  supervisor_fixture_assert_trace (fixture, "shutdown-error/a/error");
  supervisor_fixture_assert_exited (fixture, "killed");
  g_assert_false (usher_child_is_busy (USHER_CHILD (root)));
  test_child_exit (fixture->children[A], USHER_EXIT_NORMAL);
}

static void
test_stop_while_starting (SupervisorFixture *fixture,
                          gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  test_child_set_start (fixture->children[C], TEST_START_HANG);
  supervisor_fixture_begin_start (fixture, NULL);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "+a +b +c ~c =b =a");
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (fixture->exit);
}

static void
test_cancelled_while_starting (SupervisorFixture *fixture,
                               gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  supervisor_fixture_add_four (fixture);
  test_child_set_start (fixture->children[C], TEST_START_HANG);
  supervisor_fixture_begin_start (fixture, cancellable);
  g_cancellable_cancel (cancellable);
  supervisor_fixture_assert_trace (fixture, "+a +b +c ~c -b -a");
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_late_success_is_shut_down (SupervisorFixture *fixture,
                                gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  test_child_set_start (fixture->children[A], TEST_START_STUBBORN);
  supervisor_fixture_begin_start (fixture, NULL);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "+a ~a");
  test_child_answer_start (fixture->children[A]);
  supervisor_fixture_assert_trace (fixture, "=a");
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_start_that_ignores_its_end_is_abandoned (SupervisorFixture *fixture,
                                              gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  test_child_set_start (fixture->children[A], TEST_START_STUBBORN);
  supervisor_fixture_begin_start (fixture, NULL);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "+a ~a");
  advance_msec (100);
  supervisor_fixture_assert_trace (fixture, "!a shutdown-error/a/killed");
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  g_clear_error (&fixture->start_error);
  supervisor_fixture_begin_start (fixture, NULL);
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_BUSY);
  supervisor_fixture_assert_trace (fixture, "start-error/a/error");

  test_child_answer_start (fixture->children[A]);
  supervisor_fixture_assert_trace (fixture, "!a");
}

/* It exits when FINAL is decided, but before it is told: so it is told afterwards. */
static void
test_final_reaches_one_that_has_exited (SupervisorFixture *fixture,
                                        gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, USHER_SHUTDOWN_INFINITY);
  supervisor_fixture_start (fixture, "+a");
  test_child_set_stop (fixture->children[A], TEST_STOP_REFUSE);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_RESTART);
  supervisor_fixture_assert_trace (fixture, "-a");
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  test_child_exit (fixture->children[A], USHER_EXIT_SHUTDOWN);
  supervisor_fixture_assert_trace (fixture, "=a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
test_final_overtakes_restart (SupervisorFixture *fixture,
                              gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  test_child_set_stop (fixture->children[C], TEST_STOP_REFUSE);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error -d -c");
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "=d =c");
  advance_msec (100);
  supervisor_fixture_assert_trace (fixture, "!c shutdown-error/c/killed =b");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
stop_tree (UsherSupervisor *supervisor)
{
  usher_child_shutdown (USHER_CHILD (supervisor), USHER_STOP_FINAL);
}

static void
test_report_handler_may_stop_the_tree (SupervisorFixture *fixture,
                                       gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  g_signal_connect (fixture->supervisor, "report", G_CALLBACK (stop_tree), NULL);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error =d =c =b");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
iterate_in_handler (UsherSupervisor *supervisor)
{
  usher_child_shutdown (USHER_CHILD (supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
}

static void
test_report_handler_may_iterate (SupervisorFixture *fixture,
                                 gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  g_signal_connect (fixture->supervisor, "report", G_CALLBACK (iterate_in_handler), NULL);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error =d =c =b");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
test_last_reference_may_go (SupervisorFixture *fixture,
                            gconstpointer data)
{
  UsherSupervisor *supervisor = fixture->supervisor;

  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  g_object_unref (supervisor);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a");
  g_object_ref (supervisor);
  supervisor_fixture_stop (fixture, "=d =c =b =a");
}

static void
test_nests (SupervisorFixture *fixture,
            gconstpointer data)
{
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec =
      usher_child_spec_new ("inner", USHER_CHILD (fixture->supervisor));
  g_autoptr (GError) error = NULL;

  g_signal_handlers_disconnect_by_func (fixture->supervisor, supervisor_fixture_on_exited, fixture);
  g_signal_connect (root, "report", G_CALLBACK (supervisor_fixture_on_report), fixture);
  usher_supervisor_add_child (root, spec, &error);
  g_assert_no_error (error);
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);

  usher_child_start_async (USHER_CHILD (root), NULL, supervisor_fixture_on_started, fixture);
  supervisor_fixture_assert_trace (fixture, "+a +b");

  /* A permanent supervisor over its budget comes back. */
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture,
                                   "child-terminated/a/error +a child-terminated/b/error shutdown/b/shutdown -a "
                                   "child-terminated/inner/shutdown +a +b");

  /* And now nobody restarts it: what remains is told. */
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture,
                                   "child-terminated/a/error +a child-terminated/b/error shutdown/b/shutdown -a "
                                   "child-terminated/inner/shutdown shutdown/inner/shutdown");
  usher_child_shutdown (USHER_CHILD (root), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "=a");
}

static void
test_transient_supervisor_over_budget_stays_down (SupervisorFixture *fixture,
                                                  gconstpointer data)
{
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec =
      usher_child_spec_new ("inner", USHER_CHILD (fixture->supervisor));

  usher_child_spec_set_restart (spec, USHER_RESTART_TRANSIENT);
  usher_supervisor_add_child (root, spec, NULL);
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  usher_supervisor_set_intensity (fixture->supervisor, 0);
  usher_child_start_async (USHER_CHILD (root), NULL, supervisor_fixture_on_started, fixture);
  supervisor_fixture_assert_trace (fixture, "+a +b");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error shutdown/b/shutdown -a =a");
  usher_child_shutdown (USHER_CHILD (root), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "");
}

static void
assert_refused (SupervisorFixture *fixture,
                const UsherChildSpec *spec,
                const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_supervisor_add_child (fixture->supervisor, spec, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_bad_specs (SupervisorFixture *fixture,
                gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);

  g_autoptr (TestChild) child = test_child_new ("x", fixture->trace);
  g_autoptr (UsherChildSpec) same_id = usher_child_spec_new ("a", USHER_CHILD (child));
  g_autoptr (UsherChildSpec) same_child =
      usher_child_spec_new ("x", USHER_CHILD (fixture->children[A]));
  g_autoptr (UsherChildSpec) itself = usher_child_spec_new ("x", USHER_CHILD (fixture->supervisor));
  g_autoptr (UsherChildSpec) slow = usher_child_spec_new ("x", USHER_CHILD (child));

  assert_refused (fixture, same_id,
                  "child “a”: supervisor “supervisor” has a child with that id; choose another id");
  assert_refused (fixture, same_child,
                  "child “x”: it stands under another supervisor, or under this one by another id; "
                  "a child has one parent");
  assert_refused (fixture, itself,
                  "child “x”: supervisor “supervisor” stands under it; a tree has no circles");
  test_child_set_shutdown_time_msec (child, 10000);
  assert_refused (fixture, slow,
                  "child “x”: its shutdown limit of 5000 ms is 5000 ms below the 10000 ms that its "
                  "own shutdown may take; raise the limit, or make it infinite");
  usher_child_spec_set_shutdown_msec (slow, 10000);
  g_assert_true (usher_supervisor_add_child (fixture->supervisor, slow, NULL));
}

static void
test_limit_is_checked_at_start (SupervisorFixture *fixture,
                                gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  test_child_set_shutdown_time_msec (fixture->children[A], 101);
  supervisor_fixture_begin_start (fixture, NULL);
  g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  supervisor_fixture_assert_trace (fixture, "start-error/a/error");
}

static void
test_starts_once_at_a_time (SupervisorFixture *fixture,
                            gconstpointer data)
{
  supervisor_fixture_start (fixture, "");
  supervisor_fixture_begin_start (fixture, NULL);
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_PENDING);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
}

#define ADD(path, strategy, func) \
  g_test_add ("/supervisor/" path, SupervisorFixture, GINT_TO_POINTER (strategy), supervisor_fixture_set_up, func, supervisor_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("starts-in-order-and-stops-in-reverse", USHER_STRATEGY_ONE_FOR_ONE, test_order);
  ADD ("a-start-waits-for-the-one-before", USHER_STRATEGY_ONE_FOR_ONE, test_start_waits);
  ADD ("a-failed-start-stops-those-before", USHER_STRATEGY_ONE_FOR_ONE, test_start_fails);
  ADD ("names-the-child-that-does-not-start-below-it", USHER_STRATEGY_ONE_FOR_ONE, test_start_fails_below);
  ADD ("an-ignored-start-is-no-failure", USHER_STRATEGY_ONE_FOR_ONE, test_start_ignored);
  g_test_add_func ("/supervisor/restart-types", test_restart_types);
  ADD ("over-budget-it-ends", USHER_STRATEGY_ONE_FOR_ONE, test_budget_escalates);
  ADD ("failed-restarts-are-charged", USHER_STRATEGY_ONE_FOR_ONE, test_failed_restarts_are_charged);
  ADD ("intensity-zero-ends-at-the-first-exit", USHER_STRATEGY_ONE_FOR_ONE, test_zero_intensity);
  ADD ("a-temporary-bystander-comes-back-with-the-next-life", USHER_STRATEGY_ONE_FOR_ALL, test_temporary_bystander);
  ADD ("an-exit-during-a-round-counts-once", USHER_STRATEGY_ONE_FOR_ALL,
       test_exit_during_a_round_counts_once);
  ADD ("an-exit-right-after-the-start-waits", USHER_STRATEGY_ONE_FOR_ONE,
       test_exit_right_after_the_start);
  ADD ("a-brutal-kill-of-a-start-is-silent", USHER_STRATEGY_ONE_FOR_ONE,
       test_brutal_kill_while_starting);
  ADD ("an-exit-before-the-stop-is-reported-as-its-own", USHER_STRATEGY_ONE_FOR_ONE,
       test_exit_before_the_stop);
  ADD ("a-kill-takes-the-subtree", USHER_STRATEGY_ONE_FOR_ONE, test_kill);
  ADD ("one-that-survives-its-kill-is-abandoned", USHER_STRATEGY_ONE_FOR_ONE,
       test_survives_its_kill);
  ADD ("a-kill-from-above-waits-for-one-limit", USHER_STRATEGY_ONE_FOR_ONE,
       test_survives_the_kill_of_its_supervisor);
  ADD ("a-stop-cancels-a-hanging-start", USHER_STRATEGY_ONE_FOR_ONE, test_stop_while_starting);
  ADD ("cancelling-its-start-cancels-its-child", USHER_STRATEGY_ONE_FOR_ONE,
       test_cancelled_while_starting);
  ADD ("a-start-that-succeeds-too-late-is-shut-down", USHER_STRATEGY_ONE_FOR_ONE,
       test_late_success_is_shut_down);
  ADD ("a-start-that-never-ends-is-abandoned", USHER_STRATEGY_ONE_FOR_ONE,
       test_start_that_ignores_its_end_is_abandoned);
  ADD ("final-overtakes-restart", USHER_STRATEGY_ONE_FOR_ALL, test_final_overtakes_restart);
  ADD ("final-reaches-one-that-has-exited", USHER_STRATEGY_ONE_FOR_ONE,
       test_final_reaches_one_that_has_exited);
  ADD ("a-report-handler-may-stop-the-tree", USHER_STRATEGY_ONE_FOR_ALL,
       test_report_handler_may_stop_the_tree);
  ADD ("a-report-handler-may-iterate", USHER_STRATEGY_ONE_FOR_ALL, test_report_handler_may_iterate);
  ADD ("the-last-reference-may-go", USHER_STRATEGY_ONE_FOR_ONE, test_last_reference_may_go);
  ADD ("supervisors-nest", USHER_STRATEGY_ONE_FOR_ONE, test_nests);
  ADD ("a-transient-supervisor-over-budget-stays-down", USHER_STRATEGY_ONE_FOR_ONE,
       test_transient_supervisor_over_budget_stays_down);
  ADD ("bad-specs-are-refused", USHER_STRATEGY_ONE_FOR_ONE, test_bad_specs);
  ADD ("the-limit-is-checked-at-every-start", USHER_STRATEGY_ONE_FOR_ONE,
       test_limit_is_checked_at_start);
  ADD ("it-starts-once-at-a-time", USHER_STRATEGY_ONE_FOR_ONE, test_starts_once_at_a_time);

  return g_test_run ();
}
