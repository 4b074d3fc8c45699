/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/client-hello-private.h"

#include <string.h>

/* Putting one together. */

static void
append_number (GByteArray *bytes,
               guint n_bytes,
               guint number)
{
  for (guint i = n_bytes; i > 0; i--)
    g_byte_array_append (bytes, &(guint8){ number >> (8 * (i - 1)) }, 1);
}

/* With its length, in so many bytes, before it. Takes `vector`. */
static void
append_vector (GByteArray *bytes,
               guint n_length_bytes,
               GByteArray *vector)
{
  append_number (bytes, n_length_bytes, vector->len);
  g_byte_array_append (bytes, vector->data, vector->len);
  g_byte_array_unref (vector);
}

static GByteArray *
make_text (const char *text,
           gsize length)
{
  return g_byte_array_append (g_byte_array_new (), (const guint8 *) text, length);
}

static GByteArray *
make_zeros (gsize length)
{
  GByteArray *zeros = g_byte_array_new ();

  g_byte_array_set_size (zeros, length);
  memset (zeros->data, 0, length);
  return zeros;
}

static void
append_extension (GByteArray *extensions,
                  guint type,
                  GByteArray *value)
{
  append_number (extensions, 2, type);
  append_vector (extensions, 2, value);
}

static GByteArray *
make_server_names (guint type,
                   const char *name,
                   gsize length)
{
  GByteArray *names = g_byte_array_new ();
  GByteArray *list = g_byte_array_new ();

  append_number (names, 1, type);
  append_vector (names, 2, make_text (name, length));
  append_vector (list, 2, names);
  return list;
}

/* Takes the extensions (nullable): without them it is one of the oldest. */
static GByteArray *
make_message (GByteArray *extensions)
{
  GByteArray *body = make_zeros (2 + 32);
  GByteArray *message = g_byte_array_new ();

  append_vector (body, 1, make_zeros (32));
  append_vector (body, 2, make_zeros (16));
  append_vector (body, 1, make_zeros (1));
  if (extensions != NULL)
    append_vector (body, 2, extensions);

  append_number (message, 1, 1);
  append_vector (message, 3, body);
  return message;
}

/* In records that are no longer than that. Takes the message. */
static GByteArray *
make_records (GByteArray *message,
              gsize max)
{
  GByteArray *records = g_byte_array_new ();

  for (gsize i = 0; i < message->len; i += max)
    {
      append_number (records, 3, 0x160301);
      append_vector (records, 2, make_text ((char *) message->data + i, MIN (max, message->len - i)));
    }

  g_byte_array_unref (message);
  return records;
}

static GByteArray *
make_hello (const char *server_name)
{
  GByteArray *extensions = g_byte_array_new ();

  append_extension (extensions, 0x2b, make_zeros (5));
  append_extension (extensions, 0, make_server_names (0, server_name, strlen (server_name)));
  append_extension (extensions, 0x10, make_zeros (12));
  return make_records (make_message (extensions), 16384);
}

/* Of a copy, as it is moved about, which ends where its memory ends. */
static UsherClientHelloResult
parse (const guint8 *bytes,
       gsize length,
       UsherClientHello *hello)
{
  g_autofree guint8 *copy = g_memdup2 (bytes, length);

  return usher_client_hello_parse (copy, length, hello);
}

/* Takes the bytes. */
static void
expect (GByteArray *bytes,
        UsherClientHelloResult result,
        const char *server_name)
{
  UsherClientHello hello;

  g_assert_cmpint (parse (bytes->data, bytes->len, &hello), ==, result);
  g_assert_cmpstr (hello.server_name, ==, server_name);
  g_assert_true ((hello.problem != NULL) == (result == USHER_CLIENT_HELLO_BAD));
  g_byte_array_unref (bytes);
}

/* Good ones. */

static void
test_tells_the_server_name (void)
{
  g_autofree char *longest = g_strnfill (USHER_SERVER_NAME_MAX, 'x');

  expect (make_hello ("localhost"), USHER_CLIENT_HELLO_COMPLETE, "localhost");
  expect (make_hello ("WWW.Example_1.ORG"), USHER_CLIENT_HELLO_COMPLETE, "www.example_1.org");
  expect (make_hello ("x"), USHER_CLIENT_HELLO_COMPLETE, "x");
  expect (make_hello (longest), USHER_CLIENT_HELLO_COMPLETE, longest);
}

static void
test_does_without_a_server_name (void)
{
  GByteArray *other_type = g_byte_array_new ();
  GByteArray *no_names = g_byte_array_new ();

  append_extension (other_type, 0, make_server_names (1, "localhost", 9));
  append_extension (no_names, 0, make_zeros (2));
  expect (make_records (make_message (NULL), 16384), USHER_CLIENT_HELLO_COMPLETE, "");
  expect (make_records (make_message (g_byte_array_new ()), 16384), USHER_CLIENT_HELLO_COMPLETE, "");
  expect (make_records (make_message (other_type), 16384), USHER_CLIENT_HELLO_COMPLETE, "");
  expect (make_records (make_message (no_names), 16384), USHER_CLIENT_HELLO_COMPLETE, "");
}

