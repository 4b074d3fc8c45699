/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

static void
sup_start_normal (Fixture *fixture,
                  gconstpointer data)
{
  supervisor_fixture_start (fixture, "");
  assert_children (fixture, "0 0 0 0");
  supervisor_fixture_stop (fixture, "");
}

static void
sup_start_ignore_child (Fixture *fixture,
                        gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  test_child_set_start (fixture->children[A], TEST_START_IGNORE);
  supervisor_fixture_start (fixture, "+a +b");
  assert_children (fixture, "b running, a stopped, 2 1 0 2");
  supervisor_fixture_stop (fixture, "=b");
}

static void
sup_start_ignore_temporary_child (Fixture *fixture,
                                  gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_TEMPORARY, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_TEMPORARY, 100);
  test_child_set_start (fixture->children[A], TEST_START_IGNORE);
  supervisor_fixture_start (fixture, "+a +b");
  assert_children (fixture, "b running, 1 1 0 1");
  supervisor_fixture_stop (fixture, "=b");
}

static void
sup_start_ignore_temporary_child_start_child (Fixture *fixture,
                                              gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_start (fixture, "");
  fixture->children[A] = test_child_new ("a", fixture->trace);
  test_child_set_start (fixture->children[A], TEST_START_IGNORE);
  begin_start_child (fixture, A, USHER_RESTART_TEMPORARY, &call);
  assert_answer (&call, -1, USHER_START_IGNORED);
  begin_start_child (fixture, B, USHER_RESTART_TEMPORARY, &call);
  assert_started (&call);
  assert_children (fixture, "b running, 1 1 0 1");
  supervisor_fixture_stop (fixture, "+a +b =b");
}

static void
sup_start_fail (Fixture *fixture,
                gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  test_child_set_start (fixture->children[B], TEST_START_FAIL);
  supervisor_fixture_begin_start (fixture, NULL);
  g_assert_cmpint (fixture->started, ==, USHER_START_FAILED);
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_FAILED);
  supervisor_fixture_assert_trace (fixture, "+a +b start-error/b/error -a");
}

static void
sup_start_child_returns_error (Fixture *fixture,
                               gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_start (fixture, "");
  fixture->children[A] = test_child_new ("a", fixture->trace);
  test_child_set_start (fixture->children[A], TEST_START_FAIL);
  begin_start_child (fixture, A, USHER_RESTART_PERMANENT, &call);
  assert_failed (&call, G_IO_ERROR_FAILED);
  assert_children (fixture, "0 0 0 0");
  supervisor_fixture_stop (fixture, "+a");
}

static void
sup_start_restart_child_returns_error (Fixture *fixture,
                                       gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_start (fixture, "+a");
  begin_terminate (fixture, "a", &call);
  assert_done (&call);
  test_child_set_start (fixture->children[A], TEST_START_FAIL);
  begin_restart (fixture, "a", &call);
  assert_failed (&call, G_IO_ERROR_FAILED);
  assert_children (fixture, "a stopped, 1 0 0 1");
  supervisor_fixture_stop (fixture, "=a +a");
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/start/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (sup_start_normal, ONE_FOR_ONE);
  ADD (sup_start_ignore_child, ONE_FOR_ONE);
  ADD (sup_start_ignore_temporary_child, ONE_FOR_ONE);
  ADD (sup_start_ignore_temporary_child_start_child, ONE_FOR_ONE);
  ADD (sup_start_fail, ONE_FOR_ONE);
  ADD (sup_start_child_returns_error, ONE_FOR_ONE);
  ADD (sup_start_restart_child_returns_error, ONE_FOR_ONE);

  return g_test_run ();
}
