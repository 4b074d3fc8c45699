/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* The watches of one epoll set, by descriptor. epoll tells of an open file for as long as anybody has
 * it, a process forked meanwhile perhaps, even after its watch is gone and its number is another's.
 * So what epoll is given with a watch is no pointer but a key, which is never used again.
 *
 * Zero-initialise it. */
typedef struct
{
  UsherWatch **watches; /* (owned) (nullable) (array length=n_watches): by descriptor; not owned themselves */
  guint n_watches;
  guint n_added;
} UsherWatchTable;

/* The keys of what else is in the set: no watch is ever added under them, the first one being 1 << 32 and more. */
enum
{
  USHER_KEY_WAKE_UP,
  USHER_KEY_ALARM,
};

void usher_watch_table_clear (UsherWatchTable *self);

/* The key for the next watch of `fd`. */
guint64 usher_watch_table_get_next_key (const UsherWatchTable *self,
                                        int fd);
/* Under that key. One that was disarmed makes room. */
void usher_watch_table_add (UsherWatchTable *self,
                            UsherWatch *watch);
void usher_watch_table_remove (UsherWatchTable *self,
                               UsherWatch *watch);
/* (nullable): NULL if the watch was removed. */
UsherWatch *usher_watch_table_find (const UsherWatchTable *self,
                                    guint64 key);

G_END_DECLS
