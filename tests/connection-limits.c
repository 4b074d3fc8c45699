/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <sys/socket.h>
#include <unistd.h>

#include "support/connection-fixture.h"
#include "support/fake-clock.h"

static void
set_up (ConnectionFixture *fixture,
        gconstpointer data)
{
  fake_clock_install ();
  connection_fixture_set_up (fixture, data);
}

static void
tear_down (ConnectionFixture *fixture,
           gconstpointer data)
{
  connection_fixture_tear_down (fixture, data);
  fake_clock_remove ();
}

static void
pass (guint msec)
{
  fake_clock_advance_usec (msec * G_TIME_SPAN_MILLISECOND);
  iterate_pending (NULL);
}

/* A read that has begun to wait. */
static void
begin_read (ConnectionFixture *fixture,
            GCancellable *cancellable)
{
  connection_fixture_begin_read (fixture, cancellable);
  iterate_pending (NULL);
}

static void
expect_timed_out (ConnectionFixture *fixture)
{
  g_autoptr (UsherExit) exit = NULL;

  g_assert_true (fixture->is_done);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  exit = usher_connection_explain (fixture->connection, FALSE, g_error_copy (fixture->error));
  g_assert_cmpint (usher_exit_get_kind (exit), ==, USHER_EXIT_SHUTDOWN);
}

static void
test_reads_time_out (ConnectionFixture *fixture,
                     gconstpointer data)
{
  usher_connection_set_read_timeout_msec (fixture->connection, 100);
  for (guint i = 0; i < 3; i++)
    {
      begin_read (fixture, NULL);
      pass (99);
      g_assert_false (fixture->is_done);
      connection_fixture_say (fixture, "x");
      connection_fixture_expect_read (fixture, "x");
    }

  pass (1000);
  begin_read (fixture, NULL);
  pass (99);
  g_assert_false (fixture->is_done);
  pass (1);
  expect_timed_out (fixture);

  begin_read (fixture, NULL);
  pass (99);
  connection_fixture_say (fixture, "x");
  connection_fixture_expect_read (fixture, "x");
}

static void
test_waiting_reads_follow_a_new_limit (ConnectionFixture *fixture,
                                       gconstpointer data)
{
  begin_read (fixture, NULL);
  pass (1000);
  usher_connection_set_read_timeout_msec (fixture->connection, 100);
  pass (0);
  usher_connection_set_read_timeout_msec (fixture->connection, 200);
  pass (199);
  g_assert_false (fixture->is_done);
  pass (1);
  expect_timed_out (fixture);
}

static void
on_written (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  ConnectionFixture *fixture = user_data;

  fixture->n = g_output_stream_write_finish (fixture->out, result, &fixture->error);
  fixture->is_done = TRUE;
}

/* Each time that the peer takes some of it, it begins anew. */
static void
test_writes_time_out (ConnectionFixture *fixture,
                      gconstpointer data)
{
  const gsize size = 8 * 1024 * 1024;
  g_autofree char *much = g_malloc0 (size);
  g_autofree char *room = g_malloc (1024 * 1024);

  usher_connection_set_write_timeout_msec (fixture->connection, 100);
  g_output_stream_write_async (fixture->out, much, size, G_PRIORITY_DEFAULT, NULL, on_written, fixture);
  iterate_pending (NULL);
  pass (99);
  g_assert_cmpint (recv (fixture->peer, room, 1024 * 1024, 0), >, 0);
  iterate_pending (NULL);
  pass (99);
  g_assert_false (fixture->is_done);
  pass (1);
  g_assert_true (fixture->is_done);
  g_assert_cmpint (fixture->n, >, 0);
  g_assert_cmpint (fixture->n, <, size);

  fixture->is_done = FALSE;
  g_output_stream_write_async (fixture->out, much, size, G_PRIORITY_DEFAULT, NULL, on_written, fixture);
  iterate_pending (NULL);
  pass (100);
  g_assert_cmpint (fixture->n, ==, -1);
  expect_timed_out (fixture);
}

/* What the acceptor sends does not show that the peer is there. */
static void
test_only_the_peer_ends_being_idle (ConnectionFixture *fixture,
                                    gconstpointer data)
{
  usher_connection_set_idle_timeout_msec (fixture->connection, 100);
  begin_read (fixture, NULL);
  pass (60);
  connection_fixture_say (fixture, "x");
  connection_fixture_expect_read (fixture, "x");

  begin_read (fixture, NULL);
  for (guint i = 0; i < 9; i++)
    {
      pass (10);
      g_assert_cmpint (g_output_stream_write (fixture->out, "event", 5, NULL, NULL), ==, 5);
    }
  g_assert_false (fixture->is_done);
  pass (10);
  expect_timed_out (fixture);
}

