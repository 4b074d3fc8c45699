/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/proxy-greeting-private.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "support/fault.h"
#include "support/pool-fixture.h"
#include "support/sockets.h"
#include "usher/connection-info.h"
#include "usher/error.h"

#define V1 "PROXY TCP4 192.0.2.1 198.51.100.2 5123 443\r\n"
#define V2_FIXED "\r\n\r\n\0\r\nQUIT\n"
/* With an authority. */
#define V2 V2_FIXED "\x21\x11\0\x15\xc0\0\x02\x01\xc6\x33\x64\x02\x14\x03\x01\xbb\x02\0\x06" \
                    "a.test"
#define V2_LOCAL V2_FIXED "\x20\0\0\0"

static void
send_bytes (TestClient *client,
            const char *bytes,
            gsize length)
{
  g_assert_cmpint (send (client->fd, bytes, length, MSG_NOSIGNAL), ==, length);
}

#define SEND(client, literal) send_bytes (client, literal, sizeof (literal) - 1)

static char *
describe (UsherConnection *connection)
{
  g_autofree char *peer = usher_connection_dup_peer_name (connection);
  g_autoptr (GSocketAddress) local = usher_connection_dup_local_address (connection, NULL);
  g_autoptr (GSocketAddress) transport = usher_connection_dup_transport_peer_address (connection);
  g_autoptr (GBytes) authority = usher_connection_lookup_proxy_value (connection, 0x02);
  g_autofree char *local_name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (local));
  g_autofree char *transport_host = g_inet_address_to_string (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (transport)));
  gsize length = 0;
  const char *value = authority != NULL ? g_bytes_get_data (authority, &length) : "";

  return g_strdup_printf ("%s to %s through %s for “%.*s”\n", peer, local_name, transport_host, (int) length, value);
}

/* Says whose connection it is, then echoes. */
static gboolean
tell_whose (UsherConnection *connection,
            gpointer user_data,
            GError **error)
{
  g_autofree char *text = usher_connection_is_proxied (connection) ? describe (connection) : g_strdup ("direct\n");
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));

  return g_output_stream_write_all (out, text, strlen (text), NULL, NULL, error) && scripted_echo (connection, NULL, error);
}

#define V1_WHOSE "192.0.2.1:5123 to 198.51.100.2:443 through 127.0.0.1 for “”\n"
#define V2_WHOSE "192.0.2.1:5123 to 198.51.100.2:443 through 127.0.0.1 for “a.test”\n"

typedef struct
{
  UsherProxyProtocol protocol;
  const char *trusted;
} Setting;

static const Setting required = { USHER_PROXY_PROTOCOL_REQUIRED, "127.0.0.0/8" };
static const Setting optional = { USHER_PROXY_PROTOCOL_OPTIONAL, "127.0.0.0/8" };
static const Setting required_of_others = { USHER_PROXY_PROTOCOL_REQUIRED, "10.0.0.0/8" };
static const Setting optional_of_others = { USHER_PROXY_PROTOCOL_OPTIONAL, "10.0.0.0/8" };

static void
configure (PoolFixture *fixture,
           const Setting *setting)
{
  const char *trusted[] = { "2001:db8::/32", setting->trusted, NULL };
  g_autoptr (GError) error = NULL;

  usher_listen_socket_close (fixture->listen_socket);
  g_object_set (fixture->listen_socket, "proxy-protocol", setting->protocol, "proxy-trusted", trusted, NULL);
  usher_listen_socket_open (fixture->listen_socket, &error);
  g_assert_no_error (error);
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
}

static void
set_up_scripted (PoolFixture *fixture,
                 gconstpointer setting)
{
  pool_fixture_set_up_scripted (fixture, NULL);
  fixture->script.handler = tell_whose;
  configure (fixture, setting);
}

static void
set_up_on_loop (PoolFixture *fixture,
                gconstpointer setting)
{
  pool_fixture_set_up_on_loop (fixture, NULL);
  configure (fixture, setting);
}

