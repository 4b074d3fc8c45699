/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/crew-socket-private.h"
#include "acceptors/listen-socket-private.h"
#include "usher/acceptor-pool.h"

G_BEGIN_DECLS

/* A listen socket that a pool was told to serve. Whenever both are up, each crew of the pool is
 * attached to it. Everything here belongs to the pool's context. */
typedef struct
{
  grefcount ref_count;
  UsherAcceptorPool *pool;          /* (unowned): has it removed in time */
  UsherListenSocket *listen_socket; /* (owned) */
  gulong up_id;
  gulong down_id;
  UsherLastCall last_call;
  guint n_acceptors; /* that should be waiting, in all */
  guint n_kept;      /* at last calls */
  gboolean is_removed;
  GPtrArray *parts; /* (owned) (nullable) (element-type UsherCrewSocket): one a crew, while it is attached */
} UsherPoolSocket;

UsherPoolSocket *usher_pool_socket_new (UsherAcceptorPool *pool,
                                        UsherListenSocket *listen_socket,
                                        guint n_acceptors);
UsherPoolSocket *usher_pool_socket_ref (UsherPoolSocket *self);
void usher_pool_socket_unref (UsherPoolSocket *self);

void usher_pool_socket_set_n_acceptors (UsherPoolSocket *self,
                                        guint n_acceptors);

/* Never attaches again. Crews that have parted from it go on with those whom they have accepted. */
void usher_pool_socket_retire (UsherPoolSocket *self);
/* The same, and detaches them. */
void usher_pool_socket_remove (UsherPoolSocket *self);

/* Attaches each crew. */
void usher_pool_socket_attach (UsherPoolSocket *self);
/* Ends the attachment, if there is one, in one of the ways in which a crew does it. */
void usher_pool_socket_part (UsherPoolSocket *self,
                             UsherCrewFunc how);
/* When it is closed for good: accepts all that is there, for the crews. */
void usher_pool_socket_empty (UsherPoolSocket *self);

/* Makes what is what should be: attached if both sides are up. */
void usher_pool_socket_reconcile (UsherPoolSocket *self);

G_END_DECLS
