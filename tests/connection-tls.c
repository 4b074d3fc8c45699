/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <sys/socket.h>
#include <unistd.h>

#include "support/fake-clock.h"
#include "support/tls-fixture.h"
#include "usher/error.h"

#define N_LARGE (4 * 1024 * 1024)

static void
set_up (TlsFixture *fixture,
        gconstpointer data)
{
  fake_clock_install ();
  tls_fixture_set_up (fixture, data);
}

static void
tear_down (TlsFixture *fixture,
           gconstpointer data)
{
  tls_fixture_tear_down (fixture, data);
  fake_clock_remove ();
}

/* What goes over it. */

static void
test_reads_and_writes (TlsFixture *fixture,
                       gconstpointer data)
{
  tls_fixture_shake_hands (fixture);
  for (guint i = 0; i < 3; i++)
    {
      connection_fixture_begin_read (&fixture->plain, NULL);
      test_tls_client_send (fixture->client, "hello");
      connection_fixture_expect_read (&fixture->plain, "hello");
      g_assert_cmpint (g_output_stream_write (fixture->plain.out, "and hello", 9, NULL, NULL), ==, 9);
      test_tls_client_expect (fixture->client, "and hello");
    }
}

/* The rest of a record is nothing that the kernel could tell of. */
static void
test_reads_a_record_in_pieces (TlsFixture *fixture,
                               gconstpointer data)
{
  char piece[3] = "";

  tls_fixture_shake_hands (fixture);
  test_tls_client_send (fixture->client, "abcdef");
  connection_fixture_begin_read (&fixture->plain, NULL);
  connection_fixture_expect_read (&fixture->plain, "abcdef");

  test_tls_client_send (fixture->client, "abcdef");
  g_assert_cmpint (g_input_stream_read (fixture->plain.in, piece, 2, NULL, NULL), ==, 2);
  g_assert_cmpstr (piece, ==, "ab");
  g_assert_true (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (fixture->plain.in)));
  connection_fixture_begin_read (&fixture->plain, NULL);
  connection_fixture_expect_read (&fixture->plain, "cdef");
  g_assert_false (g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (fixture->plain.in)));
}

typedef struct
{
  TlsFixture *fixture;
  GByteArray *received;
  gboolean is_written;
} Transmission;

static void
on_written (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  Transmission *self = user_data;
  g_autoptr (GError) error = NULL;
  gsize n;

  g_output_stream_writev_all_finish (G_OUTPUT_STREAM (source_object), result, &n, &error);
  g_assert_no_error (error);
  self->is_written = TRUE;
}

static guint8 *
make_pattern (gsize size)
{
  guint8 *pattern = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    pattern[i] = i * 7 + i / 251;
  return pattern;
}

static void
transmission_receive (Transmission *self,
                      gsize size)
{
  self->received = g_byte_array_new ();
  while (self->received->len < size)
    {
      test_tls_client_read (self->fixture->client);
      test_tls_client_expect_done (self->fixture->client);
      g_assert_cmpint (self->fixture->client->n, >, 0);
      g_byte_array_append (self->received, (guint8 *) self->fixture->client->buffer, self->fixture->client->n);
    }
}

static void
transmission_expect (Transmission *self,
                     const guint8 *bytes,
                     gsize size)
{
  transmission_receive (self, size);
  g_assert_cmpmem (self->received->data, self->received->len, bytes, size);
  g_byte_array_unref (self->received);
}

static void
test_writes_more_than_fits (TlsFixture *fixture,
                            gconstpointer data)
{
  Transmission transmission = { fixture, NULL, FALSE };
  g_autofree guint8 *pattern = make_pattern (N_LARGE);
  GOutputVector vectors[] = { { pattern, 1 }, { pattern + 1, 0 }, { pattern + 1, 20000 }, { pattern + 20001, N_LARGE - 20001 } };

  tls_fixture_shake_hands (fixture);
  g_output_stream_writev_all_async (fixture->plain.out, vectors, G_N_ELEMENTS (vectors), G_PRIORITY_DEFAULT, NULL, on_written,
                                    &transmission);
  iterate_pending (NULL);
  g_assert_false (transmission.is_written);
  transmission_expect (&transmission, pattern, N_LARGE);
  iterate_pending (NULL);
  g_assert_true (transmission.is_written);
}

