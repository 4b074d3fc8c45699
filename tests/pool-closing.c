/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptors/acceptor-pool-private.h"
#include "support/fault.h"
#include "support/pool-fixture.h"
#include "support/sockets.h"
#include "usher/child.h"
#include "usher/connection-info.h"
#include "usher/error.h"

#define N_CLIENTS 100
#define N_PLACES 10

/* What the clients of a pool meet when its listen socket is closed. */
typedef struct
{
  const char *nick;
  const char *address; /* NULL for a Unix socket */
  void (*set_up_pool) (PoolFixture *fixture,
                       gconstpointer data);
} Case;

static const Case cases[] = {
  { "tcp/in-a-thread", "tcp://127.0.0.1:0", pool_fixture_set_up_in_thread },
  { "tcp/on-the-loop", "tcp://127.0.0.1:0", pool_fixture_set_up_on_loop },
  { "tcp/in-two-workers", "tcp://127.0.0.1:0", pool_fixture_set_up_in_two_workers },
  { "tcp/in-threads-of-two-workers", "tcp://127.0.0.1:0", pool_fixture_set_up_threads_in_two_workers },
  { "unix/in-a-thread", NULL, pool_fixture_set_up_in_thread },
  { "unix/on-the-loop", NULL, pool_fixture_set_up_on_loop },
  { "unix/in-two-workers", NULL, pool_fixture_set_up_in_two_workers },
};

typedef struct
{
  PoolFixture pool;
  char *directory;    /* (owned) */
  GPtrArray *clients; /* (owned) (element-type TestClient): in the queue */
} Fixture;

static void
replace_listen_socket (Fixture *fixture,
                       UsherListenSocket *socket)
{
  g_assert_true (usher_acceptor_pool_remove_socket (fixture->pool.pool, fixture->pool.listen_socket, NULL));
  g_object_unref (fixture->pool.listen_socket);
  fixture->pool.listen_socket = socket;
  g_assert_true (usher_listen_socket_open (socket, NULL));
  g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool.pool, socket, 2, NULL));
}

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  const Case *the_case = data;
  g_autofree char *address = NULL;

  the_case->set_up_pool (&fixture->pool, NULL);
  usher_acceptor_pool_set_drain_patience_msec (fixture->pool.pool, 1000);
  fixture->directory = g_dir_make_tmp ("usher-XXXXXX", NULL);
  fixture->clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_client_free);
  address = the_case->address != NULL ? g_strdup (the_case->address) : g_strdup_printf ("unix:%s/socket", fixture->directory);
  replace_listen_socket (fixture, usher_listen_socket_new_for_address (address, NULL));
  pool_fixture_start (&fixture->pool);
  pool_fixture_wait_for (&fixture->pool, n_waiting_is, 2);
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  fault_clear ();
  pool_fixture_tear_down (&fixture->pool, NULL);
  g_ptr_array_unref (fixture->clients);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->directory);
}

/* Nobody is accepted, as the main context is not iterated meanwhile, and workers are held. */
static void
fill_queue (Fixture *fixture,
            guint n)
{
  pool_fixture_hold_workers (&fixture->pool);
  for (guint i = 0; i < n; i++)
    {
      TestClient *client = test_client_connect (fixture->pool.listen_socket);

      test_client_send (client, "hello");
      g_ptr_array_add (fixture->clients, client);
    }
  while (usher_listen_socket_get_queue_depth (fixture->pool.listen_socket) < (int) n)
    g_thread_yield ();
}

/* What a tree does, and a service. */
static void
stop (Fixture *fixture)
{
  usher_child_shutdown (USHER_CHILD (fixture->pool.listen_socket), USHER_STOP_FINAL);
  usher_child_shutdown (USHER_CHILD (fixture->pool.pool), USHER_STOP_FINAL);
}

typedef struct
{
  Fixture *fixture;
  guint first, end;
} Crowd;

