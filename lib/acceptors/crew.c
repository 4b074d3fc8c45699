/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/crew-private.h"

#include "acceptors/acceptor-pool-private.h"
#include "acceptors/crew-socket-private.h"
#include "runtime/call-private.h"

#define EDGE(to) (1u << (to))

static const guint edges[] = {
  [USHER_CREW_WORKING] = EDGE (USHER_CREW_DRAINING) | EDGE (USHER_CREW_LEAVING),
  [USHER_CREW_DRAINING] = EDGE (USHER_CREW_LEAVING),
  [USHER_CREW_LEAVING] = EDGE (USHER_CREW_LEFT),
  [USHER_CREW_LEFT] = 0,
};

static void
crew_set_state (UsherCrew *self,
                UsherCrewState state)
{
  g_assert (edges[self->state] & EDGE (state));

  self->state = state;
}

/* Terms. */

void
usher_crew_terms_copy (UsherCrewTerms *self,
                       const UsherCrewTerms *terms)
{
  *self = *terms;
  if (self->factory != NULL)
    usher_pool_factory_ref (self->factory);
  if (self->goodbye != NULL)
    g_bytes_ref (self->goodbye);
}

void
usher_crew_terms_clear (UsherCrewTerms *self)
{
  g_clear_pointer (&self->factory, usher_pool_factory_unref);
  g_clear_pointer (&self->goodbye, g_bytes_unref);
}

static void
crew_poll_sockets (UsherCrew *self)
{
  for (guint i = 0; i < self->sockets->len; i++)
    usher_crew_socket_poll (self->sockets->pdata[i]);
}

void
usher_crew_set_terms (UsherCrew *self,
                      gpointer terms)
{
  UsherCrewTerms replaced = self->terms;

  self->terms = *(UsherCrewTerms *) terms;
  g_free (terms);
  crew_poll_sockets (self);
  usher_crew_schedule (self);
  usher_crew_terms_clear (&replaced);
}

UsherAcceptor *
usher_crew_make_acceptor (UsherCrew *self,
                          GError **error)
{
  g_autoptr (UsherPoolFactory) factory = usher_pool_factory_ref (self->terms.factory);
  g_autoptr (UsherAcceptorPool) pool = g_object_ref (self->pool);

  return usher_pool_factory_make (factory, pool, error);
}

/* Connections. */

UsherConnection *
usher_crew_make_connection (UsherCrew *self,
                            UsherListenSocket *listen_socket,
                            int fd,
                            const UsherPeer *peer)
{
  UsherConnection *spare = usher_connection_spares_take (&self->spares);

  if (spare == NULL)
    return usher_connection_new (self->reactor, listen_socket, fd, peer);

  usher_connection_begin_again (spare, listen_socket, fd, peer);
  return spare;
}

static void
on_spares (UsherMessage *message)
{
  UsherCrew *self = USHER_OWNER (UsherCrew, spares_message, message);

  usher_connection_spares_sort (&self->spares);
  if (self->state == USHER_CREW_LEFT)
    usher_connection_spares_clear (&self->spares);
  usher_crew_unref (self);
}

/* Whoever ends it is often called by somebody who still has a reference: a GTask, say. */
void
usher_crew_end_connection (UsherCrew *self,
                           UsherConnection *connection)
{
  if (self->state != USHER_CREW_WORKING)
    g_object_unref (connection);
  else if (usher_connection_spares_add (&self->spares, connection))
    {
      usher_crew_ref (self);
      usher_reactor_post (self->reactor, &self->spares_message, on_spares);
    }
}

/* Talking. */

typedef struct
{
  UsherCrew *crew; /* (owned) */
  UsherCrewFunc func;
  gpointer data;
} Order;

/* Once nobody is left for whom the crew could have been told to leave, it does. */
static void
crew_obey (UsherCrew *self,
           UsherCrewFunc func,
           gpointer data)
{
  self->n_orders++;
  func (self, data);
  self->n_orders--;
  if (self->state == USHER_CREW_LEAVING)
    usher_crew_schedule (self);
}

static void
on_order (gpointer data)
{
  g_autofree Order *order = data;
  g_autoptr (UsherCrew) crew = order->crew;

  crew_obey (crew, order->func, order->data);
}

void
usher_crew_order (UsherCrew *self,
                  UsherCrewFunc func,
                  gpointer data)
{
  g_autoptr (UsherCrew) crew = usher_crew_ref (self);
  Order *order;

  if (self->worker == NULL)
    {
      crew_obey (self, func, data);
      return;
    }

  order = g_new (Order, 1);
  *order = (Order){ g_steal_pointer (&crew), func, data };
  usher_call_soon (self->reactor, on_order, order);
}

static void
on_news (gpointer data)
{
  g_autoptr (UsherCrewNews) news = data;

  if (!news->crew->is_forsaken || news->func == usher_acceptor_pool_crew_left)
    news->func (news->pool, news);
}

void
usher_crew_tell_pool (UsherCrew *self,
                      UsherCrewNewsFunc func,
                      UsherCrewNews *news)
{
  news->crew = usher_crew_ref (self);
  news->pool = self->state == USHER_CREW_LEFT ? g_steal_pointer (&self->pool) : g_object_ref (self->pool);
  news->func = func;
  if (self->worker == NULL)
    on_news (news);
  else
    usher_call_soon (self->pool_reactor, on_news, news);
}

