/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/report.h"
#include "supervision/report-private.h"

/**
 * UsherReport:
 *
 * One event of supervision, with the fields of OTP's supervisor reports.
 *
 * Each is emitted as a signal by the supervisor or pool that it happened to, and written as one
 * structured log entry at level %G_LOG_LEVEL_MESSAGE, with a `MESSAGE_ID` of its own for every
 * [enum@Usher.ReportContext], one human line as `MESSAGE`, and the fields `USHER_SUPERVISOR`,
 * `USHER_CONTEXT`, `USHER_REASON`, `USHER_OFFENDER`, `USHER_DETAIL` and `USHER_N_CHILDREN`.
 *
 * It is immutable and reference-counted, and may be used from any thread.
 *
 * Since: 0.1
 */
struct _UsherReport
{
  char *supervisor; /* (owned) */
  UsherReportContext context;
  UsherExit *reason; /* (owned) */
  char *offender;    /* (owned) */
  char *detail;      /* (owned) (nullable) */
  guint n_children;
};

G_DEFINE_ENUM_TYPE (UsherReportContext, usher_report_context,
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_START_ERROR, "start-error"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_CHILD_TERMINATED, "child-terminated"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_SHUTDOWN_ERROR, "shutdown-error"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_SHUTDOWN, "shutdown"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_RESOURCE, "resource"))

G_DEFINE_BOXED_TYPE (UsherReport, usher_report, usher_report_ref, usher_report_unref)

/* The ids are for ever: people filter their journals by them. */
static const struct
{
  const char *nick;
  const char *message_id;
  const char *phrase;
} contexts[] = {
  [USHER_REPORT_START_ERROR] = {
      .nick = "start-error",
      .message_id = "4eb8697179d34f498c09b5ec4c899f53",
      .phrase = "failed to start",
  },
  [USHER_REPORT_CHILD_TERMINATED] = {
      .nick = "child-terminated",
      .message_id = "408ab613cb1d4a6592128a8426e60dd0",
      .phrase = "terminated",
  },
  [USHER_REPORT_SHUTDOWN_ERROR] = {
      .nick = "shutdown-error",
      .message_id = "4baa27ab2d314585a5e058b5904cf80c",
      .phrase = "did not shut down as asked",
  },
  [USHER_REPORT_SHUTDOWN] = {
      .nick = "shutdown",
      .message_id = "313bba3ad4974cba90e25bd6f4007c4d",
      .phrase = "has used up the restart budget; the supervisor ends",
  },
  [USHER_REPORT_RESOURCE] = {
      .nick = "resource",
      .message_id = "6ec633cd390040ad8820138c3b646d68",
      .phrase = "waits for resources",
  },
};

static void
report_clear (gpointer data)
{
  UsherReport *self = data;

  g_free (self->supervisor);
  usher_exit_unref (self->reason);
  g_free (self->offender);
  g_free (self->detail);
}

static UsherReport *
report_new (const UsherReportFields *fields)
{
  UsherReport *self = g_atomic_rc_box_new0 (UsherReport);

  self->supervisor = g_strdup (fields->supervisor);
  self->context = fields->context;
  self->reason = usher_exit_ref (fields->reason);
  self->offender = g_strdup (fields->offender);
  self->detail = g_strdup (fields->detail);
  self->n_children = fields->n_children;

  return self;
}

static void
write_log (const UsherReport *self)
{
  g_autofree char *message = usher_report_to_string (self);
  g_autofree char *reason = usher_exit_to_string (self->reason);
  g_autofree char *n_children = g_strdup_printf ("%u", self->n_children);
  const GLogField fields[] = {
    { "MESSAGE", message, -1 },
    { "MESSAGE_ID", contexts[self->context].message_id, -1 },
    { "PRIORITY", "5", -1 },
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
    { "USHER_SUPERVISOR", self->supervisor, -1 },
    { "USHER_CONTEXT", contexts[self->context].nick, -1 },
    { "USHER_REASON", reason, -1 },
    { "USHER_OFFENDER", self->offender, -1 },
    { "USHER_N_CHILDREN", n_children, -1 },
    { "USHER_DETAIL", self->detail != NULL ? self->detail : "", -1 },
  };

  g_log_structured_array (G_LOG_LEVEL_MESSAGE, fields, G_N_ELEMENTS (fields));
}

void
usher_report_emit (gpointer object,
                   const UsherReportFields *fields)
{
  g_autoptr (UsherReport) report = report_new (fields);

  write_log (report);
  g_signal_emit_by_name (object, "report", report);
}

/**
 * usher_report_ref:
 * @self: a report
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
UsherReport *
usher_report_ref (UsherReport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

/**
 * usher_report_unref:
 * @self: (transfer full): a report
 *
 * Drops a reference.
 *
 * Since: 0.1
 */
void
usher_report_unref (UsherReport *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, report_clear);
}

/**
 * usher_report_get_supervisor:
 * @self: a report
 *
 * Gets the name of the supervisor, or pool, that it happened to.
 *
 * Returns: (transfer none): the name
 *
 * Since: 0.1
 */
const char *
usher_report_get_supervisor (const UsherReport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->supervisor;
}

/**
 * usher_report_get_context:
 * @self: a report
 *
 * Gets what the report is about.
 *
 * Returns: the context
 *
 * Since: 0.1
 */
UsherReportContext
usher_report_get_context (const UsherReport *self)
{
  g_return_val_if_fail (self != NULL, USHER_REPORT_START_ERROR);

  return self->context;
}

/**
 * usher_report_get_reason:
 * @self: a report
 *
 * Gets why it happened.
 *
 * Returns: (transfer none): the reason
 *
 * Since: 0.1
 */
UsherExit *
usher_report_get_reason (const UsherReport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->reason;
}

/**
 * usher_report_get_offender:
 * @self: a report
 *
 * Gets the id of the child that it happened with.
 *
 * Returns: (transfer none): the id
 *
 * Since: 0.1
 */
const char *
usher_report_get_offender (const UsherReport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->offender;
}

/**
 * usher_report_get_detail:
 * @self: a report
 *
 * Gets what tells the offender from others with the same id, for example a peer's address.
 *
 * Returns: (transfer none) (nullable): the detail
 *
 * Since: 0.1
 */
const char *
usher_report_get_detail (const UsherReport *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->detail;
}

/**
 * usher_report_get_n_children:
 * @self: a report
 *
 * Gets how many children the report speaks for: those with the same reason are reported together.
 *
 * Returns: a number of children
 *
 * Since: 0.1
 */
guint
usher_report_get_n_children (const UsherReport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_children;
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
  g_return_val_if_fail (self != NULL, NULL);

  g_autofree char *reason = usher_exit_to_string (self->reason);
  GString *line = g_string_new (NULL);

  g_string_append_printf (line, "%s: %s", self->supervisor, self->offender);
  if (self->detail != NULL)
    g_string_append_printf (line, " (%s)", self->detail);
  if (self->n_children != 1)
    g_string_append_printf (line, " ×%u", self->n_children);
  g_string_append_printf (line, " %s: %s", contexts[self->context].phrase, reason);

  return g_string_free (line, FALSE);
}
