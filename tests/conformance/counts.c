/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

static void
count_restarting_children (Fixture *fixture,
                           gconstpointer data)
{
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, C, USHER_RESTART_PERMANENT, 100);
  usher_supervisor_set_intensity (fixture->supervisor, 100);
  supervisor_fixture_start (fixture, "+a +b +c");
  assert_children (fixture, "c running, b running, a running, 3 3 0 3");
  test_child_set_start (fixture->children[A], TEST_START_HANG);
  test_child_set_start (fixture->children[B], TEST_START_FAIL);
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  test_child_exit (fixture->children[A], USHER_EXIT_ERROR);
  iterate_pending (NULL);
  assert_children (fixture, "c running, b restarting, a starting, 3 1 0 3");
  supervisor_fixture_stop (fixture,
                           "child-terminated/b/error +b start-error/b/error "
                           "child-terminated/a/error +a ~a =c");
}

static void
which_children (Fixture *fixture,
                gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_add (fixture, B, USHER_RESTART_TRANSIENT, 100);
  supervisor_fixture_start (fixture, "+a +b");
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  iterate_pending (NULL);
  assert_children (fixture, "b stopped, a running, 2 1 0 2");

  g_autoptr (UsherChildInfo) info = usher_supervisor_get_child (fixture->supervisor, "a", &error);

  g_assert_no_error (error);
  g_assert_true (usher_child_info_get_child (info) == USHER_CHILD (fixture->children[A]));
  g_assert_cmpint (usher_child_info_get_child_type (info), ==, USHER_CHILD_WORKER);
  g_assert_null (usher_supervisor_get_child (fixture->supervisor, "x", &error));
  g_assert_error (error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  supervisor_fixture_stop (fixture, "=a");
}

static void
count_children_supervisor (Fixture *fixture,
                           gconstpointer data)
{
  g_autoptr (UsherSupervisor) inner = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("inner", USHER_CHILD (inner));
  g_autoptr (GError) error = NULL;

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  usher_supervisor_add_child (fixture->supervisor, spec, &error);
  g_assert_no_error (error);
  supervisor_fixture_start (fixture, "+a");
  assert_children (fixture, "inner running, a running, 2 2 1 1");
  supervisor_fixture_stop (fixture, "=a");
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/counts/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (count_restarting_children, ONE_FOR_ONE);
  ADD (which_children, ONE_FOR_ONE);
  ADD (count_children_supervisor, ONE_FOR_ONE);

  return g_test_run ();
}
