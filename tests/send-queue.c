/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <errno.h>
#include <sys/socket.h>

#include "support/connection-fixture.h"
#include "support/fault.h"
#include "usher/error.h"

static void
queue (ConnectionFixture *fixture,
       const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new (text, strlen (text));
  g_autoptr (GError) error = NULL;

  g_assert_true (usher_connection_queue_bytes (fixture->connection, bytes, &error));
  g_assert_no_error (error);
}

static void
expect_heard (ConnectionFixture *fixture,
              const char *text)
{
  char buffer[64] = "";

  g_assert_cmpint (recv (fixture->peer, buffer, sizeof buffer - 1, MSG_DONTWAIT), ==, strlen (text));
  g_assert_cmpstr (buffer, ==, text);
}

/* Leaves nothing of what the peer has not read yet, and says whether it was all the same byte. */
static gsize
drain_peer (ConnectionFixture *fixture,
            char expected)
{
  char buffer[65536];
  gsize n_all = 0;
  gssize n;

  while ((n = recv (fixture->peer, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
    {
      for (gssize i = 0; i < n; i++)
        g_assert_cmpint (buffer[i], ==, expected);
      n_all += n;
    }

  return n_all;
}

static gsize
fill (ConnectionFixture *fixture)
{
  g_autofree char *much = g_strnfill (4096, '.');
  gsize n_all = 0;
  gssize n;

  while ((n = send (fixture->own, much, 4096, MSG_DONTWAIT)) > 0)
    n_all += n;

  return n_all;
}

static void
test_sends_in_order (ConnectionFixture *fixture,
                     gconstpointer data)
{
  queue (fixture, "one ");
  queue (fixture, "");
  queue (fixture, "two ");
  queue (fixture, "three");
  g_assert_cmpint (usher_connection_get_n_queued_bytes (fixture->connection), ==, 13);
  iterate_pending (NULL);
  g_assert_cmpint (usher_connection_get_n_queued_bytes (fixture->connection), ==, 0);
  expect_heard (fixture, "one two three");
}

static void
test_writes_go_behind (ConnectionFixture *fixture,
                       gconstpointer data)
{
  queue (fixture, "first ");
  g_assert_cmpint (g_output_stream_write (fixture->out, "second", 6, NULL, NULL), ==, 6);
  expect_heard (fixture, "first second");
  iterate_pending (NULL);
  g_assert_cmpint (drain_peer (fixture, 0), ==, 0);
}

static void
on_written (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  ConnectionFixture *fixture = user_data;
  gsize n;

  g_assert_true (g_output_stream_write_all_finish (fixture->out, result, &n, &fixture->error));
  fixture->n = n;
  fixture->is_done = TRUE;
}

/* What is queued meanwhile must not cut a message in two. */
static void
test_does_not_cut_a_write (ConnectionFixture *fixture,
                           gconstpointer data)
{
  const gsize size = 4 * 1024 * 1024;
  g_autofree char *much = g_strnfill (size, 'x');
  gsize n_read = 0;

  g_output_stream_write_all_async (fixture->out, much, size, G_PRIORITY_DEFAULT, NULL, on_written, fixture);
  iterate_pending (NULL);
  g_assert_false (fixture->is_done);
  queue (fixture, "y");

  while (n_read < size)
    {
      char buffer[65536];
      gssize n = recv (fixture->peer, buffer, MIN (sizeof buffer, size - n_read), MSG_DONTWAIT);

      for (gssize i = 0; i < n; i++)
        g_assert_cmpint (buffer[i], ==, 'x');
      n_read += MAX (n, 0);
      iterate_pending (NULL);
    }
  iterate_until (NULL, connection_fixture_is_done, fixture);
  iterate_pending (NULL);
  expect_heard (fixture, "y");
}

static void
test_waits_for_room (ConnectionFixture *fixture,
                     gconstpointer data)
{
  gsize n_filled = fill (fixture);

  queue (fixture, "...");
  iterate_pending (NULL);
  g_assert_cmpint (usher_connection_get_n_queued_bytes (fixture->connection), ==, 3);
  g_assert_cmpint (drain_peer (fixture, '.'), ==, n_filled);
  iterate_pending (NULL);
  g_assert_cmpint (drain_peer (fixture, '.'), ==, 3);
}

static void
test_is_bounded (ConnectionFixture *fixture,
                 gconstpointer data)
{
  g_autoptr (GBytes) word = g_bytes_new_static ("12345", 5);
  g_autoptr (GError) error = NULL;

  usher_connection_set_max_queued_bytes (fixture->connection, 8);
  fill (fixture);
  queue (fixture, "1234");
  g_assert_false (usher_connection_queue_bytes (fixture->connection, word, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_QUEUE_FULL);
  queue (fixture, "1234");
  g_assert_cmpint (usher_connection_get_n_queued_bytes (fixture->connection), ==, 8);
}

static gpointer
queue_in_thread (gpointer user_data)
{
  queue (user_data, "hello");
  return NULL;
}

static gboolean
has_sent_all (gpointer user_data)
{
  ConnectionFixture *fixture = user_data;

  return usher_connection_get_n_queued_bytes (fixture->connection) == 0;
}

static void
test_takes_from_any_thread (ConnectionFixture *fixture,
                            gconstpointer data)
{
  g_thread_join (g_thread_new ("queue", queue_in_thread, fixture));
  iterate_until (NULL, has_sent_all, fixture);
  expect_heard (fixture, "hello");
}

static void
test_says_goodbye (ConnectionFixture *fixture,
                   gconstpointer data)
{
  char byte;

  queue (fixture, "goodbye");
  usher_connection_close (fixture->connection);
  expect_heard (fixture, "goodbye");
  g_assert_cmpint (recv (fixture->peer, &byte, 1, MSG_DONTWAIT), ==, 0);
}

static void
expect_refused (ConnectionFixture *fixture,
                int code)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_connection_queue_bytes (fixture->connection, bytes, &error));
  g_assert_error (error, G_IO_ERROR, code);
}

static void
test_is_refused_in_the_end (ConnectionFixture *fixture,
                            gconstpointer data)
{
  g_assert_true (usher_connection_shutdown (fixture->connection, FALSE, TRUE, NULL));
  expect_refused (fixture, G_IO_ERROR_CLOSED);
  usher_connection_stop (fixture->connection);
  expect_refused (fixture, G_IO_ERROR_CANCELLED);
}

static void
test_half_closes_behind_the_queue (ConnectionFixture *fixture,
                                   gconstpointer data)
{
  gsize n_filled = fill (fixture);
  g_autoptr (GError) error = NULL;
  char byte;

  queue (fixture, ".");
  g_assert_true (usher_connection_shutdown (fixture->connection, FALSE, TRUE, NULL));
  g_assert_cmpint (g_output_stream_write (fixture->out, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  iterate_pending (NULL);
  g_assert_cmpint (drain_peer (fixture, '.'), ==, n_filled);
  iterate_pending (NULL);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, 0), ==, 1);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, 0), ==, 0);

  connection_fixture_say (fixture, "still here");
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read (fixture, "still here");
}

