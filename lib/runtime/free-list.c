/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/free-list-private.h"

#include <string.h>

#include "runtime/sanitizers-private.h"

/* AddressSanitizer shall see who uses what was given back. */
#ifdef USHER_ADDRESS_SANITIZER
#define MAX_BLOCKS 0
#else
#define MAX_BLOCKS 64
#endif

gpointer
usher_free_list_take (UsherFreeList *self,
                      gsize size)
{
  gpointer block = self->first;

  if (block == NULL || size != self->size)
    return g_malloc0 (size);

  self->first = *(gpointer *) block;
  self->n_blocks--;
  return memset (block, 0, size);
}

void
usher_free_list_give (UsherFreeList *self,
                      gpointer block,
                      gsize size)
{
  if (size != self->size)
    usher_free_list_clear (self);

  if (self->n_blocks == MAX_BLOCKS)
    {
      g_free (block);
      return;
    }

  *(gpointer *) block = self->first;
  self->first = block;
  self->n_blocks++;
  self->size = size;
}

void
usher_free_list_clear (UsherFreeList *self)
{
  while (self->first != NULL)
    {
      gpointer block = self->first;

      self->first = *(gpointer *) block;
      g_free (block);
    }

  self->n_blocks = 0;
}
