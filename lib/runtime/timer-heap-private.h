/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* Timers by deadline, and those with the same deadline by sequence. A binary heap: the first is
 * found in O(1), any is added or removed in O(log n). It looks at the timers' deadline and
 * sequence and keeps their index up to date. Zero-initialise it. */
typedef struct
{
  UsherTimer **timers; /* (owned) (nullable): the timers are (unowned) */
  guint n_timers;
  guint capacity;
} UsherTimerHeap;

/* Frees the heap's memory. It must be empty. */
void usher_timer_heap_clear (UsherTimerHeap *self);

/* (nullable): the timer that is due first. */
UsherTimer *usher_timer_heap_peek (const UsherTimerHeap *self);

void usher_timer_heap_add (UsherTimerHeap *self,
                           UsherTimer *timer);
void usher_timer_heap_remove (UsherTimerHeap *self,
                              UsherTimer *timer);

G_END_DECLS
