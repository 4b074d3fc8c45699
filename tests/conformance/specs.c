/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/calls.h"
#include "support/iterate.h"
#include "support/nursery.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef SupervisorFixture Fixture;

static const gint64 limits_msec[] = {
  0,
  1000,
  USHER_SHUTDOWN_INFINITY,
  USHER_SHUTDOWN_BRUTAL_KILL,
  USHER_SHUTDOWN_DEFAULT,
};

/* What is not a specification cannot be made. OTP answers with an error, as its types are only
 * looked at when it runs. */
static void
expect_critical (const char *text)
{
  g_autofree char *pattern = g_strdup_printf ("*%s*", text);

  g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, pattern);
}

static void
on_progress (UsherSupervisor *supervisor,
             UsherReport *report,
             Fixture *fixture)
{
  g_autofree char *text = usher_report_to_format (report, USHER_REPORT_FORMAT_BLOCK, -1);

  g_string_append (fixture->trace, strstr (text, "started: ") + strlen ("started"));
}

static void
sup_start_map (Fixture *fixture,
               gconstpointer data)
{
  g_autoptr (UsherSupervisor) inner = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) supervisor_spec = usher_child_spec_new ("inner", USHER_CHILD (inner));
  g_autoptr (UsherChildSpec) spec = NULL;
  g_autoptr (GError) error = NULL;

  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, USHER_SHUTDOWN_DEFAULT);
  supervisor_fixture_add (fixture, B, USHER_RESTART_PERMANENT, USHER_SHUTDOWN_BRUTAL_KILL);
  usher_supervisor_add_child (fixture->supervisor, supervisor_spec, &error);
  g_assert_no_error (error);
  spec = usher_supervisor_get_childspec (fixture->supervisor, "inner", &error);
  g_assert_no_error (error);
  g_assert_cmpint (usher_child_spec_get_restart (spec), ==, USHER_RESTART_PERMANENT);
  g_assert_cmpint (usher_child_spec_get_shutdown_msec (spec), ==, USHER_SHUTDOWN_DEFAULT);
  g_assert_false (usher_child_spec_get_significant (spec));
  g_assert_null (usher_supervisor_get_childspec (fixture->supervisor, "child4", &error));
  g_assert_error (error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_FOUND);

  /* With the default limits resolved. */
  g_signal_connect (fixture->supervisor, "progress", G_CALLBACK (on_progress), fixture);
  supervisor_fixture_start (
      fixture, "+a: a, restart_type permanent, significant false, shutdown 5000, child_type worker "
               "+b: b, restart_type permanent, significant false, shutdown brutal_kill, child_type worker"
               ": inner, restart_type permanent, significant false, shutdown infinity, "
               "child_type supervisor");
  supervisor_fixture_stop (fixture, "!b =a");
}

static void
sup_start_map_faulty_specs (Fixture *fixture,
                            gconstpointer data)
{
  g_autoptr (TestChild) child = test_child_new ("a", fixture->trace);

  expect_critical ("id != NULL");
  g_assert_null (usher_child_spec_new (NULL, USHER_CHILD (child)));
  expect_critical ("USHER_IS_CHILD (child)");
  g_assert_null (usher_child_spec_new ("a", NULL));
  expect_critical ("factory != NULL");
  g_assert_null (usher_child_spec_new_with_factory ("a", NULL, NULL, NULL));
  g_test_assert_expected_messages ();
  supervisor_fixture_start (fixture, "");
  supervisor_fixture_stop (fixture, "");
}

