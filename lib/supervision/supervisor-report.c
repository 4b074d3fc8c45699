/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "supervision/report-private.h"
#include "usher/error.h"

/* A report is made by the decision that it is about, and published by an errand. */
typedef struct
{
  UsherSupervisor *supervisor; /* (unowned): errands run while it lives */
  UsherReport *report;         /* (owned) */
} ReportErrand;

static void
run_report (gpointer data)
{
  g_autofree ReportErrand *errand = data;
  g_autoptr (UsherReport) report = errand->report;

  usher_report_publish (report, errand->supervisor);
}

/* What ends its own start is returned to whoever has started it; a child over its budget has written
 * so itself. */
static gboolean
is_told_elsewhere (UsherSupervisor *self,
                   UsherReportContext context,
                   UsherExit *reason)
{
  if (context == USHER_REPORT_START_ERROR)
    return self->state == USHER_SUPERVISOR_STARTING;

  return context == USHER_REPORT_CHILD_TERMINATED &&
         g_error_matches (usher_exit_get_error (reason), USHER_ERROR, USHER_ERROR_MAX_INTENSITY);
}

static UsherReportFields
describe (UsherSupervisor *self,
          UsherReportContext context,
          UsherExit *reason,
          const UsherSlot *offender)
{
  return (UsherReportFields){
    .supervisor = self->name,
    .context = context,
    .reason = reason,
    .offender = usher_slot_get_id (offender),
    .n_children = 1,
    .child_type = usher_slot_get_child_type (offender),
    .restart = usher_child_spec_get_restart (offender->spec),
    .shutdown_msec = usher_slot_get_limit_msec (offender),
    .significant = usher_child_spec_get_significant (offender->spec),
    .is_told_elsewhere = is_told_elsewhere (self, context, reason),
  };
}

static void
send_report (UsherSupervisor *self,
             const UsherReportFields *fields)
{
  ReportErrand *errand = g_new0 (ReportErrand, 1);

  errand->supervisor = self;
  errand->report = usher_report_new (fields);
  usher_desk_send (&self->desk, run_report, errand);
}

void
usher_supervisor_report (UsherSupervisor *self,
                         UsherReportContext context,
                         UsherExit *reason,
                         const UsherSlot *offender)
{
  const UsherReportFields fields = describe (self, context, reason, offender);

  send_report (self, &fields);
}

/* They are all alike, so any of them speaks for the others. */
void
usher_supervisor_report_tally (UsherSupervisor *self)
{
  g_autoptr (GPtrArray) tally = g_steal_pointer (&self->tally);

  for (guint i = 0; tally != NULL && i < tally->len; i++)
    {
      const UsherTallied *tallied = g_ptr_array_index (tally, i);
      UsherReportFields fields = describe (self, USHER_REPORT_SHUTDOWN_ERROR, tallied->reason,
                                           g_queue_peek_head (&self->slots));

      fields.n_children = tallied->n_children;
      send_report (self, &fields);
    }
}

void
usher_supervisor_report_progress (UsherSupervisor *self,
                                  const UsherSlot *started)
{
  if (usher_report_is_wanted (self, USHER_REPORT_PROGRESS))
    usher_supervisor_report (self, USHER_REPORT_PROGRESS, NULL, started);
}
