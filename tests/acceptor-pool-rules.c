/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <errno.h>

#include "support/fault.h"
#include "support/pool-rules.h"
#include "usher/error.h"

/* The rules about configuration, listening, and an acceptor's life before its connection ends.
 * The others are in acceptor-pool-rules-exit.c. */

static void
expect_max_intensity (PoolFixture *fixture)
{
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_true (g_error_matches (usher_exit_get_error (fixture->exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY));
}

static void
say_goodbye (PoolFixture *fixture,
             TestClient *client)
{
  test_client_reset (client);
  test_client_free (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
}

static void
test_r1 (PoolFixture *fixture,
         gconstpointer data)
{
  UsherAcceptorPool *made = g_steal_pointer (&fixture->pool);

  fixture->pool = g_object_new (USHER_TYPE_ACCEPTOR_POOL, NULL);
  pool_fixture_begin_start (fixture);
  pool_fixture_wait_for (fixture, was_started, 0);
  g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->start_error->message, "usher_acceptor_pool_set_factory()"));
  g_clear_error (&fixture->start_error);
  g_assert_finalize_object (g_steal_pointer (&fixture->pool));

  fixture->pool = made;
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_stop (fixture);
}

static void
test_r2 (PoolFixture *fixture,
         gconstpointer data)
{
  g_assert_cmpuint (usher_acceptor_pool_get_intensity (fixture->pool), ==, 1);
  g_assert_cmpuint (usher_acceptor_pool_get_period_msec (fixture->pool), ==, 5000);
  g_assert_null (g_object_class_find_property (G_OBJECT_GET_CLASS (fixture->pool), "intensivity"));
}

static void
test_r3 (PoolFixture *fixture,
         gconstpointer data)
{
  g_assert_cmpint (usher_acceptor_pool_get_restart (fixture->pool), ==, USHER_RESTART_TEMPORARY);
  g_assert_cmpint (usher_acceptor_pool_get_shutdown_msec (fixture->pool), ==, 5000);
  g_assert_cmpint (usher_acceptor_pool_get_grace_msec (fixture->pool), ==, 5000);

  g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, "*USHER_RESTART_PERMANENT*");
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_PERMANENT);
  g_test_assert_expected_messages ();
  g_assert_cmpint (usher_acceptor_pool_get_restart (fixture->pool), ==, USHER_RESTART_TEMPORARY);
}

static void
test_r4 (PoolFixture *fixture,
         gconstpointer data)
{
  pool_fixture_start (fixture);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (TestClient) client = pool_fixture_greet (fixture);

      test_client_send (client, "crash");
      test_client_expect_end (client);
      pool_fixture_wait_for (fixture, n_reports_is, i + 1);
    }
  pool_fixture_stop (fixture);
}

static void
test_r5 (PoolFixture *fixture,
         gconstpointer data)
{
  g_autoptr (UsherListenSocket) second = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (usher_listen_socket_open (second, NULL));
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);

  g_assert_false (usher_acceptor_pool_accept_socket (fixture->pool, second, 0, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "at least 1"));
  g_clear_error (&error);
  g_assert_false (usher_acceptor_pool_accept_socket (fixture->pool, fixture->listen_socket, 1, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  pool_fixture_settle (fixture);
  g_assert_true (n_waiting_is (fixture, 2));

  g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool, second, 3, NULL));
  pool_fixture_wait_for (fixture, n_waiting_is, 5);
  pool_fixture_stop (fixture);
}

static void
test_r6 (PoolFixture *fixture,
         gconstpointer data)
{
  g_autoptr (UsherListenSocket) second = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", NULL);
  g_autoptr (GPtrArray) sockets = NULL;
  g_autoptr (TestClient) client = NULL;

  g_assert_true (usher_listen_socket_open (second, NULL));
  g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool, second, 1, NULL));
  pool_fixture_start (fixture);
  sockets = usher_acceptor_pool_which_sockets (fixture->pool);
  g_assert_cmpuint (sockets->len, ==, 2);
  g_assert_true (sockets->pdata[0] == fixture->listen_socket);
  g_assert_true (sockets->pdata[1] == second);

  client = test_client_connect (second);
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  say_goodbye (fixture, g_steal_pointer (&client));
  say_goodbye (fixture, pool_fixture_greet (fixture));
  pool_fixture_stop (fixture);
}