static void
test_idle_counts_over_several_reads (ConnectionFixture *fixture,
                                     gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  usher_connection_set_idle_timeout_msec (fixture->connection, 100);
  begin_read (fixture, cancellable);
  pass (60);
  g_cancellable_cancel (cancellable);
  connection_fixture_expect_read_error (fixture, G_IO_ERROR_CANCELLED);

  begin_read (fixture, NULL);
  pass (40);
  expect_timed_out (fixture);
}

/* The acceptor's own time is not the peer's. */
static void
test_nobody_is_idle_while_the_acceptor_works (ConnectionFixture *fixture,
                                              gconstpointer data)
{
  usher_connection_set_idle_timeout_msec (fixture->connection, 100);
  begin_read (fixture, NULL);
  connection_fixture_say (fixture, "request");
  connection_fixture_expect_read (fixture, "request");
  pass (5000);
  begin_read (fixture, NULL);
  pass (99);
  g_assert_false (fixture->is_done);
  pass (1);
  expect_timed_out (fixture);
}

static void
test_closes_while_a_timer_runs (ConnectionFixture *fixture,
                                gconstpointer data)
{
  usher_connection_set_read_timeout_msec (fixture->connection, 100);
  begin_read (fixture, NULL);
  usher_connection_close (fixture->connection);
  connection_fixture_expect_read_error (fixture, G_IO_ERROR_CLOSED);
  pass (1000);
}

/* On the true clock: a thread waits in the kernel. */
static void
test_blocking_reads_time_out (ConnectionFixture *fixture,
                              gconstpointer data)
{
  usher_connection_set_read_timeout_msec (fixture->connection, 1);
  g_assert_cmpint (g_input_stream_read (fixture->in, fixture->buffer, 1, NULL, &fixture->error), ==, -1);
  fixture->is_done = TRUE;
  expect_timed_out (fixture);

  g_clear_error (&fixture->error);
  usher_connection_set_read_timeout_msec (fixture->connection, 0);
  usher_connection_set_idle_timeout_msec (fixture->connection, 2);
  g_assert_cmpint (g_input_stream_read (fixture->in, fixture->buffer, 1, NULL, &fixture->error), ==, -1);
  expect_timed_out (fixture);
}

static void
count_notification (guint *n)
{
  ++*n;
}

static void
test_limits_are_properties (ConnectionFixture *fixture,
                            gconstpointer data)
{
  static const char *const names[] = { "read-timeout-msec", "write-timeout-msec", "idle-timeout-msec" };
  guint n_notified = 0;
  guint64 max;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *signal = g_strconcat ("notify::", names[i], NULL);
      guint msec;

      g_signal_connect_swapped (fixture->connection, signal, G_CALLBACK (count_notification), &n_notified);
      g_object_get (fixture->connection, names[i], &msec, NULL);
      g_assert_cmpint (msec, ==, 0);
      g_object_set (fixture->connection, names[i], 1234, NULL);
      g_object_set (fixture->connection, names[i], 1234, NULL);
      g_object_get (fixture->connection, names[i], &msec, NULL);
      g_assert_cmpint (msec, ==, 1234);
      g_assert_cmpint (n_notified, ==, i + 1);
    }

  g_object_set (fixture->connection, "max-queued-bytes", G_GUINT64_CONSTANT (77), NULL);
  g_object_get (fixture->connection, "max-queued-bytes", &max, NULL);
  g_assert_cmpint (max, ==, 77);
}

#define ADD(path, function) \
  g_test_add ("/connection-limits/" path, ConnectionFixture, NULL, set_up, function, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("reads-time-out", test_reads_time_out);
  ADD ("waiting-reads-follow-a-new-limit", test_waiting_reads_follow_a_new_limit);
  ADD ("writes-time-out", test_writes_time_out);
  ADD ("only-the-peer-ends-being-idle", test_only_the_peer_ends_being_idle);
  ADD ("idle-counts-over-several-reads", test_idle_counts_over_several_reads);
  ADD ("nobody-is-idle-while-the-acceptor-works", test_nobody_is_idle_while_the_acceptor_works);
  ADD ("closes-while-a-timer-runs", test_closes_while_a_timer_runs);
  ADD ("are-properties", test_limits_are_properties);
  g_test_add ("/connection-limits/blocking-reads-time-out", ConnectionFixture, NULL, connection_fixture_set_up,
              test_blocking_reads_time_out, connection_fixture_tear_down);

  return g_test_run ();
}