/* Each of them leaves when it is served, in whatever order the workers do that. */
static gboolean
all_are_served (gpointer user_data)
{
  Crowd *crowd = user_data;
  guint n_served = 0;

  for (guint i = crowd->first; i < crowd->end; i++)
    {
      TestClient *client = crowd->fixture->clients->pdata[i];

      n_served += client->received->len > 0;
      if (g_str_equal (client->received->str, "hello"))
        {
          g_string_append (client->received, " and goodbye");
          shutdown (client->fd, SHUT_WR);
        }
    }

  return n_served == crowd->end - crowd->first;
}

static void
assert_served (Fixture *fixture,
               guint first,
               guint end)
{
  iterate_until (NULL, all_are_served, &(Crowd){ fixture, first, end });
  for (guint i = first; i < end; i++)
    {
      TestClient *client = fixture->clients->pdata[i];

      g_assert_cmpstr (client->received->str, ==, "hello and goodbye");
      g_assert_cmpint (client->error, ==, 0);
    }
}

static guint64
get_n_refused (Fixture *fixture,
               UsherRefusal reason)
{
  g_autoptr (UsherPoolStatistics) statistics = usher_acceptor_pool_get_statistics (fixture->pool.pool);

  return usher_pool_statistics_get_n_refused (statistics, reason);
}

static void
set_goodbye (Fixture *fixture)
{
  g_autoptr (GBytes) goodbye = g_bytes_new_static ("busy\n", 5);

  usher_acceptor_pool_set_goodbye (fixture->pool.pool, goodbye);
}

static void
stay_when_told (Fixture *fixture)
{
  usher_acceptor_pool_set_drain_idle_reads (fixture->pool.pool, FALSE);
  fixture->pool.script.is_polite = FALSE;
}

static void
test_serves_all (Fixture *fixture,
                 gconstpointer data)
{
  fill_queue (fixture, N_CLIENTS);
  stop (fixture);
  g_assert_cmpint (usher_listen_socket_get_queue_depth (fixture->pool.listen_socket), ==, -1);
  assert_served (fixture, 0, N_CLIENTS);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (fixture->pool.reports->len, ==, 0);
  g_assert_cmpint (fixture->pool.script.n_inits, <=, 2 + N_CLIENTS);
}

static void
test_pool_stays (Fixture *fixture,
                 gconstpointer data)
{
  g_autoptr (TestClient) late = NULL;

  fill_queue (fixture, N_CLIENTS);
  usher_listen_socket_close (fixture->pool.listen_socket);
  assert_served (fixture, 0, N_CLIENTS);
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 0);
  pool_fixture_wait_for (&fixture->pool, n_waiting_is, 0);
  g_assert_true (usher_listen_socket_open (fixture->pool.listen_socket, NULL));
  late = pool_fixture_greet (&fixture->pool);
  test_client_reset (late);
  usher_listen_socket_close (fixture->pool.listen_socket);
  pool_fixture_stop (&fixture->pool);
}

/* Those who wait have a connection each, and nobody else is made. */
static void
test_same_acceptors (Fixture *fixture,
                     gconstpointer data)
{
  fill_queue (fixture, 2);
  stop (fixture);
  assert_served (fixture, 0, 2);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
  g_assert_cmpint (fixture->pool.script.n_inits, ==, 2);
  g_assert_cmpint (fixture->pool.script.n_terminates, ==, 0);
}

static void
test_obeys_the_limit (Fixture *fixture,
                      gconstpointer data)
{
  usher_acceptor_pool_set_max_connections (fixture->pool.pool, N_PLACES);
  fill_queue (fixture, N_CLIENTS);
  stop (fixture);
  assert_served (fixture, 0, N_CLIENTS);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
  g_assert_cmpint (fixture->pool.script.max_serving, <=, N_PLACES);
}

static void
test_rejects (Fixture *fixture,
              gconstpointer data)
{
  usher_acceptor_pool_set_max_connections (fixture->pool.pool, N_PLACES);
  usher_acceptor_pool_set_at_limit (fixture->pool.pool, USHER_AT_LIMIT_REJECT);
  set_goodbye (fixture);
  fill_queue (fixture, N_CLIENTS);
  stop (fixture);
  assert_served (fixture, 0, N_PLACES);
  for (guint i = N_PLACES; i < N_CLIENTS; i++)
    test_client_expect (fixture->clients->pdata[i], "busy\n");
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_LIMIT), ==, N_CLIENTS - N_PLACES);
}

