/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/nursery.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef NurseryFixture Fixture;

static void
set_stop (Fixture *fixture,
          guint index,
          TestStop stop)
{
  test_child_set_stop (nursery_fixture_get_test_child (fixture, index), stop);
}

static void
test_children_come_and_go (Fixture *fixture,
                           gconstpointer data)
{
  Call call = { 0 };

  nursery_fixture_start_with (fixture, USHER_RESTART_TRANSIENT, 0);
  assert_children (&fixture->base, "1 0 0 0");
  begin_start_with_argument (fixture, "red", &call);
  g_assert_true (call.child == nursery_fixture_get (fixture, 0));
  assert_started (&call);
  begin_start_with_argument (fixture, NULL, &call);
  assert_started (&call);
  assert_children (&fixture->base, "– running, – running, 1 2 0 2");
  supervisor_fixture_assert_trace (&fixture->base, "+red1 +x2");

  begin_terminate_object (fixture, nursery_fixture_get (fixture, 0), &call);
  assert_done (&call);
  g_assert_null (nursery_fixture_get_test_child (fixture, 0));
  test_child_exit (nursery_fixture_get_test_child (fixture, 1), USHER_EXIT_NORMAL);
  iterate_pending (NULL);
  g_assert_null (nursery_fixture_get_test_child (fixture, 1));
  assert_children (&fixture->base, "1 0 0 0");
  supervisor_fixture_stop (&fixture->base, "=red1");
}

static void
test_one_that_is_gone_is_terminated (Fixture *fixture,
                                     gconstpointer data)
{
  g_autoptr (TestChild) foreign = test_child_new ("y", fixture->base.trace);
  g_autoptr (UsherChild) gone = NULL;
  g_autoptr (UsherChildInfo) info = NULL;
  g_autoptr (GError) error = NULL;
  Call call = { 0 };

  nursery_fixture_start_with (fixture, USHER_RESTART_TEMPORARY, 1);
  gone = g_object_ref (nursery_fixture_get (fixture, 0));
  info = usher_supervisor_get_child_object (fixture->base.supervisor, gone, &error);
  g_assert_no_error (error);
  g_assert_null (usher_child_info_get_id (info));
  g_assert_true (usher_child_info_get_child (info) == gone);
  test_child_exit (TEST_CHILD (gone), USHER_EXIT_NORMAL);
  iterate_pending (NULL);

  begin_terminate_object (fixture, gone, &call);
  assert_done (&call);
  g_assert_null (usher_supervisor_get_child_object (fixture->base.supervisor, gone, &error));
  g_assert_error (error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  begin_terminate_object (fixture, USHER_CHILD (foreign), &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_FOUND);

  /* Somebody else's by now. */
  usher_child_start_async (gone, NULL, NULL, NULL);
  begin_terminate_object (fixture, gone, &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  test_child_exit (TEST_CHILD (gone), USHER_EXIT_NORMAL);
  supervisor_fixture_stop (&fixture->base, "+x1");
}

static void
test_its_specification_can_be_got (Fixture *fixture,
                                   gconstpointer data)
{
  UsherSupervisor *supervisor = fixture->base.supervisor;
  g_autoptr (GError) error = NULL;

  nursery_fixture_start_with (fixture, USHER_RESTART_TEMPORARY, 1);

  g_autoptr (UsherChildSpec) by_id = usher_supervisor_get_childspec (supervisor, "x", &error);
  g_autoptr (UsherChildSpec) by_child =
      usher_supervisor_get_child_object_spec (supervisor, nursery_fixture_get (fixture, 0), &error);

  g_assert_no_error (error);
  g_assert_cmpstr (usher_child_spec_get_id (by_child), ==, "x");
  g_assert_cmpint (usher_child_spec_get_restart (by_id), ==, USHER_RESTART_TEMPORARY);
  g_assert_null (usher_supervisor_get_childspec (supervisor, "y", &error));
  g_assert_error (error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  supervisor_fixture_stop (&fixture->base, "=x1");
}

static void
test_children_have_no_ids (Fixture *fixture,
                           gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  Call call = { 0 };

  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 1);
  begin_start_child (&fixture->base, A, USHER_RESTART_PERMANENT, &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_SIMPLE_ONE_FOR_ONE);
  begin_restart (&fixture->base, "x", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_SIMPLE_ONE_FOR_ONE);
  begin_terminate (&fixture->base, "x", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_SIMPLE_ONE_FOR_ONE);
  begin_delete (&fixture->base, "x", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_SIMPLE_ONE_FOR_ONE);
  g_assert_null (usher_supervisor_get_child (fixture->base.supervisor, "x", &error));
  g_assert_error (error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_SIMPLE_ONE_FOR_ONE);
  supervisor_fixture_stop (&fixture->base, "=x1");
  begin_start_with_argument (fixture, NULL, &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_RUNNING);
}

static void
test_others_have_no_template (Fixture *fixture,
                              gconstpointer data)
{
  Call call = { 0 };

  nursery_fixture_add (fixture, USHER_RESTART_PERMANENT);
  supervisor_fixture_start (&fixture->base, "+x1");
  begin_start_with_argument (fixture, "red", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_SIMPLE_ONE_FOR_ONE);
  begin_terminate_object (fixture, nursery_fixture_get (fixture, 0), &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_SIMPLE_ONE_FOR_ONE);
  supervisor_fixture_stop (&fixture->base, "=x1");
}

static void
expect_refused (UsherSupervisor *supervisor,
                const UsherChildSpec *spec,
                const char *what)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_supervisor_add_child (supervisor, spec, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "“x”"));
  g_assert_nonnull (strstr (error->message, what));
}

