/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "runtime/clock-private.h"
#include "supervision/report-private.h"
#include "usher/error.h"

/* How many of those with the same reason are named. */
#define MAX_NAMES 8

/* Those who exited for the same reason while the pool went down. */
typedef struct
{
  UsherExit *reason; /* (owned) */
  guint n;
  GString *names; /* (owned): of the first few */
} Tally;

void
usher_acceptor_pool_report (UsherAcceptorPool *self,
                            UsherReportContext context,
                            UsherExit *reason,
                            const char *detail)
{
  usher_report_emit (self, &(UsherReportFields){
                               .supervisor = self->name,
                               .context = context,
                               .reason = reason,
                               .offender = "acceptor",
                               .detail = detail,
                               .n_children = 1,
                               .restart = self->restart,
                               .shutdown_msec = self->shutdown_msec,
                           });
}

static void
tally_free (gpointer data)
{
  Tally *self = data;

  usher_exit_unref (self->reason);
  g_string_free (self->names, TRUE);
  g_free (self);
}

/* Messages may name the peer; what makes a reason is the kind of exit and of error. */
static gboolean
is_same_reason (UsherExit *a,
                UsherExit *b)
{
  const GError *a_error = usher_exit_get_error (a);
  const GError *b_error = usher_exit_get_error (b);

  if (usher_exit_get_kind (a) != usher_exit_get_kind (b) || (a_error == NULL) != (b_error == NULL))
    return FALSE;

  return a_error == NULL || g_error_matches (a_error, b_error->domain, b_error->code);
}

static Tally *
pool_get_tally (UsherAcceptorPool *self,
                UsherExit *reason)
{
  Tally *tally;

  if (self->tallies == NULL)
    self->tallies = g_ptr_array_new_with_free_func (tally_free);

  for (guint i = 0; i < self->tallies->len; i++)
    {
      tally = self->tallies->pdata[i];
      if (is_same_reason (tally->reason, reason))
        return tally;
    }

  tally = g_new0 (Tally, 1);
  tally->reason = usher_exit_ref (reason);
  tally->names = g_string_new (NULL);
  g_ptr_array_add (self->tallies, tally);

  return tally;
}

void
usher_acceptor_pool_tally (UsherAcceptorPool *self,
                           UsherExit *reason,
                           const char *name)
{
  Tally *tally = pool_get_tally (self, reason);

  if (tally->n < MAX_NAMES)
    g_string_append_printf (tally->names, "%s%s", tally->n == 0 ? "" : ", ", name);
  else if (tally->n == MAX_NAMES)
    g_string_append (tally->names, ", …");
  tally->n++;
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
  g_autoptr (GPtrArray) tallies = g_steal_pointer (&self->tallies);

  for (guint i = 0; tallies != NULL && i < tallies->len; i++)
    {
      Tally *tally = tallies->pdata[i];

      usher_report_emit (self, &(UsherReportFields){
                                   .supervisor = self->name,
                                   .context = USHER_REPORT_SHUTDOWN_ERROR,
                                   .reason = tally->reason,
                                   .offender = "acceptor",
                                   .detail = tally->names->str,
                                   .n_children = tally->n,
                                   .restart = self->restart,
                                   .shutdown_msec = self->shutdown_msec,
                               });
    }
}

/* One report tells the story; the pauses that follow add nothing to it. */
void
usher_acceptor_pool_report_resource (UsherAcceptorPool *self,
                                     UsherListenSocket *listen_socket,
                                     const GError *error)
{
  g_autoptr (UsherExit) reason = usher_exit_new_shutdown_with_error (error);
  g_autofree char *detail = NULL;

  if (!usher_budget_charge (&self->resource_reports, usher_clock_now_usec ()))
    {
      self->n_resource_unreported++;
      return;
    }

  detail = g_strdup_printf ("accepting on %s pauses until there is more; %u such pauses since the last report",
                            usher_listen_socket_get_address (listen_socket), self->n_resource_unreported);
  self->n_resource_unreported = 0;
  usher_acceptor_pool_report (self, USHER_REPORT_RESOURCE, reason, detail);
}
