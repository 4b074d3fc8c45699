/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/nursery.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

static void
change (Fixture *fixture,
        const UsherSupervisorFlags *flags,
        GPtrArray *specs)
{
  Call call = { 0 };

  begin_change (fixture, flags, specs, &call);
  assert_done (&call);
}

static void
change_flags (Fixture *fixture,
              guint intensity,
              guint period_msec)
{
  UsherSupervisorFlags flags;

  usher_supervisor_get_flags (fixture->supervisor, &flags);
  flags.intensity = intensity;
  flags.period_msec = period_msec;
  change (fixture, &flags, NULL);
  g_assert_cmpuint (usher_supervisor_get_intensity (fixture->supervisor), ==, intensity);
  g_assert_cmpuint (usher_supervisor_get_period_msec (fixture->supervisor), ==, period_msec);
}

static UsherChildSpec *
make_faulty (Fixture *fixture)
{
  UsherChildSpec *spec = make_spec (fixture, A, USHER_RESTART_PERMANENT);

  usher_child_spec_set_significant (spec, TRUE);
  return spec;
}

static void
refuse_faulty_flags (Fixture *fixture)
{
  const UsherSupervisorFlags faulty = { .intensity = 1, .period_msec = 0 };
  Call call = { 0 };

  begin_change (fixture, &faulty, collect_specs (NULL), &call);
  assert_invalid (&call, "period-msec: ");
}

/* An upgrade whose `init` answers `ignore` is a change of nothing. */
static void
code_change (Fixture *fixture,
             gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_start (fixture, "");
  change_flags (fixture, 1, 3000);
  begin_change (fixture, NULL, collect_specs (make_faulty (fixture), NULL), &call);
  assert_invalid (&call, "child “a”: it cannot be significant");
  assert_children (fixture, "0 0 0 0");

  change (fixture, NULL,
          collect_specs (make_spec (fixture, A, USHER_RESTART_PERMANENT),
                         make_spec (fixture, B, USHER_RESTART_PERMANENT), NULL));
  assert_children (fixture, "b stopped, a stopped, 2 0 0 2");
  begin_restart (fixture, "a", &call);
  assert_started (&call);
  begin_restart (fixture, "b", &call);
  assert_started (&call);
  change (fixture, NULL,
          collect_specs (make_spec (fixture, A, USHER_RESTART_PERMANENT),
                         make_spec (fixture, C, USHER_RESTART_PERMANENT), NULL));
  assert_children (fixture, "b running, c stopped, a running, 3 2 0 3");
  change (fixture, NULL, NULL);
  refuse_faulty_flags (fixture);
  assert_children (fixture, "b running, c stopped, a running, 3 2 0 3");
  supervisor_fixture_stop (fixture, "+a +b =b =a");
}

static void
assert_limit (Fixture *fixture,
              gint64 limit_msec)
{
  g_autoptr (UsherChildSpec) spec = usher_supervisor_get_childspec (fixture->supervisor, "a", NULL);

  g_assert_cmpint (usher_child_spec_get_shutdown_msec (spec), ==, limit_msec);
}

static UsherChildSpec *
make_limited (Fixture *fixture,
              gint64 limit_msec)
{
  UsherChildSpec *spec = make_spec (fixture, A, USHER_RESTART_PERMANENT);

  usher_child_spec_set_shutdown_msec (spec, limit_msec);
  return spec;
}

/* A changed value can be read, and holds. */
static void
code_change_map (Fixture *fixture,
                 gconstpointer data)
{
  Call call = { 0 };

  supervisor_fixture_start (fixture, "");
  change (fixture, NULL,
          collect_specs (make_limited (fixture, 2000), make_spec (fixture, B, USHER_RESTART_PERMANENT), NULL));
  assert_limit (fixture, 2000);
  begin_restart (fixture, "a", &call);
  assert_started (&call);
  change (fixture, NULL,
          collect_specs (make_limited (fixture, 1000), make_spec (fixture, C, USHER_RESTART_PERMANENT), NULL));
  assert_limit (fixture, 1000);
  assert_children (fixture, "b stopped, c stopped, a running, 3 1 0 3");
  test_child_set_stop (fixture->children[A], TEST_STOP_REFUSE);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
  advance_msec (999);
  supervisor_fixture_assert_trace (fixture, "+a =a");
  advance_msec (1);
  supervisor_fixture_assert_trace (fixture, "!a shutdown-error/a/killed");
}

/* The template can be changed, but neither joined by another nor taken away. */
static void
code_change_simple (NurseryFixture *nursery,
                    gconstpointer data)
{
  Fixture *fixture = &nursery->base;
  UsherChildSpec *spec = nursery_spec_new (&nursery->nursery, USHER_RESTART_TRANSIENT);
  Call call = { 0 };

  nursery_fixture_add (nursery, USHER_RESTART_PERMANENT);
  supervisor_fixture_start (fixture, "");
  nursery_fixture_start_children (nursery, 2);
  change (fixture, NULL, collect_specs (spec, NULL));
  begin_change (fixture, NULL,
                collect_specs (nursery_spec_new (&nursery->nursery, USHER_RESTART_PERMANENT),
                               nursery_spec_new (&nursery->nursery, USHER_RESTART_PERMANENT), NULL),
                &call);
  assert_invalid (&call, "it has one specification, and not 2");
  begin_change (fixture, NULL, collect_specs (NULL), &call);
  assert_invalid (&call, "it has one specification, and not 0");
  test_child_exit (nursery->nursery.children[0], USHER_EXIT_NORMAL);
  iterate_pending (NULL);
  assert_children (fixture, "– running, 1 1 0 1");
  supervisor_fixture_stop (fixture, "+x1 +x2 =x2");
}

static void
code_change_simple_map (NurseryFixture *nursery,
                        gconstpointer data)
{
  Fixture *fixture = &nursery->base;
  UsherChildSpec *spec = nursery_spec_new (&nursery->nursery, USHER_RESTART_PERMANENT);

  nursery_fixture_add (nursery, USHER_RESTART_PERMANENT);
  supervisor_fixture_start (fixture, "");
  nursery_fixture_start_children (nursery, 1);
  usher_child_spec_set_shutdown_msec (spec, 1000);
  change (fixture, NULL, collect_specs (spec, NULL));
  test_child_set_stop (nursery->nursery.children[0], TEST_STOP_REFUSE);
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
  advance_msec (999);
  supervisor_fixture_assert_trace (fixture, "+x1 =x1");
  advance_msec (1);
  supervisor_fixture_assert_trace (fixture, "!x1 shutdown-error/x/killed");
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/change/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (code_change, ONE_FOR_ONE);
  ADD (code_change_map, ONE_FOR_ONE);
  NURSERY_CASE ("/conformance/change/code_change_simple", USHER_STRATEGY_SIMPLE_ONE_FOR_ONE,
                code_change_simple);
  NURSERY_CASE ("/conformance/change/code_change_simple_map", USHER_STRATEGY_SIMPLE_ONE_FOR_ONE,
                code_change_simple_map);

  return g_test_run ();
}
