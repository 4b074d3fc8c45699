/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* Usher, with acceptors that run on the loop. */

#include "support/async-echo.h"
#include "usher-server.h"

int
main (int argc,
      char *argv[])
{
  return usher_server_run (usher_acceptor_pool_new ("echo", TEST_TYPE_ASYNC_ECHO), argc, argv);
}
