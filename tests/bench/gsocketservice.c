/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* What GLib offers for servers on the loop: GSocketService, with an asynchronous echo. */

#include "gio-server.h"

typedef struct
{
  GSocketConnection *connection; /* (owned) */
  char buffer[512];
} Echo;

static void
echo_end (Echo *self)
{
  g_io_stream_close (G_IO_STREAM (self->connection), NULL, NULL);
  g_object_unref (self->connection);
  g_free (self);
}

static void on_written (GObject *source_object,
                        GAsyncResult *result,
                        gpointer user_data);

static void
on_read (GObject *source_object,
         GAsyncResult *result,
         gpointer user_data)
{
  Echo *self = user_data;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source_object), result, NULL);

  if (n > 0)
    g_output_stream_write_all_async (g_io_stream_get_output_stream (G_IO_STREAM (self->connection)),
                                     self->buffer, n, G_PRIORITY_DEFAULT, NULL, on_written, self);
  else
    echo_end (self);
}

static void
echo_read (Echo *self)
{
  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->connection)), self->buffer,
                             sizeof self->buffer, G_PRIORITY_DEFAULT, NULL, on_read, self);
}

static void
on_written (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  Echo *self = user_data;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source_object), result, NULL, NULL))
    echo_read (self);
  else
    echo_end (self);
}

static gboolean
on_incoming (GSocketService *service,
             GSocketConnection *connection,
             GObject *source_object,
             gpointer user_data)
{
  Echo *self = g_new (Echo, 1);

  self->connection = g_object_ref (connection);
  echo_read (self);
  return TRUE;
}

int
main (int argc,
      char *argv[])
{
  GSocketService *service = g_socket_service_new ();

  g_signal_connect (service, "incoming", G_CALLBACK (on_incoming), NULL);
  return gio_server_run (service);
}
