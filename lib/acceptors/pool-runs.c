/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "runtime/clock-private.h"
#include "supervision/report-private.h"
#include "usher/error.h"

/* How many of those who did not leave are named. */
#define MAX_NAMES 8

/* Reporting. */

static void
pool_report (UsherAcceptorPool *self,
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
                           });
}

static void
tally_add (UsherPoolTally *tally,
           const char *name)
{
  if (tally->names == NULL)
    tally->names = g_string_new (NULL);

  if (tally->n < MAX_NAMES)
    g_string_append_printf (tally->names, "%s%s", tally->n == 0 ? "" : ", ", name);
  else if (tally->n == MAX_NAMES)
    g_string_append (tally->names, ", …");
  tally->n++;
}

static void
pool_report_tally (UsherAcceptorPool *self,
                   UsherPoolTally *tally,
                   UsherExit *reason)
{
  UsherPoolTally reported = *tally;

  if (reported.n == 0)
    return;

  *tally = (UsherPoolTally){ 0 };
  usher_report_emit (self, &(UsherReportFields){
                               .supervisor = self->name,
                               .context = USHER_REPORT_SHUTDOWN_ERROR,
                               .reason = reason,
                               .offender = "acceptor",
                               .detail = reported.names->str,
                               .n_children = reported.n,
                           });
  g_string_free (reported.names, TRUE);
}

void
usher_acceptor_pool_report_shutdown_errors (UsherAcceptorPool *self)
{
  g_autoptr (GError) error = g_error_new (USHER_ERROR, USHER_ERROR_TIMED_OUT,
                                          "Still there after the grace of %" G_GINT64_FORMAT " ms",
                                          self->grace_msec);
  g_autoptr (UsherExit) cut = usher_exit_new_shutdown_with_error (error);
  g_autoptr (UsherExit) killed = usher_exit_new_killed ();

  pool_report_tally (self, &self->cut, cut);
  pool_report_tally (self, &self->killed, killed);
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
  pool_report (self, USHER_REPORT_RESOURCE, reason, detail);
}

/* Charging. */

static void
pool_charge (UsherAcceptorPool *self,
             UsherExit *reason,
             const char *detail)
{
  if (!usher_acceptor_pool_is_accepting (self) ||
      usher_budget_charge (&self->budget, usher_clock_now_usec ()))
    return;

  pool_report (self, USHER_REPORT_SHUTDOWN, reason, detail);
  usher_acceptor_pool_escalate (self);
}

void
usher_acceptor_pool_start_failed (UsherAcceptorPool *self,
                                  UsherListenSocket *listen_socket,
                                  const GError *error)
{
  g_autoptr (UsherExit) reason = usher_exit_new_error (error);
  const char *address = usher_listen_socket_get_address (listen_socket);

  pool_report (self, USHER_REPORT_START_ERROR, reason, address);
  pool_charge (self, reason, address);
}

/* The acceptors themselves. */

UsherAcceptor *
usher_acceptor_pool_make_acceptor (UsherAcceptorPool *self,
                                   GError **error)
{
  UsherAcceptor *acceptor = self->factory (self, self->factory_data, error);

  if (acceptor == NULL && error != NULL && *error == NULL)
    g_set_error (error, USHER_ERROR, USHER_ERROR_FAILED,
                 "The factory of the pool %s made no acceptor and did not say why", self->name);
  return acceptor;
}

void
usher_acceptor_pool_add_run (UsherAcceptorPool *self,
                             UsherAcceptorRun *run)
{
  usher_acceptor_run_ref (run);
  g_queue_push_tail_link (&self->runs, &run->run_link);
}

void
usher_acceptor_pool_remove_run (UsherAcceptorPool *self,
                                UsherAcceptorRun *run)
{
  g_queue_unlink (&self->runs, &run->run_link);
  usher_acceptor_run_unref (run);
  if (!usher_acceptor_pool_is_accepting (self))
    usher_acceptor_pool_schedule (self);
}

void
usher_acceptor_pool_connection_began (UsherAcceptorPool *self,
                                      UsherConnection *connection)
{
  usher_connection_set_drain_idle_reads (connection, self->drain_idle_reads);
  self->n_connections++;
}

void
usher_acceptor_pool_connection_exited (UsherAcceptorPool *self,
                                       UsherAcceptorRun *run,
                                       UsherExit *exit)
{
  gboolean is_abnormal = usher_exit_is_abnormal (exit);
  g_autofree char *peer = NULL;

  self->n_connections--;
  if (is_abnormal || run->is_cut)
    peer = usher_connection_dup_peer_name (run->connection);
  if (run->is_cut && usher_exit_get_kind (exit) == USHER_EXIT_SHUTDOWN)
    tally_add (&self->cut, peer);
  usher_acceptor_pool_remove_run (self, run);

  if (!is_abnormal)
    return;

  pool_report (self, USHER_REPORT_CHILD_TERMINATED, exit, peer);
  if (self->restart == USHER_RESTART_TRANSIENT)
    pool_charge (self, exit, peer);
}

static void
pool_tally_killed (UsherAcceptorPool *self,
                   UsherAcceptorRun *run)
{
  g_autofree char *name = run->connection != NULL
                              ? usher_connection_dup_peer_name (run->connection)
                              : g_strdup (usher_listen_socket_get_address (run->socket->listen_socket));

  tally_add (&self->killed, name);
}

void
usher_acceptor_pool_tally_killed (UsherAcceptorPool *self)
{
  for (GList *l = self->runs.head; l != NULL; l = l->next)
    pool_tally_killed (self, l->data);
}

void
usher_acceptor_pool_abandon_runs (UsherAcceptorPool *self)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&self->runs)) != NULL)
    {
      UsherAcceptorRun *run = link->data;

      if (run->state == USHER_RUN_SERVING)
        self->n_connections--;
      usher_acceptor_run_abandon (run);
      usher_acceptor_run_unref (run);
    }
}
