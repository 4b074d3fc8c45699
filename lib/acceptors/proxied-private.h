/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/connection-private.h"
#include "acceptors/proxy-header-private.h"

G_BEGIN_DECLS

/* What a connection's PROXY header has said of it. Immutable. */
typedef struct
{
  GSocketAddress *peer;  /* (owned) (nullable): NULL if it did not say */
  GSocketAddress *local; /* (owned) (nullable): the same */
  GBytes *tlvs;          /* (owned) */
} UsherProxied;

/* Once, before the connection is served. */
void usher_connection_set_proxied (UsherConnection *self,
                                   const UsherProxyHeader *header);

void usher_proxied_free (UsherProxied *self);

G_END_DECLS
