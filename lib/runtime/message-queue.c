/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/message-queue-private.h"

void
usher_message_queue_init (UsherMessageQueue *self)
{
  *self = (UsherMessageQueue){ 0 };
  g_mutex_init (&self->lock);
}

void
usher_message_queue_clear (UsherMessageQueue *self)
{
  g_mutex_clear (&self->lock);
}

gboolean
usher_message_queue_push (UsherMessageQueue *self,
                          UsherMessage *message)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gboolean was_asleep = self->is_asleep;

  if (self->first != NULL)
    self->last->next = message;
  else
    self->first = message;

  message->next = NULL;
  self->last = message;
  self->n_pushed++;
  self->is_asleep = FALSE;

  return was_asleep;
}

gboolean
usher_message_queue_fall_asleep (UsherMessageQueue *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->is_asleep = self->first == NULL;

  return self->is_asleep;
}

gboolean
usher_message_queue_wake_up (UsherMessageQueue *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  self->is_asleep = FALSE;

  return self->first != NULL;
}

guint64
usher_message_queue_get_n_pushed (UsherMessageQueue *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return self->n_pushed;
}

UsherMessage *
usher_message_queue_pop (UsherMessageQueue *self,
                         guint64 limit)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  UsherMessage *message = self->first;

  if (message == NULL || self->n_popped >= limit)
    return NULL;

  self->first = message->next;
  self->n_popped++;

  return message;
}
