/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/send-queue-private.h"

UsherSendQueue *
usher_send_queue_new (void)
{
  return g_new0 (UsherSendQueue, 1);
}

void
usher_send_queue_free (UsherSendQueue *self)
{
  usher_send_queue_clear (self);
  g_free (self);
}

void
usher_send_queue_clear (UsherSendQueue *self)
{
  if (self == NULL)
    return;

  g_queue_clear_full (&self->chunks, (GDestroyNotify) g_bytes_unref);
  self->n_head_sent = 0;
  self->n_bytes = 0;
}

void
usher_send_queue_add (UsherSendQueue *self,
                      GBytes *bytes)
{
  const gsize size = g_bytes_get_size (bytes);

  if (size == 0)
    return;

  g_queue_push_tail (&self->chunks, g_bytes_ref (bytes));
  self->n_bytes += size;
  self->n_ever += size;
}

gsize
usher_send_queue_get_n_bytes (const UsherSendQueue *self)
{
  return self != NULL ? self->n_bytes : 0;
}

guint64
usher_send_queue_get_n_ever (const UsherSendQueue *self)
{
  return self != NULL ? self->n_ever : 0;
}

guint
usher_send_queue_list (const UsherSendQueue *self,
                       guint64 limit,
                       GOutputVector *vectors,
                       guint n_max)
{
  guint64 position;
  gsize n_skipped;
  guint n = 0;

  if (usher_send_queue_get_n_bytes (self) == 0)
    return 0;

  position = self->n_ever - self->n_bytes;
  n_skipped = self->n_head_sent;
  for (GList *l = self->chunks.head; l != NULL && n < n_max && position < limit; l = l->next)
    {
      gsize size;
      const char *data = g_bytes_get_data (l->data, &size);

      vectors[n++] = (GOutputVector){ data + n_skipped, size - n_skipped };
      position += size - n_skipped;
      n_skipped = 0;
    }

  return n;
}

void
usher_send_queue_drop (UsherSendQueue *self,
                       gsize n_bytes)
{
  self->n_bytes -= n_bytes;
  self->n_head_sent += n_bytes;

  while (self->chunks.head != NULL && self->n_head_sent >= g_bytes_get_size (self->chunks.head->data))
    {
      g_autoptr (GBytes) chunk = g_queue_pop_head (&self->chunks);

      self->n_head_sent -= g_bytes_get_size (chunk);
    }
}
