/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/timer-heap-private.h"

#define INITIAL_CAPACITY 16

static gboolean
is_before (const UsherTimer *a,
           const UsherTimer *b)
{
  if (a->deadline_usec != b->deadline_usec)
    return a->deadline_usec < b->deadline_usec;

  return a->sequence < b->sequence;
}

static void
put (UsherTimerHeap *self,
     guint index,
     UsherTimer *timer)
{
  self->timers[index] = timer;
  timer->index = index;
}

static void
sift_up (UsherTimerHeap *self,
         UsherTimer *timer)
{
  guint index = timer->index;

  while (index > 0)
    {
      guint parent = (index - 1) / 2;

      if (!is_before (timer, self->timers[parent]))
        break;

      put (self, index, self->timers[parent]);
      index = parent;
    }

  put (self, index, timer);
}

static guint
first_child (const UsherTimerHeap *self,
             guint index)
{
  guint left = 2 * index + 1;
  guint right = left + 1;

  if (right < self->n_timers && is_before (self->timers[right], self->timers[left]))
    return right;

  return left;
}

static void
sift_down (UsherTimerHeap *self,
           UsherTimer *timer)
{
  guint index = timer->index;

  for (guint child = first_child (self, index); child < self->n_timers;
       child = first_child (self, index))
    {
      if (!is_before (self->timers[child], timer))
        break;

      put (self, index, self->timers[child]);
      index = child;
    }

  put (self, index, timer);
}

static void
grow (UsherTimerHeap *self)
{
  self->capacity = MAX (INITIAL_CAPACITY, 2 * self->capacity);
  self->timers = g_renew (UsherTimer *, self->timers, self->capacity);
}

void
usher_timer_heap_clear (UsherTimerHeap *self)
{
  g_warn_if_fail (self->n_timers == 0);

  g_free (self->timers);
  *self = (UsherTimerHeap){ 0 };
}

UsherTimer *
usher_timer_heap_peek (const UsherTimerHeap *self)
{
  return self->n_timers > 0 ? self->timers[0] : NULL;
}

void
usher_timer_heap_add (UsherTimerHeap *self,
                      UsherTimer *timer)
{
  if (self->n_timers == self->capacity)
    grow (self);

  put (self, self->n_timers++, timer);
  sift_up (self, timer);
}

void
usher_timer_heap_remove (UsherTimerHeap *self,
                         UsherTimer *timer)
{
  UsherTimer *last = self->timers[--self->n_timers];

  if (last == timer)
    return;

  put (self, timer->index, last);
  sift_up (self, last);
  sift_down (self, last);
}