static void
test_may_come_in_many_records (void)
{
  for (gsize max = 1; max < 200; max++)
    {
      g_autoptr (GByteArray) whole = make_hello ("localhost");
      GByteArray *message = make_text ((char *) whole->data + 5, whole->len - 5);

      expect (make_records (message, max), USHER_CLIENT_HELLO_COMPLETE, "localhost");
    }
}

static void
test_is_waited_for (void)
{
  for (gsize max = 1; max < 16384; max = max * 3 + 1)
    {
      g_autoptr (GByteArray) whole = make_hello ("localhost");
      g_autoptr (GByteArray) records = make_records (make_text ((char *) whole->data + 5, whole->len - 5), max);
      UsherClientHello hello;

      for (gsize length = 0; length < records->len; length++)
        g_assert_cmpint (parse (records->data, length, &hello), ==, USHER_CLIENT_HELLO_INCOMPLETE);
      g_assert_cmpint (parse (records->data, records->len, &hello), ==, USHER_CLIENT_HELLO_COMPLETE);
    }
}

static void
test_may_have_something_behind_it (void)
{
  GByteArray *bytes = make_hello ("localhost");

  g_byte_array_append (bytes, (const guint8 *) "\x16\x03\x03", 3);
  expect (bytes, USHER_CLIENT_HELLO_COMPLETE, "localhost");
}

/* Others. */

static void
test_knows_what_is_not_tls (void)
{
  const char *others[] = { "GET / HTTP/1.1\r\n", "x", "\x80\x2e\x01", "\x16\x02", "\x15\x03\x01", "SSH-2.0-x\r\n" };

  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    expect (make_text (others[i], strlen (others[i])), USHER_CLIENT_HELLO_NONE, "");
}

static void
test_knows_bad_records (void)
{
  expect (make_text ("\x16\x03\x01\0\0", 5), USHER_CLIENT_HELLO_BAD, "");
  expect (make_text ("\x16\x03\x01\x40\x01", 5), USHER_CLIENT_HELLO_BAD, "");
  expect (make_text ("\x16\x03\x01\0\x01\x02", 6), USHER_CLIENT_HELLO_BAD, "");
  expect (make_text ("\x16\x03\x01\0\x01\x01\x17\x03\x01\0\x01", 11), USHER_CLIENT_HELLO_BAD, "");
}

static void
test_knows_bad_names (void)
{
  g_autofree char *too_long = g_strnfill (USHER_SERVER_NAME_MAX + 1, 'x');
  const struct
  {
    const char *name;
    gsize length;
  } names[] = { { "", 0 }, { "local host", 10 }, { "a\0b", 3 }, { "\xc3\xa4", 2 }, { "[::1]", 5 }, { too_long, 256 } };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      GByteArray *extensions = g_byte_array_new ();

      append_extension (extensions, 0, make_server_names (0, names[i].name, names[i].length));
      expect (make_records (make_message (extensions), 16384), USHER_CLIENT_HELLO_BAD, "");
    }
}

/* What it says of its length is enough; and however small its records are, there is an end. */
static void
test_is_bounded (void)
{
  GByteArray *message = make_zeros (16384);

  memcpy (message->data, "\x01\0\x3f\xfc", 4);
  expect (make_text ("\x16\x03\x01\x40\0\x01\0\x3f\xfd", 9), USHER_CLIENT_HELLO_BAD, "");
  expect (g_byte_array_set_size (make_records (message, 1), USHER_CLIENT_HELLO_MAX), USHER_CLIENT_HELLO_BAD, "");
}

/* Whatever is cut off, or broken, it neither reads what is not there nor takes it for anything but what
 * it could be. */
static void
test_survives_everything (void)
{
  g_autoptr (GByteArray) good = make_hello ("localhost");
  UsherClientHello hello;

  for (guint round = 0; round < 20000; round++)
    {
      g_autoptr (GByteArray) broken = make_text ((char *) good->data, good->len);

      for (gint32 i = g_test_rand_int_range (1, 4); i > 0; i--)
        broken->data[g_test_rand_int_range (0, broken->len)] = g_test_rand_int_range (0, 256);
      parse (broken->data, g_test_rand_int_range (0, broken->len + 1), &hello);
      g_assert_cmpuint (strlen (hello.server_name), <=, USHER_SERVER_NAME_MAX);
    }
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/client-hello/tells-the-server-name", test_tells_the_server_name);
  g_test_add_func ("/client-hello/does-without-a-server-name", test_does_without_a_server_name);
  g_test_add_func ("/client-hello/may-come-in-many-records", test_may_come_in_many_records);
  g_test_add_func ("/client-hello/is-waited-for", test_is_waited_for);
  g_test_add_func ("/client-hello/may-have-something-behind-it", test_may_have_something_behind_it);
  g_test_add_func ("/client-hello/knows-what-is-not-tls", test_knows_what_is_not_tls);
  g_test_add_func ("/client-hello/knows-bad-records", test_knows_bad_records);
  g_test_add_func ("/client-hello/knows-bad-names", test_knows_bad_names);
  g_test_add_func ("/client-hello/is-bounded", test_is_bounded);
  g_test_add_func ("/client-hello/survives-everything", test_survives_everything);

  return g_test_run ();
}
