/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/transport-parts-private.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "usher/error.h"

/* How many buffers one system call may take. */
#define MAX_BUFFERS 16

/* GIO has its vectors as the kernel has them. */
G_STATIC_ASSERT (sizeof (GOutputVector) == sizeof (struct iovec));
G_STATIC_ASSERT (G_STRUCT_OFFSET (GOutputVector, buffer) == G_STRUCT_OFFSET (struct iovec, iov_base));
G_STATIC_ASSERT (G_STRUCT_OFFSET (GOutputVector, size) == G_STRUCT_OFFSET (struct iovec, iov_len));

gssize
usher_transport_send_raw (UsherTransport *self,
                          const GOutputVector *vectors,
                          guint n_vectors)
{
  const struct msghdr message = { .msg_iov = (struct iovec *) vectors, .msg_iovlen = n_vectors };
  gssize n;

  do
    n = n_vectors == 1 ? send (self->fd, vectors->buffer, vectors->size, MSG_NOSIGNAL)
                       : sendmsg (self->fd, &message, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);

  if (n > 0)
    usher_transport_count (self, USHER_TRANSPORT_WRITE, n);
  return n;
}

static gssize
transport_send (UsherTransport *self,
                const GOutputVector *vectors,
                guint n_vectors,
                UsherTlsSender sender)
{
  return self->tls != NULL ? usher_tls_session_send (self->tls, vectors, n_vectors, sender)
                           : usher_transport_send_raw (self, vectors, n_vectors);
}

/* The queue. A write goes behind what was queued before it, and what is queued while it is under
 * way goes behind it. */

/* Sends the first `limit` bytes that were ever queued. Returns 0, or errno. */
static int
transport_send_queue (UsherTransport *self,
                      guint64 limit)
{
  GOutputVector vectors[MAX_BUFFERS];
  guint n_vectors;
  gssize n;

  while ((n_vectors = usher_send_queue_list (self->queue, limit, vectors, MAX_BUFFERS)) > 0)
    {
      n = transport_send (self, vectors, n_vectors, USHER_TLS_QUEUE);
      if (n < 0)
        return errno;

      usher_send_queue_drop (self->queue, n);
      if (self->writer != NULL)
        self->writer->waiting_usec = 0;
      usher_transport_set_received (self, FALSE);
    }

  if (g_atomic_int_get (&self->is_queueing))
    g_atomic_int_set (&self->is_queueing, usher_send_queue_get_n_bytes (self->queue) > 0);
  return 0;
}

void
usher_transport_drop_queue (UsherTransport *self)
{
  g_mutex_lock (&self->output_lock);
  usher_send_queue_clear (self->queue);
  if (self->tls != NULL)
    usher_tls_session_disown (self->tls, USHER_TLS_QUEUE);
  g_atomic_int_set (&self->is_queueing, FALSE);
  g_mutex_unlock (&self->output_lock);
}

/* Returns 0, or errno: of what is queued and of what TLS has begun to send. */
static int
transport_send_all (UsherTransport *self)
{
  int errsv = transport_send_queue (self, self->writer != NULL ? self->writer->n_ahead : G_MAXUINT64);

  return errsv == 0 && self->tls != NULL ? usher_tls_session_flush (self->tls) : errsv;
}

/* With TLS the peer is told first. Returns 0, or errno. */
static int
transport_end_output (UsherTransport *self)
{
  if (self->tls != NULL && usher_tls_session_close_output (self->tls) == EAGAIN)
    return EAGAIN;

  return shutdown (self->fd, SHUT_WR) == 0 ? 0 : errno;
}

/* The lock for the output is held. Returns 0, or errno. */
static int
transport_flush (UsherTransport *self)
{
  int errsv = transport_send_all (self);

  /* The streams tell of it; nobody waits for what is queued. */
  if (errsv != 0 && errsv != EAGAIN)
    usher_send_queue_clear (self->queue);
  if (errsv != EAGAIN && self->is_write_shut && usher_send_queue_get_n_bytes (self->queue) == 0)
    errsv = transport_end_output (self);

  g_atomic_int_set (&self->is_queueing, usher_send_queue_get_n_bytes (self->queue) > 0 || errsv == EAGAIN);
  return errsv;
}

gboolean
usher_transport_flush (UsherTransport *self)
{
  int errsv;

  if (!g_atomic_int_get (&self->is_queueing) || usher_transport_is_shaking_hands (self) ||
      !usher_transport_enter (self, NULL))
    return TRUE;

  g_mutex_lock (&self->output_lock);
  errsv = transport_flush (self);
  g_mutex_unlock (&self->output_lock);
  usher_transport_leave (self);

  return errsv != EAGAIN;
}

static gboolean
transport_may_queue (UsherTransport *self,
                     GBytes *bytes,
                     GError **error)
{
  const gsize max = usher_transport_get_limits (self).max_queued_bytes;

  if (self->is_write_shut)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                         "Nothing can be queued any more: the connection was shut down for writing");
  else if (max != 0 && g_bytes_get_size (bytes) > max - MIN (max, usher_send_queue_get_n_bytes (self->queue)))
    g_set_error (error, USHER_ERROR, USHER_ERROR_QUEUE_FULL,
                 "The peer is too slow: %" G_GSIZE_FORMAT " bytes wait to be sent, and %" G_GSIZE_FORMAT
                 " more would exceed max-queued-bytes, which is %" G_GSIZE_FORMAT
                 "; drop them, or end it with usher_connection_exit ()",
                 usher_send_queue_get_n_bytes (self->queue), g_bytes_get_size (bytes), max);
  else
    return TRUE;

  return FALSE;
}

