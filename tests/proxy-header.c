/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/proxy-header-private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#define V2 "\r\n\r\n\0\r\nQUIT\n"
#define V2_LENGTH 12

/* Bytes, among which may be zeros. */
#define BYTES(literal) (const guint8 *) (literal), sizeof (literal) - 1

static void
assert_endpoint (const struct sockaddr_storage *address,
                 const char *host,
                 guint port)
{
  const struct sockaddr_in *ipv4 = (const struct sockaddr_in *) address;
  const struct sockaddr_in6 *ipv6 = (const struct sockaddr_in6 *) address;
  char text[INET6_ADDRSTRLEN];

  if (address->ss_family == AF_INET)
    inet_ntop (AF_INET, &ipv4->sin_addr, text, sizeof text);
  else
    inet_ntop (AF_INET6, &ipv6->sin6_addr, text, sizeof text);

  g_assert_cmpstr (text, ==, host);
  g_assert_cmpuint (ntohs (address->ss_family == AF_INET ? ipv4->sin_port : ipv6->sin6_port), ==, port);
}

/* Good ones. */

static const struct
{
  const guint8 *bytes;
  gsize n_bytes;
  gsize length;
  const char *source; /* (nullable): NULL if it says nothing */
  guint source_port;
  const char *destination;
  guint destination_port;
} good[] = {
  { BYTES ("PROXY TCP4 192.0.2.1 198.51.100.2 5123 443\r\n"), 44, "192.0.2.1", 5123, "198.51.100.2", 443 },
  { BYTES ("PROXY TCP4 192.0.2.1 198.51.100.2 5123 443\r\nGET / HTTP/1.1\r\n"), 44, "192.0.2.1", 5123, "198.51.100.2", 443 },
  { BYTES ("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n"), 44, "255.255.255.255", 65535, "0.0.0.0", 0 },
  { BYTES ("PROXY TCP6 2001:db8::1 ::1 1 2\r\n"), 32, "2001:db8::1", 1, "::1", 2 },
  { BYTES ("PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n"), 104,
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535 },
  { BYTES ("PROXY UNKNOWN\r\n"), 15 },
  { BYTES ("PROXY UNKNOWN whatever it is that follows\r\nhello"), 43 },
  { BYTES (V2 "\x21\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\x14\x03\x01\xbb"
              "GET /"),
    28, "192.0.2.1", 5123, "198.51.100.2", 443 },
  { BYTES (V2 "\x21\x21\0\x24\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x01\0\x02"), 52,
    "2001:db8::1", 1, "::1", 2 },
  /* The proxy's own connection. */
  { BYTES (V2 "\x20\0\0\0"), 16 },
  { BYTES (V2 "\x20\x11\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\x14\x03\x01\xbb"), 28 },
  { BYTES (V2 "\x20\xff\0\x02\xff\xff"), 18 },
  /* It does not say whose. */
  { BYTES (V2 "\x21\0\0\0"), 16 },
  { BYTES (V2 "\x21\x01\0\0"), 16 },
  { BYTES (V2 "\x21\0\0\x03\x04\0\0"), 19 },
  /* Datagrams. */
  { BYTES (V2 "\x21\x12\0\x0c\xc0\0\x02\x01\xc6\x33\x64\x02\x14\x03\x01\xbb"), 28 },
};

static void
test_good (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      UsherProxyHeader header;

      g_test_message ("row %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (usher_proxy_header_parse (good[i].bytes, good[i].n_bytes, &header), ==, USHER_PROXY_HEADER_COMPLETE);
      g_assert_cmpuint (header.length, ==, good[i].length);
      g_assert_cmpint (header.has_addresses, ==, good[i].source != NULL);
      g_assert_null (header.problem);
      if (good[i].source == NULL)
        continue;

      assert_endpoint (&header.source, good[i].source, good[i].source_port);
      assert_endpoint (&header.destination, good[i].destination, good[i].destination_port);
    }
}

/* As long as it is not all there, nothing is wrong. */
static void
test_truncated (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    for (gsize n = 0; n < good[i].length; n++)
      {
        g_autofree guint8 *part = g_memdup2 (good[i].bytes, n);
        UsherProxyHeader header;

        g_assert_cmpint (usher_proxy_header_parse (n == 0 ? good[i].bytes : part, n, &header), ==, USHER_PROXY_HEADER_INCOMPLETE);
      }
}

