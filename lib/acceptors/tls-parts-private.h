/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/tls-session-private.h"
#include "acceptors/transport-parts-private.h"

G_BEGIN_DECLS

/* What the parts of the session share, and nobody else sees. */

/* What is known of the peer once the session is on. */
typedef struct
{
  char *server_name;            /* (owned) (nullable) */
  GTlsCertificate *certificate; /* (owned) (nullable) */
  char *protocol;               /* (owned) (nullable) */
  GTlsProtocolVersion version;
  char *ciphersuite; /* (owned) (nullable) */
} UsherTlsPeer;

struct _UsherTlsSession
{
  UsherTransport *transport; /* (unowned) */
  int state;                 /* (atomic) */
  int is_renegotiating;      /* (atomic): the peer has asked for it, and that is the end */
  UsherTlsPeer peer;
  int has_peer;    /* (atomic): and that does not change any more */
  GByteArray *raw; /* (owned) (nullable): what TLS says for itself, and has still to go. While the handshake is under
                    * way it is the thread's; then (locked-by lock) */

  GMutex lock;                        /* taken last */
  GTlsConnection *tls;                /* (owned) (nullable) (locked-by lock) */
  GError *errors[2];                  /* (owned) (nullable) (locked-by lock): why a direction is of no use any more */
  GByteArray *record;                 /* (owned) (nullable) (locked-by lock): what is left of one that has begun to go out */
  gsize record_length;                /* (locked-by lock): of all of it */
  UsherTlsSender sender;              /* (locked-by lock): of the record */
  gsize n_gone[USHER_TLS_NOBODY + 1]; /* (locked-by lock): of each sender's, which it has not been told */
  guint8 ahead;                       /* (locked-by lock): has been read to see whether there is something */
  gboolean is_ahead;                  /* (locked-by lock) */
  GThread *closer;                    /* (unowned) (nullable) (atomic): who says close_notify just now */
  gboolean is_input_closed;           /* (locked-by lock) */
  gboolean is_output_closed;          /* (locked-by lock) */
};

void usher_tls_session_set_state (UsherTlsSession *self,
                                  UsherTlsState state);
/* Both directions are of no use any more, and those who wait learn it. */
void usher_tls_session_fail (UsherTlsSession *self,
                             const GError *error);

/* Takes a reference. */
void usher_tls_session_put_tls (UsherTlsSession *self,
                                GTlsConnection *tls);
/* Keeps what the handshake, or the closer, wants to send. Returns FALSE if the calling thread is neither. */
gboolean usher_tls_session_put_raw (UsherTlsSession *self,
                                    gconstpointer bytes,
                                    gsize length);
/* Any thread, which need not own the lock. */
void usher_tls_session_refuse_renegotiation (UsherTlsSession *self);

/* (transfer full): the raw descriptor, for a GTlsConnection to stand on. It holds a reference on the
 * transport. */
GIOStream *usher_tls_wire_new (UsherTransport *transport);

G_END_DECLS