/* Returns how much was written, with a record begun that has to wait. */
static gsize
fill_without_waiting (TlsFixture *fixture,
                      const guint8 *pattern,
                      gsize size)
{
  GPollableOutputStream *out = G_POLLABLE_OUTPUT_STREAM (fixture->plain.out);
  g_autoptr (GError) error = NULL;
  gsize n_written = 0;
  gssize n;

  while ((n = g_pollable_output_stream_write_nonblocking (out, pattern + n_written, size - n_written, NULL, &error)) > 0)
    n_written += n;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_cmpuint (n_written, <, size);
  g_assert_false (g_pollable_output_stream_is_writable (out));
  return n_written;
}

static void
test_writes_without_waiting (TlsFixture *fixture,
                             gconstpointer data)
{
  Transmission transmission = { fixture, NULL, FALSE };
  g_autofree guint8 *pattern = make_pattern (N_LARGE);
  gsize n_written;

  tls_fixture_shake_hands (fixture);
  n_written = fill_without_waiting (fixture, pattern, N_LARGE);
  g_output_stream_writev_all_async (fixture->plain.out, &(GOutputVector){ pattern + n_written, N_LARGE - n_written }, 1,
                                    G_PRIORITY_DEFAULT, NULL, on_written, &transmission);
  transmission_expect (&transmission, pattern, N_LARGE);
}

/* What has begun to go out goes out first, and only once. */
static void
test_queues_behind_what_has_begun (TlsFixture *fixture,
                                   gconstpointer data)
{
  Transmission transmission = { fixture, NULL, FALSE };
  g_autofree guint8 *pattern = make_pattern (N_LARGE);
  g_autoptr (GBytes) bytes = g_bytes_new_static ("queued", 6);
  gsize n_written;

  tls_fixture_shake_hands (fixture);
  n_written = fill_without_waiting (fixture, pattern, N_LARGE);
  g_assert_true (usher_connection_queue_bytes (fixture->plain.connection, bytes, NULL));
  iterate_pending (NULL);
  transmission_receive (&transmission, n_written + 6);
  iterate_pending (NULL);
  g_assert_cmpuint (usher_connection_get_n_queued_bytes (fixture->plain.connection), ==, 0);

  g_assert_cmpmem (transmission.received->data, n_written, pattern, n_written);
  g_byte_array_unref (transmission.received);
}

static void
test_queues_much (TlsFixture *fixture,
                  gconstpointer data)
{
  Transmission transmission = { fixture, NULL, FALSE };
  g_autofree guint8 *pattern = make_pattern (N_LARGE);
  const gsize step = N_LARGE / 256;

  usher_connection_set_max_queued_bytes (fixture->plain.connection, 0);
  tls_fixture_shake_hands (fixture);
  for (gsize i = 0; i < N_LARGE; i += step)
    {
      g_autoptr (GBytes) bytes = g_bytes_new_static (pattern + i, step);

      g_assert_true (usher_connection_queue_bytes (fixture->plain.connection, bytes, NULL));
    }
  transmission_expect (&transmission, pattern, N_LARGE);
}

static void
test_sends_later_what_is_queued_before (TlsFixture *fixture,
                                        gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static ("welcome", 7);

  tls_fixture_start (fixture, NULL);
  g_assert_true (usher_connection_queue_bytes (fixture->plain.connection, bytes, NULL));
  iterate_pending (NULL);
  test_tls_client_shake_hands (fixture->client);
  tls_fixture_expect_started (fixture);
  test_tls_client_expect_done (fixture->client);
  test_tls_client_expect (fixture->client, "welcome");
}

static gboolean
on_readable (GObject *stream,
             gpointer user_data)
{
  TlsFixture *fixture = user_data;

  fixture->plain.n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), fixture->plain.buffer, 2, NULL, NULL);
  fixture->plain.is_done = TRUE;
  return G_SOURCE_CONTINUE;
}

static void
test_is_pollable (TlsFixture *fixture,
                  gconstpointer data)
{
  g_autoptr (GSource) source = g_pollable_input_stream_create_source (G_POLLABLE_INPUT_STREAM (fixture->plain.in), NULL);
  const char *pieces[] = { "ab", "cd", "e" };

  tls_fixture_shake_hands (fixture);
  g_source_set_callback (source, G_SOURCE_FUNC (on_readable), fixture, NULL);
  g_source_attach (source, NULL);
  iterate_pending (NULL);
  g_assert_false (fixture->plain.is_done);

  test_tls_client_send (fixture->client, "abcde");
  for (guint i = 0; i < G_N_ELEMENTS (pieces); i++)
    {
      connection_fixture_expect_read (&fixture->plain, pieces[i]);
      fixture->plain.is_done = FALSE;
    }
  iterate_pending (NULL);
  g_assert_false (fixture->plain.is_done);
  g_source_destroy (source);
}

