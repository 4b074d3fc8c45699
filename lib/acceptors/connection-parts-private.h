/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <netinet/in.h>

#include "acceptors/connection-private.h"
#include "acceptors/proxied-private.h"
#include "acceptors/transport-private.h"

G_BEGIN_DECLS

/* What the parts of the connection share, and nobody else sees. */

struct _UsherConnection
{
  GIOStream parent_instance;

  UsherTransport *transport;        /* (owned) */
  UsherListenSocket *listen_socket; /* (owned) */
  UsherPoolLink *pool_link;         /* (owned) (nullable): it stays when the connection is used again */
  UsherTicket ticket;
  GInputStream *input;   /* (owned) (nullable): made when asked for */
  GOutputStream *output; /* (owned) (nullable): made when asked for */
  GMutex lock;
  GSocket *socket; /* (owned) (nullable) (locked-by lock): made when asked for */
  union
  {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
  } peer;                     /* family AF_UNIX says that the kernel has to be asked */
  UsherProxied *proxied;      /* (owned) (nullable) */
  UsherCompleteFunc complete; /* (nullable): who waits until it has been served */
  gpointer complete_data;
};

typedef enum
{
  USHER_CONNECTION_READ_TIMEOUT,
  USHER_CONNECTION_WRITE_TIMEOUT,
  USHER_CONNECTION_IDLE_TIMEOUT,
  USHER_CONNECTION_MAX_QUEUED_BYTES,
} UsherConnectionLimit;

void usher_connection_close_socket (UsherConnection *self);

/* Whether it is read from or written to, or something is queued. */
gboolean usher_connection_is_busy (UsherConnection *self);

void usher_connection_notify_limit (UsherConnection *self,
                                    UsherConnectionLimit limit);

G_END_DECLS
