/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* What the two processes of a hand-over say to each other; docs/internals/hand-over.md has the order.
 * The numbers are the protocol's. */
typedef enum
{
  USHER_HANDOVER_HELLO = 1, /* successor: version (s) */
  USHER_HANDOVER_OFFER,     /* predecessor: version (s), names (as) */
  USHER_HANDOVER_WANT,      /* successor: names (as) */
  USHER_HANDOVER_SOCKET,    /* predecessor, with a descriptor: name (s), is-owned (b), device (t), inode (t) */
  USHER_HANDOVER_GOT,       /* successor: name (s) */
  USHER_HANDOVER_READY,     /* successor */
  USHER_HANDOVER_YOURS,     /* predecessor */
  USHER_HANDOVER_REFUSED,   /* both: reason (s) */
  USHER_HANDOVER_LAST = USHER_HANDOVER_REFUSED,
} UsherHandoverVerb;

typedef struct
{
  UsherHandoverVerb verb;
  GVariant *fields; /* (owned): a{sv} */
  int fd;           /* (owned): -1 if there is none */
} UsherHandoverMessage;

/* "" if there is no such field. */
const char *usher_handover_message_get_string (const UsherHandoverMessage *self,
                                               const char *field);
/* (transfer container) */
const char **usher_handover_message_get_names (const UsherHandoverMessage *self);

/* One end of a connection between them. Whatever comes from the other one is checked: it may be a
 * program that knows nothing of this. */
typedef struct _UsherHandoverChannel UsherHandoverChannel;

/* `message` is NULL if there will be no more, because of `error`. Neither is the callee's. The channel
 * may be closed. */
typedef void (*UsherHandoverFunc) (UsherHandoverChannel *channel,
                                   UsherHandoverMessage *message,
                                   const GError *error);

struct _UsherHandoverChannel
{
  UsherReactor *reactor; /* (owned) (nullable): NULL while closed */
  UsherHandoverFunc func;
  int fd; /* (owned) */
  UsherWatch watch;
  UsherTimer timer;
};

/* Takes the descriptor, whether it succeeds or not. */
gboolean usher_handover_channel_open (UsherHandoverChannel *self,
                                      int fd,
                                      UsherHandoverFunc func,
                                      GError **error);
/* Harmless if it is closed. */
void usher_handover_channel_close (UsherHandoverChannel *self);
gboolean usher_handover_channel_is_open (const UsherHandoverChannel *self);

/* How long the next message may take; -1 for ever. Once it has come there is no limit. */
void usher_handover_channel_set_limit (UsherHandoverChannel *self,
                                       gint64 limit_msec);

/* `fields` is (nullable), and its floating reference is taken; `fd` is -1 for none, and stays the
 * caller's. Never waits: what does not fit is an error. */
gboolean usher_handover_channel_send (UsherHandoverChannel *self,
                                      UsherHandoverVerb verb,
                                      GVariant *fields,
                                      int fd,
                                      GError **error);

/* Says why there is no hand-over, if anybody listens. */
void usher_handover_channel_refuse (UsherHandoverChannel *self,
                                    const char *reason);

/* Who is at the other end. Returns 0 if that is nobody who may hand over: another user than this one
 * and root; and -1 if its number is not known here, as it has another PID namespace. */
pid_t usher_handover_channel_get_peer (UsherHandoverChannel *self);

/* Whether it is one of the verbs that may come now, a bit each. A refusal is an error of its own. */
gboolean usher_handover_message_check (const UsherHandoverMessage *self,
                                       guint expected,
                                       GError **error);

G_END_DECLS
