/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-private.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptors/connection-parts-private.h"
#include "supervision/exit-private.h"
#include "support/connection-fixture.h"

/* Nothing of one client is ever seen by the next one: what is used again is as if it were new. */

static UsherPeer
make_ipv4_peer (guint16 port)
{
  const struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_port = htons (port),
    .sin_addr.s_addr = htonl (0xc0000207),
  };
  UsherPeer peer = { .length = sizeof address };

  memcpy (&peer.address, &address, sizeof address);
  return peer;
}

static void
test_used_again (ConnectionFixture *fixture,
                 gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      connection_fixture_assert_serves (fixture);
      connection_fixture_expect_next (fixture);
      g_assert_true (g_io_stream_get_input_stream (G_IO_STREAM (fixture->connection)) == fixture->in);
      g_assert_true (g_io_stream_get_output_stream (G_IO_STREAM (fixture->connection)) == fixture->out);
    }
}

static void
keep_result (GObject *source_object,
             GAsyncResult *result,
             gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
do_nothing (void)
{
}

/* What the next client reads is none of its business. */
static void
test_kept_result (ConnectionFixture *fixture,
                  gconstpointer data)
{
  g_autoptr (GAsyncResult) result = NULL;
  char buffer[16];

  g_input_stream_read_async (fixture->in, buffer, sizeof buffer, 0, NULL, keep_result, &result);
  connection_fixture_say (fixture, "hello");
  iterate_pending (NULL);
  g_assert_cmpint (g_input_stream_read_finish (fixture->in, result, NULL), ==, 5);
  connection_fixture_expect_next (fixture);

  connection_fixture_begin_read (fixture, NULL);
  g_assert_null (g_async_result_get_source_object (result));
  g_assert_true (g_async_result_get_user_data (result) == &result);
  connection_fixture_say (fixture, "secret");
  connection_fixture_expect_read (fixture, "secret");
  g_assert_true (g_async_result_get_user_data (result) == &result);
}

/* What users have of a connection besides. */

static GCancellable *(*const get_cancellable[]) (UsherConnection *) = {
  usher_connection_get_exit_cancellable,
  usher_connection_get_drain_cancellable,
};

static void
on_cancelled (GCancellable *cancellable,
              gpointer n_calls)
{
  (*(guint *) n_calls)++;
}

static void
test_kept_cancellable (ConnectionFixture *fixture,
                       gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (get_cancellable); i++)
    {
      g_autoptr (GCancellable) kept = g_object_ref (get_cancellable[i](fixture->connection));
      guint n_calls = 0;
      gpointer weak;

      g_cancellable_connect (kept, G_CALLBACK (on_cancelled), &n_calls, NULL);
      connection_fixture_expect_next (fixture);
      weak = get_cancellable[i](fixture->connection);
      g_assert_false (weak == kept);
      g_assert_false (g_cancellable_is_cancelled (weak));
      usher_connection_drain (fixture->connection);
      usher_connection_stop (fixture->connection);
      g_assert_true (g_cancellable_is_cancelled (weak));
      g_assert_cmpuint (n_calls, ==, 0);
      connection_fixture_expect_next (fixture);

      /* It is still its keeper's. */
      g_cancellable_cancel (kept);
      g_assert_cmpuint (n_calls, ==, 1);
    }
}

static void
test_weakly_kept_cancellable (ConnectionFixture *fixture,
                              gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (get_cancellable); i++)
    {
      gpointer kept = get_cancellable[i](fixture->connection);

      g_object_add_weak_pointer (kept, &kept);
      connection_fixture_expect_next (fixture);
      g_assert_null (kept);
    }
}

/* It is cancelled for one client only. */
static void
test_cancelled (ConnectionFixture *fixture,
                gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (get_cancellable); i++)
    {
      g_cancellable_cancel (get_cancellable[i](fixture->connection));
      connection_fixture_expect_next (fixture);
      g_assert_false (g_cancellable_is_cancelled (get_cancellable[i](fixture->connection)));
    }

  usher_connection_drain (fixture->connection);
  usher_connection_stop (fixture->connection);
  connection_fixture_expect_next (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (get_cancellable); i++)
    g_assert_false (g_cancellable_is_cancelled (get_cancellable[i](fixture->connection)));
  connection_fixture_assert_serves (fixture);
}

