/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/turnstile-private.h"

struct _UsherTurnstile
{
  gatomicrefcount ref_count;
  GMutex lock;
  guint max;      /* (locked-by lock) */
  guint n_inside; /* (locked-by lock) */
  GQueue waiting; /* (locked-by lock) (element-type UsherTurn) */
};

UsherTurnstile *
usher_turnstile_new (guint max)
{
  UsherTurnstile *self = g_new0 (UsherTurnstile, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  g_queue_init (&self->waiting);
  self->max = max;

  return self;
}

UsherTurnstile *
usher_turnstile_ref (UsherTurnstile *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
usher_turnstile_unref (UsherTurnstile *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_mutex_clear (&self->lock);
  g_free (self);
}

static void
turnstile_admit (UsherTurnstile *self,
                 UsherTurn *turn)
{
  self->n_inside++;
  turn->has_place = TRUE;
}

/* The lock is held. */
static void
turnstile_admit_those_who_wait (UsherTurnstile *self)
{
  while (self->n_inside < self->max && self->waiting.head != NULL)
    {
      UsherTurn *turn = g_queue_pop_head_link (&self->waiting)->data;

      turn->is_waiting = FALSE;
      turnstile_admit (self, turn);
      turn->func (turn);
    }
}

void
usher_turnstile_set_max (UsherTurnstile *self,
                         guint max)
{
  g_mutex_lock (&self->lock);
  self->max = max;
  turnstile_admit_those_who_wait (self);
  g_mutex_unlock (&self->lock);
}

guint
usher_turnstile_get_max (UsherTurnstile *self)
{
  guint max;

  g_mutex_lock (&self->lock);
  max = self->max;
  g_mutex_unlock (&self->lock);

  return max;
}

gboolean
usher_turnstile_enter (UsherTurnstile *self,
                       UsherTurn *turn,
                       UsherTurnFunc func)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (turn->has_place || turn->is_waiting)
    return turn->has_place;

  if (self->n_inside < self->max)
    {
      turnstile_admit (self, turn);
      return TRUE;
    }

  turn->func = func;
  turn->link.data = turn;
  turn->is_waiting = TRUE;
  g_queue_push_tail_link (&self->waiting, &turn->link);
  return FALSE;
}

void
usher_turnstile_leave (UsherTurnstile *self,
                       UsherTurn *turn)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  if (turn->is_waiting)
    g_queue_unlink (&self->waiting, &turn->link);
  turn->is_waiting = FALSE;

  if (!turn->has_place)
    return;

  turn->has_place = FALSE;
  self->n_inside--;
  turnstile_admit_those_who_wait (self);
}