static void
set_up_scripted_in_two_workers (PoolFixture *fixture,
                                gconstpointer setting)
{
  pool_fixture_set_up_scripted_in_two_workers (fixture, NULL);
  fixture->script.handler = tell_whose;
  configure (fixture, setting);
}

static void
set_up_in_two_workers (PoolFixture *fixture,
                       gconstpointer setting)
{
  pool_fixture_set_up_in_two_workers (fixture, NULL);
  configure (fixture, setting);
}

static void
tear_down (PoolFixture *fixture,
           gconstpointer setting)
{
  fault_clear ();
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  if (fixture->exit == NULL)
    pool_fixture_stop (fixture);
  pool_fixture_tear_down (fixture, NULL);
}

static void
leave (PoolFixture *fixture,
       TestClient *client)
{
  shutdown (client->fd, SHUT_WR);
  test_client_expect_end (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
}

/* Good ones. */

static void
test_v1 (PoolFixture *fixture,
         gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  SEND (client, V1 "hello");
  test_client_expect (client, V1_WHOSE "hello");
  leave (fixture, client);
}

static void
test_v2 (PoolFixture *fixture,
         gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  SEND (client, V2 "hello");
  test_client_expect (client, V2_WHOSE "hello");
  leave (fixture, client);
}

static void
test_local (PoolFixture *fixture,
            gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);
  g_autofree char *expected = NULL;
  g_autoptr (GSocketAddress) address = NULL;
  struct sockaddr_storage native;
  socklen_t length = sizeof native;
  g_autofree char *name = NULL;
  g_autofree char *local = usher_listen_socket_dup_local_address (fixture->listen_socket);

  g_assert_cmpint (getsockname (client->fd, (struct sockaddr *) &native, &length), ==, 0);
  address = g_socket_address_new_from_native (&native, length);
  name = g_socket_connectable_to_string (G_SOCKET_CONNECTABLE (address));
  expected = g_strdup_printf ("%s to %s through 127.0.0.1 for “”\n", name, local + strlen ("tcp://"));
  SEND (client, V2_LOCAL);
  test_client_expect (client, expected);
  leave (fixture, client);
}

static void
test_echo_on_loop (PoolFixture *fixture,
                   gconstpointer setting)
{
  g_autoptr (TestClient) first = test_client_connect (fixture->listen_socket);
  g_autoptr (TestClient) second = test_client_connect (fixture->listen_socket);

  SEND (first, V1 "hello");
  test_client_expect (first, "hello");
  SEND (second, V2);
  SEND (second, "world");
  test_client_expect (second, "world");
  shutdown (first->fd, SHUT_WR);
  test_client_expect_end (first);
  leave (fixture, second);
}

static void
test_byte_by_byte (PoolFixture *fixture,
                   gconstpointer setting)
{
  static const char bytes[] = V2 "hello";
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  for (gsize i = 0; i < sizeof bytes - 1; i++)
    {
      send_bytes (client, bytes + i, 1);
      pool_fixture_settle (fixture);
    }
  test_client_expect (client, V2_WHOSE "hello");
  leave (fixture, client);
}

/* Nothing is looked at as long as nothing comes. */
static void
test_waits_asleep (PoolFixture *fixture,
                   gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);
  guint n_calls;

  SEND (client, "PROXY TCP4");
  pool_fixture_wait_for (fixture, n_connections_is, 1);
  pool_fixture_settle (fixture);
  n_calls = fault_get_n_calls (FAULT_RECV);
  for (guint i = 0; i < 100; i++)
    pool_fixture_settle (fixture);
  g_assert_cmpuint (fault_get_n_calls (FAULT_RECV), ==, n_calls);
}

/* None. */

