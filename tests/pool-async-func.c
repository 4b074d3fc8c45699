/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <sys/socket.h>

#include "support/loop-echo.h"
#include "support/pool-fixture.h"

/* A pool for a function that runs on the loop. */

/* What the latest call was given. */
typedef struct
{
  UsherConnection *connection; /* (unowned) (atomic): the test completes it */
  GThread *thread;
  int n_destroyed;
} Call;

static void
note_destroy (gpointer call)
{
  ((Call *) call)->n_destroyed++;
}

static void
hold (UsherConnection *connection,
      gpointer user_data)
{
  Call *call = user_data;

  call->thread = g_thread_self ();
  g_atomic_pointer_set (&call->connection, connection);
}

static void
hang_up (UsherConnection *connection,
         gpointer user_data)
{
  usher_connection_complete (connection);
}

static gboolean
hang_up_blocking (UsherConnection *connection,
                  gpointer user_data,
                  GError **error)
{
  return TRUE;
}

static void
set_up (PoolFixture *fixture,
        gconstpointer n_workers)
{
  fake_clock_install ();
  pool_fixture_set_up (fixture, usher_acceptor_pool_new_for_async_func ("test", loop_echo, NULL, NULL));
  pool_fixture_set_workers (fixture, GPOINTER_TO_UINT (n_workers));
}

static gboolean
has_begun (gpointer call)
{
  return g_atomic_pointer_get (&((Call *) call)->connection) != NULL;
}

/* Returns a client whose connection the test holds. */
static TestClient *
begin_call (PoolFixture *fixture,
            Call *call,
            GDestroyNotify destroy)
{
  TestClient *client;

  usher_acceptor_pool_set_async_func (fixture->pool, hold, call, destroy);
  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_connections_is, 1);
  pool_fixture_iterate_until (fixture, has_begun, call);
  return client;
}

static void
expect_over (PoolFixture *fixture,
             TestClient *client)
{
  test_client_expect_end (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  test_client_free (client);
}

static void
test_serves (PoolFixture *fixture,
             gconstpointer n_workers)
{
  TestClient *clients[3];

  pool_fixture_start (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = pool_fixture_greet (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      test_client_send (clients[i], "again");
      test_client_expect (clients[i], "again");
    }
  pool_fixture_wait_for (fixture, n_connections_is, G_N_ELEMENTS (clients));

  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      shutdown (clients[i]->fd, SHUT_WR);
      test_client_expect_end (clients[i]);
      test_client_free (clients[i]);
    }
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static void
test_is_called_in_its_context (PoolFixture *fixture,
                               gconstpointer n_workers)
{
  Call call = { NULL };
  TestClient *client = begin_call (fixture, &call, NULL);

  if (n_workers == NULL)
    g_assert_true (call.thread == g_thread_self ());
  else
    g_assert_true (call.thread != g_thread_self ());

  usher_connection_complete (call.connection);
  expect_over (fixture, client);
  pool_fixture_stop (fixture);
}

static gpointer
complete_in_thread (gpointer connection)
{
  usher_connection_fail (connection, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "the upstream reset"));
  return NULL;
}

static void
test_is_completed_elsewhere (PoolFixture *fixture,
                             gconstpointer n_workers)
{
  Call call = { NULL };
  TestClient *client = begin_call (fixture, &call, NULL);

  g_thread_join (g_thread_new ("elsewhere", complete_in_thread, call.connection));
  expect_over (fixture, client);
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  pool_fixture_stop (fixture);
}

static void
complete_twice (UsherConnection *connection,
                gpointer user_data)
{
  g_autoptr (UsherConnection) kept = g_object_ref (connection);

  usher_connection_complete (connection);
  usher_connection_complete (connection);
}

static void
test_is_completed_twice (PoolFixture *fixture,
                         gconstpointer n_workers)
{
  usher_acceptor_pool_set_async_func (fixture->pool, complete_twice, NULL, NULL);
  pool_fixture_start (fixture);
  g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, "*usher_connection_complete*expected*");
  expect_over (fixture, test_client_connect (fixture->listen_socket));
  g_test_assert_expected_messages ();
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static gboolean
complete_blocking (UsherConnection *connection,
                   gpointer user_data,
                   GError **error)
{
  usher_connection_complete (connection);
  return TRUE;
}

/* In a thread it is the loop that finds out. */
static void
test_is_for_the_loop (PoolFixture *fixture,
                      gconstpointer n_workers)
{
  usher_acceptor_pool_set_func (fixture->pool, complete_blocking, NULL, NULL);
  pool_fixture_start (fixture);
  g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, "*usher_connection_complete*expected*");
  expect_over (fixture, test_client_connect (fixture->listen_socket));
  pool_fixture_settle (fixture);
  g_test_assert_expected_messages ();
  pool_fixture_stop (fixture);
}

static void
test_answers_at_once (PoolFixture *fixture,
                      gconstpointer n_workers)
{
  usher_acceptor_pool_set_async_func (fixture->pool, hang_up, NULL, NULL);
  pool_fixture_start (fixture);
  for (guint i = 0; i < 3; i++)
    expect_over (fixture, test_client_connect (fixture->listen_socket));
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static void
test_fails (PoolFixture *fixture,
            gconstpointer n_workers)
{
  Call call = { NULL };
  TestClient *client = begin_call (fixture, &call, NULL);

  usher_connection_fail (call.connection, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "the upstream reset"));
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_CHILD_TERMINATED, "127.0.0.1:");
  expect_over (fixture, client);
  pool_fixture_stop (fixture);
}

