/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/pool-rules.h"
#include "usher/error.h"

/* The rules about how connections exit, how the pool ends, and what it shows. The others are in
 * acceptor-pool-rules.c. */

static void
set_transient (PoolFixture *fixture,
               guint intensity)
{
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool, intensity);
}

static void
expect_max_intensity (PoolFixture *fixture)
{
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_true (g_error_matches (usher_exit_get_error (fixture->exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY));
}

/* A connection whose acceptor exits as it is told. */
static void
let_one_exit (PoolFixture *fixture,
              const char *command)
{
  g_autoptr (TestClient) client = pool_fixture_greet (fixture);

  test_client_send (client, command);
  test_client_expect_end (client);
}

static guint
report_n_children (PoolFixture *fixture,
                   guint index)
{
  return usher_report_get_n_children (fixture->reports->pdata[index]);
}

static UsherExitKind
report_kind (PoolFixture *fixture,
             guint index)
{
  return usher_exit_get_kind (usher_report_get_reason (fixture->reports->pdata[index]));
}

static void
test_r19 (PoolFixture *fixture,
          gconstpointer data)
{
  set_transient (fixture, 0);
  pool_fixture_start (fixture);
  let_one_exit (fixture, "quit");
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (TestClient) client = pool_fixture_greet (fixture);

      test_client_reset (client);
      pool_fixture_wait_for (fixture, n_connections_is, 0);
    }
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static void
test_r20 (PoolFixture *fixture,
          gconstpointer data)
{
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  pool_fixture_start (fixture);
  let_one_exit (fixture, "crash");
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_CHILD_TERMINATED, "127.0.0.1:");
  /* The one that waits instead was there before it crashed. */
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  g_assert_cmpint (g_atomic_int_get (&fixture->script.n_inits), ==, 3);

  set_transient (fixture, 0);
  let_one_exit (fixture, "crash");
  expect_max_intensity (fixture);
  pool_fixture_expect_report (fixture, 1, USHER_REPORT_CHILD_TERMINATED, "127.0.0.1:");
  pool_fixture_expect_report (fixture, 2, USHER_REPORT_SHUTDOWN, "127.0.0.1:");
}

static void
test_r21 (PoolFixture *fixture,
          gconstpointer data)
{
  TestClient *idle;

  set_transient (fixture, 1);
  fixture->script.is_polite = FALSE;
  pool_fixture_start (fixture);
  let_one_exit (fixture, "crash");
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND + 1);
  let_one_exit (fixture, "crash");
  pool_fixture_wait_for (fixture, n_reports_is, 2);

  /* Exactly a period later, and with a connection that has its grace. */
  idle = pool_fixture_greet (fixture);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  let_one_exit (fixture, "crash");
  pool_fixture_wait_for (fixture, n_reports_is, 4);
  g_assert_null (fixture->exit);
  test_client_reset (idle);
  test_client_free (idle);
  expect_max_intensity (fixture);
}

static void
test_r22 (PoolFixture *fixture,
          gconstpointer data)
{
  TestClient *client;

  fixture->script.is_stubborn = TRUE;
  fixture->script.is_polite = FALSE;
  set_transient (fixture, 0);
  pool_fixture_start (fixture);
  client = pool_fixture_greet (fixture);
  usher_child_kill (USHER_CHILD (fixture->pool));
  pool_fixture_expect_exit (fixture, USHER_EXIT_KILLED);
  pool_fixture_wait_for (fixture, n_stubborn_is, 1);

  /* The acceptor of the life before comes back in the middle of this one. */
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  script_let_go (&fixture->script);
  pool_fixture_settle (fixture);
  g_assert_true (n_connections_is (fixture, 0));
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  test_client_free (client);
}

