/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-streams-private.h"

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

G_DEFINE_FINAL_TYPE (UsherConnectionInput, usher_connection_input, G_TYPE_INPUT_STREAM)
G_DEFINE_FINAL_TYPE (UsherConnectionOutput, usher_connection_output, G_TYPE_OUTPUT_STREAM)

/* Neither half holds a descriptor of its own, so closing one of them has nothing to wait for; the
 * connection closes the descriptor. */
static void
return_closed (gpointer stream,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, return_closed);
  g_task_return_boolean (task, TRUE);
}

static gssize
usher_connection_input_read (GInputStream *stream,
                             void *buffer,
                             gsize count,
                             GCancellable *cancellable,
                             GError **error)
{
  UsherConnectionInput *self = USHER_CONNECTION_INPUT (stream);

  return usher_transport_transfer (self->transport, USHER_TRANSPORT_READ,
                                   (GOutputVector){ buffer, count }, cancellable, error);
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
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, usher_connection_input_read_async);
  g_task_set_priority (task, io_priority);
  usher_transport_transfer_async (self->transport, USHER_TRANSPORT_READ,
                                  (GOutputVector){ buffer, count }, task);
}

static gssize
usher_connection_input_read_finish (GInputStream *stream,
                                    GAsyncResult *result,
                                    GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static void
usher_connection_input_close_async (GInputStream *stream,
                                    int io_priority,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  return_closed (stream, cancellable, callback, user_data);
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
  usher_transport_unref (USHER_CONNECTION_INPUT (object)->transport);

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

static gssize
usher_connection_output_write (GOutputStream *stream,
                               const void *buffer,
                               gsize count,
                               GCancellable *cancellable,
                               GError **error)
{
  UsherConnectionOutput *self = USHER_CONNECTION_OUTPUT (stream);

  return usher_transport_transfer (self->transport, USHER_TRANSPORT_WRITE,
                                   (GOutputVector){ buffer, count }, cancellable, error);
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
  UsherConnectionOutput *self = USHER_CONNECTION_OUTPUT (stream);
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, usher_connection_output_write_async);
  g_task_set_priority (task, io_priority);
  usher_transport_transfer_async (self->transport, USHER_TRANSPORT_WRITE,
                                  (GOutputVector){ buffer, count }, task);
}

static gssize
usher_connection_output_write_finish (GOutputStream *stream,
                                      GAsyncResult *result,
                                      GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static void
usher_connection_output_close_async (GOutputStream *stream,
                                     int io_priority,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  return_closed (stream, cancellable, callback, user_data);
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
  usher_transport_unref (USHER_CONNECTION_OUTPUT (object)->transport);

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
