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
 * [enum@Usher.ReportContext], one human line of at most 1000 characters as `MESSAGE`, and the
 * fields `USHER_SUPERVISOR`, `USHER_CONTEXT`, `USHER_REASON`, `USHER_OFFENDER`, `USHER_DETAIL`,
 * `USHER_N_CHILDREN`, `USHER_CHILD_TYPE`, `USHER_RESTART`, `USHER_SHUTDOWN`, `USHER_SIGNIFICANT` and
 * `USHER_N_JOINED`.
 *
 * What fails again and again fills no log: a supervisor or pool writes the same line at most once in
 * ten seconds, and then says how many more there were (`USHER_N_JOINED`). The signal is emitted for
 * each. The entry has level %G_LOG_LEVEL_DEBUG if it would only repeat what is told elsewhere: the
 * failure that ends the start of a supervisor, which is returned to whoever has started it, and the
 * end of a child that was over its budget, which has written so itself.
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
  gboolean is_told_elsewhere;
};

G_DEFINE_ENUM_TYPE (UsherReportContext, usher_report_context,
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_START_ERROR, "start-error"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_CHILD_TERMINATED, "child-terminated"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_SHUTDOWN_ERROR, "shutdown-error"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_SHUTDOWN, "shutdown"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_RESOURCE, "resource"),
                    G_DEFINE_ENUM_VALUE (USHER_REPORT_PROGRESS, "progress"))

G_DEFINE_BOXED_TYPE (UsherReport, usher_report, usher_report_ref, usher_report_unref)

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
  self->is_told_elsewhere = fields->is_told_elsewhere;

  return self;
}

/* The signal that tells of it. */
static const char *
choose_signal (UsherReportContext context)
{
  return context == USHER_REPORT_PROGRESS ? "progress" : "report";
}

gboolean
usher_report_is_wanted (gpointer object,
                        UsherReportContext context)
{
  guint id = g_signal_lookup (choose_signal (context), G_OBJECT_TYPE (object));

  return usher_report_is_logged (context) || g_signal_has_handler_pending (object, id, 0, FALSE);
}

gboolean
usher_report_is_told_elsewhere (const UsherReport *self)
{
  return self->is_told_elsewhere;
}

void
usher_report_publish (UsherReport *self,
                      gpointer object)
{
  usher_report_log (self, object);
  g_signal_emit_by_name (object, choose_signal (self->context), self);
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
