/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "model/model.h"
#include "model/world.h"

G_BEGIN_DECLS

/* What has happened, and what was seen then. */
typedef struct
{
  Event event;
  char *seen; /* (owned) (nullable): when everybody had reacted; NULL if the next event came first */
} Moment;

/* Lets the events of a sequence happen to a world that is down; in the end it is down again.
 * Returns: (transfer full) (element-type Moment) */
GPtrArray *history_play (const Sequence *sequence, World *world, Seen *seen);
/* Whether a model can have the same history. If not, and if there is a story, that is continued
 * with all that has happened until then. */
gboolean history_is_possible (GPtrArray *self, const Sequence *sequence, GString *story);

G_END_DECLS