static void
test_r7 (PoolFixture *fixture,
         gconstpointer data)
{
  TestClient *client;

  pool_fixture_start (fixture);
  client = pool_fixture_greet (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  fault_inject (FAULT_ACCEPT4, 0, 1, EBADF);
  test_client_free (test_client_connect (fixture->listen_socket));
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
  g_assert_false (usher_listen_socket_is_up (fixture->listen_socket));
  pool_fixture_settle (fixture);
  g_assert_true (n_waiting_is (fixture, 0));

  test_client_send (client, "still here");
  test_client_expect (client, "still here");
  say_goodbye (fixture, client);
  pool_fixture_stop (fixture);
  fault_clear ();
}

static void
test_r8 (PoolFixture *fixture,
         gconstpointer data)
{
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_stop (fixture);
  g_assert_true (usher_listen_socket_is_up (fixture->listen_socket));
}

static void
test_r9 (PoolFixture *fixture,
         gconstpointer data)
{
  pool_fixture_start (fixture);
  for (guint i = 0; i < 3; i++)
    {
      pool_fixture_wait_for (fixture, n_waiting_is, 2);
      g_assert_cmpint (g_atomic_int_get (&fixture->script.n_inits), ==, 2 + i);
      say_goodbye (fixture, pool_fixture_greet (fixture));
    }
  pool_fixture_stop (fixture);
}

static void
test_r10 (PoolFixture *fixture,
          gconstpointer data)
{
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  fake_clock_advance_usec (G_TIME_SPAN_DAY);
  pool_fixture_settle (fixture);
  g_assert_true (n_terminates_is (fixture, 0));
  say_goodbye (fixture, pool_fixture_greet (fixture));
  pool_fixture_stop (fixture);
}

static void
test_r11 (PoolFixture *fixture,
          gconstpointer data)
{
  fixture->script.init_answer = USHER_ACCEPTOR_IGNORE;
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_inits_is_at_least, 101);
  for (guint i = 0; i < 100; i++)
    pool_fixture_settle (fixture);
  g_assert_cmpint (g_atomic_int_get (&fixture->script.n_inits), <=, 102 * pool_fixture_deal (fixture, 1));
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  pool_fixture_stop (fixture);
}

static void
test_r12 (PoolFixture *fixture,
          gconstpointer data)
{
  const UsherAcceptorInit answers[] = { USHER_ACCEPTOR_ERROR, USHER_ACCEPTOR_IGNORE + 1 };

  usher_acceptor_pool_set_intensity (fixture->pool, 2);
  for (guint i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_ptr_array_set_size (fixture->reports, 0);
      fixture->script.init_answer = answers[i];
      pool_fixture_start (fixture);
      expect_max_intensity (fixture);
      g_assert_cmpuint (fixture->reports->len, >=, 4);
      pool_fixture_expect_report (fixture, 0, USHER_REPORT_START_ERROR, "tcp://127.0.0.1:0");
      pool_fixture_expect_report (fixture, 3, USHER_REPORT_SHUTDOWN, "tcp://127.0.0.1:0");
      g_clear_pointer (&fixture->exit, usher_exit_unref);
      fake_clock_advance_usec (6 * G_TIME_SPAN_SECOND);
    }
}

static void
test_r13 (PoolFixture *fixture,
          gconstpointer data)
{
  TestClient *client;
  g_autoptr (GPtrArray) children = NULL;

  pool_fixture_start (fixture);
  client = pool_fixture_greet (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  children = usher_acceptor_pool_which_children (fixture->pool);
  g_assert_cmpuint (children->len, ==, 1);
  g_assert_cmpint (g_atomic_int_get (&fixture->script.n_inits), ==, 3);
  g_clear_pointer (&children, g_ptr_array_unref);
  say_goodbye (fixture, client);
  pool_fixture_stop (fixture);
}

static void
test_r14 (PoolFixture *fixture,
          gconstpointer data)
{
  g_autoptr (UsherListenSocket) any = usher_listen_socket_new_for_address ("tcp://0.0.0.0:0", NULL);
  g_autoptr (TestClient) client = NULL;
  g_autoptr (GPtrArray) children = NULL;
  g_autofree char *local = NULL;

  g_assert_true (usher_listen_socket_open (any, NULL));
  g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool, any, 1, NULL));
  pool_fixture_start (fixture);
  client = test_client_connect (any);
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  children = usher_acceptor_pool_which_children (fixture->pool);
  g_assert_cmpuint (children->len, ==, 1);
  g_assert_true (usher_connection_info_get_listen_socket (children->pdata[0]) == any);
  local = g_socket_connectable_to_string (
      G_SOCKET_CONNECTABLE (usher_connection_info_get_local_address (children->pdata[0])));
  g_assert_true (g_str_has_prefix (local, "127.0.0.1:"));
  g_clear_pointer (&children, g_ptr_array_unref);
  say_goodbye (fixture, g_steal_pointer (&client));
  pool_fixture_stop (fixture);
}

