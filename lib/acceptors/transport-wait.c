/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/transport-parts-private.h"

#include <poll.h>
#include <sys/eventfd.h>

#include "runtime/clock-private.h"

/* How long a thread waits at a time when there is no descriptor left to wake it by. */
#define SLICE_MSEC 100

static const short poll_events[] = {
  [USHER_TRANSPORT_READ] = POLLIN,
  [USHER_TRANSPORT_WRITE] = POLLOUT,
};

static void
on_waiter_cancelled (GCancellable *cancellable,
                     gpointer user_data)
{
  eventfd_write (GPOINTER_TO_INT (user_data), 1);
}

/* Returns whether the descriptor is new: who would have used it before has not been able to. */
static gboolean
transport_ensure_wake_fd (UsherTransport *self,
                          int *wake_fd)
{
  gboolean is_new;

  g_mutex_lock (&self->lock);
  is_new = *wake_fd < 0 && (*wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK)) >= 0;
  g_mutex_unlock (&self->lock);

  return is_new;
}

static int
get_poll_msec (gint64 deadline_usec,
               gboolean can_be_woken)
{
  gint64 msec = -1;

  if (deadline_usec != G_MAXINT64)
    msec = MAX (0, deadline_usec - usher_clock_now_usec ()) / G_TIME_SPAN_MILLISECOND + 1;
  if (!can_be_woken)
    msec = msec < 0 ? SLICE_MSEC : MIN (msec, SLICE_MSEC);

  return MIN (msec, G_MAXINT);
}

void
usher_transport_wait (UsherTransport *self,
                      UsherTransfer *transfer)
{
  int *wake_fd = &self->wake_fds[transfer->direction];
  struct pollfd fds[2] = { { .events = poll_events[transfer->direction] }, { .events = POLLIN } };
  gulong cancelled_id = 0;
  eventfd_t count;

  if (transport_ensure_wake_fd (self, wake_fd))
    return;

  fds[0].fd = self->fd;
  fds[1].fd = *wake_fd;
  if (*wake_fd >= 0 && usher_transport_is_foreign_cancellable (self, transfer->cancellable))
    cancelled_id = g_cancellable_connect (transfer->cancellable, G_CALLBACK (on_waiter_cancelled),
                                          GINT_TO_POINTER (*wake_fd), NULL);

  poll (fds, G_N_ELEMENTS (fds), get_poll_msec (transfer->wait_until_usec, *wake_fd >= 0));

  g_cancellable_disconnect (transfer->cancellable, cancelled_id);
  if (fds[1].revents != 0)
    eventfd_read (*wake_fd, &count);
}

/* A transfer in the reactor, whose fiber waits for it. */
typedef struct
{
  UsherTransfer transfer;
  UsherTransport *transport; /* (unowned) */
  UsherFiber *fiber;         /* (unowned) */
  gssize n;
  GError *error; /* (owned) (nullable) */
  int is_done;   /* (atomic) */
} FiberTransfer;

/* Most fibers live where their connection does; another one may run by now, and be over.
 *
 * Called in the reactor's context. */
static void
on_fiber_transfer_done (UsherTransfer *transfer,
                        gssize n,
                        GError *error)
{
  FiberTransfer *self = (FiberTransfer *) transfer;
  gboolean is_here = usher_fiber_get_reactor (self->fiber) == self->transport->reactor;
  g_autoptr (UsherFiber) fiber = is_here ? NULL : usher_fiber_ref (self->fiber);

  self->n = n;
  self->error = error;
  g_atomic_int_set (&self->is_done, TRUE);
  if (!is_here)
    usher_fiber_wake (fiber);
  else
    usher_fiber_resume (self->fiber);
}

gssize
usher_transport_transfer_in_fiber (UsherTransport *self,
                                   UsherTransfer *transfer,
                                   GError **error)
{
  FiberTransfer wait = { .transfer = *transfer, .transport = self, .fiber = usher_fiber_get_current () };
  gssize n;

  wait.transfer.done = on_fiber_transfer_done;
  n = usher_transport_transfer_async (self, &wait.transfer, error);
  if (n != USHER_WOULD_BLOCK)
    return n;

  while (!g_atomic_int_get (&wait.is_done))
    usher_fiber_suspend ();

  if (wait.error != NULL)
    g_propagate_error (error, wait.error);
  return wait.n;
}
