/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* Usher, with a function that runs on the loop. */

#include "support/loop-echo.h"
#include "usher-server.h"

/* In the thread where it will serve one connection. */
static void
echo (UsherConnection *connection,
      gpointer user_data)
{
  usher_server_count_connection ();
  loop_echo (connection, user_data);
}

int
main (int argc,
      char *argv[])
{
  return usher_server_run (usher_acceptor_pool_new_for_async_func ("echo", echo, NULL, NULL), argc, argv);
}
