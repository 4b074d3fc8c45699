/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

#include "support/pool-fixture.h"
#include "support/sockets.h"
#include "usher/child.h"

/* A pool on IPv4, IPv6 and a Unix socket, with a client on each. */

#define N_SOCKETS 3
#define N_ACCEPTORS 2

typedef struct
{
  PoolFixture pool;
  char *directory;                       /* (owned) */
  UsherListenSocket *sockets[N_SOCKETS]; /* (owned) */
  TestClient *clients[N_SOCKETS];        /* (owned) */
} Fixture;

static UsherListenSocket *
add_socket (Fixture *fixture,
            const char *address)
{
  g_autoptr (GError) error = NULL;
  UsherListenSocket *socket = usher_listen_socket_new_for_address (address, &error);

  g_assert_no_error (error);
  usher_listen_socket_open (socket, &error);
  g_assert_no_error (error);
  usher_acceptor_pool_accept_socket (fixture->pool.pool, socket, N_ACCEPTORS, &error);
  g_assert_no_error (error);

  return socket;
}

static void
assert_echoes (TestClient *client)
{
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
}

/* One to each socket. */
static void
come (Fixture *fixture)
{
  for (guint i = 0; i < N_SOCKETS; i++)
    {
      fixture->clients[i] = test_client_connect (fixture->sockets[i]);
      assert_echoes (fixture->clients[i]);
    }
  pool_fixture_wait_for (&fixture->pool, n_connections_is, N_SOCKETS);
  pool_fixture_wait_for (&fixture->pool, n_waiting_is, N_SOCKETS * N_ACCEPTORS);
}

static void
set_up (Fixture *fixture,
        gconstpointer set_up_pool)
{
  g_autofree char *unix_address = NULL;

  ((void (*) (PoolFixture *, gconstpointer)) set_up_pool) (&fixture->pool, NULL);
  fixture->directory = g_dir_make_tmp ("usher-XXXXXX", NULL);
  unix_address = g_strdup_printf ("unix:%s/socket", fixture->directory);
  fixture->sockets[0] = g_object_ref (fixture->pool.listen_socket);
  fixture->sockets[1] = add_socket (fixture, "tcp://[::1]:0");
  fixture->sockets[2] = add_socket (fixture, unix_address);
  pool_fixture_start (&fixture->pool);
  pool_fixture_wait_for (&fixture->pool, n_waiting_is, N_SOCKETS * N_ACCEPTORS);

  come (fixture);
}

static void
leave (TestClient *client)
{
  shutdown (client->fd, SHUT_WR);
  test_client_expect_end (client);
  test_client_free (client);
}

static void
leave_all (Fixture *fixture)
{
  for (guint i = 0; i < N_SOCKETS; i++)
    leave (fixture->clients[i]);
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 0);
}

static void
tear_down (Fixture *fixture,
           gconstpointer set_up_pool)
{
  leave_all (fixture);
  g_assert_cmpuint (fixture->pool.reports->len, ==, 0);
  pool_fixture_stop (&fixture->pool);
  pool_fixture_tear_down (&fixture->pool, NULL);
  for (guint i = 0; i < N_SOCKETS; i++)
    g_assert_finalize_object (fixture->sockets[i]);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->directory);
}

/* Who was there is still served, and so is who comes. */
static void
assert_serves (Fixture *fixture,
               guint i)
{
  TestClient *late = test_client_connect (fixture->sockets[i]);

  assert_echoes (fixture->clients[i]);
  assert_echoes (late);
  leave (late);
}

/* The client of the one that was down was told to leave. */
static void
bring_back (Fixture *fixture,
            guint down)
{
  leave (fixture->clients[down]);
  g_assert_true (usher_listen_socket_open (fixture->sockets[down], NULL));
  fixture->clients[down] = test_client_connect (fixture->sockets[down]);
}

static void
assert_others_serve (Fixture *fixture,
                     guint down)
{
  for (guint i = 0; i < N_SOCKETS; i++)
    if (i != down)
      assert_serves (fixture, i);
}

