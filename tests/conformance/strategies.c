/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

/* Four children, and the second crash within the period. */
static void
exceed_budget (Fixture *fixture,
               const char *first,
               const char *second)
{
  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, first);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, second);
  supervisor_fixture_assert_exited (fixture, "shutdown: supervisor “supervisor”: more than 1 restart within 5 s; "
                                             "the latest failure: child “b”: b broke");
}

static void
multiple_restarts (Fixture *fixture,
                   gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  usher_supervisor_set_period_msec (fixture->supervisor, 1000);
  supervisor_fixture_start (fixture, "+a");
  for (guint i = 0; i < 10; i++)
    {
      test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
      supervisor_fixture_assert_trace (fixture, "child-terminated/a/error +a");
      advance_msec (1001);
    }
  supervisor_fixture_stop (fixture, "=a");
}

static void
one_for_one (Fixture *fixture,
             gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error +b");
  supervisor_fixture_stop (fixture, "=d =c =b =a");
}

static void
one_for_one_escalation (Fixture *fixture,
                        gconstpointer data)
{
  exceed_budget (fixture, "child-terminated/b/error +b",
                 "child-terminated/b/error shutdown/b/shutdown -d -c -a");
}

static void
one_for_all (Fixture *fixture,
             gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error -d -c -a +a +b +c +d");
  supervisor_fixture_stop (fixture, "=d =c =b =a");
}

static void
one_for_all_escalation (Fixture *fixture,
                        gconstpointer data)
{
  exceed_budget (fixture, "child-terminated/b/error -d -c -a +a +b +c +d",
                 "child-terminated/b/error shutdown/b/shutdown -d -c -a");
}

static void
rest_for_one (Fixture *fixture,
              gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error -d -c +b +c +d");
  supervisor_fixture_stop (fixture, "=d =c =b =a");
}

static void
rest_for_one_escalation (Fixture *fixture,
                         gconstpointer data)
{
  exceed_budget (fixture, "child-terminated/b/error -d -c +b +c +d",
                 "child-terminated/b/error shutdown/b/shutdown -d -c -a");
}

static void
one_for_all_other_child_fails_restart (Fixture *fixture,
                                       gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  usher_supervisor_set_intensity (fixture->supervisor, 2);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  test_child_set_next_starts (fixture->children[B], TEST_START_FAIL, 1);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture,
                                   "child-terminated/a/error -d -c -b +a +b start-error/b/error "
                                   "-a +a +b +c +d");
  supervisor_fixture_stop (fixture, "=d =c =b =a");
}

static void
rest_for_one_other_child_fails_restart (Fixture *fixture,
                                        gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  usher_supervisor_set_intensity (fixture->supervisor, 2);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  test_child_set_next_starts (fixture->children[B], TEST_START_FAIL, 1);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture,
                                   "child-terminated/a/error -d -c -b +a +b start-error/b/error "
                                   "+b +c +d");
  supervisor_fixture_stop (fixture, "=d =c =b =a");
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/strategies/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (multiple_restarts, ONE_FOR_ONE);
  ADD (one_for_one, ONE_FOR_ONE);
  ADD (one_for_one_escalation, ONE_FOR_ONE);
  ADD (one_for_all, ONE_FOR_ALL);
  ADD (one_for_all_escalation, ONE_FOR_ALL);
  ADD (one_for_all_other_child_fails_restart, ONE_FOR_ALL);
  ADD (rest_for_one, REST_FOR_ONE);
  ADD (rest_for_one_escalation, REST_FOR_ONE);
  ADD (rest_for_one_other_child_fails_restart, REST_FOR_ONE);

  return g_test_run ();
}