/* Before it is there. */

static void
test_refuses_to_read_before (TlsFixture *fixture,
                             gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  tls_fixture_start (fixture, NULL);
  g_assert_true (usher_connection_is_tls (fixture->plain.connection));
  connection_fixture_begin_read (&fixture->plain, NULL);
  connection_fixture_expect_read_error (&fixture->plain, G_IO_ERROR_PENDING);
  g_assert_cmpint (g_output_stream_write (fixture->plain.out, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  g_assert_false (usher_connection_shutdown (fixture->plain.connection, FALSE, TRUE, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);

  test_tls_client_shake_hands (fixture->client);
  tls_fixture_expect_started (fixture);
}

static void
test_is_started_once (TlsFixture *fixture,
                      gconstpointer data)
{
  tls_fixture_shake_hands (fixture);
  tls_fixture_start (fixture, NULL);
  tls_fixture_expect_error (fixture, G_IO_ERROR, G_IO_ERROR_EXISTS);
  test_tls_client_send (fixture->client, "still");
  connection_fixture_begin_read (&fixture->plain, NULL);
  connection_fixture_expect_read (&fixture->plain, "still");
}

static void
test_is_not_started_while_busy (TlsFixture *fixture,
                                gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("x", 1);

  connection_fixture_begin_read (&fixture->plain, cancellable);
  tls_fixture_start (fixture, NULL);
  tls_fixture_expect_error (fixture, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_cancellable_cancel (cancellable);
  connection_fixture_expect_read_error (&fixture->plain, G_IO_ERROR_CANCELLED);

  g_assert_true (usher_connection_queue_bytes (fixture->plain.connection, bytes, NULL));
  tls_fixture_start (fixture, NULL);
  tls_fixture_expect_error (fixture, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_assert_false (usher_connection_is_tls (fixture->plain.connection));
}

/* The connection may have talked before. */
static void
test_starts_in_the_middle (TlsFixture *fixture,
                           gconstpointer data)
{
  char answer[5];

  connection_fixture_begin_read (&fixture->plain, NULL);
  iterate_pending (NULL);
  connection_fixture_say (&fixture->plain, "STARTTLS");
  connection_fixture_expect_read (&fixture->plain, "STARTTLS");
  g_assert_cmpint (g_output_stream_write (fixture->plain.out, "go on", 5, NULL, NULL), ==, 5);
  tls_fixture_start (fixture, NULL);
  g_assert_cmpint (recv (fixture->plain.peer, answer, sizeof answer, 0), ==, 5);
  test_tls_client_shake_hands (fixture->client);
  tls_fixture_expect_started (fixture);
  test_tls_client_expect_done (fixture->client);
}

static void
test_needs_a_certificate (TlsFixture *fixture,
                          gconstpointer data)
{
  usher_tls_settings_set_certificate (fixture->settings, NULL);
  tls_fixture_start (fixture, NULL);
  tls_fixture_expect_error (fixture, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_false (tls_fixture_is_peer_failure (fixture));
  g_assert_false (usher_connection_is_tls (fixture->plain.connection));
}

static void
test_needs_a_private_key (TlsFixture *fixture,
                          gconstpointer data)
{
  g_autoptr (GTlsCertificate) certificate = test_tls_certificate ("ca");

  usher_tls_settings_set_certificate (fixture->settings, certificate);
  tls_fixture_start (fixture, NULL);
  test_tls_client_shake_hands (fixture->client);
  tls_fixture_expect_error (fixture, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_false (tls_fixture_is_peer_failure (fixture));
}

static void
test_is_not_stolen (TlsFixture *fixture,
                    gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  tls_fixture_shake_hands (fixture);
  g_assert_null (usher_connection_steal_socket_connection (fixture->plain.connection, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
}

/* Ending. */

static void
test_says_goodbye_when_closed (TlsFixture *fixture,
                               gconstpointer data)
{
  tls_fixture_shake_hands (fixture);
  g_assert_cmpint (g_output_stream_write (fixture->plain.out, "bye", 3, NULL, NULL), ==, 3);
  usher_connection_close (fixture->plain.connection);
  test_tls_client_expect (fixture->client, "bye");
  test_tls_client_expect_end (fixture->client);
}

static void
test_is_half_closed (TlsFixture *fixture,
                     gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  tls_fixture_shake_hands (fixture);
  g_assert_true (usher_connection_shutdown (fixture->plain.connection, FALSE, TRUE, NULL));
  test_tls_client_expect_end (fixture->client);
  g_assert_cmpint (g_output_stream_write (fixture->plain.out, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);

  test_tls_client_send (fixture->client, "still");
  connection_fixture_begin_read (&fixture->plain, NULL);
  connection_fixture_expect_read (&fixture->plain, "still");
  g_assert_true (usher_connection_shutdown (fixture->plain.connection, TRUE, FALSE, NULL));
  connection_fixture_begin_read (&fixture->plain, NULL);
  connection_fixture_expect_read (&fixture->plain, "");
}

/* The goodbye waits for its turn, and comes whole. */
static void
test_is_half_closed_behind_what_waits (TlsFixture *fixture,
                                       gconstpointer data)
{
  Transmission transmission = { fixture, NULL, FALSE };
  g_autofree guint8 *pattern = make_pattern (N_LARGE);
  gsize n_written;

  tls_fixture_shake_hands (fixture);
  n_written = fill_without_waiting (fixture, pattern, N_LARGE);
  g_assert_true (usher_connection_shutdown (fixture->plain.connection, FALSE, TRUE, NULL));
  transmission_receive (&transmission, n_written + 1);
  g_assert_cmpmem (transmission.received->data, n_written, pattern, n_written);
  test_tls_client_expect_end (fixture->client);
  g_byte_array_unref (transmission.received);
}

static void
test_notices_truncation (TlsFixture *fixture,
                         gconstpointer data)
{
  tls_fixture_shake_hands (fixture);
  connection_fixture_begin_read (&fixture->plain, NULL);
  g_socket_shutdown (fixture->client->socket, FALSE, TRUE, NULL);
  iterate_until (NULL, connection_fixture_is_done, &fixture->plain);
  g_assert_error (fixture->plain.error, G_TLS_ERROR, G_TLS_ERROR_EOF);
}

static void
test_an_end_with_a_goodbye_is_none (TlsFixture *fixture,
                                    gconstpointer data)
{
  tls_fixture_shake_hands (fixture);
  connection_fixture_begin_read (&fixture->plain, NULL);
  test_tls_client_close (fixture->client);
  connection_fixture_expect_read (&fixture->plain, "");
}

static void
test_nonsense_ends_it (TlsFixture *fixture,
                       gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  tls_fixture_shake_hands (fixture);
  connection_fixture_begin_read (&fixture->plain, NULL);
  connection_fixture_say (&fixture->plain, "nonsense");
  iterate_until (NULL, connection_fixture_is_done, &fixture->plain);
  g_assert_nonnull (fixture->plain.error);
  g_assert_true (fixture->plain.error->domain == G_TLS_ERROR);
  g_assert_cmpint (g_output_stream_write (fixture->plain.out, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_TLS_ERROR, fixture->plain.error->code);
}

/* Only older versions know that, and none of them needs it. */
static void
test_a_second_handshake_ends_it (TlsFixture *fixture,
                                 gconstpointer data)
{
  if (!test_tls_is_old ())
    {
      g_test_skip ("TLS 1.3 has no second handshakes");
      return;
    }

  tls_fixture_shake_hands (fixture);
  connection_fixture_begin_read (&fixture->plain, NULL);
  test_tls_client_shake_hands (fixture->client);
  iterate_until (NULL, connection_fixture_is_done, &fixture->plain);
  g_assert_error (fixture->plain.error, G_TLS_ERROR, G_TLS_ERROR_MISC);
  g_assert_nonnull (strstr (fixture->plain.error->message, "another"));
}

static void
on_write_failed (GObject *source_object,
                 GAsyncResult *result,
                 gpointer user_data)
{
  TlsFixture *fixture = user_data;
  gsize n;

  g_assert_false (g_output_stream_write_all_finish (G_OUTPUT_STREAM (source_object), result, &n, &fixture->plain.error));
  fixture->plain.n = n;
  fixture->plain.is_done = TRUE;
}

static void
begin_to_write (TlsFixture *fixture,
                const guint8 *pattern,
                GCancellable *cancellable)
{
  tls_fixture_shake_hands (fixture);
  g_output_stream_write_all_async (fixture->plain.out, pattern, N_LARGE, G_PRIORITY_DEFAULT, cancellable, on_write_failed,
                                   fixture);
  iterate_pending (NULL);
  g_assert_false (fixture->plain.is_done);
}

/* What it has begun to send goes out before what comes next. */
static void
test_writes_are_cancelled (TlsFixture *fixture,
                           gconstpointer data)
{
  Transmission transmission = { fixture, NULL, FALSE };
  g_autofree guint8 *pattern = make_pattern (N_LARGE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GBytes) bytes = g_bytes_new_static ("the end", 7);
  gsize n_received;

  begin_to_write (fixture, pattern, cancellable);
  g_cancellable_cancel (cancellable);
  connection_fixture_expect_read_error (&fixture->plain, G_IO_ERROR_CANCELLED);
  g_assert_true (usher_connection_queue_bytes (fixture->plain.connection, bytes, NULL));

  transmission_receive (&transmission, fixture->plain.n + 7);
  while (memcmp (transmission.received->data + transmission.received->len - 7, "the end", 7) != 0)
    {
      test_tls_client_read (fixture->client);
      test_tls_client_expect_done (fixture->client);
      g_byte_array_append (transmission.received, (guint8 *) fixture->client->buffer, fixture->client->n);
    }

  n_received = transmission.received->len - 7;
  g_assert_cmpuint (n_received, >=, fixture->plain.n);
  g_assert_cmpmem (transmission.received->data, n_received, pattern, n_received);
  g_byte_array_unref (transmission.received);
  g_assert_cmpint (g_output_stream_write (fixture->plain.out, "and more", 8, NULL, NULL), ==, 8);
  test_tls_client_expect (fixture->client, "and more");
}

/* The first one has brought something out. */
static void
test_writes_time_out (TlsFixture *fixture,
                      gconstpointer data)
{
  g_autofree guint8 *pattern = make_pattern (N_LARGE);

  usher_connection_set_write_timeout_msec (fixture->plain.connection, 100);
  begin_to_write (fixture, pattern, NULL);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (fixture->plain.is_done);
      fake_clock_advance_usec (100 * G_TIME_SPAN_MILLISECOND);
      iterate_pending (NULL);
    }
  connection_fixture_expect_read_error (&fixture->plain, G_IO_ERROR_TIMED_OUT);
}

static void
test_reads_time_out (TlsFixture *fixture,
                     gconstpointer data)
{
  usher_connection_set_read_timeout_msec (fixture->plain.connection, 100);
  tls_fixture_shake_hands (fixture);
  connection_fixture_begin_read (&fixture->plain, NULL);
  iterate_pending (NULL);
  fake_clock_advance_usec (100 * G_TIME_SPAN_MILLISECOND);
  connection_fixture_expect_read_error (&fixture->plain, G_IO_ERROR_TIMED_OUT);
}

/* From several threads. */

#define N_MESSAGES 500
#define MESSAGE_LENGTH 1000

static gpointer
write_in_thread (gpointer user_data)
{
  TlsFixture *fixture = user_data;
  g_autofree char *message = g_strnfill (MESSAGE_LENGTH, 'a');
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < N_MESSAGES; i++)
    g_output_stream_write_all (fixture->plain.out, message, MESSAGE_LENGTH, NULL, NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

static gpointer
read_in_thread (gpointer user_data)
{
  TlsFixture *fixture = user_data;
  g_autofree char *message = g_malloc (MESSAGE_LENGTH);
  g_autoptr (GError) error = NULL;
  gsize n;

  for (guint i = 0; i < N_MESSAGES; i++)
    g_input_stream_read_all (fixture->plain.in, message, MESSAGE_LENGTH, &n, NULL, &error);
  g_assert_no_error (error);
  return NULL;
}

/* Each message is whole. */
static void
count_messages (GByteArray *received,
                guint *n_a,
                guint *n_b)
{
  g_assert_cmpuint (received->len % MESSAGE_LENGTH, ==, 0);
  for (gsize i = 0; i < received->len; i += MESSAGE_LENGTH)
    {
      for (gsize k = 1; k < MESSAGE_LENGTH; k++)
        g_assert_cmpint (received->data[i + k], ==, received->data[i]);
      *n_a += received->data[i] == 'a';
      *n_b += received->data[i] == 'b';
    }
}

static void
test_is_used_by_threads (TlsFixture *fixture,
                         gconstpointer data)
{
  Transmission transmission = { fixture, NULL, FALSE };
  g_autofree char *message = g_strnfill (MESSAGE_LENGTH, 'b');
  g_autoptr (GBytes) bytes = g_bytes_new_static (message, MESSAGE_LENGTH);
  GThread *threads[2];
  guint n_a = 0, n_b = 0;

  tls_fixture_shake_hands (fixture);
  usher_connection_set_max_queued_bytes (fixture->plain.connection, 0);
  threads[0] = g_thread_new ("writer", write_in_thread, fixture);
  threads[1] = g_thread_new ("reader", read_in_thread, fixture);
  for (guint i = 0; i < N_MESSAGES; i++)
    {
      g_assert_true (usher_connection_queue_bytes (fixture->plain.connection, bytes, NULL));
      test_tls_client_send (fixture->client, message);
      iterate_pending (NULL);
    }

  transmission_receive (&transmission, 2 * N_MESSAGES * MESSAGE_LENGTH);
  count_messages (transmission.received, &n_a, &n_b);
  g_assert_cmpuint (n_a, ==, N_MESSAGES);
  g_assert_cmpuint (n_b, ==, N_MESSAGES);
  g_thread_join (threads[0]);
  g_thread_join (threads[1]);
  g_byte_array_unref (transmission.received);
}

static void
test_a_loop_does_not_block (TlsFixture *fixture,
                            gconstpointer data)
{
  g_assert_true (g_main_context_acquire (NULL));
  g_assert_false (usher_connection_start_tls (fixture->plain.connection, fixture->settings, NULL, &fixture->error));
  g_main_context_release (NULL);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_assert_false (usher_connection_is_tls (fixture->plain.connection));
}

int
main (int argc,
      char *argv[])
{
  if (test_tls_is_missing ())
    return 0;

  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) \
  g_test_add ("/connection-tls/" path, TlsFixture, NULL, set_up, function, tear_down)
  ADD ("reads-and-writes", test_reads_and_writes);
  ADD ("reads-a-record-in-pieces", test_reads_a_record_in_pieces);
  ADD ("writes-more-than-fits", test_writes_more_than_fits);
  ADD ("writes-without-waiting", test_writes_without_waiting);
  ADD ("queues-behind-what-has-begun", test_queues_behind_what_has_begun);
  ADD ("queues-much", test_queues_much);
  ADD ("sends-later-what-is-queued-before", test_sends_later_what_is_queued_before);
  ADD ("is-pollable", test_is_pollable);
  ADD ("refuses-to-read-before-it-is-there", test_refuses_to_read_before);
  ADD ("is-started-once", test_is_started_once);
  ADD ("is-not-started-while-the-connection-is-busy", test_is_not_started_while_busy);
  ADD ("starts-in-the-middle-of-a-conversation", test_starts_in_the_middle);
  ADD ("needs-a-certificate", test_needs_a_certificate);
  ADD ("needs-a-private-key", test_needs_a_private_key);
  ADD ("is-not-stolen", test_is_not_stolen);
  ADD ("says-goodbye-when-closed", test_says_goodbye_when_closed);
  ADD ("is-half-closed", test_is_half_closed);
  ADD ("is-half-closed/behind-what-waits", test_is_half_closed_behind_what_waits);
  ADD ("notices-truncation", test_notices_truncation);
  ADD ("an-end-with-a-goodbye-is-none", test_an_end_with_a_goodbye_is_none);
  ADD ("nonsense-ends-it", test_nonsense_ends_it);
  ADD ("a-second-handshake-ends-it", test_a_second_handshake_ends_it);
  ADD ("writes-are-cancelled", test_writes_are_cancelled);
  ADD ("writes-time-out", test_writes_time_out);
  ADD ("reads-time-out", test_reads_time_out);
  ADD ("is-used-by-threads", test_is_used_by_threads);
  ADD ("a-loop-does-not-block", test_a_loop_does_not_block);

  return g_test_run ();
}