static void
test_half_closes_for_reading (ConnectionFixture *fixture,
                              gconstpointer data)
{
  g_assert_true (usher_connection_shutdown (fixture->connection, TRUE, FALSE, NULL));
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read (fixture, "");
  g_assert_cmpint (g_output_stream_write (fixture->out, "x", 1, NULL, NULL), ==, 1);
}

/* Nobody asks what became of it; the streams do. */
static void
test_gives_up_when_the_peer_is_gone (ConnectionFixture *fixture,
                                     gconstpointer data)
{
  queue (fixture, "x");
  fault_inject (FAULT_SEND, 0, 1, ECONNRESET);
  iterate_pending (NULL);
  g_assert_cmpint (usher_connection_get_n_queued_bytes (fixture->connection), ==, 0);
  fault_clear ();
}

static void
test_gives_up_when_it_cannot_wait (ConnectionFixture *fixture,
                                   gconstpointer data)
{
  fill (fixture);
  queue (fixture, "x");
  fault_inject (FAULT_EPOLL_CTL, 0, FAULT_FOREVER, ENOSPC);
  iterate_pending (NULL);
  g_assert_cmpint (usher_connection_get_n_queued_bytes (fixture->connection), ==, 0);
  fault_clear ();
}

#define ADD(path, function) \
  g_test_add ("/send-queue/" path, ConnectionFixture, NULL, connection_fixture_set_up, function, connection_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("sends-in-order", test_sends_in_order);
  ADD ("writes-go-behind", test_writes_go_behind);
  ADD ("does-not-cut-a-write", test_does_not_cut_a_write);
  ADD ("waits-for-room", test_waits_for_room);
  ADD ("is-bounded", test_is_bounded);
  ADD ("takes-from-any-thread", test_takes_from_any_thread);
  ADD ("says-goodbye", test_says_goodbye);
  ADD ("is-refused-in-the-end", test_is_refused_in_the_end);
  ADD ("half-closes-behind-the-queue", test_half_closes_behind_the_queue);
  ADD ("half-closes-for-reading", test_half_closes_for_reading);
  ADD ("gives-up-when-the-peer-is-gone", test_gives_up_when_the_peer_is_gone);
  ADD ("gives-up-when-it-cannot-wait", test_gives_up_when_it_cannot_wait);

  return g_test_run ();
}
