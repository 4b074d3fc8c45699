/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

/* The plain permanent child a, and the children b and c. A life leaves them for the next. */
static void
add (Fixture *fixture,
     UsherAutoShutdown auto_shutdown,
     UsherRestart restart,
     gboolean significant)
{
  usher_supervisor_set_auto_shutdown (fixture->supervisor, auto_shutdown);
  usher_supervisor_set_intensity (fixture->supervisor, 5);
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  for (guint i = B; i <= C; i++)
    {
      g_autoptr (UsherChildSpec) spec = make_spec (fixture, i, restart);
      g_autoptr (GError) error = NULL;

      usher_child_spec_set_significant (spec, significant);
      usher_supervisor_add_child (fixture->supervisor, spec, &error);
      g_assert_no_error (error);
    }
}

static void
start_with (Fixture *fixture,
            UsherAutoShutdown auto_shutdown,
            UsherRestart restart,
            gboolean significant)
{
  add (fixture, auto_shutdown, restart, significant);
  supervisor_fixture_start (fixture, "+a +b +c");
}

static void
assert_stays (Fixture *fixture,
              const char *expected)
{
  supervisor_fixture_assert_trace (fixture, expected);
  g_assert_null (fixture->exit);
}

static void
assert_ends (Fixture *fixture,
             const char *expected)
{
  supervisor_fixture_assert_trace (fixture, expected);
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
terminate (Fixture *fixture,
           const char *id)
{
  Call call = { 0 };

  begin_terminate (fixture, id, &call);
  assert_done (&call);
}

/* However b ends, in every mode. */
static void
nonsignificant_temporary (Fixture *fixture,
                          gconstpointer data)
{
  add (fixture, USHER_AUTO_SHUTDOWN_NEVER, USHER_RESTART_TEMPORARY, FALSE);
  for (UsherAutoShutdown mode = 0; mode <= USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT; mode++)
    {
      usher_supervisor_set_auto_shutdown (fixture->supervisor, mode);
      for (UsherExitKind kind = 0; kind <= USHER_EXIT_KILLED; kind++)
        {
          supervisor_fixture_start (fixture, "+a +b +c");
          terminate (fixture, "c");
          test_child_exit (fixture->children[B], kind);
          iterate_pending (NULL);
          assert_children (fixture, "a running, 1 1 0 1");
          g_string_truncate (fixture->trace, 0);
          supervisor_fixture_stop (fixture, "=a");
        }
    }
}

static void
nonsignificant_transient (Fixture *fixture,
                          gconstpointer data)
{
  add (fixture, USHER_AUTO_SHUTDOWN_NEVER, USHER_RESTART_TRANSIENT, FALSE);
  for (UsherAutoShutdown mode = 0; mode <= USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT; mode++)
    {
      usher_supervisor_set_auto_shutdown (fixture->supervisor, mode);
      supervisor_fixture_start (fixture, "+a +b +c");
      terminate (fixture, "c");
      assert_stays (fixture, "=c");
      test_child_exit (fixture->children[B], USHER_EXIT_KILLED);
      assert_stays (fixture, "child-terminated/b/killed +b");
      test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
      assert_stays (fixture, "child-terminated/b/error +b");
      test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
      assert_stays (fixture, "");
      supervisor_fixture_stop (fixture, "=a");
    }
}

static void
significant_temporary (Fixture *fixture,
                       gconstpointer data)
{
  const char *const ends[] = {
    [USHER_EXIT_NORMAL] = "-c -a",
    [USHER_EXIT_SHUTDOWN] = "-c -a",
    [USHER_EXIT_ERROR] = "child-terminated/b/error -c -a",
    [USHER_EXIT_KILLED] = "child-terminated/b/killed -c -a",
  };

  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TEMPORARY, TRUE);
  terminate (fixture, "b");
  assert_stays (fixture, "=b");
  supervisor_fixture_stop (fixture, "=c =a");

  for (UsherExitKind kind = 0; kind < G_N_ELEMENTS (ends); kind++)
    {
      supervisor_fixture_start (fixture, "+a +b +c");
      test_child_exit (fixture->children[B], kind);
      assert_ends (fixture, ends[kind]);
    }

  usher_supervisor_set_auto_shutdown (fixture->supervisor, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT);
  supervisor_fixture_start (fixture, "+a +b +c");
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  assert_stays (fixture, "");
  test_child_exit (fixture->children[C], USHER_EXIT_NORMAL);
  assert_ends (fixture, "-a");
}

