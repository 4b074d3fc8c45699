/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How long to wait before trying again: twice as long every time, up to a limit. */
typedef struct
{
  gint64 initial_usec;
  gint64 max_usec;
  gint64 next_usec;
  double jitter;
} UsherBackoff;

/* 0 ≤ `initial_usec` ≤ `max_usec`; no jitter. */
void usher_backoff_init (UsherBackoff *self,
                         gint64 initial_usec,
                         gint64 max_usec);

/* What fraction of a delay, 0 to 1, chance may take away, so that those who failed together do
 * not all come back together. */
void usher_backoff_set_jitter (UsherBackoff *self,
                               double fraction);

/* The delay before the next attempt. `random`, 0 to 1, is the share of the jitter to take away. */
gint64 usher_backoff_next (UsherBackoff *self,
                           double random);

/* After a success: the next delay is the initial one. */
void usher_backoff_reset (UsherBackoff *self);

G_END_DECLS
