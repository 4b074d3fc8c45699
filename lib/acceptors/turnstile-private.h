/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A limited number of places, given to those who want one in the order in which they came. Any thread. */
typedef struct _UsherTurnstile UsherTurnstile;
typedef struct _UsherTurn UsherTurn;

/* It is the turn's time. Called by whoever gives a place back, who is kept from doing so again until this
 * returns: it may only post a message. */
typedef void (*UsherTurnFunc) (UsherTurn *turn);

/* Somebody who wants a place. Embed it in its owner, and zero-initialise it; the rest is the turnstile's. */
struct _UsherTurn
{
  UsherTurnFunc func;
  GList link;
  gboolean is_waiting;
  gboolean has_place;
};

UsherTurnstile *usher_turnstile_new (guint max);
UsherTurnstile *usher_turnstile_ref (UsherTurnstile *self);
void usher_turnstile_unref (UsherTurnstile *self);

/* At least 1. Those who are in stay in. */
void usher_turnstile_set_max (UsherTurnstile *self,
                              guint max);
guint usher_turnstile_get_max (UsherTurnstile *self);

/* Returns whether it has a place. If not, it waits, and `func` is called when it has. To ask again does no
 * harm. */
gboolean usher_turnstile_enter (UsherTurnstile *self,
                                UsherTurn *turn,
                                UsherTurnFunc func);
/* Gives its place back, or waits no longer; or does nothing. */
void usher_turnstile_leave (UsherTurnstile *self,
                            UsherTurn *turn);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherTurnstile, usher_turnstile_unref)

G_END_DECLS