static void
test_r23 (PoolFixture *fixture,
          gconstpointer data)
{
  g_autoptr (TestClient) here = NULL;
  g_autoptr (TestClient) late = NULL;

  fixture->script.is_polite = FALSE;
  pool_fixture_start (fixture);
  here = pool_fixture_greet (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  late = test_client_connect (fixture->listen_socket);
  test_client_send (late, "hello");
  pool_fixture_settle (fixture);
  fake_clock_advance_usec (4 * G_TIME_SPAN_SECOND);
  pool_fixture_settle (fixture);
  g_assert_true (n_connections_is (fixture, 1));
  test_client_send (here, "quit");
  test_client_expect_end (here);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_cmpstr (late->received->str, ==, "");

  /* It waits in the kernel's queue, for the next life. */
  pool_fixture_start (fixture);
  test_client_expect (late, "hello");
  test_client_reset (late);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  pool_fixture_stop (fixture);
}

static void
test_r24 (PoolFixture *fixture,
          gconstpointer data)
{
  TestClient *client;

  fixture->script.is_polite = FALSE;
  usher_acceptor_pool_set_grace_msec (fixture->pool, -1);
  pool_fixture_start (fixture);
  client = pool_fixture_greet (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
  fake_clock_advance_usec (G_TIME_SPAN_DAY);
  test_client_send (client, "still here");
  test_client_expect (client, "still here");
  test_client_send (client, "quit");
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  test_client_free (client);
  g_clear_pointer (&fixture->exit, usher_exit_unref);

  usher_acceptor_pool_set_grace_msec (fixture->pool, 0);
  pool_fixture_start (fixture);
  client = pool_fixture_greet (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  fake_clock_advance_usec (0);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  test_client_expect_end (client);
  test_client_free (client);
}

/* Two connections that do not leave, however they are asked. */
static void
begin_stubborn_shutdown (PoolFixture *fixture,
                         GPtrArray *clients)
{
  fixture->script.is_polite = FALSE;
  fixture->script.is_stubborn = TRUE;
  usher_acceptor_pool_set_grace_msec (fixture->pool, 100);
  pool_fixture_start (fixture);
  for (guint i = 0; i < 2; i++)
    g_ptr_array_add (clients, pool_fixture_greet (fixture));
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
  fake_clock_advance_usec (100 * G_TIME_SPAN_MILLISECOND);
}

static void
test_r25 (PoolFixture *fixture,
          gconstpointer data)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_client_free);

  usher_acceptor_pool_set_shutdown_msec (fixture->pool, 200);
  begin_stubborn_shutdown (fixture, clients);
  pool_fixture_wait_for (fixture, n_stubborn_is, 2);
  fake_clock_advance_usec (200 * G_TIME_SPAN_MILLISECOND - 1);
  pool_fixture_settle (fixture);
  g_assert_null (fixture->exit);
  fake_clock_advance_usec (1);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  script_let_go (&fixture->script);
}

static void
test_r25_infinity (PoolFixture *fixture,
                   gconstpointer data)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_client_free);

  usher_acceptor_pool_set_shutdown_msec (fixture->pool, USHER_SHUTDOWN_INFINITY);
  begin_stubborn_shutdown (fixture, clients);
  pool_fixture_wait_for (fixture, n_stubborn_is, 2);
  fake_clock_advance_usec (G_TIME_SPAN_DAY);
  pool_fixture_settle (fixture);
  g_assert_null (fixture->exit);
  script_let_go (&fixture->script);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
}

static void
test_r26 (PoolFixture *fixture,
          gconstpointer data)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_client_free);

  usher_acceptor_pool_set_shutdown_msec (fixture->pool, USHER_SHUTDOWN_BRUTAL_KILL);
  begin_stubborn_shutdown (fixture, clients);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  pool_fixture_wait_for (fixture, n_stubborn_is, 2);
  script_let_go (&fixture->script);
}

static void
test_r27 (PoolFixture *fixture,
          gconstpointer data)
{
  g_autoptr (GPtrArray) clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_client_free);

  begin_stubborn_shutdown (fixture, clients);
  pool_fixture_wait_for (fixture, n_stubborn_is, 2);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (fixture->reports->len, ==, 1);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_SHUTDOWN_ERROR, "127.0.0.1:");
  g_assert_cmpuint (report_n_children (fixture, 0), ==, 2);
  g_assert_cmpint (report_kind (fixture, 0), ==, USHER_EXIT_KILLED);
  script_let_go (&fixture->script);
}