static void
test_r15 (PoolFixture *fixture,
          gconstpointer data)
{
  fixture->script.accept_timeout_msec = 1000;
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  pool_fixture_start (fixture);
  for (guint i = 0; i < 5; i++)
    {
      pool_fixture_wait_for (fixture, n_waiting_is, 2);
      /* A worker counts one that waits just before it starts the timer. */
      pool_fixture_settle (fixture);
      fake_clock_advance_usec (1 * G_TIME_SPAN_SECOND);
      pool_fixture_wait_for (fixture, n_terminates_is, 2 * (i + 1));
    }
  g_assert_cmpint (usher_exit_get_kind (fixture->script.terminated), ==, USHER_EXIT_SHUTDOWN);
  g_assert_true (g_error_matches (usher_exit_get_error (fixture->script.terminated), USHER_ERROR, USHER_ERROR_TIMED_OUT));
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static void
test_r16 (PoolFixture *fixture,
          gconstpointer data)
{
  TestClient *client;

  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  fault_inject (FAULT_ACCEPT4, 0, 1, ECONNABORTED);
  say_goodbye (fixture, pool_fixture_greet (fixture));
  g_assert_cmpuint (fixture->reports->len, ==, 0);

  fault_inject (FAULT_ACCEPT4, 0, 1, EMFILE);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  g_assert_true (usher_listen_socket_is_up (fixture->listen_socket));
  fake_clock_advance_usec (10 * G_TIME_SPAN_MILLISECOND);
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  say_goodbye (fixture, client);

  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  fault_inject (FAULT_ACCEPT4, 0, 1, EINVAL);
  test_client_free (test_client_connect (fixture->listen_socket));
  pool_fixture_wait_for (fixture, n_waiting_is, 0);
  g_assert_false (usher_listen_socket_is_up (fixture->listen_socket));
  g_assert_null (fixture->exit);
  pool_fixture_stop (fixture);
  fault_clear ();
}

static void
test_r17 (PoolFixture *fixture,
          gconstpointer data)
{
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  fault_inject (FAULT_GETPEERNAME, 0, FAULT_FOREVER, ENOTCONN);
  for (guint i = 0; i < 10; i++)
    {
      TestClient *client = test_client_connect (fixture->listen_socket);

      test_client_reset (client);
      test_client_free (client);
    }
  pool_fixture_start (fixture);
  say_goodbye (fixture, pool_fixture_greet (fixture));
  pool_fixture_stop (fixture);
  g_assert_true (usher_listen_socket_is_up (fixture->listen_socket));
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  fault_clear ();
}

static void
test_r18 (PoolFixture *fixture,
          gconstpointer data)
{
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  usher_listen_socket_close (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
  g_assert_cmpint (usher_exit_get_kind (fixture->script.terminated), ==, USHER_EXIT_SHUTDOWN);
  pool_fixture_settle (fixture);
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  RULE ("R1-without-something-to-make-acceptors-it-does-not-start", test_r1);
  RULE ("R2-intensity-1-in-5-seconds", test_r2);
  RULE ("R3-temporary-or-transient-but-never-permanent", test_r3);
  RULE ("R4-no-exit-of-a-connection-ends-it", test_r4);
  RULE ("R5-accept-socket-starts-n-acceptors", test_r5);
  RULE ("R6-it-serves-several-sockets", test_r6);
  RULE ("R7-connections-outlive-their-socket", test_r7);
  RULE ("R8-it-does-not-close-its-sockets", test_r8);
  RULE ("R9-an-acceptor-takes-one-connection", test_r9);
  RULE ("R10-a-ready-acceptor-waits-for-ever", test_r10);
  RULE ("R11-one-that-ignores-is-replaced-and-never-hot", test_r11);
  RULE ("R12-a-start-error-is-charged-whatever-the-restart-type", test_r12);
  RULE ("R13-an-accepted-connection-is-replaced-by-an-acceptor", test_r13);
  RULE ("R14-the-local-address-is-the-connections-own", test_r14);
  RULE ("R15-an-accept-timeout-is-replaced-and-not-charged", test_r15);
  RULE ("R16-only-the-sockets-own-errors-take-it-down", test_r16);
  RULE ("R17-a-peer-that-is-gone-already-hurts-nobody", test_r17);
  RULE ("R18-what-terminates-without-a-connection-is-silent", test_r18);

  return g_test_run ();
}
