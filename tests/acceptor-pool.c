/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <netinet/in.h>
#include <sys/socket.h>

#include "support/pool-fixture.h"
#include "usher/error.h"

/* Echoes one message; fails if that is “crash”. */
static gboolean
echo_or_crash (UsherConnection *connection,
               gpointer user_data,
               GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  char buffer[64] = "";
  gssize n;

  while ((n = g_input_stream_read (in, buffer, sizeof buffer - 1, NULL, error)) > 0)
    {
      buffer[n] = '\0';
      if (g_str_equal (buffer, "crash"))
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "the upstream reset");
          return FALSE;
        }
      g_output_stream_write_all (out, buffer, n, NULL, NULL, NULL);
    }

  return n == 0;
}

static void
set_up_for_func (PoolFixture *fixture,
                 gconstpointer data)
{
  fake_clock_install ();
  pool_fixture_set_up (fixture, usher_acceptor_pool_new_for_func ("test", echo_or_crash, NULL, NULL));
}

static void
test_serves (PoolFixture *fixture,
             gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  test_client_send (client, "again");
  test_client_expect (client, "again");
  g_assert_cmpuint (usher_acceptor_pool_get_n_connections (fixture->pool), ==, 1);

  shutdown (client->fd, SHUT_WR);
  test_client_expect_end (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  pool_fixture_stop (fixture);
}

static void
test_keeps_acceptors_waiting (PoolFixture *fixture,
                              gconstpointer data)
{
  g_autoptr (TestClient) first = NULL;
  g_autoptr (TestClient) second = NULL;
  g_autoptr (TestClient) third = NULL;

  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  first = test_client_connect (fixture->listen_socket);
  second = test_client_connect (fixture->listen_socket);
  third = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_connections_is, 3);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  g_assert_cmpint (g_atomic_int_get (&fixture->script.n_inits), ==, 5);

  test_client_reset (first);
  test_client_reset (second);
  test_client_reset (third);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
  g_assert_cmpint (g_atomic_int_get (&fixture->script.n_terminates), ==, 2);
}

static void
test_attaches_when_both_are_up (PoolFixture *fixture,
                                gconstpointer data)
{
  usher_listen_socket_close (fixture->listen_socket);
  pool_fixture_start (fixture);
  g_assert_cmpuint (usher_acceptor_pool_get_n_waiting (fixture->pool), ==, 0);

  g_assert_true (usher_listen_socket_open (fixture->listen_socket, NULL));
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  usher_listen_socket_close (fixture->listen_socket);
  g_assert_cmpuint (usher_acceptor_pool_get_n_waiting (fixture->pool), ==, 0);
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
  g_assert_true (g_error_matches (usher_exit_get_error (fixture->script.terminated), USHER_ERROR, USHER_ERROR_CLOSED));

  g_assert_true (usher_listen_socket_open (fixture->listen_socket, NULL));
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_stop (fixture);
}

static void
test_starts_again (PoolFixture *fixture,
                   gconstpointer data)
{
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_stop (fixture);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_stop (fixture);
}

static void
test_cannot_be_started_twice (PoolFixture *fixture,
                              gconstpointer data)
{
  pool_fixture_start (fixture);
  pool_fixture_begin_start (fixture);
  pool_fixture_wait_for (fixture, was_started, 0);
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_cmpint (fixture->start_result, ==, USHER_START_FAILED);
  pool_fixture_stop (fixture);
}