static void
test_r28 (PoolFixture *fixture,
          gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  pool_fixture_start (fixture);
  client = pool_fixture_greet (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_stop (fixture);
  g_assert_null (usher_exit_get_error (fixture->exit));
  g_assert_true (n_terminates_is (fixture, 2));
  g_assert_cmpint (usher_exit_get_kind (fixture->script.terminated), ==, USHER_EXIT_SHUTDOWN);

  g_clear_pointer (&fixture->exit, usher_exit_unref);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  usher_child_kill (USHER_CHILD (fixture->pool));
  pool_fixture_expect_exit (fixture, USHER_EXIT_KILLED);
}

static void
test_r29 (PoolFixture *fixture,
          gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;
  g_autoptr (GPtrArray) children = NULL;
  const UsherConnectionInfo *info;

  fixture->script.is_polite = FALSE;
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  children = usher_acceptor_pool_which_children (fixture->pool);
  g_assert_cmpuint (children->len, ==, 0);
  g_clear_pointer (&children, g_ptr_array_unref);

  client = pool_fixture_greet (fixture);
  fake_clock_advance_usec (1500 * G_TIME_SPAN_MILLISECOND);
  children = usher_acceptor_pool_which_children (fixture->pool);
  g_assert_cmpuint (children->len, ==, 1);
  info = children->pdata[0];
  g_assert_true (g_str_has_prefix (usher_connection_info_get_peer_name (info), "127.0.0.1:"));
  g_assert_true (usher_connection_info_get_listen_socket (info) == fixture->listen_socket);
  g_assert_cmpint (usher_connection_info_get_age_msec (info), ==, 1500);
  g_assert_cmpint (usher_connection_info_get_state (info), ==, USHER_CONNECTION_SERVING);
  g_clear_pointer (&children, g_ptr_array_unref);

  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  pool_fixture_settle (fixture);
  children = usher_acceptor_pool_which_children (fixture->pool);
  g_assert_cmpint (usher_connection_info_get_state (children->pdata[0]), ==, USHER_CONNECTION_DRAINING);
  g_clear_pointer (&children, g_ptr_array_unref);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
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
test_r30 (PoolFixture *fixture,
          gconstpointer data)
{
  TestClient *client;

  expect_counts (fixture, 0, 0);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  expect_counts (fixture, 0, 2);
  client = pool_fixture_greet (fixture);
  expect_counts (fixture, 1, 3);
  test_client_reset (client);
  test_client_free (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
  expect_counts (fixture, 0, 0);
}

static UsherAcceptor *
count_and_make (gpointer pool,
                gpointer user_data,
                GError **error)
{
  PoolFixture *fixture = user_data;

  g_assert_true (pool == fixture->pool);
  fixture->script.accept_timeout_msec = 1000;
  return script_make_on_loop (pool, &fixture->script, error);
}

static void
test_r31 (PoolFixture *fixture,
          gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  usher_acceptor_pool_set_intensity (fixture->pool, 2);
  set_transient (fixture, 2);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  let_one_exit (fixture, "crash");
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);

  /* Those who wait are as they were made; the next one is of the new kind. */
  usher_acceptor_pool_set_factory (fixture->pool, count_and_make, fixture, NULL);
  g_assert_true (usher_acceptor_pool_set_n_acceptors (fixture->pool, fixture->listen_socket, 3, NULL));
  pool_fixture_wait_for (fixture, n_waiting_is, 3);
  fake_clock_advance_usec (1 * G_TIME_SPAN_SECOND);
  pool_fixture_settle (fixture);
  g_assert_true (n_terminates_is (fixture, 1));

  g_assert_false (usher_acceptor_pool_set_n_acceptors (fixture->pool, fixture->listen_socket, 0, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_true (usher_acceptor_pool_set_n_acceptors (fixture->pool, fixture->listen_socket, 1, NULL));
  pool_fixture_wait_for (fixture, n_waiting_is, pool_fixture_deal (fixture, 1));

  /* The charges of before still count. */
  usher_acceptor_pool_set_intensity (fixture->pool, 1);
  let_one_exit (fixture, "crash");
  expect_max_intensity (fixture);
}

static void
test_r32 (PoolFixture *fixture,
          gconstpointer data)
{
  const UsherReport *report;
  g_autofree char *line = NULL;

  pool_fixture_start (fixture);
  let_one_exit (fixture, "crash");
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  report = fixture->reports->pdata[0];
  g_assert_cmpstr (usher_report_get_supervisor (report), ==, "test");
  g_assert_cmpint (usher_report_get_context (report), ==, USHER_REPORT_CHILD_TERMINATED);
  g_assert_cmpint (report_kind (fixture, 0), ==, USHER_EXIT_ERROR);
  g_assert_cmpstr (usher_report_get_offender (report), ==, "acceptor");
  g_assert_true (g_str_has_prefix (usher_report_get_detail (report), "127.0.0.1:"));
  g_assert_cmpuint (report_n_children (fixture, 0), ==, 1);
  line = usher_report_to_string (report);
  g_assert_null (strchr (line, '\n'));
  pool_fixture_stop (fixture);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  RULE ("R19-a-normal-exit-is-silent", test_r19);
  RULE ("R20-a-failure-is-reported-and-charged-if-transient", test_r20);
  RULE ("R21-the-window-includes-both-ends-and-its-end-has-a-grace", test_r21);
  RULE ("R22-exits-of-another-life-are-ignored", test_r22);
  RULE ("R23-nothing-is-accepted-while-it-drains", test_r23);
  RULE ("R24-the-grace-is-the-connections", test_r24);
  RULE ("R25-shutdown-then-kill", test_r25);
  RULE ("R25-shutdown-for-ever", test_r25_infinity);
  RULE ("R26-who-is-killed-brutally-is-not-reported", test_r26);
  RULE ("R27-reports-are-aggregated-by-reason", test_r27);
  RULE ("R28-it-exits-with-the-reason-it-was-given", test_r28);
  RULE ("R29-which-children-lists-connections", test_r29);
  RULE ("R30-count-children", test_r30);
  RULE ("R31-everything-may-change-while-it-runs", test_r31);
  RULE ("R32-reports-have-the-fields-of-otp", test_r32);

  return g_test_run ();
}
