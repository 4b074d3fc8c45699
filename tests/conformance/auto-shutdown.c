/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

/* The plain permanent child a, and the children b and c. */
static void
start_with (Fixture *fixture,
            UsherAutoShutdown auto_shutdown,
            UsherRestart restart,
            gboolean significant)
{
  usher_supervisor_set_auto_shutdown (fixture->supervisor, auto_shutdown);
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  for (guint i = B; i <= C; i++)
    {
      g_autoptr (UsherChildSpec) spec = make_spec (fixture, i, restart);
      g_autoptr (GError) error = NULL;

      usher_child_spec_set_significant (spec, significant);
      usher_supervisor_add_child (fixture->supervisor, spec, &error);
      g_assert_no_error (error);
    }
  supervisor_fixture_start (fixture, "+a +b +c");
}

static void
nonsignificant_temporary (Fixture *fixture,
                          gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TEMPORARY, FALSE);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  test_child_exit (fixture->children[C], USHER_EXIT_SHUTDOWN);
  iterate_pending (NULL);
  g_assert_null (fixture->exit);
  supervisor_fixture_stop (fixture, "=a");
}

static void
nonsignificant_transient (Fixture *fixture,
                          gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT, FALSE);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  test_child_exit (fixture->children[C], USHER_EXIT_SHUTDOWN);
  iterate_pending (NULL);
  g_assert_null (fixture->exit);
  supervisor_fixture_stop (fixture, "=a");
}

static void
significant_temporary (Fixture *fixture,
                       gconstpointer data)
{
  Call call = { 0 };

  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TEMPORARY, TRUE);
  begin_terminate (fixture, "b", &call);
  assert_done (&call);
  g_assert_null (fixture->exit);
  supervisor_fixture_assert_trace (fixture, "=b");
  test_child_exit (fixture->children[C], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/c/error -a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
significant_transient (Fixture *fixture,
                       gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT, TRUE);
  test_child_exit (fixture->children[B], USHER_EXIT_KILLED);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/killed +b");
  g_assert_null (fixture->exit);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "-c -a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
significant_upgrade_any_never (Fixture *fixture,
                               gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT, TRUE);
  usher_supervisor_set_auto_shutdown (fixture->supervisor, USHER_AUTO_SHUTDOWN_NEVER);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  test_child_exit (fixture->children[C], USHER_EXIT_NORMAL);
  iterate_pending (NULL);
  g_assert_null (fixture->exit);
  supervisor_fixture_stop (fixture, "=a");
}

static void
significant_upgrade_all_never (Fixture *fixture,
                               gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT, USHER_RESTART_TRANSIENT, TRUE);
  usher_supervisor_set_auto_shutdown (fixture->supervisor, USHER_AUTO_SHUTDOWN_NEVER);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  test_child_exit (fixture->children[C], USHER_EXIT_NORMAL);
  iterate_pending (NULL);
  g_assert_null (fixture->exit);
  supervisor_fixture_stop (fixture, "=a");
}

static void
significant_upgrade_any_all (Fixture *fixture,
                             gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT, TRUE);
  usher_supervisor_set_auto_shutdown (fixture->supervisor, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  iterate_pending (NULL);
  g_assert_null (fixture->exit);
  test_child_exit (fixture->children[C], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "-a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
significant_upgrade_all_any (Fixture *fixture,
                             gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT, USHER_RESTART_TRANSIENT, TRUE);
  usher_supervisor_set_auto_shutdown (fixture->supervisor, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "-c -a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/auto-shutdown/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (nonsignificant_temporary, ONE_FOR_ONE);
  ADD (nonsignificant_transient, ONE_FOR_ONE);
  ADD (significant_temporary, ONE_FOR_ONE);
  ADD (significant_transient, ONE_FOR_ONE);
  ADD (significant_upgrade_any_never, ONE_FOR_ONE);
  ADD (significant_upgrade_all_never, ONE_FOR_ONE);
  ADD (significant_upgrade_any_all, ONE_FOR_ONE);
  ADD (significant_upgrade_all_any, ONE_FOR_ONE);

  return g_test_run ();
}
