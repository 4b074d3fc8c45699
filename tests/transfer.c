/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <errno.h>
#include <sys/socket.h>

#include "support/connection-fixture.h"
#include "support/fault.h"

/* Vectors. */

static const GOutputVector words[] = { { "Alle ", 5 }, { "", 0 }, { "meine ", 6 }, { "Entchen", 7 } };

static void
expect_heard (ConnectionFixture *fixture,
              const char *text)
{
  char buffer[64];

  g_assert_cmpint (recv (fixture->peer, buffer, sizeof buffer, MSG_DONTWAIT), ==, strlen (text));
  g_assert_cmpmem (buffer, strlen (text), text, strlen (text));
}

static void
test_writes_vectors (ConnectionFixture *fixture,
                     gconstpointer data)
{
  gsize n;

  g_assert_true (g_output_stream_writev (fixture->out, words, G_N_ELEMENTS (words), &n, NULL, NULL));
  g_assert_cmpint (n, ==, 18);
  expect_heard (fixture, "Alle meine Entchen");
}

static void
on_vectors_written (GObject *source_object,
                    GAsyncResult *result,
                    gpointer user_data)
{
  ConnectionFixture *fixture = user_data;
  gsize n;

  g_assert_true (g_output_stream_writev_finish (fixture->out, result, &n, &fixture->error));
  fixture->n = n;
  fixture->is_done = TRUE;
}

static void
test_async_writes_vectors (ConnectionFixture *fixture,
                           gconstpointer data)
{
  g_output_stream_writev_async (fixture->out, words, G_N_ELEMENTS (words), G_PRIORITY_DEFAULT, NULL,
                                on_vectors_written, fixture);
  g_assert_false (fixture->is_done);
  iterate_until (NULL, connection_fixture_is_done, fixture);
  g_assert_cmpint (fixture->n, ==, 18);
  expect_heard (fixture, "Alle meine Entchen");
}

/* More than one system call takes, and more than the socket does. */
static void
test_async_writes_many_vectors (ConnectionFixture *fixture,
                                gconstpointer data)
{
  enum
  {
    N = 100,
    SIZE = 65536
  };
  g_autofree char *much = g_malloc0 (SIZE);
  GOutputVector vectors[N];

  for (guint i = 0; i < N; i++)
    vectors[i] = (GOutputVector){ much, SIZE };
  g_output_stream_writev_async (fixture->out, vectors, N, G_PRIORITY_DEFAULT, NULL, on_vectors_written, fixture);
  iterate_until (NULL, connection_fixture_is_done_if_read_on, fixture);
  g_assert_cmpint (fixture->n, ==, N * SIZE);
}

/* Results that are kept. */

typedef struct
{
  GAsyncResult *results[2]; /* (owned) */
  guint n;
} Kept;

static void
on_kept (GObject *source_object,
         GAsyncResult *result,
         gpointer user_data)
{
  Kept *kept = user_data;

  g_assert_true (g_async_result_get_user_data (result) == kept);
  kept->results[kept->n++] = g_object_ref (result);
}

static gboolean
are_both_kept (gpointer user_data)
{
  return ((Kept *) user_data)->n == 2;
}

static gboolean
is_one_kept (gpointer user_data)
{
  return ((Kept *) user_data)->n == 1;
}

static void
expect_kept (ConnectionFixture *fixture,
             GAsyncResult *result)
{
  g_autoptr (GAsyncResult) owned = result;
  g_autoptr (GObject) source = g_async_result_get_source_object (result);

  g_assert_true (source == (GObject *) fixture->in);
  g_assert_cmpint (g_input_stream_read_finish (fixture->in, result, NULL), ==, 1);
}

static void
test_results_can_be_kept (ConnectionFixture *fixture,
                          gconstpointer data)
{
  Kept kept = { 0 };

  connection_fixture_say (fixture, "ab");
  g_input_stream_read_async (fixture->in, &fixture->buffer[0], 1, G_PRIORITY_DEFAULT, NULL, on_kept, &kept);
  iterate_until (NULL, is_one_kept, &kept);
  g_input_stream_read_async (fixture->in, &fixture->buffer[1], 1, G_PRIORITY_DEFAULT, NULL, on_kept, &kept);
  iterate_until (NULL, are_both_kept, &kept);
  g_assert_cmpmem (fixture->buffer, 2, "ab", 2);

  g_assert_true (kept.results[0] != kept.results[1]);
  expect_kept (fixture, kept.results[1]);
  expect_kept (fixture, kept.results[0]);
}

