/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

/* Lets a child of that restart type exit by itself, and says what is left of it. */
static void
assert_exit (Fixture *fixture,
             UsherRestart restart,
             UsherExitKind kind,
             const char *expected)
{
  supervisor_fixture_add (fixture, A, restart, 100);
  supervisor_fixture_start (fixture, "+a");
  test_child_exit (fixture->children[A], kind);
  iterate_pending (NULL);
  assert_children (fixture, expected);
}

static void
permanent_normal (Fixture *fixture,
                  gconstpointer data)
{
  assert_exit (fixture, USHER_RESTART_PERMANENT, USHER_EXIT_NORMAL, "a running, 1 1 0 1");
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/normal +a");
  supervisor_fixture_stop (fixture, "=a");
}

static void
transient_normal (Fixture *fixture,
                  gconstpointer data)
{
  assert_exit (fixture, USHER_RESTART_TRANSIENT, USHER_EXIT_NORMAL, "a stopped, 1 0 0 1");
  supervisor_fixture_assert_trace (fixture, "");
  supervisor_fixture_stop (fixture, "");
}

static void
temporary_normal (Fixture *fixture,
                  gconstpointer data)
{
  assert_exit (fixture, USHER_RESTART_TEMPORARY, USHER_EXIT_NORMAL, "0 0 0 0");
  supervisor_fixture_assert_trace (fixture, "");
  supervisor_fixture_stop (fixture, "");
}

static void
permanent_shutdown (Fixture *fixture,
                    gconstpointer data)
{
  assert_exit (fixture, USHER_RESTART_PERMANENT, USHER_EXIT_SHUTDOWN, "a running, 1 1 0 1");
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/shutdown +a");
  supervisor_fixture_stop (fixture, "=a");
}

static void
transient_shutdown (Fixture *fixture,
                    gconstpointer data)
{
  assert_exit (fixture, USHER_RESTART_TRANSIENT, USHER_EXIT_SHUTDOWN, "a stopped, 1 0 0 1");
  supervisor_fixture_assert_trace (fixture, "");
  supervisor_fixture_stop (fixture, "");
}

static void
temporary_shutdown (Fixture *fixture,
                    gconstpointer data)
{
  assert_exit (fixture, USHER_RESTART_TEMPORARY, USHER_EXIT_SHUTDOWN, "0 0 0 0");
  supervisor_fixture_assert_trace (fixture, "");
  supervisor_fixture_stop (fixture, "");
}

static void
permanent_abnormal (Fixture *fixture,
                    gconstpointer data)
{
  assert_exit (fixture, USHER_RESTART_PERMANENT, USHER_EXIT_ERROR, "a running, 1 1 0 1");
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a");
  supervisor_fixture_stop (fixture, "=a");
}

static void
transient_abnormal (Fixture *fixture,
                    gconstpointer data)
{
  assert_exit (fixture, USHER_RESTART_TRANSIENT, USHER_EXIT_ERROR, "a running, 1 1 0 1");
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a");
  supervisor_fixture_stop (fixture, "=a");
}

static void
temporary_abnormal (Fixture *fixture,
                    gconstpointer data)
{
  assert_exit (fixture, USHER_RESTART_TEMPORARY, USHER_EXIT_ERROR, "0 0 0 0");
  supervisor_fixture_assert_trace (fixture, "child-terminated/a/error");
  supervisor_fixture_stop (fixture, "");
}

/* The budget of one restart is the permanent child's. */
static void
temporary_bystander (Fixture *fixture,
                     gconstpointer data)
{
  const char *expected = GPOINTER_TO_INT (data) == USHER_STRATEGY_ONE_FOR_ALL
                             ? "child-terminated/b/error =c =a +b"
                             : "child-terminated/b/error =c +b";

  supervisor_fixture_add (fixture, A, USHER_RESTART_TEMPORARY, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, C, USHER_RESTART_TEMPORARY, 100);
  supervisor_fixture_start (fixture, "+a +b +c");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, expected);
  g_assert_null (fixture->exit);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
  g_string_truncate (fixture->trace, 0);
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/restart-types/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (permanent_normal, ONE_FOR_ONE);
  ADD (transient_normal, ONE_FOR_ONE);
  ADD (temporary_normal, ONE_FOR_ONE);
  ADD (permanent_shutdown, ONE_FOR_ONE);
  ADD (transient_shutdown, ONE_FOR_ONE);
  ADD (temporary_shutdown, ONE_FOR_ONE);
  ADD (permanent_abnormal, ONE_FOR_ONE);
  ADD (transient_abnormal, ONE_FOR_ONE);
  ADD (temporary_abnormal, ONE_FOR_ONE);
  SUPERVISOR_CASE ("/conformance/restart-types/temporary_bystander/one-for-all",
                   USHER_STRATEGY_ONE_FOR_ALL, temporary_bystander);
  SUPERVISOR_CASE ("/conformance/restart-types/temporary_bystander/rest-for-one",
                   USHER_STRATEGY_REST_FOR_ONE, temporary_bystander);

  return g_test_run ();
}
