/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/round-private.h"

void
usher_round_walk_back (UsherRound *self,
                       GList *first,
                       GList *last)
{
  *self = (UsherRound){
    .phase = USHER_ROUND_STOP,
    .first = first,
    .last = last,
    .cursor = last,
  };
}

void
usher_round_walk_forth (UsherRound *self)
{
  self->phase = USHER_ROUND_START;
  self->cursor = self->first;
  self->is_begun = FALSE;
}

void
usher_round_end (UsherRound *self)
{
  *self = (UsherRound){ 0 };
}

void
usher_round_move_back (UsherRound *self)
{
  self->cursor = self->cursor == self->first ? NULL : self->cursor->prev;
}

void
usher_round_move_forth (UsherRound *self)
{
  self->cursor = self->cursor == self->last ? NULL : self->cursor->next;
  self->is_begun = FALSE;
}

void
usher_round_forget (UsherRound *self,
                    GList *link)
{
  if (self->cursor == link)
    self->cursor = NULL;
  if (self->first == link && self->last == link)
    self->first = self->last = NULL;
  else if (self->first == link)
    self->first = link->next;
  else if (self->last == link)
    self->last = link->prev;
}
