/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Bytes that wait to be sent, in order. It only keeps count; it sends nothing. Most connections queue nothing, and
 * have none: whoever only asks, or empties it, may say NULL. */
typedef struct
{
  GQueue chunks;     /* (element-type GBytes): (owned) */
  gsize n_head_sent; /* of the first chunk */
  gsize n_bytes;     /* that wait */
  guint64 n_ever;    /* that were ever added */
} UsherSendQueue;

UsherSendQueue *usher_send_queue_new (void);
void usher_send_queue_free (UsherSendQueue *self);
void usher_send_queue_clear (UsherSendQueue *self);
void usher_send_queue_add (UsherSendQueue *self,
                           GBytes *bytes);

/* That wait. */
gsize usher_send_queue_get_n_bytes (const UsherSendQueue *self);
/* That were ever added. */
guint64 usher_send_queue_get_n_ever (const UsherSendQueue *self);

/* Lists at most `n_max` vectors of what waits, but for what is behind the first `limit` bytes that
 * were ever added. Returns how many there are. `limit` is always at the end of a chunk. */
guint usher_send_queue_list (const UsherSendQueue *self,
                             guint64 limit,
                             GOutputVector *vectors,
                             guint n_max);

/* The first `n_bytes` have gone. */
void usher_send_queue_drop (UsherSendQueue *self,
                            gsize n_bytes);

G_END_DECLS
