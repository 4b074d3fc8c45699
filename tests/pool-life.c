/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include <sys/socket.h>

#include "runtime/clock-private.h"
#include "support/pool-rules.h"
#include "usher/error.h"

typedef struct
{
  PoolFixture *fixture;
  UsherTimer timer;
} TimedFixture;

/* Waits for the drain, says goodbye, and goes on until its I/O is cancelled. */
static gboolean
linger (UsherConnection *connection,
        gpointer user_data,
        GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  char buffer[64];

  g_input_stream_read (in, buffer, sizeof buffer, usher_connection_get_drain_cancellable (connection), NULL);
  g_output_stream_write_all (out, "goodbye", 7, NULL, NULL, NULL);

  return g_input_stream_read (in, buffer, sizeof buffer, NULL, error) >= 0;
}

/* Does not return before its test lets it. */
static gboolean
be_stubborn (UsherConnection *connection,
             gpointer user_data,
             GError **error)
{
  script_stay (user_data);
  return TRUE;
}

static void
test_tells_when_the_socket_is_closed (PoolFixture *fixture,
                                      gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.handler = linger;
  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_connections_is, 1);
  usher_listen_socket_close (fixture->listen_socket);
  test_client_expect (client, "goodbye");
  shutdown (client->fd, SHUT_WR);
  test_client_expect_end (client);
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static void
test_does_not_tell_when_the_socket_restarts (PoolFixture *fixture,
                                             gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  test_client_send (client, "before");
  test_client_expect (client, "before");
  usher_child_shutdown (USHER_CHILD (fixture->listen_socket), USHER_STOP_RESTART);
  g_assert_false (usher_listen_socket_is_up (fixture->listen_socket));
  test_client_send (client, "after");
  test_client_expect (client, "after");
  test_client_reset (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

static void
test_grace_then_cut (PoolFixture *fixture,
                     gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.handler = linger;
  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_connections_is, 1);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  test_client_expect (client, "goodbye");

  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND - 1);
  pool_fixture_settle (fixture);
  g_assert_cmpuint (usher_acceptor_pool_get_n_connections (fixture->pool), ==, 1);

  fake_clock_advance_usec (1);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (fixture->reports->len, ==, 1);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_SHUTDOWN_ERROR, "127.0.0.1:");
  g_assert_cmpint (usher_exit_get_kind (usher_report_get_reason (fixture->reports->pdata[0])), ==, USHER_EXIT_SHUTDOWN);
  test_client_expect_end (client);
}

static void
test_then_kill (PoolFixture *fixture,
                gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.handler = be_stubborn;
  fixture->script.is_stubborn = TRUE;
  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_stubborn_is, 1);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
  pool_fixture_settle (fixture);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  pool_fixture_settle (fixture);
  g_assert_null (fixture->exit);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  test_client_expect_end (client);
  g_assert_cmpuint (fixture->reports->len, ==, 1);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_SHUTDOWN_ERROR, "127.0.0.1:");
  g_assert_cmpint (usher_exit_get_kind (usher_report_get_reason (fixture->reports->pdata[0])), ==, USHER_EXIT_KILLED);

  script_let_go (&fixture->script);
}

static void
test_is_killed (PoolFixture *fixture,
                gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.handler = be_stubborn;
  fixture->script.is_stubborn = TRUE;
  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_stubborn_is, 1);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  usher_child_kill (USHER_CHILD (fixture->pool));
  pool_fixture_expect_exit (fixture, USHER_EXIT_KILLED);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  test_client_expect_end (client);
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
  script_let_go (&fixture->script);
}

/* They are stuck in acceptor_init, and come back in the middle of the pool's next life. */
static void
test_abandoned_acceptors_disturb_nobody (PoolFixture *fixture,
                                         gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.in_init = script_stay;
  fixture->script.is_stubborn = TRUE;
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_stubborn_is, 2);
  usher_child_kill (USHER_CHILD (fixture->pool));
  pool_fixture_expect_exit (fixture, USHER_EXIT_KILLED);
  g_clear_pointer (&fixture->exit, usher_exit_unref);

  fixture->script.in_init = NULL;
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  script_let_go (&fixture->script);
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
  pool_fixture_settle (fixture);
  g_assert_cmpuint (usher_acceptor_pool_get_n_waiting (fixture->pool), ==, 2);

  client = test_client_connect (fixture->listen_socket);
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  test_client_reset (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
  g_assert_cmpint (g_atomic_int_get (&fixture->script.n_inits), ==, 5);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

/* The grace is for connections. Nobody has one here, so it does not count, not even one for ever. */
static void
test_acceptors_that_do_not_end_get_no_grace (PoolFixture *fixture,
                                             gconstpointer data)
{
  fixture->script.in_init = script_stay;
  fixture->script.is_stubborn = TRUE;
  usher_acceptor_pool_set_grace_msec (fixture->pool, -1);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_stubborn_is, 2);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  pool_fixture_settle (fixture);
  g_assert_null (fixture->exit);

  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_SHUTDOWN_ERROR, "tcp://127.0.0.1:0");

  script_let_go (&fixture->script);
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
}

