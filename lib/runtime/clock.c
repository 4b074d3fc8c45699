/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/clock-private.h"

static const UsherClock monotonic_clock = {
  .now_usec = g_get_monotonic_time,
  .arm = g_source_set_ready_time,
};

static const UsherClock *current_clock = &monotonic_clock; /* (atomic) */

static const UsherClock *
get_clock (void)
{
  return g_atomic_pointer_get (&current_clock);
}

gboolean
usher_clock_is_monotonic (void)
{
  return get_clock () == &monotonic_clock;
}

gint64
usher_clock_now_usec (void)
{
  return get_clock ()->now_usec ();
}

void
usher_clock_arm (GSource *source,
                 gint64 deadline_usec)
{
  get_clock ()->arm (source, deadline_usec);
}

void
usher_clock_set (const UsherClock *clock)
{
  g_atomic_pointer_set (&current_clock, clock != NULL ? clock : &monotonic_clock);
}
