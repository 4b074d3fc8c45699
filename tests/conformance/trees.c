/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

/* The fixture's supervisor stands under another one, and both report. */
static UsherSupervisor *
start_tree (Fixture *fixture,
            UsherStrategy strategy)
{
  UsherSupervisor *root = usher_supervisor_new (strategy);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("inner", USHER_CHILD (fixture->supervisor));
  g_autoptr (GError) error = NULL;

  g_signal_handlers_disconnect_by_func (fixture->supervisor, supervisor_fixture_on_exited, fixture);
  g_signal_connect (root, "report", G_CALLBACK (supervisor_fixture_on_report), fixture);
  usher_supervisor_add_child (root, spec, &error);
  g_assert_no_error (error);
  usher_child_start_async (USHER_CHILD (root), NULL, supervisor_fixture_on_started, fixture);
  iterate_pending (NULL);

  return root;
}

/* The inner supervisor comes back whole, but without the child that was started by a call. */
static void
tree (Fixture *fixture,
      gconstpointer data)
{
  g_autoptr (UsherSupervisor) root = NULL;
  Call call = { 0 };

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  root = start_tree (fixture, USHER_STRATEGY_ONE_FOR_ONE);
  begin_start_child (fixture, C, USHER_RESTART_PERMANENT, &call);
  assert_started (&call);
  supervisor_fixture_assert_trace (fixture, "+a +b +c");

  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a");
  assert_children (fixture, "c running, b running, a running, 3 3 0 3");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture,
                                   "child-terminated/b/error shutdown/b/shutdown -c -a =c "
                                   "child-terminated/inner/shutdown +a +b");
  assert_children (fixture, "b running, a running, 2 2 0 2");
  usher_child_shutdown (USHER_CHILD (root), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, "=b =a");
}

/* A supervisor is killed, its worker is killed, ends, and is restarted by a call. */
static void
simple_global_supervisor (Fixture *fixture,
                          gconstpointer data)
{
  g_autoptr (UsherSupervisor) root = NULL;
  Call call = { 0 };

  usher_supervisor_set_intensity (fixture->supervisor, 3);
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  root = start_tree (fixture, USHER_STRATEGY_ONE_FOR_ALL);
  supervisor_fixture_assert_trace (fixture, "+a");
  usher_child_kill (USHER_CHILD (fixture->supervisor));
  supervisor_fixture_assert_trace (fixture, "!a child-terminated/inner/killed +a");
  test_child_exit (fixture->children[A], USHER_EXIT_KILLED);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/killed +a");
  test_child_exit (fixture->children[A], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/normal +a");
  begin_terminate (fixture, "a", &call);
  assert_done (&call);
  begin_restart (fixture, "a", &call);
  assert_started (&call);
  supervisor_fixture_assert_trace (fixture, "=a +a");
  usher_child_kill (USHER_CHILD (root));
  supervisor_fixture_assert_trace (fixture, "!a");
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/trees/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (tree, ONE_FOR_ONE);
  ADD (simple_global_supervisor, ONE_FOR_ALL);

  return g_test_run ();
}
