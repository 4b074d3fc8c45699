/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* Watches with events that have not been dispatched yet, in the order in which they came. A watch
 * is in the queue while its ready_events are not 0. Zero-initialise it. */
typedef struct
{
  UsherWatch *first; /* (unowned) (nullable) */
  UsherWatch *last;  /* (unowned) (nullable) */
} UsherWatchQueue;

gboolean usher_watch_queue_is_empty (const UsherWatchQueue *self);

/* Appends the watch, or adds to the events of one that is in the queue. */
void usher_watch_queue_push (UsherWatchQueue *self,
                             UsherWatch *watch,
                             guint32 events);
/* Harmless if the watch is not in the queue. */
void usher_watch_queue_remove (UsherWatchQueue *self,
                               UsherWatch *watch);
/* (nullable): the first watch, and its events. */
UsherWatch *usher_watch_queue_pop (UsherWatchQueue *self,
                                   guint32 *events);

G_END_DECLS
