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

void
usher_acceptor_pool_start_crews (UsherAcceptorPool *self)
{
  pool_update_terms (self);
  g_mutex_lock (&self->crews_lock);
  g_ptr_array_add (self->crews, usher_crew_new (self, self->reactor, &self->terms));
  g_mutex_unlock (&self->crews_lock);
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

void
usher_acceptor_pool_crew_left (UsherAcceptorPool *self,
                               gpointer crew)
{
  g_autoptr (UsherCrew) left = crew;

  usher_crew_add_counters (left, &self->counters);
  g_mutex_lock (&self->crews_lock);
  g_ptr_array_remove (self->crews, left);
  g_mutex_unlock (&self->crews_lock);
  usher_acceptor_pool_schedule (self);
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
