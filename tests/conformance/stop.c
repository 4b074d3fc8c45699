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

  return g_test_run ();
}
