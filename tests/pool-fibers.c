/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <sys/socket.h>

#include "runtime/fiber-private.h"
#include "support/pool-fixture.h"
#include "usher/await.h"

/* Longer than any test lasts. */
#define FOREVER_MSEC G_MAXINT

#define N_LARGE (4 * 1024 * 1024)

static void
set_up_in_fibers (PoolFixture *fixture,
                  gconstpointer data)
{
  pool_fixture_set_up_scripted (fixture, data);
  usher_acceptor_pool_set_execution (fixture->pool, USHER_EXECUTION_FIBER);
}

static void
set_up_in_two_workers (PoolFixture *fixture,
                       gconstpointer data)
{
  pool_fixture_set_up_scripted_in_two_workers (fixture, data);
  usher_acceptor_pool_set_execution (fixture->pool, USHER_EXECUTION_FIBER);
}

/* Every read has a cancellable of its own, which GLib keeps for the thread while the read waits. */
static GPtrArray *cancellables; /* (element-type GCancellable) */

static gboolean
read_with_own_cancellable (UsherConnection *connection,
                           gpointer user_data,
                           GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  char letter;

  g_ptr_array_add (cancellables, cancellable);
  while (g_input_stream_read (in, &letter, 1, cancellable, error) == 1)
    if (!g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), &letter, 1,
                                    NULL, cancellable, error))
      break;
  g_assert_null (g_cancellable_get_current ());

  g_assert_error (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (error);
  return TRUE;
}

static void
test_reads_with_cancellables (PoolFixture *fixture,
                              gconstpointer data)
{
  TestClient *clients[3];
  const guint order[] = { 1, 0, 2 };

  cancellables = g_ptr_array_new ();
  fixture->script.handler = read_with_own_cancellable;
  pool_fixture_start (fixture);
  for (guint i = 0; i < 3; i++)
    {
      clients[i] = test_client_connect (fixture->listen_socket);
      pool_fixture_wait_for (fixture, n_connections_is, i + 1);
      pool_fixture_settle (fixture);
    }
  for (guint i = 0; i < 3; i++)
    {
      for (guint k = i; k < 3; k++)
        {
          test_client_send (clients[order[k]], "x");
          test_client_expect (clients[order[k]], "x");
        }
      g_cancellable_cancel (cancellables->pdata[order[i]]);
      test_client_expect_end (clients[order[i]]);
      test_client_free (clients[order[i]]);
    }
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
  g_ptr_array_unref (cancellables);
}

static gboolean
sleep_forever (UsherConnection *connection,
               gpointer user_data,
               GError **error)
{
  return usher_sleep_msec (FOREVER_MSEC, NULL, error);
}

/* It is cut after the grace, and not waited for. */
static void
test_sleep_ends_with_the_exit (PoolFixture *fixture,
                               gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.handler = sleep_forever;
  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_connections_is, 1);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  pool_fixture_wait_for (fixture, n_terminates_is, 2);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  test_client_expect_end (client);
  g_assert_cmpuint (fixture->reports->len, ==, 1);
  g_assert_cmpint (usher_exit_get_kind (usher_report_get_reason (fixture->reports->pdata[0])), ==, USHER_EXIT_SHUTDOWN);
}

static int n_cancelled; /* (atomic) */

static void
sleep_in_init (Script *script)
{
  g_autoptr (GError) error = NULL;

  if (usher_sleep_msec (1000, NULL, &error))
    return;

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_atomic_int_inc (&n_cancelled);
}

static gboolean
n_cancelled_is (PoolFixture *fixture,
                guint n)
{
  return g_atomic_int_get (&n_cancelled) == (int) n;
}

static void
test_init_may_wait (PoolFixture *fixture,
                    gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  g_atomic_int_set (&n_cancelled, 0);
  fixture->script.in_init = sleep_in_init;
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_inits_is_at_least, 2);
  pool_fixture_settle (fixture);
  g_assert_cmpuint (usher_acceptor_pool_get_n_waiting (fixture->pool), ==, 0);
  fake_clock_advance_usec (G_USEC_PER_SEC);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  client = pool_fixture_greet (fixture);
  test_client_reset (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);

  /* The third one still waits in its own. */
  pool_fixture_settle (fixture);
  usher_child_kill (USHER_CHILD (fixture->pool));
  pool_fixture_expect_exit (fixture, USHER_EXIT_KILLED);
  /* Nobody waits for it any more, and a worker comes to it in its own time. */
  pool_fixture_wait_for (fixture, n_cancelled_is, 1);
}

static gboolean
write_much (UsherConnection *connection,
            gpointer user_data,
            GError **error)
{
  g_autofree char *much = g_strnfill (N_LARGE, 'x');

  return g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), much, N_LARGE,
                                    NULL, NULL, error);
}

static gboolean
has_received_much (gpointer user_data)
{
  TestClient *client = user_data;

  return client->received->len == N_LARGE && client->is_at_end;
}

