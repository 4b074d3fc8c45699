/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/child.h"

G_BEGIN_DECLS

typedef struct _UsherSlot UsherSlot;

/* (nullable) (transfer none): the place under a supervisor that the child has. */
UsherSlot *usher_child_get_place (UsherChild *self);
/* `place` (nullable) (unowned): it takes itself out before it goes. */
void usher_child_set_place (UsherChild *self,
                            UsherSlot *place);
/* (nullable) (transfer none): the supervisor that the child stands under. */
UsherChild *usher_child_get_parent (UsherChild *self);
/* Whether `node` is the child, or stands somewhere under it. */
gboolean usher_child_is_above (UsherChild *self,
                               UsherChild *node);

/* Whether it is starting or runs. One that nobody waits for any more may be busy for long. */
gboolean usher_child_is_busy (UsherChild *self);

/* Whether it has lost its place for good, because a factory makes another one for the next start.
 * If somebody starts it nevertheless, it has begun a new career. */
gboolean usher_child_is_retired (UsherChild *self);
void usher_child_retire (UsherChild *self);

/* For those who implement a start by a #GTask that returns an UsherStartResult. */
UsherStartResult usher_child_propagate_start (GAsyncResult *result,
                                              GError **error);

G_END_DECLS
