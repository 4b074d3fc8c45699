/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/slots-private.h"

/* Ends the starvation, if fewer than so many are taken. Returns whether it was this caller who ended it. */
static gboolean
slots_relieve_below (UsherSlots *self,
                     const int *limit)
{
  return g_atomic_int_get (&self->n_taken) < g_atomic_int_get (limit) &&
         g_atomic_int_get (&self->is_starved) && g_atomic_int_exchange (&self->is_starved, FALSE);
}

/* Takes a place if fewer than so many are taken. */
static gboolean
slots_take_below (UsherSlots *self,
                  const int *limit)
{
  int n_taken = g_atomic_int_get (&self->n_taken);

  while (n_taken < g_atomic_int_get (limit))
    if (g_atomic_int_compare_and_exchange_full (&self->n_taken, n_taken, n_taken + 1, &n_taken))
      return TRUE;

  return FALSE;
}

gboolean
usher_slots_set_limits (UsherSlots *self,
                        guint max,
                        guint low)
{
  g_return_val_if_fail (max > 0 && low < max, FALSE);

  g_atomic_int_set (&self->max, MIN (max, G_MAXINT));
  g_atomic_int_set (&self->end_of_starvation, MIN (low, G_MAXINT - 1) + 1);
  return slots_relieve_below (self, &self->end_of_starvation);
}

/* Whoever begins the starvation looks at all places once more, since one may have been given back before
 * the flag was there. Whoever takes a place leaves the flag alone: somebody else may sleep by it. */
gboolean
usher_slots_take (UsherSlots *self)
{
  if (!g_atomic_int_get (&self->is_starved) && slots_take_below (self, &self->max))
    return TRUE;

  return slots_take_below (self, g_atomic_int_exchange (&self->is_starved, TRUE) ? &self->end_of_starvation : &self->max);
}

gboolean
usher_slots_give (UsherSlots *self)
{
  g_atomic_int_add (&self->n_taken, -1);
  return slots_relieve_below (self, &self->end_of_starvation);
}

/* Those who were refused meanwhile were refused for nobody. */
gboolean
usher_slots_give_unused (UsherSlots *self)
{
  g_atomic_int_add (&self->n_taken, -1);
  return slots_relieve_below (self, &self->max);
}

gboolean
usher_slots_are_starved (const UsherSlots *self)
{
  return g_atomic_int_get (&self->is_starved);
}

guint
usher_slots_get_n_taken (const UsherSlots *self)
{
  return g_atomic_int_get (&self->n_taken);
}

guint
usher_slots_get_n_free (const UsherSlots *self)
{
  return MAX (g_atomic_int_get (&self->max) - g_atomic_int_get (&self->n_taken), 0);
}