static void
test_listened_to (ConnectionFixture *fixture,
                  gconstpointer data)
{
  guint n_calls = 0;

  for (guint i = 0; i < G_N_ELEMENTS (get_cancellable); i++)
    g_cancellable_connect (get_cancellable[i](fixture->connection), G_CALLBACK (on_cancelled), &n_calls, NULL);
  connection_fixture_expect_next (fixture);
  usher_connection_drain (fixture->connection);
  usher_connection_stop (fixture->connection);
  g_assert_cmpuint (n_calls, ==, 0);
}

static void
test_handlers (ConnectionFixture *fixture,
               gconstpointer data)
{
  guint n_calls = 0;

  g_signal_connect (fixture->connection, "notify", G_CALLBACK (connection_fixture_count_notify), &n_calls);
  g_signal_connect (fixture->in, "notify", G_CALLBACK (connection_fixture_count_notify), &n_calls);
  g_signal_connect (fixture->out, "notify", G_CALLBACK (connection_fixture_count_notify), &n_calls);
  connection_fixture_expect_next (fixture);
  usher_connection_set_read_timeout_msec (fixture->connection, 3);
  g_object_notify (G_OBJECT (fixture->connection), "closed");
  g_assert_false (g_signal_handler_find (fixture->in, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, &n_calls));
  g_assert_false (g_signal_handler_find (fixture->out, G_SIGNAL_MATCH_DATA, 0, 0, NULL, NULL, &n_calls));
  g_assert_cmpuint (n_calls, ==, 0);
}

static void
cancel_at_last (gpointer cancellable,
                GClosure *closure)
{
  g_cancellable_cancel (cancellable);
}

static void
test_cancelled_at_last (ConnectionFixture *fixture,
                        gconstpointer data)
{
  GCancellable *cancellable = usher_connection_get_exit_cancellable (fixture->connection);

  g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (do_nothing), cancellable, cancel_at_last, 0);
  connection_fixture_expect_next (fixture);
  g_assert_false (g_cancellable_is_cancelled (usher_connection_get_exit_cancellable (fixture->connection)));
}

static void
test_kept_socket (ConnectionFixture *fixture,
                  gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocket) kept = g_object_ref (usher_connection_get_socket (fixture->connection, &error));
  GSocket *socket;

  g_assert_no_error (error);
  connection_fixture_expect_next (fixture);
  g_assert_true (g_socket_is_closed (kept));
  socket = usher_connection_get_socket (fixture->connection, &error);
  g_assert_no_error (error);
  g_assert_false (socket == kept);
  g_assert_false (g_socket_is_closed (socket));
  connection_fixture_assert_serves (fixture);
}

static void
test_stolen_socket (ConnectionFixture *fixture,
                    gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketConnection) stolen = usher_connection_steal_socket_connection (fixture->connection, &error);
  const int former_peer = dup (fixture->peer);
  char buffer[16];

  g_assert_no_error (error);
  connection_fixture_expect_next (fixture);
  connection_fixture_assert_serves (fixture);
  g_assert_cmpint (send (former_peer, "more", 4, MSG_NOSIGNAL), ==, 4);
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (stolen)), buffer, sizeof buffer, NULL, NULL), ==, 4);
  close (former_peer);
  connection_fixture_assert_serves (fixture);
}

/* What the next client has anew. */

static void
test_addresses (ConnectionFixture *fixture,
                gconstpointer data)
{
  g_autoptr (UsherListenSocket) other = usher_listen_socket_new_for_address ("tcp://127.0.0.2:0", NULL);
  const UsherPeer peers[] = { make_ipv4_peer (1111), make_ipv4_peer (2222) };
  g_autofree char *unix_name = usher_connection_dup_peer_name (fixture->connection);
  g_autofree char *first_name = NULL, *second_name = NULL, *last_name = NULL;
  g_autoptr (GCredentials) credentials = NULL;
  g_autoptr (GError) error = NULL;

  connection_fixture_end (fixture);
  g_assert_true (usher_connection_retire (fixture->connection));
  connection_fixture_begin_again (fixture, &peers[0]);
  first_name = usher_connection_dup_peer_name (fixture->connection);
  g_assert_cmpstr (first_name, ==, "192.0.2.7:1111");
  g_assert_null (usher_connection_dup_credentials (fixture->connection, NULL));

  connection_fixture_end (fixture);
  g_assert_true (usher_connection_retire (fixture->connection));
  connection_fixture_begin_again (fixture, &peers[1]);
  second_name = usher_connection_dup_peer_name (fixture->connection);
  g_assert_cmpstr (second_name, ==, "192.0.2.7:2222");

  connection_fixture_expect_next (fixture);
  last_name = usher_connection_dup_peer_name (fixture->connection);
  g_assert_cmpstr (last_name, ==, unix_name);
  credentials = usher_connection_dup_credentials (fixture->connection, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_credentials_get_unix_pid (credentials, NULL), ==, getpid ());
}

