/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/drain-spread-private.h"

/* The pool's crews, for the time of one life. The array changes in the pool's context only; others
 * look at it under the lock. */

static void
pool_update_terms (UsherAcceptorPool *self)
{
  self->terms.drain_spread_usec =
      usher_drain_spread_fit (self->drain_spread_msec, self->grace_msec) * G_TIME_SPAN_MILLISECOND;
}

static void
pool_add_crew (UsherAcceptorPool *self,
               UsherWorker *worker)
{
  UsherCrew *crew = usher_crew_new (self, worker, &self->terms);

  crew->n_crews = MAX (self->n_workers, 1);
  g_mutex_lock (&self->crews_lock);
  g_ptr_array_add (self->crews, crew);
  g_mutex_unlock (&self->crews_lock);
}

/* They have nothing to do yet, so that this does not wait for anybody else's code. */
static void
end_worker (gpointer worker)
{
  usher_worker_quit (worker, NULL, NULL, NULL);
  usher_worker_join (worker);
}

static GPtrArray *
pool_start_workers (UsherAcceptorPool *self,
                    GError **error)
{
  g_autoptr (GPtrArray) workers = g_ptr_array_new_with_free_func (end_worker);

  for (guint i = 1; i <= self->n_workers; i++)
    {
      UsherWorker *worker = usher_worker_new (self->name, i, error);

      if (worker == NULL)
        {
          g_prefix_error (error, "The pool %s cannot start worker %u of %u: ", self->name, i, self->n_workers);
          return NULL;
        }
      g_ptr_array_add (workers, worker);
    }

  return g_steal_pointer (&workers);
}

gboolean
usher_acceptor_pool_start_crews (UsherAcceptorPool *self,
                                 GError **error)
{
  g_autoptr (GPtrArray) workers = pool_start_workers (self, error);

  if (workers == NULL)
    return FALSE;

  pool_update_terms (self);
  g_ptr_array_set_free_func (workers, NULL);
  for (guint i = 0; i < workers->len; i++)
    pool_add_crew (self, workers->pdata[i]);
  if (workers->len == 0)
    pool_add_crew (self, NULL);

  return TRUE;
}

GPtrArray *
usher_acceptor_pool_dup_crews (UsherAcceptorPool *self)
{
  GPtrArray *crews = g_ptr_array_new_full (self->crews->len, (GDestroyNotify) usher_crew_unref);

  for (guint i = 0; i < self->crews->len; i++)
    g_ptr_array_add (crews, usher_crew_ref (self->crews->pdata[i]));
  return crews;
}

void
usher_acceptor_pool_order (UsherAcceptorPool *self,
                           UsherCrewFunc func,
                           gpointer data)
{
  g_autoptr (GPtrArray) crews = usher_acceptor_pool_dup_crews (self);

  for (guint i = 0; i < crews->len; i++)
    usher_crew_order (crews->pdata[i], func, data);
}

void
usher_acceptor_pool_order_about (UsherAcceptorPool *self,
                                 UsherCrewFunc func,
                                 UsherListenSocket *listen_socket)
{
  g_autoptr (GPtrArray) crews = usher_acceptor_pool_dup_crews (self);

  for (guint i = 0; i < crews->len; i++)
    usher_crew_order (crews->pdata[i], func, g_object_ref (listen_socket));
}

void
usher_acceptor_pool_apply_terms (UsherAcceptorPool *self)
{
  g_autoptr (GPtrArray) crews = usher_acceptor_pool_dup_crews (self);

  pool_update_terms (self);
  for (guint i = 0; i < crews->len; i++)
    {
      UsherCrewTerms *terms = g_new (UsherCrewTerms, 1);

      usher_crew_terms_copy (terms, &self->terms);
      usher_crew_order (crews->pdata[i], usher_crew_set_terms, terms);
    }
}

void
usher_acceptor_pool_wake_crews (UsherAcceptorPool *self)
{
  g_mutex_lock (&self->crews_lock);
  for (guint i = 0; i < self->crews->len; i++)
    usher_crew_schedule (self->crews->pdata[i]);
  g_mutex_unlock (&self->crews_lock);
}

/* Leaving. */

typedef struct
{
  UsherMessage message;
  UsherAcceptorPool *pool; /* (owned) */
  UsherWorker *worker;     /* (owned) */
} Farewell;

static void
on_worker_ended (UsherMessage *message)
{
  g_autofree Farewell *self = USHER_OWNER (Farewell, message, message);
  g_autoptr (UsherAcceptorPool) pool = self->pool;

  usher_worker_join (self->worker);
  pool->n_ending--;
  usher_acceptor_pool_schedule (pool);
}

/* Nobody else's code runs there any more, so that it ends at once. */
static void
pool_end_worker (UsherAcceptorPool *self,
                 UsherWorker *worker)
{
  Farewell *farewell = g_new0 (Farewell, 1);

  farewell->pool = g_object_ref (self);
  farewell->worker = worker;
  self->n_ending++;
  usher_worker_quit (worker, self->reactor, &farewell->message, on_worker_ended);
}

static void
pool_remove_crew (UsherAcceptorPool *self,
                  UsherCrew *crew)
{
  usher_crew_add_counters (crew, &self->counters);
  g_mutex_lock (&self->crews_lock);
  g_ptr_array_remove (self->crews, crew);
  g_mutex_unlock (&self->crews_lock);
  usher_acceptor_pool_schedule (self);
}

/* It is given no orders any more. */
void
usher_acceptor_pool_crew_left (UsherAcceptorPool *self,
                               UsherCrewNews *news)
{
  UsherCrew *crew = news->crew;

  if (!crew->is_forsaken)
    pool_remove_crew (self, crew);
  if (crew->worker == NULL)
    return;

  if (news->leaves_nobody && !crew->is_forsaken)
    pool_end_worker (self, crew->worker);
  else
    usher_crew_order (crew, usher_crew_dismiss, NULL);
}

static void
pool_forsake_crew (UsherAcceptorPool *self,
                   UsherCrew *crew)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GPtrArray) connections = usher_crew_forsake (crew, names);
  g_autoptr (UsherExit) killed = usher_exit_new_killed ();

  for (guint i = 0; i < names->len; i++)
    usher_acceptor_pool_tally (self, killed, names->pdata[i]);
  for (guint i = 0; i < connections->len; i++)
    {
      usher_connection_kill (connections->pdata[i]);
      usher_acceptor_pool_return_ticket (self, usher_connection_get_ticket (connections->pdata[i]));
    }
  pool_remove_crew (self, crew);
}

void
usher_acceptor_pool_forsake_crews (UsherAcceptorPool *self)
{
  g_autoptr (GPtrArray) crews = usher_acceptor_pool_dup_crews (self);

  for (guint i = 0; i < crews->len; i++)
    pool_forsake_crew (self, crews->pdata[i]);
}

UsherCrewFigures
usher_acceptor_pool_sum_figures (UsherAcceptorPool *self)
{
  UsherCrewFigures sum = { 0 };

  for (guint i = 0; i < self->crews->len; i++)
    {
      UsherCrewFigures figures = usher_crew_get_figures (self->crews->pdata[i]);

      sum.n_runs += figures.n_runs;
      sum.n_waiting += figures.n_waiting;
      sum.n_connections += figures.n_connections;
      sum.n_held += figures.n_held;
    }

  return sum;
}
