/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/transport-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long a thread waits at a time when there is no descriptor left to wake it by. */
#define SLICE_MSEC 100

#define WOULD_BLOCK (-2)

/* One direction of the transport. */
typedef struct
{
  int wake_fd;          /* written (locked-by lock): an eventfd that ends poll (), -1 until one waits */
  GTask *task;          /* (owned) (nullable) (locked-by lock): the asynchronous operation */
  GOutputVector vector; /* (locked-by lock): of the asynchronous operation */
  gulong cancelled_id;  /* (locked-by lock): of the asynchronous operation */
} UsherTransfer;

struct _UsherTransport
{
  gatomicrefcount ref_count;
  UsherReactor *reactor; /* (owned) */
  GMutex lock;
  int fd;               /* (locked-by lock): -1 once closed */
  int closing;          /* (atomic) */
  int exiting;          /* (atomic) */
  int draining;         /* (atomic) */
  int drain_idle_reads; /* (atomic) */
  int received;         /* (atomic): something, since the last write */
  GQuark error_domain;  /* (locked-by lock): of the last transport error; 0 for none */
  int error_code;       /* (locked-by lock) */
  UsherTransfer transfers[2];

  UsherWatch watch;       /* (main-context): the reactor's */
  guint32 watched_events; /* (locked-by lock): 0 while the descriptor is not watched */
  UsherMessage message;
  int posted; /* (atomic): the message is on its way */
};

static const struct
{
  short poll_events;
  guint32 watch_events;
} directions[] = {
  [USHER_TRANSPORT_READ] = { POLLIN, EPOLLIN | EPOLLRDHUP | EPOLLET },
  [USHER_TRANSPORT_WRITE] = { POLLOUT, EPOLLOUT | EPOLLET },
};

static UsherTransport *
transport_from_watch (UsherWatch *watch)
{
  return USHER_OWNER (UsherTransport, watch, watch);
}

static UsherTransport *
transport_from_message (UsherMessage *message)
{
  return USHER_OWNER (UsherTransport, message, message);
}

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

UsherTransport *
usher_transport_new (UsherReactor *reactor,
                     int fd)
{
  UsherTransport *self = g_new0 (UsherTransport, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->reactor = usher_reactor_ref (reactor);
  self->fd = fd;
  self->transfers[USHER_TRANSPORT_READ].wake_fd = -1;
  self->transfers[USHER_TRANSPORT_WRITE].wake_fd = -1;

  return self;
}

UsherTransport *
usher_transport_ref (UsherTransport *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
usher_transport_unref (UsherTransport *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  close_fd (&self->fd);
  close_fd (&self->transfers[USHER_TRANSPORT_READ].wake_fd);
  close_fd (&self->transfers[USHER_TRANSPORT_WRITE].wake_fd);
  usher_reactor_unref (self->reactor);
  g_mutex_clear (&self->lock);
  g_free (self);
}

int
usher_transport_get_fd (UsherTransport *self)
{
  int fd;

  g_mutex_lock (&self->lock);
  fd = self->fd;
  g_mutex_unlock (&self->lock);

  return fd;
}

static void
transport_record_error (UsherTransport *self,
                        const GError *error)
{
  g_mutex_lock (&self->lock);
  self->error_domain = error->domain;
  self->error_code = error->code;
  g_mutex_unlock (&self->lock);
}

gboolean
usher_transport_is_own_error (UsherTransport *self,
                              const GError *error)
{
  gboolean own;

  g_mutex_lock (&self->lock);
  own = error->domain == self->error_domain && error->code == self->error_code;
  g_mutex_unlock (&self->lock);

  return own;
}

/* Trying. */

static gssize
transport_call (int fd,
                UsherDirection direction,
                GOutputVector vector)
{
  gssize n;

  do
    n = direction == USHER_TRANSPORT_READ ? recv (fd, (void *) vector.buffer, vector.size, 0)
                                          : send (fd, vector.buffer, vector.size, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);

  return n;
}

/* Nobody has sent a word since we last answered, so nobody waits for an answer. */
static gboolean
transport_is_idle_and_draining (UsherTransport *self)
{
  return g_atomic_int_get (&self->draining) && g_atomic_int_get (&self->drain_idle_reads) &&
         !g_atomic_int_get (&self->received);
}

static gssize
transport_failed (UsherTransport *self,
                  UsherDirection direction,
                  int errsv,
                  GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (errsv == EAGAIN)
    return direction == USHER_TRANSPORT_READ && transport_is_idle_and_draining (self) ? 0 : WOULD_BLOCK;

  g_set_error (&local_error, G_IO_ERROR, g_io_error_from_errno (errsv),
               direction == USHER_TRANSPORT_READ ? "Error receiving data: %s" : "Error sending data: %s",
               g_strerror (errsv));
  transport_record_error (self, local_error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return -1;
}

static gboolean
transport_closed (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The connection is closed");
  return FALSE;
}

/* Whether there is a reason not to touch the descriptor at all. */
static gboolean
transport_refuses (UsherTransport *self,
                   GCancellable *cancellable,
                   GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return TRUE;

  if (g_atomic_int_get (&self->exiting))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                           "The acceptor of this connection was asked to exit");
      return TRUE;
    }

  if (g_atomic_int_get (&self->closing))
    return !transport_closed (error);

  return FALSE;
}

/* Does what can be done without waiting: returns a number of bytes, -1 with an error set, or
 * WOULD_BLOCK. */
static gssize
transport_try (UsherTransport *self,
               UsherDirection direction,
               GOutputVector vector,
               GCancellable *cancellable,
               GError **error)
{
  gssize n;

  if (transport_refuses (self, cancellable, error))
    return -1;

  n = transport_call (self->fd, direction, vector);
  if (n < 0)
    return transport_failed (self, direction, errno, error);

  if (n > 0)
    g_atomic_int_set (&self->received, direction == USHER_TRANSPORT_READ);
  return n;
}

/* Waiting in the calling thread. */

static void
transfer_wake (UsherTransfer *transfer)
{
  if (transfer->wake_fd >= 0)
    eventfd_write (transfer->wake_fd, 1);
}

static void
on_waiter_cancelled (GCancellable *cancellable,
                     gpointer user_data)
{
  transfer_wake (user_data);
}

/* Returns whether the descriptor is new: who would have used it before has not been able to. */
static gboolean
transport_ensure_wake_fd (UsherTransport *self,
                          UsherTransfer *transfer)
{
  gboolean is_new;

  g_mutex_lock (&self->lock);
  is_new = transfer->wake_fd < 0 &&
           (transfer->wake_fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK)) >= 0;
  g_mutex_unlock (&self->lock);

  return is_new;
}