gboolean
usher_transport_queue_bytes (UsherTransport *self,
                             GBytes *bytes,
                             GError **error)
{
  gboolean may_queue;

  if (usher_transport_set_error_if_exiting (self, error) || !usher_transport_enter (self, error))
    return FALSE;

  g_mutex_lock (&self->output_lock);
  may_queue = transport_may_queue (self, bytes, error);
  if (may_queue)
    {
      if (self->queue == NULL)
        self->queue = usher_send_queue_new ();
      usher_send_queue_add (self->queue, bytes);
      g_atomic_int_set (&self->is_queueing, TRUE);
    }
  g_mutex_unlock (&self->output_lock);

  if (may_queue)
    usher_transport_post (self);
  usher_transport_leave (self);
  return may_queue;
}

gsize
usher_transport_get_n_queued_bytes (UsherTransport *self)
{
  gsize n;

  g_mutex_lock (&self->output_lock);
  n = usher_send_queue_get_n_bytes (self->queue);
  g_mutex_unlock (&self->output_lock);

  return n;
}

/* Writing. */

/* Lists what has not gone yet. */
static guint
transfer_list (const UsherTransfer *transfer,
               GOutputVector vectors[MAX_BUFFERS])
{
  gsize n_skipped = transfer->n_sent;
  guint n = 0;

  for (guint i = 0; i < transfer->n_vectors && n < MAX_BUFFERS; i++)
    {
      const GOutputVector *vector = &transfer->vectors[i];

      if (n_skipped < vector->size)
        vectors[n++] = (GOutputVector){ (const char *) vector->buffer + n_skipped, vector->size - n_skipped };
      n_skipped -= MIN (n_skipped, vector->size);
    }

  return n;
}

/* Returns 0, or errno. */
static int
transport_send_transfer (UsherTransport *self,
                         UsherTransfer *transfer)
{
  GOutputVector vectors[MAX_BUFFERS];
  guint n_vectors;
  gssize n;

  while ((n_vectors = transfer_list (transfer, vectors)) > 0)
    {
      n = transport_send (self, vectors, n_vectors, USHER_TLS_WRITER);
      if (n < 0)
        return errno;

      transfer->n_sent += n;
      transfer->waiting_usec = 0;
      usher_transport_set_received (self, FALSE);
    }

  return 0;
}

static void
transport_place (UsherTransport *self,
                 UsherTransfer *transfer)
{
  transfer->is_placed = TRUE;
  transfer->n_ahead = usher_send_queue_get_n_ever (self->queue);
  self->writer = transfer;
}

/* Returns whether something is queued that has waited for it. */
static gboolean
transport_displace (UsherTransport *self,
                    UsherTransfer *transfer)
{
  transfer->is_placed = FALSE;
  self->writer = NULL;
  return usher_send_queue_get_n_bytes (self->queue) > 0;
}

gssize
usher_transport_try_writing (UsherTransport *self,
                             UsherTransfer *transfer,
                             GError **error)
{
  gboolean is_write_shut;
  gboolean is_queueing = FALSE;
  int errsv;

  g_mutex_lock (&self->output_lock);
  is_write_shut = self->is_write_shut;
  if (!transfer->is_placed)
    transport_place (self, transfer);
  errsv = transport_send_queue (self, transfer->n_ahead);
  if (errsv == 0 && !is_write_shut)
    errsv = transport_send_transfer (self, transfer);
  if (errsv == 0 && !is_write_shut)
    is_queueing = transport_displace (self, transfer);
  g_mutex_unlock (&self->output_lock);
  if (is_queueing)
    usher_transport_post (self);

  if (is_write_shut)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "The connection was shut down for writing");
      return -1;
    }

  return errsv == 0 ? (gssize) transfer->n_sent : usher_transport_failed (self, transfer, errsv, error);
}

void
usher_transport_end_write (UsherTransport *self,
                           UsherTransfer *transfer)
{
  gboolean is_queueing;

  if (!transfer->is_placed)
    return;

  g_mutex_lock (&self->output_lock);
  is_queueing = transport_displace (self, transfer);
  g_mutex_unlock (&self->output_lock);

  if (is_queueing)
    usher_transport_post (self);
}

/* Half-closing. */

/* Returns 0, or errno. */
static int
transport_shut_read (UsherTransport *self)
{
  if (self->tls != NULL)
    usher_tls_session_close_input (self->tls);

  return shutdown (self->fd, SHUT_RD) == 0 ? 0 : errno;
}

/* Returns 0, or errno. */
static int
transport_shut_write (UsherTransport *self)
{
  int errsv = usher_send_queue_get_n_bytes (self->queue) == 0 ? transport_end_output (self) : EAGAIN;

  self->is_write_shut = TRUE;
  if (errsv != EAGAIN)
    return errsv;

  g_atomic_int_set (&self->is_queueing, TRUE);
  usher_transport_post (self);
  return 0;
}

gboolean
usher_transport_shutdown (UsherTransport *self,
                          gboolean shutdown_read,
                          gboolean shutdown_write,
                          GError **error)
{
  int errsv = 0;

  if (usher_transport_is_shaking_hands (self))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           "The connection cannot be shut down while the TLS handshake is under way; end it with "
                           "usher_connection_exit ()");
      return FALSE;
    }

  if (!usher_transport_enter (self, error))
    return FALSE;

  g_mutex_lock (&self->output_lock);
  if (shutdown_read)
    errsv = transport_shut_read (self);
  if (shutdown_write)
    errsv = MAX (errsv, transport_shut_write (self));
  g_mutex_unlock (&self->output_lock);
  usher_transport_leave (self);

  if (errsv != 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "Cannot shut the connection down: %s", g_strerror (errsv));
  return errsv == 0;
}
