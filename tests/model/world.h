/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "model/model.h"

G_BEGIN_DECLS

/* A supervisor and its children as they are. */
typedef struct _World World;

World *world_new (const Sequence *sequence, Seen *seen);
/* Everything is down. */
void world_free (World *self);
/* After it did something else than was expected: whatever it does is not looked at any more. */
void world_abandon (World *self);
void world_do (World *self, const Event *event);
void world_settle (World *self);

G_END_DECLS