static void
test_writes_more_than_fits (PoolFixture *fixture,
                            gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.handler = write_much;
  pool_fixture_start (fixture);
  client = test_client_connect (fixture->listen_socket);
  iterate_until (NULL, has_received_much, client);
  pool_fixture_stop (fixture);
}

static GThread *init_thread; /* (unowned) */

static void
note_thread (Script *script)
{
  g_assert_nonnull (usher_fiber_get_current ());
  init_thread = g_thread_self ();
}

static gboolean
check_thread (UsherConnection *connection,
              gpointer user_data,
              GError **error)
{
  g_assert_nonnull (usher_fiber_get_current ());
  g_assert_true (g_thread_self () == init_thread);
  return scripted_echo (connection, user_data, error);
}

static void
test_stays_in_the_thread (PoolFixture *fixture,
                          gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.in_init = note_thread;
  fixture->script.handler = check_thread;
  pool_fixture_start (fixture);
  client = pool_fixture_greet (fixture);
  g_assert_true (init_thread == g_thread_self ());
  test_client_reset (client);
  pool_fixture_stop (fixture);
}

/* What is new is for new acceptors. */
static void
test_changes_execution (PoolFixture *fixture,
                        gconstpointer data)
{
  TestClient *clients[4];

  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  usher_acceptor_pool_set_execution (fixture->pool, USHER_EXECUTION_THREAD);
  g_assert_cmpint (usher_acceptor_pool_get_execution (fixture->pool), ==, USHER_EXECUTION_THREAD);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = pool_fixture_greet (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      test_client_reset (clients[i]);
      test_client_free (clients[i]);
    }
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

/* A fiber somewhere else that was given the connection. */
typedef struct
{
  UsherConnection *connection; /* (owned) */
  UsherFiber *fiber;           /* (owned) (nullable) */
  int is_over;                 /* (atomic) */
} Elsewhere;

static void
echo_elsewhere (gpointer user_data)
{
  Elsewhere *self = user_data;

  scripted_echo (self->connection, NULL, NULL);
  g_atomic_int_set (&self->is_over, TRUE);
}

static gpointer
run_elsewhere (gpointer user_data)
{
  static const UsherFiberCode code = { .run = echo_elsewhere };
  Elsewhere *self = user_data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  UsherReactor *reactor = usher_reactor_ref_for_context (context);

  g_main_context_push_thread_default (context);
  self->fiber = usher_fiber_new (reactor, &code, self, NULL);
  usher_fiber_resume (self->fiber);
  while (!g_atomic_int_get (&self->is_over))
    g_main_context_iteration (context, TRUE);
  iterate_pending (context);
  g_clear_pointer (&self->fiber, usher_fiber_unref);
  g_main_context_pop_thread_default (context);
  usher_reactor_unref (reactor);

  return NULL;
}

static GThread *elsewhere_thread;

static gboolean
lend_connection (UsherConnection *connection,
                 gpointer user_data,
                 GError **error)
{
  Elsewhere elsewhere = { .connection = connection };

  elsewhere_thread = g_thread_new ("elsewhere", run_elsewhere, &elsewhere);
  while (!g_atomic_int_get (&elsewhere.is_over))
    usher_sleep_msec (0, NULL, NULL);
  g_thread_join (elsewhere_thread);
  return TRUE;
}

static void
test_lends_its_connection (PoolFixture *fixture,
                           gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  fixture->script.handler = lend_connection;
  pool_fixture_start (fixture);
  client = pool_fixture_greet (fixture);
  test_client_send (client, "again");
  test_client_expect (client, "again");
  shutdown (client->fd, SHUT_WR);
  test_client_expect_end (client);
  pool_fixture_stop (fixture);
}

#define ADD(path, set_up, test) \
  g_test_add ("/pool-fibers/" path, PoolFixture, NULL, set_up, test, pool_fixture_tear_down)
#define FIBERS(path, test)                                     \
  G_STMT_START                                                 \
  {                                                            \
    ADD (path, set_up_in_fibers, test);                        \
    ADD (path "/in-two-workers", set_up_in_two_workers, test); \
  }                                                            \
  G_STMT_END

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("sleep-ends-with-the-exit/in-a-thread", pool_fixture_set_up_scripted, test_sleep_ends_with_the_exit);
  if (!usher_fiber_is_supported (NULL))
    return g_test_run ();

  FIBERS ("sleep-ends-with-the-exit/in-a-fiber", test_sleep_ends_with_the_exit);
  FIBERS ("reads-wait-with-cancellables-of-their-own", test_reads_with_cancellables);
  FIBERS ("acceptor-init-may-wait", test_init_may_wait);
  FIBERS ("writes-more-than-fits", test_writes_more_than_fits);
  /* In workers that is /pool-workers/fibers-run-in-workers. */
  ADD ("stays-in-the-thread-of-its-pool", set_up_in_fibers, test_stays_in_the_thread);
  FIBERS ("changes-its-execution", test_changes_execution);
  FIBERS ("lends-its-connection-to-another-fiber", test_lends_its_connection);

  return g_test_run ();
}