static void
test_optional (PoolFixture *fixture,
               gconstpointer setting)
{
  g_autoptr (TestClient) plain = test_client_connect (fixture->listen_socket);
  g_autoptr (TestClient) nearly = test_client_connect (fixture->listen_socket);
  g_autoptr (TestClient) short_one = test_client_connect (fixture->listen_socket);

  SEND (plain, "hello");
  test_client_expect (plain, "direct\nhello");
  SEND (nearly, "PRO");
  pool_fixture_wait_for (fixture, n_connections_is, 3);
  SEND (nearly, "PFIND");
  test_client_expect (nearly, "direct\nPROPFIND");
  SEND (short_one, "PR");
  shutdown (short_one->fd, SHUT_WR);
  test_client_expect (short_one, "direct\nPR");
  test_client_expect_end (short_one);
  shutdown (plain->fd, SHUT_WR);
  test_client_expect_end (plain);
  leave (fixture, nearly);
}

static void
test_optional_and_silent (PoolFixture *fixture,
                          gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  pool_fixture_wait_for (fixture, n_connections_is, 1);
  pool_fixture_settle (fixture);
  fake_clock_advance_usec (4999 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_settle (fixture);
  g_assert_cmpuint (client->received->len, ==, 0);
  fake_clock_advance_usec (1 * G_TIME_SPAN_MILLISECOND);
  test_client_expect (client, "direct\n");
  leave (fixture, client);
}

/* What a stranger says of itself is none of our business. */
static void
test_optional_and_untrusted (PoolFixture *fixture,
                             gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  test_client_expect (client, "direct\n");
  SEND (client, V1);
  test_client_expect (client, V1);
  leave (fixture, client);
}

/* What ends a connection before it is served. */

static void
expect_turned_away (PoolFixture *fixture,
                    TestClient *client,
                    int code,
                    const char *words)
{
  const GError *error;

  pool_fixture_wait_for (fixture, n_terminates_is, 1);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  error = usher_exit_get_error (fixture->script.terminated);
  g_assert_cmpint (usher_exit_get_kind (fixture->script.terminated), ==, USHER_EXIT_SHUTDOWN);
  g_assert_error (error, G_IO_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, "The connection from 127.0.0.1:"));
  g_assert_nonnull (strstr (error->message, words));
  g_assert_cmpstr (client->received->str, ==, "");
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
}

static void
test_missing (PoolFixture *fixture,
              gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  SEND (client, "GET / HTTP/1.1\r\n");
  expect_turned_away (fixture, client, G_IO_ERROR_INVALID_DATA, "make “proxy-protocol” optional");
}

static void
test_broken (PoolFixture *fixture,
             gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  SEND (client, "PROXY TCP4 192.0.2.1\r\n");
  expect_turned_away (fixture, client, G_IO_ERROR_INVALID_DATA, "its PROXY header is broken: it is of version 1");
}

static void
test_endless (PoolFixture *fixture,
              gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  SEND (client, V2_FIXED "\x21\x11\xff\xff");
  expect_turned_away (fixture, client, G_IO_ERROR_INVALID_DATA, "longer than 4096 bytes");
}

