/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-address-private.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/socket.h>

#include "usher/error.h"

#define MAX_UNIX_PATH 107

static const char *const round_trips[] = {
  "tcp://127.0.0.1:7000",
  "tcp://0.0.0.0:0",
  "tcp://255.255.255.255:65535",
  "tcp://[::]:7000",
  "tcp://[::1]:1",
  "tcp://[2001:db8::7]:443",
  "tcp://[fe80::1%1]:7000",
  "tcp://[fe80::1%4294967295]:7000",
  "tcp://[::ffff:127.0.0.1]:7000",
  "unix:/run/example.sock",
  "unix:relative.sock",
  "unix:tcp://127.0.0.1:7000",
  "unix:/with space/and:colon/[bracket]",
  "unix-abstract:example",
  "unix-abstract:/looks/like a:path",
};

/* What is refused, and words that the message has to hold. */
static const struct
{
  const char *address;
  const char *words;
} refusals[] = {
  { "", "write tcp://ADDRESS:PORT, unix:PATH, unix-abstract:NAME, fd:NUMBER or systemd:NAME" },
  { "/run/example.sock", "write unix:/run/example.sock" },
  { "7000", "neither tcp:// nor unix:" },
  { "127.0.0.1:7000", "neither tcp:// nor unix:" },
  { "http://127.0.0.1:7000", "neither tcp:// nor unix:" },
  { "TCP://127.0.0.1:7000", "neither tcp:// nor unix:" },
  { "tcp:127.0.0.1:7000", "neither tcp:// nor unix:" },
  { " tcp://127.0.0.1:7000", "neither tcp:// nor unix:" },
  { "tcp://", "the port is missing; write tcp://127.0.0.1:7000" },
  { "tcp://:", "the address is missing" },
  { "tcp://:7000", "the address is missing" },
  { "tcp://127.0.0.1", "the port is missing; write tcp://127.0.0.1:7000" },
  { "tcp://127.0.0.1:", "the port is missing" },
  { "tcp://127.0.0.1:65536", "“65536” is not a number from 0 to 65535" },
  { "tcp://127.0.0.1:-1", "“-1” is not a number from 0 to 65535" },
  { "tcp://127.0.0.1:+1", "“+1” is not a number from 0 to 65535" },
  { "tcp://127.0.0.1:99999999999999999999", "is not a number from 0 to 65535" },
  { "tcp://127.0.0.1:http", "“http” is not a number from 0 to 65535" },
  { "tcp://127.0.0.1:7000/", "“7000/” is not a number from 0 to 65535" },
  { "tcp://127.0.0.1: 7000", "is not a number from 0 to 65535" },
  { "tcp://localhost:7000", "have usher_listen_sockets_new_for_address() look it up" },
  { "tcp://localhost:http", "“http” is not a number from 0 to 65535" },
  { "tcp://*:7000", "write [::] for all addresses" },
  { "tcp://127.1:7000", "“127.1” is not a numeric address" },
  { "tcp://::1:7000", "has to be in brackets; write tcp://[::1]:7000" },
  { "tcp://::", "has to be in brackets" },
  { "tcp://[::1:7000", "the bracket is not closed" },
  { "tcp://[", "the bracket is not closed" },
  { "tcp://[::1]", "the port is missing; write tcp://[::1]:7000" },
  { "tcp://[::1]7000", "a colon and the port" },
  { "tcp://[]:7000", "is not an IPv6 address" },
  { "tcp://[127.0.0.1]:7000", "is not an IPv6 address" },
  { "tcp://[::1]]:7000", "is not an IPv6 address" },
  { "tcp://[fe80::1]:7000", "write tcp://[fe80::1%eth0]:7000" },
  { "tcp://[fe80::1%]:7000", "there is no network interface “”" },
  { "tcp://[fe80::1%0]:7000", "there is no network interface “0”" },
  { "tcp://[fe80::1%no-such-interface-here]:7000", "there is no network interface “no-such-interface-here”" },
  { "unix:", "the path is missing; write unix:/run/example.sock" },
  { "unix:/run/", "write for instance unix:/run/example.sock" },
  { "unix-abstract:", "the name is missing; write for instance unix-abstract:example" },
  { "unix-abstract", "neither tcp:// nor unix:" },
};

static void
test_round_trips (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (round_trips); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocketAddress) address = usher_listen_address_parse (round_trips[i], &error);
      g_autofree char *formatted = NULL;

      g_assert_no_error (error);
      formatted = usher_listen_address_format (address);
      g_assert_cmpstr (formatted, ==, round_trips[i]);
    }
}

