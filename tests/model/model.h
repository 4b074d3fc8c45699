/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "model/seen.h"

G_BEGIN_DECLS

/* Of all delays with jitter, chance takes this part of the jitter. */
#define DICE 0.5
#define JITTER 0.5
#define NEVER G_MAXINT64

/* A tree of supervisors after OTP's rules, as plain as can be. */
typedef struct _Model Model;

Model *model_new (const Sequence *sequence, Seen *seen);
void model_free (Model *self);
void model_do (Model *self, const Event *event);
/* Everybody reacts. What different supervisors do at the same time has no order: `order` chooses
 * one. Returns whether there was more than one. */
gboolean model_settle (Model *self, guint32 order);

G_END_DECLS
