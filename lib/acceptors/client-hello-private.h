/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a TLS client says first, RFC 8446, section 4.1.2. */

/* As much as fits into one record; clients need a tenth of that. */
#define USHER_CLIENT_HELLO_MAX (5 + 16384)

/* A host name has at most 255 characters, RFC 1035. */
#define USHER_SERVER_NAME_MAX 255

typedef enum
{
  USHER_CLIENT_HELLO_INCOMPLETE, /* nothing is wrong with it so far */
  USHER_CLIENT_HELLO_NONE,       /* whatever it is, it is not TLS */
  USHER_CLIENT_HELLO_BAD,
  USHER_CLIENT_HELLO_COMPLETE,
} UsherClientHelloResult;

typedef struct
{
  char server_name[USHER_SERVER_NAME_MAX + 1]; /* whom it asks for, in lower case; empty if it does not say */
  const char *problem;                         /* of a bad one */
} UsherClientHello;

/* Looks at the first bytes of a connection, at most USHER_CLIENT_HELLO_MAX; they are moved about.
 * `hello` is filled in if it is complete or bad. */
UsherClientHelloResult usher_client_hello_parse (guint8 *bytes,
                                                 gsize length,
                                                 UsherClientHello *hello);

G_END_DECLS
