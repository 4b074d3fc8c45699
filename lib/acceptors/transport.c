/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/transport-parts-private.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/object-private.h"

/* The last one is EHWPOISON. */
#define N_ERRNOS (EHWPOISON + 1)

static void
close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
transport_open (UsherTransport *self,
                int fd)
{
  self->fd = fd;
  self->wake_fds[USHER_TRANSPORT_READ] = -1;
  self->wake_fds[USHER_TRANSPORT_WRITE] = -1;
}

UsherTransport *
usher_transport_new (UsherReactor *reactor,
                     int fd)
{
  UsherTransport *self = g_new0 (UsherTransport, 1);

  self->ref_count = 1;
  g_mutex_init (&self->lock);
  g_mutex_init (&self->output_lock);
  self->reactor = usher_reactor_ref (reactor);
  transport_open (self, fd);

  return self;
}

UsherTransport *
usher_transport_ref (UsherTransport *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

static void
transport_close_descriptors (UsherTransport *self)
{
  close_fd (&self->fd);
  close_fd (&self->wake_fds[USHER_TRANSPORT_READ]);
  close_fd (&self->wake_fds[USHER_TRANSPORT_WRITE]);
}

void
usher_transport_forget_waiters (UsherTransport *self)
{
  g_mutex_lock (&self->lock);
  close_fd (&self->wake_fds[USHER_TRANSPORT_READ]);
  close_fd (&self->wake_fds[USHER_TRANSPORT_WRITE]);
  g_mutex_unlock (&self->lock);
}

void
usher_transport_unref (UsherTransport *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  transport_close_descriptors (self);
  g_clear_object (&self->spare);
  g_clear_pointer (&self->tls, usher_tls_session_free);
  g_clear_object (&self->exit_cancellable);
  g_clear_object (&self->drain_cancellable);
  g_clear_pointer (&self->timeouts, g_free);
  g_clear_pointer (&self->queue, usher_send_queue_free);
  usher_reactor_unref (self->reactor);
  g_mutex_clear (&self->output_lock);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Using it again. */

/* One that somebody keeps is of no more use. */
static void
forget_if_kept (gpointer *object)
{
  if (*object != NULL && !usher_object_is_forgotten (*object))
    g_clear_object (object);
}

static void
forget_if_used (GCancellable **cancellable)
{
  usher_object_drop_handlers (*cancellable);
  forget_if_kept ((gpointer *) cancellable);
  if (*cancellable != NULL && g_cancellable_is_cancelled (*cancellable))
    g_clear_object (cancellable);
}

void
usher_transport_drop_handlers (UsherTransport *self)
{
  forget_if_used (&self->exit_cancellable);
  forget_if_used (&self->drain_cancellable);
  forget_if_kept (&self->spare);
}

static gboolean
is_unused (GCancellable *cancellable)
{
  return cancellable == NULL || (usher_object_is_forgotten (cancellable) && !g_cancellable_is_cancelled (cancellable));
}

/* Whoever waits has a reference, as have the watch, the timer and the message. */
gboolean
usher_transport_retire (UsherTransport *self,
                        int n_refs)
{
  if (g_atomic_int_get (&self->ref_count) != n_refs || self->fd >= 0 || self->tls != NULL ||
      !is_unused (self->exit_cancellable) || !is_unused (self->drain_cancellable))
    return FALSE;

  g_clear_pointer (&self->timeouts, g_free);
  g_clear_pointer (&self->queue, usher_send_queue_free);
  return TRUE;
}

void
usher_transport_reopen (UsherTransport *self,
                        int fd)
{
  memset (&self->users, 0, sizeof *self - G_STRUCT_OFFSET (UsherTransport, users));
  transport_open (self, fd);
}

UsherReactor *
usher_transport_get_reactor (UsherTransport *self)
{
  return self->reactor;
}

gpointer
usher_transport_take_spare (UsherTransport *self)
{
  return usher_reactor_is_dispatching (self->reactor) ? g_steal_pointer (&self->spare) : NULL;
}

void
usher_transport_keep_spare (UsherTransport *self,
                            gpointer object)
{
  if (self->spare == NULL && usher_reactor_is_dispatching (self->reactor))
    self->spare = g_object_ref (object);
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

static guint64
pack_error (const GError *error)
{
  return (guint64) error->domain << 32 | (guint32) error->code;
}

void
usher_transport_record_error (UsherTransport *self,
                              const GError *error)
{
  __atomic_store_n (&self->error, pack_error (error), __ATOMIC_RELAXED);
}

gboolean
usher_transport_is_own_error (UsherTransport *self,
                              const GError *error)
{
  return __atomic_load_n (&self->error, __ATOMIC_RELAXED) == pack_error (error);
}

/* Using and closing. Whoever closes may be another thread than the one that uses the descriptor:
 * the last of them really closes it, lest its number be another connection's by then. */

static void
transport_close_unused (UsherTransport *self)
{
  gboolean is_elsewhere;

  g_mutex_lock (&self->lock);
  is_elsewhere = usher_transport_is_in_reactor (self) && !usher_reactor_is_current (self->reactor);
  if (!is_elsewhere)
    {
      usher_transport_leave_reactor (self);
      transport_close_descriptors (self);
    }
  g_mutex_unlock (&self->lock);

  if (is_elsewhere)
    usher_transport_post (self);
  else if (self->tls != NULL)
    usher_tls_session_drop (self->tls);
}

void
usher_transport_close_if_unused (UsherTransport *self)
{
  if (g_atomic_int_get (&self->users) == USHER_TRANSPORT_CLOSING)
    transport_close_unused (self);
}

void
usher_transport_leave (UsherTransport *self)
{
  if (g_atomic_int_add (&self->users, -USHER_TRANSPORT_USER) == (USHER_TRANSPORT_USER | USHER_TRANSPORT_CLOSING))
    transport_close_unused (self);
}

gboolean
usher_transport_enter (UsherTransport *self,
                       GError **error)
{
  if ((g_atomic_int_add (&self->users, USHER_TRANSPORT_USER) & USHER_TRANSPORT_CLOSING) == 0)
    return TRUE;

  usher_transport_leave (self);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The connection is closed");
  return FALSE;
}

/* Whoever uses the descriptor is woken before it is closed. */
void
usher_transport_close (UsherTransport *self)
{
  usher_transport_flush (self);
  usher_transport_say_goodbye (self);

  if (g_atomic_int_or ((guint *) &self->users, USHER_TRANSPORT_CLOSING) != 0)
    usher_transport_wake (self);
  else
    {
      transport_close_unused (self);
      if (usher_transport_has_transfers (self))
        usher_transport_post (self);
    }
}

/* Trying. */

gboolean
usher_transport_is_idle_and_draining (UsherTransport *self)
{
  const guint needed = USHER_TOLD_TO_DRAIN | USHER_TOLD_TO_END_IDLE_READS;

  return (g_atomic_int_get (&self->told) & needed) == needed && !g_atomic_int_get (&self->received);
}

static gssize
transport_would_block (UsherTransport *self,
                       UsherTransfer *transfer,
                       GError **error)
{
  if (transfer->direction == USHER_TRANSPORT_READ && usher_transport_is_idle_and_draining (self))
    return 0;

  return usher_transport_may_wait (self, transfer, error) ? USHER_WOULD_BLOCK : -1;
}

static const char *
intern_message (UsherDirection direction,
                int errsv)
{
  const char *what = direction == USHER_TRANSPORT_READ ? "Error receiving data: " : "Error sending data: ";
  g_autofree char *made = g_strconcat (what, g_strerror (errsv), NULL);

  return g_intern_string (made);
}

/* Many clients end with a reset; to write the same words each time costs more than the rest of this. */
static const char *
get_message (UsherDirection direction,
             int errsv)
{
  static const char *messages[2][N_ERRNOS]; /* (nullable) (atomic): made once */
  const char **message = &messages[direction][CLAMP (errsv, 0, N_ERRNOS - 1)];

  if (g_atomic_pointer_get (message) == NULL)
    g_atomic_pointer_set (message, intern_message (direction, errsv));

  return *message;
}

gssize
usher_transport_failed (UsherTransport *self,
                        UsherTransfer *transfer,
                        int errsv,
                        GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (errsv == EAGAIN)
    return transport_would_block (self, transfer, error);

  local_error = self->tls != NULL ? usher_tls_session_dup_error (self->tls, transfer->direction) : NULL;
  if (local_error == NULL)
    local_error = g_error_new_literal (G_IO_ERROR, g_io_error_from_errno (errsv), get_message (transfer->direction, errsv));
  usher_transport_record_error (self, local_error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return -1;
}

gboolean
usher_transport_set_error_if_exiting (UsherTransport *self,
                                      GError **error)
{
  if (!usher_transport_is_exiting (self))
    return FALSE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                       "The acceptor of this connection was asked to exit");
  return TRUE;
}

/* Whether there is a reason not to touch the descriptor at all. */
static gboolean
transport_refuses (UsherTransport *self,
                   GCancellable *cancellable,
                   GError **error)
{
  return (cancellable != NULL && g_cancellable_set_error_if_cancelled (cancellable, error)) ||
         usher_transport_set_error_if_exiting (self, error);
}

/* There is one at a time in each direction, so that nobody else adds to it meanwhile. */
void
usher_transport_count (UsherTransport *self,
                       UsherDirection direction,
                       gsize n)
{
  __atomic_store_n (&self->n_bytes[direction], usher_transport_get_n_bytes (self, direction) + n, __ATOMIC_RELAXED);
}

gssize
usher_transport_receive_raw (UsherTransport *self,
                             void *buffer,
                             gsize size)
{
  gssize n;

  do
    n = recv (self->fd, buffer, size, 0);
  while (n < 0 && errno == EINTR);

  if (n > 0)
    usher_transport_count (self, USHER_TRANSPORT_READ, n);
  return n;
}

static gssize
transport_try_reading (UsherTransport *self,
                       UsherTransfer *transfer,
                       GError **error)
{
  const GOutputVector *vector = &transfer->vectors[0];
  gssize n;

  n = self->tls != NULL ? usher_tls_session_receive (self->tls, (void *) vector->buffer, vector->size)
                        : usher_transport_receive_raw (self, (void *) vector->buffer, vector->size);
  if (n < 0)
    return usher_transport_failed (self, transfer, errno, error);

  if (n > 0)
    usher_transport_heard (self);
  return n;
}

/* Whether the kernel would have done something now. */
static gssize
transport_poll (UsherTransport *self,
                UsherTransfer *transfer,
                GError **error)
{
  struct pollfd fd = { self->fd, transfer->direction == USHER_TRANSPORT_READ ? POLLIN | POLLRDHUP : POLLOUT, 0 };
  gboolean is_ready = self->tls != NULL ? usher_tls_session_is_ready (self->tls, transfer->direction)
                                        : poll (&fd, 1, 0) != 0;

  return is_ready ? 0 : transport_would_block (self, transfer, error);
}

static gssize
transport_do_entered (UsherTransport *self,
                      UsherTransfer *transfer,
                      GError **error)
{
  UsherTlsSession *tls = g_atomic_pointer_get (&self->tls);

  if (tls != NULL && usher_tls_session_get_state (tls) != USHER_TLS_ON)
    return usher_tls_session_advance (tls, transfer, error);

  if (transfer->n_vectors == 0)
    return transport_poll (self, transfer, error);

  return transfer->direction == USHER_TRANSPORT_READ ? transport_try_reading (self, transfer, error)
                                                     : usher_transport_try_writing (self, transfer, error);
}

/* What is killed just now has its descriptor shut, which looks as if the peer had ended or broken it. */
static gssize
transport_do (UsherTransport *self,
              UsherTransfer *transfer,
              GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gssize n;

  if (!usher_transport_enter (self, error))
    return -1;

  n = transport_do_entered (self, transfer, &local_error);
  usher_transport_leave (self);
  if ((n == 0 || n == -1) && usher_transport_set_error_if_exiting (self, error))
    return -1;

  if (n == -1)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return n;
}

guint64
usher_transport_get_n_bytes (UsherTransport *self,
                             UsherDirection direction)
{
  return __atomic_load_n (&self->n_bytes[direction], __ATOMIC_RELAXED);
}

/* Whether it is known that there is nothing to read, for those who would wait. Before an end-of-file is made up,
 * it looks once more: the peer may have spoken just now. */
static gboolean
transport_is_dry (UsherTransport *self,
                  const UsherTransfer *transfer)
{
  return transfer->done != NULL && self->is_dry && usher_transport_reads_raw (self, transfer) &&
         !usher_transport_is_idle_and_draining (self);
}

gssize
usher_transport_try (UsherTransport *self,
                     UsherTransfer *transfer,
                     GError **error)
{
  g_autoptr (GError) local_error = NULL;
  gboolean is_broken;
  gssize n;

  if (transport_refuses (self, transfer->cancellable, &local_error))
    n = -1;
  else if (transport_is_dry (self, transfer))
    n = transport_would_block (self, transfer, &local_error);
  else
    n = transport_do (self, transfer, &local_error);

  is_broken = n == -1 && transfer->is_placed;
  if (n != USHER_WOULD_BLOCK)
    usher_transport_end_write (self, transfer);
  if (is_broken)
    usher_transport_abandon_write (self);

  /* As GIO has it: what has gone has gone, whatever happened then. */
  if (n == -1 && transfer->n_sent > 0)
    return transfer->n_sent;
  if (n == -1)
    g_propagate_error (error, g_steal_pointer (&local_error));
  return n;
}

gssize
usher_transport_transfer (UsherTransport *self,
                          UsherTransfer *transfer,
                          GError **error)
{
  gssize n;

  if (usher_fiber_get_current () != NULL)
    return usher_transport_transfer_in_fiber (self, transfer, error);

  if (!usher_transport_enter (self, error))
    return -1;

  while ((n = usher_transport_try (self, transfer, error)) == USHER_WOULD_BLOCK)
    usher_transport_wait (self, transfer);
  usher_transport_leave (self);

  return n;
}

gssize
usher_transport_transfer_nonblocking (UsherTransport *self,
                                      UsherTransfer *transfer,
                                      GError **error)
{
  gssize n = usher_transport_try (self, transfer, error);

  if (n != USHER_WOULD_BLOCK)
    return n;

  usher_transport_end_write (self, transfer);
  if (transfer->n_sent > 0)
    return transfer->n_sent;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, g_strerror (EAGAIN));
  return -1;
}