static void
test_refusals (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *quoted = g_strdup_printf ("“%s”", refusals[i].address);

      g_test_message ("%s", refusals[i].address);
      g_assert_null (usher_listen_address_parse (refusals[i].address, &error));
      g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, quoted));
      g_assert_nonnull (strstr (error->message, refusals[i].words));
      g_assert_null (usher_listen_address_parse (refusals[i].address, NULL));
    }
}

static void
test_interface_name (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = usher_listen_address_parse ("tcp://[fe80::1%lo]:7000", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (g_inet_socket_address_get_scope_id (G_INET_SOCKET_ADDRESS (address)), ==, 1);
}

static char *
make_unix_address (const char *scheme,
                   gsize length)
{
  g_autofree char *path = g_strnfill (length, 'x');

  return g_strconcat (scheme, path, NULL);
}

static void
test_longest_path (gconstpointer scheme)
{
  g_autofree char *text = make_unix_address (scheme, MAX_UNIX_PATH);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) address = usher_listen_address_parse (text, &error);
  g_autofree char *formatted = NULL;

  g_assert_no_error (error);
  formatted = usher_listen_address_format (address);
  g_assert_cmpstr (formatted, ==, text);
}

static void
test_too_long_path (gconstpointer scheme)
{
  g_autofree char *text = make_unix_address (scheme, MAX_UNIX_PATH + 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (usher_listen_address_parse (text, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
  g_assert_nonnull (strstr (error->message, "108 bytes"));
  g_assert_nonnull (strstr (error->message, "at most 107"));
}

static void
test_from_socket_address (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (round_trips); i++)
    {
      g_autoptr (GSocketAddress) address = usher_listen_address_parse (round_trips[i], NULL);
      g_autoptr (GError) error = NULL;
      g_autofree char *text = usher_listen_address_from_socket_address (address, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (text, ==, round_trips[i]);
    }
}

/* (transfer full): address */
static void
assert_refused (GSocketAddress *address,
                const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (usher_listen_address_from_socket_address (address, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
  g_assert_null (usher_listen_address_from_socket_address (address, NULL));
  g_object_unref (address);
}

static void
test_from_bad_socket_address (void)
{
  const struct sockaddr netlink = { .sa_family = AF_NETLINK };

  assert_refused (g_unix_socket_address_new_with_type ("a\0b", 3, G_UNIX_SOCKET_ADDRESS_ABSTRACT), "zero byte");
  assert_refused (g_unix_socket_address_new_with_type ("a", 1, G_UNIX_SOCKET_ADDRESS_ABSTRACT_PADDED), "padded with zero bytes");
  assert_refused (g_unix_socket_address_new_with_type ("", 0, G_UNIX_SOCKET_ADDRESS_ANONYMOUS), "give it a path");
  assert_refused (g_inet_socket_address_new_from_string ("fe80::1", 7000), "needs its interface");
  assert_refused (g_native_socket_address_new ((gpointer) &netlink, sizeof netlink), "give a GInetSocketAddress");
}

static void
assert_name (const char *address,
             const char *host,
             guint port)
{
  g_auto (UsherListenName) name = { 0 };

  g_assert_cmpint (usher_listen_address_parse_name (address, &name), ==, host != NULL);
  g_assert_cmpstr (name.host, ==, host);
  if (host != NULL)
    g_assert_cmpuint (name.port, ==, port);
}

static void
test_names (void)
{
  assert_name ("tcp://localhost:7000", "localhost", 7000);
  assert_name ("tcp://a_b-1.example.org:0", "a_b-1.example.org", 0);
  assert_name ("tcp://localhost:http", NULL, 0);
  assert_name ("tcp://localhost", NULL, 0);
  assert_name ("tcp://127.0.0.1:7000", NULL, 0);
  assert_name ("tcp://127.1:7000", NULL, 0);
  assert_name ("tcp://[::1]:7000", NULL, 0);
  assert_name ("tcp://a::1:7000", NULL, 0);
  assert_name ("tcp://*:7000", NULL, 0);
  assert_name ("tcp://:7000", NULL, 0);
  assert_name ("unix:localhost:7000", NULL, 0);
}

static void
test_set_port (void)
{
  g_autofree char *ipv4 = usher_listen_address_set_port ("tcp://127.0.0.1:0", 7000);
  g_autofree char *ipv6 = usher_listen_address_set_port ("tcp://[::1]:0", 7000);

  g_assert_cmpstr (ipv4, ==, "tcp://127.0.0.1:7000");
  g_assert_cmpstr (ipv6, ==, "tcp://[::1]:7000");
}

static void
test_message_is_utf8 (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (usher_listen_address_parse ("\xff\xfe", &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
assert_peer (const char *host,
             const char *expected)
{
  g_autofree char *text = g_strdup_printf ("tcp://%s:5123", host);
  g_autoptr (GSocketAddress) address = usher_listen_address_parse (text, NULL);
  g_autofree char *formatted = usher_listen_address_format_peer (address);

  g_assert_cmpstr (formatted, ==, expected);
}

static void
test_peers (void)
{
  assert_peer ("127.0.0.1", "127.0.0.1:5123");
  assert_peer ("[::1]", "[::1]:5123");
  assert_peer ("[::ffff:192.0.2.7]", "192.0.2.7:5123");
  assert_peer ("[::192.0.2.7]", "[::192.0.2.7]:5123");
  assert_peer ("[fe80::1%1]", "[fe80::1%1]:5123");
}

/* Pieces of addresses, and noise, in any order. */
static char *
make_random_text (void)
{
  static const char *const pieces[] = {
    "tcp://",
    "unix:",
    "unix-abstract:",
    "tcp:",
    "[",
    "]",
    ":",
    "::",
    "/",
    "%",
    "%lo",
    "%1",
    "127.0.0.1",
    "::1",
    "fe80::1",
    "::ffff:1.2.3.4",
    ".",
    "0",
    "7000",
    "65535",
    "65536",
    "-",
    " ",
    "localhost",
    "\xc3\xa9",
    "\xff",
    "\n",
    "tcp://127.0.0.1:7000",
    "tcp://[::1]:7000",
    "tcp://[fe80::1%1]:7000",
  };
  GString *text = g_string_new (g_test_rand_bit () ? "tcp://" : "");
  int n_pieces = g_test_rand_int_range (0, 8);

  for (int i = 0; i < n_pieces; i++)
    g_string_append (text, pieces[g_test_rand_int_range (0, G_N_ELEMENTS (pieces))]);
  if (text->len > 0 && g_test_rand_bit ())
    text->str[g_test_rand_int_range (0, text->len)] = g_test_rand_int_range (1, 256);

  return g_string_free (text, FALSE);
}

static void
assert_round_trip (GSocketAddress *address)
{
  g_autofree char *once = usher_listen_address_format (address);
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) again = usher_listen_address_parse (once, &error);
  g_autofree char *twice = NULL;

  g_assert_no_error (error);
  twice = usher_listen_address_format (again);
  g_assert_cmpstr (once, ==, twice);
}

static void
test_random (void)
{
  guint n_parsed = 0;

  for (guint i = 0; i < 20000; i++)
    {
      g_autofree char *text = make_random_text ();
      g_autoptr (GError) error = NULL;
      g_autoptr (GSocketAddress) address = usher_listen_address_parse (text, &error);

      g_assert_true ((address == NULL) == (error != NULL));
      if (error != NULL)
        g_assert_true (g_utf8_validate (error->message, -1, NULL));
      if (address != NULL)
        assert_round_trip (address);
      n_parsed += address != NULL;
    }

  g_assert_cmpuint (n_parsed, >, 100);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/listen-address/is-written-as-it-was-read", test_round_trips);
  g_test_add_func ("/listen-address/says-what-is-wrong-and-what-to-write", test_refusals);
  g_test_add_func ("/listen-address/takes-the-name-of-an-interface", test_interface_name);
  g_test_add_data_func ("/listen-address/takes-the-longest-path", "unix:", test_longest_path);
  g_test_add_data_func ("/listen-address/takes-the-longest-name", "unix-abstract:", test_longest_path);
  g_test_add_data_func ("/listen-address/refuses-a-longer-path-with-the-numbers", "unix:", test_too_long_path);
  g_test_add_data_func ("/listen-address/refuses-a-longer-name-with-the-numbers", "unix-abstract:", test_too_long_path);
  g_test_add_func ("/listen-address/is-made-of-a-socket-address", test_from_socket_address);
  g_test_add_func ("/listen-address/refuses-a-socket-address-that-is-none-to-listen-on", test_from_bad_socket_address);
  g_test_add_func ("/listen-address/knows-names", test_names);
  g_test_add_func ("/listen-address/changes-its-port", test_set_port);
  g_test_add_func ("/listen-address/complains-in-utf-8", test_message_is_utf8);
  g_test_add_func ("/listen-address/writes-peers-as-people-do", test_peers);
  g_test_add_func ("/listen-address/survives-anything", test_random);

  return g_test_run ();
}
