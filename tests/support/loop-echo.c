/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/loop-echo.h"

static void
loop_echo_end (LoopEcho *self,
               GError *error)
{
  self->end (self->user_data, error);
}

static void
on_written (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  GError *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source_object), result, NULL, &error))
    loop_echo_begin (user_data);
  else
    loop_echo_end (user_data, error);
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
    loop_echo_begin (self);
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
    loop_echo_end (user_data, error);
}

void
loop_echo_begin (LoopEcho *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), self->buffer,
                             sizeof self->buffer, G_PRIORITY_DEFAULT,
                             self->cancellable, on_read, self);
}

static void
complete (gpointer user_data,
          GError *error)
{
  LoopEcho *self = user_data;

  if (error != NULL)
    usher_connection_fail (self->connection, error);
  else
    usher_connection_complete (self->connection);
  g_free (self);
}

void
loop_echo (UsherConnection *connection,
           gpointer user_data)
{
  LoopEcho *self = g_new (LoopEcho, 1);

  self->connection = connection;
  self->cancellable = NULL;
  self->end = complete;
  self->user_data = self;
  loop_echo_begin (self);
}
