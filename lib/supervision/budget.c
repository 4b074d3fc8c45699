/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/budget-private.h"

#define MIN_CAPACITY 4

static gint64 *
charge_at (UsherBudget *self,
           guint index)
{
  return &self->charges[(self->first + index) % self->capacity];
}

static void
forget_older_than (UsherBudget *self,
                   gint64 oldest_usec)
{
  while (self->n_charges > 0 && *charge_at (self, 0) < oldest_usec)
    {
      self->first = (self->first + 1) % self->capacity;
      self->n_charges--;
    }
}

static void
grow (UsherBudget *self)
{
  guint capacity = MAX (MIN_CAPACITY, self->capacity * 2);
  gint64 *charges = g_new (gint64, capacity);

  for (guint i = 0; i < self->n_charges; i++)
    charges[i] = *charge_at (self, i);

  g_free (self->charges);
  self->charges = charges;
  self->capacity = capacity;
  self->first = 0;
}

void
usher_budget_init (UsherBudget *self,
                   guint intensity,
                   gint64 period_usec)
{
  *self = (UsherBudget){
    .intensity = intensity,
    .period_usec = period_usec,
  };
}

void
usher_budget_set (UsherBudget *self,
                  guint intensity,
                  gint64 period_usec)
{
  self->intensity = intensity;
  self->period_usec = period_usec;
}

gboolean
usher_budget_charge (UsherBudget *self,
                     gint64 now_usec)
{
  forget_older_than (self, now_usec - self->period_usec);

  if (self->n_charges >= self->intensity)
    return FALSE;

  if (self->n_charges == self->capacity)
    grow (self);

  self->n_charges++;
  *charge_at (self, self->n_charges - 1) = now_usec;
  return TRUE;
}

void
usher_budget_clear (UsherBudget *self)
{
  g_clear_pointer (&self->charges, g_free);
  self->first = 0;
  self->n_charges = 0;
  self->capacity = 0;
}
