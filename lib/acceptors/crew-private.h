/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/acceptor-kind-private.h"
#include "acceptors/acceptor-run-private.h"
#include "acceptors/connection-spares-private.h"
#include "acceptors/farewell-private.h"
#include "acceptors/pool-statistics-private.h"
#include "acceptors/share-private.h"
#include "acceptors/transport-private.h"
#include "runtime/free-list-private.h"
#include "runtime/worker-private.h"
#include "usher/acceptor-pool.h"

G_BEGIN_DECLS

/* Those acceptors of a pool that live in one context, for one life of the pool: their runs and
 * connections, and their part of each listen socket.
 *
 *   WORKING ──> DRAINING ──> LEAVING ──> LEFT
 *      └────────────────────────^
 *
 * Everything here belongs to the crew's context, but for the books, which are kept under a lock. The
 * pool and the crew talk by calls: the pool gives orders, and the crew tells what has happened. */
typedef struct _UsherCrew UsherCrew;
typedef struct _UsherCrewSocket UsherCrewSocket;
typedef struct _UsherPoolFactory UsherPoolFactory;

typedef enum
{
  USHER_CREW_WORKING,
  USHER_CREW_DRAINING, /* nothing is accepted any more; the connections were told */
  USHER_CREW_LEAVING,  /* leaves when the last run has ended */
  USHER_CREW_LEFT,     /* what still runs was abandoned */
} UsherCrewState;

/* What the pool's properties say about acceptors and connections. Each crew has a copy of its own. */
typedef struct
{
  UsherPoolFactory *factory; /* (owned) (nullable) */
  UsherExecution execution;
  gboolean drain_idle_reads;
  UsherTransportLimits limits; /* that connections begin with */
  gint64 drain_spread_usec;    /* what there is of it within the grace */
  gint64 drain_patience_usec;
  UsherAtLimit at_limit;
  guint at_limit_wait_msec;
  GBytes *goodbye; /* (owned) (nullable) */
  gboolean is_suspended;
} UsherCrewTerms;

struct _UsherCrew
{
  int ref_count; /* (atomic) */
  UsherCrewState state;
  UsherAcceptorPool *pool;    /* (owned) (nullable): until the crew has left */
  UsherReactor *pool_reactor; /* (owned) */
  UsherWorker *worker;        /* (unowned) (nullable): NULL if this is the pool's context */
  UsherReactor *reactor;      /* (owned) */
  guint n_crews;              /* of the pool, when it was started */
  UsherCrewTerms terms;
  GPtrArray *sockets;    /* (owned) (element-type UsherCrewSocket): those that are attached */
  guint n_orders;        /* that are being carried out; they may iterate the context */
  guint n_reconciled;    /* who is first changes every time */
  guint n_alive;         /* runs, those that were abandoned too */
  gboolean is_dismissed; /* the worker ends when nobody is alive */
  gboolean is_forsaken;  /* (pool's context): did not answer, and is not heard any more */
  UsherMessage message;
  int is_scheduled; /* (atomic) */
  GQueue held;      /* (element-type Held) (owned): accepted, and waiting for an acceptor or a place */
  UsherTimer held_timer;
  UsherShare share;
  UsherFarewells farewells;
  UsherConnectionSpares spares;
  UsherMessage spares_message;
  UsherFreeList spare_runs;
  UsherAcceptorKind kind;

  /* The books. */
  GMutex lock;
  GQueue runs;                /* (element-type UsherAcceptorRun) (owned) (locked-by lock) */
  guint n_waiting;            /* (locked-by lock) */
  guint n_held;               /* (locked-by lock) */
  guint n_connections;        /* (locked-by lock) */
  UsherPoolCounters counters; /* (locked-by lock) */
};

/* What the pool hears of. */
typedef struct _UsherCrewNews UsherCrewNews;

/* An order, in the crew's context. It frees the data, if that is to be freed. */
typedef void (*UsherCrewFunc) (UsherCrew *self,
                               gpointer data);
/* News, in the pool's context. */
typedef void (*UsherCrewNewsFunc) (UsherAcceptorPool *pool,
                                   UsherCrewNews *news);

struct _UsherCrewNews
{
  UsherCrew *crew;         /* (owned) */
  UsherAcceptorPool *pool; /* (owned) */
  UsherCrewNewsFunc func;
  UsherCrewSocket *socket; /* (owned) (nullable): where it happened */
  GError *error;           /* (owned) (nullable) */
  UsherExit *exit;         /* (owned) (nullable): of an acceptor */
  char *name;              /* (owned) (nullable): whom it served */
  gint64 told_usec;        /* when the last of its connections was told; 0 if there is none */
  gboolean leaves_nobody;  /* nobody was abandoned */
};

/* `worker` is (nullable): NULL for one that lives in the pool's own context. */
UsherCrew *usher_crew_new (UsherAcceptorPool *pool,
                           UsherWorker *worker,
                           const UsherCrewTerms *terms);
UsherCrew *usher_crew_ref (UsherCrew *self);
void usher_crew_unref (UsherCrew *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherCrew, usher_crew_unref)

/* (transfer full) (element-type UsherCrewSocket): to go through while anything may happen. */
GPtrArray *usher_crew_dup_sockets (UsherCrew *self);