static void
test_unix (void)
{
  guint8 bytes[V2_LENGTH + 4 + 216] = V2 "\x21\x31\0\xd8";
  UsherProxyHeader header;

  strcpy ((char *) bytes + 16, "/run/client");
  strcpy ((char *) bytes + 16 + 108, "/run/server");
  g_assert_cmpint (usher_proxy_header_parse (bytes, sizeof bytes, &header), ==, USHER_PROXY_HEADER_COMPLETE);
  g_assert_true (header.has_addresses);
  g_assert_cmpint (header.source.ss_family, ==, AF_UNIX);
  g_assert_cmpstr (((struct sockaddr_un *) &header.source)->sun_path, ==, "/run/client");
  g_assert_cmpstr (((struct sockaddr_un *) &header.destination)->sun_path, ==, "/run/server");
}

/* What is none. */

static const struct
{
  const guint8 *bytes;
  gsize n_bytes;
} none[] = {
  { BYTES ("G") },
  { BYTES ("GET / HTTP/1.1\r\n") },
  { BYTES ("PROXZ ") },
  { BYTES ("PROPFIND / HTTP/1.1\r\n") },
  { BYTES ("PROXY\t") },
  { BYTES ("proxy TCP4") },
  { BYTES ("\r\n\r\nGET / HTTP/1.1\r\n") },
  { BYTES ("\r\n\r\n\0\r\nQUIT!") },
  { BYTES ("\x16\x03\x01\x02") },
  { BYTES ("\0") },
};

static void
test_none (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (none); i++)
    {
      UsherProxyHeader header;

      g_test_message ("row %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (usher_proxy_header_parse (none[i].bytes, none[i].n_bytes, &header), ==, USHER_PROXY_HEADER_NONE);
    }
}

/* Bad ones. */

static const struct
{
  const guint8 *bytes;
  gsize n_bytes;
  const char *words;
} bad[] = {
  { BYTES ("PROXY \r\n"), "neither for TCP4" },
  { BYTES ("PROXY  TCP4 192.0.2.1 198.51.100.2 5123 443\r\n"), "neither for TCP4" },
  { BYTES ("PROXY UDP4 192.0.2.1 198.51.100.2 5123 443\r\n"), "neither for TCP4" },
  { BYTES ("PROXY tcp4 192.0.2.1 198.51.100.2 5123 443\r\n"), "neither for TCP4" },
  { BYTES ("PROXY TCP4\r\n"), "two addresses and two ports" },
  { BYTES ("PROXY TCP4 192.0.2.1 198.51.100.2 5123\r\n"), "two addresses and two ports" },
  { BYTES ("PROXY TCP4 192.0.2.1 198.51.100.2 5123 443 1\r\n"), "two addresses and two ports" },
  { BYTES ("PROXY TCP4 192.0.2.1 198.51.100.2 5123 443 \r\n"), "two addresses and two ports" },
  { BYTES ("PROXY TCP4 192.0.2.1  198.51.100.2 5123\r\n"), "malformed" },
  { BYTES ("PROXY TCP4 192.0.2.256 198.51.100.2 5123 443\r\n"), "malformed" },
  { BYTES ("PROXY TCP4 192.0.2 198.51.100.2 5123 443\r\n"), "malformed" },
  { BYTES ("PROXY TCP4 192.0.2.01 198.51.100.2 5123 443\r\n"), "malformed" },
  { BYTES ("PROXY TCP4 ::1 ::1 5123 443\r\n"), "malformed" },
  { BYTES ("PROXY TCP6 192.0.2.1 198.51.100.2 5123 443\r\n"), "malformed" },
  { BYTES ("PROXY TCP6 fe80::1%lo ::1 5123 443\r\n"), "malformed" },
  { BYTES ("PROXY TCP4 192.0.2.1 198.51.100.2 65536 443\r\n"), "malformed" },
  { BYTES ("PROXY TCP4 192.0.2.1 198.51.100.2 -1 443\r\n"), "malformed" },
  { BYTES ("PROXY TCP4 192.0.2.1 198.51.100.2 +1 443\r\n"), "malformed" },
  { BYTES ("PROXY TCP4 192.0.2.1 198.51.100.2 0443 443\r\n"), "malformed" },
  { BYTES ("PROXY TCP4 192.0.2.1 198.51.100.2 5123 http\r\n"), "malformed" },
  { BYTES ("PROXY TCP4 192.0.2.1 198.51.100.2 5123 443\n"), "CR and LF" },
  { BYTES ("PROXY \n"), "CR and LF" },
  { BYTES ("PROXY TCP4 192.0.2.1\0 198.51.100.2 5123 443\r\n"), "zero byte" },
  { BYTES ("PROXY UNKNOWN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
    "longer than 107 bytes" },
  { BYTES (V2 "\x11\x11\0\0"), "version or its command" },
  { BYTES (V2 "\x31\x11\0\0"), "version or its command" },
  { BYTES (V2 "\x22\x11\0\0"), "version or its command" },
  { BYTES (V2 "\x21\x11\0\x0b...........)"), "too short for its addresses" },
  { BYTES (V2 "\x21\x21\0\x0c............"), "too short for its addresses" },
  { BYTES (V2 "\x21\x31\0\x0c............"), "too short for its addresses" },
  { BYTES (V2 "\x21\x41\0\0"), "unknown family" },
  { BYTES (V2 "\x21\xf1\0\0"), "unknown family" },
  { BYTES (V2 "\x21\x13\0\x0c............"), "unknown family or transport" },
  { BYTES (V2 "\x21\x11\xff\xff"), "longer than 4096 bytes" },
  { BYTES (V2 "\x21\x11\x0f\xf1"), "longer than 4096 bytes" },
  { BYTES (V2 "\x21\x11\0\x0d............\x04"), "cut off" },
  { BYTES (V2 "\x21\x11\0\x0e............\x04\0"), "cut off" },
  { BYTES (V2 "\x21\x11\0\x10............\x04\0\x02\0"), "cut off" },
  { BYTES (V2 "\x21\x11\0\x0f............\x03\0\0"), "checksum" },
  { BYTES (V2 "\x21\x11\0\x13............\x03\0\x04\0\0\0\0"), "checksum" },
};

static void
test_bad (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      UsherProxyHeader header;

      g_test_message ("row %" G_GSIZE_FORMAT, i);
      g_assert_cmpint (usher_proxy_header_parse (bad[i].bytes, bad[i].n_bytes, &header), ==, USHER_PROXY_HEADER_BAD);
      g_assert_nonnull (strstr (header.problem, bad[i].words));
    }
}

