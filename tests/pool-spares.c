/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/crew-private.h"
#include "runtime/fiber-private.h"
#include "support/pool-fixture.h"
#include "usher/connection-info.h"

/* What connection-spares and connection-again say, in a pool. */

#define READ_TIMEOUT_MSEC 5000
#define N_CLIENTS 8

/* (transfer none): who serves the only client. */
static UsherConnection *
find_connection (PoolFixture *fixture)
{
  g_autoptr (GPtrArray) infos = usher_acceptor_pool_which_children (fixture->pool);

  g_assert_cmpuint (infos->len, ==, 1);
  return usher_connection_info_get_connection (infos->pdata[0]);
}

static void
expect_nobody (PoolFixture *fixture)
{
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_settle (fixture);
}

typedef void (*Use) (UsherConnection *connection);

/* A client comes, and goes again. Returns who has served it; it may be the next one's by now. */
static gpointer
serve (PoolFixture *fixture,
       Use use)
{
  g_autoptr (TestClient) client = pool_fixture_greet (fixture);
  UsherConnection *connection = find_connection (fixture);

  g_assert_cmpuint (usher_connection_get_read_timeout_msec (connection), ==, READ_TIMEOUT_MSEC);
  g_assert_false (usher_connection_is_draining (connection));
  g_assert_true (usher_connection_get_listen_socket (connection) == fixture->listen_socket);
  if (use != NULL)
    use (connection);
  test_client_send (client, "quit");
  test_client_expect_end (client);
  expect_nobody (fixture);

  return connection;
}

static void
start (PoolFixture *fixture)
{
  usher_acceptor_pool_set_read_timeout_msec (fixture->pool, READ_TIMEOUT_MSEC);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, pool_fixture_deal (fixture, 2));
  pool_fixture_settle (fixture);
}

static void
set_limits (UsherConnection *connection)
{
  usher_connection_set_read_timeout_msec (connection, READ_TIMEOUT_MSEC + 1);
}

/* Each worker has its own. */
static void
test_used_again (PoolFixture *fixture,
                 gconstpointer data)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  start (fixture);
  for (guint i = 0; i < N_CLIENTS; i++)
    g_hash_table_add (seen, serve (fixture, set_limits));
  g_assert_cmpuint (g_hash_table_size (seen), <=, MAX (fixture->n_workers, 1));
  pool_fixture_stop (fixture);
}

static void
keep (UsherConnection *connection)
{
  g_object_ref (connection);
}

static void
test_kept (PoolFixture *fixture,
           gconstpointer data)
{
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GHashTable) seen = g_hash_table_new (NULL, NULL);

  start (fixture);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_ptr_array_add (kept, serve (fixture, keep));
      g_hash_table_add (seen, kept->pdata[i]);
    }
  g_assert_cmpuint (g_hash_table_size (seen), ==, N_CLIENTS);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_autofree char *name = usher_connection_dup_peer_name (kept->pdata[i]);

      g_assert_true (g_str_has_prefix (name, "127.0.0.1:"));
    }
  pool_fixture_stop (fixture);
}

static void
make_exit (UsherConnection *connection)
{
  g_autoptr (UsherExit) reason = usher_exit_new_shutdown ();

  usher_connection_exit (connection, reason);
}

/* One that was made to exit serves the next client as any other does. */
static void
test_exited (PoolFixture *fixture,
             gconstpointer data)
{
  start (fixture);
  serve (fixture, NULL);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_autoptr (TestClient) client = pool_fixture_greet (fixture);

      make_exit (find_connection (fixture));
      iterate_until (NULL, test_client_is_at_end, client);
      expect_nobody (fixture);
      serve (fixture, NULL);
    }
  pool_fixture_stop (fixture);
}

static void
count_ready (gpointer crew,
             gpointer n_ready)
{
  g_atomic_int_add ((int *) n_ready, ((UsherCrew *) crew)->spares.n_ready);
}

static void
test_holds_nothing (PoolFixture *fixture,
                    gconstpointer data)
{
  guint n_refs, n_pool_refs;
  int n_ready = 0;

  start (fixture);
  n_refs = G_OBJECT (fixture->listen_socket)->ref_count;
  n_pool_refs = G_OBJECT (fixture->pool)->ref_count;
  serve (fixture, NULL);
  pool_fixture_visit_crews (fixture, count_ready, &n_ready);
  g_assert_cmpint (n_ready, ==, 1);
  g_assert_cmpuint (G_OBJECT (fixture->listen_socket)->ref_count, ==, n_refs);
  g_assert_cmpuint (G_OBJECT (fixture->pool)->ref_count, ==, n_pool_refs);
  pool_fixture_stop (fixture);
}

static void
ref_crew (gpointer crew,
          gpointer kept)
{
  *(UsherCrew **) kept = usher_crew_ref (crew);
}

static void
test_freed (PoolFixture *fixture,
            gconstpointer data)
{
  g_autoptr (UsherCrew) crew = NULL;

  start (fixture);
  serve (fixture, NULL);
  pool_fixture_visit_crews (fixture, ref_crew, &crew);
  g_assert_cmpuint (crew->spares.n_ready, ==, 1);
  pool_fixture_stop (fixture);
  iterate_pending (NULL);
  g_assert_cmpuint (crew->spares.n_ready + crew->spares.n_over, ==, 0);
}

static void
set_up_in_fiber (PoolFixture *fixture,
                 gconstpointer data)
{
  pool_fixture_set_up_in_thread (fixture, data);
  usher_acceptor_pool_set_execution (fixture->pool, USHER_EXECUTION_FIBER);
}

typedef void (*PoolFunc) (PoolFixture *fixture,
                          gconstpointer data);

typedef struct
{
  const char *name;
  PoolFunc set_up;
  gboolean needs_fibers;
  gboolean has_workers;
} Place;

static const Place places[] = {
  { "in-threads", pool_fixture_set_up_in_thread, FALSE, FALSE },
  { "in-fibers", set_up_in_fiber, TRUE, FALSE },
  { "on-the-loop", pool_fixture_set_up_on_loop, FALSE, FALSE },
  { "in-two-workers", pool_fixture_set_up_in_two_workers, FALSE, TRUE },
  { "in-threads-of-two-workers", pool_fixture_set_up_threads_in_two_workers, FALSE, TRUE },
};

static void
add_test (const Place *place,
          const char *name,
          PoolFunc test)
{
  g_autofree char *path = g_strdup_printf ("/pool-spares/%s/%s", place->name, name);

  g_test_add (path, PoolFixture, NULL, place->set_up, test, pool_fixture_tear_down);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      if (places[i].needs_fibers && !usher_fiber_is_supported (NULL))
        continue;

      add_test (&places[i], "are-used-again", test_used_again);
      add_test (&places[i], "leave-alone-what-is-kept", test_kept);
      add_test (&places[i], "forget-that-they-had-to-exit", test_exited);
      add_test (&places[i], "hold-nothing", test_holds_nothing);
      if (!places[i].has_workers)
        add_test (&places[i], "go-with-their-crew", test_freed);
    }

  return g_test_run ();
}