static void
test_forgotten_results_are_freed (ConnectionFixture *fixture,
                                  gconstpointer data)
{
  Kept kept = { 0 };

  connection_fixture_say (fixture, "a");
  g_input_stream_read_async (fixture->in, fixture->buffer, 1, G_PRIORITY_DEFAULT, NULL, on_kept, &kept);
  iterate_until (NULL, is_one_kept, &kept);
  g_assert_finalize_object (kept.results[0]);
}

/* The end of the stream may have come together with the last of the data. */
static void
test_async_sees_the_end_behind_a_short_read (ConnectionFixture *fixture,
                                             gconstpointer data)
{
  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  connection_fixture_say (fixture, "bye");
  shutdown (fixture->peer, SHUT_WR);
  connection_fixture_expect_read (fixture, "bye");
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read (fixture, "");
}

static void
test_async_needs_no_call_to_know_that_nothing_is_there (ConnectionFixture *fixture,
                                                        gconstpointer data)
{
  connection_fixture_say (fixture, "hello");
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read (fixture, "hello");
  fault_clear ();
  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  g_assert_cmpint (fault_get_n_calls (FAULT_RECV), ==, 0);
  connection_fixture_say (fixture, "again");
  connection_fixture_expect_read (fixture, "again");
  g_assert_cmpint (fault_get_n_calls (FAULT_RECV), ==, 1);
}

static void
test_failures_of_the_kernel_are_the_peers (ConnectionFixture *fixture,
                                           gconstpointer data)
{
  static const int errnos[] = { ECONNRESET, ETIMEDOUT, ENOBUFS, EHOSTUNREACH };

  for (guint i = 0; i < G_N_ELEMENTS (errnos); i++)
    {
      g_autoptr (UsherExit) exit = NULL;

      g_clear_error (&fixture->error);
      fault_inject (FAULT_RECV, 0, 1, errnos[i]);
      g_assert_cmpint (g_input_stream_read (fixture->in, fixture->buffer, 1, NULL, &fixture->error), ==, -1);
      g_assert_error (fixture->error, G_IO_ERROR, (int) g_io_error_from_errno (errnos[i]));
      exit = usher_connection_explain (fixture->connection, FALSE, g_error_copy (fixture->error));
      g_assert_cmpint (usher_exit_get_kind (exit), ==, USHER_EXIT_SHUTDOWN);
    }
  fault_clear ();
}

static void
test_interrupted_calls_are_repeated (ConnectionFixture *fixture,
                                     gconstpointer data)
{
  connection_fixture_say (fixture, "hello");
  fault_inject (FAULT_RECV, 0, 2, EINTR);
  g_assert_cmpint (g_input_stream_read (fixture->in, fixture->buffer, 64, NULL, NULL), ==, 5);
  fault_inject (FAULT_SEND, 0, 2, EINTR);
  g_assert_cmpint (g_output_stream_write (fixture->out, "x", 1, NULL, NULL), ==, 1);
  fault_inject (FAULT_SENDMSG, 0, 2, EINTR);
  g_assert_true (g_output_stream_writev (fixture->out, words, G_N_ELEMENTS (words), NULL, NULL, NULL));
  fault_clear ();
}

/* What has gone has gone. */
static void
test_a_failure_after_a_part_tells_of_the_part (ConnectionFixture *fixture,
                                               gconstpointer data)
{
  GOutputVector vectors[20];
  gsize n;

  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    vectors[i] = (GOutputVector){ "x", 1 };
  fault_inject (FAULT_SENDMSG, 1, 1, ECONNRESET);
  g_assert_true (g_output_stream_writev (fixture->out, vectors, G_N_ELEMENTS (vectors), &n, NULL, NULL));
  g_assert_cmpint (n, ==, 16);
  fault_clear ();
}

#define ADD(path, function) \
  g_test_add ("/transfer/" path, ConnectionFixture, NULL, connection_fixture_set_up, function, connection_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("writes-vectors", test_writes_vectors);
  ADD ("async/writes-vectors", test_async_writes_vectors);
  ADD ("async/writes-many-vectors", test_async_writes_many_vectors);
  ADD ("async/results-can-be-kept", test_results_can_be_kept);
  ADD ("async/forgotten-results-are-freed", test_forgotten_results_are_freed);
  ADD ("async/sees-the-end-behind-a-short-read", test_async_sees_the_end_behind_a_short_read);
  ADD ("async/needs-no-call-to-know-that-nothing-is-there", test_async_needs_no_call_to_know_that_nothing_is_there);
  ADD ("failures-of-the-kernel-are-the-peers", test_failures_of_the_kernel_are_the_peers);
  ADD ("repeats-interrupted-calls", test_interrupted_calls_are_repeated);
  ADD ("tells-of-the-part-that-has-gone", test_a_failure_after_a_part_tells_of_the_part);

  return g_test_run ();
}
