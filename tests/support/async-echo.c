/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "async-echo.h"

struct _TestAsyncEcho
{
  GObject parent_instance;

  char buffer[512];
};

static void
on_written (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data);
static void
read_more (GTask *task);

/* What the kernel takes at once needs no callback; whatever hinders that is found again by those who
 * wait. */
static void
write_back (GTask *task,
            gsize n)
{
  TestAsyncEcho *self = g_task_get_source_object (task);
  GOutputStream *out = g_io_stream_get_output_stream (g_task_get_task_data (task));
  gssize n_sent = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (out), self->buffer, n, NULL,
                                                              NULL);

  n_sent = MAX (n_sent, 0);
  if ((gsize) n_sent == n)
    read_more (task);
  else
    g_output_stream_write_all_async (out, self->buffer + n_sent, n - n_sent, G_PRIORITY_DEFAULT, NULL, on_written,
                                     g_object_ref (task));
}

static void
on_read (GObject *source_object,
         GAsyncResult *result,
         gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source_object), result, &error);

  if (n < 0)
    g_task_return_error (task, error);
  else if (n == 0)
    g_task_return_boolean (task, TRUE);
  else
    write_back (task, n);
}

static void
read_more (GTask *task)
{
  TestAsyncEcho *self = g_task_get_source_object (task);
  UsherConnection *connection = g_task_get_task_data (task);

  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (connection)), self->buffer,
                             sizeof self->buffer, G_PRIORITY_DEFAULT,
                             usher_connection_get_drain_cancellable (connection), on_read,
                             g_object_ref (task));
}

static void
on_written (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source_object), result, NULL, &error))
    read_more (task);
  else
    g_task_return_error (task, error);
}

static void
test_async_echo_acceptor_continue_async (UsherAsyncAcceptor *acceptor,
                                         UsherConnection *connection,
                                         GCancellable *cancellable,
                                         GAsyncReadyCallback callback,
                                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (acceptor, cancellable, callback, user_data);

  g_task_set_task_data (task, g_object_ref (connection), g_object_unref);
  read_more (task);
}

static void
test_async_echo_acceptor_iface_init (UsherAcceptorInterface *iface)
{
}

static void
test_async_echo_async_acceptor_iface_init (UsherAsyncAcceptorInterface *iface)
{
  iface->acceptor_continue_async = test_async_echo_acceptor_continue_async;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestAsyncEcho, test_async_echo, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, test_async_echo_acceptor_iface_init)
                                   G_IMPLEMENT_INTERFACE (USHER_TYPE_ASYNC_ACCEPTOR, test_async_echo_async_acceptor_iface_init))

static void
test_async_echo_class_init (TestAsyncEchoClass *klass)
{
}

static void
test_async_echo_init (TestAsyncEcho *self)
{
}
