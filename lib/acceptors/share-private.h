/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How workers share what comes to a listen socket that all of them poll. Whoever wakes first would get
 * nearly all of it while there is little, and whoever has most to do already would still take more. */

/* What all have taken. Zero-initialise it. */
typedef struct
{
  guint n_taken; /* (atomic) */
} UsherCommonShare;

/* What one has taken of it, in the latest round. Zero-initialise it. */
typedef struct
{
  guint round;
  guint n_taken;
  guint n_left; /* wake-ups that it has left to the others, and nobody came */
  guint n_seen; /* what all had taken then */
} UsherShare;

/* Whether `n_mine` of `n_all` is more than one of `n_workers` should have, by more than one. */
gboolean usher_share_is_exceeded (guint n_mine,
                                  guint n_all,
                                  guint n_workers);

void usher_share_take (UsherShare *self,
                       UsherCommonShare *common,
                       guint n_workers);
/* Whether it had more than its share of the latest ones. */
gboolean usher_share_is_greedy (UsherShare *self,
                                const UsherCommonShare *common,
                                guint n_workers);

/* How many it may take at a time, at least one: a few more than its share; and if it has more than that, as
 * many as it has left to the others in vain. */
guint usher_share_get_allowance (guint n_mine,
                                 guint n_all,
                                 guint n_workers);
guint usher_share_get_latest_allowance (UsherShare *self,
                                        const UsherCommonShare *common,
                                        guint n_workers);

/* Whether to leave a wake-up to the others, as it had more than its share. They may be busy, so it does
 * not leave many in a row. */
gboolean usher_share_leave (UsherShare *self,
                            const UsherCommonShare *common,
                            gboolean is_exceeded);

G_END_DECLS
