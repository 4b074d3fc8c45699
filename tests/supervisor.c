/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/fake-clock.h"
#include "support/iterate.h"
#include "support/test-child.h"

#define MSEC 1000

/* A supervisor with the children a, b, c and d, and one line for all that happens: what the
 * children are told, and `context/offender/reason` for reports. */
typedef struct
{
  UsherSupervisor *supervisor;
  TestChild *children[4];
  GString *trace;
  UsherExit *exit; /* (nullable): of the supervisor */
  UsherStartResult started;
  GError *start_error; /* (nullable) */
  gboolean is_started;
} Fixture;

enum
{
  A,
  B,
  C,
  D,
};

static void
on_report (UsherSupervisor *supervisor,
           UsherReport *report,
           Fixture *fixture)
{
  g_autoptr (GEnumClass) contexts = g_type_class_ref (USHER_TYPE_REPORT_CONTEXT);
  g_autoptr (GEnumClass) kinds = g_type_class_ref (USHER_TYPE_EXIT_KIND);

  g_string_append_printf (fixture->trace, " %s/%s/%s",
                          g_enum_get_value (contexts, usher_report_get_context (report))->value_nick,
                          usher_report_get_offender (report),
                          g_enum_get_value (kinds, usher_exit_get_kind (usher_report_get_reason (report)))->value_nick);
}

static void
on_exited (UsherChild *child,
           guint64 serial,
           UsherExit *exit,
           Fixture *fixture)
{
  g_assert_null (fixture->exit);
  g_assert_cmpuint (serial, <=, usher_child_get_serial (child));
  g_assert_true (fixture->is_started);
  fixture->exit = usher_exit_ref (exit);
}

static void
add (Fixture *fixture,
     guint index,
     UsherRestart restart,
     gint64 shutdown_msec)
{
  const char *const names[] = { "a", "b", "c", "d" };
  g_autoptr (GError) error = NULL;

  fixture->children[index] = test_child_new (names[index], fixture->trace);

  g_autoptr (UsherChildSpec) spec =
      usher_child_spec_new (names[index], USHER_CHILD (fixture->children[index]));

  usher_child_spec_set_restart (spec, restart);
  usher_child_spec_set_shutdown_msec (spec, shutdown_msec);
  usher_supervisor_add_child (fixture->supervisor, spec, &error);
  g_assert_no_error (error);
}

static void
set_up (Fixture *fixture,
        gconstpointer strategy)
{
  fake_clock_install ();
  fixture->trace = g_string_new (NULL);
  fixture->supervisor = usher_supervisor_new (GPOINTER_TO_INT (strategy));
  g_signal_connect (fixture->supervisor, "report", G_CALLBACK (on_report), fixture);
  g_signal_connect (fixture->supervisor, "exited", G_CALLBACK (on_exited), fixture);
}

static void
add_four (Fixture *fixture)
{
  for (guint i = A; i <= D; i++)
    add (fixture, i, USHER_RESTART_PERMANENT, 100);
}

static void
tear_down (Fixture *fixture,
           gconstpointer strategy)
{
  iterate_pending (NULL);
  g_assert_finalize_object (fixture->supervisor);
  for (guint i = A; i <= D; i++)
    if (fixture->children[i] != NULL)
      g_assert_finalize_object (fixture->children[i]);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  g_clear_error (&fixture->start_error);
  g_string_free (fixture->trace, TRUE);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  fake_clock_remove ();
}

static void
on_started (GObject *object,
            GAsyncResult *result,
            gpointer data)
{
  Fixture *fixture = data;

  g_assert_false (fixture->is_started);
  fixture->is_started = TRUE;
  fixture->started = usher_child_start_finish (USHER_CHILD (object), result, &fixture->start_error);
}

static void
begin_start (Fixture *fixture,
             GCancellable *cancellable)
{
  fixture->is_started = FALSE;
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  usher_child_start_async (USHER_CHILD (fixture->supervisor), cancellable, on_started, fixture);
  iterate_pending (NULL);
}

