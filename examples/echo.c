/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */
#include <usher/usher.h>

/* A generic echo server: this function is the user's part of it. */
static gboolean
echo (UsherConnection *connection, gpointer user_data, GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  char buffer[512];
  gssize n;

  while ((n = g_input_stream_read (in, buffer, sizeof buffer, NULL, error)) > 0)
    if (!g_output_stream_write_all (out, buffer, n, NULL, NULL, error))
      return FALSE;
  return n == 0;
}

int
main (int argc, char *argv[])
{
  g_autoptr (UsherService) service = usher_service_new ("echo");
  g_autoptr (UsherAcceptorPool) pool = usher_acceptor_pool_new_for_func ("echo", echo, NULL, NULL);

  usher_acceptor_pool_set_execution (pool, USHER_EXECUTION_FIBER);
  usher_service_add_pool (service, pool, "tcp://127.0.0.1:7000", 10);
  return usher_service_run (service, argc, argv);
}
