/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/hunch-private.h"

/* It pays if it comes true one time in three. */
#define GAIN 2
#define LOSS 1
#define MAX_CONFIDENCE 32

#define DOUBTS_PER_TRY 64

gboolean
usher_hunch_follow (UsherHunch *self)
{
  return self->confidence > 0 || self->n_doubts++ % DOUBTS_PER_TRY == 0;
}

void
usher_hunch_learn (UsherHunch *self,
                   gboolean came_true)
{
  if (came_true)
    self->confidence = MIN (self->confidence + GAIN, MAX_CONFIDENCE);
  else
    self->confidence -= MIN (self->confidence, LOSS);
}
