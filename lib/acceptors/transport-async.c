/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/transport-parts-private.h"

#include <fcntl.h>
#include <sys/epoll.h>

static const guint32 watch_events[] = {
  [USHER_TRANSPORT_READ] = EPOLLIN | EPOLLRDHUP | EPOLLET,
  [USHER_TRANSPORT_WRITE] = EPOLLOUT | EPOLLET,
};

static gboolean
transport_is_timed (UsherTransport *self)
{
  return self->timeouts != NULL && self->timeouts->is_timed;
}

gboolean
usher_transport_is_in_reactor (UsherTransport *self)
{
  return self->watched_events != 0 || transport_is_timed (self);
}

gboolean
usher_transport_has_transfers (UsherTransport *self)
{
  return g_atomic_pointer_get (&self->polls) != NULL ||
         g_atomic_pointer_get (&self->transfers[USHER_TRANSPORT_READ]) != NULL ||
         g_atomic_pointer_get (&self->transfers[USHER_TRANSPORT_WRITE]) != NULL;
}

/* Somebody who is about to wait in the reactor is watched, or timed, before he is listed. */
gboolean
usher_transport_has_waiters (UsherTransport *self)
{
  return usher_transport_has_transfers (self) ||
         (usher_transport_is_in_reactor (self) && !usher_reactor_is_current (self->reactor));
}

int
usher_transport_duplicate_fd (UsherTransport *self)
{
  int fd;

  g_mutex_lock (&self->lock);
  self->is_duplicated = TRUE;
  fd = fcntl (self->fd, F_DUPFD_CLOEXEC, 0);
  g_mutex_unlock (&self->lock);

  return fd;
}

/* A watched transport stays alive: the reactor holds a reference. */
static void
transport_unwatch (UsherTransport *self,
                   void (*remove) (UsherWatch *watch))
{
  if (self->watched_events == 0)
    return;

  remove (&self->watch);
  self->watched_events = 0;
  usher_transport_unref (self);
}

void
usher_transport_leave_reactor (UsherTransport *self)
{
  transport_unwatch (self, self->is_duplicated ? usher_watch_remove : usher_watch_forget);
  if (!transport_is_timed (self))
    return;

  usher_timer_stop (&self->timeouts->timer);
  self->timeouts->is_timed = FALSE;
  usher_transport_unref (self);
}

static void on_watch_ready (UsherWatch *watch,
                            guint32 events);
static void on_timer (UsherTimer *timer);

/* A timer that rings too early is cheaper than one that is moved with every transfer.
 *
 * Called in the reactor's context. */
static void
transport_start_timer (UsherTransport *self,
                       gint64 deadline_usec)
{
  UsherTransportTimeouts *timeouts = self->timeouts;
  g_autoptr (GMutexLocker) locker = NULL;

  if (deadline_usec == G_MAXINT64 || (timeouts->is_timed && timeouts->timer.deadline_usec <= deadline_usec))
    return;

  locker = g_mutex_locker_new (&self->lock);
  if (!timeouts->is_timed)
    usher_transport_ref (self);
  timeouts->is_timed = TRUE;
  usher_timer_start (&timeouts->timer, self->reactor, deadline_usec, on_timer);
}

/* Most connections never have to wait for their writes, so that is not asked for until one does. If
 * that fails, the other direction is not watched any more either, and has to look again.
 *
 * Called in the reactor's context. */
static gboolean
transport_watch (UsherTransport *self,
                 UsherDirection direction,
                 GError **error)
{
  guint32 events = self->watched_events | watch_events[direction];
  g_autoptr (GMutexLocker) locker = NULL;

  if (events == self->watched_events)
    return TRUE;

  locker = g_mutex_locker_new (&self->lock);
  transport_unwatch (self, usher_watch_remove);
  self->is_hung_up = FALSE;
  if (!usher_watch_add (&self->watch, self->reactor, self->fd, events, on_watch_ready, error))
    {
      self->is_dry = FALSE;
      usher_transport_post (self);
      return FALSE;
    }

  usher_transport_ref (self);
  self->watched_events = events;
  return TRUE;
}

/* Reading. A read that gets less than it has room for has got everything, and the watch tells when
 * there is more; so the next one need not ask the kernel, unless the watch has told all it can. */

static void
transport_note_dryness (UsherTransport *self,
                        const UsherTransfer *transfer,
                        gssize n)
{
  if (transfer->direction == USHER_TRANSPORT_READ)
    self->is_dry = !self->is_hung_up && (n == USHER_WOULD_BLOCK || (n > 0 && (gsize) n < transfer->vectors[0].size));
}

/* Guessing. To look in vain is a system call for nothing, and to have the kernel watch is another, which is
 * saved if the peer is heard without. Which is better is learnt from those who came before. */

static gboolean
transport_is_guessing (UsherTransport *self,
                       const UsherTransfer *transfer)
{
  return self->watched_events == 0 && usher_transport_reads_raw (self, transfer);
}

