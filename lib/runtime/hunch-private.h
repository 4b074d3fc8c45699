/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Something that is worth trying as long as it comes true often enough. Pure. Zero-initialise it; then it is
 * doubted, and tried now and then. */
typedef struct
{
  guint confidence;
  guint n_doubts;
} UsherHunch;

/* Whether to try it this time. */
gboolean usher_hunch_follow (UsherHunch *self);
/* What became of it, if it was tried. */
void usher_hunch_learn (UsherHunch *self,
                        gboolean came_true);

G_END_DECLS