static void
assert_trace (Fixture *fixture,
              const char *expected)
{
  iterate_pending (NULL);
  g_strstrip (fixture->trace->str);
  g_assert_cmpstr (fixture->trace->str, ==, expected);
  g_string_truncate (fixture->trace, 0);
}

static void
start (Fixture *fixture,
       const char *expected)
{
  begin_start (fixture, NULL);
  g_assert_no_error (fixture->start_error);
  g_assert_true (fixture->is_started);
  g_assert_cmpint (fixture->started, ==, USHER_START_STARTED);
  assert_trace (fixture, expected);
}

static void
assert_exited (Fixture *fixture,
               const char *expected)
{
  g_autofree char *line = NULL;

  iterate_pending (NULL);
  g_assert_nonnull (fixture->exit);
  line = usher_exit_to_string (fixture->exit);
  g_assert_cmpstr (line, ==, expected);
}

static void
stop (Fixture *fixture,
      const char *expected)
{
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  assert_trace (fixture, expected);
  assert_exited (fixture, "shutdown");
}

static void
advance_msec (gint64 msec)
{
  fake_clock_advance_usec (msec * MSEC);
  iterate_pending (NULL);
}

static void
test_order (Fixture *fixture,
            gconstpointer data)
{
  add_four (fixture);
  start (fixture, "+a +b +c +d");
  stop (fixture, "=d =c =b =a");
  start (fixture, "+a +b +c +d");
  stop (fixture, "=d =c =b =a");
}

static void
test_start_waits (Fixture *fixture,
                  gconstpointer data)
{
  add_four (fixture);
  test_child_set_start (fixture->children[B], TEST_START_STUBBORN);
  begin_start (fixture, NULL);
  g_assert_false (fixture->is_started);
  assert_trace (fixture, "+a +b");
  test_child_answer_start (fixture->children[B]);
  assert_trace (fixture, "+c +d");
  g_assert_true (fixture->is_started);
  stop (fixture, "=d =c =b =a");
}

static void
test_start_fails (Fixture *fixture,
                  gconstpointer data)
{
  add_four (fixture);
  test_child_set_start (fixture->children[C], TEST_START_FAIL);
  begin_start (fixture, NULL);
  assert_trace (fixture, "+a +b +c start-error/c/error -b -a");
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_FAILED);
  g_assert_cmpstr (fixture->start_error->message, ==,
                   "supervisor “supervisor”: child “c” failed to start: c does not start");
  g_assert_null (fixture->exit);
}

static void
test_start_ignored (Fixture *fixture,
                    gconstpointer data)
{
  add (fixture, A, USHER_RESTART_PERMANENT, 100);
  add (fixture, B, USHER_RESTART_TEMPORARY, 100);
  add (fixture, C, USHER_RESTART_PERMANENT, 100);
  test_child_set_start (fixture->children[A], TEST_START_IGNORE);
  test_child_set_start (fixture->children[B], TEST_START_IGNORE);
  start (fixture, "+a +b +c");
  stop (fixture, "=c");
}

static void
test_one_for_one (Fixture *fixture,
                  gconstpointer data)
{
  add_four (fixture);
  start (fixture, "+a +b +c +d");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/b/error +b");
  stop (fixture, "=d =c =b =a");
}

static void
test_one_for_all (Fixture *fixture,
                  gconstpointer data)
{
  add_four (fixture);
  start (fixture, "+a +b +c +d");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/b/error -d -c -a +a +b +c +d");
  stop (fixture, "=d =c =b =a");
}

static void
test_rest_for_one (Fixture *fixture,
                   gconstpointer data)
{
  add_four (fixture);
  start (fixture, "+a +b +c +d");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/b/error -d -c +b +c +d");
  stop (fixture, "=d =c =b =a");
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
      Fixture own = { 0 };

      set_up (&own, GINT_TO_POINTER (USHER_STRATEGY_ONE_FOR_ONE));
      add (&own, A, cases[i].restart, 100);
      start (&own, "+a");
      test_child_exit (own.children[A], cases[i].kind);
      assert_trace (&own, cases[i].expected);
      stop (&own, g_str_has_suffix (cases[i].expected, "+a") ? "=a" : "");
      tear_down (&own, GINT_TO_POINTER (USHER_STRATEGY_ONE_FOR_ONE));
    }
}

