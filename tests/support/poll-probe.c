/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/poll-probe.h"

#include <errno.h>
#include <glib-unix.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a context is polled with. These stand before the C library's, for Usher and for GLib. */

PollCalls poll_calls;

int
poll (struct pollfd *fds,
      nfds_t n_fds,
      int timeout_msec)
{
  struct timespec timeout = { timeout_msec / 1000, timeout_msec % 1000 * 1000000 };

  poll_calls.n_polls++;
  return syscall (SYS_ppoll, fds, n_fds, timeout_msec >= 0 ? &timeout : NULL, NULL, 0);
}

int
epoll_wait (int epoll_fd,
            struct epoll_event *events,
            int n_events,
            int timeout_msec)
{
  poll_calls.n_epoll_waits++;
  if (poll_calls.next_errno == 0)
    return syscall (SYS_epoll_pwait, epoll_fd, events, n_events, timeout_msec, NULL, 0);

  errno = poll_calls.next_errno;
  poll_calls.next_errno = 0;
  return -1;
}

static void
on_ready (UsherWatch *watch,
          guint32 events)
{
  Probe *self = USHER_OWNER (Probe, watch, watch);

  if (self->n_calls++ == 0 && self->inner != NULL)
    iterate_pending (self->inner);
}

void
probe_add (Probe *self,
           UsherReactor *reactor)
{
  g_autoptr (GError) error = NULL;

  usher_watch_add (&self->watch, reactor, self->fd, EPOLLIN | EPOLLET, on_ready, &error);
  g_assert_no_error (error);
}

void
probe_init (Probe *self,
            UsherReactor *reactor)
{
  *self = (Probe){ .fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK) };
  probe_add (self, reactor);
}

void
probe_signal (Probe *self)
{
  g_assert_no_errno (eventfd_write (self->fd, 1));
}

void
probe_clear (Probe *self)
{
  usher_watch_remove (&self->watch);
  g_assert_no_errno (close (self->fd));
}

static void
assert_polls_with (GMainContext *context,
                   guint n_epoll_waits_expected,
                   guint n_polls_expected)
{
  iterate_pending (context);
  poll_calls.n_polls = poll_calls.n_epoll_waits = 0;
  g_assert_false (g_main_context_iteration (context, FALSE));
  g_assert_cmpuint (poll_calls.n_epoll_waits, ==, n_epoll_waits_expected);
  g_assert_cmpuint (poll_calls.n_polls, ==, n_polls_expected);
}

void
assert_polls_with_epoll (GMainContext *context)
{
  assert_polls_with (context, 1, 0);
}

void
assert_polls_as_glib (GMainContext *context)
{
  assert_polls_with (context, 0, 1);
}

void
probe_assert_is_told (Probe *probe,
                      GMainContext *context)
{
  const guint n_calls = probe->n_calls;

  probe_signal (probe);
  iterate_pending (context);
  g_assert_cmpuint (probe->n_calls, ==, n_calls + 1);
}

void
neighbour_init (Neighbour *self)
{
  self->fixture.context = g_main_context_new ();
  self->fixture.reactor = usher_reactor_ref_for_context (self->fixture.context);
  probe_init (&self->probe, self->fixture.reactor);
}

void
neighbour_clear (Neighbour *self)
{
  probe_clear (&self->probe);
  g_clear_pointer (&self->fixture.reactor, usher_reactor_unref);
  g_clear_pointer (&self->fixture.context, g_main_context_unref);
}

static gboolean
on_other_ready (int fd,
                GIOCondition condition,
                gpointer user_data)
{
  Other *self = user_data;
  eventfd_t value;

  g_assert_no_errno (eventfd_read (fd, &value));
  self->n_calls++;
  return G_SOURCE_CONTINUE;
}

void
other_init (Other *self,
            GMainContext *context)
{
  *self = (Other){ .fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK) };
  self->source = g_unix_fd_source_new (self->fd, G_IO_IN);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_other_ready), self, NULL);
  g_source_attach (self->source, context);
}

void
other_assert_is_told (Other *self,
                      GMainContext *context)
{
  const guint n_calls = self->n_calls;

  g_assert_no_errno (eventfd_write (self->fd, 1));
  iterate_pending (context);
  g_assert_cmpuint (self->n_calls, ==, n_calls + 1);
}

void
other_clear (Other *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_assert_no_errno (close (self->fd));
}
