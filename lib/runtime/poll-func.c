/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/poll-func-private.h"

#include "runtime/epoll-private.h"
#include "runtime/watch-table-private.h"

/* A reactor's epoll set, and what wakes GLib up. */
#define N_FDS 2

/* GLib does not say whose poll it is. This is a copy: a reactor that was forgotten in another thread may be gone.
 * As long as its descriptors are polled, and are its own, it is not. */
static __thread UsherPoll expected;

void
usher_poll_init (UsherPoll *self,
                 UsherReactor *reactor,
                 GMainContext *context)
{
  *self = (UsherPoll){ .reactor = reactor, .context = context, .wake_fd = -1, .epoll_fd = -1 };
}

/* Whether all that is polled is in the epoll set. */
static gboolean
poll_covers (const UsherPoll *self,
             const GPollFD *fds,
             guint n_fds)
{
  return n_fds == N_FDS && ((fds[0].fd == self->epoll_fd && fds[1].fd == self->wake_fd) ||
                            (fds[0].fd == self->wake_fd && fds[1].fd == self->epoll_fd));
}

/* Returns whether GLib is woken up. */
static gboolean
steal_wake_up (struct epoll_event *events,
               int *n_events)
{
  for (int i = 0; i < *n_events; i++)
    if (events[i].data.u64 == USHER_KEY_WAKE_UP)
      {
        events[i] = events[--*n_events];
        return TRUE;
      }

  return FALSE;
}

static int
poll_once (const UsherPoll *self,
           GPollFD *fds,
           guint n_fds,
           int timeout_msec)
{
  struct epoll_event events[USHER_MAX_EVENTS];
  int n_events = epoll_wait (self->epoll_fd, events, USHER_MAX_EVENTS, timeout_msec);
  gboolean is_woken;
  int n_ready = 0;

  if (n_events < 0)
    return n_events;

  is_woken = steal_wake_up (events, &n_events);
  usher_reactor_take_events (self->reactor, events, n_events);
  for (guint i = 0; i < n_fds; i++)
    {
      gboolean is_ready = fds[i].fd == self->wake_fd ? is_woken : n_events > 0;

      fds[i].revents = is_ready ? G_IO_IN : 0;
      n_ready += is_ready;
    }

  return n_ready;
}

static int
poll_func (GPollFD *fds,
           guint n_fds,
           int timeout_msec)
{
  const UsherPoll self = expected;

  expected.reactor = NULL;
  if (self.reactor == NULL || !poll_covers (&self, fds, n_fds))
    return g_poll (fds, n_fds, timeout_msec);

  return poll_once (&self, fds, n_fds, timeout_msec);
}

/* A context has a descriptor to be woken by from its beginning. GLib tells what it would poll only to whoever
 * owns the context. */
static int
find_wake_fd (GMainContext *context,
              int epoll_fd)
{
  GPollFD fds[N_FDS];
  int n_fds, timeout_msec;

  if (!g_main_context_acquire (context))
    return -1;

  n_fds = g_main_context_query (context, G_MAXINT, &timeout_msec, fds, N_FDS);
  g_main_context_release (context);
  if (n_fds != N_FDS)
    return -1;

  return fds[0].fd == epoll_fd ? fds[1].fd : fds[0].fd;
}

void
usher_poll_begin (UsherPoll *self,
                  int epoll_fd)
{
  const struct epoll_event event = { EPOLLIN, { .u64 = USHER_KEY_WAKE_UP } };
  int wake_fd;

  if (self->epoll_fd >= 0 || g_main_context_get_poll_func (self->context) != g_poll)
    return;

  wake_fd = find_wake_fd (self->context, epoll_fd);
  if (wake_fd < 0 || !usher_epoll_add (epoll_fd, wake_fd, event, NULL))
    return;

  self->wake_fd = wake_fd;
  self->epoll_fd = epoll_fd;
  g_main_context_set_poll_func (self->context, poll_func);
}

void
usher_poll_clear (UsherPoll *self)
{
  usher_poll_forget (self);
  if (self->epoll_fd >= 0 && g_main_context_get_poll_func (self->context) == poll_func)
    g_main_context_set_poll_func (self->context, NULL);
}

void
usher_poll_expect (const UsherPoll *self)
{
  expected = self != NULL ? *self : (UsherPoll){ .reactor = NULL };
}

void
usher_poll_forget (const UsherPoll *self)
{
  if (expected.reactor == self->reactor)
    expected.reactor = NULL;
}
