/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/report.h"
#include "supervision/report-private.h"

/* A peer may have had a say in the text of an error. The field USHER_REASON has all of it. */
#define MAX_LOGGED_CHARS 1000

/**
 * UsherReport:
 *
 * One event of supervision, with the fields of OTP's supervisor reports.
 *
 * Each is emitted as a signal by the supervisor or pool that it happened to, and written as one
 * structured log entry at level %G_LOG_LEVEL_MESSAGE, with a `MESSAGE_ID` of its own for every
 * [enum@Usher.ReportContext], one human line of at most 1000 characters as `MESSAGE`, and the
 * fields `USHER_SUPERVISOR`, `USHER_CONTEXT`, `USHER_REASON`, `USHER_OFFENDER`, `USHER_DETAIL`,
 * `USHER_N_CHILDREN`, `USHER_CHILD_TYPE`, `USHER_RESTART`, `USHER_SHUTDOWN` and
 * `USHER_SIGNIFICANT`.
 *
 * Progress has a signal of its own, [signal@Usher.Supervisor::progress], and its log entry has
 * level %G_LOG_LEVEL_DEBUG and no `USHER_REASON`; it is only written if `G_MESSAGES_DEBUG` names
 * `usher`, or is `all`.
 *
 * It is immutable and reference-counted, and may be used from any thread.
 *
 * Since: 0.1
 */
struct _UsherReport
{
  char *supervisor; /* (owned) */
  UsherReportContext context;
  UsherExit *reason; /* (owned) (nullable): NULL for progress */
  char *offender;    /* (owned) */
  char *detail;      /* (owned) (nullable) */
  guint n_children;
  UsherChildType child_type;
  UsherRestart restart;
  gint64 shutdown_msec;
  gboolean is_significant;
};

G_DEFINE_ENUM_TYPE (UsherReportContext, usher_report_context,
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_START_ERROR, "start-error"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_CHILD_TERMINATED, "child-terminated"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_SHUTDOWN_ERROR, "shutdown-error"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_SHUTDOWN, "shutdown"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_RESOURCE, "resource"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_PROGRESS, "progress"))

G_DEFINE_BOXED_TYPE (UsherReport, usher_report, usher_report_ref, usher_report_unref)

/* The ids are for ever: people filter their journals by them. */
static const struct
{
  const char *nick;
  const char *message_id;
  const char *signal;
  GLogLevelFlags level;
  const char *priority;
} contexts[] = {
  [USHER_REPORT_START_ERROR] = {
      .nick = "start-error",
      .message_id = "4eb8697179d34f498c09b5ec4c899f53",
      .signal = "report",
      .level = G_LOG_LEVEL_MESSAGE,
      .priority = "5",
  },
  [USHER_REPORT_CHILD_TERMINATED] = {
      .nick = "child-terminated",
      .message_id = "408ab613cb1d4a6592128a8426e60dd0",
      .signal = "report",
      .level = G_LOG_LEVEL_MESSAGE,
      .priority = "5",
  },
  [USHER_REPORT_SHUTDOWN_ERROR] = {
      .nick = "shutdown-error",
      .message_id = "4baa27ab2d314585a5e058b5904cf80c",
      .signal = "report",
      .level = G_LOG_LEVEL_MESSAGE,
      .priority = "5",
  },
  [USHER_REPORT_SHUTDOWN] = {
      .nick = "shutdown",
      .message_id = "313bba3ad4974cba90e25bd6f4007c4d",
      .signal = "report",
      .level = G_LOG_LEVEL_MESSAGE,
      .priority = "5",
  },
  [USHER_REPORT_RESOURCE] = {
      .nick = "resource",
      .message_id = "6ec633cd390040ad8820138c3b646d68",
      .signal = "report",
      .level = G_LOG_LEVEL_MESSAGE,
      .priority = "5",
  },
  [USHER_REPORT_PROGRESS] = {
      .nick = "progress",
      .message_id = "1b39778464b341d19e33ded7b5472eb9",
      .signal = "progress",
      .level = G_LOG_LEVEL_DEBUG,
      .priority = "7",
  },
};

static void
report_clear (gpointer data)
{
  UsherReport *self = data;

  g_free (self->supervisor);
  g_clear_pointer (&self->reason, usher_exit_unref);
  g_free (self->offender);
  g_free (self->detail);
}

