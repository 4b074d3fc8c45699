/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/report.h"
#include "supervision/report-private.h"

#define ELLIPSIS "…"

G_DEFINE_ENUM_TYPE (UsherReportFormat, usher_report_format,
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_FORMAT_LINE, "line"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_FORMAT_BLOCK, "block"))

static const char *const phrases[] = {
  [USHER_REPORT_START_ERROR] = "failed to start",
  [USHER_REPORT_CHILD_TERMINATED] = "terminated",
  [USHER_REPORT_SHUTDOWN_ERROR] = "did not shut down as asked",
  [USHER_REPORT_SHUTDOWN] = "has used up the restart budget; the supervisor ends",
  [USHER_REPORT_RESOURCE] = "waits for resources",
  [USHER_REPORT_PROGRESS] = "started",
};

static const char *const context_names[] = {
  [USHER_REPORT_START_ERROR] = "start_error",
  [USHER_REPORT_CHILD_TERMINATED] = "child_terminated",
  [USHER_REPORT_SHUTDOWN_ERROR] = "shutdown_error",
  [USHER_REPORT_SHUTDOWN] = "shutdown",
  [USHER_REPORT_RESOURCE] = "resource",
  [USHER_REPORT_PROGRESS] = "progress",
};

const char *
usher_report_describe_child_type (const UsherReport *self)
{
  return usher_report_get_child_type (self) == USHER_CHILD_SUPERVISOR ? "supervisor" : "worker";
}

const char *
usher_report_describe_restart (const UsherReport *self)
{
  static const char *const restarts[] = {
    [USHER_RESTART_PERMANENT] = "permanent",
    [USHER_RESTART_TRANSIENT] = "transient",
    [USHER_RESTART_TEMPORARY] = "temporary",
  };

  return restarts[usher_report_get_restart (self)];
}

const char *
usher_report_describe_significant (const UsherReport *self)
{
  return usher_report_get_significant (self) ? "true" : "false";
}

char *
usher_report_describe_shutdown (const UsherReport *self)
{
  gint64 shutdown_msec = usher_report_get_shutdown_msec (self);

  if (shutdown_msec == USHER_SHUTDOWN_BRUTAL_KILL)
    return g_strdup ("brutal_kill");
  if (shutdown_msec == USHER_SHUTDOWN_INFINITY)
    return g_strdup ("infinity");

  return g_strdup_printf ("%" G_GINT64_FORMAT, shutdown_msec);
}

char *
usher_report_describe_reason (const UsherReport *self)
{
  const UsherExit *reason = usher_report_get_reason (self);
  g_autofree char *line = reason != NULL ? usher_exit_to_string (reason) : NULL;

  return line != NULL ? g_utf8_make_valid (line, -1) : NULL;
}

static void
append_offender (const UsherReport *self,
                 GString *text)
{
  const char *detail = usher_report_get_detail (self);
  guint n_children = usher_report_get_n_children (self);

  g_string_append (text, usher_report_get_offender (self));
  if (detail != NULL)
    g_string_append_printf (text, " (%s)", detail);
  if (n_children != 1)
    g_string_append_printf (text, " ×%u", n_children);
}

static char *
format_line (const UsherReport *self,
             const char *reason)
{
  GString *line = g_string_new (usher_report_get_supervisor (self));

  g_string_append (line, ": ");
  append_offender (self, line);
  g_string_append_printf (line, " %s", phrases[usher_report_get_context (self)]);
  if (reason != NULL)
    g_string_append_printf (line, ": %s", reason);

  return g_string_free (line, FALSE);
}

static char *
format_block (const UsherReport *self,
              const char *reason)
{
  UsherReportContext context = usher_report_get_context (self);
  g_autofree char *shutdown = usher_report_describe_shutdown (self);
  GString *block = g_string_new (NULL);

  g_string_append_printf (block, "supervisor: %s\n", usher_report_get_supervisor (self));
  if (context != USHER_REPORT_PROGRESS)
    g_string_append_printf (block, "errorContext: %s\n", context_names[context]);
  if (reason != NULL)
    g_string_append_printf (block, "reason: %s\n", reason);
  g_string_append (block, context == USHER_REPORT_PROGRESS ? "started: " : "offender: ");
  append_offender (self, block);
  g_string_append_printf (block, ", restart_type %s, significant %s, shutdown %s, child_type %s",
                          usher_report_describe_restart (self),
                          usher_report_describe_significant (self), shutdown,
                          usher_report_describe_child_type (self));

  return g_string_free (block, FALSE);
}

/* Takes `n_extra` characters away at its end, and one more for the ellipsis. */
static char *
shorten (const char *text,
         long n_extra)
{
  long n_kept = g_utf8_strlen (text, -1) - n_extra - 1;

  if (n_kept <= 0)
    return g_strdup (ELLIPSIS);

  g_autofree char *kept = g_utf8_substring (text, 0, n_kept);

  return g_strconcat (kept, ELLIPSIS, NULL);
}

/**
 * usher_report_to_format:
 * @self: a report
 * @format: how it is to be written
 * @max_chars: at most how many characters, or -1 for all of them
 *
 * Writes the report down, as OTP's `supervisor:format_log/2`.
 *
 * If it is longer than @max_chars it is the reason that is cut short, so that the offender can still
 * be read, and only then all of it. Where something is missing stands an ellipsis.
 *
 * Returns: (transfer full): the text, without a line end
 *
 * Since: 0.1
 */
char *
usher_report_to_format (const UsherReport *self,
                        UsherReportFormat format,
                        int max_chars)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (max_chars == -1 || max_chars > 0, NULL);

  char *(*const formatters[]) (const UsherReport *, const char *) = {
    [USHER_REPORT_FORMAT_LINE] = format_line,
    [USHER_REPORT_FORMAT_BLOCK] = format_block,
  };
  g_autofree char *reason = usher_report_describe_reason (self);
  g_autofree char *whole = formatters[format](self, reason);
  long n_extra = max_chars >= 0 ? g_utf8_strlen (whole, -1) - max_chars : 0;

  if (n_extra <= 0)
    return g_steal_pointer (&whole);
  if (reason == NULL)
    return shorten (whole, n_extra);

  g_autofree char *short_reason = shorten (reason, n_extra);
  g_autofree char *text = formatters[format](self, short_reason);

  n_extra = g_utf8_strlen (text, -1) - max_chars;
  return n_extra <= 0 ? g_steal_pointer (&text) : shorten (text, n_extra);
}

/**
 * usher_report_to_string:
 * @self: a report
 *
 * Describes it in one line, for people.
 *
 * Returns: (transfer full): the line, without a line end
 *
 * Since: 0.1
 */
char *
usher_report_to_string (const UsherReport *self)
{
  return usher_report_to_format (self, USHER_REPORT_FORMAT_LINE, -1);
}