/* Any thread, that has a reference: makes what is what should be, soon. */
void usher_crew_schedule (UsherCrew *self);

/* In the pool's context: carried out in the order of the orders; at once without a worker. */
void usher_crew_order (UsherCrew *self,
                       UsherCrewFunc func,
                       gpointer data);
/* In the crew's context, until it has left: heard in the order of the news; at once without a worker.
 * `news` is (transfer full). */
void usher_crew_tell_pool (UsherCrew *self,
                           UsherCrewNewsFunc func,
                           UsherCrewNews *news);

/* (transfer full): an object that is to be released in the pool's context. */
void usher_crew_give_back (UsherCrew *self,
                           gpointer object);

void usher_crew_news_free (UsherCrewNews *news);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherCrewNews, usher_crew_news_free)

/* Orders. */

/* `terms` (transfer full): an UsherCrewTerms */
void usher_crew_set_terms (UsherCrew *self,
                           gpointer terms);
/* `listen_socket` (transfer full) (nullable): whose connections are told to leave; NULL for all. */
void usher_crew_tell_connections (UsherCrew *self,
                                  gpointer listen_socket);
/* Tells all connections within `spread_msec`, a guint; the pool hears when the latest grace of those
 * who are still here has begun. */
void usher_crew_drain (UsherCrew *self,
                       gpointer spread_msec);
/* All acceptors have to end. */
void usher_crew_cut (UsherCrew *self,
                     gpointer unused);
/* Nobody waits for them any more; with `is_reported`, a gboolean, the pool tells who they were. */
void usher_crew_abandon (UsherCrew *self,
                         gpointer is_reported);
/* Ends when the last run has ended, and tells the pool. */
void usher_crew_leave (UsherCrew *self,
                       gpointer unused);

void usher_crew_begin_drain (UsherCrew *self);
/* It came through a listen socket that is closed by now, and is told to leave. */
void usher_crew_tell_latecomer (UsherCrew *self,
                                UsherAcceptorRun *run);

/* The pool needs it no more: the worker ends as soon as nobody is alive. */
void usher_crew_dismiss (UsherCrew *self,
                         gpointer unused);
void usher_crew_count_alive (UsherCrew *self,
                             int difference);

/* The books. */
void usher_crew_add_run (UsherCrew *self,
                         UsherAcceptorRun *run);
void usher_crew_set_run_state (UsherCrew *self,
                               UsherAcceptorRun *run,
                               UsherRunState state);
/* It has exited: without a connection, or with one. */
void usher_crew_remove_run (UsherCrew *self,
                            UsherAcceptorRun *run);
void usher_crew_connection_exited (UsherCrew *self,
                                   UsherAcceptorRun *run,
                                   UsherExit *exit);
void usher_crew_count (UsherCrew *self,
                       guint64 *counter);
/* Any thread: adds what it has done, and what its connections are doing. */
void usher_crew_add_counters (UsherCrew *self,
                              UsherPoolCounters *counters);

/* Any thread: the figures of one moment. */
typedef struct
{
  guint n_runs;
  guint n_waiting;
  guint n_connections;
  guint n_held;
} UsherCrewFigures;

UsherCrewFigures usher_crew_get_figures (UsherCrew *self);
/* In the pool's context: it does not answer, and is not heard any more. Returns (transfer full)
 * (element-type UsherConnection) its connections, and adds the names of all who run there, (element-type
 * utf8). */
GPtrArray *usher_crew_forsake (UsherCrew *self,
                               GPtrArray *names);
/* Any thread: adds UsherConnectionInfos. */
void usher_crew_list (UsherCrew *self,
                      GPtrArray *children);

/* Takes the descriptor. */
UsherConnection *usher_crew_make_connection (UsherCrew *self,
                                             UsherListenSocket *listen_socket,
                                             int fd,
                                             const UsherPeer *peer);
/* (transfer full): one that is over, and may be used again. */
void usher_crew_end_connection (UsherCrew *self,
                                UsherConnection *connection);

/* Those who were accepted, and wait for an acceptor or a place. */
void usher_crew_serve_held (UsherCrew *self);
/* `socket` is (nullable): whose; NULL for all. */
void usher_crew_refuse_held (UsherCrew *self,
                             UsherCrewSocket *socket);
gboolean usher_crew_can_hold (UsherCrew *self);

/* Takes the descriptor. */
void usher_crew_refuse (UsherCrew *self,
                        int fd,
                        UsherRefusal reason);

UsherAcceptor *usher_crew_make_acceptor (UsherCrew *self,
                                         GError **error);

void usher_crew_terms_copy (UsherCrewTerms *self,
                            const UsherCrewTerms *terms);
void usher_crew_terms_clear (UsherCrewTerms *self);

/* What makes acceptors. Any thread. */
UsherPoolFactory *usher_pool_factory_ref (UsherPoolFactory *self);
void usher_pool_factory_unref (UsherPoolFactory *self);
UsherAcceptor *usher_pool_factory_make (UsherPoolFactory *self,
                                        UsherAcceptorPool *pool,
                                        GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherPoolFactory, usher_pool_factory_unref)

G_END_DECLS
