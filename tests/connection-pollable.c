/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <sys/socket.h>
#include <unistd.h>

#include "support/connection-fixture.h"

typedef struct
{
  ConnectionFixture *fixture;
  GMainContext *context; /* (unowned) (nullable) */
  guint n_ready;
  gssize n_read; /* by the latest that was ready */
} Watcher;

static gboolean
on_readable (GObject *stream,
             gpointer user_data)
{
  Watcher *watcher = user_data;

  g_assert_true (stream == (GObject *) watcher->fixture->in);
  watcher->n_ready++;
  watcher->n_read = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream),
                                                              watcher->fixture->buffer, 4, NULL,
                                                              &watcher->fixture->error);
  return watcher->n_read > 0;
}

static GSource *
watch_input (Watcher *watcher,
             GCancellable *cancellable)
{
  GSource *source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (watcher->fixture->in), cancellable);

  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), watcher, NULL);
  g_source_attach (source, watcher->context);
  return source;
}

static void
destroy_source (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

static void
test_tells_when_there_is_something (ConnectionFixture *fixture,
                                    gconstpointer data)
{
  Watcher watcher = { fixture };
  GSource *source = watch_input (&watcher, NULL);

  iterate_pending (NULL);
  g_assert_cmpuint (watcher.n_ready, ==, 0);
  for (guint i = 1; i <= 3; i++)
    {
      connection_fixture_say (fixture, "ab");
      iterate_pending (NULL);
      g_assert_cmpuint (watcher.n_ready, ==, i);
      g_assert_cmpint (watcher.n_read, ==, 2);
    }

  /* More than is read at a time. */
  connection_fixture_say (fixture, "0123456789");
  iterate_pending (NULL);
  g_assert_cmpuint (watcher.n_ready, ==, 6);
  destroy_source (source);
  connection_fixture_say (fixture, "x");
  iterate_pending (NULL);
  g_assert_cmpuint (watcher.n_ready, ==, 6);
}

static void
test_tells_of_the_end (ConnectionFixture *fixture,
                       gconstpointer data)
{
  Watcher watcher = { fixture };
  GSource *source = watch_input (&watcher, NULL);

  iterate_pending (NULL);
  shutdown (fixture->peer, SHUT_WR);
  iterate_pending (NULL);
  g_assert_cmpuint (watcher.n_ready, ==, 1);
  g_assert_cmpint (watcher.n_read, ==, 0);
  destroy_source (source);
}

static void
test_tells_of_a_close (ConnectionFixture *fixture,
                       gconstpointer data)
{
  Watcher watcher = { fixture };
  GSource *source = watch_input (&watcher, NULL);

  iterate_pending (NULL);
  usher_connection_close (fixture->connection);
  iterate_pending (NULL);
  g_assert_cmpuint (watcher.n_ready, ==, 1);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  destroy_source (source);
}

static void
test_is_cancelled (ConnectionFixture *fixture,
                   gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Watcher watcher = { fixture };
  GSource *source = watch_input (&watcher, cancellable);

  iterate_pending (NULL);
  g_cancellable_cancel (cancellable);
  g_assert_true (g_main_context_iteration (NULL, FALSE));
  g_assert_cmpuint (watcher.n_ready, >=, 1);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  destroy_source (source);
}

static guint
count_descriptors_of (GSource *source)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GPollFD fds[8];
  int timeout_msec;
  int priority;
  int n_before, n_after;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  n_before = g_main_context_query (context, G_MAXINT, &timeout_msec, fds, G_N_ELEMENTS (fds));
  g_source_attach (source, context);
  g_main_context_prepare (context, &priority);
  n_after = g_main_context_query (context, G_MAXINT, &timeout_msec, fds, G_N_ELEMENTS (fds));
  g_main_context_release (context);

  return n_after - n_before;
}

static void
test_has_no_descriptor (ConnectionFixture *fixture,
                        gconstpointer data)
{
  GSource *source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (fixture->in), NULL);

  g_assert_cmpuint (count_descriptors_of (source), ==, 0);
  destroy_source (source);
  iterate_pending (NULL);
}

