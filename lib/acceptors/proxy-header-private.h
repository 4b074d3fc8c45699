/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/* The header that a load balancer sends before what its client sends: the PROXY protocol, versions 1
 * and 2, of haproxy.org/download/3.0/doc/proxy-protocol.txt. */

/* Version 2 could be longer; nobody needs that. */
#define USHER_PROXY_HEADER_MAX 4096

typedef enum
{
  USHER_PROXY_HEADER_INCOMPLETE, /* nothing is wrong with it so far */
  USHER_PROXY_HEADER_NONE,       /* whatever it is, it is no header */
  USHER_PROXY_HEADER_BAD,
  USHER_PROXY_HEADER_COMPLETE,
} UsherProxyHeaderResult;

typedef struct
{
  gsize length;           /* of the whole header */
  gboolean has_addresses; /* or the connection is the proxy's own, or it does not say whose */
  struct sockaddr_storage source;
  struct sockaddr_storage destination;
  const guint8 *tlvs; /* in what was parsed */
  gsize tlvs_length;
  const char *problem; /* of a bad one */
} UsherProxyHeader;

/* `header` is filled in if it is complete or bad. */
UsherProxyHeaderResult usher_proxy_header_parse (const guint8 *bytes,
                                                 gsize length,
                                                 UsherProxyHeader *header);

/* The first value of that type, in the type-length-value vectors of a header, which were checked.
 * Returns NULL if there is none. */
const guint8 *usher_proxy_header_find_tlv (const guint8 *tlvs,
                                           gsize tlvs_length,
                                           guint8 type,
                                           gsize *value_length);

G_END_DECLS
