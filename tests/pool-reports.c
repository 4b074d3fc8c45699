/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <errno.h>

#include "support/fault.h"
#include "support/pool-fixture.h"
#include "usher/error.h"

/* Waits for its drain, and then does what it was told. */
static gboolean
crash_when_told (UsherConnection *connection,
                 gpointer user_data,
                 GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  char buffer[64];

  g_input_stream_read (in, buffer, sizeof buffer, usher_connection_get_drain_cancellable (connection), NULL);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "upstream is away");
  return FALSE;
}

static gboolean
crash (UsherConnection *connection,
       gpointer user_data,
       GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "upstream is away");
  return FALSE;
}

static gboolean
linger_unless_told_to_crash (UsherConnection *connection,
                             gpointer user_data,
                             GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  char buffer[64];

  if (g_input_stream_read (in, buffer, sizeof buffer, NULL, error) < 0)
    return FALSE;

  return crash (connection, user_data, error);
}

static void
test_aggregates_by_reason (PoolFixture *fixture,
                           gconstpointer data)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_client_free);
  const UsherReport *report;

  fixture->script.handler = crash_when_told;
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  pool_fixture_start (fixture);
  for (guint i = 0; i < 10; i++)
    g_ptr_array_add (clients, test_client_connect (fixture->listen_socket));
  pool_fixture_wait_for (fixture, n_connections_is, 10);
  pool_fixture_stop (fixture);

  g_assert_null (usher_exit_get_error (fixture->exit));
  g_assert_cmpuint (fixture->reports->len, ==, 1);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_SHUTDOWN_ERROR, "127.0.0.1:");
  report = fixture->reports->pdata[0];
  g_assert_cmpuint (usher_report_get_n_children (report), ==, 10);
  g_assert_cmpint (usher_exit_get_kind (usher_report_get_reason (report)), ==, USHER_EXIT_ERROR);
  g_assert_true (g_str_has_suffix (usher_report_get_detail (report), ", …"));
}

static void
test_names_the_grace_that_applied (PoolFixture *fixture,
                                   gconstpointer data)
{
  g_autoptr (TestClient) lingering = NULL;
  g_autoptr (TestClient) crashing = NULL;
  const UsherReport *report;

  fixture->script.handler = linger_unless_told_to_crash;
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  usher_acceptor_pool_set_escalation_grace_msec (fixture->pool, 1000);
  pool_fixture_start (fixture);
  lingering = test_client_connect (fixture->listen_socket);
  crashing = test_client_connect (fixture->listen_socket);
  test_client_send (crashing, "crash");
  pool_fixture_wait_for (fixture, n_reports_is, 2);
  fake_clock_advance_usec (1 * G_TIME_SPAN_SECOND);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);

  g_assert_cmpuint (fixture->reports->len, ==, 3);
  pool_fixture_expect_report (fixture, 2, USHER_REPORT_SHUTDOWN_ERROR, "127.0.0.1:");
  report = fixture->reports->pdata[2];
  g_assert_nonnull (strstr (usher_exit_get_error (usher_report_get_reason (report))->message, "grace of 1000 ms"));
}

/* A handler of reports that kills the pool, waits until that is done, and lets it go. */
static void
end_it_all (UsherAcceptorPool *pool,
            UsherReport *report,
            PoolFixture *fixture)
{
  g_signal_handlers_disconnect_by_func (pool, end_it_all, fixture);
  usher_child_kill (USHER_CHILD (pool));
  pool_fixture_settle (fixture);
  g_clear_object (&fixture->pool);
}

static gboolean
is_gone (gpointer pool)
{
  return *(gpointer *) pool == NULL;
}

static void
end_at_report (PoolFixture *fixture)
{
  gpointer pool = fixture->pool;

  g_signal_connect (pool, "report", G_CALLBACK (end_it_all), fixture);
  g_object_add_weak_pointer (G_OBJECT (pool), &pool);
  /* It keeps a reference. */
  gt_signal_logger_free (fixture->logger);
  fixture->logger = gt_signal_logger_new ();
  pool_fixture_iterate_until (fixture, is_gone, &pool);
}

static void
tear_down_without_pool (PoolFixture *fixture,
                        gconstpointer data)
{
  fault_clear ();
  pool_fixture_clear (fixture);
}

static void
test_ends_at_a_start_error (PoolFixture *fixture,
                            gconstpointer data)
{
  fixture->script.init_answer = USHER_ACCEPTOR_ERROR;
  pool_fixture_begin_start (fixture);
  end_at_report (fixture);
}

static void
test_ends_at_a_crash (PoolFixture *fixture,
                      gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.handler = crash;
  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  end_at_report (fixture);
}

/* The report is made while the thread's answer is being handled. */
static void
test_ends_when_the_socket_cannot_be_polled (PoolFixture *fixture,
                                            gconstpointer data)
{
  fault_inject (FAULT_EPOLL_CTL, 0, 1, ENOSPC);
  pool_fixture_begin_start (fixture);
  end_at_report (fixture);
}

#define ADD(path, function, tear_down)                                                                                   \
  G_STMT_START                                                                                                           \
  {                                                                                                                      \
    g_test_add ("/pool-reports/" path, PoolFixture, NULL, pool_fixture_set_up_scripted, function, tear_down);            \
    g_test_add ("/pool-reports/" path "/in-two-workers", PoolFixture, NULL, pool_fixture_set_up_scripted_in_two_workers, \
                function, tear_down);                                                                                    \
  }                                                                                                                      \
  G_STMT_END

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("aggregates-by-reason-at-the-end", test_aggregates_by_reason, pool_fixture_tear_down);
  ADD ("names-the-grace-that-applied", test_names_the_grace_that_applied, pool_fixture_tear_down);
  ADD ("the-pool-may-end-at/a-start-error", test_ends_at_a_start_error, tear_down_without_pool);
  ADD ("the-pool-may-end-at/a-crash", test_ends_at_a_crash, tear_down_without_pool);
  ADD ("the-pool-may-end-at/a-resource-error", test_ends_when_the_socket_cannot_be_polled, tear_down_without_pool);

  return g_test_run ();
}
