/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

static void
add_significant (Fixture *fixture,
                 guint index,
                 UsherRestart restart)
{
  const char *const names[] = { "a", "b", "c", "d" };
  g_autoptr (GError) error = NULL;

  fixture->children[index] = test_child_new (names[index], fixture->trace);

  g_autoptr (UsherChildSpec) spec =
      usher_child_spec_new (names[index], USHER_CHILD (fixture->children[index]));

  usher_child_spec_set_restart (spec, restart);
  usher_child_spec_set_significant (spec, TRUE);
  usher_supervisor_add_child (fixture->supervisor, spec, &error);
  g_assert_no_error (error);
}

/* A supervisor with the plain permanent child a, and the significant children b and c. */
static void
start_with (Fixture *fixture,
            UsherAutoShutdown auto_shutdown,
            UsherRestart restart)
{
  usher_supervisor_set_auto_shutdown (fixture->supervisor, auto_shutdown);
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  add_significant (fixture, B, restart);
  add_significant (fixture, C, restart);
  supervisor_fixture_start (fixture, "+a +b +c");
}

static void
test_any (Fixture *fixture,
          gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "-c -a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
test_all (Fixture *fixture,
          gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT, USHER_RESTART_TRANSIENT);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "");
  g_assert_null (fixture->exit);
  test_child_exit (fixture->children[C], USHER_EXIT_SHUTDOWN);
  supervisor_fixture_assert_trace (fixture, "-a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
test_transient_crash_is_restarted (Fixture *fixture,
                                   gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT);
  test_child_exit (fixture->children[B], USHER_EXIT_KILLED);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/killed +b");
  supervisor_fixture_stop (fixture, "=c =b =a");
}

static void
test_temporary_crash_counts (Fixture *fixture,
                             gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TEMPORARY);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error -c -a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
test_terminate_does_not_count (Fixture *fixture,
                               gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT);
  usher_supervisor_terminate_child_async (fixture->supervisor, "b", NULL, NULL, NULL);
  supervisor_fixture_assert_trace (fixture, "=b");
  g_assert_null (fixture->exit);
  supervisor_fixture_stop (fixture, "=c =a");
}

static void
test_bystander_does_not_count (Fixture *fixture,
                               gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TEMPORARY);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error =c =b +a");
  g_assert_null (fixture->exit);
  supervisor_fixture_stop (fixture, "=a");
}

static void
test_change_while_running (Fixture *fixture,
                           gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT);
  usher_supervisor_set_auto_shutdown (fixture->supervisor, USHER_AUTO_SHUTDOWN_NEVER);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "");
  g_assert_null (fixture->exit);
  usher_supervisor_set_auto_shutdown (fixture->supervisor, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT);
  test_child_exit (fixture->children[C], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "-a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
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
test_bad_combinations (Fixture *fixture,
                       gconstpointer data)
{
  g_autoptr (TestChild) child = test_child_new ("x", fixture->trace);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("x", USHER_CHILD (child));

  usher_child_spec_set_significant (spec, TRUE);
  assert_refused (fixture, spec,
                  "child “x”: it cannot be significant: a permanent child never ends by itself; "
                  "make it transient or temporary");
  usher_child_spec_set_restart (spec, USHER_RESTART_TRANSIENT);
  assert_refused (fixture, spec,
                  "child “x”: it cannot be significant: its supervisor's auto-shutdown is “never”; "
                  "change that first");
  usher_supervisor_set_auto_shutdown (fixture->supervisor, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT);
  g_assert_true (usher_supervisor_add_child (fixture->supervisor, spec, NULL));
}

/* The end of a significant supervisor is that of a significant child. */
static void
test_escalates (Fixture *fixture,
                gconstpointer data)
{
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("inner", USHER_CHILD (fixture->supervisor));
  g_autoptr (GError) error = NULL;

  usher_supervisor_set_auto_shutdown (root, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT);
  usher_child_spec_set_restart (spec, USHER_RESTART_TRANSIENT);
  usher_child_spec_set_significant (spec, TRUE);
  usher_supervisor_add_child (root, spec, &error);
  g_assert_no_error (error);
  g_signal_handlers_disconnect_by_func (fixture->supervisor, supervisor_fixture_on_exited, fixture);
  g_signal_connect (root, "exited", G_CALLBACK (supervisor_fixture_on_exited), fixture);

  usher_supervisor_set_auto_shutdown (fixture->supervisor, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT);
  add_significant (fixture, A, USHER_RESTART_TEMPORARY);
  usher_child_start_async (USHER_CHILD (root), NULL, supervisor_fixture_on_started, fixture);
  supervisor_fixture_assert_trace (fixture, "+a");
  test_child_exit (fixture->children[A], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

#define ADD(path, strategy, func)                                                     \
  g_test_add ("/supervisor-auto-shutdown/" path, Fixture, GINT_TO_POINTER (strategy), \
              supervisor_fixture_set_up, func, supervisor_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("any-ends-with-the-first", USHER_STRATEGY_ONE_FOR_ONE, test_any);
  ADD ("all-ends-with-the-last", USHER_STRATEGY_ONE_FOR_ONE, test_all);
  ADD ("a-transient-crash-is-restarted", USHER_STRATEGY_ONE_FOR_ONE,
       test_transient_crash_is_restarted);
  ADD ("a-temporary-crash-counts", USHER_STRATEGY_ONE_FOR_ONE, test_temporary_crash_counts);
  ADD ("terminate-does-not-count", USHER_STRATEGY_ONE_FOR_ONE, test_terminate_does_not_count);
  ADD ("a-bystander-does-not-count", USHER_STRATEGY_ONE_FOR_ALL, test_bystander_does_not_count);
  ADD ("it-may-change-while-running", USHER_STRATEGY_ONE_FOR_ONE, test_change_while_running);
  ADD ("bad-combinations-are-refused", USHER_STRATEGY_ONE_FOR_ONE, test_bad_combinations);
  ADD ("it-escalates-through-significant-supervisors", USHER_STRATEGY_ONE_FOR_ONE, test_escalates);

  return g_test_run ();
}
