/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

static void
order_of_children (Fixture *fixture,
                   gconstpointer data)
{
  supervisor_fixture_add_four (fixture);
  supervisor_fixture_start (fixture, "+a +b +c +d");
  assert_children (fixture, "d running, c running, b running, a running, 4 4 0 4");
  test_child_exit (fixture->children[B], USHER_EXIT_ERROR);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/error -d -c +b +c +d");
  assert_children (fixture, "d running, c running, b running, a running, 4 4 0 4");
  supervisor_fixture_stop (fixture, "=d =c =b =a");
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/order/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (order_of_children, REST_FOR_ONE);

  return g_test_run ();
}
