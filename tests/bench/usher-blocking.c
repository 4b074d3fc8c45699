/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* Usher, with blocking acceptors, each in a thread or a fiber of its own: EXECUTION says which. */

#include "usher-server.h"

#ifndef BUFFER_SIZE
#define BUFFER_SIZE 512
#endif

static gboolean
echo (UsherConnection *connection,
      gpointer user_data,
      GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  char buffer[BUFFER_SIZE];
  gssize n;

  /* Otherwise each has a thread of its own. */
  if (EXECUTION == USHER_EXECUTION_FIBER)
    usher_server_count_connection ();

  while ((n = g_input_stream_read (in, buffer, sizeof buffer, NULL, error)) > 0)
    if (!g_output_stream_write_all (out, buffer, n, NULL, NULL, error))
      return FALSE;

  return n == 0;
}

int
main (int argc,
      char *argv[])
{
  UsherAcceptorPool *pool = usher_acceptor_pool_new_for_func ("echo", echo, NULL, NULL);

  usher_acceptor_pool_set_execution (pool, EXECUTION);
  return usher_server_run (pool, argc, argv);
}