static void
transport_clear_wake_up (UsherTransport *self,
                         UsherTransfer *transfer)
{
  eventfd_t count;

  g_mutex_lock (&self->lock);
  if (transfer->wake_fd >= 0)
    eventfd_read (transfer->wake_fd, &count);
  g_mutex_unlock (&self->lock);
}

static void
transport_wait (UsherTransport *self,
                UsherDirection direction,
                GCancellable *cancellable)
{
  UsherTransfer *transfer = &self->transfers[direction];
  struct pollfd fds[2] = { { .events = directions[direction].poll_events }, { .events = POLLIN } };
  gulong cancelled_id = 0;

  if (transport_ensure_wake_fd (self, transfer))
    return;

  fds[0].fd = self->fd;
  fds[1].fd = transfer->wake_fd;
  if (cancellable != NULL)
    cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_waiter_cancelled), transfer, NULL);

  poll (fds, G_N_ELEMENTS (fds), transfer->wake_fd >= 0 ? -1 : SLICE_MSEC);

  g_cancellable_disconnect (cancellable, cancelled_id);
  if (fds[1].revents != 0)
    transport_clear_wake_up (self, transfer);
}

gssize
usher_transport_transfer (UsherTransport *self,
                          UsherDirection direction,
                          GOutputVector vector,
                          GCancellable *cancellable,
                          GError **error)
{
  gssize n;

  while ((n = transport_try (self, direction, vector, cancellable, error)) == WOULD_BLOCK)
    transport_wait (self, direction, cancellable);

  return n;
}

/* Waiting in the reactor. */

/* Called in the reactor's context. */
static void
transport_complete (UsherTransport *self,
                    UsherTransfer *transfer,
                    gssize n,
                    GError *error)
{
  g_autoptr (GTask) task = NULL;
  gulong cancelled_id;

  g_mutex_lock (&self->lock);
  task = g_steal_pointer (&transfer->task);
  cancelled_id = transfer->cancelled_id;
  g_mutex_unlock (&self->lock);

  g_cancellable_disconnect (g_task_get_cancellable (task), cancelled_id);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, n);
}

/* A watched transport stays alive: the reactor holds a reference.
 *
 * Called in the reactor's context, with the lock held. */
static void
transport_unwatch (UsherTransport *self)
{
  if (self->watched_events == 0)
    return;

  usher_watch_remove (&self->watch);
  self->watched_events = 0;
  usher_transport_unref (self);
}

static void on_watch_ready (UsherWatch *watch,
                            guint32 events);
static void transport_post (UsherTransport *self);

/* Most connections never have to wait for their writes, so that is not asked for until one does. If
 * that fails, the other direction is not watched any more either, and has to look again.
 *
 * Called in the reactor's context. */
static gboolean
transport_watch (UsherTransport *self,
                 UsherDirection direction,
                 GError **error)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  guint32 events = self->watched_events | directions[direction].watch_events;

  if (events == self->watched_events)
    return TRUE;

  if (self->fd < 0)
    return transport_closed (error);

  transport_unwatch (self);
  if (!usher_watch_add (&self->watch, self->reactor, self->fd, events, on_watch_ready, error))
    {
      transport_post (self);
      return FALSE;
    }

  usher_transport_ref (self);
  self->watched_events = events;
  return TRUE;
}

