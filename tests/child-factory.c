/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/nursery.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef NurseryFixture Fixture;

static UsherChild *
get_child (Fixture *fixture)
{
  g_autoptr (UsherChildInfo) info = usher_supervisor_get_child (fixture->base.supervisor, "x", NULL);

  return usher_child_info_get_child (info);
}

static void
count_destroy (gpointer data)
{
  guint *n_destroyed = data;

  (*n_destroyed)++;
}

static void
test_copies_share_the_factory (void)
{
  guint n_destroyed = 0;
  UsherChildSpec *spec =
      usher_child_spec_new_with_factory ("x", nursery_make, &n_destroyed, count_destroy);
  UsherChildSpec *copy = usher_child_spec_copy (spec);

  g_assert_cmpstr (usher_child_spec_get_id (copy), ==, "x");
  g_assert_null (usher_child_spec_get_child (copy));
  usher_child_spec_free (spec);
  g_assert_cmpuint (n_destroyed, ==, 0);
  usher_child_spec_free (copy);
  g_assert_cmpuint (n_destroyed, ==, 1);
}

static void
test_every_start_has_its_child (Fixture *fixture,
                                gconstpointer data)
{
  nursery_fixture_add (fixture, USHER_RESTART_PERMANENT);
  g_assert_null (get_child (fixture));
  assert_children (&fixture->base, "x stopped, 1 0 0 1");
  supervisor_fixture_start (&fixture->base, "+x1");
  g_assert_true (get_child (fixture) == USHER_CHILD (fixture->nursery.children[0]));

  test_child_exit (fixture->nursery.children[0], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (&fixture->base, "child-terminated/x/error +x2");
  g_assert_null (fixture->nursery.children[0]);
  g_assert_true (get_child (fixture) == USHER_CHILD (fixture->nursery.children[1]));

  supervisor_fixture_stop (&fixture->base, "=x2");
  supervisor_fixture_start (&fixture->base, "+x3");
  g_assert_null (fixture->nursery.children[1]);
  supervisor_fixture_stop (&fixture->base, "=x3");
}

static void
test_one_stopped_for_a_restart_is_told_the_end (Fixture *fixture,
                                                gconstpointer data)
{
  supervisor_fixture_add (&fixture->base, A, USHER_RESTART_PERMANENT, 100);
  nursery_fixture_add (fixture, USHER_RESTART_PERMANENT);
  supervisor_fixture_start (&fixture->base, "+a +x1");
  test_child_exit (fixture->base.children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (&fixture->base, "child-terminated/a/error -x1 +a =x1 +x2");
  supervisor_fixture_stop (&fixture->base, "=x2 =a");
}

static void
test_it_may_fail (Fixture *fixture,
                  gconstpointer data)
{
  nursery_fixture_add (fixture, USHER_RESTART_PERMANENT);
  fixture->nursery.n_failures = 1;
  supervisor_fixture_begin_start (&fixture->base, NULL);
  g_assert_error (fixture->base.start_error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_nonnull (strstr (fixture->base.start_error->message, "“x”"));
  supervisor_fixture_assert_trace (&fixture->base, "start-error/x/error");
  g_clear_error (&fixture->base.start_error);

  usher_supervisor_set_intensity (fixture->base.supervisor, 2);
  supervisor_fixture_start (&fixture->base, "+x1");
  fixture->nursery.n_failures = 1;
  test_child_exit (fixture->nursery.children[0], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (&fixture->base, "child-terminated/x/error start-error/x/error +x2");
  supervisor_fixture_stop (&fixture->base, "=x2");
}

static void
expect_refused (Fixture *fixture,
                int code,
                const char *what)
{
  supervisor_fixture_begin_start (&fixture->base, NULL);
  g_assert_error (fixture->base.start_error, USHER_ERROR, code);
  g_assert_nonnull (strstr (fixture->base.start_error->message, "“x”"));
  g_assert_nonnull (strstr (fixture->base.start_error->message, what));
  supervisor_fixture_assert_trace (&fixture->base, "start-error/x/error");
  g_clear_error (&fixture->base.start_error);
  g_assert_null (get_child (fixture));
}

static void
test_it_must_say_why (Fixture *fixture,
                      gconstpointer data)
{
  nursery_fixture_add (fixture, USHER_RESTART_PERMANENT);
  fixture->nursery.n_failures = 1;
  fixture->nursery.is_silent = TRUE;
  expect_refused (fixture, USHER_ERROR_FAILED, "did not say why");
}

static void
test_it_must_make_a_child_of_nobody (Fixture *fixture,
                                     gconstpointer data)
{
  g_autoptr (UsherSupervisor) other = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (TestChild) theirs = test_child_new ("y", fixture->base.trace);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("y", USHER_CHILD (theirs));

  usher_supervisor_add_child (other, spec, NULL);
  nursery_fixture_add (fixture, USHER_RESTART_PERMANENT);
  fixture->nursery.stranger = USHER_CHILD (theirs);
  expect_refused (fixture, USHER_ERROR_INVALID_ARGUMENT, "a new one");
}

static void
test_it_must_not_make_a_circle (Fixture *fixture,
                                gconstpointer data)
{
  nursery_fixture_add (fixture, USHER_RESTART_PERMANENT);
  fixture->nursery.stranger = USHER_CHILD (fixture->base.supervisor);
  expect_refused (fixture, USHER_ERROR_INVALID_ARGUMENT, "above");
}

static void
test_its_child_must_fit_the_limit (Fixture *fixture,
                                   gconstpointer data)
{
  nursery_fixture_add (fixture, USHER_RESTART_PERMANENT);
  fixture->nursery.shutdown_time_msec = 101;
  expect_refused (fixture, USHER_ERROR_INVALID_ARGUMENT, "limit");
}

static void
test_one_that_did_not_start_is_let_go (Fixture *fixture,
                                       gconstpointer data)
{
  Call call = { 0 };

  nursery_fixture_add (fixture, USHER_RESTART_TRANSIENT);
  supervisor_fixture_start (&fixture->base, "+x1");
  test_child_exit (fixture->nursery.children[0], USHER_EXIT_NORMAL);
  iterate_pending (NULL);
  fixture->nursery.start = TEST_START_FAIL;
  begin_restart (&fixture->base, "x", &call);
  assert_failed (&call, G_IO_ERROR_FAILED);
  g_assert_null (fixture->nursery.children[1]);
  g_assert_true (get_child (fixture) == USHER_CHILD (fixture->nursery.children[0]));

  fixture->nursery.start = TEST_START_IGNORE;
  begin_restart (&fixture->base, "x", &call);
  assert_answer (&call, -1, USHER_START_IGNORED);
  g_assert_null (fixture->nursery.children[2]);
  supervisor_fixture_assert_trace (&fixture->base, "+x2 +x3");

  begin_delete (&fixture->base, "x", &call);
  assert_done (&call);
  g_assert_null (fixture->nursery.children[0]);
  supervisor_fixture_stop (&fixture->base, "");
}

static UsherChild *
make_supervisor (GVariant *argument,
                 gpointer data,
                 GError **error)
{
  UsherSupervisor *inner = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec = nursery_spec_new (data, USHER_RESTART_PERMANENT);

  if (!usher_supervisor_add_child (inner, spec, error))
    g_clear_object (&inner);

  return USHER_CHILD (inner);
}

static void
test_it_may_make_supervisors (Fixture *fixture,
                              gconstpointer data)
{
  g_autoptr (UsherChildSpec) spec =
      usher_child_spec_new_with_factory ("inner", make_supervisor, &fixture->nursery, NULL);

  usher_supervisor_add_child (fixture->base.supervisor, spec, NULL);
  assert_children (&fixture->base, "inner stopped, 1 0 0 1");
  supervisor_fixture_start (&fixture->base, "+x1");
  assert_children (&fixture->base, "inner running, 1 1 1 0");
  fixture->nursery.stop = TEST_STOP_REFUSE;
  for (guint i = 0; i < 2; i++)
    {
      test_child_exit (fixture->nursery.children[i], USHER_EXIT_ERROR);
      iterate_pending (NULL);
    }
  supervisor_fixture_assert_trace (&fixture->base, "+x2 child-terminated/inner/shutdown +x3");
  g_assert_null (fixture->nursery.children[1]);
  usher_child_shutdown (USHER_CHILD (fixture->base.supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (&fixture->base, "=x3");
  advance_msec (100);
  supervisor_fixture_assert_trace (&fixture->base, "!x3");
}

static void
kill_tree (gpointer data)
{
  usher_child_kill (data);
  iterate_pending (NULL);
}

static void
shut_tree_down (gpointer data)
{
  usher_child_shutdown (data, USHER_STOP_FINAL);
  iterate_pending (NULL);
}

static void
shut_tree_down_and_wait (gpointer data)
{
  shut_tree_down (data);
  advance_msec (100);
}

/* Nobody waits for what it makes then. */
static void
test_it_may_end_the_tree (Fixture *fixture,
                          gconstpointer data)
{
  void (*const meddlers[]) (gpointer) = { kill_tree, shut_tree_down_and_wait };

  nursery_fixture_add (fixture, USHER_RESTART_PERMANENT);
  fixture->nursery.meddle_data = fixture->base.supervisor;
  for (guint i = 0; i < G_N_ELEMENTS (meddlers); i++)
    {
      fixture->nursery.meddle = meddlers[i];
      supervisor_fixture_begin_start (&fixture->base, NULL);
      g_assert_error (fixture->base.start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_clear_error (&fixture->base.start_error);
      g_assert_null (fixture->nursery.children[i]);
      assert_children (&fixture->base, "x stopped, 1 0 0 1");
      g_string_truncate (fixture->base.trace, 0);
    }
  fixture->nursery.meddle = NULL;
  supervisor_fixture_start (&fixture->base, "+x3");
  supervisor_fixture_stop (&fixture->base, "=x3");
}

/* There is time to see what it makes, and that one is told at once. */
static void
test_it_may_ask_the_tree_to_stop (Fixture *fixture,
                                  gconstpointer data)
{
  nursery_fixture_add (fixture, USHER_RESTART_PERMANENT);
  fixture->nursery.meddle = shut_tree_down;
  fixture->nursery.meddle_data = fixture->base.supervisor;
  supervisor_fixture_begin_start (&fixture->base, NULL);
  g_assert_error (fixture->base.start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  supervisor_fixture_assert_trace (&fixture->base, "+x1 =x1");
}

static void
test_it_may_drop_the_last_reference (void)
{
  g_autoptr (GString) trace = g_string_new (NULL);
  UsherSupervisor *supervisor = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  Nursery nursery = { .trace = trace, .meddle = g_object_unref, .meddle_data = supervisor };
  g_autoptr (UsherChildSpec) spec = nursery_spec_new (&nursery, USHER_RESTART_TEMPORARY);

  usher_supervisor_add_child (supervisor, spec, NULL);
  g_object_add_weak_pointer (G_OBJECT (supervisor), (gpointer *) &supervisor);
  usher_child_start_async (USHER_CHILD (supervisor), NULL, NULL, NULL);
  iterate_pending (NULL);
  g_assert_nonnull (supervisor);
  usher_child_shutdown (USHER_CHILD (supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
  g_assert_null (supervisor);
  nursery_assert_empty (&nursery);
  g_assert_cmpstr (trace->str, ==, "+x1 =x1");
}

#define ADD(path, strategy, func) \
  NURSERY_CASE ("/child-factory/" path, USHER_STRATEGY_##strategy, func)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/child-factory/copies-share-it", test_copies_share_the_factory);
  ADD ("every-start-has-its-child", ONE_FOR_ONE, test_every_start_has_its_child);
  ADD ("one-stopped-for-a-restart-is-told-the-end", ONE_FOR_ALL,
       test_one_stopped_for_a_restart_is_told_the_end);
  ADD ("it-may-fail", ONE_FOR_ONE, test_it_may_fail);
  ADD ("it-must-say-why", ONE_FOR_ONE, test_it_must_say_why);
  ADD ("it-must-make-a-child-of-nobody", ONE_FOR_ONE, test_it_must_make_a_child_of_nobody);
  ADD ("it-must-not-make-a-circle", ONE_FOR_ONE, test_it_must_not_make_a_circle);
  ADD ("its-child-must-fit-the-limit", ONE_FOR_ONE, test_its_child_must_fit_the_limit);
  ADD ("one-that-did-not-start-is-let-go", ONE_FOR_ONE, test_one_that_did_not_start_is_let_go);
  ADD ("it-may-make-supervisors", ONE_FOR_ONE, test_it_may_make_supervisors);
  ADD ("it-may-end-the-tree", ONE_FOR_ONE, test_it_may_end_the_tree);
  ADD ("it-may-ask-the-tree-to-stop", ONE_FOR_ONE, test_it_may_ask_the_tree_to_stop);
  g_test_add_func ("/child-factory/it-may-drop-the-last-reference",
                   test_it_may_drop_the_last_reference);

  return g_test_run ();
}