static void
significant_transient (Fixture *fixture,
                       gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT, TRUE);
  terminate (fixture, "b");
  assert_stays (fixture, "=b");
  test_child_exit (fixture->children[C], USHER_EXIT_KILLED);
  assert_stays (fixture, "child-terminated/c/killed +c");
  test_child_exit (fixture->children[C], USHER_EXIT_ERROR);
  assert_stays (fixture, "child-terminated/c/error +c");
  test_child_exit (fixture->children[C], USHER_EXIT_NORMAL);
  assert_ends (fixture, "-a");

  usher_supervisor_set_auto_shutdown (fixture->supervisor, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT);
  supervisor_fixture_start (fixture, "+a +b +c");
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  assert_stays (fixture, "");
  test_child_exit (fixture->children[C], USHER_EXIT_SHUTDOWN);
  assert_ends (fixture, "-a");
}

/* A death by strategy, with every strategy and mode. */
static void
significant_bystander (Fixture *fixture,
                       gconstpointer data)
{
  const char *const restarts[] = {
    [USHER_STRATEGY_ONE_FOR_ONE] = "child-terminated/a/killed +a",
    [USHER_STRATEGY_ONE_FOR_ALL] = "child-terminated/a/killed -c -b +a +b +c",
    [USHER_STRATEGY_REST_FOR_ONE] = "child-terminated/a/killed -c -b +a +b +c",
  };

  add (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT, TRUE);
  for (UsherStrategy strategy = 0; strategy < G_N_ELEMENTS (restarts); strategy++)
    for (UsherAutoShutdown mode = USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT;
         mode <= USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT; mode++)
      {
        usher_supervisor_set_strategy (fixture->supervisor, strategy);
        usher_supervisor_set_auto_shutdown (fixture->supervisor, mode);
        supervisor_fixture_start (fixture, "+a +b +c");
        test_child_exit (fixture->children[A], USHER_EXIT_KILLED);
        assert_stays (fixture, restarts[strategy]);
        supervisor_fixture_stop (fixture, "=c =b =a");
      }
}

static void
keep_exit (UsherExit **kept,
           guint64 serial,
           UsherExit *exit)
{
  *kept = usher_exit_ref (exit);
}

/* The fixture's supervisor stands under another one. */
static void
escalate (Fixture *fixture,
          gboolean significant)
{
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("inner", USHER_CHILD (fixture->supervisor));
  g_autoptr (GError) error = NULL;
  UsherExit *exit = NULL;

  usher_supervisor_set_auto_shutdown (root, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT);
  usher_child_spec_set_restart (spec, USHER_RESTART_TRANSIENT);
  usher_child_spec_set_significant (spec, significant);
  usher_supervisor_add_child (root, spec, &error);
  g_assert_no_error (error);
  g_signal_connect_swapped (root, "exited", G_CALLBACK (keep_exit), &exit);
  usher_child_start_async (USHER_CHILD (root), NULL, NULL, NULL);
  supervisor_fixture_assert_trace (fixture, "+a +b +c");
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "-c -a =c =a");
  g_assert_true ((exit != NULL) == significant);
  usher_child_shutdown (USHER_CHILD (root), USHER_STOP_FINAL);
  iterate_pending (NULL);
  g_string_truncate (fixture->trace, 0);
  g_clear_pointer (&exit, usher_exit_unref);
}

static void
significant_escalation (Fixture *fixture,
                        gconstpointer data)
{
  g_signal_handlers_disconnect_by_func (fixture->supervisor, supervisor_fixture_on_exited, fixture);
  add (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT, TRUE);
  escalate (fixture, TRUE);
  escalate (fixture, FALSE);
}

static void
change (Fixture *fixture,
        UsherAutoShutdown auto_shutdown,
        GPtrArray *specs)
{
  UsherSupervisorFlags flags;
  Call call = { 0 };

  usher_supervisor_get_flags (fixture->supervisor, &flags);
  flags.auto_shutdown = auto_shutdown;
  begin_change (fixture, &flags, specs, &call);
  assert_done (&call);
  assert_stays (fixture, "");
}

static void
start_significant (Fixture *fixture,
                   guint index,
                   Call *call)
{
  g_autoptr (UsherChildSpec) spec = make_spec (fixture, index, USHER_RESTART_TRANSIENT);

  usher_child_spec_set_significant (spec, TRUE);
  begin_start_spec (fixture, spec, call);
}

