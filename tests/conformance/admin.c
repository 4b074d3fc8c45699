/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

static void
child_adm (Fixture *fixture,
           gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_start (fixture, "");
  begin_start_child (fixture, A, USHER_RESTART_PERMANENT, &call);
  assert_started (&call);
  begin_start_child (fixture, A, USHER_RESTART_PERMANENT, &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_ALREADY_STARTED);
  begin_restart (fixture, "a", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_RUNNING);
  begin_delete (fixture, "a", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_RUNNING);
  for (guint i = 0; i < 2; i++)
    {
      begin_terminate (fixture, "a", &call);
      assert_done (&call);
      assert_children (fixture, "a stopped, 1 0 0 1");
    }
  begin_start_child (fixture, A, USHER_RESTART_PERMANENT, &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_ALREADY_PRESENT);
  begin_restart (fixture, "a", &call);
  assert_started (&call);
  begin_terminate (fixture, "a", &call);
  assert_done (&call);
  begin_delete (fixture, "a", &call);
  assert_done (&call);
  begin_delete (fixture, "a", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  begin_terminate (fixture, "a", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  begin_restart (fixture, "a", &call);
  assert_refused (&call, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  assert_children (fixture, "0 0 0 0");
  supervisor_fixture_stop (fixture, "+a =a +a =a");
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/admin/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (child_adm, ONE_FOR_ONE);

  return g_test_run ();
}