static void
test_silent (PoolFixture *fixture,
             gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  pool_fixture_wait_for (fixture, n_connections_is, 1);
  pool_fixture_settle (fixture);
  fake_clock_advance_usec (4999 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_settle (fixture);
  g_assert_cmpuint (usher_acceptor_pool_get_n_connections (fixture->pool), ==, 1);
  fake_clock_advance_usec (1 * G_TIME_SPAN_MILLISECOND);
  expect_turned_away (fixture, client, G_IO_ERROR_TIMED_OUT, "it did not send its PROXY header in time");
}

/* What comes slowly has no more time than what does not come. */
static void
test_slow (PoolFixture *fixture,
           gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  pool_fixture_wait_for (fixture, n_connections_is, 1);
  pool_fixture_settle (fixture);
  for (guint i = 0; i < 5; i++)
    {
      send_bytes (client, &V1[i], 1);
      pool_fixture_settle (fixture);
      fake_clock_advance_usec (1 * G_TIME_SPAN_SECOND);
      pool_fixture_settle (fixture);
    }
  expect_turned_away (fixture, client, G_IO_ERROR_TIMED_OUT, "it did not send its PROXY header in time");
}

static void
test_ended (PoolFixture *fixture,
            gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  SEND (client, "PROXY TCP4 ");
  shutdown (client->fd, SHUT_WR);
  expect_turned_away (fixture, client, G_IO_ERROR_CONNECTION_CLOSED, "it ended before its PROXY header was complete");
}

static void
test_reset (PoolFixture *fixture,
            gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  pool_fixture_wait_for (fixture, n_connections_is, 1);
  test_client_reset (client);
  expect_turned_away (fixture, client, G_IO_ERROR_CONNECTION_CLOSED, "its PROXY header cannot be read");
}

static void
test_untrusted (PoolFixture *fixture,
                gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  expect_turned_away (fixture, client, G_IO_ERROR_PERMISSION_DENIED, "add its network to “proxy-trusted”");
}

static void
assert_fault (PoolFixture *fixture,
              FaultCall call,
              guint n_good)
{
  g_autoptr (TestClient) client = NULL;
  guint n_terminates = g_atomic_int_get (&fixture->script.n_terminates);

  fault_inject (call, n_good, 1, ENOMEM);
  client = test_client_connect (fixture->listen_socket);
  SEND (client, V1);
  pool_fixture_wait_for (fixture, n_terminates_is, n_terminates + 1);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  g_assert_nonnull (strstr (usher_exit_get_error (fixture->script.terminated)->message, "The connection from 127.0.0.1:"));
  fault_clear ();
}

static void
test_faults (PoolFixture *fixture,
             gconstpointer setting)
{
  guint n_fds = sockets_count_fds ();

  for (guint i = 0; i < 3; i++)
    {
      assert_fault (fixture, FAULT_RECV, 0);
      assert_fault (fixture, FAULT_RECV, 1);
      assert_fault (fixture, FAULT_EPOLL_CTL, 0);
      g_assert_cmpuint (sockets_count_fds (), ==, n_fds);
    }
  test_v1 (fixture, setting);
}

static void
test_turns_away_on_loop (PoolFixture *fixture,
                         gconstpointer setting)
{
  g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

  SEND (client, "GET / HTTP/1.1\r\n");
  pool_fixture_wait_for (fixture, n_terminates_is, 1);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  g_assert_cmpstr (client->received->str, ==, "");
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
}

/* The proxy has as many connections as it has clients. */
static void
test_limit_per_peer (PoolFixture *fixture,
                     gconstpointer setting)
{
  TestClient *clients[5];
  g_autoptr (TestClient) one_too_many = NULL;

  g_object_set (fixture->pool, "max-connections-per-peer", 1, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_autofree char *header = g_strdup_printf ("PROXY TCP4 192.0.2.%u 198.51.100.2 5123 443\r\n", i + 1);

      clients[i] = test_client_connect (fixture->listen_socket);
      pool_fixture_wait_for (fixture, n_connections_is, i + 1);
      test_client_send (clients[i], header);
    }
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      g_autofree char *whose = g_strdup_printf ("192.0.2.%u:5123 to 198.51.100.2:443 through 127.0.0.1 for “”\n", i + 1);

      test_client_expect (clients[i], whose);
    }

  one_too_many = test_client_connect (fixture->listen_socket);
  SEND (one_too_many, V1);
  test_client_expect_end (one_too_many);
  pool_fixture_wait_for (fixture, n_terminates_is, 1);
  g_assert_error (usher_exit_get_error (fixture->script.terminated), G_IO_ERROR, G_IO_ERROR_BUSY);
  pool_fixture_wait_for (fixture, n_connections_is, G_N_ELEMENTS (clients));

  shutdown (clients[0]->fd, SHUT_WR);
  test_client_expect_end (clients[0]);
  pool_fixture_wait_for (fixture, n_connections_is, G_N_ELEMENTS (clients) - 1);
  g_clear_pointer (&one_too_many, test_client_free);
  one_too_many = test_client_connect (fixture->listen_socket);
  SEND (one_too_many, V1);
  test_client_expect (one_too_many, V1_WHOSE);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    test_client_free (clients[i]);
}