static void
expect_start_refused (Fixture *fixture,
                      const char *what)
{
  supervisor_fixture_begin_start (&fixture->base, NULL);
  g_assert_error (fixture->base.start_error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->base.start_error->message, what));
  g_clear_error (&fixture->base.start_error);
}

static void
test_it_has_one_specification (Fixture *fixture,
                               gconstpointer data)
{
  g_autoptr (TestChild) child = test_child_new ("x", fixture->base.trace);
  g_autoptr (UsherChildSpec) fixed = usher_child_spec_new ("x", USHER_CHILD (child));
  g_autoptr (UsherChildSpec) spec = nursery_spec_new (&fixture->nursery, USHER_RESTART_TRANSIENT);

  expect_start_refused (fixture, "add the one specification");
  expect_refused (fixture->base.supervisor, fixed, "usher_child_spec_new_with_factory");
  usher_child_spec_set_significant (spec, TRUE);
  expect_refused (fixture->base.supervisor, spec, "significant");
  nursery_fixture_add (fixture, USHER_RESTART_TEMPORARY);
  expect_refused (fixture->base.supervisor, spec, "has its one specification");

  usher_supervisor_set_auto_shutdown (fixture->base.supervisor, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT);
  expect_start_refused (fixture, "set auto-shutdown to “never”");
  usher_supervisor_set_auto_shutdown (fixture->base.supervisor, USHER_AUTO_SHUTDOWN_NEVER);
  supervisor_fixture_start (&fixture->base, "");
  supervisor_fixture_stop (&fixture->base, "");
}

static void
test_a_restart_has_the_same_argument (Fixture *fixture,
                                      gconstpointer data)
{
  Call call = { 0 };

  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 1);
  begin_start_with_argument (fixture, "red", &call);
  assert_started (&call);
  test_child_exit (nursery_fixture_get_test_child (fixture, 1), USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (&fixture->base, "+red2 child-terminated/x/normal +red3");
  assert_children (&fixture->base, "– running, – running, 1 2 0 2");
  supervisor_fixture_stop (&fixture->base, "=red3 =x1");
}

static void
count_destroy (gpointer data)
{
  guint *n_destroyed = data;

  (*n_destroyed)++;
}

static void
on_ignored_answer (GObject *object,
                   GAsyncResult *result,
                   gpointer data)
{
  usher_supervisor_start_child_with_argument_finish (USHER_SUPERVISOR (object), result, NULL, NULL);
}

/* Whether the argument is kept while the child runs. */
static void
check_argument (Fixture *fixture,
                gboolean is_kept)
{
  guint n_destroyed = 0;
  GVariant *argument = g_variant_new_from_data (G_VARIANT_TYPE_STRING, "red", 4, TRUE, count_destroy,
                                                &n_destroyed);

  usher_supervisor_start_child_with_argument_async (fixture->base.supervisor, argument, NULL,
                                                    on_ignored_answer, NULL);
  iterate_pending (NULL);
  assert_children (&fixture->base, "– running, 1 1 0 1");
  g_assert_cmpuint (n_destroyed, ==, is_kept ? 0 : 1);
  supervisor_fixture_stop (&fixture->base, "+red1 =red1");
  g_assert_cmpuint (n_destroyed, ==, 1);
}

