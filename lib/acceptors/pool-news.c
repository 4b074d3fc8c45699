/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/listen-socket-private.h"
#include "runtime/clock-private.h"
#include "supervision/exit-private.h"

/* What the crews tell. */

static void
pool_charge (UsherAcceptorPool *self,
             UsherExit *reason,
             const char *detail)
{
  g_autofree char *latest = NULL;

  if (!usher_acceptor_pool_is_accepting (self))
    return;

  self->counters.n_restarts++;
  if (usher_budget_charge (&self->budget, usher_clock_now_usec ()))
    return;

  usher_acceptor_pool_report (self, USHER_REPORT_SHUTDOWN, reason, detail);
  latest = g_strdup_printf ("acceptor (%s): %s", detail, usher_exit_get_text (reason));
  usher_acceptor_pool_escalate (self, latest);
}

static UsherListenSocket *
news_get_listen_socket (UsherCrewNews *news)
{
  return news->socket->listen_socket;
}

/* Whoever hears of it may have ended the pool, and the crew with it. */
void
usher_acceptor_pool_start_failed (UsherAcceptorPool *self,
                                  UsherCrewNews *news)
{
  g_autoptr (UsherExit) reason = usher_exit_new_error (news->error);
  const char *address = usher_listen_socket_get_address (news_get_listen_socket (news));

  usher_acceptor_pool_report (self, USHER_REPORT_START_ERROR, reason, address);
  pool_charge (self, reason, address);
  if (g_ptr_array_find (self->crews, news->crew, NULL))
    usher_crew_order (news->crew, usher_crew_judge, usher_crew_socket_ref (news->socket));
}

void
usher_acceptor_pool_lacks_resource (UsherAcceptorPool *self,
                                    UsherCrewNews *news)
{
  usher_acceptor_pool_report_resource (self, news_get_listen_socket (news), news->error);
}

/* Another crew may have met it before, and the listen socket may be up again since. */
void
usher_acceptor_pool_socket_failed (UsherAcceptorPool *self,
                                   UsherCrewNews *news)
{
  if (!usher_crew_socket_is_shut (news->socket))
    usher_listen_socket_fail (news_get_listen_socket (news), news->error);
}

/* What becomes of a pool's connections while it goes down is told once, at its end. */
void
usher_acceptor_pool_connection_failed (UsherAcceptorPool *self,
                                       UsherCrewNews *news)
{
  if (!usher_exit_is_abnormal (news->exit))
    usher_acceptor_pool_tally_cut (self, news->name);
  else if (!usher_acceptor_pool_is_accepting (self))
    usher_acceptor_pool_tally (self, news->exit, news->name);
  else
    {
      usher_acceptor_pool_report (self, USHER_REPORT_CHILD_TERMINATED, news->exit, news->name);
      if (self->restart == USHER_RESTART_TRANSIENT)
        pool_charge (self, news->exit, news->name);
    }
}

void
usher_acceptor_pool_run_killed (UsherAcceptorPool *self,
                                UsherCrewNews *news)
{
  usher_acceptor_pool_tally (self, news->exit, news->name);
}