static void
test_listen_socket (ConnectionFixture *fixture,
                    gconstpointer data)
{
  UsherListenSocket *former = g_steal_pointer (&fixture->socket);

  fixture->socket = usher_listen_socket_new_for_address ("tcp://127.0.0.2:0", NULL);
  connection_fixture_end (fixture);
  g_assert_true (usher_connection_retire (fixture->connection));
  g_assert_finalize_object (former);
  connection_fixture_begin_again (fixture, &connection_fixture_unix_peer);
  g_assert_true (usher_connection_get_listen_socket (fixture->connection) == fixture->socket);
}

static void
test_proxied (ConnectionFixture *fixture,
              gconstpointer data)
{
  static const guint8 tlvs[] = { 2, 0, 1, 'a' };
  const UsherPeer peer = make_ipv4_peer (3333);
  UsherProxyHeader header = { .has_addresses = TRUE, .tlvs = tlvs, .tlvs_length = sizeof tlvs };
  g_autofree char *name = NULL;
  g_autoptr (GSocketAddress) local = NULL;

  header.source = header.destination = peer.address;
  usher_connection_set_proxied (fixture->connection, &header);
  g_assert_true (usher_connection_is_proxied (fixture->connection));

  connection_fixture_expect_next (fixture);
  g_assert_false (usher_connection_is_proxied (fixture->connection));
  g_assert_null (usher_connection_lookup_proxy_value (fixture->connection, 2));
  name = usher_connection_dup_peer_name (fixture->connection);
  g_assert_cmpstr (name, !=, "192.0.2.7:3333");
  local = usher_connection_dup_local_address (fixture->connection, NULL);
  g_assert_cmpint (g_socket_address_get_family (local), ==, G_SOCKET_FAMILY_UNIX);
}

static void
test_limits (ConnectionFixture *fixture,
             gconstpointer data)
{
  usher_connection_set_read_timeout_msec (fixture->connection, 1);
  g_object_set (fixture->connection, "write-timeout-msec", 2, "idle-timeout-msec", 3,
                "max-queued-bytes", G_GUINT64_CONSTANT (4), NULL);
  connection_fixture_expect_next (fixture);
  g_assert_cmpuint (usher_connection_get_read_timeout_msec (fixture->connection), ==, 0);
  g_assert_cmpuint (usher_connection_get_write_timeout_msec (fixture->connection), ==, 0);
  g_assert_cmpuint (usher_connection_get_idle_timeout_msec (fixture->connection), ==, 0);
  g_assert_cmpuint (usher_connection_get_max_queued_bytes (fixture->connection), ==, 0);
  connection_fixture_assert_serves (fixture);
}

static void
test_bytes (ConnectionFixture *fixture,
            gconstpointer data)
{
  guint64 n_received = 0, n_sent = 0;

  connection_fixture_assert_serves (fixture);
  usher_connection_add_bytes (fixture->connection, &n_received, &n_sent);
  g_assert_cmpuint (n_received, ==, 5);
  g_assert_cmpuint (n_sent, ==, 4);

  connection_fixture_expect_next (fixture);
  g_assert_false (usher_connection_has_received (fixture->connection));
  n_received = n_sent = 0;
  usher_connection_add_bytes (fixture->connection, &n_received, &n_sent);
  g_assert_cmpuint (n_received, ==, 0);
  g_assert_cmpuint (n_sent, ==, 0);
}

/* More than the kernel takes. */
static void
test_queue (ConnectionFixture *fixture,
            gconstpointer data)
{
  g_autoptr (GBytes) bytes = g_bytes_new_take (g_malloc0 (4 * 1024 * 1024), 4 * 1024 * 1024);
  char buffer[16];

  g_assert_true (usher_connection_queue_bytes (fixture->connection, bytes, NULL));
  iterate_pending (NULL);
  g_assert_cmpuint (usher_connection_get_n_queued_bytes (fixture->connection), >, 0);
  connection_fixture_expect_next (fixture);
  g_assert_cmpuint (usher_connection_get_n_queued_bytes (fixture->connection), ==, 0);
  iterate_pending (NULL);
  g_assert_cmpint (recv (fixture->peer, buffer, sizeof buffer, MSG_DONTWAIT), ==, -1);
  connection_fixture_assert_serves (fixture);
}

static void
test_half_closed (ConnectionFixture *fixture,
                  gconstpointer data)
{
  g_assert_true (usher_connection_shutdown (fixture->connection, TRUE, TRUE, NULL));
  connection_fixture_expect_next (fixture);
  connection_fixture_assert_serves (fixture);
}

