/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* Usher, with acceptors that run on the loop, an object for each connection. */

#include "support/async-echo.h"
#include "usher-server.h"

/* In the thread where it will serve one connection. */
static UsherAcceptor *
make_echo (gpointer pool,
           gpointer user_data,
           GError **error)
{
  usher_server_count_connection ();
  return g_object_new (TEST_TYPE_ASYNC_ECHO, NULL);
}

int
main (int argc,
      char *argv[])
{
  return usher_server_run (usher_acceptor_pool_new_with_factory ("echo", make_echo, NULL, NULL), argc, argv);
}
