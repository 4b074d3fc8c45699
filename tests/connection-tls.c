/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <sys/socket.h>
#include <unistd.h>

#include "support/tls-fixture.h"
#include "usher/error.h"

#define N_LARGE (4 * 1024 * 1024)

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

int
main (int argc,
      char *argv[])
{
  if (test_tls_is_missing ())
    return 0;

  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) \
  g_test_add ("/connection-tls/" path, TlsFixture, NULL, tls_fixture_set_up, function, tls_fixture_tear_down)
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

  return g_test_run ();
}
