/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/pool-rules.h"
#include "usher/error.h"

/* The cases of acceptor_pool_SUITE, under the names that they have there, and in its groups. */

static void
set_up (PoolFixture *fixture)
{
  fixture->script.is_polite = FALSE;
  g_assert_true (usher_acceptor_pool_set_n_acceptors (fixture->pool, fixture->listen_socket, 1, NULL));
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, pool_fixture_deal (fixture, 1));
}

static void
say_goodbye (PoolFixture *fixture,
             TestClient *client)
{
  guint n = usher_acceptor_pool_get_n_connections (fixture->pool);

  test_client_reset (client);
  test_client_free (client);
  pool_fixture_wait_for (fixture, n_connections_is, n - 1);
}

static void
tear_down (PoolFixture *fixture)
{
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  pool_fixture_stop (fixture);
}

static void
accept_case (PoolFixture *fixture,
             gconstpointer data)
{
  set_up (fixture);
  for (guint i = 0; i < 3; i++)
    say_goodbye (fixture, pool_fixture_greet (fixture));
  tear_down (fixture);
}

static void
close_socket (PoolFixture *fixture,
              gconstpointer data)
{
  TestClient *client;

  set_up (fixture);
  client = pool_fixture_greet (fixture);
  usher_listen_socket_close (fixture->listen_socket);
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  say_goodbye (fixture, client);
  tear_down (fixture);
}

static void
which_sockets (PoolFixture *fixture,
               gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = NULL;

  set_up (fixture);
  sockets = usher_acceptor_pool_which_sockets (fixture->pool);
  g_assert_cmpuint (sockets->len, ==, 1);
  g_assert_true (sockets->pdata[0] == fixture->listen_socket);
  tear_down (fixture);
}

static guint
count_listed (PoolFixture *fixture)
{
  g_autoptr (GPtrArray) children = usher_acceptor_pool_which_children (fixture->pool);

  return children->len;
}

static void
which_children (PoolFixture *fixture,
                gconstpointer data)
{
  TestClient *client;

  set_up (fixture);
  g_assert_cmpuint (count_listed (fixture), ==, 0);
  client = pool_fixture_greet (fixture);
  g_assert_cmpuint (count_listed (fixture), ==, 1);
  say_goodbye (fixture, client);
  g_assert_cmpuint (count_listed (fixture), ==, 0);
  tear_down (fixture);
}

/* The socket is bound to any address; the connection's is the interface's. */
static void
which_interface (PoolFixture *fixture,
                 gconstpointer data)
{
  g_autoptr (UsherListenSocket) any = usher_listen_socket_new_for_address ("tcp://0.0.0.0:0", NULL);
  g_autoptr (GPtrArray) children = NULL;
  GInetSocketAddress *local;
  TestClient *client;

  set_up (fixture);
  g_assert_true (usher_listen_socket_open (any, NULL));
  g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool, any, 1, NULL));
  client = test_client_connect (any);
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  children = usher_acceptor_pool_which_children (fixture->pool);
  g_assert_cmpuint (children->len, ==, 1);
  local = G_INET_SOCKET_ADDRESS (usher_connection_info_get_local_address (children->pdata[0]));
  g_assert_true (g_inet_address_get_is_loopback (g_inet_socket_address_get_address (local)));
  g_clear_pointer (&children, g_ptr_array_unref);
  say_goodbye (fixture, client);
  tear_down (fixture);
}

static void
expect_counts (PoolFixture *fixture,
               guint n_active,
               guint n_workers)
{
  UsherChildCounts counts;

  usher_acceptor_pool_count_children (fixture->pool, &counts);
  g_assert_cmpuint (counts.n_specs, ==, 1);
  g_assert_cmpuint (counts.n_active, ==, n_active);
  g_assert_cmpuint (counts.n_supervisors, ==, 0);
  g_assert_cmpuint (counts.n_workers, ==, n_workers);
}

static void
count_children (PoolFixture *fixture,
                gconstpointer data)
{
  TestClient *client;

  set_up (fixture);
  expect_counts (fixture, 0, pool_fixture_deal (fixture, 1));
  client = pool_fixture_greet (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, pool_fixture_deal (fixture, 1));
  expect_counts (fixture, 1, 1 + pool_fixture_deal (fixture, 1));
  say_goodbye (fixture, client);
  expect_counts (fixture, 0, pool_fixture_deal (fixture, 1));
  tear_down (fixture);
}

