/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/acceptor-kind-private.h"
#include "acceptors/connection-private.h"
#include "acceptors/proxy-greeting-private.h"
#include "usher/acceptor.h"

G_BEGIN_DECLS

/* One acceptor's run, from its acceptor_init to its exit: what a process is in Erlang.
 *
 *   STARTING ──> WAITING ──> SERVING ──> EXITED
 *       │           │         v         │
 *       │           └─────> TERMINATING ──┘
 *       └──────────────────────────────────┘
 *
 * Everything here belongs to the crew's context. Where the acceptor's own code runs is the
 * runner's business. */
typedef struct _UsherAcceptorRun UsherAcceptorRun;
typedef struct _UsherRunner UsherRunner;
typedef struct _UsherCrewSocket UsherCrewSocket;

typedef enum
{
  USHER_RUN_STARTING,    /* in acceptor_init */
  USHER_RUN_WAITING,     /* for a connection */
  USHER_RUN_SERVING,     /* in acceptor_continue, or still waiting for a PROXY header */
  USHER_RUN_TERMINATING, /* in acceptor_terminate */
  USHER_RUN_EXITED,
} UsherRunState;

/* The end of its wait for a connection; then, when that is told to leave. */
typedef struct
{
  UsherTimer timer;
  UsherAcceptorRun *run; /* (unowned) */
} UsherRunTimer;

/* There may be many, so that it is packed. */
struct _UsherAcceptorRun
{
  guint ref_count;
  UsherRunState state;
  const UsherRunner *runner;
  gpointer place;              /* (nullable): the runner's own, from a start to the acceptor's last word */
  UsherCrewSocket *socket;     /* (owned) */
  UsherAcceptor *acceptor;     /* (owned) */
  UsherConnection *connection; /* (owned) (nullable): once it serves one */
  UsherExit *reason;           /* (owned) (nullable): why it ends without serving one */
  UsherRunTimer *timer;        /* (owned) (nullable): made when started */
  GList link;                  /* in the pool's list of all runs */

  union
  {
    /* Before there is a connection. */
    struct
    {
      GList link; /* in the socket's list of waiting runs */
      int timeout_msec;
    } waiting;

    /* Once there is one. */
    struct
    {
      UsherProxyGreeting *greeting; /* (owned) (nullable): while it waits for a PROXY header */
      gint64 began_usec;
      gint64 drained_usec; /* when the connection's grace began; 0 before. It may be told later */
      gboolean is_cut;     /* made to exit after its grace */
    } serving;
  };
};

/* Where an acceptor's code runs. Each function answers by the usher_acceptor_run_* function named
 * with it, in the crew's context, perhaps before it returns. */
struct _UsherRunner
{
  gsize place_size;
  /* Runs acceptor_init: initialised. Fails if there is no place to run it in. */
  gboolean (*start) (UsherAcceptorRun *run,
                     GError **error);
  /* Runs acceptor_continue: served. */
  void (*serve) (UsherAcceptorRun *run);
  /* Runs acceptor_terminate: terminated. */
  void (*terminate) (UsherAcceptorRun *run);
  /* (nullable): what the acceptor's code waits for is over. */
  void (*kill) (UsherAcceptorRun *run);
};

extern const UsherRunner usher_runner_loop;
extern const UsherRunner usher_runner_func;
extern const UsherRunner usher_runner_thread;
extern const UsherRunner usher_runner_fiber;

/* (transfer none): room for the runner's place, all zero at first, which lasts as long as the run. */
gpointer usher_acceptor_run_get_room (UsherAcceptorRun *self);

/* Called in the crew's context. */
const UsherAcceptorKind *usher_acceptor_run_get_kind (UsherAcceptorRun *self);

/* (transfer full): acceptor */
UsherAcceptorRun *usher_acceptor_run_new (UsherCrewSocket *socket,
                                          UsherAcceptor *acceptor);
UsherAcceptorRun *usher_acceptor_run_ref (UsherAcceptorRun *self);
void usher_acceptor_run_unref (UsherAcceptorRun *self);
/* For people: whom it serves, or where it waits. */
char *usher_acceptor_run_dup_name (UsherAcceptorRun *self);

void usher_acceptor_run_start (UsherAcceptorRun *self);
/* (transfer full): connection */
void usher_acceptor_run_serve (UsherAcceptorRun *self,
                               UsherConnection *connection);
void usher_acceptor_run_terminate (UsherAcceptorRun *self,
                                   UsherExit *reason);
/* Tells the connection to leave, after a time or at once. */
void usher_acceptor_run_tell (UsherAcceptorRun *self,
                              gint64 delay_usec);
/* When that is to be; 0 if it has been, or was not called for. */
gint64 usher_acceptor_run_get_telling_usec (UsherAcceptorRun *self);
/* Nobody waits for the run any more, and what it still answers is not heard. */
void usher_acceptor_run_abandon (UsherAcceptorRun *self);

/* The accept timeout counts only while the socket is polled. */
void usher_acceptor_run_start_accept_timer (UsherAcceptorRun *self);
void usher_acceptor_run_stop_accept_timer (UsherAcceptorRun *self);

/* The runners' answers. `error` is (nullable). */
void usher_acceptor_run_initialised (UsherAcceptorRun *self,
                                     UsherAcceptorInit answer,
                                     const GError *error);
/* (transfer full): error */
void usher_acceptor_run_served (UsherAcceptorRun *self,
                                gboolean succeeded,
                                GError *error);
void usher_acceptor_run_terminated (UsherAcceptorRun *self);

G_END_DECLS