static void
test_removes_a_socket (PoolFixture *fixture,
                       gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) sockets = NULL;
  g_autoptr (TestClient) client = NULL;

  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  test_client_send (client, "before");
  test_client_expect (client, "before");

  g_assert_false (usher_acceptor_pool_accept_socket (fixture->pool, fixture->listen_socket, 1, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  sockets = usher_acceptor_pool_which_sockets (fixture->pool);
  g_assert_cmpuint (sockets->len, ==, 1);

  g_assert_true (usher_acceptor_pool_remove_socket (fixture->pool, fixture->listen_socket, &error));
  g_assert_cmpuint (usher_acceptor_pool_get_n_waiting (fixture->pool), ==, 0);
  g_assert_false (usher_acceptor_pool_remove_socket (fixture->pool, fixture->listen_socket, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);

  test_client_send (client, "after");
  test_client_expect (client, "after");
  test_client_reset (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

static void
test_reports_a_crash (PoolFixture *fixture,
                      gconstpointer data)
{
  g_autoptr (TestClient) victim = NULL;
  g_autoptr (TestClient) other = NULL;
  struct sockaddr_in address;
  socklen_t length = sizeof address;
  g_autofree char *peer = NULL;

  pool_fixture_start (fixture);
  other = test_client_connect (fixture->listen_socket);
  for (guint i = 0; i < 5; i++)
    {
      victim = test_client_connect (fixture->listen_socket);
      getsockname (victim->fd, (struct sockaddr *) &address, &length);
      test_client_send (victim, "crash");
      test_client_expect_end (victim);
      pool_fixture_wait_for (fixture, n_reports_is, i + 1);
      g_clear_pointer (&peer, g_free);
      peer = g_strdup_printf ("127.0.0.1:%u", g_ntohs (address.sin_port));
      pool_fixture_expect_report (fixture, i, USHER_REPORT_CHILD_TERMINATED, peer);
      g_clear_pointer (&victim, test_client_free);
    }

  test_client_send (other, "still here");
  test_client_expect (other, "still here");
  test_client_reset (other);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

static void
test_number_of_acceptors (PoolFixture *fixture,
                          gconstpointer data)
{
  g_autoptr (UsherListenSocket) other = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_acceptor_pool_set_n_acceptors (fixture->pool, fixture->listen_socket, 65537, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "give at most 65536"));
  g_clear_error (&error);
  g_assert_false (usher_acceptor_pool_accept_socket (fixture->pool, other, G_MAXUINT, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_clear_error (&error);
  g_assert_false (usher_acceptor_pool_accept_socket (fixture->pool, other, 0, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);

  g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool, other, 65536, NULL));
  g_assert_true (usher_acceptor_pool_remove_socket (fixture->pool, other, NULL));
}

static void
assert_blames (UsherExit *exit,
               const char *beginning,
               const char *end)
{
  const char *message = usher_exit_get_error (exit)->message;

  g_assert_true (g_str_has_prefix (message, beginning));
  g_assert_true (g_str_has_suffix (message, end));
}

static void
test_charges_crashes_if_transient (PoolFixture *fixture,
                                   gconstpointer data)
{
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool, 3);
  pool_fixture_start (fixture);

  for (guint i = 0; i < 4; i++)
    {
      g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

      test_client_send (client, "crash");
      test_client_expect_end (client);
      pool_fixture_wait_for (fixture, n_reports_is, i < 3 ? i + 1 : 5);
    }

  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_true (g_error_matches (usher_exit_get_error (fixture->exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY));
  assert_blames (fixture->exit, "pool “test”: more than 3 restarts within 5 s; the latest failure: acceptor (127.0.0.1:",
                 "): the upstream reset");
  pool_fixture_expect_report (fixture, 4, USHER_REPORT_SHUTDOWN, "127.0.0.1:");
  g_assert_true (usher_listen_socket_is_up (fixture->listen_socket));
}

static void
test_forgets_old_crashes (PoolFixture *fixture,
                          gconstpointer data)
{
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  pool_fixture_start (fixture);

  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

      test_client_send (client, "crash");
      test_client_expect_end (client);
      pool_fixture_wait_for (fixture, n_reports_is, i + 1);
      fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND + 1);
    }

  pool_fixture_stop (fixture);
}

static void
test_over_budget_drains (PoolFixture *fixture,
                         gconstpointer data)
{
  g_autoptr (TestClient) idle = NULL;
  g_autoptr (TestClient) victim = NULL;

  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  pool_fixture_start (fixture);
  idle = test_client_connect (fixture->listen_socket);
  test_client_send (idle, "hello");
  test_client_expect (idle, "hello");
  victim = test_client_connect (fixture->listen_socket);
  test_client_send (victim, "crash");
  test_client_expect_end (victim);
  test_client_expect_end (idle);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
}

static void
test_a_reset_is_no_crash (PoolFixture *fixture,
                          gconstpointer data)
{
  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  pool_fixture_start (fixture);

  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

      if (i % 2)
        {
          test_client_send (client, "hello");
          test_client_expect (client, "hello");
        }
      test_client_reset (client);
    }

  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

static void
test_idle_functions_leave_at_once (PoolFixture *fixture,
                                   gconstpointer data)
{
  g_autoptr (TestClient) answered = NULL;
  g_autoptr (TestClient) silent = NULL;

  pool_fixture_start (fixture);
  answered = test_client_connect (fixture->listen_socket);
  silent = test_client_connect (fixture->listen_socket);
  test_client_send (answered, "hello");
  test_client_expect (answered, "hello");
  pool_fixture_wait_for (fixture, n_connections_is, 2);
  pool_fixture_stop (fixture);
  test_client_expect_end (answered);
  test_client_expect_end (silent);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

/* An acceptor that has nothing of its own. */

#define TEST_TYPE_IDLE (test_idle_get_type ())

G_DECLARE_FINAL_TYPE (TestIdle, test_idle, TEST, IDLE, GObject)

struct _TestIdle
{
  GObject parent_instance;
};

static void
test_idle_acceptor_iface_init (UsherAcceptorInterface *iface)
{
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestIdle, test_idle, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, test_idle_acceptor_iface_init))

static void
test_idle_class_init (TestIdleClass *klass)
{
}

static void
test_idle_init (TestIdle *self)
{
}

static UsherAcceptor *
make_idle (gpointer pool,
           gpointer user_data,
           GError **error)
{
  return g_object_new (TEST_TYPE_IDLE, NULL);
}

static void
test_refuses_acceptors_that_cannot_serve (PoolFixture *fixture,
                                          gconstpointer data)
{
  const GError *error;

  usher_acceptor_pool_set_acceptor_type (fixture->pool, TEST_TYPE_IDLE);
  pool_fixture_begin_start (fixture);
  pool_fixture_wait_for (fixture, was_started, 0);
  g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->start_error->message, "TestIdle"));
  g_assert_nonnull (strstr (fixture->start_error->message, "acceptor_continue_async"));
  g_clear_error (&fixture->start_error);

  /* What a factory makes is known only when it is made. */
  usher_acceptor_pool_set_factory (fixture->pool, make_idle, NULL, NULL);
  pool_fixture_start (fixture);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  pool_fixture_expect_report (fixture, 0, USHER_REPORT_START_ERROR, "tcp://127.0.0.1:0");
  error = usher_exit_get_error (usher_report_get_reason (fixture->reports->pdata[0]));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
}

static void
test_has_a_name (void)
{
  g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, "*name*");
  g_assert_null (usher_acceptor_pool_new_for_func ("", echo_or_crash, NULL, NULL));
  g_test_assert_expected_messages ();
}

