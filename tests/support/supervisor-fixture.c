/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/supervisor-fixture.h"

#include "support/fake-clock.h"
#include "support/iterate.h"

#define MSEC 1000

void
supervisor_fixture_on_report (UsherSupervisor *supervisor,
                              UsherReport *report,
                              SupervisorFixture *fixture)
{
  g_autoptr (GEnumClass) contexts = g_type_class_ref (USHER_TYPE_REPORT_CONTEXT);
  g_autoptr (GEnumClass) kinds = g_type_class_ref (USHER_TYPE_EXIT_KIND);

  g_string_append_printf (fixture->trace, " %s/%s/%s",
                          g_enum_get_value (contexts, usher_report_get_context (report))->value_nick,
                          usher_report_get_offender (report),
                          g_enum_get_value (kinds, usher_exit_get_kind (usher_report_get_reason (report)))->value_nick);
  if (usher_report_get_n_children (report) != 1)
    g_string_append_printf (fixture->trace, "×%u", usher_report_get_n_children (report));
}

void
supervisor_fixture_on_exited (UsherChild *child,
                              guint64 serial,
                              UsherExit *exit,
                              SupervisorFixture *fixture)
{
  g_assert_null (fixture->exit);
  g_assert_cmpuint (serial, <=, usher_child_get_serial (child));
  g_assert_true (fixture->is_started);
  fixture->exit = usher_exit_ref (exit);
}

void
supervisor_fixture_add (SupervisorFixture *fixture,
                        guint index,
                        UsherRestart restart,
                        gint64 shutdown_msec)
{
  const char *const names[] = { "a", "b", "c", "d" };
  g_autoptr (GError) error = NULL;

  fixture->children[index] = test_child_new (names[index], fixture->trace);

  g_autoptr (UsherChildSpec) spec =
      usher_child_spec_new (names[index], USHER_CHILD (fixture->children[index]));

  usher_child_spec_set_restart (spec, restart);
  usher_child_spec_set_shutdown_msec (spec, shutdown_msec);
  usher_supervisor_add_child (fixture->supervisor, spec, &error);
  g_assert_no_error (error);
}

void
supervisor_fixture_set_up (SupervisorFixture *fixture,
                           gconstpointer strategy)
{
  fake_clock_install ();
  fixture->trace = g_string_new (NULL);
  fixture->supervisor = usher_supervisor_new (GPOINTER_TO_INT (strategy));
  g_signal_connect (fixture->supervisor, "report", G_CALLBACK (supervisor_fixture_on_report), fixture);
  g_signal_connect (fixture->supervisor, "exited", G_CALLBACK (supervisor_fixture_on_exited), fixture);
}

void
supervisor_fixture_add_four (SupervisorFixture *fixture)
{
  for (guint i = A; i <= D; i++)
    supervisor_fixture_add (fixture, i, USHER_RESTART_PERMANENT, 100);
}

void
supervisor_fixture_tear_down (SupervisorFixture *fixture,
                              gconstpointer strategy)
{
  iterate_pending (NULL);
  g_assert_finalize_object (fixture->supervisor);
  for (guint i = A; i <= D; i++)
    if (fixture->children[i] != NULL)
      g_assert_finalize_object (fixture->children[i]);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  g_clear_error (&fixture->start_error);
  g_string_free (fixture->trace, TRUE);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  fake_clock_remove ();
}

void
supervisor_fixture_on_started (GObject *object,
                               GAsyncResult *result,
                               gpointer data)
{
  SupervisorFixture *fixture = data;

  g_assert_false (fixture->is_started);
  fixture->is_started = TRUE;
  fixture->started = usher_child_start_finish (USHER_CHILD (object), result, &fixture->start_error);
}

void
supervisor_fixture_begin_start (SupervisorFixture *fixture,
                                GCancellable *cancellable)
{
  fixture->is_started = FALSE;
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  usher_child_start_async (USHER_CHILD (fixture->supervisor), cancellable, supervisor_fixture_on_started, fixture);
  iterate_pending (NULL);
}

void
supervisor_fixture_assert_trace (SupervisorFixture *fixture,
                                 const char *expected)
{
  iterate_pending (NULL);
  g_strstrip (fixture->trace->str);
  g_assert_cmpstr (fixture->trace->str, ==, expected);
  g_string_truncate (fixture->trace, 0);
}

void
supervisor_fixture_start (SupervisorFixture *fixture,
                          const char *expected)
{
  supervisor_fixture_begin_start (fixture, NULL);
  g_assert_no_error (fixture->start_error);
  g_assert_true (fixture->is_started);
  g_assert_cmpint (fixture->started, ==, USHER_START_STARTED);
  supervisor_fixture_assert_trace (fixture, expected);
}

void
supervisor_fixture_assert_exited (SupervisorFixture *fixture,
                                  const char *expected)
{
  g_autofree char *line = NULL;

  iterate_pending (NULL);
  g_assert_nonnull (fixture->exit);
  line = usher_exit_to_string (fixture->exit);
  g_assert_cmpstr (line, ==, expected);
}

void
supervisor_fixture_stop (SupervisorFixture *fixture,
                         const char *expected)
{
  usher_child_shutdown (USHER_CHILD (fixture->supervisor), USHER_STOP_FINAL);
  supervisor_fixture_assert_trace (fixture, expected);
  supervisor_fixture_assert_exited (fixture, "shutdown");
}

void
advance_msec (gint64 msec)
{
  fake_clock_advance_usec (msec * MSEC);
  iterate_pending (NULL);
}
