/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Some blocks of memory, all of one size, that were given back and will be needed again soon: the C library
 * keeps only a handful where it finds them at once. They belong to one context. Zero-initialise it. */
typedef struct
{
  gpointer first; /* (owned) (nullable): each begins with the address of the next */
  guint n_blocks;
  gsize size;
} UsherFreeList;

/* All zero. */
gpointer usher_free_list_take (UsherFreeList *self,
                               gsize size);
void usher_free_list_give (UsherFreeList *self,
                           gpointer block,
                           gsize size);
void usher_free_list_clear (UsherFreeList *self);

G_END_DECLS
