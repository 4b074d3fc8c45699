/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Bytes that wait to be sent, in order. It only keeps count; it sends nothing. Zero-initialise it. */
typedef struct
{
  GQueue *chunks;    /* (owned) (nullable) (element-type GBytes): most connections queue nothing */
  gsize n_head_sent; /* of the first chunk */
  gsize n_bytes;     /* that wait */
  guint64 n_ever;    /* that were ever added */
} UsherSendQueue;

void usher_send_queue_clear (UsherSendQueue *self);
void usher_send_queue_add (UsherSendQueue *self,
                           GBytes *bytes);

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
