/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "model/sequence.h"

G_BEGIN_DECLS

/* What was seen since the last look. What different supervisors do has no common order. */
typedef struct
{
  GString *deeds[MAX_NODES];   /* (owned): of a supervisor: what it told its children, as TestChild
                                * writes it, what it reported, and its exit */
  GString *answers[MAX_NODES]; /* (owned): of a supervisor to those who called it */
  GString *boot;               /* (owned): how the start of the root went */
  GString *states;             /* (owned): of all children, and their counts */
} Seen;

void seen_init (Seen *self);
void seen_clear (Seen *self);
/* All of it in lines; afterwards nothing is there. */
char *seen_take (Seen *self, const Sequence *sequence);

/* Adds words to one of the texts. */
void seen_add (GString *text, const char *format, ...) G_GNUC_PRINTF (2, 3);

G_END_DECLS
