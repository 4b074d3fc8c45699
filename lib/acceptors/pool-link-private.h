/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib-object.h>

#include "acceptors/turnstile-private.h"

G_BEGIN_DECLS

/* Each takes one of the ten threads that GLib has for everything; some are left for other things. */
#define USHER_DEFAULT_MAX_HANDSHAKES 8

/* What all connections of a pool share: the way back to it, for as long as it is there (weak references
 * of their own would be a list as long as they are many), and the turnstile for their TLS handshakes. Any
 * thread. */
typedef struct _UsherPoolLink UsherPoolLink;

UsherPoolLink *usher_pool_link_new (gpointer pool);
UsherPoolLink *usher_pool_link_ref (UsherPoolLink *self);
void usher_pool_link_unref (UsherPoolLink *self);
/* (transfer full) (nullable) */
gpointer usher_pool_link_dup_pool (UsherPoolLink *self);
/* (transfer none) */
UsherTurnstile *usher_pool_link_get_handshakes (UsherPoolLink *self);

G_END_DECLS
