/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <errno.h>

#include "runtime/fiber-private.h"
#include "support/fault.h"
#include "support/pool-rules.h"
#include "support/sockets.h"
#include "usher/error.h"

static void
test_charges_start_errors (PoolFixture *fixture,
                           gconstpointer data)
{
  fixture->script.init_answer = USHER_ACCEPTOR_ERROR;
  pool_fixture_start (fixture);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_true (g_error_matches (usher_exit_get_error (fixture->exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY));
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_START_ERROR, "tcp://127.0.0.1:0");
}

/* Each worker makes its own. */
static guint
get_n_crews (PoolFixture *fixture)
{
  return MAX (fixture->n_workers, 1);
}

static void
test_ignoring_is_never_hot (PoolFixture *fixture,
                            gconstpointer data)
{
  fixture->script.init_answer = USHER_ACCEPTOR_IGNORE;
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_inits_is_at_least, 101 * get_n_crews (fixture));
  for (guint i = 0; i < 100; i++)
    pool_fixture_settle (fixture);
  g_assert_cmpint (g_atomic_int_get (&fixture->script.n_inits), <=, 102 * get_n_crews (fixture));

  pool_fixture_wait_for (fixture, n_alive_is, 0);
  fixture->script.init_answer = USHER_ACCEPTOR_READY;
  fake_clock_advance_usec (20 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static void
test_failing_to_start_is_never_hot (PoolFixture *fixture,
                                    gconstpointer data)
{
  fixture->script.init_answer = USHER_ACCEPTOR_ERROR;
  usher_acceptor_pool_set_intensity (fixture->pool, G_MAXUINT);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_inits_is_at_least, 101 * get_n_crews (fixture));
  for (guint i = 0; i < 100; i++)
    pool_fixture_settle (fixture);
  g_assert_cmpint (g_atomic_int_get (&fixture->script.n_inits), <=, 102 * get_n_crews (fixture));

  pool_fixture_wait_for (fixture, n_alive_is, 0);
  fixture->script.init_answer = USHER_ACCEPTOR_READY;
  fake_clock_advance_usec (20 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_stop (fixture);
}

static UsherAcceptor *
fail_to_make (gpointer pool,
              gpointer n_made,
              GError **error)
{
  g_atomic_int_inc ((int *) n_made);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no luck");
  return NULL;
}

static void
test_a_failing_factory_is_never_hot (gconstpointer n_workers)
{
  PoolFixture fixture = { 0 };
  int n_made = 0;

  fake_clock_install ();
  pool_fixture_set_up (&fixture, usher_acceptor_pool_new_with_factory ("test", fail_to_make, &n_made, NULL));
  pool_fixture_set_workers (&fixture, GPOINTER_TO_UINT (n_workers));
  usher_acceptor_pool_set_intensity (fixture.pool, G_MAXUINT);
  pool_fixture_start (&fixture);
  for (guint i = 0; i < 100; i++)
    pool_fixture_settle (&fixture);
  g_assert_cmpuint (g_atomic_int_get (&n_made), ==, 101 * get_n_crews (&fixture));

  fake_clock_advance_usec (10 * G_TIME_SPAN_MILLISECOND);
  for (guint i = 0; i < 100; i++)
    pool_fixture_settle (&fixture);
  g_assert_cmpuint (g_atomic_int_get (&n_made), ==, 202 * get_n_crews (&fixture));
  pool_fixture_stop (&fixture);
  pool_fixture_tear_down (&fixture, NULL);
}

static void
test_waits_for_what_an_init_lacks (PoolFixture *fixture,
                                   gconstpointer data)
{
  const struct
  {
    GQuark domain;
    int code;
  } errors[] = {
    { G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES },
    { G_THREAD_ERROR, G_THREAD_ERROR_AGAIN },
    { G_SPAWN_ERROR, G_SPAWN_ERROR_FORK },
    { G_SPAWN_ERROR, G_SPAWN_ERROR_NOMEM },
    { G_FILE_ERROR, G_FILE_ERROR_MFILE },
    { G_FILE_ERROR, G_FILE_ERROR_NFILE },
    { G_FILE_ERROR, G_FILE_ERROR_NOMEM },
  };

  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  for (guint i = 0; i < G_N_ELEMENTS (errors); i++)
    {
      fixture->script.init_answer = USHER_ACCEPTOR_ERROR;
      fixture->script.init_error_domain = errors[i].domain;
      fixture->script.init_error_code = errors[i].code;
      pool_fixture_start (fixture);
      pool_fixture_wait_for (fixture, n_reports_is, i + 1);
      pool_fixture_expect_report (fixture, i, USHER_REPORT_RESOURCE, "pauses");

      pool_fixture_wait_for (fixture, n_alive_is, 0);
      pool_fixture_settle (fixture);
      fixture->script.init_answer = USHER_ACCEPTOR_READY;
      fake_clock_advance_usec (10 * G_TIME_SPAN_MILLISECOND);
      pool_fixture_wait_for (fixture, n_waiting_is, 2);
      pool_fixture_stop (fixture);
      fake_clock_advance_usec (11 * G_TIME_SPAN_SECOND);
      g_clear_pointer (&fixture->exit, usher_exit_unref);
    }
}

static void
test_accept_timeout (PoolFixture *fixture,
                     gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.accept_timeout_msec = 1000;
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_settle (fixture);
  fake_clock_advance_usec (999 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_settle (fixture);
  g_assert_cmpint (g_atomic_int_get (&fixture->script.n_terminates), ==, 0);

  fake_clock_advance_usec (1 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
  g_assert_true (g_error_matches (usher_exit_get_error (fixture->script.terminated), USHER_ERROR, USHER_ERROR_TIMED_OUT));
  pool_fixture_wait_for (fixture, n_waiting_is, 2);

  client = test_client_connect (fixture->listen_socket);
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  test_client_reset (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static void
test_refuses_an_accept_timeout_of_0 (PoolFixture *fixture,
                                     gconstpointer data)
{
  fixture->script.accept_timeout_msec = 0;
  pool_fixture_start (fixture);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_START_ERROR, "tcp://127.0.0.1:0");
  g_assert_true (g_error_matches (usher_exit_get_error (usher_report_get_reason (fixture->reports->pdata[0])),
                                  USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT));
}

/* Failures of system calls. Every test runs in a thread and on the loop, and serves a client after
 * each failure. */

static void
serve_a_client (PoolFixture *fixture,
                TestClient *client)
{
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  test_client_reset (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  test_client_free (client);
}

/* The first client makes what is made once: an epoll set, say. */
static guint
warm_up (PoolFixture *fixture)
{
  pool_fixture_start (fixture);
  serve_a_client (fixture, test_client_connect (fixture->listen_socket));
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_settle (fixture);
  return sockets_count_fds ();
}

static void
cool_down (PoolFixture *fixture,
           guint n_fds)
{
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_settle (fixture);
  g_assert_cmpuint (sockets_count_fds (), ==, n_fds);
  pool_fixture_stop (fixture);
  fault_clear ();
}

static void
test_a_peers_failure_changes_nothing (PoolFixture *fixture,
                                      gconstpointer data)
{
  const int errnos[] = { EINTR, ECONNABORTED, EPROTO, EPERM, ENETDOWN, EHOSTUNREACH, ETIMEDOUT };
  guint n_fds;

  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  n_fds = warm_up (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (errnos); i++)
    {
      fault_inject (FAULT_ACCEPT4, 0, 3, errnos[i]);
      serve_a_client (fixture, test_client_connect (fixture->listen_socket));
    }

  g_assert_cmpuint (fixture->reports->len, ==, 0);
  cool_down (fixture, n_fds);
}

static void
test_many_failures_of_peers_are_never_hot (PoolFixture *fixture,
                                           gconstpointer data)
{
  guint n_fds = warm_up (fixture);
  TestClient *client;

  fault_inject (FAULT_ACCEPT4, 0, FAULT_FOREVER, ECONNABORTED);
  client = test_client_connect (fixture->listen_socket);
  for (guint i = 0; i < 100; i++)
    pool_fixture_settle (fixture);
  g_assert_cmpuint (fault_get_n_calls (FAULT_ACCEPT4), <, 120 * get_n_crews (fixture));

  fault_clear ();
  fake_clock_advance_usec (10 * G_TIME_SPAN_MILLISECOND);
  serve_a_client (fixture, client);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  cool_down (fixture, n_fds);
}

static void
test_pauses_when_something_runs_out (PoolFixture *fixture,
                                     gconstpointer data)
{
  const int errnos[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM };
  guint n_fds = warm_up (fixture);

  for (guint i = 0; i < G_N_ELEMENTS (errnos); i++)
    {
      TestClient *client;

      fault_inject (FAULT_ACCEPT4, 0, 3, errnos[i]);
      client = test_client_connect (fixture->listen_socket);
      pool_fixture_wait_for (fixture, n_reports_is, i + 1);
      pool_fixture_expect_report (fixture, i, USHER_REPORT_RESOURCE,
                                  i == 0 ? "pauses until there is more" : "; 2 more such pauses since the last report");

      /* 10, 20 and 40 ms; a client that comes meanwhile waits. */
      for (guint pause = 10; pause <= 40; pause *= 2)
        {
          fake_clock_advance_usec ((pause - 1) * G_TIME_SPAN_MILLISECOND);
          pool_fixture_settle (fixture);
          g_assert_cmpuint (usher_acceptor_pool_get_n_connections (fixture->pool), ==, 0);
          fake_clock_advance_usec (1 * G_TIME_SPAN_MILLISECOND);
          pool_fixture_settle (fixture);
        }

      serve_a_client (fixture, client);
      g_assert_cmpuint (fixture->reports->len, ==, i + 1);
      fake_clock_advance_usec (11 * G_TIME_SPAN_SECOND);
    }

  cool_down (fixture, n_fds);
}

static void
test_reports_what_runs_out_once_in_a_while (PoolFixture *fixture,
                                            gconstpointer data)
{
  guint n_fds = warm_up (fixture);
  TestClient *client;

  fault_inject (FAULT_ACCEPT4, 0, FAULT_FOREVER, EMFILE);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  for (guint i = 0; i < 9; i++)
    {
      fake_clock_advance_usec (1 * G_TIME_SPAN_SECOND);
      pool_fixture_settle (fixture);
    }
  g_assert_cmpuint (fixture->reports->len, ==, 1);

  fault_clear ();
  fake_clock_advance_usec (1 * G_TIME_SPAN_SECOND);
  serve_a_client (fixture, client);
  cool_down (fixture, n_fds);
}

static void
test_a_new_life_begins_with_a_short_pause (PoolFixture *fixture,
                                           gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fault_inject (FAULT_ACCEPT4, 0, FAULT_FOREVER, EMFILE);
  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  fake_clock_advance_usec (10 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_settle (fixture);
  fake_clock_advance_usec (20 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_settle (fixture);
  pool_fixture_stop (fixture);
  g_clear_pointer (&fixture->exit, usher_exit_unref);

  fake_clock_advance_usec (11 * G_TIME_SPAN_SECOND);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_reports_is, 2);
  pool_fixture_settle (fixture);
  fault_clear ();
  fake_clock_advance_usec (10 * G_TIME_SPAN_MILLISECOND);
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  test_client_reset (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

static void
test_a_broken_socket_goes_down (PoolFixture *fixture,
                                gconstpointer data)
{
  const int errnos[] = { EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP };

  pool_fixture_start (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (errnos); i++)
    {
      g_autoptr (TestClient) client = NULL;

      pool_fixture_wait_for (fixture, n_waiting_is, 2);
      fault_inject (FAULT_ACCEPT4, 0, 1, errnos[i]);
      client = test_client_connect (fixture->listen_socket);
      pool_fixture_wait_for (fixture, n_waiting_is, 0);
      g_assert_false (usher_listen_socket_is_up (fixture->listen_socket));
      test_client_reset (client);

      g_assert_true (usher_listen_socket_open (fixture->listen_socket, NULL));
      serve_a_client (fixture, test_client_connect (fixture->listen_socket));
    }

  pool_fixture_stop (fixture);
  fault_clear ();
}

static void
test_waits_for_threads (PoolFixture *fixture,
                        gconstpointer data)
{
  guint n_fds;

  usher_acceptor_pool_set_execution (fixture->pool, USHER_EXECUTION_THREAD);
  n_fds = warm_up (fixture);
  usher_listen_socket_close (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
  fault_inject (FAULT_PTHREAD_CREATE, 0, 1, EAGAIN);
  g_assert_true (usher_listen_socket_open (fixture->listen_socket, NULL));
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_RESOURCE, "pauses");
  fake_clock_advance_usec (10 * G_TIME_SPAN_MILLISECOND);
  serve_a_client (fixture, test_client_connect (fixture->listen_socket));
  cool_down (fixture, n_fds);
}

static void
test_waits_for_the_epoll_set (PoolFixture *fixture,
                              gconstpointer data)
{
  guint n_fds = warm_up (fixture);

  usher_listen_socket_close (fixture->listen_socket);
  fault_inject (FAULT_EPOLL_CTL, 0, 1, ENOSPC);
  g_assert_true (usher_listen_socket_open (fixture->listen_socket, NULL));
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_RESOURCE, "pauses");
  fake_clock_advance_usec (10 * G_TIME_SPAN_MILLISECOND);
  serve_a_client (fixture, test_client_connect (fixture->listen_socket));
  cool_down (fixture, n_fds);
}

static void
test_waits_for_stacks (PoolFixture *fixture,
                       gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  usher_acceptor_pool_set_execution (fixture->pool, USHER_EXECUTION_FIBER);
  fault_inject (FAULT_MMAP, 0, 1, ENOMEM);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_RESOURCE, "pauses");
  fake_clock_advance_usec (10 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  client = pool_fixture_greet (fixture);
  test_client_reset (client);
  pool_fixture_stop (fixture);
}

static void
test_wakes_threads_without_descriptors (PoolFixture *fixture,
                                        gconstpointer data)
{
  guint n_fds = warm_up (fixture);

  fault_inject (FAULT_EVENTFD, 0, FAULT_FOREVER, EMFILE);
  serve_a_client (fixture, test_client_connect (fixture->listen_socket));
  cool_down (fixture, n_fds);
}

/* Nobody asks whether there is another. */
static void
test_takes_a_lone_connection_by_one_call (PoolFixture *fixture,
                                          gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  pool_fixture_start (fixture);
  fault_clear ();
  client = pool_fixture_greet (fixture);
  g_assert_cmpuint (fault_get_n_calls (FAULT_ACCEPT4), ==, 1);
  test_client_reset (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
  fault_clear ();
}

/* Not in two workers: "takes-a-lone-connection-by-one-call", as the other one is woken and asks, too; and
 * "pauses-when-something-runs-out", as each pauses by itself, so that the failures are over sooner. */
#define ADD(path, set_up, function) g_test_add ("/pool-socket/" path, PoolFixture, NULL, set_up, function, pool_fixture_tear_down)
#define SCRIPTED(name, function) POOL_CASE_SCRIPTED ("/pool-socket/" name, function)
#define ON_LOOP(name, function) POOL_CASE_ON_LOOP ("/pool-socket/" name, function)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("takes-a-lone-connection-by-one-call", pool_fixture_set_up_scripted, test_takes_a_lone_connection_by_one_call);
  SCRIPTED ("charges-start-errors", test_charges_start_errors);
  SCRIPTED ("ignoring-is-never-hot", test_ignoring_is_never_hot);
  SCRIPTED ("failing-to-start-is-never-hot", test_failing_to_start_is_never_hot);
  g_test_add_data_func ("/pool-socket/a-failing-factory-is-never-hot", NULL, test_a_failing_factory_is_never_hot);
  g_test_add_data_func ("/pool-socket/a-failing-factory-is-never-hot/in-two-workers", GUINT_TO_POINTER (2),
                        test_a_failing_factory_is_never_hot);
  ON_LOOP ("waits-for-what-an-init-lacks", test_waits_for_what_an_init_lacks);
  SCRIPTED ("replaces-an-acceptor-at-its-accept-timeout", test_accept_timeout);
  SCRIPTED ("refuses-an-accept-timeout-of-0", test_refuses_an_accept_timeout_of_0);
  ADD ("a-peers-failure-changes-nothing/in-a-thread", pool_fixture_set_up_scripted, test_a_peers_failure_changes_nothing);
  ON_LOOP ("a-peers-failure-changes-nothing", test_a_peers_failure_changes_nothing);
  ON_LOOP ("many-failures-of-peers-are-never-hot", test_many_failures_of_peers_are_never_hot);
  ADD ("pauses-when-something-runs-out/in-a-thread", pool_fixture_set_up_scripted, test_pauses_when_something_runs_out);
  ADD ("pauses-when-something-runs-out/on-the-loop", pool_fixture_set_up_on_loop, test_pauses_when_something_runs_out);
  ON_LOOP ("reports-it-once-in-a-while", test_reports_what_runs_out_once_in_a_while);
  ON_LOOP ("a-new-life-begins-with-a-short-pause", test_a_new_life_begins_with_a_short_pause);
  ADD ("a-broken-socket-goes-down/in-a-thread", pool_fixture_set_up_scripted, test_a_broken_socket_goes_down);
  ON_LOOP ("a-broken-socket-goes-down", test_a_broken_socket_goes_down);
  SCRIPTED ("waits-for-threads", test_waits_for_threads);
  if (usher_fiber_is_supported (NULL))
    SCRIPTED ("waits-for-stacks", test_waits_for_stacks);
  ON_LOOP ("waits-for-the-epoll-set", test_waits_for_the_epoll_set);
  SCRIPTED ("wakes-threads-without-descriptors", test_wakes_threads_without_descriptors);

  return g_test_run ();
}
