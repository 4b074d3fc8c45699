/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* Messages from any thread to one receiver, in order. It also knows whether the receiver may be
 * asleep, so that only those who post to a sleeping receiver pay for waking it. */
typedef struct
{
  GMutex lock;
  UsherMessage *first; /* (unowned) (nullable) (locked-by lock) */
  UsherMessage *last;  /* (unowned) (nullable) (locked-by lock) */
  guint64 n_pushed;    /* (locked-by lock) */
  guint64 n_popped;    /* (locked-by lock) */
  gboolean is_asleep;  /* (locked-by lock) */
} UsherMessageQueue;

void usher_message_queue_init (UsherMessageQueue *self);
void usher_message_queue_clear (UsherMessageQueue *self);

/* Any thread. Returns TRUE if the receiver may be asleep: it has to be woken, by this caller. */
gboolean usher_message_queue_push (UsherMessageQueue *self,
                                   UsherMessage *message);

/* The rest: in the receiver's thread. */

/* Returns FALSE if there are messages. Else those who push from now on are told to wake it. */
gboolean usher_message_queue_fall_asleep (UsherMessageQueue *self);
/* Returns TRUE if there are messages. */
gboolean usher_message_queue_wake_up (UsherMessageQueue *self);

/* How many messages have ever been pushed. */
guint64 usher_message_queue_get_n_pushed (UsherMessageQueue *self);

/* (nullable): the next message, if it is one of the first `limit` that were ever pushed. */
UsherMessage *usher_message_queue_pop (UsherMessageQueue *self,
                                       guint64 limit);

G_END_DECLS