/* What sys:get_status/1 shows of a pool are the object's properties here. */
static void
format_status (PoolFixture *fixture,
               gconstpointer data)
{
  g_autofree char *name = NULL;
  guint n_waiting, n_connections;

  set_up (fixture);
  g_object_get (fixture->pool, "name", &name, "n-waiting", &n_waiting, "n-connections", &n_connections, NULL);
  g_assert_cmpstr (name, ==, "test");
  g_assert_cmpuint (n_waiting, ==, pool_fixture_deal (fixture, 1));
  g_assert_cmpuint (n_connections, ==, 0);
  tear_down (fixture);
}

static void
expect_over_budget (PoolFixture *fixture)
{
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_true (g_error_matches (usher_exit_get_error (fixture->exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY));
}

static void
start_error_transient (PoolFixture *fixture,
                       gconstpointer data)
{
  fixture->script.init_answer = USHER_ACCEPTOR_ERROR;
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  pool_fixture_start (fixture);
  expect_over_budget (fixture);
}

static void
start_error_temporary (PoolFixture *fixture,
                       gconstpointer data)
{
  fixture->script.init_answer = USHER_ACCEPTOR_ERROR;
  pool_fixture_start (fixture);
  expect_over_budget (fixture);
}

static void
child_error (PoolFixture *fixture,
             gconstpointer data)
{
  g_autoptr (TestClient) a = NULL;
  g_autoptr (TestClient) b = NULL;

  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  set_up (fixture);
  a = pool_fixture_greet (fixture);
  b = pool_fixture_greet (fixture);
  test_client_send (a, "crash");
  test_client_send (b, "crash");
  expect_over_budget (fixture);
}

static void
transient_shutdown (PoolFixture *fixture,
                    gconstpointer data)
{
  g_autoptr (TestClient) a = NULL;
  g_autoptr (TestClient) b = NULL;

  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  set_up (fixture);
  a = pool_fixture_greet (fixture);
  b = pool_fixture_greet (fixture);
  /* One ends well, and one because of its peer. */
  test_client_send (a, "quit");
  test_client_reset (b);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  say_goodbye (fixture, pool_fixture_greet (fixture));
  tear_down (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static void
shut_down_two (PoolFixture *fixture,
               GPtrArray *clients)
{
  usher_acceptor_pool_set_grace_msec (fixture->pool, 0);
  set_up (fixture);
  for (guint i = 0; i < 2; i++)
    g_ptr_array_add (clients, pool_fixture_greet (fixture));
  pool_fixture_wait_for (fixture, n_waiting_is, pool_fixture_deal (fixture, 1));
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  fake_clock_advance_usec (0);
}

/* They exit when they are asked; what they get to see is the same for both kinds of shutdown. */
static void
shutdown_children (PoolFixture *fixture,
                   gconstpointer data)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_client_free);

  shut_down_two (fixture, clients);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  for (guint i = 0; i < clients->len; i++)
    test_client_expect_end (clients->pdata[i]);
  pool_fixture_wait_for (fixture, n_terminates_is, pool_fixture_deal (fixture, 1));
}

static void
shutdown_children_brutally (PoolFixture *fixture,
                            gconstpointer data)
{
  usher_acceptor_pool_set_shutdown_msec (fixture->pool, USHER_SHUTDOWN_BRUTAL_KILL);
  shutdown_children (fixture, data);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static void
kill_children (PoolFixture *fixture,
               gconstpointer data)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_client_free);

  fixture->script.is_stubborn = TRUE;
  usher_acceptor_pool_set_shutdown_msec (fixture->pool, 500);
  shut_down_two (fixture, clients);
  pool_fixture_wait_for (fixture, n_stubborn_is, 2);
  pool_fixture_wait_for (fixture, n_terminates_is, pool_fixture_deal (fixture, 1));
  fake_clock_advance_usec (500 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  for (guint i = 0; i < clients->len; i++)
    test_client_expect_end (clients->pdata[i]);
  g_assert_cmpint (usher_exit_get_kind (usher_report_get_reason (fixture->reports->pdata[0])), ==, USHER_EXIT_KILLED);
  script_let_go (&fixture->script);
}

static void
kill_children_brutally (PoolFixture *fixture,
                        gconstpointer data)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_client_free);

  fixture->script.is_stubborn = TRUE;
  usher_acceptor_pool_set_shutdown_msec (fixture->pool, USHER_SHUTDOWN_BRUTAL_KILL);
  shut_down_two (fixture, clients);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  for (guint i = 0; i < clients->len; i++)
    test_client_expect_end (clients->pdata[i]);
  pool_fixture_wait_for (fixture, n_stubborn_is, 2);
  script_let_go (&fixture->script);
}