static gboolean
transport_test (UsherTransport *self,
                UsherHunchKind kind)
{
  UsherHunch *hunch = usher_reactor_get_hunch (self->reactor, kind);

  self->tested = kind;
  self->is_testing = usher_hunch_follow (hunch);
  self->is_dry = !self->is_testing;
  return self->is_testing;
}

/* Called in the reactor's context, before a read. Returns FALSE if it is the first, and it is no use to try. */
static gboolean
transport_begin (UsherTransport *self,
                 const UsherTransfer *transfer)
{
  if (self->has_begun || !transport_is_guessing (self, transfer))
    return TRUE;

  self->has_begun = TRUE;
  return transport_test (self, USHER_HUNCH_HAS_SPOKEN);
}

/* Called in the reactor's context, after a read. Returns whether it was for the second time. */
static gboolean
transport_learn (UsherTransport *self,
                 const UsherTransfer *transfer,
                 gssize n)
{
  if (!self->is_testing || transfer->direction != USHER_TRANSPORT_READ)
    return FALSE;

  self->is_testing = FALSE;
  usher_hunch_learn (usher_reactor_get_hunch (self->reactor, self->tested), n != USHER_WOULD_BLOCK);
  return self->tested == USHER_HUNCH_SPEAKS_SOON;
}

/* Called in the reactor's context. Whether it is read a second time, soon, before it is watched. */
static gboolean
transport_reads_again (UsherTransport *self,
                       const UsherTransfer *transfer)
{
  if (!transport_is_guessing (self, transfer) || !transport_test (self, USHER_HUNCH_SPEAKS_SOON))
    return FALSE;

  usher_transport_post (self);
  return TRUE;
}

/* Called in the reactor's context. */
static gboolean
transport_wait (UsherTransport *self,
                UsherTransfer *transfer,
                gboolean may_read_again,
                GError **error)
{
  g_autoptr (GError) watch_error = NULL;

  transport_start_timer (self, transfer->wait_until_usec);
  if ((may_read_again && transport_reads_again (self, transfer)) ||
      transport_watch (self, transfer->direction, &watch_error))
    return TRUE;

  usher_transport_record_error (self, watch_error);
  g_propagate_error (error, g_steal_pointer (&watch_error));
  usher_transport_end_write (self, transfer);
  return FALSE;
}

/* Whether there is nothing that a read could find, and it is watched already: so it is whenever the peer has been
 * answered, and the next word is waited for. Whoever tells the connection of anything from elsewhere has those who
 * are watched look again. */
static gboolean
transport_is_at_rest (UsherTransport *self,
                      const UsherTransfer *transfer)
{
  return self->is_dry && (self->watched_events & EPOLLIN) != 0 && usher_transport_reads_raw (self, transfer) &&
         g_atomic_pointer_get (&self->timeouts) == NULL && usher_transport_is_undisturbed (self) &&
         (transfer->cancellable == NULL || !g_cancellable_is_cancelled (transfer->cancellable));
}

/* Called in the reactor's context. */
static gssize
transport_try_then_wait (UsherTransport *self,
                         UsherTransfer *transfer,
                         GError **error)
{
  const int n_wakes = g_atomic_int_get (&self->n_wakes);
  gboolean may_read_again = transport_begin (self, transfer);
  gssize n = usher_transport_try (self, transfer, error);

  transport_note_dryness (self, transfer, n);
  may_read_again = !transport_learn (self, transfer, n) && may_read_again;
  if (n != USHER_WOULD_BLOCK)
    return n;

  if (!usher_transport_enter (self, error))
    return -1;

  n = transport_wait (self, transfer, may_read_again, error) ? USHER_WOULD_BLOCK : -1;
  usher_transport_leave (self);
  /* Nobody saw it wait. */
  if (g_atomic_int_get (&self->n_wakes) != n_wakes)
    usher_transport_post (self);

  return n;
}

/* Called in the reactor's context. */
static gssize
transport_try_or_wait (UsherTransport *self,
                       UsherTransfer *transfer,
                       GError **error)
{
  return transport_is_at_rest (self, transfer) ? USHER_WOULD_BLOCK : transport_try_then_wait (self, transfer, error);
}

/* Waiting. */

static void
on_transfer_cancelled (GCancellable *cancellable,
                       gpointer user_data)
{
  usher_transport_post (user_data);
}

static void
transport_add_poll (UsherTransport *self,
                    UsherTransfer *transfer)
{
  g_mutex_lock (&self->lock);
  transfer->next = self->polls;
  g_atomic_pointer_set (&self->polls, transfer);
  g_mutex_unlock (&self->lock);
}

static UsherTransfer *
transport_steal_polls (UsherTransport *self)
{
  UsherTransfer *polls;

  if (g_atomic_pointer_get (&self->polls) == NULL)
    return NULL;

  g_mutex_lock (&self->lock);
  polls = self->polls;
  g_atomic_pointer_set (&self->polls, NULL);
  g_mutex_unlock (&self->lock);

  return polls;
}

