/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "model/seen.h"

G_BEGIN_DECLS

/* The tree as it is: made of the library, on a fake clock. */
typedef struct _World World;

World *world_new (const Sequence *sequence, Seen *seen);
/* Everything is down. */
void world_free (World *self);
/* It did something else than was expected: whatever it does now is not looked at any more. */
void world_abandon (World *self);
/* Whether the event can happen now. */
gboolean world_accepts (const World *self, const Event *event);
/* Whether everybody has to have reacted before the event. */
gboolean world_needs_quiet (const World *self, const Event *event);
void world_do (World *self, const Event *event);
/* Everybody reacts. */
void world_settle (World *self);
/* How much time passes until something happens by itself; NEVER if nothing does. */
gint64 world_get_pause_usec (const World *self);

G_END_DECLS
