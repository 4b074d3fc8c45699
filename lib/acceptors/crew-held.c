/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/crew-private.h"

#include "acceptors/acceptor-pool-private.h"
#include "acceptors/crew-socket-private.h"
#include "runtime/clock-private.h"

/* Each holds a descriptor; the others wait in the kernel's queue. */
#define MAX_HELD 1024

/* Without a limit of its own; its pool's grace is one. */
#define NO_DEADLINE G_MAXINT64

/* An accepted connection that waits for an acceptor or a place. */
typedef struct
{
  GList link;
  UsherCrewSocket *socket; /* (owned) */
  int fd;                  /* (owned) */
  UsherPeer peer;
  gboolean has_slot;
  gint64 deadline_usec;
} Held;

gboolean
usher_crew_can_hold (UsherCrew *self)
{
  return self->held.length < MAX (MAX_HELD / self->n_crews, 1);
}

/* Whoever is served is in the books all the time. */
static void
crew_count_held (UsherCrew *self,
                 int difference)
{
  g_mutex_lock (&self->lock);
  self->n_held += difference;
  g_mutex_unlock (&self->lock);
}

static void
crew_remove_held (UsherCrew *self,
                  Held *held)
{
  g_queue_unlink (&self->held, &held->link);
  held->socket->n_held--;
  /* Whoever comes through another socket had to wait for them. */
  if (self->held.length == 0)
    usher_crew_schedule (self);
}

static void
held_free (Held *self)
{
  usher_crew_socket_unref (self->socket);
  g_free (self);
}

static void on_held_too_long (UsherTimer *timer);

static void
crew_time_held (UsherCrew *self)
{
  gint64 deadline_usec = NO_DEADLINE;

  for (GList *l = self->held.head; l != NULL; l = l->next)
    deadline_usec = MIN (deadline_usec, ((Held *) l->data)->deadline_usec);

  if (deadline_usec == NO_DEADLINE)
    usher_timer_stop (&self->held_timer);
  else
    usher_timer_start (&self->held_timer, self->reactor, deadline_usec, on_held_too_long);
}

static void
crew_refuse_one (UsherCrew *self,
                 Held *held,
                 UsherRefusal reason)
{
  if (held->has_slot)
    usher_acceptor_pool_give_slot (self->pool);
  usher_crew_refuse (self, held->fd, reason);
  crew_remove_held (self, held);
  crew_count_held (self, -1);
  held_free (held);
}

static void
on_held_too_long (UsherTimer *timer)
{
  UsherCrew *self = USHER_OWNER (UsherCrew, held_timer, timer);
  gint64 now_usec = usher_clock_now_usec ();

  for (GList *l = self->held.head, *next; l != NULL; l = next)
    {
      Held *held = l->data;

      next = l->next;
      if (held->deadline_usec <= now_usec)
        crew_refuse_one (self, held, USHER_REFUSAL_LIMIT);
    }

  crew_time_held (self);
  /* There may be room for others to be held. */
  usher_crew_schedule (self);
}

void
usher_crew_refuse_held (UsherCrew *self,
                        UsherCrewSocket *socket)
{
  for (GList *l = self->held.head, *next; l != NULL; l = next)
    {
      Held *held = l->data;

      next = l->next;
      if (socket == NULL || held->socket == socket)
        crew_refuse_one (self, held, USHER_REFUSAL_DRAINING);
    }

  crew_time_held (self);
}

static Held *
crew_hold (UsherCrewSocket *socket,
           int fd,
           const UsherPeer *peer)
{
  UsherCrew *self = socket->crew;
  Held *held = g_new0 (Held, 1);

  held->link.data = held;
  held->socket = usher_crew_socket_ref (socket);
  held->fd = fd;
  held->peer = *peer;
  held->deadline_usec = NO_DEADLINE;
  g_queue_push_tail_link (&self->held, &held->link);
  socket->n_held++;
  crew_count_held (self, 1);
  return held;
}

static void
crew_limit_held (UsherCrew *self,
                 Held *held)
{
  held->deadline_usec = usher_clock_now_usec () + self->terms.at_limit_wait_msec * G_TIME_SPAN_MILLISECOND;
  crew_time_held (self);
}

void
usher_crew_socket_hold (UsherCrewSocket *self,
                        int fd,
                        const UsherPeer *peer)
{
  crew_limit_held (self->crew, crew_hold (self, fd, peer));
}

void
usher_crew_keep (UsherCrew *self,
                 gpointer data)
{
  g_autofree UsherCrewKept *kept = data;
  g_autoptr (UsherCrewSocket) socket = kept->socket;
  Held *held;

  if (!kept->has_slot && self->terms.at_limit == USHER_AT_LIMIT_REJECT)
    {
      usher_crew_refuse (self, kept->fd, USHER_REFUSAL_LIMIT);
      return;
    }

  held = crew_hold (socket, kept->fd, &kept->peer);
  held->has_slot = kept->has_slot;
  if (!kept->has_slot && self->terms.at_limit == USHER_AT_LIMIT_WAIT)
    crew_limit_held (self, held);
}

/* The first whom somebody waits for. */
static Held *
crew_find_held (UsherCrew *self)
{
  for (GList *l = self->held.head; l != NULL && !self->terms.is_suspended; l = l->next)
    {
      Held *held = l->data;

      if (usher_crew_socket_has_waiting (held->socket))
        return held;
    }

  return NULL;
}

void
usher_crew_serve_held (UsherCrew *self)
{
  Held *held;

  while ((held = crew_find_held (self)) != NULL && (held->has_slot || usher_slots_take (&self->pool->slots)))
    {
      crew_remove_held (self, held);
      usher_crew_socket_admit (held->socket, held->fd, &held->peer);
      crew_count_held (self, -1);
      held_free (held);
    }

  crew_time_held (self);
}
