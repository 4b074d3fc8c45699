/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/farewell-private.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/clock-private.h"

#define MAX_FAREWELLS 128
#define PATIENCE_USEC (2 * G_TIME_SPAN_SECOND)

/* What a peer may still send in its time. */
#define MAX_READS 16

typedef struct
{
  UsherFarewells *list; /* (unowned) */
  GList link;
  int fd; /* (owned) */
  UsherWatch watch;
  UsherTimer timer;
  guint n_reads;
} Farewell;

static void
farewell_end (Farewell *self)
{
  g_queue_unlink (self->list, &self->link);
  usher_watch_remove (&self->watch);
  usher_timer_stop (&self->timer);
  close (self->fd);
  g_free (self);
}

static void
on_readable (UsherWatch *watch,
             guint32 events)
{
  Farewell *self = USHER_OWNER (Farewell, watch, watch);
  char buffer[4096];

  if (recv (self->fd, buffer, sizeof buffer, MSG_DONTWAIT) <= 0 || ++self->n_reads == MAX_READS)
    farewell_end (self);
}

static void
on_time_out (UsherTimer *timer)
{
  farewell_end (USHER_OWNER (Farewell, timer, timer));
}

void
usher_farewells_say (UsherFarewells *list,
                     UsherReactor *reactor,
                     int fd,
                     GBytes *goodbye)
{
  Farewell *self;
  gsize size;
  gconstpointer data;

  if (goodbye == NULL)
    {
      close (fd);
      return;
    }

  data = g_bytes_get_data (goodbye, &size);
  send (fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  shutdown (fd, SHUT_WR);

  if (list->length == MAX_FAREWELLS)
    farewell_end (list->head->data);
  self = g_new0 (Farewell, 1);
  self->list = list;
  self->link.data = self;
  self->fd = fd;
  g_queue_push_tail_link (list, &self->link);
  usher_timer_start (&self->timer, reactor, usher_clock_now_usec () + PATIENCE_USEC, on_time_out);
  if (!usher_watch_add (&self->watch, reactor, fd, EPOLLIN, on_readable, NULL))
    farewell_end (self);
}

void
usher_farewells_clear (UsherFarewells *self)
{
  while (self->head != NULL)
    farewell_end (self->head->data);
}