static void
test_the_argument_is_kept (Fixture *fixture,
                           gconstpointer data)
{
  nursery_fixture_start_with (fixture, USHER_RESTART_TRANSIENT, 0);
  check_argument (fixture, TRUE);
}

static void
test_the_argument_is_not_kept (Fixture *fixture,
                               gconstpointer data)
{
  nursery_fixture_start_with (fixture, USHER_RESTART_TEMPORARY, 0);
  check_argument (fixture, FALSE);
}

static void
test_what_does_not_start_is_forgotten (Fixture *fixture,
                                       gconstpointer data)
{
  Call call = { 0 };

  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 1);
  fixture->nursery.n_failures = 1;
  begin_start_with_argument (fixture, NULL, &call);
  assert_failed (&call, G_IO_ERROR_NO_SPACE);
  fixture->nursery.start = TEST_START_FAIL;
  begin_start_with_argument (fixture, NULL, &call);
  assert_failed (&call, G_IO_ERROR_FAILED);
  fixture->nursery.start = TEST_START_IGNORE;
  begin_start_with_argument (fixture, NULL, &call);
  assert_answer (&call, -1, USHER_START_IGNORED);
  assert_children (&fixture->base, "– running, 1 1 0 1");

  /* A restart that is ignored. */
  test_child_exit (nursery_fixture_get_test_child (fixture, 0), USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (&fixture->base, "+x2 +x3 child-terminated/x/error +x4");
  assert_children (&fixture->base, "1 0 0 0");
  supervisor_fixture_stop (&fixture->base, "");
}