static void
test_exit (ConnectionFixture *fixture,
           gconstpointer data)
{
  g_autoptr (UsherExit) exit = NULL;

  usher_connection_drain (fixture->connection);
  usher_connection_kill (fixture->connection);
  connection_fixture_expect_next (fixture);
  g_assert_false (usher_connection_is_draining (fixture->connection));
  connection_fixture_assert_serves (fixture);
  exit = usher_connection_explain (fixture->connection, FALSE, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, ""));
  g_assert_cmpint (usher_exit_get_kind (exit), ==, USHER_EXIT_ERROR);
}

static void
test_drain_idle_reads (ConnectionFixture *fixture,
                       gconstpointer data)
{
  usher_connection_set_drain_idle_reads (fixture->connection, TRUE);
  connection_fixture_expect_next (fixture);
  usher_connection_drain (fixture->connection);
  connection_fixture_assert_serves (fixture);
}

/* The peer's failure is that of one peer. */
static void
test_own_error (ConnectionFixture *fixture,
                gconstpointer data)
{
  g_autoptr (UsherExit) exit = NULL;
  g_autoptr (GError) error = NULL;

  usher_connection_set_read_timeout_msec (fixture->connection, 1);
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read_error (fixture, G_IO_ERROR_TIMED_OUT);
  error = g_steal_pointer (&fixture->error);
  g_assert_true (usher_transport_is_own_error (fixture->connection->transport, error));

  connection_fixture_expect_next (fixture);
  g_assert_false (usher_transport_is_own_error (fixture->connection->transport, error));
  exit = usher_connection_explain (fixture->connection, FALSE, g_steal_pointer (&error));
  g_assert_cmpint (usher_exit_get_kind (exit), ==, USHER_EXIT_ERROR);
}

/* A client that has hung up, whose read was told all there is. */
static void
test_hung_up (ConnectionFixture *fixture,
              gconstpointer data)
{
  connection_fixture_assert_serves (fixture);
  connection_fixture_begin_read (fixture, NULL);
  shutdown (fixture->peer, SHUT_RDWR);
  connection_fixture_expect_read (fixture, "");
  connection_fixture_expect_next (fixture);
  connection_fixture_assert_serves (fixture);
  connection_fixture_assert_serves (fixture);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  connection_fixture_add_test ("/connection-again/serves", test_used_again);
  connection_fixture_add_test ("/connection-again/has-anew/its-results", test_kept_result);
  connection_fixture_add_test ("/connection-again/has-anew/cancellables-that-are-kept", test_kept_cancellable);
  connection_fixture_add_test ("/connection-again/has-anew/cancellables-that-are-kept-weakly", test_weakly_kept_cancellable);
  connection_fixture_add_test ("/connection-again/has-anew/cancellables-that-were-cancelled", test_cancelled);
  connection_fixture_add_test ("/connection-again/has-anew/cancellables-that-are-cancelled-at-last", test_cancelled_at_last);
  connection_fixture_add_test ("/connection-again/has-anew/those-who-listen-to-the-cancellables", test_listened_to);
  connection_fixture_add_test ("/connection-again/has-anew/those-who-listen", test_handlers);
  connection_fixture_add_test ("/connection-again/has-anew/a-socket-that-is-kept", test_kept_socket);
  connection_fixture_add_test ("/connection-again/has-anew/a-socket-that-was-stolen", test_stolen_socket);
  connection_fixture_add_test ("/connection-again/has-anew/its-addresses", test_addresses);
  connection_fixture_add_test ("/connection-again/has-anew/its-listen-socket", test_listen_socket);
  connection_fixture_add_test ("/connection-again/has-anew/what-a-proxy-says", test_proxied);
  connection_fixture_add_test ("/connection-again/has-anew/its-limits", test_limits);
  connection_fixture_add_test ("/connection-again/has-anew/its-counts", test_bytes);
  connection_fixture_add_test ("/connection-again/has-anew/its-queue", test_queue);
  connection_fixture_add_test ("/connection-again/has-anew/both-halves", test_half_closed);
  connection_fixture_add_test ("/connection-again/has-anew/its-exit", test_exit);
  connection_fixture_add_test ("/connection-again/has-anew/its-way-to-drain", test_drain_idle_reads);
  connection_fixture_add_test ("/connection-again/has-anew/its-peers-failures", test_own_error);
  connection_fixture_add_test ("/connection-again/has-anew/what-their-peer-has-told", test_hung_up);

  return g_test_run ();
}
