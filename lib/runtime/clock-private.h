/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Instead of a deadline. */
#define USHER_NEVER -1

/* The library's one clock. Everything that needs the time or waits for it comes here, so that a
 * test can put its own in place and never sleeps. */
typedef struct
{
  gint64 (*now_usec) (void);
  /* Makes `source` ready once the clock has reached `deadline_usec`, unless that is USHER_NEVER. */
  void (*arm) (GSource *source,
               gint64 deadline_usec);
} UsherClock;

gint64 usher_clock_now_usec (void);
/* Whether it is the kernel's CLOCK_MONOTONIC, in microseconds. */
gboolean usher_clock_is_monotonic (void);
void usher_clock_arm (GSource *source,
                      gint64 deadline_usec);

/* (nullable): NULL brings the monotonic clock back. Only while no reactor exists. */
void usher_clock_set (const UsherClock *clock);

G_END_DECLS