/* Whatever is wrong with a specification on its own is refused wherever it is given. */
static void
assert_faulty (Fixture *fixture,
               UsherChildSpec *spec,
               const char *text)
{
  g_autoptr (UsherChildSpec) given = spec;
  g_autoptr (GPtrArray) specs = collect_specs (usher_child_spec_copy (given), NULL);
  g_autoptr (GError) error = NULL;
  Call call = { 0 };

  begin_start_spec (fixture, given, &call);
  assert_invalid (&call, text);
  g_assert_false (usher_supervisor_add_child (fixture->supervisor, given, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (usher_supervisor_check_childspecs (specs, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, text));
}

static void
assert_right (UsherChildSpec *spec)
{
  g_autoptr (GPtrArray) specs = collect_specs (spec, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (usher_supervisor_check_childspecs (specs, &error));
  g_assert_no_error (error);
}

static void
assert_duplicate (Fixture *fixture)
{
  g_autoptr (GPtrArray) specs = collect_specs (make_spec (fixture, A, USHER_RESTART_PERMANENT),
                                               make_spec (fixture, A, USHER_RESTART_PERMANENT), NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_supervisor_check_childspecs (specs, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "child “a”: another specification"));
}

static void
child_specs (Fixture *fixture,
             gconstpointer data)
{
  UsherChildSpec *spec = make_spec (fixture, A, USHER_RESTART_PERMANENT);

  supervisor_fixture_start (fixture, "");
  expect_critical ("shutdown_msec >=");
  usher_child_spec_set_shutdown_msec (spec, -10);
  expect_critical ("restart <=");
  usher_child_spec_set_restart (spec, 3);
  g_test_assert_expected_messages ();
  test_child_set_shutdown_time_msec (fixture->children[A], 200);
  assert_faulty (fixture, spec, "child “a”: its shutdown limit of 100 ms");
  test_child_set_shutdown_time_msec (fixture->children[A], 0);

  for (UsherRestart restart = 0; restart <= USHER_RESTART_TEMPORARY; restart++)
    for (guint i = 0; i < G_N_ELEMENTS (limits_msec); i++)
      {
        spec = make_spec (fixture, A, restart);
        usher_child_spec_set_shutdown_msec (spec, limits_msec[i]);
        assert_right (spec);
      }
  assert_duplicate (fixture);
  supervisor_fixture_stop (fixture, "");
}

static UsherChildSpec *
make_combination (Fixture *fixture,
                  UsherRestart restart,
                  gint64 limit_msec,
                  gboolean significant)
{
  UsherChildSpec *spec = make_spec (fixture, A, restart);

  usher_child_spec_set_shutdown_msec (spec, limit_msec);
  usher_child_spec_set_significant (spec, significant);
  return spec;
}

static void
check_combination (UsherChildSpec *spec,
                   UsherAutoShutdown mode)
{
  gboolean is_right = !usher_child_spec_get_significant (spec) ||
                      (mode != USHER_AUTO_SHUTDOWN_NEVER && usher_child_spec_get_restart (spec) != USHER_RESTART_PERMANENT);
  g_autoptr (GPtrArray) specs = collect_specs (spec, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (usher_supervisor_check_childspecs_with_auto_shutdown (specs, mode, &error) == is_right);
  g_assert_true ((error == NULL) == is_right);
  if (error != NULL)
    g_assert_nonnull (strstr (error->message, "child “a”: it cannot be significant"));
}

static void
child_specs_map (Fixture *fixture,
                 gconstpointer data)
{
  for (UsherAutoShutdown mode = 0; mode <= USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT; mode++)
    for (UsherRestart restart = 0; restart <= USHER_RESTART_TEMPORARY; restart++)
      for (guint i = 0; i < G_N_ELEMENTS (limits_msec); i++)
        for (gboolean significant = FALSE; significant <= TRUE; significant++)
          check_combination (make_combination (fixture, restart, limits_msec[i], significant), mode);
  assert_duplicate (fixture);
  supervisor_fixture_start (fixture, "");
  assert_faulty (fixture, make_combination (fixture, USHER_RESTART_PERMANENT, 100, TRUE),
                 "child “a”: it cannot be significant");
  supervisor_fixture_stop (fixture, "");
}

static void
sup_flags (Fixture *fixture,
           gconstpointer data)
{
  const struct
  {
    UsherSupervisorFlags flags;
    const char *text;
  } cases[] = {
    { { 17, 2, 3600, USHER_AUTO_SHUTDOWN_NEVER }, "strategy: " },
    { { USHER_STRATEGY_ONE_FOR_ONE, 2, 0, USHER_AUTO_SHUTDOWN_NEVER }, "period-msec: " },
    { { USHER_STRATEGY_ONE_FOR_ONE, 2, 3600, 17 }, "auto-shutdown: " },
  };
  Call call = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      begin_change (fixture, &cases[i].flags, NULL, &call);
      assert_invalid (&call, cases[i].text);
    }
  g_assert_cmpuint (usher_supervisor_get_intensity (fixture->supervisor), ==, 1);
  supervisor_fixture_start (fixture, "");
  supervisor_fixture_stop (fixture, "");
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/specs/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (sup_start_map, ONE_FOR_ONE);
  ADD (sup_start_map_faulty_specs, ONE_FOR_ONE);
  ADD (child_specs, ONE_FOR_ONE);
  ADD (child_specs_map, ONE_FOR_ONE);
  ADD (sup_flags, ONE_FOR_ONE);

  return g_test_run ();
}
