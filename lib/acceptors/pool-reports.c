/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "runtime/clock-private.h"
#include "supervision/report-private.h"
#include "supervision/report-tally-private.h"
#include "usher/error.h"

static UsherReportFields
pool_describe (UsherAcceptorPool *self,
               UsherReportContext context,
               UsherExit *reason,
               const char *detail)
{
  return (UsherReportFields){
    .supervisor = self->name,
    .context = context,
    .reason = reason,
    .offender = "acceptor",
    .detail = detail,
    .n_children = 1,
    .restart = self->restart,
    .shutdown_msec = self->shutdown_msec,
  };
}

void
usher_acceptor_pool_report (UsherAcceptorPool *self,
                            UsherReportContext context,
                            UsherExit *reason,
                            const char *detail)
{
  const UsherReportFields fields = pool_describe (self, context, reason, detail);

  usher_report_emit (self, &fields);
}

void
usher_acceptor_pool_tally (UsherAcceptorPool *self,
                           UsherExit *reason,
                           const char *name)
{
  usher_report_tally_add (&self->tally, reason, name);
}

void
usher_acceptor_pool_tally_cut (UsherAcceptorPool *self,
                               const char *name)
{
  g_autoptr (GError) error = g_error_new (USHER_ERROR, USHER_ERROR_TIMED_OUT,
                                          "Still there after the grace of %" G_GINT64_FORMAT " ms",
                                          self->drain_grace_msec);
  g_autoptr (UsherExit) cut = usher_exit_new_shutdown_with_error (error);

  usher_acceptor_pool_tally (self, cut, name);
}

void
usher_acceptor_pool_report_shutdown_errors (UsherAcceptorPool *self)
{
  g_autoptr (GPtrArray) tally = g_steal_pointer (&self->tally);

  for (guint i = 0; tally != NULL && i < tally->len; i++)
    {
      const UsherTallied *tallied = g_ptr_array_index (tally, i);
      UsherReportFields fields = pool_describe (self, USHER_REPORT_SHUTDOWN_ERROR, tallied->reason,
                                                tallied->names->str);

      fields.n_children = tallied->n_children;
      usher_report_emit (self, &fields);
    }
}

/* One report tells the story; the pauses that follow add nothing to it. */
void
usher_acceptor_pool_report_resource (UsherAcceptorPool *self,
                                     UsherListenSocket *listen_socket,
                                     const GError *error)
{
  g_autoptr (UsherExit) reason = usher_exit_new_shutdown_with_error (error);
  g_autoptr (GString) detail = NULL;

  if (!usher_budget_charge (&self->resource_reports, usher_clock_now_usec ()))
    {
      self->n_resource_unreported++;
      return;
    }

  detail = g_string_new (NULL);
  g_string_printf (detail, "accepting on %s pauses until there is more", usher_listen_socket_get_address (listen_socket));
  if (self->n_resource_unreported > 0)
    g_string_append_printf (detail, "; %u more such pauses since the last report", self->n_resource_unreported);
  self->n_resource_unreported = 0;
  usher_acceptor_pool_report (self, USHER_REPORT_RESOURCE, reason, detail->str);
}
