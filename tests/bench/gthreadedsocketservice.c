/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* What GLib offers for servers in threads: GThreadedSocketService, with a blocking echo. */

#include "gio-server.h"

static gboolean
on_run (GThreadedSocketService *service,
        GSocketConnection *connection,
        GObject *source_object,
        gpointer user_data)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  char buffer[512];
  gssize n;

  while ((n = g_input_stream_read (in, buffer, sizeof buffer, NULL, NULL)) > 0)
    if (!g_output_stream_write_all (out, buffer, n, NULL, NULL, NULL))
      break;

  return TRUE;
}

int
main (int argc,
      char *argv[])
{
  GSocketService *service = g_threaded_socket_service_new (-1);

  g_signal_connect (service, "run", G_CALLBACK (on_run), NULL);
  return gio_server_run (service);
}
