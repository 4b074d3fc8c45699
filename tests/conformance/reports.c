/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "supervision/report-private.h"
#include "support/calls.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

#define REASON "one two three four five six seven eight nine ten eleven twelve"

typedef SupervisorFixture Fixture;

static void
on_progress (UsherSupervisor *supervisor,
             UsherReport *report,
             Fixture *fixture)
{
  g_string_append_printf (fixture->trace, " progress/%s", usher_report_get_offender (report));
}

/* OTP reports what a call has started one log level lower; here there is no lower one. */
static void
external_start_no_progress_log (Fixture *fixture,
                                gconstpointer data)
{
  Call call = { 0 };

  g_signal_connect (fixture->supervisor, "progress", G_CALLBACK (on_progress), fixture);
  supervisor_fixture_add (fixture, A, USHER_RESTART_PERMANENT, 100);
  supervisor_fixture_start (fixture, "+a progress/a");
  begin_start_child (fixture, B, USHER_RESTART_PERMANENT, &call);
  assert_started (&call);
  begin_terminate (fixture, "b", &call);
  assert_done (&call);
  begin_restart (fixture, "b", &call);
  assert_started (&call);
  supervisor_fixture_assert_trace (fixture, "+b =b +b");
  test_child_exit (fixture->children[B], USHER_EXIT_NORMAL);
  supervisor_fixture_assert_trace (fixture, "child-terminated/b/normal +b progress/b");
  supervisor_fixture_stop (fixture, "=b =a");
}

static UsherReport *
make_report (UsherReportContext context,
             guint n_children)
{
  g_autoptr (GError) error = g_error_new_literal (USHER_ERROR, USHER_ERROR_FAILED, REASON);
  g_autoptr (UsherExit) reason = usher_exit_new_error (error);

  return usher_report_new (&(UsherReportFields){
      .supervisor = "my_supervisor",
      .context = context,
      .reason = context != USHER_REPORT_PROGRESS ? reason : NULL,
      .offender = "any_id",
      .n_children = n_children,
      .restart = USHER_RESTART_TEMPORARY,
      .shutdown_msec = USHER_SHUTDOWN_BRUTAL_KILL,
  });
}

static void
assert_format (UsherReport *report,
               UsherReportFormat format,
               int max_chars,
               const char *expected)
{
  g_autofree char *text = usher_report_to_format (report, format, max_chars);

  g_assert_cmpstr (text, ==, expected);
  if (max_chars > 0)
    g_assert_cmpint (g_utf8_strlen (text, -1), ==, max_chars);
}

static void
format_log_1 (void)
{
  g_autoptr (UsherReport) report = make_report (USHER_REPORT_SHUTDOWN_ERROR, 1);
  g_autoptr (UsherReport) progress = make_report (USHER_REPORT_PROGRESS, 1);

  assert_format (report, USHER_REPORT_FORMAT_BLOCK, -1,
                 "supervisor: my_supervisor\n"
                 "errorContext: shutdown_error\n"
                 "reason: error: " REASON "\n"
                 "offender: any_id, restart_type temporary, significant false, "
                 "shutdown brutal_kill, child_type worker");
  assert_format (progress, USHER_REPORT_FORMAT_BLOCK, -1,
                 "supervisor: my_supervisor\n"
                 "started: any_id, restart_type temporary, significant false, "
                 "shutdown brutal_kill, child_type worker");
  assert_format (report, USHER_REPORT_FORMAT_BLOCK, 180,
                 "supervisor: my_supervisor\n"
                 "errorContext: shutdown_error\n"
                 "reason: error: one two …\n"
                 "offender: any_id, restart_type temporary, significant false, "
                 "shutdown brutal_kill, child_type worker");
  assert_format (progress, USHER_REPORT_FORMAT_BLOCK, 40,
                 "supervisor: my_supervisor\n"
                 "started: any_…");
}

static void
format_log_2 (void)
{
  g_autoptr (UsherReport) report = make_report (USHER_REPORT_SHUTDOWN_ERROR, 1);
  g_autoptr (UsherReport) progress = make_report (USHER_REPORT_PROGRESS, 1);
  g_autoptr (UsherReport) many = make_report (USHER_REPORT_SHUTDOWN_ERROR, 7);

  assert_format (report, USHER_REPORT_FORMAT_LINE, -1,
                 "my_supervisor: any_id did not shut down as asked: error: " REASON);
  assert_format (progress, USHER_REPORT_FORMAT_LINE, -1, "my_supervisor: any_id started");
  assert_format (report, USHER_REPORT_FORMAT_LINE, 70,
                 "my_supervisor: any_id did not shut down as asked: error: one two thre…");
  assert_format (report, USHER_REPORT_FORMAT_LINE, 30, "my_supervisor: any_id did not…");
  assert_format (progress, USHER_REPORT_FORMAT_LINE, 20, "my_supervisor: any_…");
  assert_format (progress, USHER_REPORT_FORMAT_LINE, 1, "…");
  assert_format (many, USHER_REPORT_FORMAT_LINE, 70,
                 "my_supervisor: any_id ×7 did not shut down as asked: error: one two t…");
}

#define ADD(name, strategy) \
  SUPERVISOR_CASE ("/conformance/reports/" #name, USHER_STRATEGY_##strategy, name)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD (external_start_no_progress_log, ONE_FOR_ONE);
  g_test_add_func ("/conformance/reports/format_log_1", format_log_1);
  g_test_add_func ("/conformance/reports/format_log_2", format_log_2);

  return g_test_run ();
}
