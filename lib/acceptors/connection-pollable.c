/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-streams-private.h"

#include "runtime/ready-source-private.h"

/* A source that waits for one direction of a transport. The reactor makes it ready, so that the
 * loop has nothing to poll for it. */
typedef struct
{
  gatomicrefcount ref_count; /* the source has one, and a transfer under way */
  UsherTransport *transport; /* (owned) */
  UsherTransfer transfer;
  GCancellable *gone; /* (owned): cancelled when the source is no more */
  GMutex lock;
  GSource *source; /* (unowned) (nullable) (locked-by lock) */
} Poll;

static void
poll_unref (Poll *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  usher_transport_unref (self->transport);
  g_object_unref (self->gone);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* Whatever came of it: who tries now learns it.
 *
 * Called in the transport's context. */
static void
on_polled (UsherTransfer *transfer,
           gssize n,
           GError *error)
{
  Poll *self = USHER_OWNER (Poll, transfer, transfer);

  g_clear_error (&error);
  g_mutex_lock (&self->lock);
  if (self->source != NULL)
    usher_ready_source_set (self->source);
  g_mutex_unlock (&self->lock);
  poll_unref (self);
}

/* Called in the source's context. */
static gboolean
poll_wait (gpointer user_data)
{
  Poll *self = user_data;
  GError *error = NULL;
  gssize n;

  g_atomic_ref_count_inc (&self->ref_count);
  self->transfer = (UsherTransfer){
    .direction = self->transfer.direction,
    .cancellable = self->gone,
    .done = on_polled,
  };
  n = usher_transport_transfer_async (self->transport, &self->transfer, &error);
  if (n != USHER_WOULD_BLOCK)
    on_polled (&self->transfer, n, error);
  return G_SOURCE_CONTINUE;
}

static void
poll_end (gpointer user_data)
{
  Poll *self = user_data;

  g_mutex_lock (&self->lock);
  self->source = NULL;
  g_mutex_unlock (&self->lock);
  g_cancellable_cancel (self->gone);
  poll_unref (self);
}

static GSource *
create_source (GObject *stream,
               UsherTransport *transport,
               UsherDirection direction,
               GCancellable *cancellable)
{
  Poll *self = g_new0 (Poll, 1);
  g_autoptr (GSource) source = usher_ready_source_new (poll_wait, self, poll_end);
  GSource *pollable_source;

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->transport = usher_transport_ref (transport);
  self->transfer.direction = direction;
  self->gone = g_cancellable_new ();
  self->source = source;

  pollable_source = g_pollable_source_new_full (stream, NULL, cancellable);
  g_source_add_child_source (pollable_source, source);
  return pollable_source;
}

static gboolean
is_ready (UsherTransport *transport,
          UsherDirection direction)
{
  UsherTransfer transfer = { .direction = direction };
  g_autoptr (GError) error = NULL;

  usher_transport_transfer_nonblocking (transport, &transfer, &error);
  return !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
}

static gboolean
usher_connection_input_is_readable (GPollableInputStream *stream)
{
  return is_ready (usher_connection_input_get_transport (USHER_CONNECTION_INPUT (stream)), USHER_TRANSPORT_READ);
}

static GSource *
usher_connection_input_create_source (GPollableInputStream *stream,
                                      GCancellable *cancellable)
{
  return create_source (G_OBJECT (stream), usher_connection_input_get_transport (USHER_CONNECTION_INPUT (stream)),
                        USHER_TRANSPORT_READ, cancellable);
}

static gssize
usher_connection_input_read_nonblocking (GPollableInputStream *stream,
                                         void *buffer,
                                         gsize count,
                                         GError **error)
{
  UsherTransfer transfer = {
    .direction = USHER_TRANSPORT_READ,
    .vectors = &(GOutputVector){ buffer, count },
    .n_vectors = 1,
  };

  return usher_transport_transfer_nonblocking (usher_connection_input_get_transport (USHER_CONNECTION_INPUT (stream)),
                                               &transfer, error);
}

void
usher_connection_input_pollable_iface_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = usher_connection_input_is_readable;
  iface->create_source = usher_connection_input_create_source;
  iface->read_nonblocking = usher_connection_input_read_nonblocking;
}

static gboolean
usher_connection_output_is_writable (GPollableOutputStream *stream)
{
  return is_ready (usher_connection_output_get_transport (USHER_CONNECTION_OUTPUT (stream)), USHER_TRANSPORT_WRITE);
}

static GSource *
usher_connection_output_create_source (GPollableOutputStream *stream,
                                       GCancellable *cancellable)
{
  return create_source (G_OBJECT (stream), usher_connection_output_get_transport (USHER_CONNECTION_OUTPUT (stream)),
                        USHER_TRANSPORT_WRITE, cancellable);
}

static gssize
usher_connection_output_write_nonblocking (GPollableOutputStream *stream,
                                           const void *buffer,
                                           gsize count,
                                           GError **error)
{
  UsherTransfer transfer = {
    .direction = USHER_TRANSPORT_WRITE,
    .vectors = &(GOutputVector){ buffer, count },
    .n_vectors = 1,
  };

  return usher_transport_transfer_nonblocking (usher_connection_output_get_transport (USHER_CONNECTION_OUTPUT (stream)),
                                               &transfer, error);
}

static GPollableReturn
usher_connection_output_writev_nonblocking (GPollableOutputStream *stream,
                                            const GOutputVector *vectors,
                                            gsize n_vectors,
                                            gsize *bytes_written,
                                            GError **error)
{
  UsherTransfer transfer = {
    .direction = USHER_TRANSPORT_WRITE,
    .vectors = vectors,
    .n_vectors = n_vectors,
  };
  g_autoptr (GError) local_error = NULL;
  gssize n;

  n = usher_transport_transfer_nonblocking (usher_connection_output_get_transport (USHER_CONNECTION_OUTPUT (stream)),
                                            &transfer, &local_error);
  *bytes_written = MAX (n, 0);
  if (n >= 0)
    return G_POLLABLE_RETURN_OK;
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return G_POLLABLE_RETURN_WOULD_BLOCK;

  g_propagate_error (error, g_steal_pointer (&local_error));
  return G_POLLABLE_RETURN_FAILED;
}

void
usher_connection_output_pollable_iface_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = usher_connection_output_is_writable;
  iface->create_source = usher_connection_output_create_source;
  iface->write_nonblocking = usher_connection_output_write_nonblocking;
  iface->writev_nonblocking = usher_connection_output_writev_nonblocking;
}