/* Once it is listed it may be over at any time, in the reactor's thread, and be freed. */
static void
transport_add_transfer (UsherTransport *self,
                        UsherTransfer *transfer)
{
  if (usher_transport_is_foreign_cancellable (self, transfer->cancellable))
    transfer->cancelled_id = g_cancellable_connect (transfer->cancellable, G_CALLBACK (on_transfer_cancelled),
                                                    usher_transport_ref (self),
                                                    (GDestroyNotify) usher_transport_unref);

  if (transfer->n_vectors > 0)
    g_atomic_pointer_set (&self->transfers[transfer->direction], transfer);
  else
    transport_add_poll (self, transfer);
}

static void
transport_remove_transfer (UsherTransport *self,
                           UsherTransfer *transfer)
{
  g_atomic_pointer_set (&self->transfers[transfer->direction], NULL);

  if (transfer->cancelled_id != 0)
    g_cancellable_disconnect (transfer->cancellable, transfer->cancelled_id);
}

/* Called in the reactor's context. */
static void
transport_advance (UsherTransport *self,
                   UsherDirection direction)
{
  UsherTransfer *transfer = g_atomic_pointer_get (&self->transfers[direction]);
  GError *error = NULL;
  gssize n;

  if (transfer == NULL)
    return;

  n = transport_try_or_wait (self, transfer, &error);
  if (n == USHER_WOULD_BLOCK)
    return;

  transport_remove_transfer (self, transfer);
  transfer->done (transfer, n, error);
}

/* Each of those who only want to know looks again.
 *
 * Called in the reactor's context. */
static void
transport_advance_polls (UsherTransport *self)
{
  UsherTransfer *polls = transport_steal_polls (self);

  while (polls != NULL)
    {
      UsherTransfer *transfer = polls;
      GError *error = NULL;
      gssize n;

      polls = transfer->next;
      if (transfer->cancelled_id != 0)
        g_cancellable_disconnect (transfer->cancellable, transfer->cancelled_id);
      transfer->cancelled_id = 0;
      n = transport_try_or_wait (self, transfer, &error);
      if (n == USHER_WOULD_BLOCK)
        transport_add_transfer (self, transfer);
      else
        transfer->done (transfer, n, error);
    }
}

/* Called in the reactor's context. */
static void
transport_flush (UsherTransport *self)
{
  if (usher_transport_flush (self) || !usher_transport_enter (self, NULL))
    return;

  if (!transport_watch (self, USHER_TRANSPORT_WRITE, NULL))
    usher_transport_drop_queue (self);
  usher_transport_leave (self);
}

/* Called in the reactor's context. */
static void
on_timer (UsherTimer *timer)
{
  UsherTransportTimeouts *timeouts = USHER_OWNER (UsherTransportTimeouts, timer, timer);
  UsherTransport *self = timeouts->transport;

  g_mutex_lock (&self->lock);
  timeouts->is_timed = FALSE;
  g_mutex_unlock (&self->lock);
  transport_advance (self, USHER_TRANSPORT_READ);
  transport_advance (self, USHER_TRANSPORT_WRITE);
  transport_advance_polls (self);
  usher_transport_unref (self);
}

/* Called in the reactor's context. */
static void
on_watch_ready (UsherWatch *watch,
                guint32 events)
{
  UsherTransport *self = USHER_OWNER (UsherTransport, watch, watch);

  usher_transport_ref (self);
  if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    self->is_hung_up = TRUE;
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    {
      self->is_dry = FALSE;
      transport_advance (self, USHER_TRANSPORT_READ);
    }
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
    {
      transport_flush (self);
      transport_advance (self, USHER_TRANSPORT_WRITE);
    }
  transport_advance_polls (self);
  usher_transport_unref (self);
}

/* Called in the reactor's context. */
static void
on_message (UsherMessage *message)
{
  UsherTransport *self = USHER_OWNER (UsherTransport, message, message);

  g_atomic_int_set (&self->posted, FALSE);
  usher_transport_close_if_unused (self);
  transport_flush (self);
  transport_advance (self, USHER_TRANSPORT_READ);
  transport_advance (self, USHER_TRANSPORT_WRITE);
  transport_advance_polls (self);
  usher_transport_unref (self);
}

void
usher_transport_post (UsherTransport *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->posted, FALSE, TRUE))
    return;

  usher_transport_ref (self);
  usher_reactor_post (self->reactor, &self->message, on_message);
}

gssize
usher_transport_transfer_async (UsherTransport *self,
                                UsherTransfer *transfer,
                                GError **error)
{
  gboolean is_here = usher_reactor_is_current (self->reactor);
  gssize n = is_here ? transport_try_or_wait (self, transfer, error) : USHER_WOULD_BLOCK;

  if (n == USHER_WOULD_BLOCK)
    transport_add_transfer (self, transfer);
  if (!is_here)
    usher_transport_post (self);
  return n;
}