static gpointer
watch_in_thread (gpointer user_data)
{
  Watcher *watcher = user_data;
  GSource *source = watch_input (watcher, NULL);

  while (watcher->n_ready == 0)
    g_main_context_iteration (watcher->context, TRUE);
  destroy_source (source);
  g_atomic_int_set (&watcher->fixture->is_done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
test_tells_in_another_context (ConnectionFixture *fixture,
                               gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  Watcher watcher = { fixture, context };
  GThread *thread = g_thread_new ("watcher", watch_in_thread, &watcher);

  connection_fixture_say (fixture, "abcd");
  iterate_until (NULL, connection_fixture_is_done, fixture);
  g_thread_join (thread);
  g_assert_cmpint (watcher.n_read, ==, 4);
  iterate_pending (NULL);
}

static gboolean
on_writable (GObject *stream,
             gpointer user_data)
{
  ++*(guint *) user_data;
  return G_SOURCE_REMOVE;
}

static void
test_tells_when_there_is_room (ConnectionFixture *fixture,
                               gconstpointer data)
{
  GPollableOutputStream *out = G_POLLABLE_OUTPUT_STREAM (fixture->out);
  g_autofree char *much = g_malloc0 (65536);
  g_autoptr (GError) error = NULL;
  GSource *source;
  guint n_ready = 0;

  g_assert_true (g_pollable_output_stream_is_writable (out));
  while (g_pollable_output_stream_write_nonblocking (out, much, 65536, NULL, &error) > 0)
    continue;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_false (g_pollable_output_stream_is_writable (out));

  source = g_pollable_output_stream_create_source (out, NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (on_writable), &n_ready, NULL);
  g_source_attach (source, NULL);
  iterate_pending (NULL);
  g_assert_cmpuint (n_ready, ==, 0);
  while (recv (fixture->peer, much, 65536, MSG_DONTWAIT) > 0)
    continue;
  iterate_pending (NULL);
  g_assert_cmpuint (n_ready, ==, 1);
  g_source_unref (source);
}

/* GIO's own machinery. */

static void
on_line_read (GObject *source_object,
              GAsyncResult *result,
              gpointer user_data)
{
  ConnectionFixture *fixture = user_data;
  g_autofree char *line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (source_object), result, NULL, NULL);

  g_strlcpy (fixture->buffer, line, sizeof fixture->buffer);
  g_atomic_int_set (&fixture->is_done, TRUE);
}

static void
test_lines_are_read_asynchronously (ConnectionFixture *fixture,
                                    gconstpointer data)
{
  g_autoptr (GDataInputStream) lines = g_data_input_stream_new (fixture->in);

  g_filter_input_stream_set_close_base_stream (G_FILTER_INPUT_STREAM (lines), FALSE);
  connection_fixture_say (fixture, "hel");
  g_data_input_stream_read_line_async (lines, G_PRIORITY_DEFAULT, NULL, on_line_read, fixture);
  iterate_pending (NULL);
  connection_fixture_say (fixture, "lo\nworld\n");
  iterate_until (NULL, connection_fixture_is_done, fixture);
  g_assert_cmpstr (fixture->buffer, ==, "hello");
}

static void
test_writes_are_buffered (ConnectionFixture *fixture,
                          gconstpointer data)
{
  g_autoptr (GOutputStream) buffered = g_buffered_output_stream_new (fixture->out);
  char buffer[8];

  g_filter_output_stream_set_close_base_stream (G_FILTER_OUTPUT_STREAM (buffered), FALSE);
  g_assert_cmpint (g_output_stream_write (buffered, "hello", 5, NULL, NULL), ==, 5);
  g_assert_cmpint (recv (fixture->peer, buffer, 8, MSG_DONTWAIT), ==, -1);
  g_assert_true (g_output_stream_flush (buffered, NULL, NULL));
  g_assert_cmpint (recv (fixture->peer, buffer, 8, MSG_DONTWAIT), ==, 5);
}

static void
on_spliced (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  g_assert_true (g_io_stream_splice_finish (result, NULL));
  g_atomic_int_set (&((ConnectionFixture *) user_data)->is_done, TRUE);
}

static void
test_is_spliced (ConnectionFixture *fixture,
                 gconstpointer data)
{
  g_autoptr (GInputStream) in = g_memory_input_stream_new_from_data ("from memory", 11, NULL);
  g_autoptr (GOutputStream) out = g_memory_output_stream_new_resizable ();
  g_autoptr (GIOStream) memory = g_simple_io_stream_new (in, out);
  char buffer[16];

  connection_fixture_say (fixture, "from peer");
  shutdown (fixture->peer, SHUT_WR);
  g_io_stream_splice_async (G_IO_STREAM (fixture->connection), memory, G_IO_STREAM_SPLICE_WAIT_FOR_BOTH,
                            G_PRIORITY_DEFAULT, NULL, on_spliced, fixture);
  iterate_until (NULL, connection_fixture_is_done, fixture);
  g_assert_cmpint (recv (fixture->peer, buffer, sizeof buffer, MSG_DONTWAIT), ==, 11);
  g_assert_cmpmem (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (out)),
                   g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (out)), "from peer", 9);
}

static void
on_second_read (GObject *source_object,
                GAsyncResult *result,
                gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_input_stream_read_finish (G_INPUT_STREAM (source_object), result, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  ++*(guint *) user_data;
}

static void
test_one_read_at_a_time (ConnectionFixture *fixture,
                         gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  char byte;
  guint n_refused = 0;

  connection_fixture_begin_read (fixture, NULL);
  g_assert_cmpint (g_input_stream_read (fixture->in, &byte, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_input_stream_read_async (fixture->in, &byte, 1, G_PRIORITY_DEFAULT, NULL, on_second_read, &n_refused);
  iterate_pending (NULL);
  g_assert_cmpuint (n_refused, ==, 1);
  connection_fixture_say (fixture, "x");
  connection_fixture_expect_read (fixture, "x");
}

#define ADD(path, function) \
  g_test_add ("/connection-pollable/" path, ConnectionFixture, NULL, connection_fixture_set_up, function, connection_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("tells-when-there-is-something", test_tells_when_there_is_something);
  ADD ("tells-of-the-end", test_tells_of_the_end);
  ADD ("tells-of-a-close", test_tells_of_a_close);
  ADD ("is-cancelled", test_is_cancelled);
  ADD ("has-no-descriptor", test_has_no_descriptor);
  ADD ("tells-in-another-context", test_tells_in_another_context);
  ADD ("tells-when-there-is-room", test_tells_when_there_is_room);
  ADD ("lines-are-read-asynchronously", test_lines_are_read_asynchronously);
  ADD ("writes-are-buffered", test_writes_are_buffered);
  ADD ("is-spliced", test_is_spliced);
  ADD ("one-read-at-a-time", test_one_read_at_a_time);

  return g_test_run ();
}
