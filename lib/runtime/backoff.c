/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/backoff-private.h"

void
usher_backoff_init (UsherBackoff *self,
                    gint64 initial_usec,
                    gint64 max_usec)
{
  g_return_if_fail (initial_usec >= 0);
  g_return_if_fail (max_usec >= initial_usec);

  *self = (UsherBackoff){
    .initial_usec = initial_usec,
    .max_usec = max_usec,
    .next_usec = initial_usec,
  };
}

void
usher_backoff_set_jitter (UsherBackoff *self,
                          double fraction)
{
  g_return_if_fail (fraction >= 0 && fraction <= 1);

  self->jitter = fraction;
}

static gint64
double_up_to (gint64 usec,
              gint64 max_usec)
{
  return usec > max_usec / 2 ? max_usec : usec * 2;
}

gint64
usher_backoff_next (UsherBackoff *self,
                    double random)
{
  gint64 delay_usec = self->next_usec;
  double taken = self->jitter * random;

  g_return_val_if_fail (random >= 0 && random <= 1, delay_usec);

  self->next_usec = double_up_to (delay_usec, self->max_usec);

  /* A double cannot hold every gint64; without jitter the delay is exact. */
  return taken > 0 ? (gint64) ((double) delay_usec * (1 - taken)) : delay_usec;
}

void
usher_backoff_reset (UsherBackoff *self)
{
  self->next_usec = self->initial_usec;
}
