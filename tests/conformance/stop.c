/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

static void
sup_stop_infinity (Fixture *fixture,
                   gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, USHER_SHUTDOWN_INFINITY);
  supervisor_fixture_start (fixture, "+a");
  test_child_set_stop (fixture->children[A], TEST_STOP_REFUSE);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "=a");
  advance_msec (G_GINT64_CONSTANT (1000) * 60 * 60 * 24 * 365);
  supervisor_fixture_assert_trace (fixture, "");
  g_assert_null (fixture->exit);
  test_child_exit (fixture->children[A], USHER_EXIT_SHUTDOWN);
  supervisor_fixture_assert_exited (fixture, "shutdown");
  supervisor_fixture_assert_trace (fixture, "");
}

static void
sup_stop_timeout (Fixture *fixture,
                  gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 1000);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 1000);
  supervisor_fixture_start (fixture, "+a +b");
  test_child_set_stop (fixture->children[B], TEST_STOP_REFUSE);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "=b");
  advance_msec (999);
  supervisor_fixture_assert_trace (fixture, "");
  advance_msec (1);
  supervisor_fixture_assert_trace (fixture, "!b shutdown-error/b/killed =a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

static void
sup_stop_brutal_kill (Fixture *fixture,
                      gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 1000);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, USHER_SHUTDOWN_BRUTAL_KILL);
  supervisor_fixture_start (fixture, "+a +b");
  supervisor_fixture_stop (fixture, "!b =a");
}

/* While z takes its time, all that stand before it exit by themselves, in four ways each. */
static void
sup_stop_race (Fixture *fixture,
               gconstpointer data)
{
  static const char *const names[] = { "permanent", "transient", "temporary" };
  g_autoptr (GError) error = g_error_new_literal (USHER_ERROR, USHER_ERROR_FAILED, "test");
  g_autoptr (UsherExit) normal = usher_exit_new_normal ();
  g_autoptr (UsherExit) shutdown = usher_exit_new_shutdown ();
  g_autoptr (UsherExit) shutdown_test = usher_exit_new_shutdown_with_error (error);
  g_autoptr (UsherExit) other = usher_exit_new_error (error);
  UsherExit *const exits[] = { normal, shutdown, shutdown_test, other };
  TestChild *children[3][4];

  supervisor_fixture_add (fixture, A, USHER_RESTART_TEMPORARY, 1000);
  for (UsherRestart restart = 0; restart < G_N_ELEMENTS (names); restart++)
    for (guint i = 0; i < G_N_ELEMENTS (exits); i++)
      {
        g_autofree char *id = g_strdup_printf ("%s%u", names[restart], i);

        children[restart][i] = test_child_new (id, fixture->trace);
        g_autoptr (UsherChildSpec) spec = usher_child_spec_new (id, USHER_CHILD (children[restart][i]));

        usher_child_spec_set_restart (spec, restart);
        usher_supervisor_add_child (fixture->supervisor, spec, NULL);
      }
  supervisor_fixture_add (fixture, D, USHER_RESTART_TEMPORARY, 2000);
  test_child_set_stop (fixture->children[D], TEST_STOP_REFUSE);
  supervisor_fixture_begin_start (fixture, NULL);
  g_string_truncate (fixture->trace, 0);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "=d");
  for (UsherRestart restart = 0; restart < G_N_ELEMENTS (names); restart++)
    for (guint i = 0; i < G_N_ELEMENTS (exits); i++)
      test_child_exit_because (children[restart][i], exits[i]);
  test_child_exit (fixture->children[D], USHER_EXIT_SHUTDOWN);
  supervisor_fixture_assert_trace (fixture,
                                   "shutdown-error/temporary3/error shutdown-error/transient3/error "
                                   "shutdown-error/permanent3/error shutdown-error/permanent2/shutdown "
                                   "shutdown-error/permanent0/normal =a");
  supervisor_fixture_assert_exited (fixture, "shutdown");
  for (guint i = 0; i < G_N_ELEMENTS (names) * G_N_ELEMENTS (exits); i++)
    g_object_unref (children[i / G_N_ELEMENTS (exits)][i % G_N_ELEMENTS (exits)]);
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/stop/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (sup_stop_infinity, ONE_FOR_ONE);
  ADD (sup_stop_timeout, ONE_FOR_ONE);
  ADD (sup_stop_brutal_kill, ONE_FOR_ONE);
  ADD (sup_stop_race, ONE_FOR_ONE);

  return g_test_run ();
}