static void
test_waits (Fixture *fixture,
            gconstpointer data)
{
  usher_acceptor_pool_set_max_connections (fixture->pool.pool, 1);
  usher_acceptor_pool_set_at_limit (fixture->pool.pool, USHER_AT_LIMIT_WAIT);
  usher_acceptor_pool_set_at_limit_wait_msec (fixture->pool.pool, 500);
  set_goodbye (fixture);
  stay_when_told (fixture);
  fill_queue (fixture, 2);
  stop (fixture);
  test_client_expect (fixture->clients->pdata[0], "hello");
  pool_fixture_settle (&fixture->pool);
  fake_clock_advance_usec (500 * G_TIME_SPAN_MILLISECOND);
  test_client_expect (fixture->clients->pdata[1], "busy\n");
  shutdown (((TestClient *) fixture->clients->pdata[0])->fd, SHUT_WR);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
}

/* Nobody has a place, and then the grace is over. */
static void
test_ends_with_the_grace (Fixture *fixture,
                          gconstpointer data)
{
  g_autoptr (TestClient) first = NULL;

  usher_acceptor_pool_set_max_connections (fixture->pool.pool, 1);
  stay_when_told (fixture);
  first = pool_fixture_greet (&fixture->pool);
  fill_queue (fixture, 3);
  stop (fixture);
  pool_fixture_settle (&fixture->pool);
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_DRAINING), ==, 0);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_DRAINING), ==, 3);
}

static gboolean
is_draining (Fixture *fixture)
{
  g_autoptr (GPtrArray) infos = usher_acceptor_pool_which_children (fixture->pool.pool);

  g_assert_cmpuint (infos->len, ==, 1);
  return usher_connection_info_get_state (infos->pdata[0]) == USHER_CONNECTION_DRAINING;
}

/* Its first words may still be under way; those who have spoken are told at once. */
static void
test_has_patience (Fixture *fixture,
                   gconstpointer data)
{
  TestClient *silent = test_client_connect (fixture->pool.listen_socket);
  TestClient *heard = pool_fixture_greet (&fixture->pool);

  g_ptr_array_add (fixture->clients, silent);
  g_ptr_array_add (fixture->clients, heard);
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 2);
  pool_fixture_settle (&fixture->pool);
  fake_clock_advance_usec (400 * G_TIME_SPAN_MILLISECOND);
  stop (fixture);
  test_client_expect_end (heard);
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 1);
  pool_fixture_settle (&fixture->pool);
  fake_clock_advance_usec (599 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_settle (&fixture->pool);
  g_assert_false (is_draining (fixture));
  test_client_send (silent, "hello");
  test_client_expect (silent, "hello");
  fake_clock_advance_usec (1 * G_TIME_SPAN_MILLISECOND);
  test_client_expect_end (silent);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
}

/* The same, if it comes out of the queue. */
static void
test_tells_later (Fixture *fixture,
                  gconstpointer data)
{
  TestClient *client;

  pool_fixture_hold_workers (&fixture->pool);
  client = test_client_connect (fixture->pool.listen_socket);
  g_ptr_array_add (fixture->clients, client);
  usher_listen_socket_close (fixture->pool.listen_socket);
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 1);
  usher_child_shutdown (USHER_CHILD (fixture->pool.pool), USHER_STOP_FINAL);
  pool_fixture_settle (&fixture->pool);
  fake_clock_advance_usec (999 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_settle (&fixture->pool);
  g_assert_false (is_draining (fixture));
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  fake_clock_advance_usec (1 * G_TIME_SPAN_MILLISECOND);
  test_client_expect_end (client);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
}

