/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* The way back to a pool, for as long as it is there. All its connections share one: weak references
 * of their own would be a list as long as they are many. Any thread. */
typedef struct _UsherPoolLink UsherPoolLink;

UsherPoolLink *usher_pool_link_new (gpointer pool);
UsherPoolLink *usher_pool_link_ref (UsherPoolLink *self);
void usher_pool_link_unref (UsherPoolLink *self);
/* (transfer full) (nullable) */
gpointer usher_pool_link_dup_pool (UsherPoolLink *self);

G_END_DECLS
