/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/farewell-private.h"
#include "acceptors/peer-counts-private.h"
#include "acceptors/pool-link-private.h"
#include "acceptors/pool-socket-private.h"
#include "acceptors/pool-statistics-private.h"
#include "acceptors/slots-private.h"
#include "supervision/budget-private.h"
#include "supervision/life-private.h"
#include "usher/acceptor-pool.h"
#include "usher/supervisor.h"
#include "usher/report.h"

G_BEGIN_DECLS

/*   DOWN ──> UP ──> DRAINING ──> STOPPING
 *    ^───────────────────┴───────────┘     A kill skips DRAINING. */
typedef enum
{
  USHER_POOL_DOWN,
  USHER_POOL_UP,
  USHER_POOL_DRAINING, /* the connections were told, and have their grace */
  USHER_POOL_STOPPING, /* the connections were made to exit, and have to unwind */
} UsherPoolState;

/* Where those come from who were accepted, and wait. */
typedef enum
{
  USHER_HELD_FROM_ANY,
  USHER_HELD_FROM_UP,      /* a listen socket that is up */
  USHER_HELD_FROM_REMOVED, /* one that the pool does not serve any more */
} UsherHeldFrom;

typedef struct _UsherPoolFactory UsherPoolFactory;

struct _UsherAcceptorPool
{
  GObject parent_instance;

  char *name;                /* (owned) */
  UsherPoolFactory *factory; /* (owned) (nullable): a pool cannot start without */
  UsherReactor *reactor;     /* (owned) */
  GPtrArray *sockets;        /* (owned) (element-type UsherPoolSocket) */

  UsherExecution execution;
  UsherRestart restart;
  guint intensity;
  guint period_msec;
  gint64 grace_msec;
  gint64 shutdown_msec;
  guint escalation_grace_msec;
  guint drain_spread_msec;
  gboolean drain_on_failure;
  gboolean drain_idle_reads;
  UsherTransportLimits limits; /* that connections begin with */

  guint max_connections;
  guint low_watermark;
  guint max_connections_per_peer;
  guint max_connections_per_user;
  UsherAtLimit at_limit;
  guint at_limit_wait_msec;
  GBytes *goodbye; /* (owned) (nullable) */
  gboolean is_suspended;

  UsherPoolLink *link; /* (owned) */
  UsherSlots slots;
  UsherPeerCounts peers;
  GQueue held; /* (element-type Held) (owned): accepted, and waiting for an acceptor or a slot */
  UsherTimer held_timer;
  UsherFarewells farewells;
  UsherPoolCounters counters;
  guint n_reconciled; /* who is first changes every time */

  /* One life, from a start to its exit. */
  UsherPoolState state;
  UsherLife life;
  UsherExit *exit; /* (owned) (nullable): why the life ends, while it does */
  UsherMessage message;
  int is_scheduled; /* (atomic) */
  UsherTimer drain_timer;
  UsherBudget budget;
  GQueue runs; /* (element-type UsherAcceptorRun) (owned) */
  guint n_connections;
  gint64 drain_grace_msec;      /* of the drain that is under way */
  GPtrArray *tally;             /* (owned) (nullable) (element-type UsherTallied): what is reported at its end */
  UsherBudget resource_reports; /* what may be reported, as a rate */
  guint n_resource_unreported;
};

void usher_acceptor_pool_install_properties (GObjectClass *object_class);

/* The pool's life. */
void usher_acceptor_pool_child_iface_init (UsherChildInterface *iface);
gboolean usher_acceptor_pool_is_accepting (UsherAcceptorPool *self);
/* It came through a listen socket that is closed by now, and is told to leave when it had the time for
 * its first words. */
void usher_acceptor_pool_tell_latecomer (UsherAcceptorPool *self,
                                         UsherAcceptorRun *run);
