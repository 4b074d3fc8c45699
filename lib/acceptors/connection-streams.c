/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-streams-private.h"

#include "acceptors/operation-private.h"

struct _UsherConnectionInput
{
  GInputStream parent_instance;

  UsherTransport *transport; /* (owned) */
};

struct _UsherConnectionOutput
{
  GOutputStream parent_instance;

  UsherTransport *transport; /* (owned) */
};

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherConnectionInput, usher_connection_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, usher_connection_input_pollable_iface_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (UsherConnectionOutput, usher_connection_output, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, usher_connection_output_pollable_iface_init))

/* Neither stream holds a descriptor of its own, so closing one of them has nothing to wait for; the
 * connection closes the descriptor. */
static void
stream_close_async (gpointer stream,
                    GCancellable *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, stream_close_async);
  g_task_return_boolean (task, TRUE);
}

/* Reading. */

static gssize
usher_connection_input_read (GInputStream *stream,
                             void *buffer,
                             gsize count,
                             GCancellable *cancellable,
                             GError **error)
{
  UsherConnectionInput *self = USHER_CONNECTION_INPUT (stream);
  UsherTransfer transfer = {
    .direction = USHER_TRANSPORT_READ,
    .vectors = &(GOutputVector){ buffer, count },
    .n_vectors = 1,
    .cancellable = cancellable,
  };

  return usher_transport_transfer (self->transport, &transfer, error);
}

static void
usher_connection_input_read_async (GInputStream *stream,
                                   void *buffer,
                                   gsize count,
                                   int io_priority,
                                   GCancellable *cancellable,
                                   GAsyncReadyCallback callback,
                                   gpointer user_data)
{
  UsherConnectionInput *self = USHER_CONNECTION_INPUT (stream);
  const UsherTransfer transfer = {
    .direction = USHER_TRANSPORT_READ,
    .vectors = &(GOutputVector){ buffer, count },
    .n_vectors = 1,
    .cancellable = cancellable,
  };

  usher_operation_begin (stream, self->transport, &transfer, callback, user_data);
}

static gssize
usher_connection_input_read_finish (GInputStream *stream,
                                    GAsyncResult *result,
                                    GError **error)
{
  return usher_operation_finish (USHER_OPERATION (result), error);
}

static void
usher_connection_input_close_async (GInputStream *stream,
                                    int io_priority,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  stream_close_async (stream, cancellable, callback, user_data);
}

