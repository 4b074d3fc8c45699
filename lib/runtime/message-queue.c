/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/message-queue-private.h"

/* In the place of a message. */
static UsherMessage asleep;

gboolean
usher_message_queue_push (UsherMessageQueue *self,
                          UsherMessage *message)
{
  UsherMessage *newest = g_atomic_pointer_get (&self->pushed);

  do
    message->next = newest != &asleep ? newest : NULL;
  while (!g_atomic_pointer_compare_and_exchange_full (&self->pushed, newest, message, &newest));

  return newest == &asleep;
}

gboolean
usher_message_queue_fall_asleep (UsherMessageQueue *self)
{
  UsherMessage *newest = NULL;

  if (self->first != NULL)
    return FALSE;

  return g_atomic_pointer_compare_and_exchange_full (&self->pushed, NULL, &asleep, &newest) || newest == &asleep;
}

gboolean
usher_message_queue_wake_up (UsherMessageQueue *self)
{
  g_atomic_pointer_compare_and_exchange (&self->pushed, &asleep, NULL);

  return self->first != NULL || g_atomic_pointer_get (&self->pushed) != NULL;
}

/* Returns the oldest of them, with the others behind it. */
static UsherMessage *
reverse (UsherMessage *newest)
{
  UsherMessage *oldest = NULL;

  while (newest != NULL)
    {
      UsherMessage *message = newest;

      newest = message->next;
      message->next = oldest;
      oldest = message;
    }

  return oldest;
}

void
usher_message_queue_take (UsherMessageQueue *self)
{
  UsherMessage *newest = g_atomic_pointer_get (&self->pushed);
  UsherMessage *oldest;

  if (newest == NULL || newest == &asleep)
    return;

  newest = g_atomic_pointer_exchange (&self->pushed, NULL);
  oldest = reverse (newest);
  if (self->first != NULL)
    self->last->next = oldest;
  else
    self->first = oldest;
  self->last = newest;
}

UsherMessage *
usher_message_queue_pop (UsherMessageQueue *self)
{
  UsherMessage *message = self->first;

  if (message != NULL)
    self->first = message->next;
  return message;
}