static void
test_all_are_stopped_at_once (Fixture *fixture,
                              gconstpointer data)
{
  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 4);
  for (guint i = 0; i < 3; i++)
    set_stop (fixture, i, TEST_STOP_REFUSE);
  usher_child_shutdown (USHER_CHILD (fixture->base.supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (&fixture->base, "=x4 =x3 =x2 =x1");
  test_child_exit (nursery_fixture_get_test_child (fixture, 1), USHER_EXIT_SHUTDOWN);
  advance_msec (99);
  supervisor_fixture_assert_trace (&fixture->base, "");
  g_assert_null (fixture->base.exit);
  advance_msec (1);
  supervisor_fixture_assert_trace (&fixture->base, "!x3 !x1 shutdown-error/x/killed×2");
  supervisor_fixture_assert_exited (&fixture->base, "shutdown");
  assert_children (&fixture->base, "1 0 0 0");
}

/* What had exited before, what exits by itself, and what exits wrongly when it is asked. */
static void
test_ends_are_reported_together (Fixture *fixture,
                                 gconstpointer data)
{
  nursery_fixture_start_with (fixture, USHER_RESTART_TEMPORARY, 6);
  set_stop (fixture, 1, TEST_STOP_NORMAL);
  for (guint i = 2; i < 6; i++)
    set_stop (fixture, i, TEST_STOP_REFUSE);
  test_child_exit (nursery_fixture_get_test_child (fixture, 0), USHER_EXIT_KILLED);
  usher_child_shutdown (USHER_CHILD (fixture->base.supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (&fixture->base, "=x6 =x5 =x4 =x3 =x2");
  test_child_exit (nursery_fixture_get_test_child (fixture, 3), USHER_EXIT_ERROR);
  test_child_exit (nursery_fixture_get_test_child (fixture, 4), USHER_EXIT_NORMAL);
  advance_msec (100);
  supervisor_fixture_assert_trace (&fixture->base,
                                   "!x6 !x3 shutdown-error/x/killed×3 shutdown-error/x/error");
  supervisor_fixture_assert_exited (&fixture->base, "shutdown");
}

static void
test_a_late_end_is_told_again (Fixture *fixture,
                               gconstpointer data)
{
  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 3);
  set_stop (fixture, 0, TEST_STOP_REFUSE);
  set_stop (fixture, 1, TEST_STOP_REFUSE);
  usher_child_shutdown (USHER_CHILD (fixture->base.supervisor), USHER_STOP_RESTART);
  supervisor_fixture_assert_trace (&fixture->base, "-x3 -x2 -x1");
  advance_msec (50);
  usher_child_shutdown (USHER_CHILD (fixture->base.supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (&fixture->base, "=x3 =x2 =x1");
  advance_msec (50);
  supervisor_fixture_assert_trace (&fixture->base, "!x2 !x1 shutdown-error/x/killed×2");
  supervisor_fixture_assert_exited (&fixture->base, "shutdown");
}

static void
test_a_restart_forgets_the_children (Fixture *fixture,
                                     gconstpointer data)
{
  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 2);
  usher_child_shutdown (USHER_CHILD (fixture->base.supervisor), USHER_STOP_RESTART);
  supervisor_fixture_assert_trace (&fixture->base, "-x2 -x1 =x2 =x1");
  supervisor_fixture_start (&fixture->base, "");
  assert_children (&fixture->base, "1 0 0 0");
  nursery_fixture_start_children (fixture, 1);
  supervisor_fixture_stop (&fixture->base, "+x3 =x3");
}

static void
test_over_budget_all_end (Fixture *fixture,
                          gconstpointer data)
{
  usher_supervisor_set_intensity (fixture->base.supervisor, 0);
  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 3);
  test_child_exit (nursery_fixture_get_test_child (fixture, 1), USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (&fixture->base,
                                   "child-terminated/x/error shutdown/x/shutdown -x3 -x1 =x3 =x1");
}

static void
test_a_kill_kills_all (Fixture *fixture,
                       gconstpointer data)
{
  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 3);
  set_stop (fixture, 2, TEST_STOP_REFUSE);
  usher_child_shutdown (USHER_CHILD (fixture->base.supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (&fixture->base, "=x3 =x2 =x1");
  usher_child_kill (USHER_CHILD (fixture->base.supervisor));
  supervisor_fixture_assert_trace (&fixture->base, "!x3");
  supervisor_fixture_assert_exited (&fixture->base, "killed");
}

static void
test_a_start_ends_with_the_others (Fixture *fixture,
                                   gconstpointer data)
{
  const TestStart starts[] = { TEST_START_HANG, TEST_START_STUBBORN, TEST_START_STUBBORN };
  Call calls[G_N_ELEMENTS (starts)] = { 0 };

  nursery_fixture_add (fixture, USHER_RESTART_TEMPORARY);
  for (guint i = 0; i < G_N_ELEMENTS (starts); i++)
    {
      g_string_truncate (fixture->base.trace, 0);
      supervisor_fixture_start (&fixture->base, "");
      fixture->nursery.start = TEST_START_OK;
      nursery_fixture_start_children (fixture, 1);
      fixture->nursery.start = starts[i];
      begin_start_with_argument (fixture, NULL, &calls[i]);
      g_string_truncate (fixture->base.trace, 0);
      usher_child_shutdown (USHER_CHILD (fixture->base.supervisor), USHER_STOP_FINAL);
      iterate_pending (NULL);
      assert_refused (&calls[i], USHER_SUPERVISOR_ERROR_NOT_RUNNING);
      g_assert_true (nursery_fixture_get_test_child (fixture, 2 * i) == NULL || !test_child_is_running (nursery_fixture_get_test_child (fixture, 2 * i)));
      if (i == 1)
        test_child_answer_start (nursery_fixture_get_test_child (fixture, 3));
      else
        advance_msec (i == 2 ? 100 : 0);
      supervisor_fixture_assert_exited (&fixture->base, "shutdown");
    }
  supervisor_fixture_assert_trace (&fixture->base, "~x6 =x5 !x6 shutdown-error/x/killed");
  test_child_answer_start (nursery_fixture_get_test_child (fixture, 5));
  supervisor_fixture_assert_trace (&fixture->base, "!x6");
}

static void
test_a_start_is_terminated_at_once (Fixture *fixture,
                                    gconstpointer data)
{
  Call start = { 0 };
  Call call = { 0 };

  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 1);
  fixture->nursery.start = TEST_START_HANG;
  begin_start_with_argument (fixture, NULL, &start);
  assert_children (&fixture->base, "– starting, – running, 1 1 0 2");
  begin_terminate_object (fixture, nursery_fixture_get (fixture, 1), &call);
  assert_done (&call);
  assert_failed (&start, G_IO_ERROR_CANCELLED);
  assert_children (&fixture->base, "– running, 1 1 0 1");
  supervisor_fixture_stop (&fixture->base, "+x2 ~x2 =x1");
}

static void
test_one_that_exits_at_once_is_counted_once (Fixture *fixture,
                                             gconstpointer data)
{
  Call call = { 0 };

  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 0);
  fixture->nursery.start = TEST_START_EXIT;
  begin_start_with_argument (fixture, NULL, &call);
  assert_started (&call);
  supervisor_fixture_assert_trace (&fixture->base, "+x1 child-terminated/x/error +x2 "
                                                   "child-terminated/x/error shutdown/x/shutdown");
}

static void
set_delay (Fixture *fixture)
{
  g_autoptr (UsherChildSpec) spec = nursery_spec_new (&fixture->nursery, USHER_RESTART_PERMANENT);

  usher_child_spec_set_restart_delay (spec, 100, 400, 0);
  usher_supervisor_set_intensity (fixture->base.supervisor, 10);
  g_assert_true (usher_supervisor_add_child (fixture->base.supervisor, spec, NULL));
  supervisor_fixture_start (&fixture->base, "");
  nursery_fixture_start_children (fixture, 2);
  g_string_truncate (fixture->base.trace, 0);
}

static void
test_each_waits_for_its_own_restart (Fixture *fixture,
                                     gconstpointer data)
{
  set_delay (fixture);
  test_child_exit (nursery_fixture_get_test_child (fixture, 0), USHER_EXIT_ERROR);
  iterate_pending (NULL);
  advance_msec (60);
  test_child_exit (nursery_fixture_get_test_child (fixture, 1), USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (&fixture->base, "child-terminated/x/error child-terminated/x/error");
  assert_children (&fixture->base, "– restarting, – restarting, 1 0 0 2");
  advance_msec (40);
  supervisor_fixture_assert_trace (&fixture->base, "+x3");
  test_child_exit (nursery_fixture_get_test_child (fixture, 2), USHER_EXIT_ERROR);
  iterate_pending (NULL);
  advance_msec (60);
  supervisor_fixture_assert_trace (&fixture->base, "child-terminated/x/error +x4");
  advance_msec (139);
  supervisor_fixture_assert_trace (&fixture->base, "");
  advance_msec (1);
  supervisor_fixture_assert_trace (&fixture->base, "+x5");
  supervisor_fixture_stop (&fixture->base, "=x4 =x5");
}

/* Who knows only the child that ran can still end the attempts to replace it. */
static void
test_a_restart_is_terminated_by_the_child_that_ran (Fixture *fixture,
                                                    gconstpointer data)
{
  g_autoptr (UsherChild) first = NULL;
  g_autoptr (UsherChild) second = NULL;
  Call call = { 0 };

  set_delay (fixture);
  first = g_object_ref (nursery_fixture_get (fixture, 0));
  second = g_object_ref (nursery_fixture_get (fixture, 1));
  fixture->nursery.start = TEST_START_FAIL;
  test_child_exit (TEST_CHILD (first), USHER_EXIT_ERROR);
  iterate_pending (NULL);
  advance_msec (100);
  assert_children (&fixture->base, "– running, – restarting, 1 1 0 2");
  begin_terminate_object (fixture, first, &call);
  assert_done (&call);
  assert_children (&fixture->base, "– running, 1 1 0 1");
  advance_msec (1000);
  supervisor_fixture_assert_trace (&fixture->base, "child-terminated/x/error +x3 start-error/x/error");

  /* In the middle of an attempt. */
  fixture->nursery.start = TEST_START_HANG;
  test_child_exit (TEST_CHILD (second), USHER_EXIT_ERROR);
  iterate_pending (NULL);
  advance_msec (100);
  begin_terminate_object (fixture, second, &call);
  assert_done (&call);
  assert_children (&fixture->base, "1 0 0 0");
  supervisor_fixture_stop (&fixture->base, "child-terminated/x/error +x4 ~x4");
}

static void
test_an_old_child_does_not_stand_for_the_new_one (Fixture *fixture,
                                                  gconstpointer data)
{
  g_autoptr (UsherChild) old = NULL;
  Call call = { 0 };

  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 1);
  old = g_object_ref (nursery_fixture_get (fixture, 0));
  test_child_exit (TEST_CHILD (old), USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (&fixture->base, "child-terminated/x/error +x2");
  begin_terminate_object (fixture, old, &call);
  assert_done (&call);
  assert_children (&fixture->base, "– running, 1 1 0 1");
  supervisor_fixture_stop (&fixture->base, "=x2");
}

/* One of two is being terminated when all are. */
static void
test_a_termination_ends_with_the_others (Fixture *fixture,
                                         gconstpointer data)
{
  Call call = { 0 };

  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 2);
  set_stop (fixture, 0, TEST_STOP_REFUSE);
  set_stop (fixture, 1, TEST_STOP_REFUSE);
  begin_terminate_object (fixture, nursery_fixture_get (fixture, 0), &call);
  advance_msec (60);
  usher_child_shutdown (USHER_CHILD (fixture->base.supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (&fixture->base, "=x1 =x2");
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_RUNNING);
  advance_msec (40);
  supervisor_fixture_assert_trace (&fixture->base, "!x1");
  advance_msec (60);
  supervisor_fixture_assert_trace (&fixture->base, "!x2 shutdown-error/x/killed×2");
  supervisor_fixture_assert_exited (&fixture->base, "shutdown");
}

static UsherChild *
make_supervisor_or_worker (GVariant *argument,
                           gpointer data,
                           GError **error)
{
  UsherSupervisor *inner;
  g_autoptr (UsherChildSpec) spec = NULL;

  if (argument == NULL)
    return nursery_make (NULL, data, error);

  inner = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  spec = nursery_spec_new (data, USHER_RESTART_PERMANENT);
  usher_child_spec_set_shutdown_msec (spec, 60 * 1000);
  usher_supervisor_add_child (inner, spec, NULL);

  return USHER_CHILD (inner);
}

static void
test_supervisors_have_no_limit (Fixture *fixture,
                                gconstpointer data)
{
  g_autoptr (UsherChildSpec) spec =
      usher_child_spec_new_with_factory ("x", make_supervisor_or_worker, &fixture->nursery, NULL);
  Call call = { 0 };

  usher_supervisor_add_child (fixture->base.supervisor, spec, NULL);
  supervisor_fixture_start (&fixture->base, "");
  begin_start_with_argument (fixture, "inner", &call);
  assert_started (&call);
  assert_children (&fixture->base, "– running, 1 1 1 0");
  nursery_fixture_start_children (fixture, 1);
  set_stop (fixture, 0, TEST_STOP_REFUSE);
  set_stop (fixture, 1, TEST_STOP_REFUSE);
  usher_child_shutdown (USHER_CHILD (fixture->base.supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (&fixture->base, "+x1 +x2 =x2 =x1");
  advance_msec (4999);
  supervisor_fixture_assert_trace (&fixture->base, "");
  advance_msec (1);
  supervisor_fixture_assert_trace (&fixture->base, "!x2");
  advance_msec (55 * 1000);
  supervisor_fixture_assert_trace (&fixture->base, "!x1 shutdown-error/x/killed");
  supervisor_fixture_assert_exited (&fixture->base, "shutdown");
}

static void
on_started_shut_down (GObject *object,
                      GAsyncResult *result,
                      gpointer data)
{
  usher_child_shutdown (USHER_CHILD (object), USHER_STOP_FINAL);
  on_ignored_answer (object, result, data);
}

static void
test_an_answer_may_end_the_tree (Fixture *fixture,
                                 gconstpointer data)
{
  nursery_fixture_start_with (fixture, USHER_RESTART_TEMPORARY, 1);
  for (guint i = 0; i < 3; i++)
    usher_supervisor_start_child_with_argument_async (fixture->base.supervisor, NULL, NULL,
                                                      on_started_shut_down, NULL);
  supervisor_fixture_assert_trace (&fixture->base, "+x2 =x2 =x1");
  supervisor_fixture_assert_exited (&fixture->base, "shutdown");
}

static void
on_report_shut_down (UsherSupervisor *supervisor)
{
  usher_child_shutdown (USHER_CHILD (supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
}

static void
test_a_report_may_end_the_tree (Fixture *fixture,
                                gconstpointer data)
{
  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 3);
  g_signal_connect (fixture->base.supervisor, "report", G_CALLBACK (on_report_shut_down), NULL);
  test_child_exit (nursery_fixture_get_test_child (fixture, 1), USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (&fixture->base, "child-terminated/x/error =x3 =x1");
  supervisor_fixture_assert_exited (&fixture->base, "shutdown");
}

static void
shut_down_and_iterate (gpointer supervisor)
{
  usher_child_shutdown (supervisor, USHER_STOP_FINAL);
  iterate_pending (NULL);
}

static void
test_its_factory_may_end_the_tree (Fixture *fixture,
                                   gconstpointer data)
{
  Call call = { 0 };

  nursery_fixture_start_with (fixture, USHER_RESTART_PERMANENT, 2);
  fixture->nursery.meddle = shut_down_and_iterate;
  fixture->nursery.meddle_data = fixture->base.supervisor;
  begin_start_with_argument (fixture, NULL, &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_RUNNING);
  supervisor_fixture_assert_trace (&fixture->base, "=x2 =x1 +x3 =x3");
  supervisor_fixture_assert_exited (&fixture->base, "shutdown");
}

static void
test_a_brutal_kill_asks_nobody (Fixture *fixture,
                                gconstpointer data)
{
  g_autoptr (UsherChildSpec) spec = nursery_spec_new (&fixture->nursery, USHER_RESTART_PERMANENT);

  usher_child_spec_set_shutdown_msec (spec, USHER_SHUTDOWN_BRUTAL_KILL);
  g_assert_true (usher_supervisor_add_child (fixture->base.supervisor, spec, NULL));
  supervisor_fixture_start (&fixture->base, "");
  nursery_fixture_start_children (fixture, 2);
  supervisor_fixture_stop (&fixture->base, "+x1 +x2 !x2 !x1");
}

#define ADD(path, func) \
  NURSERY_CASE ("/supervisor-simple/" path, USHER_STRATEGY_SIMPLE_ONE_FOR_ONE, func)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("children-come-and-go", test_children_come_and_go);
  ADD ("one-that-is-gone-is-terminated", test_one_that_is_gone_is_terminated);
  ADD ("its-specification-can-be-got", test_its_specification_can_be_got);
  ADD ("children-have-no-ids", test_children_have_no_ids);
  NURSERY_CASE ("/supervisor-simple/others-have-no-template", USHER_STRATEGY_ONE_FOR_ONE,
                test_others_have_no_template);
  ADD ("it-has-one-specification", test_it_has_one_specification);
  ADD ("a-restart-has-the-same-argument", test_a_restart_has_the_same_argument);
  ADD ("the-argument-is-kept-for-restarts", test_the_argument_is_kept);
  ADD ("the-argument-is-not-kept-for-temporary-children", test_the_argument_is_not_kept);
  ADD ("what-does-not-start-is-forgotten", test_what_does_not_start_is_forgotten);
  ADD ("all-are-stopped-at-once", test_all_are_stopped_at_once);
  ADD ("ends-are-reported-together", test_ends_are_reported_together);
  ADD ("a-late-end-is-told-again", test_a_late_end_is_told_again);
  ADD ("a-restart-forgets-the-children", test_a_restart_forgets_the_children);
  ADD ("over-budget-all-end", test_over_budget_all_end);
  ADD ("a-kill-kills-all", test_a_kill_kills_all);
  ADD ("a-start-ends-with-the-others", test_a_start_ends_with_the_others);
  ADD ("a-start-is-terminated-at-once", test_a_start_is_terminated_at_once);
  ADD ("one-that-exits-at-once-is-counted-once", test_one_that_exits_at_once_is_counted_once);
  ADD ("each-waits-for-its-own-restart", test_each_waits_for_its_own_restart);
  ADD ("a-restart-is-terminated-by-the-child-that-ran",
       test_a_restart_is_terminated_by_the_child_that_ran);
  ADD ("an-old-child-does-not-stand-for-the-new-one",
       test_an_old_child_does_not_stand_for_the_new_one);
  ADD ("a-termination-ends-with-the-others", test_a_termination_ends_with_the_others);
  ADD ("supervisors-have-no-limit", test_supervisors_have_no_limit);
  ADD ("an-answer-may-end-the-tree", test_an_answer_may_end_the_tree);
  ADD ("a-report-may-end-the-tree", test_a_report_may_end_the_tree);
  ADD ("its-factory-may-end-the-tree", test_its_factory_may_end_the_tree);
  ADD ("a-brutal-kill-asks-nobody", test_a_brutal_kill_asks_nobody);

  return g_test_run ();
}
