/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* At most `intensity` charges in any window of `period_usec`, both ends included. Zero-initialise
 * it, or call usher_budget_init(). */
typedef struct
{
  guint intensity;
  gint64 period_usec;

  gint64 *charges; /* (owned) (nullable): a ring, the oldest at `first` */
  guint first;
  guint n_charges;
  guint capacity;
} UsherBudget;

void usher_budget_init (UsherBudget *self,
                        guint intensity,
                        gint64 period_usec);
/* Changes the limits and keeps the history. */
void usher_budget_set (UsherBudget *self,
                       guint intensity,
                       gint64 period_usec);
/* Returns whether the charge is within the budget. One that is not is not remembered, so that the
 * budget can serve as a rate limit as well. Amortised O(1). */
gboolean usher_budget_charge (UsherBudget *self,
                              gint64 now_usec);
/* What whoever has used it up exits with, once `latest` has failed: (transfer full). */
GError *usher_budget_make_error (const UsherBudget *self,
                                 const char *name,
                                 const char *latest);
/* Forgets the history and frees its memory; the limits stay. */
void usher_budget_clear (UsherBudget *self);

G_END_DECLS
