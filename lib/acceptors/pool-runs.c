/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "runtime/clock-private.h"
#include "usher/error.h"

/* Charging. */

static void
pool_charge (UsherAcceptorPool *self,
             UsherExit *reason,
             const char *detail)
{
  if (!usher_acceptor_pool_is_accepting (self))
    return;

  self->counters.n_restarts++;
  if (usher_budget_charge (&self->budget, usher_clock_now_usec ()))
    return;

  usher_acceptor_pool_report (self, USHER_REPORT_SHUTDOWN, reason, detail);
  usher_acceptor_pool_escalate (self);
}

void
usher_acceptor_pool_start_failed (UsherAcceptorPool *self,
                                  UsherListenSocket *listen_socket,
                                  const GError *error)
{
  g_autoptr (UsherAcceptorPool) held = g_object_ref (self);
  g_autoptr (UsherExit) reason = usher_exit_new_error (error);
  const char *address = usher_listen_socket_get_address (listen_socket);

  self->counters.n_start_errors++;
  usher_acceptor_pool_report (self, USHER_REPORT_START_ERROR, reason, address);
  pool_charge (self, reason, address);
}

/* The acceptors themselves. */

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
  usher_connection_set_limits (connection, &self->limits);
  self->n_connections++;
  self->counters.n_accepted++;
}

/* What becomes of a pool's connections while it goes down is told once, at its end. */
static void
pool_account_for (UsherAcceptorPool *self,
                  UsherAcceptorRun *run,
                  UsherExit *exit)
{
  gboolean is_abnormal = usher_exit_is_abnormal (exit);
  g_autofree char *peer = NULL;

  if (!is_abnormal && !run->is_cut)
    return;

  peer = usher_connection_dup_peer_name (run->connection);
  if (!is_abnormal)
    usher_acceptor_pool_tally_cut (self, peer);
  else if (!usher_acceptor_pool_is_accepting (self))
    usher_acceptor_pool_tally (self, exit, peer);
  else
    {
      usher_acceptor_pool_report (self, USHER_REPORT_CHILD_TERMINATED, exit, peer);
      if (self->restart == USHER_RESTART_TRANSIENT)
        pool_charge (self, exit, peer);
    }
}

void
usher_acceptor_pool_connection_exited (UsherAcceptorPool *self,
                                       UsherAcceptorRun *run,
                                       UsherExit *exit)
{
  g_autoptr (UsherAcceptorPool) held = g_object_ref (self);

  self->n_connections--;
  usher_pool_counters_count_exit (&self->counters, exit);
  usher_connection_add_bytes (run->connection, &self->counters.bytes_received, &self->counters.bytes_sent);
  usher_acceptor_pool_return_ticket (self, usher_connection_get_ticket (run->connection));
  usher_acceptor_run_ref (run);
  usher_acceptor_pool_remove_run (self, run);
  pool_account_for (self, run, exit);
  usher_acceptor_run_unref (run);
}

static void
pool_tally_killed (UsherAcceptorPool *self,
                   UsherAcceptorRun *run)
{
  g_autoptr (UsherExit) killed = usher_exit_new_killed ();
  g_autofree char *name = run->connection != NULL
                              ? usher_connection_dup_peer_name (run->connection)
                              : g_strdup (usher_listen_socket_get_address (run->socket->listen_socket));

  usher_acceptor_pool_tally (self, killed, name);
}

void
usher_acceptor_pool_tally_killed (UsherAcceptorPool *self)
{
  for (GList *l = self->runs.head; l != NULL; l = l->next)
    pool_tally_killed (self, l->data);
}

static void
pool_forget_connection (UsherAcceptorPool *self,
                        UsherConnection *connection)
{
  self->n_connections--;
  self->counters.n_exits[USHER_EXIT_KILLED]++;
  usher_connection_add_bytes (connection, &self->counters.bytes_received, &self->counters.bytes_sent);
  usher_acceptor_pool_return_ticket (self, usher_connection_get_ticket (connection));
}

void
usher_acceptor_pool_abandon_runs (UsherAcceptorPool *self)
{
  GList *link;

  while ((link = g_queue_pop_head_link (&self->runs)) != NULL)
    {
      UsherAcceptorRun *run = link->data;

      if (run->connection != NULL)
        pool_forget_connection (self, run->connection);
      usher_acceptor_run_abandon (run);
      usher_acceptor_run_unref (run);
    }
}