static void
test_stops_while_starting (PoolFixture *fixture,
                           gconstpointer data)
{
  pool_fixture_begin_start (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  g_assert_null (fixture->exit);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_true (fixture->is_started);
  g_assert_cmpint (fixture->start_result, ==, USHER_START_STARTED);
}

static void
test_a_stop_before_the_start_is_forgotten (PoolFixture *fixture,
                                           gconstpointer data)
{
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  usher_child_kill (USHER_CHILD (fixture->pool));
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_settle (fixture);
  g_assert_null (fixture->exit);
  pool_fixture_stop (fixture);
}

/* A start and a stop from the loop, as a supervisor makes them. */
static void
on_time_to_start_and_stop (UsherTimer *timer)
{
  PoolFixture *fixture = USHER_OWNER (TimedFixture, timer, timer)->fixture;

  pool_fixture_begin_start (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
}

static void
expect_start_before_exit (UsherAcceptorPool *pool,
                          guint64 serial,
                          UsherExit *exit,
                          PoolFixture *fixture)
{
  g_assert_true (fixture->is_started);
}

static void
test_exits_after_its_start_was_told (PoolFixture *fixture,
                                     gconstpointer data)
{
  TimedFixture timed = { .fixture = fixture };

  g_signal_connect (fixture->pool, "exited", G_CALLBACK (expect_start_before_exit), fixture);
  usher_timer_start (&timed.timer, fixture->pool->reactor, usher_clock_now_usec (), on_time_to_start_and_stop);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_cmpint (fixture->start_result, ==, USHER_START_STARTED);
}

static void
kill_at_report (UsherAcceptorPool *pool,
                UsherReport *report,
                gpointer user_data)
{
  if (usher_report_get_context (report) != USHER_REPORT_START_ERROR)
    usher_child_kill (USHER_CHILD (pool));
}

static void
test_is_killed_while_it_reports_its_end (PoolFixture *fixture,
                                         gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.handler = linger;
  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_connections_is, 1);
  g_signal_connect (fixture->pool, "report", G_CALLBACK (kill_at_report), NULL);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  test_client_expect (client, "goodbye");
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (fixture->reports->len, ==, 1);

  g_clear_pointer (&fixture->exit, usher_exit_unref);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_settle (fixture);
  g_assert_null (fixture->exit);
  pool_fixture_stop (fixture);
}

static void
test_is_killed_while_it_reports_the_budget (PoolFixture *fixture,
                                            gconstpointer data)
{
  g_signal_connect (fixture->pool, "report", G_CALLBACK (kill_at_report), NULL);
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  fixture->script.init_answer = USHER_ACCEPTOR_ERROR;
  /* Only one acceptor, so that none is abandoned. */
  g_assert_true (usher_acceptor_pool_remove_socket (fixture->pool, fixture->listen_socket, NULL));
  g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool, fixture->listen_socket, 1, NULL));
  pool_fixture_start (fixture);
  pool_fixture_expect_exit (fixture, USHER_EXIT_KILLED);
}

static void
test_says_how_long_a_shutdown_takes (PoolFixture *fixture,
                                     gconstpointer data)
{
  UsherChild *child = USHER_CHILD (fixture->pool);

  g_assert_cmpint (usher_child_get_child_type (child), ==, USHER_CHILD_SUPERVISOR);
  g_assert_cmpuint (usher_child_get_shutdown_time_msec (child), ==, 10000);
  usher_acceptor_pool_set_shutdown_msec (fixture->pool, USHER_SHUTDOWN_BRUTAL_KILL);
  g_assert_cmpuint (usher_child_get_shutdown_time_msec (child), ==, 5000);
  usher_acceptor_pool_set_grace_msec (fixture->pool, -1);
  g_assert_cmpuint (usher_child_get_shutdown_time_msec (child), ==, G_MAXUINT64);
}

#define LIFE(name, function) POOL_CASE_SCRIPTED ("/pool-life/" name, function)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  LIFE ("tells-connections-when-their-socket-is-closed", test_tells_when_the_socket_is_closed);
  LIFE ("does-not-tell-them-when-it-restarts", test_does_not_tell_when_the_socket_restarts);
  LIFE ("cuts-connections-after-the-grace", test_grace_then_cut);
  LIFE ("abandons-them-after-the-shutdown", test_then_kill);
  LIFE ("ends-at-once-when-killed", test_is_killed);
  LIFE ("abandoned-acceptors-disturb-nobody", test_abandoned_acceptors_disturb_nobody);
  LIFE ("acceptors-that-do-not-end-get-no-grace", test_acceptors_that_do_not_end_get_no_grace);
  LIFE ("stops-while-it-starts", test_stops_while_starting);
  LIFE ("a-stop-before-the-start-is-forgotten", test_a_stop_before_the_start_is_forgotten);
  LIFE ("exits-after-its-start-was-told", test_exits_after_its_start_was_told);
  LIFE ("is-killed-while-it-reports-its-end", test_is_killed_while_it_reports_its_end);
  LIFE ("is-killed-while-it-reports-the-budget", test_is_killed_while_it_reports_the_budget);
  LIFE ("says-how-long-a-shutdown-takes", test_says_how_long_a_shutdown_takes);

  return g_test_run ();
}
