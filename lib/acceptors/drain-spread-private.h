/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What there is of a spread within a grace, -1 for one without end. */
gint64 usher_drain_spread_fit (gint64 spread_msec,
                               gint64 grace_msec);

/* How long after the first tell the connection `index` of `n` is told. Each has a part of the spread
 * for itself, and chance, 0 to 1, says where in it: so no time is crowded, and yet two servers that
 * drain at once do not tell in step. */
gint64 usher_drain_spread_delay_usec (gint64 spread_usec,
                                      guint index,
                                      guint n,
                                      double random);

G_END_DECLS
