/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/nursery.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

static void
change (Fixture *fixture,
        const UsherSupervisorFlags *flags,
        GPtrArray *specs)
{
  Call call = { 0 };

  begin_change (fixture, flags, specs, &call);
  assert_done (&call);
}

static void
begin (Fixture *fixture)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_start (fixture, "+a +b");
}

static void
test_order (Fixture *fixture,
            gconstpointer data)
{
  Call call = { 0 };

  begin (fixture);
  change (fixture, NULL,
          collect_specs (make_spec (fixture, D, USHER_RESTART_PERMANENT),
                         make_spec (fixture, B, USHER_RESTART_PERMANENT), NULL));
  assert_children (fixture, "a running, b running, d stopped, 3 2 0 3");
  begin_restart (fixture, "d", &call);
  assert_started (&call);
  supervisor_fixture_stop (fixture, "+d =a =b =d");
  assert_children (fixture, "b stopped, d stopped, 2 0 0 2");
  supervisor_fixture_start (fixture, "+d +b");
  supervisor_fixture_stop (fixture, "=b =d");
}

static void
test_values_hold_at_once (Fixture *fixture,
                          gconstpointer data)
{
  UsherSupervisorFlags flags;
  UsherChildSpec *a, *b;

  begin (fixture);
  usher_supervisor_get_flags (fixture->supervisor, &flags);
  flags.auto_shutdown = USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT;
  a = make_spec (fixture, A, USHER_RESTART_PERMANENT);
  b = make_spec (fixture, B, USHER_RESTART_TEMPORARY);
  usher_child_spec_set_shutdown_msec (a, USHER_SHUTDOWN_BRUTAL_KILL);
  usher_child_spec_set_significant (b, TRUE);
  change (fixture, &flags, collect_specs (a, b, NULL));
  supervisor_fixture_assert_trace (fixture, "");
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "!a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

/* What is waiting goes on waiting. */
static void
test_back_off (Fixture *fixture,
               gconstpointer data)
{
  UsherChildSpec *slow = make_spec (fixture, A, USHER_RESTART_PERMANENT);
  UsherChildSpec *slower = make_spec (fixture, A, USHER_RESTART_PERMANENT);

  usher_supervisor_set_intensity (fixture->supervisor, 10);
  usher_child_spec_set_restart_delay (slow, 100, 100, 0);
  usher_child_spec_set_restart_delay (slower, 400, 400, 0);
  change (fixture, NULL, collect_specs (slow, NULL));
  supervisor_fixture_start (fixture, "+a");
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error");
  change (fixture, NULL, collect_specs (slower, NULL));
  assert_children (fixture, "a restarting, 1 0 0 1");
  advance_msec (100);
  supervisor_fixture_assert_trace (fixture, "+a");
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error");
  advance_msec (399);
  supervisor_fixture_assert_trace (fixture, "");
  change (fixture, NULL, collect_specs (make_spec (fixture, A, USHER_RESTART_PERMANENT), NULL));
  advance_msec (1);
  supervisor_fixture_assert_trace (fixture, "+a");
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a");
  supervisor_fixture_stop (fixture, "=a");
}

static UsherChildSpec *
make_spec_with (const char *id,
                TestChild *child)
{
  return usher_child_spec_new (id, USHER_CHILD (child));
}

static void
assert_child (Fixture *fixture,
              const char *id,
              TestChild *child)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UsherChildInfo) info = usher_supervisor_get_child (fixture->supervisor, id, &error);

  g_assert_no_error (error);
  g_assert_true (usher_child_info_get_child (info) == USHER_CHILD (child));
}

static void
test_another_child (Fixture *fixture,
                    gconstpointer data)
{
  TestChild *second = test_child_new ("second", fixture->trace);
  Call call = { 0 };

  begin (fixture);
  change (fixture, NULL, collect_specs (make_spec_with ("a", second), NULL));
  assert_child (fixture, "a", fixture->children[A]);
  begin_change (fixture, NULL, collect_specs (make_spec_with ("c", second), NULL), &call);
  assert_invalid (&call, "“c”: it stands under");
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error -b +second +b");
  assert_child (fixture, "a", second);
  change (fixture, NULL, collect_specs (make_spec_with ("c", fixture->children[A]), NULL));
  begin_restart (fixture, "c", &call);
  assert_started (&call);
  supervisor_fixture_stop (fixture, "+a =b =second =a");
  change (fixture, NULL, collect_specs (NULL));
  g_assert_finalize_object (second);
}