/* They are told, and finish within the grace. */
static void
grace_children (PoolFixture *fixture,
                gconstpointer data)
{
  g_autoptr (TestClient) a = NULL;
  g_autoptr (TestClient) b = NULL;

  usher_acceptor_pool_set_grace_msec (fixture->pool, 500);
  set_up (fixture);
  a = pool_fixture_greet (fixture);
  b = pool_fixture_greet (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  fake_clock_advance_usec (499 * G_TIME_SPAN_MILLISECOND);
  test_client_send (a, "hello");
  test_client_expect (a, "hello");
  test_client_send (a, "quit");
  test_client_send (b, "quit");
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static void
grace_children_brutally (PoolFixture *fixture,
                         gconstpointer data)
{
  usher_acceptor_pool_set_shutdown_msec (fixture->pool, USHER_SHUTDOWN_BRUTAL_KILL);
  grace_children (fixture, data);
}

static void
change_spec (PoolFixture *fixture,
             gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  set_up (fixture);
  client = pool_fixture_greet (fixture);
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  test_client_send (client, "crash");
  expect_over_budget (fixture);
}

/* Nothing changes, and nobody is told that it did. */
static void
change_ignore (PoolFixture *fixture,
               gconstpointer data)
{
  guint n_notified = 0;

  set_up (fixture);
  g_signal_connect_swapped (fixture->pool, "notify", G_CALLBACK (g_atomic_int_inc), &n_notified);
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TEMPORARY);
  usher_acceptor_pool_set_intensity (fixture->pool, 1);
  usher_acceptor_pool_set_period_msec (fixture->pool, 5000);
  usher_acceptor_pool_set_grace_msec (fixture->pool, 5000);
  usher_acceptor_pool_set_shutdown_msec (fixture->pool, 5000);
  g_assert_cmpuint (n_notified, ==, 0);
  say_goodbye (fixture, pool_fixture_greet (fixture));
  tear_down (fixture);
}

static void
change_error (PoolFixture *fixture,
              gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  set_up (fixture);
  g_assert_false (usher_acceptor_pool_set_n_acceptors (fixture->pool, fixture->listen_socket, 0, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, "*USHER_RESTART_PERMANENT*");
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_PERMANENT);
  g_test_assert_expected_messages ();
  g_assert_cmpint (usher_acceptor_pool_get_restart (fixture->pool), ==, USHER_RESTART_TEMPORARY);
  pool_fixture_settle (fixture);
  g_assert_true (n_waiting_is (fixture, pool_fixture_deal (fixture, 1)));
  say_goodbye (fixture, pool_fixture_greet (fixture));
  tear_down (fixture);
}

#define SUITE(name, function) POOL_CASE ("/acceptor-pool/suite/" name, function)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  SUITE ("accept", accept_case);
  SUITE ("close_socket", close_socket);
  SUITE ("which_sockets", which_sockets);
  SUITE ("which_children", which_children);
  SUITE ("which_interface", which_interface);
  SUITE ("count_children", count_children);
  SUITE ("format_status", format_status);
  SUITE ("start_error/transient", start_error_transient);
  SUITE ("start_error/temporary", start_error_temporary);
  SUITE ("child_error", child_error);
  SUITE ("transient_shutdown", transient_shutdown);
  SUITE ("shutdown_children/shutdown-timeout", shutdown_children);
  SUITE ("shutdown_children/brutal_kill", shutdown_children_brutally);
  SUITE ("kill_children/shutdown-timeout", kill_children);
  SUITE ("kill_children/brutal_kill", kill_children_brutally);
  SUITE ("grace_children/shutdown-timeout", grace_children);
  SUITE ("grace_children/brutal_kill", grace_children_brutally);
  SUITE ("change_spec", change_spec);
  SUITE ("change_ignore", change_ignore);
  SUITE ("change_error", change_error);

  return g_test_run ();
}