/* One that is served as itself is counted once. */
static void
test_limit_per_stranger (PoolFixture *fixture,
                         gconstpointer setting)
{
  g_object_set (fixture->pool, "max-connections-per-peer", 1, NULL);
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

      test_client_expect (client, "direct\n");
      leave (fixture, client);
    }
}

/* Others, and the pool. */

static void
test_holds_nobody_up (PoolFixture *fixture,
                      gconstpointer setting)
{
  TestClient *silent[20];

  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    silent[i] = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_connections_is, G_N_ELEMENTS (silent));
  for (guint i = 0; i < 5; i++)
    {
      g_autoptr (TestClient) client = test_client_connect (fixture->listen_socket);

      SEND (client, V1 "hello");
      test_client_expect (client, V1_WHOSE "hello");
    }

  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    test_client_free (silent[i]);
}

static void
test_drains (PoolFixture *fixture,
             gconstpointer setting)
{
  g_autoptr (TestClient) silent = test_client_connect (fixture->listen_socket);
  g_autoptr (TestClient) late = test_client_connect (fixture->listen_socket);

  usher_acceptor_pool_set_grace_msec (fixture->pool, 1000);
  pool_fixture_wait_for (fixture, n_connections_is, 2);
  pool_fixture_settle (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  pool_fixture_settle (fixture);

  SEND (late, V1);
  shutdown (late->fd, SHUT_WR);
  pool_fixture_wait_for (fixture, n_connections_is, 1);
  pool_fixture_settle (fixture);
  fake_clock_advance_usec (1 * G_TIME_SPAN_SECOND);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  test_client_expect_end (silent);
  g_ptr_array_set_size (fixture->reports, 0);
}

static gpointer
make_exit (gpointer user_data)
{
  g_autoptr (GError) error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "thrown out");
  g_autoptr (UsherExit) reason = usher_exit_new_shutdown_with_error (error);

  usher_connection_exit (user_data, reason);
  return NULL;
}

/* Somebody else has had enough of it. */
static void
test_is_made_to_exit (PoolFixture *fixture,
                      gconstpointer setting)
{
  g_autoptr (TestClient) silent = test_client_connect (fixture->listen_socket);
  g_autoptr (GPtrArray) children = NULL;
  g_autoptr (UsherConnection) connection = NULL;

  pool_fixture_wait_for (fixture, n_connections_is, 1);
  children = usher_acceptor_pool_which_children (fixture->pool);
  connection = g_object_ref (usher_connection_info_get_connection (children->pdata[0]));
  g_thread_join (g_thread_new ("test", make_exit, connection));
  pool_fixture_wait_for (fixture, n_terminates_is, 1);
  g_assert_cmpstr (usher_exit_get_error (fixture->script.terminated)->message, ==, "thrown out");
  pool_fixture_wait_for (fixture, n_connections_is, 0);
}

static void
test_is_killed (PoolFixture *fixture,
                gconstpointer setting)
{
  g_autoptr (TestClient) silent = test_client_connect (fixture->listen_socket);

  pool_fixture_wait_for (fixture, n_connections_is, 1);
  usher_child_kill (USHER_CHILD (fixture->pool));
  pool_fixture_expect_exit (fixture, USHER_EXIT_KILLED);
  test_client_expect_end (silent);
  g_assert_cmpuint (usher_acceptor_pool_get_n_connections (fixture->pool), ==, 0);
  g_ptr_array_set_size (fixture->reports, 0);
}

