/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/share-private.h"

/* What was long ago does not count. */
#define ROUND 64

/* The others have been woken at the same time, and most often come within one of them. More of them
 * would cost more than a fair share is worth. */
#define MAX_LEFT 4

/* What part of its share it may take beyond it. To take them one by one would cost a wake-up for each. */
#define TOLERANCE 8

static guint
get_round_length (guint n_workers)
{
  return ROUND * n_workers;
}

gboolean
usher_share_is_exceeded (guint n_mine,
                         guint n_all,
                         guint n_workers)
{
  return n_mine > n_all / n_workers + 1;
}

guint
usher_share_get_allowance (guint n_mine,
                           guint n_all,
                           guint n_workers)
{
  const guint share = n_all / n_workers;

  if (usher_share_is_exceeded (n_mine, n_all, n_workers))
    return MAX_LEFT;

  return share + 1 + MAX (share / TOLERANCE, 1) - n_mine;
}

static void
share_begin_round (UsherShare *self,
                   guint round)
{
  if (self->round == round)
    return;

  self->round = round;
  self->n_taken = 0;
}

void
usher_share_take (UsherShare *self,
                  UsherCommonShare *common,
                  guint n_workers)
{
  guint n_before = g_atomic_int_add ((int *) &common->n_taken, 1);

  share_begin_round (self, n_before / get_round_length (n_workers));
  self->n_taken++;
}

/* Returns how many all have taken in the latest round. */
static guint
share_look (UsherShare *self,
            const UsherCommonShare *common,
            guint n_workers)
{
  guint n_taken = g_atomic_int_get ((const int *) &common->n_taken);

  share_begin_round (self, n_taken / get_round_length (n_workers));
  return n_taken % get_round_length (n_workers);
}

gboolean
usher_share_is_greedy (UsherShare *self,
                       const UsherCommonShare *common,
                       guint n_workers)
{
  guint n_all = share_look (self, common, n_workers);

  return usher_share_is_exceeded (self->n_taken, n_all, n_workers);
}

guint
usher_share_get_latest_allowance (UsherShare *self,
                                  const UsherCommonShare *common,
                                  guint n_workers)
{
  guint n_all = share_look (self, common, n_workers);

  return usher_share_get_allowance (self->n_taken, n_all, n_workers);
}

gboolean
usher_share_leave (UsherShare *self,
                   const UsherCommonShare *common,
                   gboolean is_exceeded)
{
  guint n_seen = g_atomic_int_get ((const int *) &common->n_taken);

  if (self->n_seen != n_seen)
    self->n_left = 0;
  self->n_seen = n_seen;

  if (!is_exceeded || self->n_left >= MAX_LEFT)
    {
      self->n_left = 0;
      return FALSE;
    }

  self->n_left++;
  return TRUE;
}