void
usher_crew_give_back (UsherCrew *self,
                      gpointer object)
{
  if (self->worker == NULL)
    g_object_unref (object);
  else
    usher_call_soon (self->pool_reactor, g_object_unref, object);
}

void
usher_crew_news_free (UsherCrewNews *news)
{
  usher_crew_unref (news->crew);
  g_object_unref (news->pool);
  g_clear_pointer (&news->socket, usher_crew_socket_unref);
  g_clear_error (&news->error);
  g_clear_pointer (&news->exit, usher_exit_unref);
  g_free (news->name);
  g_free (news);
}

/* Moving on. */

void
usher_crew_begin_drain (UsherCrew *self)
{
  crew_set_state (self, USHER_CREW_DRAINING);
}

void
usher_crew_leave (UsherCrew *self,
                  gpointer unused)
{
  crew_set_state (self, USHER_CREW_LEAVING);
  usher_crew_refuse_held (self, NULL);
}

/* The reference on the pool goes with the news. It has nothing to do any more, so that nobody need
 * schedule it: the worker may end before it would hear of that. */
static void
crew_part (UsherCrew *self)
{
  UsherCrewNews *news = g_new0 (UsherCrewNews, 1);

  crew_set_state (self, USHER_CREW_LEFT);
  g_atomic_int_set (&self->is_scheduled, TRUE);
  usher_farewells_clear (&self->farewells);
  usher_connection_spares_clear (&self->spares);
  news->leaves_nobody = self->n_alive == 0;
  usher_crew_tell_pool (self, usher_acceptor_pool_crew_left, news);
}

/* What the worker still has to do is for those who were abandoned. */
static void
crew_end_if_alone (UsherCrew *self)
{
  UsherWorker *worker;

  if (!self->is_dismissed || self->n_alive > 0)
    return;

  self->is_dismissed = FALSE;
  worker = self->worker;
  usher_worker_quit (worker, NULL, NULL, NULL);
  usher_worker_detach (worker);
}

void
usher_crew_dismiss (UsherCrew *self,
                    gpointer unused)
{
  self->is_dismissed = TRUE;
  crew_end_if_alone (self);
}

void
usher_crew_count_alive (UsherCrew *self,
                        int difference)
{
  self->n_alive += difference;
  crew_end_if_alone (self);
}

GPtrArray *
usher_crew_dup_sockets (UsherCrew *self)
{
  GPtrArray *sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_crew_socket_unref);

  for (guint i = 0; i < self->sockets->len; i++)
    g_ptr_array_add (sockets, usher_crew_socket_ref (self->sockets->pdata[i]));
  return sockets;
}

static void
crew_reconcile_sockets (UsherCrew *self)
{
  g_autoptr (GPtrArray) sockets = usher_crew_dup_sockets (self);

  self->n_reconciled++;
  for (guint i = 0; i < sockets->len; i++)
    usher_crew_socket_reconcile (sockets->pdata[(self->n_reconciled + i) % sockets->len]);
}

/* The one place in which the crew moves on. */
static void
on_message (UsherMessage *message)
{
  UsherCrew *self = USHER_OWNER (UsherCrew, message, message);

  g_atomic_int_set (&self->is_scheduled, FALSE);
  crew_reconcile_sockets (self);
  if (self->state == USHER_CREW_WORKING || self->state == USHER_CREW_DRAINING)
    usher_crew_serve_held (self);
  if (self->state == USHER_CREW_LEAVING && self->runs.length == 0 && self->n_orders == 0)
    crew_part (self);

  usher_crew_unref (self);
}

void
usher_crew_schedule (UsherCrew *self)
{
  if (g_atomic_int_exchange (&self->is_scheduled, TRUE))
    return;

  usher_crew_ref (self);
  usher_reactor_post (self->reactor, &self->message, on_message);
}

UsherCrew *
usher_crew_new (UsherAcceptorPool *pool,
                UsherWorker *worker,
                const UsherCrewTerms *terms)
{
  UsherCrew *self = g_new0 (UsherCrew, 1);

  self->ref_count = 1;
  self->pool = g_object_ref (pool);
  self->pool_reactor = usher_reactor_ref (pool->reactor);
  self->worker = worker;
  self->reactor = usher_reactor_ref (worker != NULL ? usher_worker_get_reactor (worker) : pool->reactor);
  usher_crew_terms_copy (&self->terms, terms);
  self->sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_crew_socket_unref);
  g_mutex_init (&self->lock);

  return self;
}

UsherCrew *
usher_crew_ref (UsherCrew *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
usher_crew_unref (UsherCrew *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  usher_crew_terms_clear (&self->terms);
  usher_free_list_clear (&self->spare_runs);
  usher_acceptor_kind_clear (&self->kind);
  g_ptr_array_unref (self->sockets);
  usher_reactor_unref (self->reactor);
  usher_reactor_unref (self->pool_reactor);
  g_mutex_clear (&self->lock);
  g_free (self);
}
