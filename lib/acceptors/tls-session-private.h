/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/transport-private.h"

G_BEGIN_DECLS

/* TLS over a transport. What the streams read and write goes through a GTlsConnection, which stands
 * on the raw descriptor, and of which only what never waits is used: the transport does the waiting,
 * as it does without TLS.
 *
 * The transport owns it. Reading, writing and closing: any thread that has entered the transport. */
typedef struct _UsherTlsSession UsherTlsSession;

/*   HELLO ──> TURN ──> HANDSHAKE ──> ON
 *     └────────┴───────────┴─────────┴──> FAILED     for good: nothing can be read or written */
typedef enum
{
  USHER_TLS_HELLO,     /* the client has not said all of its ClientHello */
  USHER_TLS_TURN,      /* too many other handshakes are under way */
  USHER_TLS_HANDSHAKE, /* it is under way, in a thread of GLib's */
  USHER_TLS_ON,
  USHER_TLS_FAILED,
} UsherTlsState;

/* Who sends: each has its own order of bytes. */
typedef enum
{
  USHER_TLS_WRITER, /* of the stream */
  USHER_TLS_QUEUE,
  USHER_TLS_NOBODY, /* any more */
} UsherTlsSender;

UsherTlsSession *usher_tls_session_new (UsherTransport *transport);
void usher_tls_session_free (UsherTlsSession *self);

UsherTlsState usher_tls_session_get_state (UsherTlsSession *self);

/* What the transport does while the session is not on: the handshake goes on, everything else is
 * refused. Returns like usher_transport_try (). */
gssize usher_tls_session_advance (UsherTlsSession *self,
                                  UsherTransfer *transfer,
                                  GError **error);

/* While it is on. They return like recv () and send (), with errno set. EPROTO says that there is an
 * error for that direction. */
gssize usher_tls_session_receive (UsherTlsSession *self,
                                  void *buffer,
                                  gsize size);
/* The record of a sender who is told EAGAIN may have begun to go out: it has to come again, with the same
 * bytes first. */
gssize usher_tls_session_send (UsherTlsSession *self,
                               const GOutputVector *vectors,
                               guint n_vectors,
                               UsherTlsSender sender);
/* The sender will not come again. */
void usher_tls_session_disown (UsherTlsSession *self,
                               UsherTlsSender sender);
/* Returns 0, or errno: of what has begun to go out. */
int usher_tls_session_flush (UsherTlsSession *self);
/* Whether something could be received, or sent, now. */
gboolean usher_tls_session_is_ready (UsherTlsSession *self,
                                     UsherDirection direction);
/* (transfer full) (nullable) */
GError *usher_tls_session_dup_error (UsherTlsSession *self,
                                     UsherDirection direction);

/* Says close_notify, behind everything else. Returns 0, or errno; with EAGAIN something has still to go
 * out. */
int usher_tls_session_close_output (UsherTlsSession *self);
/* From now on there is nothing more to read. */
void usher_tls_session_close_input (UsherTlsSession *self);
/* The descriptor is closed: nobody reads or writes any more. */
void usher_tls_session_drop (UsherTlsSession *self);

G_END_DECLS
