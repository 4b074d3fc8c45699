/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "supervision/report-private.h"
#include "support/fake-clock.h"

#define TEST_TYPE_EMITTER (test_emitter_get_type ())
G_DECLARE_FINAL_TYPE (TestEmitter, test_emitter, TEST, EMITTER, GObject)

struct _TestEmitter
{
  GObject parent_instance;
};

G_DEFINE_FINAL_TYPE (TestEmitter, test_emitter, G_TYPE_OBJECT)

static void
test_emitter_class_init (TestEmitterClass *klass)
{
  const char *const signals[] = { "report", "progress" };

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_signal_new (signals[i], TEST_TYPE_EMITTER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                  G_TYPE_NONE, 1, USHER_TYPE_REPORT);
}

static void
test_emitter_init (TestEmitter *self)
{
}

/* (element-type utf8 utf8): the latest entry that was logged */
static GHashTable *logged;
static guint n_logged;

static GLogWriterOutput
remember_entry (GLogLevelFlags level,
                const GLogField *fields,
                gsize n_fields,
                gpointer user_data)
{
  n_logged++;
  for (gsize i = 0; i < n_fields; i++)
    g_hash_table_insert (logged, g_strdup (fields[i].key), g_strdup (fields[i].value));

  return G_LOG_WRITER_HANDLED;
}

static void
remember_report (TestEmitter *emitter,
                 UsherReport *report,
                 UsherReport **remembered)
{
  *remembered = usher_report_ref (report);
}

static void
assert_logged (const char *key,
               const char *value)
{
  g_assert_cmpstr (g_hash_table_lookup (logged, key), ==, value);
}

static void
test_leaves_as_signal_and_entry (void)
{
  g_autoptr (TestEmitter) emitter = g_object_new (TEST_TYPE_EMITTER, NULL);
  g_autoptr (UsherExit) reason = usher_exit_new_killed ();
  g_autoptr (UsherReport) report = NULL;
  g_autofree char *line = NULL;
  const UsherReportFields fields = {
    .supervisor = "root",
    .context = USHER_REPORT_CHILD_TERMINATED,
    .reason = reason,
    .offender = "cache",
    .detail = "127.0.0.1",
    .n_children = 3,
    .child_type = USHER_CHILD_SUPERVISOR,
    .restart = USHER_RESTART_TRANSIENT,
    .shutdown_msec = USHER_SHUTDOWN_INFINITY,
    .significant = TRUE,
  };

  g_signal_connect (emitter, "report", G_CALLBACK (remember_report), &report);
  usher_report_emit (emitter, &fields);

  g_assert_nonnull (report);
  g_assert_cmpstr (usher_report_get_supervisor (report), ==, "root");
  g_assert_cmpint (usher_report_get_context (report), ==, USHER_REPORT_CHILD_TERMINATED);
  g_assert_true (usher_report_get_reason (report) == reason);
  g_assert_cmpstr (usher_report_get_offender (report), ==, "cache");
  g_assert_cmpstr (usher_report_get_detail (report), ==, "127.0.0.1");
  g_assert_cmpuint (usher_report_get_n_children (report), ==, 3);
  g_assert_cmpint (usher_report_get_child_type (report), ==, USHER_CHILD_SUPERVISOR);
  g_assert_cmpint (usher_report_get_restart (report), ==, USHER_RESTART_TRANSIENT);
  g_assert_cmpint (usher_report_get_shutdown_msec (report), ==, USHER_SHUTDOWN_INFINITY);
  g_assert_true (usher_report_get_significant (report));

  line = usher_report_to_string (report);
  g_assert_cmpstr (line, ==, "root: cache (127.0.0.1) ×3 terminated: killed");
  assert_logged ("MESSAGE", line);
  assert_logged ("USHER_SUPERVISOR", "root");
  assert_logged ("USHER_CONTEXT", "child-terminated");
  assert_logged ("USHER_REASON", "killed");
  assert_logged ("USHER_OFFENDER", "cache");
  assert_logged ("USHER_DETAIL", "127.0.0.1");
  assert_logged ("USHER_N_CHILDREN", "3");
  assert_logged ("USHER_CHILD_TYPE", "supervisor");
  assert_logged ("USHER_RESTART", "transient");
  assert_logged ("USHER_SHUTDOWN", "infinity");
  assert_logged ("USHER_SIGNIFICANT", "true");
}

