/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/crew-private.h"

#include "acceptors/acceptor-pool-private.h"
#include "acceptors/crew-socket-private.h"
#include "runtime/clock-private.h"

/* The books. Nobody is called with the lock held. */

void
usher_crew_count (UsherCrew *self,
                  guint64 *counter)
{
  g_mutex_lock (&self->lock);
  (*counter)++;
  g_mutex_unlock (&self->lock);
}

void
usher_crew_refuse (UsherCrew *self,
                   int fd,
                   UsherRefusal reason)
{
  usher_crew_count (self, &self->counters.n_refused[reason]);
  usher_farewells_say (&self->farewells, self->reactor, fd, self->terms.goodbye);
}

void
usher_crew_add_run (UsherCrew *self,
                    UsherAcceptorRun *run)
{
  usher_acceptor_run_ref (run);
  g_mutex_lock (&self->lock);
  g_queue_push_tail_link (&self->runs, &run->link);
  g_mutex_unlock (&self->lock);
}

/* The lock is held. */
static void
crew_book_state (UsherCrew *self,
                 UsherAcceptorRun *run,
                 UsherRunState state)
{
  if (run->state == USHER_RUN_WAITING)
    self->n_waiting--;
  if (state == USHER_RUN_WAITING)
    self->n_waiting++;
  if (state == USHER_RUN_SERVING)
    {
      self->n_connections++;
      self->counters.n_accepted++;
    }
  run->state = state;
}

void
usher_crew_set_run_state (UsherCrew *self,
                          UsherAcceptorRun *run,
                          UsherRunState state)
{
  g_mutex_lock (&self->lock);
  crew_book_state (self, run, state);
  g_mutex_unlock (&self->lock);
}

/* The lock is held. */
static void
crew_strike_out (UsherCrew *self,
                 UsherAcceptorRun *run)
{
  crew_book_state (self, run, USHER_RUN_EXITED);
  g_queue_unlink (&self->runs, &run->link);
}

/* The lock is held. */
static void
crew_book_exit (UsherCrew *self,
                UsherConnection *connection,
                UsherExit *exit)
{
  self->n_connections--;
  usher_pool_counters_count_exit (&self->counters, exit);
  usher_connection_add_bytes (connection, &self->counters.bytes_received, &self->counters.bytes_sent);
}

/* Whoever waits for the last one has to be told. */
static void
crew_run_is_gone (UsherCrew *self)
{
  if (self->state == USHER_CREW_DRAINING)
    usher_acceptor_pool_schedule (self->pool);
  else if (self->state == USHER_CREW_LEAVING)
    usher_crew_schedule (self);
}

void
usher_crew_remove_run (UsherCrew *self,
                       UsherAcceptorRun *run)
{
  g_mutex_lock (&self->lock);
  crew_strike_out (self, run);
  g_mutex_unlock (&self->lock);
  crew_run_is_gone (self);
  usher_acceptor_run_unref (run);
}

static void
crew_return_ticket (UsherCrew *self,
                    UsherAcceptorRun *run)
{
  usher_acceptor_pool_return_ticket (self->pool, usher_connection_get_ticket (run->connection));
}

static void
crew_tell_of_run (UsherCrew *self,
                  UsherAcceptorRun *run,
                  UsherExit *exit,
                  UsherCrewNewsFunc func)
{
  UsherCrewNews *news = g_new0 (UsherCrewNews, 1);

  news->exit = usher_exit_ref (exit);
  news->name = usher_acceptor_run_dup_name (run);
  usher_crew_tell_pool (self, func, news);
}

void
usher_crew_connection_exited (UsherCrew *self,
                              UsherAcceptorRun *run,
                              UsherExit *exit)
{
  g_mutex_lock (&self->lock);
  crew_book_exit (self, run->connection, exit);
  crew_strike_out (self, run);
  g_mutex_unlock (&self->lock);
  crew_return_ticket (self, run);
  crew_run_is_gone (self);
  if (usher_exit_is_abnormal (exit) || run->serving.is_cut)
    crew_tell_of_run (self, run, exit, usher_acceptor_pool_connection_failed);
  usher_acceptor_run_unref (run);
}

/* Ending. */

void
usher_crew_cut (UsherCrew *self,
                gpointer unused)
{
  g_autoptr (GPtrArray) cut = g_ptr_array_new_with_free_func (g_object_unref);

  g_mutex_lock (&self->lock);
  for (GList *l = self->runs.head; l != NULL; l = l->next)
    {
      UsherAcceptorRun *run = l->data;

      if (run->state != USHER_RUN_SERVING)
        continue;

      run->serving.is_cut = TRUE;
      g_ptr_array_add (cut, g_object_ref (run->connection));
    }
  g_mutex_unlock (&self->lock);

  for (guint i = 0; i < cut->len; i++)
    usher_connection_stop (cut->pdata[i]);
}

static void
crew_abandon_run (UsherCrew *self,
                  UsherAcceptorRun *run,
                  gboolean is_reported)
{
  g_autoptr (UsherExit) killed = usher_exit_new_killed ();

  g_mutex_lock (&self->lock);
  g_queue_unlink (&self->runs, &run->link);
  if (run->connection != NULL)
    crew_book_exit (self, run->connection, killed);
  g_mutex_unlock (&self->lock);
  if (is_reported)
    crew_tell_of_run (self, run, killed, usher_acceptor_pool_run_killed);
  if (run->connection != NULL)
    crew_return_ticket (self, run);
  usher_acceptor_run_abandon (run);
  usher_acceptor_run_unref (run);
}

/* Those who still wait are just being dismissed, if one of them has the pool killed. */
void
usher_crew_abandon (UsherCrew *self,
                    gpointer is_reported)
{
  usher_crew_refuse_held (self, NULL);
  while (self->runs.head != NULL)
    {
      UsherAcceptorRun *run = self->runs.head->data;

      if (run->state == USHER_RUN_WAITING)
        usher_crew_socket_dismiss_waiting (run->socket, run);
      else
        crew_abandon_run (self, run, GPOINTER_TO_INT (is_reported));
    }
}