static void
test_refuses_newcomers (Fixture *fixture,
                        gconstpointer data)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (fixture->pool.listen_socket);

  fill_queue (fixture, 2);
  stop (fixture);
  sockets_assert_accepted (address, FALSE);
  assert_served (fixture, 0, 2);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
}

static void
open_again (UsherListenSocket *socket)
{
  g_assert_true (usher_listen_socket_open (socket, NULL));
}

static void
test_opened_again_meanwhile (Fixture *fixture,
                             gconstpointer data)
{
  gulong id = g_signal_connect (fixture->pool.listen_socket, "down", G_CALLBACK (open_again), NULL);

  fill_queue (fixture, N_CLIENTS);
  usher_listen_socket_close (fixture->pool.listen_socket);
  g_signal_handler_disconnect (fixture->pool.listen_socket, id);
  assert_served (fixture, 0, N_CLIENTS);
  g_ptr_array_add (fixture->clients, pool_fixture_greet (&fixture->pool));
  stop (fixture);
  shutdown (((TestClient *) fixture->clients->pdata[N_CLIENTS])->fd, SHUT_WR);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
}

static void
test_killed_meanwhile (Fixture *fixture,
                       gconstpointer data)
{
  usher_acceptor_pool_set_max_connections (fixture->pool.pool, 1);
  fill_queue (fixture, 3);
  stop (fixture);
  usher_child_kill (USHER_CHILD (fixture->pool.pool));
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_KILLED);
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_DRAINING), ==, 3);
}

static void
test_removed_meanwhile (Fixture *fixture,
                        gconstpointer data)
{
  usher_acceptor_pool_set_max_connections (fixture->pool.pool, 1);
  stay_when_told (fixture);
  fill_queue (fixture, 3);
  usher_listen_socket_close (fixture->pool.listen_socket);
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 1);
  g_assert_true (usher_acceptor_pool_remove_socket (fixture->pool.pool, fixture->pool.listen_socket, NULL));
  pool_fixture_settle (&fixture->pool);
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_DRAINING), ==, 2);
  assert_served (fixture, 0, 1);
  pool_fixture_stop (&fixture->pool);
}

static void
test_retired_meanwhile (Fixture *fixture,
                        gconstpointer data)
{
  usher_acceptor_pool_set_max_connections (fixture->pool.pool, 1);
  stay_when_told (fixture);
  fill_queue (fixture, 3);
  usher_listen_socket_close (fixture->pool.listen_socket);
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 1);
  usher_acceptor_pool_retire_socket (fixture->pool.pool, fixture->pool.listen_socket);
  assert_served (fixture, 0, 3);
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_DRAINING), ==, 0);
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 0);
  pool_fixture_wait_for (&fixture->pool, n_waiting_is, 0);
  pool_fixture_stop (&fixture->pool);
}

static void
test_nobody_is_taken_while_suspended (Fixture *fixture,
                                      gconstpointer data)
{
  usher_acceptor_pool_suspend (fixture->pool.pool);
  fill_queue (fixture, 2);
  stop (fixture);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
  g_assert_cmpint (fixture->pool.script.max_serving, ==, 0);
}

static void
on_report (UsherAcceptorPool *pool,
           UsherReport *report,
           Fixture *fixture)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (fixture->pool.listen_socket);

  sockets_assert_accepted (address, g_str_has_prefix (address, "tcp:"));
}

/* Whoever cannot be taken is reset, and that is reported. At a Unix socket nobody has joined the queue
 * by then. */
static void
test_out_of_descriptors (Fixture *fixture,
                         gconstpointer data)
{
  g_signal_connect (fixture->pool.pool, "report", G_CALLBACK (on_report), fixture);
  fill_queue (fixture, 5);
  fault_inject (FAULT_ACCEPT4, 3, FAULT_FOREVER, EMFILE);
  stop (fixture);
  fault_clear ();
  assert_served (fixture, 0, 3);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (fixture->pool.reports->len, ==, 1);
  g_assert_nonnull (strstr (usher_exit_get_error (usher_report_get_reason (fixture->pool.reports->pdata[0]))->message,
                            "before it is closed"));
}