UsherReport *
usher_report_new (const UsherReportFields *fields)
{
  UsherReport *self = g_atomic_rc_box_new0 (UsherReport);

  self->supervisor = g_strdup (fields->supervisor);
  self->context = fields->context;
  self->reason = fields->reason != NULL ? usher_exit_ref (fields->reason) : NULL;
  self->offender = g_strdup (fields->offender);
  self->detail = g_strdup (fields->detail);
  self->n_children = fields->n_children;
  self->child_type = fields->child_type;
  self->restart = fields->restart;
  self->shutdown_msec = fields->shutdown_msec;
  self->is_significant = fields->significant;

  return self;
}

static void
write_log (const UsherReport *self)
{
  g_autofree char *message = usher_report_to_format (self, USHER_REPORT_FORMAT_LINE, MAX_LOGGED_CHARS);
  g_autofree char *reason = usher_report_describe_reason (self);
  g_autofree char *n_children = g_strdup_printf ("%u", self->n_children);
  g_autofree char *shutdown = usher_report_describe_shutdown (self);
  const GLogField fields[] = {
    { "MESSAGE", message, -1 },
    { "MESSAGE_ID", contexts[self->context].message_id, -1 },
    { "PRIORITY", contexts[self->context].priority, -1 },
    { "GLIB_DOMAIN", G_LOG_DOMAIN, -1 },
    { "USHER_SUPERVISOR", self->supervisor, -1 },
    { "USHER_CONTEXT", contexts[self->context].nick, -1 },
    { "USHER_REASON", reason != NULL ? reason : "", -1 },
    { "USHER_OFFENDER", self->offender, -1 },
    { "USHER_N_CHILDREN", n_children, -1 },
    { "USHER_DETAIL", self->detail != NULL ? self->detail : "", -1 },
    { "USHER_CHILD_TYPE", usher_report_describe_child_type (self), -1 },
    { "USHER_RESTART", usher_report_describe_restart (self), -1 },
    { "USHER_SHUTDOWN", shutdown, -1 },
    { "USHER_SIGNIFICANT", usher_report_describe_significant (self), -1 },
  };

  g_log_structured_array (contexts[self->context].level, fields, G_N_ELEMENTS (fields));
}

static gboolean
is_logged (UsherReportContext context)
{
  return !g_log_writer_default_would_drop (contexts[context].level, G_LOG_DOMAIN);
}

gboolean
usher_report_is_wanted (gpointer object,
                        UsherReportContext context)
{
  guint id = g_signal_lookup (contexts[context].signal, G_OBJECT_TYPE (object));

  return is_logged (context) || g_signal_has_handler_pending (object, id, 0, FALSE);
}

void
usher_report_publish (UsherReport *self,
                      gpointer object)
{
  if (is_logged (self->context))
    write_log (self);
  g_signal_emit_by_name (object, contexts[self->context].signal, self);
}

void
usher_report_emit (gpointer object,
                   const UsherReportFields *fields)
{
  g_autoptr (UsherReport) report = usher_report_new (fields);

  usher_report_publish (report, object);
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
 * Returns: (transfer none) (nullable): the reason, or %NULL for progress
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
 * usher_report_get_child_type:
 * @self: a report
 *
 * Gets whether the offender does work or supervises others.
 *
 * Returns: the type
 *
 * Since: 0.1
 */
UsherChildType
usher_report_get_child_type (const UsherReport *self)
{
  g_return_val_if_fail (self != NULL, USHER_CHILD_WORKER);

  return self->child_type;
}

/**
 * usher_report_get_restart:
 * @self: a report
 *
 * Gets when the offender is restarted.
 *
 * Returns: when to restart
 *
 * Since: 0.1
 */
UsherRestart
usher_report_get_restart (const UsherReport *self)
{
  g_return_val_if_fail (self != NULL, USHER_RESTART_PERMANENT);

  return self->restart;
}

/**
 * usher_report_get_shutdown_msec:
 * @self: a report
 *
 * Gets how long the offender may take to shut down. A default is resolved.
 *
 * Returns: a time in milliseconds, %USHER_SHUTDOWN_BRUTAL_KILL, or %USHER_SHUTDOWN_INFINITY
 *
 * Since: 0.1
 */
gint64
usher_report_get_shutdown_msec (const UsherReport *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->shutdown_msec;
}

/**
 * usher_report_get_significant:
 * @self: a report
 *
 * Gets whether the offender is significant.
 *
 * Returns: whether it is
 *
 * Since: 0.1
 */
gboolean
usher_report_get_significant (const UsherReport *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->is_significant;
}