#define ADD(path, set_up, function) g_test_add ("/acceptor-pool/" path, PoolFixture, NULL, set_up, function, pool_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("serves-in-a-thread", pool_fixture_set_up_scripted, test_serves);
  ADD ("serves-on-the-loop", pool_fixture_set_up_on_loop, test_serves);
  ADD ("serves-with-a-function", set_up_for_func, test_serves);
  ADD ("keeps-acceptors-waiting", pool_fixture_set_up_scripted, test_keeps_acceptors_waiting);
  ADD ("attaches-when-both-are-up", pool_fixture_set_up_scripted, test_attaches_when_both_are_up);
  ADD ("starts-again", pool_fixture_set_up_scripted, test_starts_again);
  ADD ("cannot-be-started-twice", pool_fixture_set_up_scripted, test_cannot_be_started_twice);
  ADD ("removes-a-socket", pool_fixture_set_up_scripted, test_removes_a_socket);
  ADD ("reports-a-crash-and-nobody-notices", set_up_for_func, test_reports_a_crash);
  ADD ("charges-crashes-if-transient", set_up_for_func, test_charges_crashes_if_transient);
  ADD ("has-a-number-of-acceptors-that-makes-sense", set_up_for_func, test_number_of_acceptors);
  ADD ("forgets-old-crashes", set_up_for_func, test_forgets_old_crashes);
  ADD ("over-its-budget-it-drains", set_up_for_func, test_over_budget_drains);
  ADD ("a-reset-is-no-crash-in-a-thread", pool_fixture_set_up_scripted, test_a_reset_is_no_crash);
  ADD ("a-reset-is-no-crash-on-the-loop", pool_fixture_set_up_on_loop, test_a_reset_is_no_crash);
  ADD ("refuses-acceptors-that-cannot-serve", pool_fixture_set_up_scripted, test_refuses_acceptors_that_cannot_serve);
  ADD ("idle-functions-leave-at-once", set_up_for_func, test_idle_functions_leave_at_once);
  g_test_add_func ("/acceptor-pool/has-a-name", test_has_a_name);

  return g_test_run ();
}
