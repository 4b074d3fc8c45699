/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* Messages from any thread to one receiver, in order. It also knows whether the receiver may be
 * asleep, so that only those who post to a sleeping receiver pay for waking it. All zero at first. */
typedef struct
{
  UsherMessage *pushed; /* (unowned) (nullable) (atomic): the newest first; or that the receiver may be asleep */
  UsherMessage *first;  /* (unowned) (nullable): taken by the receiver, the oldest first */
  UsherMessage *last;   /* (unowned): of those, if there are any */
} UsherMessageQueue;

/* Any thread. Returns TRUE if the receiver may be asleep: it has to be woken, by this caller. */
gboolean usher_message_queue_push (UsherMessageQueue *self,
                                   UsherMessage *message);

/* The rest: in the receiver's thread. */

/* Returns FALSE if there are messages. Else those who push from now on are told to wake it. */
gboolean usher_message_queue_fall_asleep (UsherMessageQueue *self);
/* Returns TRUE if there are messages. */
gboolean usher_message_queue_wake_up (UsherMessageQueue *self);

/* Takes what has been pushed so far, behind what was taken before. Whoever is asleep may do that, too. */
void usher_message_queue_take (UsherMessageQueue *self);
/* (nullable): the next message of those that were taken. */
UsherMessage *usher_message_queue_pop (UsherMessageQueue *self);

G_END_DECLS
