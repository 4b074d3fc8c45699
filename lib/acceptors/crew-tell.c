/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/crew-private.h"

#include "acceptors/acceptor-pool-private.h"
#include "acceptors/crew-socket-private.h"
#include "acceptors/drain-spread-private.h"
#include "runtime/clock-private.h"

/* Whoever has connected has a time to say what it wants: that may be under way. */
static gint64
crew_get_earliest_usec (UsherCrew *self,
                        UsherAcceptorRun *run)
{
  return usher_connection_has_received (run->connection) ? 0 : run->serving.began_usec + self->terms.drain_patience_usec;
}

/* Whether neither its turn has come by a given moment, nor the end of its time for a word. */
static gboolean
crew_tells_after (UsherCrew *self,
                  UsherAcceptorRun *run,
                  gint64 usec)
{
  return run->serving.drained_usec == 0 ||
         usher_acceptor_run_get_telling_usec (run) > MAX (usec, crew_get_earliest_usec (self, run));
}

static void
crew_tell_run (UsherCrew *self,
               UsherAcceptorRun *run,
               gint64 delay_usec)
{
  usher_acceptor_run_tell (run, MAX (delay_usec, crew_get_earliest_usec (self, run) - usher_clock_now_usec ()));
}

/* Tells the connections of one listen socket, or of all, each in its turn. Those who wait for theirs
 * already are told again if that is later than the spread allows. Returns when the latest grace of
 * those that are still here has begun. */
static gint64
crew_tell (UsherCrew *self,
           UsherListenSocket *listen_socket,
           gint64 spread_usec)
{
  g_autoptr (GPtrArray) told = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_acceptor_run_unref);
  gint64 now_usec = usher_clock_now_usec ();
  gint64 last_usec = 0;

  for (GList *l = self->runs.head; l != NULL; l = l->next)
    {
      UsherAcceptorRun *run = l->data;

      if (run->state != USHER_RUN_SERVING ||
          (listen_socket != NULL && run->socket->listen_socket != listen_socket))
        continue;

      if (crew_tells_after (self, run, now_usec + spread_usec))
        {
          run->serving.drained_usec = now_usec;
          g_ptr_array_add (told, usher_acceptor_run_ref (run));
        }
      last_usec = MAX (last_usec, run->serving.drained_usec);
    }

  for (guint i = 0; i < told->len; i++)
    crew_tell_run (self, told->pdata[i], usher_drain_spread_delay_usec (spread_usec, i, told->len, g_random_double ()));

  return last_usec;
}

void
usher_crew_tell_latecomer (UsherCrew *self,
                           UsherAcceptorRun *run)
{
  gint64 spread_usec = usher_drain_spread_delay_usec (self->terms.drain_spread_usec, 0, 1, g_random_double ());

  run->serving.drained_usec = usher_clock_now_usec ();
  crew_tell_run (self, run, spread_usec);
}

void
usher_crew_tell_connections (UsherCrew *self,
                             gpointer listen_socket)
{
  crew_tell (self, listen_socket, self->terms.drain_spread_usec);
  usher_crew_give_back (self, listen_socket);
}

void
usher_crew_drain (UsherCrew *self,
                  gpointer spread_msec)
{
  UsherCrewNews *news = g_new0 (UsherCrewNews, 1);

  usher_crew_begin_drain (self);
  news->told_usec = crew_tell (self, NULL, GPOINTER_TO_UINT (spread_msec) * G_TIME_SPAN_MILLISECOND);
  if (self->held.length > 0)
    news->told_usec = usher_clock_now_usec ();
  usher_crew_tell_pool (self, usher_acceptor_pool_crew_told, news);
}
