/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/watch-queue-private.h"

gboolean
usher_watch_queue_is_empty (const UsherWatchQueue *self)
{
  return self->first == NULL;
}

static void
append (UsherWatchQueue *self,
        UsherWatch *watch)
{
  watch->previous = self->last;
  watch->next = NULL;

  if (self->last != NULL)
    self->last->next = watch;
  else
    self->first = watch;

  self->last = watch;
}

void
usher_watch_queue_push (UsherWatchQueue *self,
                        UsherWatch *watch,
                        guint32 events)
{
  if (events == 0)
    return;

  if (watch->ready_events == 0)
    append (self, watch);

  watch->ready_events |= events;
}

void
usher_watch_queue_remove (UsherWatchQueue *self,
                          UsherWatch *watch)
{
  if (watch->ready_events == 0)
    return;

  if (watch->previous != NULL)
    watch->previous->next = watch->next;
  else
    self->first = watch->next;

  if (watch->next != NULL)
    watch->next->previous = watch->previous;
  else
    self->last = watch->previous;

  watch->previous = NULL;
  watch->next = NULL;
  watch->ready_events = 0;
}

UsherWatch *
usher_watch_queue_pop (UsherWatchQueue *self,
                       guint32 *events)
{
  UsherWatch *watch = self->first;

  if (watch == NULL)
    return NULL;

  *events = watch->ready_events;
  usher_watch_queue_remove (self, watch);

  return watch;
}
