/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/loop-echo.h"

static void read_more (LoopEcho *self);

static void
end (LoopEcho *self,
     GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_written (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  GError *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source_object), result, NULL, &error))
    read_more (user_data);
  else
    end (user_data, error);
}

/* What the kernel takes at once needs no callback; whatever hinders that is found again by those who
 * wait. */
static void
write_back (LoopEcho *self,
            gsize n)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  gssize n_sent = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (out), self->buffer, n, NULL,
                                                              NULL);

  n_sent = MAX (n_sent, 0);
  if ((gsize) n_sent == n)
    read_more (self);
  else
    g_output_stream_write_all_async (out, self->buffer + n_sent, n - n_sent, G_PRIORITY_DEFAULT, NULL, on_written, self);
}

static void
on_read (GObject *source_object,
         GAsyncResult *result,
         gpointer user_data)
{
  GError *error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source_object), result, &error);

  if (n > 0)
    write_back (user_data, n);
  else
    end (user_data, error);
}

static void
read_more (LoopEcho *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), self->buffer,
                             sizeof self->buffer, G_PRIORITY_DEFAULT,
                             self->cancellable, on_read, self);
}

void
loop_echo_begin (LoopEcho *self,
                 UsherConnection *connection,
                 GCancellable *cancellable,
                 GTask *task)
{
  self->connection = connection;
  self->cancellable = cancellable;
  self->task = g_object_ref (task);
  read_more (self);
}

void
loop_echo (UsherConnection *connection,
           GTask *task,
           gpointer user_data)
{
  LoopEcho *self = g_new (LoopEcho, 1);

  g_task_set_task_data (task, self, g_free);
  loop_echo_begin (self, connection, NULL, task);
}