/* What is completed after that is as it says. */
static void
expect_exit (PoolFixture *fixture,
             gboolean is_well)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "somebody else logged in");
  g_autoptr (UsherExit) reason = usher_exit_new_error (error);
  Call call = { NULL };
  TestClient *client = begin_call (fixture, &call, NULL);
  g_autoptr (GError) cancelled = NULL;

  usher_connection_exit (call.connection, reason);
  g_cancellable_set_error_if_cancelled (usher_connection_get_exit_cancellable (call.connection), &cancelled);
  g_assert_nonnull (cancelled);
  if (is_well)
    usher_connection_complete (call.connection);
  else
    usher_connection_fail (call.connection, g_steal_pointer (&cancelled));
  expect_over (fixture, client);
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, is_well ? 0 : 1);
}

static void
test_exits_well (PoolFixture *fixture,
                 gconstpointer n_workers)
{
  expect_exit (fixture, TRUE);
}

static void
test_exits_with_the_reason (PoolFixture *fixture,
                            gconstpointer n_workers)
{
  expect_exit (fixture, FALSE);
}

/* A pool that is killed does not wait for it; what it says later is not heard. */
static void
test_outlives_its_pool (PoolFixture *fixture,
                        gconstpointer n_workers)
{
  Call call = { NULL };
  TestClient *client = begin_call (fixture, &call, NULL);

  usher_child_kill (USHER_CHILD (fixture->pool));
  pool_fixture_expect_exit (fixture, USHER_EXIT_KILLED);
  test_client_expect_end (client);
  test_client_free (client);
  usher_connection_complete (call.connection);
}

/* Its reads need no cancellable for that. */
static void
test_drains (PoolFixture *fixture,
             gconstpointer n_workers)
{
  g_autoptr (TestClient) client = NULL;

  g_assert_true (usher_acceptor_pool_get_drain_idle_reads (fixture->pool));
  pool_fixture_start (fixture);
  client = pool_fixture_greet (fixture);
  pool_fixture_stop (fixture);
  test_client_expect_end (client);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

/* What serves already is served by what it began with, and that is kept until then. */
static void
test_is_replaced (PoolFixture *fixture,
                  gconstpointer n_workers)
{
  Call call = { NULL };
  TestClient *client = begin_call (fixture, &call, note_destroy);

  usher_acceptor_pool_set_func (fixture->pool, hang_up_blocking, NULL, NULL);
  usher_acceptor_pool_set_async_func (fixture->pool, hang_up, NULL, NULL);
  g_assert_cmpint (call.n_destroyed, ==, 0);
  usher_connection_complete (call.connection);
  expect_over (fixture, client);

  /* Those that waited already are of the old kind. */
  usher_listen_socket_close (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_waiting_is, 0);
  g_assert_true (usher_listen_socket_open (fixture->listen_socket, NULL));
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  expect_over (fixture, test_client_connect (fixture->listen_socket));
  pool_fixture_stop (fixture);
  g_assert_cmpint (call.n_destroyed, ==, 1);
}

static void
test_needs_a_name_and_a_function (void)
{
  g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, "*name*");
  g_assert_null (usher_acceptor_pool_new_for_async_func ("", loop_echo, NULL, NULL));
  g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, "*handler*");
  g_assert_null (usher_acceptor_pool_new_for_async_func ("test", NULL, NULL, NULL));
  g_test_assert_expected_messages ();
}

#define ADD_IN(path, n_workers, func) \
  g_test_add ("/pool-async-func/" path, PoolFixture, GUINT_TO_POINTER (n_workers), set_up, func, pool_fixture_tear_down)
#define ADD(path, func) ADD_IN (path, 0, func)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("serves", test_serves);
  ADD_IN ("serves-in-two-workers", 2, test_serves);
  ADD ("is-called-in-its-context", test_is_called_in_its_context);
  ADD_IN ("is-called-in-its-context-in-two-workers", 2, test_is_called_in_its_context);
  ADD ("is-completed-elsewhere", test_is_completed_elsewhere);
  ADD_IN ("is-completed-elsewhere-in-two-workers", 2, test_is_completed_elsewhere);
  ADD ("is-completed-twice", test_is_completed_twice);
  ADD ("is-for-the-loop", test_is_for_the_loop);
  ADD ("answers-at-once", test_answers_at_once);
  ADD_IN ("answers-at-once-in-two-workers", 2, test_answers_at_once);
  ADD ("fails", test_fails);
  ADD ("exits/well", test_exits_well);
  ADD ("exits/with-the-reason", test_exits_with_the_reason);
  ADD ("outlives-its-pool", test_outlives_its_pool);
  ADD_IN ("outlives-its-pool-in-two-workers", 2, test_outlives_its_pool);
  ADD ("drains", test_drains);
  ADD_IN ("drains-in-two-workers", 2, test_drains);
  ADD ("is-replaced", test_is_replaced);
  g_test_add_func ("/pool-async-func/needs-a-name-and-a-function", test_needs_a_name_and_a_function);

  return g_test_run ();
}
