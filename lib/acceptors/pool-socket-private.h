/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/acceptor-run-private.h"
#include "acceptors/listen-socket-private.h"
#include "runtime/backoff-private.h"
#include "usher/acceptor-pool.h"

G_BEGIN_DECLS

/* A pool and one of its listen sockets: the acceptors that wait for its connections, and the
 * accepting itself.
 *
 *   DETACHED <──> ATTACHED <──> PAUSED
 *       ^────────────────────────┘
 *
 * Everything here belongs to the pool's context. */
typedef enum
{
  USHER_POOL_SOCKET_DETACHED, /* the pool or the listen socket is down, and nobody is held */
  USHER_POOL_SOCKET_ATTACHED,
  USHER_POOL_SOCKET_PAUSED, /* attached, but something has run out */
} UsherPoolSocketState;

struct _UsherPoolSocket
{
  grefcount ref_count;
  UsherPoolSocketState state;
  UsherAcceptorPool *pool;          /* (unowned): outlives every run that it still hears */
  UsherReactor *reactor;            /* (owned): the pool's */
  UsherListenSocket *listen_socket; /* (owned) */
  gulong up_id;
  gulong down_id;
  UsherLastCall last_call;
  guint n_acceptors; /* that should be waiting */
  gboolean is_removed;

  GQueue waiting; /* (element-type UsherAcceptorRun): the longest waiting first */
  guint n_starting;
  guint n_held; /* accepted, and waiting for an acceptor or a place */
  UsherWatch watch;
  guint64 latest_dispatch;     /* of the reactor, that accepted */
  guint n_dispatches_in_a_row; /* that accepted, and never found too few */

  UsherTimer pause_timer;
  UsherBackoff pause_backoff;
  guint n_fruitless; /* accepts, starts and timeouts in a row that led to no connection */
};

UsherPoolSocket *usher_pool_socket_new (UsherAcceptorPool *pool,
                                        UsherListenSocket *listen_socket,
                                        guint n_acceptors);
UsherPoolSocket *usher_pool_socket_ref (UsherPoolSocket *self);
void usher_pool_socket_unref (UsherPoolSocket *self);

/* Detaches, and never attaches again. */
void usher_pool_socket_remove (UsherPoolSocket *self);

/* Makes what is what should be: attached if both sides are up, as many acceptors as wanted, polled
 * if one of them waits. */
void usher_pool_socket_reconcile (UsherPoolSocket *self);

/* Polls it, if connections may be accepted from it now. */
void usher_pool_socket_poll (UsherPoolSocket *self);
gboolean usher_pool_socket_may_accept (UsherPoolSocket *self);
/* When it is closed: accepts all that is there. */
void usher_pool_socket_empty (UsherPoolSocket *self);
/* Accepts what is there, up to its share. */
void usher_pool_socket_accept (UsherPoolSocket *self);
void usher_pool_socket_start_acceptors (UsherPoolSocket *self);
/* `error` is (nullable): what has run out, to be reported. */
void usher_pool_socket_pause (UsherPoolSocket *self,
                              const GError *error);
/* Pauses too, after too many of them. */
void usher_pool_socket_count_fruitless (UsherPoolSocket *self);

/* What became of one of its acceptors. */
void usher_pool_socket_run_ready (UsherPoolSocket *self,
                                  UsherAcceptorRun *run);
/* `error` is (nullable): NULL if the acceptor has nothing to do. */
void usher_pool_socket_run_not_ready (UsherPoolSocket *self,
                                      UsherAcceptorRun *run,
                                      const GError *error);
void usher_pool_socket_run_timed_out (UsherPoolSocket *self,
                                      UsherAcceptorRun *run);

G_END_DECLS
