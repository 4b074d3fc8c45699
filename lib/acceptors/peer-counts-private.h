/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/connection-private.h"

G_BEGIN_DECLS

/* How many connections each peer has: each address, or each user at Unix sockets. Any thread. A
 * peer is counted only while there is a limit for its kind. */
typedef struct
{
  GMutex lock;
  GHashTable *counts;    /* (owned) (nullable) (element-type UsherPeerKey guint) (locked-by lock) */
  guint max_per_address; /* (atomic): G_MAXUINT for no limit */
  guint max_per_user;    /* (atomic): G_MAXUINT for no limit */
} UsherPeerCounts;

void usher_peer_counts_init (UsherPeerCounts *self);
void usher_peer_counts_clear (UsherPeerCounts *self);
void usher_peer_counts_set_limits (UsherPeerCounts *self,
                                   guint max_per_address,
                                   guint max_per_user);

/* Returns FALSE if the peer has as many as it may. `key` is what it is counted by, and to be removed
 * by: family 0 if it is not counted. */
gboolean usher_peer_counts_add (UsherPeerCounts *self,
                                const UsherPeer *peer,
                                int fd,
                                UsherPeerKey *key);
void usher_peer_counts_remove (UsherPeerCounts *self,
                               const UsherPeerKey *key);

G_END_DECLS