/* Called in the reactor's context. */
static void
transport_advance (UsherTransport *self,
                   UsherDirection direction)
{
  UsherTransfer *transfer = &self->transfers[direction];
  GOutputVector vector;
  GError *error = NULL;
  GTask *task;
  gssize n;

  g_mutex_lock (&self->lock);
  task = transfer->task;
  vector = transfer->vector;
  g_mutex_unlock (&self->lock);
  if (task == NULL)
    return;

  n = transport_try (self, direction, vector, g_task_get_cancellable (task), &error);
  if (n == WOULD_BLOCK && transport_watch (self, direction, &error))
    return;
  if (n == WOULD_BLOCK)
    transport_record_error (self, error);

  transport_complete (self, transfer, n, error);
}

/* Called in the reactor's context. */
static void
on_watch_ready (UsherWatch *watch,
                guint32 events)
{
  UsherTransport *self = transport_from_watch (watch);

  usher_transport_ref (self);
  if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
    transport_advance (self, USHER_TRANSPORT_READ);
  if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
    transport_advance (self, USHER_TRANSPORT_WRITE);
  usher_transport_unref (self);
}

/* Called in the reactor's context if that may be using the descriptor, else in any thread. */
static void
transport_close_now (UsherTransport *self)
{
  g_mutex_lock (&self->lock);
  transport_unwatch (self);
  close_fd (&self->fd);
  close_fd (&self->transfers[USHER_TRANSPORT_READ].wake_fd);
  close_fd (&self->transfers[USHER_TRANSPORT_WRITE].wake_fd);
  g_mutex_unlock (&self->lock);
}

/* Called in the reactor's context. */
static void
on_message (UsherMessage *message)
{
  UsherTransport *self = transport_from_message (message);

  g_atomic_int_set (&self->posted, FALSE);
  if (g_atomic_int_get (&self->closing))
    transport_close_now (self);
  transport_advance (self, USHER_TRANSPORT_READ);
  transport_advance (self, USHER_TRANSPORT_WRITE);
  usher_transport_unref (self);
}

/* Looks at the asynchronous operations again, in the reactor's context. */
static void
transport_post (UsherTransport *self)
{
  if (!g_atomic_int_compare_and_exchange (&self->posted, FALSE, TRUE))
    return;

  usher_transport_ref (self);
  usher_reactor_post (self->reactor, &self->message, on_message);
}

static void
on_task_cancelled (GCancellable *cancellable,
                   gpointer user_data)
{
  transport_post (user_data);
}

void
usher_transport_transfer_async (UsherTransport *self,
                                UsherDirection direction,
                                GOutputVector vector,
                                GTask *task)
{
  UsherTransfer *transfer = &self->transfers[direction];
  GCancellable *cancellable = g_task_get_cancellable (task);
  gulong cancelled_id = 0;

  if (cancellable != NULL)
    cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_task_cancelled),
                                          usher_transport_ref (self),
                                          (GDestroyNotify) usher_transport_unref);

  g_mutex_lock (&self->lock);
  transfer->vector = vector;
  transfer->task = task;
  transfer->cancelled_id = cancelled_id;
  g_mutex_unlock (&self->lock);

  if (usher_reactor_is_current (self->reactor))
    transport_advance (self, direction);
  else
    transport_post (self);
}

/* Ending. */

/* Everybody who waits looks again. Returns whether the reactor has to, as it may be using the
 * descriptor. */
static gboolean
transport_wake (UsherTransport *self)
{
  gboolean is_in_reactor;

  g_mutex_lock (&self->lock);
  transfer_wake (&self->transfers[USHER_TRANSPORT_READ]);
  transfer_wake (&self->transfers[USHER_TRANSPORT_WRITE]);
  is_in_reactor = self->watched_events != 0 || self->transfers[USHER_TRANSPORT_READ].task != NULL ||
                  self->transfers[USHER_TRANSPORT_WRITE].task != NULL;
  g_mutex_unlock (&self->lock);

  if (is_in_reactor)
    transport_post (self);
  return is_in_reactor;
}

void
usher_transport_exit (UsherTransport *self)
{
  g_atomic_int_set (&self->exiting, TRUE);
  transport_wake (self);
}

gboolean
usher_transport_is_exiting (UsherTransport *self)
{
  return g_atomic_int_get (&self->exiting);
}

void
usher_transport_drain (UsherTransport *self)
{
  g_atomic_int_set (&self->draining, TRUE);
  transport_wake (self);
}

gboolean
usher_transport_is_draining (UsherTransport *self)
{
  return g_atomic_int_get (&self->draining);
}

void
usher_transport_set_drain_idle_reads (UsherTransport *self,
                                      gboolean drain_idle_reads)
{
  g_atomic_int_set (&self->drain_idle_reads, drain_idle_reads);
}

void
usher_transport_shut (UsherTransport *self)
{
  g_mutex_lock (&self->lock);
  if (self->fd >= 0)
    shutdown (self->fd, SHUT_RDWR);
  g_mutex_unlock (&self->lock);
}

void
usher_transport_close (UsherTransport *self)
{
  g_atomic_int_set (&self->closing, TRUE);
  if (!transport_wake (self) || usher_reactor_is_current (self->reactor))
    transport_close_now (self);
}
