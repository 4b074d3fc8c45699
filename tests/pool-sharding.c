/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/client.h"
#include "support/iterate.h"
#include "support/script.h"
#include "usher/acceptor-pool.h"

/* Two pools on one port, each with a worker and a listen socket of its own. */

#define N_SHARDS 2
#define N_CLIENTS 50

/* The kernel chooses by the addresses and ports of both ends: a client that comes again comes from
 * another port. */
#define MAX_ATTEMPTS 1000

typedef struct
{
  UsherAcceptorPool *pool;   /* (owned) */
  UsherListenSocket *socket; /* (owned) */
} Shard;

typedef struct
{
  Shard shards[N_SHARDS];
  guint n_running;
} Fixture;

static const char *const names[N_SHARDS] = { "a", "b" };

/* Says where it is, then echoes. */
static gboolean
tell_where (UsherConnection *connection,
            gpointer name,
            GError **error)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));

  return g_output_stream_write_all (out, name, 1, NULL, NULL, error) && scripted_echo (connection, NULL, error);
}

static void
open_on (Shard *shard,
         const char *address)
{
  g_autoptr (GError) error = NULL;

  shard->socket = usher_listen_socket_new_for_address (address, &error);
  g_assert_no_error (error);
  g_object_set (shard->socket, "reuse-port", TRUE, NULL);
  usher_listen_socket_open (shard->socket, &error);
  g_assert_no_error (error);
  usher_acceptor_pool_accept_socket (shard->pool, shard->socket, 2, &error);
  g_assert_no_error (error);
}

static void
on_started (GObject *pool,
            GAsyncResult *result,
            gpointer fixture)
{
  g_assert_cmpint (usher_child_start_finish (USHER_CHILD (pool), result, NULL), ==, USHER_START_STARTED);
  ((Fixture *) fixture)->n_running++;
}

static void
on_exited (Fixture *fixture)
{
  fixture->n_running--;
}

static gboolean
all_are_running (gpointer fixture)
{
  return ((Fixture *) fixture)->n_running == N_SHARDS;
}

static gboolean
none_is_running (gpointer fixture)
{
  return ((Fixture *) fixture)->n_running == 0;
}

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  g_autofree char *address = g_strdup ("tcp://127.0.0.1:0");

  for (guint i = 0; i < N_SHARDS; i++)
    {
      Shard *shard = &fixture->shards[i];

      shard->pool = usher_acceptor_pool_new_for_func (names[i], tell_where, (gpointer) names[i], NULL);
      usher_acceptor_pool_set_workers (shard->pool, 1);
      open_on (shard, address);
      g_signal_connect_swapped (shard->pool, "exited", G_CALLBACK (on_exited), fixture);
      usher_child_start_async (USHER_CHILD (shard->pool), NULL, on_started, fixture);

      /* The others take its port. */
      g_free (address);
      address = usher_listen_socket_dup_local_address (shard->socket);
    }
  iterate_until (NULL, all_are_running, fixture);
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  for (guint i = 0; i < N_SHARDS; i++)
    usher_child_shutdown (USHER_CHILD (fixture->shards[i].pool), USHER_STOP_FINAL);
  iterate_until (NULL, none_is_running, fixture);
  iterate_pending (NULL);
  for (guint i = 0; i < N_SHARDS; i++)
    {
      g_assert_finalize_object (fixture->shards[i].pool);
      g_assert_finalize_object (fixture->shards[i].socket);
    }
}

static void
expect_echo (TestClient *client)
{
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
}

static gboolean
is_answered (gpointer client)
{
  return ((TestClient *) client)->received->len > 0;
}

/* Returns (transfer full): a client that is served there. */
static TestClient *
get_to (Fixture *fixture,
        const char *name)
{
  for (guint i = 0; i < MAX_ATTEMPTS; i++)
    {
      g_autoptr (TestClient) client = test_client_connect (fixture->shards[0].socket);

      iterate_until (NULL, is_answered, client);
      if (!g_str_equal (client->received->str, name))
        continue;

      test_client_expect (client, name);
      expect_echo (client);
      return g_steal_pointer (&client);
    }

  g_assert_not_reached ();
}

static void
test_reaches_both (Fixture *fixture,
                   gconstpointer data)
{
  for (guint i = 0; i < N_SHARDS; i++)
    {
      g_autoptr (TestClient) client = get_to (fixture, names[i]);

      expect_echo (client);
    }
}

static void
test_one_closes (Fixture *fixture,
                 gconstpointer data)
{
  g_autoptr (TestClient) here = get_to (fixture, "a");
  g_autoptr (TestClient) there = get_to (fixture, "b");
  g_autoptr (TestClient) back = NULL;

  usher_listen_socket_close (fixture->shards[1].socket);
  test_client_expect_end (there);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_autoptr (TestClient) client = test_client_connect (fixture->shards[0].socket);

      test_client_expect (client, "a");
    }
  expect_echo (here);

  g_assert_true (usher_listen_socket_open (fixture->shards[1].socket, NULL));
  back = get_to (fixture, "b");
  expect_echo (here);
}

typedef struct
{
  Fixture *fixture;
  TestClient *client;
} Attempt;

static gboolean
has_got_somewhere (gpointer user_data)
{
  Attempt *attempt = user_data;

  return is_answered (attempt->client) || usher_listen_socket_get_queue_depth (attempt->fixture->shards[1].socket) > 0;
}

/* The second has no place left; returns (transfer full): a client that the kernel has given to it. */
static TestClient *
get_stuck (Fixture *fixture)
{
  TestClient *client = NULL;

  do
    {
      g_clear_pointer (&client, test_client_free);
      client = test_client_connect (fixture->shards[0].socket);
      iterate_and_look_until (has_got_somewhere, &(Attempt){ fixture, client });
    }
  while (is_answered (client));

  return client;
}

/* Nobody else takes those whom one does not accept. */
static void
test_one_is_full (Fixture *fixture,
                  gconstpointer data)
{
  g_autoptr (TestClient) here = get_to (fixture, "a");
  g_autoptr (TestClient) there = NULL;
  g_autoptr (TestClient) stuck = NULL;

  usher_acceptor_pool_set_max_connections (fixture->shards[1].pool, 1);
  there = get_to (fixture, "b");
  stuck = get_stuck (fixture);
  expect_echo (here);
  g_assert_false (is_answered (stuck));
  test_client_reset (there);
  test_client_expect (stuck, "b");
}

/* Its queue is not lost with it. */
static void
test_a_full_one_closes (Fixture *fixture,
                        gconstpointer data)
{
  g_autoptr (TestClient) there = NULL;
  g_autoptr (TestClient) stuck = NULL;

  usher_acceptor_pool_set_max_connections (fixture->shards[1].pool, 1);
  there = get_to (fixture, "b");
  stuck = get_stuck (fixture);
  usher_listen_socket_close (fixture->shards[1].socket);
  test_client_expect_end (there);
  test_client_expect (stuck, "b");
}

#define ADD(path, function) g_test_add ("/pool-sharding/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("reaches-both", test_reaches_both);
  ADD ("one-closes-and-the-other-serves", test_one_closes);
  ADD ("one-that-is-full-keeps-its-clients", test_one_is_full);
  ADD ("one-that-closes-serves-its-clients", test_a_full_one_closes);

  return g_test_run ();
}