/* Whether anybody hears of progress is asked for every start of a child. */
static void
test_progress_is_for_those_who_listen (void)
{
  g_autoptr (TestEmitter) emitter = g_object_new (TEST_TYPE_EMITTER, NULL);
  g_autoptr (UsherReport) report = NULL;
  gulong handler;

  g_assert_true (usher_report_is_wanted (emitter, USHER_REPORT_SHUTDOWN));
  g_assert_false (usher_report_is_wanted (emitter, USHER_REPORT_PROGRESS));
  handler = g_signal_connect (emitter, "progress", G_CALLBACK (remember_report), &report);
  g_assert_true (usher_report_is_wanted (emitter, USHER_REPORT_PROGRESS));
  g_signal_handler_disconnect (emitter, handler);
  g_log_set_debug_enabled (TRUE);
  g_assert_true (usher_report_is_wanted (emitter, USHER_REPORT_PROGRESS));
  g_log_set_debug_enabled (FALSE);
}

static void
test_progress_has_no_reason (void)
{
  g_autoptr (TestEmitter) emitter = g_object_new (TEST_TYPE_EMITTER, NULL);
  g_autoptr (UsherReport) report = NULL;
  g_autofree char *line = NULL;
  const UsherReportFields fields = {
    .supervisor = "root",
    .context = USHER_REPORT_PROGRESS,
    .offender = "cache",
    .n_children = 1,
  };

  g_signal_connect (emitter, "progress", G_CALLBACK (remember_report), &report);
  g_log_set_debug_enabled (TRUE);
  usher_report_emit (emitter, &fields);
  g_log_set_debug_enabled (FALSE);

  g_assert_null (usher_report_get_reason (report));
  line = usher_report_to_string (report);
  g_assert_cmpstr (line, ==, "root: cache started");
  assert_logged ("MESSAGE", line);
  assert_logged ("PRIORITY", "7");
  assert_logged ("USHER_REASON", "");
}

static void
test_has_an_id_for_each_context (void)
{
  g_autoptr (TestEmitter) emitter = g_object_new (TEST_TYPE_EMITTER, NULL);
  g_autoptr (UsherExit) reason = usher_exit_new_normal ();
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GEnumClass) contexts = g_type_class_ref (USHER_TYPE_REPORT_CONTEXT);

  for (guint i = 0; i < contexts->n_values; i++)
    {
      const UsherReportFields fields = {
        .supervisor = "root",
        .context = contexts->values[i].value,
        .reason = reason,
        .offender = "cache",
        .n_children = 1,
      };

      g_log_set_debug_enabled (TRUE);
      usher_report_emit (emitter, &fields);
      g_log_set_debug_enabled (FALSE);
      assert_logged ("USHER_CONTEXT", contexts->values[i].value_nick);
      g_assert_cmpuint (strlen (g_hash_table_lookup (logged, "MESSAGE_ID")), ==, 32);
      g_assert_true (g_hash_table_add (ids, g_strdup (g_hash_table_lookup (logged, "MESSAGE_ID"))));
    }
}

static void
count_report (TestEmitter *emitter,
              UsherReport *report,
              guint *n_reports)
{
  (*n_reports)++;
}

static void
fail_to_start (TestEmitter *emitter,
               const char *why,
               guint n_times)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, why);
  g_autoptr (UsherExit) reason = usher_exit_new_error (error);
  const UsherReportFields fields = {
    .supervisor = "root",
    .context = USHER_REPORT_START_ERROR,
    .reason = reason,
    .offender = "cache",
    .n_children = 1,
  };

  for (guint i = 0; i < n_times; i++)
    usher_report_emit (emitter, &fields);
}