/* The longest that is taken. */
static void
test_longest (void)
{
  static guint8 bytes[USHER_PROXY_HEADER_MAX] = V2 "\x21\x11\x0f\xf0";
  const gsize rest = USHER_PROXY_HEADER_MAX - 16 - 12 - 3;
  UsherProxyHeader header;
  gsize length;

  bytes[28] = 0x04;
  bytes[29] = rest >> 8;
  bytes[30] = rest & 0xff;
  g_assert_cmpint (usher_proxy_header_parse (bytes, sizeof bytes - 1, &header), ==, USHER_PROXY_HEADER_INCOMPLETE);
  g_assert_cmpint (usher_proxy_header_parse (bytes, sizeof bytes, &header), ==, USHER_PROXY_HEADER_COMPLETE);
  g_assert_cmpuint (header.length, ==, sizeof bytes);
  g_assert_nonnull (usher_proxy_header_find_tlv (header.tlvs, header.tlvs_length, 0x04, &length));
  g_assert_cmpuint (length, ==, rest);
}

/* Extensions. */

static void
assert_tlv (const UsherProxyHeader *header,
            guint8 type,
            const char *expected)
{
  gsize length;
  const guint8 *value = usher_proxy_header_find_tlv (header->tlvs, header->tlvs_length, type, &length);

  g_assert_cmpint (value != NULL, ==, expected != NULL);
  if (expected != NULL)
    g_assert_cmpmem (value, length, expected, strlen (expected));
}

static void
test_tlvs (void)
{
  static const guint8 bytes[] = V2 "\x21\x11\0\x20............"
                                   "\x01\0\x02"
                                   "h2"
                                   "\x04\0\0"
                                   "\x02\0\x06"
                                   "a.test"
                                   "\x02\0\x00";
  UsherProxyHeader header;

  g_assert_cmpint (usher_proxy_header_parse (bytes, sizeof bytes - 1, &header), ==, USHER_PROXY_HEADER_COMPLETE);
  assert_tlv (&header, 0x01, "h2");
  assert_tlv (&header, 0x02, "a.test");
  assert_tlv (&header, 0x04, "");
  assert_tlv (&header, 0x05, NULL);

  g_assert_cmpint (usher_proxy_header_parse (good[0].bytes, good[0].n_bytes, &header), ==, USHER_PROXY_HEADER_COMPLETE);
  assert_tlv (&header, 0x01, NULL);
}