static gboolean
usher_connection_input_close_finish (GInputStream *stream,
                                     GAsyncResult *result,
                                     GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
usher_connection_input_finalize (GObject *object)
{
  g_clear_pointer (&USHER_CONNECTION_INPUT (object)->transport, usher_transport_unref);

  G_OBJECT_CLASS (usher_connection_input_parent_class)->finalize (object);
}

static void
usher_connection_input_class_init (UsherConnectionInputClass *klass)
{
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = usher_connection_input_finalize;
  stream_class->read_fn = usher_connection_input_read;
  stream_class->read_async = usher_connection_input_read_async;
  stream_class->read_finish = usher_connection_input_read_finish;
  stream_class->close_async = usher_connection_input_close_async;
  stream_class->close_finish = usher_connection_input_close_finish;
}

static void
usher_connection_input_init (UsherConnectionInput *self)
{
}

GInputStream *
usher_connection_input_new (UsherTransport *transport)
{
  UsherConnectionInput *self = g_object_new (USHER_TYPE_CONNECTION_INPUT, NULL);

  self->transport = usher_transport_ref (transport);
  return G_INPUT_STREAM (self);
}

UsherTransport *
usher_connection_input_get_transport (UsherConnectionInput *self)
{
  return self->transport;
}

/* Writing. */

static gboolean
usher_connection_output_writev (GOutputStream *stream,
                                const GOutputVector *vectors,
                                gsize n_vectors,
                                gsize *bytes_written,
                                GCancellable *cancellable,
                                GError **error)
{
  UsherConnectionOutput *self = USHER_CONNECTION_OUTPUT (stream);
  UsherTransfer transfer = {
    .direction = USHER_TRANSPORT_WRITE,
    .vectors = vectors,
    .n_vectors = n_vectors,
    .cancellable = cancellable,
  };
  gssize n = usher_transport_transfer (self->transport, &transfer, error);

  if (bytes_written != NULL)
    *bytes_written = MAX (n, 0);
  return n >= 0;
}

static gssize
usher_connection_output_write (GOutputStream *stream,
                               const void *buffer,
                               gsize count,
                               GCancellable *cancellable,
                               GError **error)
{
  gsize n;

  return usher_connection_output_writev (stream, &(GOutputVector){ buffer, count }, 1, &n, cancellable, error)
             ? (gssize) n
             : -1;
}

static void
usher_connection_output_writev_async (GOutputStream *stream,
                                      const GOutputVector *vectors,
                                      gsize n_vectors,
                                      int io_priority,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  UsherConnectionOutput *self = USHER_CONNECTION_OUTPUT (stream);
  const UsherTransfer transfer = {
    .direction = USHER_TRANSPORT_WRITE,
    .vectors = vectors,
    .n_vectors = n_vectors,
    .cancellable = cancellable,
  };

  usher_operation_begin (stream, self->transport, &transfer, callback, user_data);
}

static void
usher_connection_output_write_async (GOutputStream *stream,
                                     const void *buffer,
                                     gsize count,
                                     int io_priority,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  usher_connection_output_writev_async (stream, &(GOutputVector){ buffer, count }, 1, io_priority, cancellable,
                                        callback, user_data);
}

static gssize
usher_connection_output_write_finish (GOutputStream *stream,
                                      GAsyncResult *result,
                                      GError **error)
{
  return usher_operation_finish (USHER_OPERATION (result), error);
}

static gboolean
usher_connection_output_writev_finish (GOutputStream *stream,
                                       GAsyncResult *result,
                                       gsize *bytes_written,
                                       GError **error)
{
  gssize n = usher_connection_output_write_finish (stream, result, error);

  if (bytes_written != NULL)
    *bytes_written = MAX (n, 0);
  return n >= 0;
}

static void
usher_connection_output_close_async (GOutputStream *stream,
                                     int io_priority,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  stream_close_async (stream, cancellable, callback, user_data);
}

static gboolean
usher_connection_output_close_finish (GOutputStream *stream,
                                      GAsyncResult *result,
                                      GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
usher_connection_output_finalize (GObject *object)
{
  g_clear_pointer (&USHER_CONNECTION_OUTPUT (object)->transport, usher_transport_unref);

  G_OBJECT_CLASS (usher_connection_output_parent_class)->finalize (object);
}

static void
usher_connection_output_class_init (UsherConnectionOutputClass *klass)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = usher_connection_output_finalize;
  stream_class->write_fn = usher_connection_output_write;
  stream_class->write_async = usher_connection_output_write_async;
  stream_class->write_finish = usher_connection_output_write_finish;
  stream_class->writev_fn = usher_connection_output_writev;
  stream_class->writev_async = usher_connection_output_writev_async;
  stream_class->writev_finish = usher_connection_output_writev_finish;
  stream_class->close_async = usher_connection_output_close_async;
  stream_class->close_finish = usher_connection_output_close_finish;
}

static void
usher_connection_output_init (UsherConnectionOutput *self)
{
}

GOutputStream *
usher_connection_output_new (UsherTransport *transport)
{
  UsherConnectionOutput *self = g_object_new (USHER_TYPE_CONNECTION_OUTPUT, NULL);

  self->transport = usher_transport_ref (transport);
  return G_OUTPUT_STREAM (self);
}

UsherTransport *
usher_connection_output_get_transport (UsherConnectionOutput *self)
{
  return self->transport;
}
