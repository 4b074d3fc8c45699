/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/child.h"

G_BEGIN_DECLS

/* (nullable) (transfer none): the supervisor that the child stands under. */
UsherChild *usher_child_get_parent (UsherChild *self);
/* `parent` (nullable) (unowned): it takes itself out before it goes. */
void usher_child_set_parent (UsherChild *self,
                             UsherChild *parent);

/* Whether a start of the child was given up that has not returned yet. It is the child's, because
 * it outlives the place under a supervisor that it was started for. */
gboolean usher_child_is_abandoned (UsherChild *self);
void usher_child_set_abandoned (UsherChild *self,
                                gboolean is_abandoned);

G_END_DECLS
