/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Connections that the kernel has established and nobody has accepted yet. -1 for what it does not
 * say. */
typedef struct
{
  int depth;
  int limit;
  gint64 n_dropped; /* what was turned away since the socket was made, modulo 2^32 */
} UsherAcceptQueue;

#define USHER_ACCEPT_QUEUE_UNKNOWN            \
  {                                           \
    .depth = -1, .limit = -1, .n_dropped = -1 \
  }

/* `fd` listens, or is -1. Never waits, and needs no privilege. */
UsherAcceptQueue usher_accept_queue_read (int fd);

/* What is worth telling of a queue that is looked at from time to time. */
typedef struct
{
  guint watermark; /* in percent of the limit */
  gboolean is_high;
  guint32 n_dropped; /* at the last look */
} UsherPressure;

/* A kernel socket is new, or new to us: what was dropped before does not count. */
void usher_pressure_reset (UsherPressure *self,
                           const UsherAcceptQueue *queue);

/* Returns whether the queue has reached the watermark, for the first time since it was below half of
 * it, or something was dropped since the last look; and how much. */
gboolean usher_pressure_judge (UsherPressure *self,
                               const UsherAcceptQueue *queue,
                               guint *n_dropped);

G_END_DECLS
