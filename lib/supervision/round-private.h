/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  USHER_ROUND_NONE,
  USHER_ROUND_STOP,
  USHER_ROUND_START,
} UsherRoundPhase;

typedef struct _UsherCall UsherCall;

/* A walk over children: first backwards, to stop them, then forwards, to start them. It waits for
 * each child. */
typedef struct
{
  UsherRoundPhase phase;
  GList *first;      /* (nullable) (element-type UsherSlot) */
  GList *last;       /* (nullable) */
  GList *cursor;     /* (nullable): NULL when the phase is complete */
  gboolean is_begun; /* the start of the child at the cursor */
  UsherCall *call;   /* (owned) (nullable): what the round is for; else for a restart */
} UsherRound;

/* Begins a round. */
void usher_round_walk_back (UsherRound *self,
                            GList *first,
                            GList *last);
/* Goes on to the second phase. */
void usher_round_walk_forth (UsherRound *self);
void usher_round_end (UsherRound *self);

void usher_round_move_back (UsherRound *self);
void usher_round_move_forth (UsherRound *self);

/* A child leaves the list; its links are still whole. */
void usher_round_forget (UsherRound *self,
                         GList *link);

G_END_DECLS