static void
test_the_same_line_is_written_once (void)
{
  g_autoptr (TestEmitter) emitter = g_object_new (TEST_TYPE_EMITTER, NULL);
  g_autoptr (TestEmitter) other = g_object_new (TEST_TYPE_EMITTER, NULL);
  guint n_reports = 0;

  fake_clock_install ();
  n_logged = 0;
  g_signal_connect (emitter, "report", G_CALLBACK (count_report), &n_reports);
  fail_to_start (emitter, "no disk", 3);
  g_assert_cmpuint (n_reports, ==, 3);
  g_assert_cmpuint (n_logged, ==, 1);
  assert_logged ("USHER_N_JOINED", "0");

  fail_to_start (emitter, "no memory", 1);
  g_assert_cmpuint (n_logged, ==, 2);
  fail_to_start (other, "no disk", 1);
  g_assert_cmpuint (n_logged, ==, 3);

  fake_clock_advance_usec (10 * G_TIME_SPAN_SECOND + 1);
  fail_to_start (emitter, "no disk", 2);
  g_assert_cmpuint (n_reports, ==, 6);
  g_assert_cmpuint (n_logged, ==, 4);
  assert_logged ("MESSAGE", "root: cache failed to start: error: no disk (2 more since the last entry)");
  assert_logged ("USHER_N_JOINED", "2");
  fake_clock_remove ();
}

/* They are remembered, but not for ever: a line that was forgotten is written again. */
static void
test_remembers_few_lines (void)
{
  g_autoptr (TestEmitter) emitter = g_object_new (TEST_TYPE_EMITTER, NULL);

  fake_clock_install ();
  n_logged = 0;
  for (guint i = 0; i < 9; i++)
    {
      g_autofree char *why = g_strdup_printf ("no disk %u", i);

      fail_to_start (emitter, why, 1);
    }
  g_assert_cmpuint (n_logged, ==, 9);
  fail_to_start (emitter, "no disk 8", 1);
  g_assert_cmpuint (n_logged, ==, 9);
  fail_to_start (emitter, "no disk 0", 1);
  g_assert_cmpuint (n_logged, ==, 10);
  fake_clock_remove ();
}

static void
test_what_is_told_elsewhere_is_for_debugging (void)
{
  g_autoptr (TestEmitter) emitter = g_object_new (TEST_TYPE_EMITTER, NULL);
  g_autoptr (UsherExit) reason = usher_exit_new_killed ();
  g_autoptr (UsherReport) report = NULL;
  const UsherReportFields fields = {
    .supervisor = "root",
    .context = USHER_REPORT_START_ERROR,
    .reason = reason,
    .offender = "cache",
    .n_children = 1,
    .is_told_elsewhere = TRUE,
  };

  g_signal_connect (emitter, "report", G_CALLBACK (remember_report), &report);
  n_logged = 0;
  usher_report_emit (emitter, &fields);
  g_assert_nonnull (report);
  g_assert_cmpuint (n_logged, ==, 0);

  g_clear_pointer (&report, usher_report_unref);
  g_log_set_debug_enabled (TRUE);
  usher_report_emit (emitter, &fields);
  g_log_set_debug_enabled (FALSE);
  g_assert_cmpuint (n_logged, ==, 1);
  assert_logged ("PRIORITY", "7");
}

int
main (int argc,
      char *argv[])
{
  g_unsetenv ("G_MESSAGES_DEBUG");
  g_test_init (&argc, &argv, NULL);

  logged = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_log_set_writer_func (remember_entry, NULL, NULL);

  g_test_add_func ("/report/leaves-as-a-signal-and-a-log-entry", test_leaves_as_signal_and_entry);
  g_test_add_func ("/report/has-an-id-for-each-context", test_has_an_id_for_each_context);

  g_test_add_func ("/report/the-same-line-is-written-once-in-a-while", test_the_same_line_is_written_once);
  g_test_add_func ("/report/a-few-lines-are-remembered", test_remembers_few_lines);
  g_test_add_func ("/report/what-is-told-elsewhere-is-for-debugging", test_what_is_told_elsewhere_is_for_debugging);

  g_test_add_func ("/report/progress-is-for-those-who-listen", test_progress_is_for_those_who_listen);
  g_test_add_func ("/report/progress-has-no-reason", test_progress_has_no_reason);

  return g_test_run ();
}
