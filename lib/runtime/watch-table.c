/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/watch-table-private.h"

#define MIN_WATCHES 64

void
usher_watch_table_clear (UsherWatchTable *self)
{
  g_free (self->watches);
  *self = (UsherWatchTable){ 0 };
}

/* The kernel gives the smallest number that is free, so there are few gaps. */
static void
watch_table_make_room (UsherWatchTable *self,
                       guint fd)
{
  guint n_watches = MAX (self->n_watches, MIN_WATCHES);

  if (fd < self->n_watches)
    return;

  while (n_watches <= fd)
    n_watches *= 2;

  self->watches = g_renew (UsherWatch *, self->watches, n_watches);
  memset (self->watches + self->n_watches, 0, (n_watches - self->n_watches) * sizeof *self->watches);
  self->n_watches = n_watches;
}

guint64
usher_watch_table_get_next_key (const UsherWatchTable *self,
                                int fd)
{
  return (guint64) (self->n_added + 1) << 32 | (guint) fd;
}

void
usher_watch_table_add (UsherWatchTable *self,
                       UsherWatch *watch)
{
  UsherWatch *present;

  watch_table_make_room (self, watch->fd);
  present = self->watches[watch->fd];
  g_return_if_fail (present == NULL || g_atomic_int_get (&present->is_disarmed));

  self->watches[watch->fd] = watch;
  watch->generation = ++self->n_added;
}

void
usher_watch_table_remove (UsherWatchTable *self,
                          UsherWatch *watch)
{
  if (self->watches[watch->fd] == watch)
    self->watches[watch->fd] = NULL;
}

UsherWatch *
usher_watch_table_find (const UsherWatchTable *self,
                        guint64 key)
{
  guint fd = key & G_MAXUINT32;
  UsherWatch *watch = fd < self->n_watches ? self->watches[fd] : NULL;

  return watch != NULL && watch->generation == key >> 32 ? watch : NULL;
}
