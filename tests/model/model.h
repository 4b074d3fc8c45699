/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "model/sequence.h"

G_BEGIN_DECLS

/* What was seen since the last look. */
typedef struct
{
  GString *calls;   /* (owned): what the children were told, as TestChild writes it */
  GString *reports; /* (owned) */
  GString *answers; /* (owned): to those who called, and the exits of the supervisor */
  GString *states;  /* (owned): the children, and their counts */
} Seen;

void seen_init (Seen *self);
void seen_clear (Seen *self);
void seen_reset (Seen *self);
gboolean seen_is_equal (const Seen *self, const Seen *other);
void seen_print (const Seen *self, GString *text);

/* A supervisor and its children after OTP's rules, as plain as can be. */
typedef struct _Model Model;

Model *model_new (const Sequence *sequence, Seen *seen);
void model_free (Model *self);
/* Whether the event can happen now. */
gboolean model_accepts (const Model *self, const Event *event);
void model_do (Model *self, const Event *event);
void model_settle (Model *self);

G_END_DECLS
