/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A limited number of places, taken and given back by any thread.
 *
 * Who finds no place is starved, and does not ask again before it is woken; and so are all others,
 * until the number taken has fallen to the low watermark. Nobody sleeps through that: who is refused
 * sets the flag before it looks again, and who gives a place back looks for the flag afterwards. */
typedef struct
{
  int max;               /* (atomic) */
  int end_of_starvation; /* (atomic): with fewer taken than so many, it is over; at most max */
  int n_taken;           /* (atomic) */
  int is_starved;        /* (atomic) */
} UsherSlots;

#define USHER_SLOTS_INIT                           \
  {                                                \
    .max = G_MAXINT, .end_of_starvation = G_MAXINT \
  }

/* `max` is at least 1, `low` less than that. Returns TRUE if those who are starved have to be woken,
 * by this caller. */
gboolean usher_slots_set_limits (UsherSlots *self,
                                 guint max,
                                 guint low);

gboolean usher_slots_take (UsherSlots *self);
/* Returns TRUE if those who are starved have to be woken, by this caller. */
gboolean usher_slots_give (UsherSlots *self);
/* The same for one that nobody came for: it has not filled anything. */
gboolean usher_slots_give_unused (UsherSlots *self);

gboolean usher_slots_are_starved (const UsherSlots *self);
guint usher_slots_get_n_taken (const UsherSlots *self);
/* How many are left; others may take them meanwhile. */
guint usher_slots_get_n_free (const UsherSlots *self);

G_END_DECLS
