/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/async-echo.h"

#include "usher/acceptor-pool.h"
#include "usher/supervisor.h"

/* The twin of examples/echo.c on the loop, as a program. */

static void
on_up (UsherListenSocket *listen_socket)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (listen_socket);

  g_print ("listening on %s\n", address);
}

int
main (int argc,
      char *argv[])
{
  g_autoptr (GError) error = NULL;
  g_autoptr (UsherAcceptorPool) pool = usher_acceptor_pool_new ("async-echo", TEST_TYPE_ASYNC_ECHO);
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_REST_FOR_ONE);
  g_autoptr (UsherListenSocket) listen_socket = usher_listen_socket_new_for_address (argv[argc - 1], &error);
  g_autoptr (UsherChildSpec) pool_spec = usher_child_spec_new ("pool", USHER_CHILD (pool));
  g_autoptr (UsherChildSpec) socket_spec = usher_child_spec_new ("socket", USHER_CHILD (listen_socket));

  g_assert_no_error (error);
  g_signal_connect (listen_socket, "up", G_CALLBACK (on_up), NULL);
  usher_acceptor_pool_accept_socket (pool, listen_socket, 10, &error);
  g_assert_no_error (error);
  usher_supervisor_add_child (root, pool_spec, &error);
  g_assert_no_error (error);
  usher_supervisor_add_child (root, socket_spec, &error);
  g_assert_no_error (error);
  usher_supervisor_run (root, &error);
  g_assert_no_error (error);

  return 0;
}
