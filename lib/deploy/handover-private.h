/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/kernel-socket-private.h"
#include "deploy/handover-channel-private.h"
#include "usher/handover.h"
#include "usher/listen-socket.h"

G_BEGIN_DECLS

/* The successor's way, and then the predecessor's. A failure leads back, to IDLE or to SERVING.
 *
 *   IDLE ──> ASKING ──> RECEIVING ──> TAKEN ──> CONFIRMING ──> SERVING
 *     └──────────── nobody to take from ──^ └── the same ────────^
 *
 *   SERVING ──> GREETING ──> OFFERING ──> PASSING ──> WARMING ──> SUPERSEDED */
typedef enum
{
  USHER_HANDOVER_STEP_IDLE,
  USHER_HANDOVER_STEP_ASKING,     /* for its OFFER */
  USHER_HANDOVER_STEP_RECEIVING,  /* each SOCKET */
  USHER_HANDOVER_STEP_TAKEN,      /* the program starts */
  USHER_HANDOVER_STEP_CONFIRMING, /* waits for YOURS */
  USHER_HANDOVER_STEP_SERVING,    /* the newest; whoever connects is its successor */
  USHER_HANDOVER_STEP_GREETING,   /* somebody has connected, and has to say HELLO */
  USHER_HANDOVER_STEP_OFFERING,   /* waits for WANT */
  USHER_HANDOVER_STEP_PASSING,    /* waits for GOT, for each socket */
  USHER_HANDOVER_STEP_WARMING,    /* waits for READY */
  USHER_HANDOVER_STEP_SUPERSEDED,
} UsherHandoverStep;

/* A kernel socket that changes hands. */
typedef struct
{
  char *name;                       /* (owned) */
  UsherListenSocket *listen_socket; /* (owned) (nullable): NULL for the control socket */
  UsherKernelSocket *kernel_socket; /* the one of these */
  guint64 cookie;                   /* which it is, for the kernel */
  int fd;                           /* (owned): received; -1 before, and once it is the kernel socket's */
  gboolean is_owned;                /* by the predecessor */
  UsherUnixFile file;
} UsherHandoverItem;

struct _UsherHandover
{
  GObject parent_instance;

  char *path;    /* (owned) */
  char *version; /* (owned) */
  guint timeout_msec;
  GPtrArray *pools;      /* (owned) (element-type UsherAcceptorPool) */
  UsherReactor *reactor; /* (owned) */

  UsherHandoverStep step;
  UsherKernelSocket control;
  UsherWatch control_watch;
  gint64 predecessor_pid;    /* 0 for none; -1 for one whose number is not known */
  char *predecessor_version; /* (owned) (nullable) */
  gint64 successor_pid;      /* 0 for none; the latest one that has asked */
  char *successor_version;   /* (owned) (nullable) */

  /* While one is under way. */
  UsherHandoverChannel channel;
  GPtrArray *items; /* (owned) (nullable) (element-type UsherHandoverItem): the control socket comes last */
  guint n_passed;
  GTask *task;          /* (owned) (nullable): taking, or confirming */
  GPtrArray *suspended; /* (owned) (element-type UsherAcceptorPool): that wait for the predecessor to stop */
  GError *failure;      /* (owned) (nullable): while the program started */

  /* The program that this one has started. */
  GSubprocess *process;           /* (owned) (nullable) */
  gint64 process_pid;             /* its number; 0 if it has exited at once */
  GTask *start_task;              /* (owned) (nullable) */
  GError *start_error;            /* (owned) (nullable): why it has failed already */
  GCancellable *wait_cancellable; /* (owned) (nullable) */
  UsherTimer start_timer;
};

void usher_handover_set_step (UsherHandover *self,
                              UsherHandoverStep step);

void usher_handover_notify_state (UsherHandover *self);
void usher_handover_reset_control (UsherHandover *self);

/* What came from the other process, and what should not have. */
void usher_handover_on_message (UsherHandoverChannel *channel,
                                UsherHandoverMessage *message,
                                const GError *error);
/* It is as if nothing had been tried. */
void usher_handover_fail (UsherHandover *self,
                          const GError *error);
/* The connection is over, and with it what it was about. */
void usher_handover_end_attempt (UsherHandover *self);

/* Says one thing to the other process, which has a time to answer. `fields` as for the channel. Fails if
 * it does not hear. */
void usher_handover_say (UsherHandover *self,
                         UsherHandoverVerb verb,
                         GVariant *fields,
                         UsherHandoverStep next);

/* As successor. */
void usher_handover_on_offer (UsherHandover *self,
                              UsherHandoverMessage *message);
void usher_handover_on_socket (UsherHandover *self,
                               UsherHandoverMessage *message);
void usher_handover_on_yours (UsherHandover *self,
                              UsherHandoverMessage *message);

/* As predecessor. */
gboolean usher_handover_listen (UsherHandover *self,
                                GError **error);
void usher_handover_on_hello (UsherHandover *self,
                              UsherHandoverMessage *message);
void usher_handover_on_want (UsherHandover *self,
                             UsherHandoverMessage *message);
void usher_handover_on_got (UsherHandover *self,
                            UsherHandoverMessage *message);
void usher_handover_on_ready (UsherHandover *self,
                              UsherHandoverMessage *message);
void usher_handover_poll_control (UsherHandover *self);
void usher_handover_emit_superseded (UsherHandover *self);
void usher_handover_emit_failed (UsherHandover *self,
                                 const GError *error);

/* Who has started the successor hears of it. The second returns whether that one is to hear of the
 * failure. */
void usher_handover_start_heard (UsherHandover *self);
gboolean usher_handover_start_failed (UsherHandover *self,
                                      const GError *error);
void usher_handover_start_succeeded (UsherHandover *self);
void usher_handover_give_up_start (UsherHandover *self);

/* The listen sockets of all pools, each once, by names that the other process knows as well: their
 * addresses. (element-type UsherHandoverItem) (transfer full) */
GPtrArray *usher_handover_list_items (UsherHandover *self);
UsherHandoverItem *usher_handover_item_new (const char *name,
                                            UsherListenSocket *listen_socket,
                                            UsherKernelSocket *kernel_socket);
/* (nullable) */
UsherHandoverItem *usher_handover_find_item (GPtrArray *items,
                                             const char *name);
/* Whether it is still the kernel socket that it was. */
gboolean usher_handover_item_is_the_same (const UsherHandoverItem *self);
GVariant *usher_handover_name_items (GPtrArray *items);

/* The name of the control socket, which is that of no listen socket. */
#define USHER_HANDOVER_CONTROL ""

G_END_DECLS