/* The thread that waited for a connection does not wait for ever. */
static void
test_is_killed_in_threads (PoolFixture *fixture,
                           gconstpointer setting)
{
  test_is_killed (fixture, setting);
  pool_fixture_wait_for (fixture, n_terminates_is, 3);
}

/* Settings. */

static void
assert_does_not_open (UsherListenSocket *socket,
                      const char *words)
{
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (usher_listen_socket_open (socket, &error));
      g_test_message ("%s", error->message);
      g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
      g_assert_true (g_str_has_prefix (error->message, "Cannot listen on “"));
      g_assert_nonnull (strstr (error->message, words));
      g_clear_error (&error);
    }
}

static void
test_settings (void)
{
  static const char *const bad[] = { "", "localhost", "10.0.0.0/33", "10.1.2.3/8", "10.0.0.0/", "::1/129", "unix" };
  g_autoptr (UsherListenSocket) socket = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", NULL);
  const char *good[] = { "10.0.0.0/8", "127.0.0.1", "::/0", NULL };
  g_auto (GStrv) got = NULL;
  guint timeout_msec;

  g_object_get (socket, "proxy-timeout-msec", &timeout_msec, "proxy-trusted", &got, NULL);
  g_assert_cmpuint (timeout_msec, ==, 5000);
  g_assert_null (got);

  usher_listen_socket_set_proxy_protocol (socket, USHER_PROXY_PROTOCOL_OPTIONAL);
  assert_does_not_open (socket, "set “proxy-trusted” to the networks of the proxies");
  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const char *networks[] = { "10.0.0.0/8", bad[i], NULL };
      g_autofree char *words = g_strdup_printf ("“proxy-trusted” has “%s”, which is no network", bad[i]);

      usher_listen_socket_set_proxy_trusted (socket, networks);
      assert_does_not_open (socket, words);
    }

  usher_listen_socket_set_proxy_trusted (socket, good);
  g_assert_cmpuint (g_strv_length ((char **) usher_listen_socket_get_proxy_trusted (socket)), ==, 3);
  g_assert_true (usher_listen_socket_open (socket, NULL));
}

/* What was given is not lost by a setting that is refused. */
static void
test_settings_of_given_socket (void)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GSocket) given = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (UsherListenSocket) socket = NULL;

  g_assert_true (g_socket_bind (given, address, TRUE, NULL));
  socket = usher_listen_socket_new_for_socket (given, NULL);
  usher_listen_socket_set_proxy_protocol (socket, USHER_PROXY_PROTOCOL_REQUIRED);
  assert_does_not_open (socket, "set “proxy-trusted”");
  usher_listen_socket_set_proxy_protocol (socket, USHER_PROXY_PROTOCOL_OFF);
  g_assert_true (usher_listen_socket_open (socket, NULL));
}

static void
assert_trust (const char *network,
              const char *peer,
              gboolean is_trusted)
{
  const char *networks[] = { network, NULL };
  g_autoptr (UsherProxyPolicy) policy = usher_proxy_policy_new (USHER_PROXY_PROTOCOL_REQUIRED, networks, 1, NULL);
  g_autoptr (GSocketAddress) address = peer != NULL ? g_inet_socket_address_new_from_string (peer, 1) : NULL;

  g_assert_cmpint (usher_proxy_policy_trusts (policy, address), ==, is_trusted);
}

static void
test_trust (void)
{
  assert_trust ("10.0.0.0/8", "10.1.2.3", TRUE);
  assert_trust ("10.0.0.0/8", "11.1.2.3", FALSE);
  assert_trust ("10.0.0.0/8", "::ffff:10.1.2.3", TRUE);
  assert_trust ("10.0.0.0/8", "::10.1.2.3", FALSE);
  assert_trust ("0.0.0.0/0", "192.0.2.1", TRUE);
  assert_trust ("0.0.0.0/0", "2001:db8::1", FALSE);
  assert_trust ("::/0", "2001:db8::1", TRUE);
  assert_trust ("::/0", "::ffff:10.1.2.3", FALSE);
  assert_trust ("192.0.2.1", "192.0.2.1", TRUE);
  assert_trust ("192.0.2.1", "192.0.2.2", FALSE);
  assert_trust ("10.0.0.0/8", NULL, TRUE);
}

