/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <sys/socket.h>
#include <unistd.h>

#include "support/pool-rules.h"

/* Crowds, and peers that are no help. */

#define N_RESETS 10000
#define BATCH 50

static void
connect_and_reset (PoolFixture *fixture)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  test_client_reset (client);
}

static gboolean
was_accepted (PoolFixture *fixture,
              guint n)
{
  g_autoptr (UsherPoolStatistics) statistics = usher_acceptor_pool_get_statistics (fixture->pool);

  return usher_pool_statistics_get_n_accepted (statistics) +
             usher_pool_statistics_get_n_accept_errors (statistics, USHER_ACCEPT_FAILURE_PEER) ==
         n;
}

/* One half is gone before it is accepted, the other half as soon as it is. */
static void
test_resets (PoolFixture *fixture,
             gconstpointer data)
{
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  pool_fixture_start (fixture);
  for (guint n = 0; n < N_RESETS; n += 2 * BATCH)
    {
      TestClient *accepted[BATCH];

      for (guint i = 0; i < BATCH; i++)
        connect_and_reset (fixture);
      pool_fixture_wait_for (fixture, was_accepted, n + BATCH);

      for (guint i = 0; i < BATCH; i++)
        accepted[i] = test_client_connect (fixture->listen_socket);
      pool_fixture_wait_for (fixture, was_accepted, n + 2 * BATCH);
      for (guint i = 0; i < BATCH; i++)
        {
          test_client_reset (accepted[i]);
          test_client_free (accepted[i]);
        }
    }

  pool_fixture_wait_for (fixture, n_connections_is, 0);
  g_assert_true (was_accepted (fixture, N_RESETS));
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  g_assert_true (usher_listen_socket_is_up (fixture->listen_socket));
  test_client_free (pool_fixture_greet (fixture));
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

static TestClient *
greet_at (UsherListenSocket *socket)
{
  TestClient *client = test_client_connect (socket);

  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  return client;
}

static void
still_served (TestClient *client)
{
  test_client_send (client, "still here");
  test_client_expect (client, "still here");
}

/* IPv4, IPv6 and Unix: one goes down and comes back, and the others notice nothing. */
static void
test_three_sockets (PoolFixture *fixture,
                    gconstpointer data)
{
  g_autofree char *name = g_strdup_printf ("unix-abstract:usher-storm-%d", (int) getpid ());
  const char *const addresses[] = { "tcp://127.0.0.1:0", "tcp://[::1]:0", name };
  UsherListenSocket *sockets[G_N_ELEMENTS (addresses)];
  TestClient *clients[G_N_ELEMENTS (addresses)];

  g_assert_true (usher_acceptor_pool_remove_socket (fixture->pool, fixture->listen_socket, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      sockets[i] = usher_listen_socket_new_for_address (addresses[i], NULL);
      g_assert_true (usher_listen_socket_open (sockets[i], NULL));
      g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool, sockets[i], 2, NULL));
    }

  pool_fixture_start (fixture);
  for (guint down = 0; down < G_N_ELEMENTS (addresses); down++)
    {
      for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
        clients[i] = greet_at (sockets[i]);
      pool_fixture_wait_for (fixture, n_waiting_is, 6);

      usher_child_shutdown (USHER_CHILD (sockets[down]), USHER_STOP_RESTART);
      pool_fixture_wait_for (fixture, n_waiting_is, 4);
      for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
        {
          still_served (clients[i]);
          if (i != down)
            test_client_free (greet_at (sockets[i]));
        }

      g_assert_true (usher_listen_socket_open (sockets[down], NULL));
      pool_fixture_wait_for (fixture, n_waiting_is, 6);
      test_client_free (greet_at (sockets[down]));
      for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
        test_client_free (clients[i]);
      pool_fixture_wait_for (fixture, n_connections_is, 0);
    }

  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    g_object_unref (sockets[i]);
}

/* A crowd waits in the queue; whoever is here already is answered before it is let in. */
static void
test_a_crowd_delays_nobody (PoolFixture *fixture,
                            gconstpointer data)
{
  g_autoptr (TestClient) here = NULL;
  g_autoptr (GPtrArray) crowd = g_ptr_array_new_with_free_func ((GDestroyNotify) test_client_free);
  guint n_before;

  g_assert_true (usher_acceptor_pool_set_n_acceptors (fixture->pool, fixture->listen_socket, 10, NULL));
  pool_fixture_start (fixture);
  here = pool_fixture_greet (fixture);
  /* Its next read waits in the reactor. */
  pool_fixture_settle (fixture);
  usher_acceptor_pool_suspend (fixture->pool);
  for (guint i = 0; i < 300; i++)
    g_ptr_array_add (crowd, test_client_connect (fixture->listen_socket));
  usher_acceptor_pool_resume (fixture->pool);
  test_client_send (here, "first");
  n_before = usher_acceptor_pool_get_n_connections (fixture->pool);
  while (here->received->len == 0)
    {
      guint n = usher_acceptor_pool_get_n_connections (fixture->pool);

      g_assert_cmpuint (n - n_before, <=, 2 * 64);
      g_main_context_iteration (NULL, TRUE);
      g_assert_cmpuint (usher_acceptor_pool_get_n_connections (fixture->pool) - n, <=, 64);
    }

  g_string_truncate (here->received, 0);
  pool_fixture_wait_for (fixture, n_connections_is, 301);
  pool_fixture_stop (fixture);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  POOL_CASE ("/pool-storm/10000-resets-hurt-nobody", test_resets);
  POOL_CASE ("/pool-storm/of-three-sockets-one-goes-down", test_three_sockets);
  /* It looks at each turn of the loop, so that it has no meaning with workers. */
  g_test_add ("/pool-storm/a-crowd-delays-nobody", PoolFixture, NULL, pool_fixture_set_up_on_loop,
              test_a_crowd_delays_nobody, pool_fixture_tear_down);

  return g_test_run ();
}
