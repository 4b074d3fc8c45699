/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/pool-socket-private.h"

#include "acceptors/acceptor-pool-private.h"

/* Whoever is called may stop the pool, and drop the last reference on it. */
static void
pool_socket_hold (UsherPoolSocket *self)
{
  usher_pool_socket_ref (self);
  g_object_ref (self->pool);
}

static void
pool_socket_release (UsherPoolSocket *self)
{
  g_object_unref (self->pool);
  usher_pool_socket_unref (self);
}

/* Each crew has at least one. */
static guint
deal (guint n_acceptors,
      guint n_crews,
      guint i)
{
  return MAX (n_acceptors / n_crews + (i < n_acceptors % n_crews), 1);
}

void
usher_pool_socket_attach (UsherPoolSocket *self)
{
  g_autoptr (GPtrArray) crews = usher_acceptor_pool_dup_crews (self->pool);
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_crew_socket_unref);

  for (guint i = 0; i < crews->len; i++)
    g_ptr_array_add (parts, usher_crew_socket_new (crews->pdata[i], self->listen_socket,
                                                   deal (self->n_acceptors, crews->len, i)));

  self->parts = g_ptr_array_ref (parts);
  for (guint i = 0; i < parts->len && self->parts == parts; i++)
    usher_crew_order (crews->pdata[i], usher_crew_attach, usher_crew_socket_ref (parts->pdata[i]));
}

static void
pool_socket_shut (UsherPoolSocket *self)
{
  for (guint i = 0; self->parts != NULL && i < self->parts->len; i++)
    usher_crew_socket_shut (self->parts->pdata[i]);
}

void
usher_pool_socket_part (UsherPoolSocket *self,
                        UsherCrewFunc how)
{
  g_autoptr (GPtrArray) parts = NULL;

  pool_socket_shut (self);
  parts = g_steal_pointer (&self->parts);
  for (guint i = 0; parts != NULL && i < parts->len; i++)
    usher_crew_order (((UsherCrewSocket *) parts->pdata[i])->crew, how, usher_crew_socket_ref (parts->pdata[i]));
}

void
usher_pool_socket_reconcile (UsherPoolSocket *self)
{
  gboolean wanted = !self->is_removed && usher_acceptor_pool_is_accepting (self->pool);
  gboolean is_up = usher_listen_socket_is_up (self->listen_socket);

  usher_pool_socket_ref (self);
  if (!wanted)
    usher_pool_socket_part (self, usher_crew_detach);
  else if (!is_up)
    usher_pool_socket_part (self, usher_crew_park);
  else if (self->parts == NULL)
    usher_pool_socket_attach (self);
  usher_pool_socket_unref (self);
}

void
usher_pool_socket_set_n_acceptors (UsherPoolSocket *self,
                                   guint n_acceptors)
{
  self->n_acceptors = n_acceptors;

  for (guint i = 0; self->parts != NULL && i < self->parts->len; i++)
    {
      UsherCrewSocket *part = self->parts->pdata[i];
      UsherCrewChange *change = g_new (UsherCrewChange, 1);

      change->socket = usher_crew_socket_ref (part);
      change->n_acceptors = deal (n_acceptors, self->parts->len, i);
      usher_crew_order (part->crew, usher_crew_set_n_acceptors, change);
    }
}

/* One that was to be closed for good may have been opened again, before that. */
static void
on_up (UsherPoolSocket *self)
{
  pool_socket_hold (self);
  usher_pool_socket_part (self, usher_crew_park);
  usher_pool_socket_reconcile (self);
  pool_socket_release (self);
}

/* Nobody touches the descriptor any more, since it is about to be closed. If that is for good, its
 * acceptors end when those in its queue are served. */
static void
on_down (UsherPoolSocket *self,
         UsherDownCause cause)
{
  pool_socket_hold (self);
  if (cause == USHER_DOWN_CLOSED)
    pool_socket_shut (self);
  else
    usher_pool_socket_reconcile (self);
  usher_acceptor_pool_listen_socket_down (self->pool, self->listen_socket, cause);
  pool_socket_release (self);
}

static void
on_last_call (UsherLastCall *call)
{
  UsherPoolSocket *self = USHER_OWNER (UsherPoolSocket, last_call, call);

  pool_socket_hold (self);
  usher_pool_socket_empty (self);
  usher_pool_socket_part (self, usher_crew_close);
  usher_acceptor_pool_schedule (self->pool);
  pool_socket_release (self);
}

UsherPoolSocket *
usher_pool_socket_new (UsherAcceptorPool *pool,
                       UsherListenSocket *listen_socket,
                       guint n_acceptors)
{
  UsherPoolSocket *self = g_new0 (UsherPoolSocket, 1);

  g_ref_count_init (&self->ref_count);
  self->pool = pool;
  self->listen_socket = g_object_ref (listen_socket);
  self->n_acceptors = n_acceptors;
  self->up_id = g_signal_connect_swapped (listen_socket, "up", G_CALLBACK (on_up), self);
  self->down_id = g_signal_connect_swapped (listen_socket, "down", G_CALLBACK (on_down), self);
  self->last_call.func = on_last_call;
  usher_listen_socket_add_last_call (listen_socket, &self->last_call);

  return self;
}

UsherPoolSocket *
usher_pool_socket_ref (UsherPoolSocket *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
usher_pool_socket_unref (UsherPoolSocket *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_object_unref (self->listen_socket);
  g_free (self);
}

void
usher_pool_socket_retire (UsherPoolSocket *self)
{
  g_clear_signal_handler (&self->up_id, self->listen_socket);
  g_clear_signal_handler (&self->down_id, self->listen_socket);
  usher_listen_socket_remove_last_call (self->listen_socket, &self->last_call);
  self->is_removed = TRUE;
  pool_socket_shut (self);
  g_clear_pointer (&self->parts, g_ptr_array_unref);
}

void
usher_pool_socket_remove (UsherPoolSocket *self)
{
  usher_pool_socket_retire (self);
  usher_acceptor_pool_order_about (self->pool, usher_crew_forget, self->listen_socket);
}