static void
test_one_goes_down (Fixture *fixture,
                    gconstpointer set_up_pool)
{
  for (guint down = 0; down < N_SOCKETS; down++)
    {
      usher_listen_socket_close (fixture->sockets[down]);
      pool_fixture_wait_for (&fixture->pool, n_waiting_is, (N_SOCKETS - 1) * N_ACCEPTORS);
      assert_others_serve (fixture, down);
      pool_fixture_wait_for (&fixture->pool, n_waiting_is, (N_SOCKETS - 1) * N_ACCEPTORS);
      bring_back (fixture, down);
      pool_fixture_wait_for (&fixture->pool, n_waiting_is, N_SOCKETS * N_ACCEPTORS);
      assert_serves (fixture, down);
    }
}

/* Only the acceptors of the one that goes down end, and only they are replaced. */
static void
test_only_its_own_acceptors (Fixture *fixture,
                             gconstpointer set_up_pool)
{
  int n_inits = g_atomic_int_get (&fixture->pool.script.n_inits);

  for (guint down = 0; down < N_SOCKETS; down++)
    {
      usher_listen_socket_close (fixture->sockets[down]);
      pool_fixture_wait_for (&fixture->pool, n_terminates_is, (down + 1) * N_ACCEPTORS);
      g_assert_true (usher_listen_socket_open (fixture->sockets[down], NULL));
      pool_fixture_wait_for (&fixture->pool, n_waiting_is, N_SOCKETS * N_ACCEPTORS);
    }

  g_assert_cmpint (g_atomic_int_get (&fixture->pool.script.n_inits), ==, n_inits + N_SOCKETS * N_ACCEPTORS);
}

/* A thread that waits for its client has a descriptor to be cancelled by; one that
 * is on its way there has none yet. So nobody may be there. */
static guint
count_fds_without_clients (Fixture *fixture)
{
  guint n_fds;

  leave_all (fixture);
  n_fds = sockets_count_fds ();
  come (fixture);

  return n_fds;
}

/* However often that happens. */
static void
test_no_descriptors (Fixture *fixture,
                     gconstpointer set_up_pool)
{
  guint n_fds = count_fds_without_clients (fixture);

  for (guint i = 0; i < 20; i++)
    {
      guint down = i % N_SOCKETS;

      usher_listen_socket_close (fixture->sockets[down]);
      assert_others_serve (fixture, down);
      bring_back (fixture, down);
      assert_serves (fixture, down);
    }

  g_assert_cmpuint (count_fds_without_clients (fixture), ==, n_fds);
}

#define ADD(path, set_up_pool, func) g_test_add ("/pool-sockets/" path, Fixture, set_up_pool, set_up, func, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("one-goes-down-and-the-others-notice-nothing/in-threads", pool_fixture_set_up_scripted, test_one_goes_down);
  ADD ("one-goes-down-and-the-others-notice-nothing/on-the-loop", pool_fixture_set_up_on_loop, test_one_goes_down);
  ADD ("one-goes-down-and-the-others-notice-nothing/in-two-workers", pool_fixture_set_up_in_two_workers, test_one_goes_down);
  ADD ("only-its-own-acceptors-end/in-threads", pool_fixture_set_up_scripted, test_only_its_own_acceptors);
  ADD ("only-its-own-acceptors-end/on-the-loop", pool_fixture_set_up_on_loop, test_only_its_own_acceptors);
  ADD ("only-its-own-acceptors-end/in-two-workers", pool_fixture_set_up_in_two_workers, test_only_its_own_acceptors);
  ADD ("leaves-no-descriptors/in-threads", pool_fixture_set_up_scripted, test_no_descriptors);
  ADD ("leaves-no-descriptors/on-the-loop", pool_fixture_set_up_on_loop, test_no_descriptors);
  ADD ("leaves-no-descriptors/in-two-workers", pool_fixture_set_up_in_two_workers, test_no_descriptors);

  return g_test_run ();
}