/* Nobody is accepted there while those who came before wait. */
static void
test_other_sockets_go_on (Fixture *fixture,
                          gconstpointer data)
{
  UsherListenSocket *other = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", NULL);
  TestClient *client;

  g_assert_true (usher_listen_socket_open (other, NULL));
  g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool.pool, other, 2, NULL));
  pool_fixture_wait_for (&fixture->pool, n_waiting_is, 4);
  fill_queue (fixture, N_CLIENTS);
  usher_listen_socket_close (fixture->pool.listen_socket);
  assert_served (fixture, 0, N_CLIENTS);
  client = test_client_connect (other);
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  g_ptr_array_add (fixture->clients, client);
  usher_listen_socket_close (other);
  pool_fixture_stop (&fixture->pool);
  g_object_unref (other);
}

/* The queue belongs to whoever else has the socket. */
static void
test_shared (Fixture *fixture,
             gconstpointer data)
{
  const Case *the_case = data;
  g_autofree char *path = g_build_filename (fixture->directory, "shared", NULL);
  g_autoptr (GSocketAddress) address = NULL;
  g_autoptr (GSocket) socket = NULL;
  g_autofree char *local = NULL;

  address = the_case->address != NULL ? g_inet_socket_address_new_from_string ("127.0.0.1", 0)
                                      : g_unix_socket_address_new (path);
  socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM, 0, NULL);
  g_assert_true (g_socket_bind (socket, address, TRUE, NULL));
  usher_listen_socket_close (fixture->pool.listen_socket);
  replace_listen_socket (fixture, usher_listen_socket_new_for_socket (socket, NULL));
  pool_fixture_wait_for (&fixture->pool, n_waiting_is, 2);
  local = usher_listen_socket_dup_local_address (fixture->pool.listen_socket);

  fill_queue (fixture, N_CLIENTS);
  stop (fixture);
  pool_fixture_expect_exit (&fixture->pool, USHER_EXIT_SHUTDOWN);
  g_assert_cmpint (fixture->pool.script.max_serving, ==, 0);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      g_autoptr (GSocket) accepted = g_socket_accept (socket, NULL, NULL);

      g_assert_nonnull (accepted);
    }
  sockets_assert_serves (g_socket_get_fd (socket), local);
  g_unlink (path);
}

static void
add_case (const char *name,
          void (*test) (Fixture *fixture,
                        gconstpointer data))
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/pool-closing/%s/%s", name, cases[i].nick);

      g_test_add (path, Fixture, &cases[i], set_up, test, tear_down);
    }
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_case ("serves-all-who-are-queued", test_serves_all);
  add_case ("serves-them-while-the-pool-stays", test_pool_stays);
  add_case ("gives-them-to-those-who-wait", test_same_acceptors);
  add_case ("obeys-the-limit-of-connections", test_obeys_the_limit);
  add_case ("rejects-them-at-the-limit-if-that-is-so", test_rejects);
  add_case ("lets-them-wait-at-the-limit-if-that-is-so", test_waits);
  add_case ("refuses-them-when-the-grace-is-over", test_ends_with_the_grace);
  add_case ("has-patience-with-those-who-have-not-spoken", test_has_patience);
  add_case ("tells-them-when-they-had-time-for-a-word", test_tells_later);
  add_case ("refuses-those-who-come-later", test_refuses_newcomers);
  add_case ("goes-on-if-it-is-opened-again", test_opened_again_meanwhile);
  add_case ("refuses-them-when-the-pool-is-killed", test_killed_meanwhile);
  add_case ("refuses-them-when-it-is-removed", test_removed_meanwhile);
  add_case ("serves-them-when-it-is-retired", test_retired_meanwhile);
  add_case ("takes-nobody-while-it-is-suspended", test_nobody_is_taken_while_suspended);
  add_case ("reports-that-descriptors-run-out", test_out_of_descriptors);
  add_case ("goes-on-with-the-other-sockets", test_other_sockets_go_on);
  add_case ("leaves-a-shared-queue-to-the-others", test_shared);

  return g_test_run ();
}
