/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/budget-private.h"

#include "usher/error.h"

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

static char *
describe_period (const UsherBudget *self)
{
  if (self->period_usec % G_TIME_SPAN_SECOND == 0)
    return g_strdup_printf ("%" G_GINT64_FORMAT " s", self->period_usec / G_TIME_SPAN_SECOND);

  return g_strdup_printf ("%" G_GINT64_FORMAT " ms", self->period_usec / G_TIME_SPAN_MILLISECOND);
}

GError *
usher_budget_make_error (const UsherBudget *self,
                         const char *name,
                         const char *latest)
{
  g_autofree char *period = describe_period (self);

  return g_error_new (USHER_ERROR, USHER_ERROR_MAX_INTENSITY, "%s: more than %u %s within %s; the latest failure: %s",
                      name, self->intensity, self->intensity == 1 ? "restart" : "restarts", period, latest);
}

void
usher_budget_clear (UsherBudget *self)
{
  g_clear_pointer (&self->charges, g_free);
  self->first = 0;
  self->n_charges = 0;
  self->capacity = 0;
}
