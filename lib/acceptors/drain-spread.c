/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/drain-spread-private.h"

gint64
usher_drain_spread_fit (gint64 spread_msec,
                        gint64 grace_msec)
{
  return grace_msec < 0 ? spread_msec : MIN (spread_msec, grace_msec);
}

gint64
usher_drain_spread_delay_usec (gint64 spread_usec,
                               guint index,
                               guint n,
                               double random)
{
  return (gint64) (spread_usec * (index + random) / n);
}