#define ADD(path, setting, func)                                                                              \
  G_STMT_START                                                                                                \
  {                                                                                                           \
    g_test_add ("/pool-proxy/" path, PoolFixture, &setting, set_up_scripted, func, tear_down);                \
    g_test_add ("/pool-proxy/" path "/in-two-workers", PoolFixture, &setting, set_up_scripted_in_two_workers, \
                func, tear_down);                                                                             \
  }                                                                                                           \
  G_STMT_END
#define ADD_ON_LOOP(path, setting, func)                                                                         \
  G_STMT_START                                                                                                   \
  {                                                                                                              \
    g_test_add ("/pool-proxy/" path "/on-the-loop", PoolFixture, &setting, set_up_on_loop, func, tear_down);     \
    g_test_add ("/pool-proxy/" path "/on-the-loop/in-two-workers", PoolFixture, &setting, set_up_in_two_workers, \
                func, tear_down);                                                                                \
  }                                                                                                              \
  G_STMT_END

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("takes-a-header/v1", required, test_v1);
  ADD ("takes-a-header/v1-if-there-is-one", optional, test_v1);
  ADD ("takes-a-header/v2", required, test_v2);
  ADD ("takes-a-header/v2-if-there-is-one", optional, test_v2);
  ADD ("takes-a-header/of-the-proxy-itself", required, test_local);
  ADD ("takes-a-header/byte-by-byte", required, test_byte_by_byte);
  ADD_ON_LOOP ("takes-a-header", required, test_echo_on_loop);
  ADD ("waits-asleep", required, test_waits_asleep);
  ADD ("may-do-without", optional, test_optional);
  ADD ("may-do-without-when-the-time-is-over", optional, test_optional_and_silent);
  ADD ("leaves-what-a-stranger-says", optional_of_others, test_optional_and_untrusted);
  ADD ("ends-without-a-header", required, test_missing);
  ADD_ON_LOOP ("ends-without-a-header", required, test_turns_away_on_loop);
  ADD ("ends-with-a-broken-header", required, test_broken);
  ADD ("ends-with-a-broken-header/though-it-may-do-without", optional, test_broken);
  ADD ("ends-with-an-endless-header", required, test_endless);
  ADD ("ends-when-the-time-is-over", required, test_silent);
  ADD ("ends-when-the-time-is-over/however-slowly-it-comes", required, test_slow);
  ADD ("ends-when-the-peer-ends", required, test_ended);
  ADD ("ends-when-the-peer-resets", required, test_reset);
  ADD ("ends-for-strangers", required_of_others, test_untrusted);
  ADD ("ends-when-a-system-call-fails", required, test_faults);
  ADD ("is-counted-by-whose-it-is", required, test_limit_per_peer);
  ADD ("is-counted-once", optional_of_others, test_limit_per_stranger);
  ADD ("holds-nobody-up", required, test_holds_nobody_up);
  ADD ("drains", required, test_drains);
  ADD ("is-made-to-exit", required, test_is_made_to_exit);
  ADD ("is-killed/in-threads", required, test_is_killed_in_threads);
  ADD_ON_LOOP ("is-killed", required, test_is_killed);
  g_test_add_func ("/pool-proxy/refuses-settings-that-it-cannot-use", test_settings);
  g_test_add_func ("/pool-proxy/keeps-a-given-socket-when-it-refuses", test_settings_of_given_socket);
  g_test_add_func ("/pool-proxy/trusts-networks", test_trust);

  return g_test_run ();
}
