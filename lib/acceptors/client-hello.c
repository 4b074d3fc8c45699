/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/client-hello-private.h"

#include <string.h>

#define RECORD_HEAD_LENGTH 5
#define RECORD_MAX 16384
#define RECORD_HANDSHAKE 22
#define RECORD_MAJOR_VERSION 3

#define MESSAGE_MAX (RECORD_MAX - 4)
#define MESSAGE_CLIENT_HELLO 1

#define VERSION_LENGTH 2
#define RANDOM_LENGTH 32

#define EXTENSION_SERVER_NAME 0
#define SERVER_NAME_HOST 0

static UsherClientHelloResult
bad (UsherClientHello *hello,
     const char *problem)
{
  hello->problem = problem;
  return USHER_CLIENT_HELLO_BAD;
}

/* What is left to be read. */
typedef struct
{
  const guint8 *bytes;
  gsize length;
} Reader;

static gboolean
reader_skip (Reader *self,
             gsize n)
{
  if (self->length < n)
    return FALSE;

  self->bytes += n;
  self->length -= n;
  return TRUE;
}

static gboolean
reader_read_number (Reader *self,
                    guint n_bytes,
                    guint *number)
{
  const guint8 *bytes = self->bytes;

  if (!reader_skip (self, n_bytes))
    return FALSE;

  *number = 0;
  for (guint i = 0; i < n_bytes; i++)
    *number = *number << 8 | bytes[i];
  return TRUE;
}

/* What says its own length first, in so many bytes. */
static gboolean
reader_read_vector (Reader *self,
                    guint n_length_bytes,
                    Reader *vector)
{
  guint length;

  if (!reader_read_number (self, n_length_bytes, &length))
    return FALSE;

  *vector = (Reader){ self->bytes, length };
  return reader_skip (self, length);
}

/* The server's name. */

static gboolean
is_host_character (char c)
{
  return g_ascii_isalnum (c) || c == '-' || c == '.' || c == '_';
}

static gboolean
is_host_name (const Reader *name)
{
  for (gsize i = 0; i < name->length; i++)
    if (!is_host_character (name->bytes[i]))
      return FALSE;

  return name->length > 0 && name->length <= USHER_SERVER_NAME_MAX;
}

static void
copy_host_name (UsherClientHello *hello,
                const Reader *name)
{
  for (gsize i = 0; i < name->length; i++)
    hello->server_name[i] = g_ascii_tolower (name->bytes[i]);
  hello->server_name[name->length] = '\0';
}

static gboolean
read_server_name (Reader extension,
                  UsherClientHello *hello)
{
  Reader names, name;
  guint type;

  if (!reader_read_vector (&extension, 2, &names))
    return FALSE;

  while (names.length > 0)
    {
      if (!reader_read_number (&names, 1, &type) || !reader_read_vector (&names, 2, &name))
        return FALSE;
      if (type != SERVER_NAME_HOST)
        continue;
      if (!is_host_name (&name))
        return FALSE;

      copy_host_name (hello, &name);
      return TRUE;
    }

  return TRUE;
}

/* The message. */

static UsherClientHelloResult
parse_extensions (Reader extensions,
                  UsherClientHello *hello)
{
  Reader extension;
  guint type;

  while (extensions.length > 0)
    {
      if (!reader_read_number (&extensions, 2, &type) || !reader_read_vector (&extensions, 2, &extension))
        return bad (hello, "its extensions are cut off");
      if (type == EXTENSION_SERVER_NAME && !read_server_name (extension, hello))
        return bad (hello, "the name of the server that it asks for is malformed");
    }

  return USHER_CLIENT_HELLO_COMPLETE;
}

static UsherClientHelloResult
parse_message (Reader message,
               UsherClientHello *hello)
{
  Reader session_id, ciphers, compressions, extensions;

  if (!reader_skip (&message, VERSION_LENGTH + RANDOM_LENGTH) || !reader_read_vector (&message, 1, &session_id) ||
      !reader_read_vector (&message, 2, &ciphers) || !reader_read_vector (&message, 1, &compressions))
    return bad (hello, "it is cut off");

  /* The oldest clients send none. */
  if (message.length == 0)
    return USHER_CLIENT_HELLO_COMPLETE;
  if (!reader_read_vector (&message, 2, &extensions))
    return bad (hello, "its extensions are cut off");

  return parse_extensions (extensions, hello);
}

/* The records that the message comes in. */

static gboolean
is_handshake (const guint8 *bytes,
              gsize length)
{
  return bytes[0] == RECORD_HANDSHAKE && (length == 1 || bytes[1] == RECORD_MAJOR_VERSION);
}

/* Moves what is in the records together. Returns how much that is, or -1 if it makes no sense. */
static gssize
join_records (guint8 *bytes,
              gsize length)
{
  gsize n_joined = 0;
  gsize begin = 0;

  while (begin + RECORD_HEAD_LENGTH <= length)
    {
      const guint8 *record = bytes + begin;
      gsize record_length = record[3] << 8 | record[4];
      gsize n_there = MIN (record_length, length - begin - RECORD_HEAD_LENGTH);

      if (!is_handshake (record, length - begin) || record_length == 0 || record_length > RECORD_MAX)
        return -1;

      memmove (bytes + n_joined, record + RECORD_HEAD_LENGTH, n_there);
      n_joined += n_there;
      begin += RECORD_HEAD_LENGTH + record_length;
    }

  return n_joined;
}

UsherClientHelloResult
usher_client_hello_parse (guint8 *bytes,
                          gsize length,
                          UsherClientHello *hello)
{
  gssize n_joined;
  Reader message;
  guint type, message_length;

  *hello = (UsherClientHello){ .problem = NULL };
  if (length == 0)
    return USHER_CLIENT_HELLO_INCOMPLETE;
  if (!is_handshake (bytes, length))
    return USHER_CLIENT_HELLO_NONE;

  n_joined = join_records (bytes, length);
  if (n_joined < 0)
    return bad (hello, "it comes in records that are malformed");
  if (n_joined > 0 && bytes[0] != MESSAGE_CLIENT_HELLO)
    return bad (hello, "it is another message");

  message = (Reader){ bytes, n_joined };
  if (!reader_read_number (&message, 1, &type) || !reader_read_number (&message, 3, &message_length))
    return USHER_CLIENT_HELLO_INCOMPLETE;
  if (message_length > MESSAGE_MAX)
    return bad (hello, "it is too long");
  if (message_length > message.length)
    return length < USHER_CLIENT_HELLO_MAX ? USHER_CLIENT_HELLO_INCOMPLETE : bad (hello, "its records are too many");

  return parse_message ((Reader){ message.bytes, message_length }, hello);
}