/* Without children that every life begins with. */
static void
refuse_and_upgrade (Fixture *fixture,
                    UsherAutoShutdown auto_shutdown)
{
  Call call = { 0 };

  usher_supervisor_set_auto_shutdown (fixture->supervisor, USHER_AUTO_SHUTDOWN_NEVER);
  supervisor_fixture_start (fixture, "");
  start_significant (fixture, B, &call);
  assert_invalid (&call, "child “b”: it cannot be significant");
  change (fixture, auto_shutdown, NULL);
  for (guint i = B; i <= C; i++)
    {
      start_significant (fixture, i, &call);
      assert_started (&call);
    }
  assert_stays (fixture, "+b +c");
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
}

static void
significant_upgrade_never_any (Fixture *fixture,
                               gconstpointer data)
{
  refuse_and_upgrade (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT);
  assert_ends (fixture, "-c =c");
}

static void
significant_upgrade_never_all (Fixture *fixture,
                               gconstpointer data)
{
  refuse_and_upgrade (fixture, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT);
  assert_stays (fixture, "");
  test_child_exit (fixture->children[C], USHER_EXIT_NORMAL);
  assert_ends (fixture, "");
}

/* Those that are there stay significant, and it means nothing; others are refused. */
static void
upgrade_to_never (Fixture *fixture,
                  UsherAutoShutdown auto_shutdown)
{
  Call call = { 0 };

  usher_supervisor_set_auto_shutdown (fixture->supervisor, auto_shutdown);
  supervisor_fixture_start (fixture, "");
  start_significant (fixture, B, &call);
  assert_started (&call);
  assert_stays (fixture, "+b");
  change (fixture, USHER_AUTO_SHUTDOWN_NEVER, collect_specs (NULL));
  start_significant (fixture, C, &call);
  assert_invalid (&call, "child “c”: it cannot be significant");
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  assert_stays (fixture, "");
  begin_restart (fixture, "b", &call);
  assert_started (&call);
  supervisor_fixture_stop (fixture, "+b =b");
}

static void
significant_upgrade_any_never (Fixture *fixture,
                               gconstpointer data)
{
  upgrade_to_never (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT);
}

static void
significant_upgrade_all_never (Fixture *fixture,
                               gconstpointer data)
{
  upgrade_to_never (fixture, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT);
}

static void
significant_upgrade_any_all (Fixture *fixture,
                             gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, USHER_RESTART_TRANSIENT, TRUE);
  change (fixture, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT, NULL);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  assert_stays (fixture, "");
  test_child_exit (fixture->children[C], USHER_EXIT_NORMAL);
  assert_ends (fixture, "-a");
}

static void
significant_upgrade_all_any (Fixture *fixture,
                             gconstpointer data)
{
  start_with (fixture, USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT, USHER_RESTART_TRANSIENT, TRUE);
  change (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, NULL);
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  assert_ends (fixture, "-c -a");
}

static UsherChildSpec *
make_b (Fixture *fixture,
        gboolean significant)
{
  UsherChildSpec *spec = make_spec (fixture, B, USHER_RESTART_TRANSIENT);

  usher_child_spec_set_significant (spec, significant);
  return spec;
}

static void
significant_upgrade_child (Fixture *fixture,
                           gconstpointer data)
{
  UsherSupervisorFlags flags;
  Call call = { 0 };

  supervisor_fixture_add (fixture, B, USHER_RESTART_TRANSIENT, 100);
  supervisor_fixture_start (fixture, "+b");
  usher_supervisor_get_flags (fixture->supervisor, &flags);
  begin_change (fixture, &flags, collect_specs (make_b (fixture, TRUE), NULL), &call);
  assert_invalid (&call, "child “b”: it cannot be significant");
  change (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, collect_specs (make_b (fixture, TRUE), NULL));
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  assert_ends (fixture, "");

  supervisor_fixture_start (fixture, "+b");
  change (fixture, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, collect_specs (make_b (fixture, FALSE), NULL));
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  assert_stays (fixture, "");
  supervisor_fixture_stop (fixture, "");
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
  ADD (significant_bystander, ONE_FOR_ONE);
  ADD (significant_escalation, ONE_FOR_ONE);
  ADD (significant_upgrade_never_any, ONE_FOR_ONE);
  ADD (significant_upgrade_any_never, ONE_FOR_ONE);
  ADD (significant_upgrade_never_all, ONE_FOR_ONE);
  ADD (significant_upgrade_all_never, ONE_FOR_ONE);
  ADD (significant_upgrade_any_all, ONE_FOR_ONE);
  ADD (significant_upgrade_all_any, ONE_FOR_ONE);
  ADD (significant_upgrade_child, ONE_FOR_ONE);

  return g_test_run ();
}
