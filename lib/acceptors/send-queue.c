/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/send-queue-private.h"

void
usher_send_queue_clear (UsherSendQueue *self)
{
  if (self->chunks != NULL)
    g_queue_free_full (g_steal_pointer (&self->chunks), (GDestroyNotify) g_bytes_unref);
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

  if (self->chunks == NULL)
    self->chunks = g_queue_new ();
  g_queue_push_tail (self->chunks, g_bytes_ref (bytes));
  self->n_bytes += size;
  self->n_ever += size;
}

guint
usher_send_queue_list (const UsherSendQueue *self,
                       guint64 limit,
                       GOutputVector *vectors,
                       guint n_max)
{
  guint64 position = self->n_ever - self->n_bytes;
  gsize n_skipped = self->n_head_sent;
  guint n = 0;

  if (self->n_bytes == 0)
    return 0;

  for (GList *l = self->chunks->head; l != NULL && n < n_max && position < limit; l = l->next)
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

  while (self->chunks->head != NULL && self->n_head_sent >= g_bytes_get_size (self->chunks->head->data))
    {
      g_autoptr (GBytes) chunk = g_queue_pop_head (self->chunks);

      self->n_head_sent -= g_bytes_get_size (chunk);
    }
}