static void
test_budget_spaced (Fixture *fixture,
                    gconstpointer data)
{
  add (fixture, A, USHER_RESTART_PERMANENT, 100);
  usher_supervisor_set_intensity (fixture->supervisor, 1);
  usher_supervisor_set_period_msec (fixture->supervisor, 1000);
  start (fixture, "+a");

  for (guint i = 0; i < 5; i++)
    {
      test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
      assert_trace (fixture, "child-terminated/a/error +a");
      fake_clock_advance_usec (1000 * MSEC + 1);
    }
  stop (fixture, "=a");
}

static void
test_budget_escalates (Fixture *fixture,
                       gconstpointer data)
{
  add_four (fixture);
  usher_supervisor_set_intensity (fixture->supervisor, 2);
  usher_supervisor_set_period_msec (fixture->supervisor, 1000);
  start (fixture, "+a +b +c +d");

  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/a/error +a");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/b/error +b");
  advance_msec (1000);
  test_child_exit (fixture->children[C], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/c/error shutdown/c/shutdown -d -b -a");
  assert_exited (fixture, "shutdown: supervisor “supervisor”: more than 2 restarts within 1000 ms");
  g_assert_error (usher_exit_get_error (fixture->exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY);

  /* Nobody starts it again. */
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  assert_trace (fixture, "=d =b =a");
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  assert_trace (fixture, "");
}

static void
test_failed_restarts_are_charged (Fixture *fixture,
                                  gconstpointer data)
{
  add (fixture, A, USHER_RESTART_PERMANENT, 100);
  usher_supervisor_set_intensity (fixture->supervisor, 3);
  start (fixture, "+a");
  test_child_set_start (fixture->children[A], TEST_START_FAIL);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  assert_trace (fixture,
                "child-terminated/a/error "
                "+a start-error/a/error +a start-error/a/error +a start-error/a/error "
                "shutdown/a/shutdown");
  g_assert_error (usher_exit_get_error (fixture->exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY);
}

static void
test_zero_intensity (Fixture *fixture,
                     gconstpointer data)
{
  add_four (fixture);
  usher_supervisor_set_intensity (fixture->supervisor, 0);
  start (fixture, "+a +b +c +d");
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/a/error shutdown/a/shutdown -d -c -b");
}

/* The child that failed in the round is the one that the retry is for. */
static void
test_other_child_fails_rest_for_one (Fixture *fixture,
                                     gconstpointer data)
{
  add_four (fixture);
  usher_supervisor_set_intensity (fixture->supervisor, 2);
  start (fixture, "+a +b +c +d");
  test_child_set_next_starts (fixture->children[C], TEST_START_FAIL, 1);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  assert_trace (fixture,
                "child-terminated/a/error -d -c -b +a +b +c start-error/c/error +c +d");
  stop (fixture, "=d =c =b =a");
}

static void
test_other_child_fails_one_for_all (Fixture *fixture,
                                    gconstpointer data)
{
  add_four (fixture);
  usher_supervisor_set_intensity (fixture->supervisor, 2);
  start (fixture, "+a +b +c +d");
  test_child_set_next_starts (fixture->children[C], TEST_START_FAIL, 1);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  assert_trace (fixture,
                "child-terminated/a/error -d -c -b +a +b +c start-error/c/error "
                "-b -a +a +b +c +d");
  stop (fixture, "=d =c =b =a");
}

static void
test_temporary_bystander (Fixture *fixture,
                          gconstpointer data)
{
  add (fixture, A, USHER_RESTART_PERMANENT, 100);
  add (fixture, B, USHER_RESTART_TEMPORARY, 100);
  start (fixture, "+a +b");
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/a/error =b +a");
  stop (fixture, "=a");
  start (fixture, "+a +b");
  stop (fixture, "=b =a");
}

/* Both exits wait for the restart; the stop takes the later one's. */
static void
test_exit_during_a_round_counts_once (Fixture *fixture,
                                      gconstpointer data)
{
  add_four (fixture);
  start (fixture, "+a +b +c +d");
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  test_child_exit (fixture->children[C], USHER_EXIT_KILLED);
  assert_trace (fixture,
                "child-terminated/a/error -d shutdown-error/c/killed -b +a +b +c +d");
  g_assert_null (fixture->exit);
  stop (fixture, "=d =c =b =a");
}

static void
test_exit_right_after_the_start (Fixture *fixture,
                                 gconstpointer data)
{
  add_four (fixture);
  test_child_set_next_starts (fixture->children[A], TEST_START_EXIT, 1);
  start (fixture, "+a +b +c +d child-terminated/a/error +a");
  stop (fixture, "=d =c =b =a");
}

static void
test_limit (Fixture *fixture,
            gconstpointer data)
{
  add_four (fixture);
  start (fixture, "+a +b +c +d");
  test_child_set_stop (fixture->children[C], TEST_STOP_REFUSE);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  assert_trace (fixture, "=d =c");
  advance_msec (99);
  assert_trace (fixture, "");
  advance_msec (1);
  assert_trace (fixture, "!c shutdown-error/c/killed =b =a");
  assert_exited (fixture, "shutdown");
}

static void
test_brutal_kill (Fixture *fixture,
                  gconstpointer data)
{
  add (fixture, A, USHER_RESTART_PERMANENT, USHER_SHUTDOWN_BRUTAL_KILL);
  start (fixture, "+a");
  stop (fixture, "!a");
}

static void
test_kill (Fixture *fixture,
           gconstpointer data)
{
  add_four (fixture);
  start (fixture, "+a +b +c +d");
  usher_child_kill (USHER_CHILD (fixture->supervisor));
  assert_trace (fixture, "!d !c !b !a");
  assert_exited (fixture, "killed");
}

static void
test_stop_while_starting (Fixture *fixture,
                          gconstpointer data)
{
  add_four (fixture);
  test_child_set_start (fixture->children[C], TEST_START_HANG);
  begin_start (fixture, NULL);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  assert_trace (fixture, "+a +b +c ~c =b =a");
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (fixture->exit);
}

static void
test_cancelled_while_starting (Fixture *fixture,
                               gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  add_four (fixture);
  test_child_set_start (fixture->children[C], TEST_START_HANG);
  begin_start (fixture, cancellable);
  g_cancellable_cancel (cancellable);
  assert_trace (fixture, "+a +b +c ~c -b -a");
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_late_success_is_shut_down (Fixture *fixture,
                                gconstpointer data)
{
  add (fixture, A, USHER_RESTART_PERMANENT, 100);
  test_child_set_start (fixture->children[A], TEST_START_STUBBORN);
  begin_start (fixture, NULL);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  assert_trace (fixture, "+a ~a");
  test_child_answer_start (fixture->children[A]);
  assert_trace (fixture, "=a");
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_start_that_ignores_its_end_is_abandoned (Fixture *fixture,
                                              gconstpointer data)
{
  add (fixture, A, USHER_RESTART_PERMANENT, 100);
  test_child_set_start (fixture->children[A], TEST_START_STUBBORN);
  begin_start (fixture, NULL);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  assert_trace (fixture, "+a ~a");
  advance_msec (100);
  assert_trace (fixture, "!a shutdown-error/a/killed");
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  g_clear_error (&fixture->start_error);
  begin_start (fixture, NULL);
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_BUSY);
  assert_trace (fixture, "start-error/a/error");

  test_child_answer_start (fixture->children[A]);
  assert_trace (fixture, "!a");
}

static void
test_final_overtakes_restart (Fixture *fixture,
                              gconstpointer data)
{
  add_four (fixture);
  start (fixture, "+a +b +c +d");
  test_child_set_stop (fixture->children[C], TEST_STOP_REFUSE);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/a/error -d -c");
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  assert_trace (fixture, "=d =c");
  advance_msec (100);
  assert_trace (fixture, "!c shutdown-error/c/killed =b");
  assert_exited (fixture, "shutdown");
}

static void
stop_tree (UsherSupervisor *supervisor)
{
  usher_child_shutdown (USHER_CHILD (supervisor), USHER_STOP_FINAL);
}

static void
test_report_handler_may_stop_the_tree (Fixture *fixture,
                                       gconstpointer data)
{
  add_four (fixture);
  start (fixture, "+a +b +c +d");
  g_signal_connect (fixture->supervisor, "report", G_CALLBACK (stop_tree), NULL);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/a/error =d =c =b");
  assert_exited (fixture, "shutdown");
}

static void
iterate_in_handler (UsherSupervisor *supervisor)
{
  usher_child_shutdown (USHER_CHILD (supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
}

static void
test_report_handler_may_iterate (Fixture *fixture,
                                 gconstpointer data)
{
  add_four (fixture);
  start (fixture, "+a +b +c +d");
  g_signal_connect (fixture->supervisor, "report", G_CALLBACK (iterate_in_handler), NULL);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/a/error =d =c =b");
  assert_exited (fixture, "shutdown");
}

static void
test_last_reference_may_go (Fixture *fixture,
                            gconstpointer data)
{
  UsherSupervisor *supervisor = fixture->supervisor;

  add_four (fixture);
  start (fixture, "+a +b +c +d");
  g_object_unref (supervisor);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/a/error +a");
  g_object_ref (supervisor);
  stop (fixture, "=d =c =b =a");
}

static void
test_nests (Fixture *fixture,
            gconstpointer data)
{
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec =
      usher_child_spec_new ("inner", USHER_CHILD (fixture->supervisor));
  g_autoptr (GError) error = NULL;

  g_signal_handlers_disconnect_by_func (fixture->supervisor, on_exited, fixture);
  g_signal_connect (root, "report", G_CALLBACK (on_report), fixture);
  usher_supervisor_add_child (root, spec, &error);
  g_assert_no_error (error);
  add (fixture, A, USHER_RESTART_PERMANENT, 100);
  add (fixture, B, USHER_RESTART_PERMANENT, 100);

  usher_child_start_async (USHER_CHILD (root), NULL, on_started, fixture);
  assert_trace (fixture, "+a +b");

  /* A permanent supervisor over its budget comes back. */
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  assert_trace (fixture,
                "child-terminated/a/error +a child-terminated/b/error shutdown/b/shutdown -a "
                "child-terminated/inner/shutdown +a +b");

  /* And now nobody restarts it: what remains is told. */
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  assert_trace (fixture,
                "child-terminated/a/error +a child-terminated/b/error shutdown/b/shutdown -a "
                "child-terminated/inner/shutdown shutdown/inner/shutdown");
  usher_child_shutdown (USHER_CHILD (root), USHER_STOP_FINAL);
  assert_trace (fixture, "=a");
}

static void
test_transient_supervisor_over_budget_stays_down (Fixture *fixture,
                                                  gconstpointer data)
{
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec =
      usher_child_spec_new ("inner", USHER_CHILD (fixture->supervisor));

  usher_child_spec_set_restart (spec, USHER_RESTART_TRANSIENT);
  usher_supervisor_add_child (root, spec, NULL);
  add (fixture, A, USHER_RESTART_PERMANENT, 100);
  add (fixture, B, USHER_RESTART_PERMANENT, 100);
  usher_supervisor_set_intensity (fixture->supervisor, 0);
  usher_child_start_async (USHER_CHILD (root), NULL, on_started, fixture);
  assert_trace (fixture, "+a +b");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  assert_trace (fixture, "child-terminated/b/error shutdown/b/shutdown -a =a");
  usher_child_shutdown (USHER_CHILD (root), USHER_STOP_FINAL);
  assert_trace (fixture, "");
}

static void
assert_refused (Fixture *fixture,
                const UsherChildSpec *spec,
                const char *message)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_supervisor_add_child (fixture->supervisor, spec, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_cmpstr (error->message, ==, message);
}

static void
test_bad_specs (Fixture *fixture,
                gconstpointer data)
{
  add (fixture, A, USHER_RESTART_PERMANENT, 100);

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
test_limit_is_checked_at_start (Fixture *fixture,
                                gconstpointer data)
{
  add (fixture, A, USHER_RESTART_PERMANENT, 100);
  test_child_set_shutdown_time_msec (fixture->children[A], 101);
  begin_start (fixture, NULL);
  g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  assert_trace (fixture, "start-error/a/error");
}

static void
test_starts_once_at_a_time (Fixture *fixture,
                            gconstpointer data)
{
  start (fixture, "");
  begin_start (fixture, NULL);
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_PENDING);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
}

#define ADD(path, strategy, func) \
  g_test_add ("/supervisor/" path, Fixture, GINT_TO_POINTER (strategy), set_up, func, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("starts-in-order-and-stops-in-reverse", USHER_STRATEGY_ONE_FOR_ONE, test_order);
  ADD ("a-start-waits-for-the-one-before", USHER_STRATEGY_ONE_FOR_ONE, test_start_waits);
  ADD ("a-failed-start-stops-those-before", USHER_STRATEGY_ONE_FOR_ONE, test_start_fails);
  ADD ("an-ignored-start-is-no-failure", USHER_STRATEGY_ONE_FOR_ONE, test_start_ignored);
  ADD ("one-for-one", USHER_STRATEGY_ONE_FOR_ONE, test_one_for_one);
  ADD ("one-for-all", USHER_STRATEGY_ONE_FOR_ALL, test_one_for_all);
  ADD ("rest-for-one", USHER_STRATEGY_REST_FOR_ONE, test_rest_for_one);
  g_test_add_func ("/supervisor/restart-types", test_restart_types);
  ADD ("spaced-restarts-never-exceed-the-budget", USHER_STRATEGY_ONE_FOR_ONE, test_budget_spaced);
  ADD ("over-budget-it-ends", USHER_STRATEGY_ONE_FOR_ONE, test_budget_escalates);
  ADD ("failed-restarts-are-charged", USHER_STRATEGY_ONE_FOR_ONE, test_failed_restarts_are_charged);
  ADD ("intensity-zero-ends-at-the-first-exit", USHER_STRATEGY_ONE_FOR_ONE, test_zero_intensity);
  ADD ("another-child-fails-rest-for-one", USHER_STRATEGY_REST_FOR_ONE,
       test_other_child_fails_rest_for_one);
  ADD ("another-child-fails-one-for-all", USHER_STRATEGY_ONE_FOR_ALL,
       test_other_child_fails_one_for_all);
  ADD ("a-temporary-bystander-vanishes", USHER_STRATEGY_ONE_FOR_ALL, test_temporary_bystander);
  ADD ("an-exit-during-a-round-counts-once", USHER_STRATEGY_ONE_FOR_ALL,
       test_exit_during_a_round_counts_once);
  ADD ("an-exit-right-after-the-start-waits", USHER_STRATEGY_ONE_FOR_ONE,
       test_exit_right_after_the_start);
  ADD ("a-child-is-killed-at-its-limit", USHER_STRATEGY_ONE_FOR_ONE, test_limit);
  ADD ("a-brutal-kill-does-not-ask", USHER_STRATEGY_ONE_FOR_ONE, test_brutal_kill);
  ADD ("a-kill-takes-the-subtree", USHER_STRATEGY_ONE_FOR_ONE, test_kill);
  ADD ("a-stop-cancels-a-hanging-start", USHER_STRATEGY_ONE_FOR_ONE, test_stop_while_starting);
  ADD ("cancelling-its-start-cancels-its-child", USHER_STRATEGY_ONE_FOR_ONE,
       test_cancelled_while_starting);
  ADD ("a-start-that-succeeds-too-late-is-shut-down", USHER_STRATEGY_ONE_FOR_ONE,
       test_late_success_is_shut_down);
  ADD ("a-start-that-never-ends-is-abandoned", USHER_STRATEGY_ONE_FOR_ONE,
       test_start_that_ignores_its_end_is_abandoned);
  ADD ("final-overtakes-restart", USHER_STRATEGY_ONE_FOR_ALL, test_final_overtakes_restart);
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