/* Computed by another implementation. */
static void
test_checksum (void)
{
  guint8 bytes[] = V2 "\x21\x11\0\x13\xc0\0\x02\x01\xc6\x33\x64\x02\x14\x03\x01\xbb"
                      "\x03\0\x04"
                      "CRC!";
  UsherProxyHeader header;

  memcpy (bytes + 31, "\x63\x5a\xfa\xe3", 4);
  g_assert_cmpint (usher_proxy_header_parse (bytes, sizeof bytes - 1, &header), ==, USHER_PROXY_HEADER_COMPLETE);
  assert_endpoint (&header.source, "192.0.2.1", 5123);

  /* Neither the addresses nor the checksum may have changed on the way. */
  for (gsize i = 16; i < 35; i = i == 27 ? 31 : i + 1)
    {
      bytes[i] ^= 0x10;
      g_assert_cmpint (usher_proxy_header_parse (bytes, sizeof bytes - 1, &header), ==, USHER_PROXY_HEADER_BAD);
      bytes[i] ^= 0x10;
    }
}

/* Anything. */

static void
assert_sane (const guint8 *bytes,
             gsize n_bytes)
{
  UsherProxyHeader header;
  UsherProxyHeaderResult result = usher_proxy_header_parse (bytes, n_bytes, &header);
  gsize length;

  g_assert_true ((result == USHER_PROXY_HEADER_BAD) == (header.problem != NULL));
  if (result == USHER_PROXY_HEADER_INCOMPLETE)
    g_assert_cmpuint (n_bytes, <, USHER_PROXY_HEADER_MAX);
  if (result != USHER_PROXY_HEADER_COMPLETE)
    return;

  g_assert_cmpuint (header.length, >=, 15);
  g_assert_cmpuint (header.length, <=, n_bytes);
  for (guint type = 0; type < 256; type++)
    usher_proxy_header_find_tlv (header.tlvs, header.tlvs_length, type, &length);
}

/* Exactly as long as what is parsed, so that reading on is noticed. */
static void
test_random (void)
{
  for (guint i = 0; i < 20000; i++)
    {
      guint row = g_test_rand_int_range (0, G_N_ELEMENTS (good));
      gsize n = g_test_rand_bit () ? good[row].n_bytes : (gsize) g_test_rand_int_range (1, 300);
      g_autofree guint8 *bytes = g_malloc0 (n);
      guint n_changes = g_test_rand_int_range (0, 4);

      memcpy (bytes, good[row].bytes, MIN (n, good[row].n_bytes));
      for (guint change = 0; change < n_changes; change++)
        bytes[g_test_rand_int_range (0, n)] = g_test_rand_int_range (0, 256);
      assert_sane (bytes, n);
    }
}

static void
test_noise (void)
{
  for (guint i = 0; i < 20000; i++)
    {
      gsize n = g_test_rand_int_range (16, 300);
      g_autofree guint8 *bytes = g_malloc (n);

      for (gsize j = 0; j < n; j++)
        bytes[j] = g_test_rand_int_range (0, 256);
      memcpy (bytes, V2 "\x21", 13);
      bytes[13] = g_test_rand_int_range (0, 4) << 4 | 1;
      bytes[14] = 0;
      assert_sane (bytes, n);
    }
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/proxy-header/is-parsed", test_good);
  g_test_add_func ("/proxy-header/is-waited-for", test_truncated);
  g_test_add_func ("/proxy-header/may-have-unix-addresses", test_unix);
  g_test_add_func ("/proxy-header/is-told-from-anything-else", test_none);
  g_test_add_func ("/proxy-header/says-what-is-wrong", test_bad);
  g_test_add_func ("/proxy-header/is-bounded", test_longest);
  g_test_add_func ("/proxy-header/has-extensions", test_tlvs);
  g_test_add_func ("/proxy-header/has-a-checksum", test_checksum);
  g_test_add_func ("/proxy-header/survives-changes", test_random);
  g_test_add_func ("/proxy-header/survives-noise", test_noise);

  return g_test_run ();
}