/* A child whose turn never came is free again. */
static void
test_another_child_in_vain (Fixture *fixture,
                            gconstpointer data)
{
  TestChild *second = test_child_new ("second", fixture->trace);
  TestChild *third = test_child_new ("third", fixture->trace);
  Call call = { 0 };

  begin (fixture);
  change (fixture, NULL, collect_specs (make_spec_with ("a", second), NULL));
  change (fixture, NULL, collect_specs (make_spec_with ("a", third), NULL));
  change (fixture, NULL, collect_specs (make_spec_with ("a", third), make_spec_with ("c", second), NULL));
  begin_terminate (fixture, "a", &call);
  assert_done (&call);
  test_child_set_start (third, TEST_START_FAIL);
  begin_restart (fixture, "a", &call);
  assert_failed (&call, G_IO_ERROR_FAILED);
  begin_delete (fixture, "a", &call);
  assert_done (&call);
  change (fixture, NULL, collect_specs (make_spec_with ("c", second), make_spec_with ("e", third), NULL));
  supervisor_fixture_stop (fixture, "=a +third =b");
  change (fixture, NULL, collect_specs (NULL));
  g_assert_finalize_object (second);
  g_assert_finalize_object (third);
}

static void
test_factory (NurseryFixture *nursery,
              gconstpointer data)
{
  Fixture *fixture = &nursery->base;
  UsherChildSpec *spec = nursery_spec_new (&nursery->nursery, USHER_RESTART_PERMANENT);
  TestChild *given = test_child_new ("given", fixture->trace);

  usher_supervisor_set_intensity (fixture->supervisor, 10);
  change (fixture, NULL, collect_specs (make_spec_with ("x", given), NULL));
  supervisor_fixture_start (fixture, "+given");
  change (fixture, NULL, collect_specs (spec, NULL));
  test_child_exit (given, USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/x/error +x1");
  change (fixture, NULL, collect_specs (make_spec_with ("x", given), NULL));
  test_child_exit (nursery->nursery.children[0], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/x/error +given");
  nursery_assert_empty (&nursery->nursery);
  supervisor_fixture_stop (fixture, "=given");
  change (fixture, NULL, collect_specs (NULL));
  g_assert_finalize_object (given);
}

static UsherChildSpec *
make_significant (Fixture *fixture,
                  UsherRestart restart)
{
  UsherChildSpec *spec = make_spec (fixture, A, restart);

  usher_child_spec_set_significant (spec, TRUE);
  return spec;
}

/* One child too many, too short of time, and so on: nothing of the change happens. */
static void
test_all_or_nothing (Fixture *fixture,
                     gconstpointer data)
{
  UsherSupervisorFlags old, flags;
  UsherChildSpec *short_of_time;
  Call call = { 0 };

  begin (fixture);
  usher_supervisor_get_flags (fixture->supervisor, &old);
  flags = (UsherSupervisorFlags){ USHER_STRATEGY_ONE_FOR_ALL, 7, 7, USHER_AUTO_SHUTDOWN_NEVER };
  test_child_set_shutdown_time_msec (fixture->children[A], 101);
  short_of_time = make_spec (fixture, A, USHER_RESTART_PERMANENT);
  begin_change (fixture, &flags, collect_specs (make_spec (fixture, C, USHER_RESTART_PERMANENT), short_of_time, NULL), &call);
  assert_invalid (&call, "child “a”: its shutdown limit");
  test_child_set_shutdown_time_msec (fixture->children[A], 0);
  begin_change (fixture, &flags, collect_specs (make_significant (fixture, USHER_RESTART_TRANSIENT), NULL), &call);
  assert_invalid (&call, "child “a”: it cannot be significant");
  begin_change (fixture, &flags, collect_specs (make_spec (fixture, D, 0), make_spec (fixture, D, 0), NULL), &call);
  assert_invalid (&call, "child “d”: another specification");
  begin_change (fixture, &flags, collect_specs (make_spec (fixture, D, 0), make_spec_with ("e", fixture->children[D]), NULL), &call);
  assert_invalid (&call, "child “e”: another specification");
  flags.auto_shutdown = USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT;
  begin_change (fixture, &flags, collect_specs (make_significant (fixture, USHER_RESTART_PERMANENT), NULL), &call);
  assert_invalid (&call, "child “a”: it cannot be significant");

  usher_supervisor_get_flags (fixture->supervisor, &flags);
  g_assert_cmpmem (&flags, sizeof flags, &old, sizeof old);
  assert_children (fixture, "b running, a running, 2 2 0 2");
  supervisor_fixture_stop (fixture, "=b =a");
}

static void
count_notify (UsherSupervisor *supervisor,
              GParamSpec *pspec,
              guint *n_notified)
{
  UsherSupervisorFlags flags;

  usher_supervisor_get_flags (supervisor, &flags);
  g_assert_cmpint (flags.strategy, ==, USHER_STRATEGY_REST_FOR_ONE);
  g_assert_cmpuint (flags.intensity, ==, 3);
  g_assert_cmpuint (flags.period_msec, ==, 7);
  g_assert_cmpint (flags.auto_shutdown, ==, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT);
  (*n_notified)++;
}

static void
test_flags (Fixture *fixture,
            gconstpointer data)
{
  const UsherSupervisorFlags flags = {
    .strategy = USHER_STRATEGY_REST_FOR_ONE,
    .intensity = 3,
    .period_msec = 7,
    .auto_shutdown = USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT,
  };
  guint n_notified = 0;

  begin (fixture);
  g_signal_connect (fixture->supervisor, "notify", G_CALLBACK (count_notify), &n_notified);
  change (fixture, &flags, NULL);
  g_assert_cmpuint (n_notified, ==, 4);
  change (fixture, &flags, NULL);
  g_assert_cmpuint (n_notified, ==, 4);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error -b +a +b");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error +b");
  supervisor_fixture_stop (fixture, "=b =a");
}

static void
test_budget (Fixture *fixture,
             gconstpointer data)
{
  UsherSupervisorFlags flags;

  usher_supervisor_set_intensity (fixture->supervisor, 5);
  begin (fixture);
  for (guint i = 0; i < 2; i++)
    {
      test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
      supervisor_fixture_assert_trace (fixture, "child-terminated/a/error -b +a +b");
    }
  usher_supervisor_get_flags (fixture->supervisor, &flags);
  flags.intensity = 2;
  change (fixture, &flags, NULL);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error shutdown/a/shutdown -b");
}

static void
test_waits_for_a_start (Fixture *fixture,
                        gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  test_child_set_next_starts (fixture->children[A], TEST_START_STUBBORN, 1);
  supervisor_fixture_begin_start (fixture, NULL);
  begin_change (fixture, NULL, collect_specs (make_spec (fixture, C, USHER_RESTART_PERMANENT), NULL), &call);
  g_assert_false (call.is_answered);
  assert_children (fixture, "b stopped, a starting, 2 0 0 2");
  test_child_answer_start (fixture->children[A]);
  supervisor_fixture_assert_trace (fixture, "+a +b");
  assert_done (&call);
  assert_children (fixture, "b running, a running, c stopped, 3 2 0 3");
  supervisor_fixture_stop (fixture, "=b =a");
}

/* It began as one-for-all, and ends as that; what comes then does not. */
static void
test_waits_for_a_restart (Fixture *fixture,
                          gconstpointer data)
{
  UsherSupervisorFlags flags;
  Call call = { 0 };

  usher_supervisor_set_intensity (fixture->supervisor, 5);
  begin (fixture);
  usher_supervisor_get_flags (fixture->supervisor, &flags);
  flags.strategy = USHER_STRATEGY_ONE_FOR_ONE;
  test_child_set_next_starts (fixture->children[A], TEST_START_STUBBORN, 1);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error -a +a");
  begin_change (fixture, &flags, collect_specs (make_spec (fixture, A, USHER_RESTART_TRANSIENT), NULL), &call);
  g_assert_false (call.is_answered);
  test_child_answer_start (fixture->children[A]);
  supervisor_fixture_assert_trace (fixture, "+b");
  assert_done (&call);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a");
  test_child_exit (fixture->children[A], USHER_EXIT_NORMAL);
  supervisor_fixture_stop (fixture, "=b");
}

static void
test_stop_refuses_it (Fixture *fixture,
                      gconstpointer data)
{
  Call calls[2] = { 0 };

  begin (fixture);
  test_child_set_stop (fixture->children[A], TEST_STOP_REFUSE);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  iterate_pending (NULL);
  begin_change (fixture, NULL, collect_specs (NULL), &calls[0]);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
  begin_change (fixture, NULL, collect_specs (NULL), &calls[1]);
  assert_refused (&calls[1], USHER_SUPERVISOR_ERROR_NOT_RUNNING);
  advance_msec (1000);
  advance_msec (1000);
  assert_refused (&calls[0], USHER_SUPERVISOR_ERROR_NOT_RUNNING);
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

/* A child that was stopped to be started again lets go of what it kept. */
static void
test_before_the_start (Fixture *fixture,
                       gconstpointer data)
{
  begin (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_RESTART);
  supervisor_fixture_assert_trace (fixture, "-b -a");
  change (fixture, NULL,
          collect_specs (make_spec (fixture, C, USHER_RESTART_PERMANENT),
                         make_spec (fixture, A, USHER_RESTART_PERMANENT), NULL));
  supervisor_fixture_assert_trace (fixture, "=b");
  assert_children (fixture, "a stopped, c stopped, 2 0 0 2");
  supervisor_fixture_start (fixture, "+c +a");
  supervisor_fixture_stop (fixture, "=a =c");
}

static void
on_answered (GObject *object,
             GAsyncResult *result,
             gpointer data)
{
}

static void
begin_changes (UsherSupervisor *supervisor,
               UsherReport *report,
               Fixture *fixture)
{
  g_autoptr (GPtrArray) specs = collect_specs (make_spec (fixture, B, USHER_RESTART_PERMANENT), NULL);

  usher_supervisor_change_async (supervisor, NULL, specs, NULL, on_answered, NULL);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
}

/* From a report about a restart that has not begun yet, and iterating until all is quiet. */
static void
test_from_a_handler (Fixture *fixture,
                     gconstpointer data)
{
  begin (fixture);
  g_signal_connect (fixture->supervisor, "report", G_CALLBACK (begin_changes), fixture);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error -b +a +b");
  assert_children (fixture, "a running, b running, 2 2 0 2");
  supervisor_fixture_stop (fixture, "=a =b");
}

static void
test_simple (NurseryFixture *nursery,
             gconstpointer data)
{
  Fixture *fixture = &nursery->base;
  UsherSupervisorFlags flags;
  UsherChildSpec *brutal;
  Call call = { 0 };

  nursery_fixture_add (nursery, USHER_RESTART_TEMPORARY);
  supervisor_fixture_start (fixture, "");
  nursery_fixture_start_children (nursery, 2);
  brutal = nursery_spec_new (&nursery->nursery, USHER_RESTART_PERMANENT);
  usher_child_spec_set_shutdown_msec (brutal, USHER_SHUTDOWN_BRUTAL_KILL);
  change (fixture, NULL, collect_specs (brutal, NULL));
  usher_supervisor_get_flags (fixture->supervisor, &flags);
  flags.auto_shutdown = USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT;
  begin_change (fixture, &flags, NULL, &call);
  assert_invalid (&call, "auto-shutdown and simple-one-for-one");
  flags.auto_shutdown = USHER_AUTO_SHUTDOWN_NEVER;
  flags.strategy = USHER_STRATEGY_ONE_FOR_ONE;
  begin_change (fixture, &flags, NULL, &call);
  assert_invalid (&call, "strategy: ");
  begin_change (fixture, NULL, collect_specs (make_spec (fixture, A, USHER_RESTART_TEMPORARY), NULL), &call);
  assert_invalid (&call, "child “a”: ");
  test_child_exit (nursery->nursery.children[0], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "+x1 +x2 child-terminated/x/normal +x3");
  supervisor_fixture_stop (fixture, "!x2 !x3");
}

static void
test_strategy_is_a_property (Fixture *fixture,
                             gconstpointer data)
{
  begin (fixture);
  g_object_set (fixture->supervisor, "strategy", USHER_STRATEGY_ONE_FOR_ONE, NULL);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a");
  g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, "*can_be*");
  usher_supervisor_set_strategy (fixture->supervisor, USHER_STRATEGY_SIMPLE_ONE_FOR_ONE);
  g_test_assert_expected_messages ();
  g_assert_cmpint (usher_supervisor_get_strategy (fixture->supervisor), ==, USHER_STRATEGY_ONE_FOR_ONE);
  supervisor_fixture_stop (fixture, "=b =a");
}

#define ADD(path, func) \
  SUPERVISOR_CASE ("/supervisor-change/" path, USHER_STRATEGY_ONE_FOR_ALL, func)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("new-ones-are-down-and-others-stay-for-this-life", test_order);
  ADD ("new-values-hold-at-once", test_values_hold_at_once);
  ADD ("a-delay-is-not-cut-short", test_back_off);
  ADD ("another-child-is-started-next", test_another_child);
  ADD ("another-child-may-never-have-its-turn", test_another_child_in_vain);
  NURSERY_CASE ("/supervisor-change/a-factory-and-a-child-replace-each-other", USHER_STRATEGY_ONE_FOR_ALL,
                test_factory);
  ADD ("it-is-all-or-nothing", test_all_or_nothing);
  ADD ("flags-change-together", test_flags);
  ADD ("old-restarts-count-by-the-new-flags", test_budget);
  ADD ("it-waits-for-a-start", test_waits_for_a_start);
  ADD ("it-waits-for-a-restart", test_waits_for_a_restart);
  ADD ("a-stop-refuses-it", test_stop_refuses_it);
  ADD ("without-a-life-others-are-forgotten-at-once", test_before_the_start);
  ADD ("a-report-handler-may-ask-for-it", test_from_a_handler);
  NURSERY_CASE ("/supervisor-change/a-template-changes-for-all-of-its-children",
                USHER_STRATEGY_SIMPLE_ONE_FOR_ONE, test_simple);
  ADD ("the-strategy-is-a-property", test_strategy_is_a_property);

  return g_test_run ();
}