/* Makes what is what should be, soon. Any thread, that has a reference. */
void usher_acceptor_pool_schedule (UsherAcceptorPool *self);
void usher_acceptor_pool_escalate (UsherAcceptorPool *self);
void usher_acceptor_pool_listen_socket_down (UsherAcceptorPool *self,
                                             UsherListenSocket *listen_socket,
                                             UsherDownCause cause);

/* Whether its phases go together. */
gboolean usher_acceptor_pool_check_drain (UsherAcceptorPool *self,
                                          GError **error);

/* The pool's limits. */
gboolean usher_acceptor_pool_check_limits (UsherAcceptorPool *self,
                                           GError **error);
/* Any thread. */
void usher_acceptor_pool_give_slot (UsherAcceptorPool *self);
/* Any thread. Returns whether it had not been returned before. */
gboolean usher_acceptor_pool_return_ticket (UsherAcceptorPool *self,
                                            UsherTicket *ticket);
/* Once it is known whose the connection of a proxy is, unless it was counted already. Returns FALSE if
 * that peer has as many as it may. */
gboolean usher_acceptor_pool_count_peer (UsherAcceptorPool *self,
                                         UsherConnection *connection);
/* Those who were accepted, and wait for an acceptor or a slot. */
void usher_acceptor_pool_serve_held (UsherAcceptorPool *self);
void usher_acceptor_pool_refuse_held (UsherAcceptorPool *self,
                                      UsherHeldFrom from);

/* What makes the pool's acceptors. */
gboolean usher_acceptor_pool_check_factory (UsherAcceptorPool *self,
                                            GError **error);
UsherAcceptor *usher_acceptor_pool_make_acceptor (UsherAcceptorPool *self,
                                                  GError **error);
void usher_pool_factory_unref (UsherPoolFactory *self);
/* Whether they can run where they are to run. */
gboolean usher_acceptor_pool_check_execution (UsherAcceptorPool *self,
                                              GError **error);

/* The pool's acceptors. */
void usher_acceptor_pool_add_run (UsherAcceptorPool *self,
                                  UsherAcceptorRun *run);
void usher_acceptor_pool_remove_run (UsherAcceptorPool *self,
                                     UsherAcceptorRun *run);
void usher_acceptor_pool_start_failed (UsherAcceptorPool *self,
                                       UsherListenSocket *listen_socket,
                                       const GError *error);
void usher_acceptor_pool_connection_began (UsherAcceptorPool *self,
                                           UsherConnection *connection);
void usher_acceptor_pool_connection_exited (UsherAcceptorPool *self,
                                            UsherAcceptorRun *run,
                                            UsherExit *exit);
/* Those who are still here did not shut down within the limit. */
void usher_acceptor_pool_tally_killed (UsherAcceptorPool *self);
/* Nobody waits for them any more. */
void usher_acceptor_pool_abandon_runs (UsherAcceptorPool *self);

/* The pool's reports. */
void usher_acceptor_pool_report (UsherAcceptorPool *self,
                                 UsherReportContext context,
                                 UsherExit *reason,
                                 const char *detail);
/* To be reported at the end, together with those who exited for the same reason. */
void usher_acceptor_pool_tally (UsherAcceptorPool *self,
                                UsherExit *reason,
                                const char *name);
/* The reason is that the grace was over. */
void usher_acceptor_pool_tally_cut (UsherAcceptorPool *self,
                                    const char *name);
void usher_acceptor_pool_report_resource (UsherAcceptorPool *self,
                                          UsherListenSocket *listen_socket,
                                          const GError *error);
void usher_acceptor_pool_report_shutdown_errors (UsherAcceptorPool *self);

/* The pool with its listen sockets, which keep listening while it is restarted. Those that it serves
 * by now are added to `served`. */
gboolean usher_acceptor_pool_serve_sockets (UsherAcceptorPool *self,
                                            GPtrArray *sockets,
                                            guint n_acceptors,
                                            GPtrArray *served,
                                            GError **error);
UsherSupervisor *usher_acceptor_pool_make_tree (UsherAcceptorPool *self,
                                                GPtrArray *sockets,
                                                GError **error);

G_END_DECLS
