/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <sys/socket.h>

#include "acceptors/pool-link-private.h"
#include "acceptors/transport-private.h"
#include "runtime/fiber-private.h"
#include "usher/connection.h"
#include "usher/exit.h"

G_BEGIN_DECLS

#define USHER_DEFAULT_MAX_QUEUED_BYTES (1024 * 1024)

/* The address that accept4() gave. */
typedef struct
{
  struct sockaddr_storage address;
  socklen_t length;
} UsherPeer;

/* What a connection is counted by, besides its place. */
typedef struct
{
  guint16 family; /* 0: by nothing */
  guint8 bytes[8];
} UsherPeerKey;

/* A connection's place in the count of its pool. */
typedef struct
{
  int is_counted; /* (atomic) */
  UsherPeerKey peer;
} UsherTicket;

/* Takes the descriptor. */
UsherConnection *usher_connection_new (UsherReactor *reactor,
                                       UsherListenSocket *listen_socket,
                                       int fd,
                                       const UsherPeer *peer);
/* One that is over. Returns FALSE if anybody but the caller may know of it, or of its streams, or if it
 * cannot be used again for another reason; else it has nothing of its client any more. */
gboolean usher_connection_retire (UsherConnection *self);
/* A retired one, for the next client. Takes the descriptor. */
void usher_connection_begin_again (UsherConnection *self,
                                   UsherListenSocket *listen_socket,
                                   int fd,
                                   const UsherPeer *peer);
/* The connection is counted from now on. */
void usher_connection_join (UsherConnection *self,
                            UsherPoolLink *link,
                            const UsherPeerKey *key);
UsherTicket *usher_connection_get_ticket (UsherConnection *self);
/* Adds what it has received and sent so far. */
void usher_connection_add_bytes (UsherConnection *self,
                                 guint64 *bytes_received,
                                 guint64 *bytes_sent);
void usher_connection_set_drain_idle_reads (UsherConnection *self,
                                            gboolean drain_idle_reads);

/* For one that nobody else knows yet. */
void usher_connection_begin_limits (UsherConnection *self,
                                    const UsherTransportLimits *limits);

/* -1 once closed. */
int usher_connection_get_fd (UsherConnection *self);

/* Of the transport, whatever a PROXY header says. */
char *usher_connection_dup_transport_peer_name (UsherConnection *self);

/* (transfer none): the fiber that serves it, whose waits end when it has to exit. */
void usher_connection_enter_fiber (UsherConnection *self,
                                   UsherFiber *fiber);
void usher_connection_leave_fiber (UsherConnection *self);

/* Any thread: whether its peer has been heard at all. */
gboolean usher_connection_has_received (UsherConnection *self);

/* Called in the connection's context: please leave, in your own time. Does nothing if told. */
void usher_connection_drain (UsherConnection *self);

/* Any thread: unwind now. */
void usher_connection_stop (UsherConnection *self);

/* Any thread: unwind now, and the peer learns that it is over. */
void usher_connection_kill (UsherConnection *self);

/* Closes the descriptor, whatever is still under way. */
void usher_connection_close (UsherConnection *self);

/* `func` is called once, by usher_connection_complete () or usher_connection_fail (), in the connection's context. Its error is (transfer full)
 * (nullable). */
typedef void (*UsherCompleteFunc) (gpointer user_data,
                                   GError *error);
void usher_connection_expect (UsherConnection *self,
                              UsherCompleteFunc func,
                              gpointer user_data);

/* Why the acceptor ended: what `acceptor_continue` answered, seen in the light of what happened to
 * the connection. `error` is (transfer full) (nullable). */
UsherExit *usher_connection_explain (UsherConnection *self,
                                     gboolean succeeded,
                                     GError *error);

G_END_DECLS
