/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/crew-private.h"
#include "acceptors/peer-counts-private.h"
#include "acceptors/pool-link-private.h"
#include "acceptors/pool-socket-private.h"
#include "acceptors/pool-statistics-private.h"
#include "acceptors/share-private.h"
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

struct _UsherAcceptorPool
{
  GObject parent_instance;

  char *name;            /* (owned) */
  UsherReactor *reactor; /* (owned) */
  GPtrArray *sockets;    /* (owned) (element-type UsherPoolSocket) */

  guint n_workers;
  UsherCrewTerms terms; /* told to each crew when they change; a pool cannot start without a factory */
  UsherRestart restart;
  guint intensity;
  guint period_msec;
  gint64 grace_msec;
  gint64 shutdown_msec;
  guint escalation_grace_msec;
  guint drain_spread_msec;
  gboolean drain_on_failure;

  guint max_connections;
  guint low_watermark;
  guint max_connections_per_peer;
  guint max_connections_per_user;

  UsherPoolLink *link; /* (owned) */
  UsherSlots slots;
  int n_counted; /* (atomic): connections that have a place; others may be taken for nobody */
  UsherPeerCounts peers;
  UsherCommonShare share;
  UsherPoolCounters counters; /* the pool's own, and those of the crews that have left */

  /* One life, from a start to its exit. */
  UsherPoolState state;
  UsherLife life;
  UsherExit *exit; /* (owned) (nullable): why the life ends, while it does */
  UsherMessage message;
  int is_scheduled; /* (atomic) */
  UsherTimer drain_timer;
  UsherBudget budget;
  GMutex crews_lock;
  GPtrArray *crews;             /* (owned) (element-type UsherCrew) (locked-by crews_lock): empty while it is down */
  gint64 drain_grace_msec;      /* of the drain that is under way */
  gint64 drain_deadline_usec;   /* of its grace */
  gint64 told_usec;             /* when the last connection was told, as far as is known */
  guint n_ending;               /* workers that are about to end */
  guint n_untold;               /* crews that have not answered yet */
  GPtrArray *tally;             /* (owned) (nullable) (element-type UsherTallied): what is reported at its end */
  UsherBudget resource_reports; /* what may be reported, as a rate */
  guint n_resource_unreported;
};

/* Where it may be changed, for usher_return_if_elsewhere(); anywhere while it is down. */
static inline UsherReactor *
usher_acceptor_pool_get_place (UsherAcceptorPool *self)
{
  return self->state != USHER_POOL_DOWN ? self->reactor : NULL;
}

void usher_acceptor_pool_install_properties (GObjectClass *object_class);

/* The pool's life. */
void usher_acceptor_pool_child_iface_init (UsherChildInterface *iface);
gboolean usher_acceptor_pool_is_accepting (UsherAcceptorPool *self);
/* Makes what is what should be, soon. Any thread, that has a reference. */
void usher_acceptor_pool_schedule (UsherAcceptorPool *self);
/* Over its budget, once `latest` has failed. */
void usher_acceptor_pool_escalate (UsherAcceptorPool *self,
                                   const char *latest);
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
/* What makes the pool's acceptors. */
gboolean usher_acceptor_pool_check_factory (UsherAcceptorPool *self,
                                            GError **error);
/* Whether they can run where they are to run. */
gboolean usher_acceptor_pool_check_execution (UsherAcceptorPool *self,
                                              GError **error);

/* The pool's crews. */
gboolean usher_acceptor_pool_start_crews (UsherAcceptorPool *self,
                                          GError **error);
/* Those who have not left by now are not waited for. */
void usher_acceptor_pool_forsake_crews (UsherAcceptorPool *self);
/* (transfer full) (element-type UsherCrew): to go through while anything may happen. */
GPtrArray *usher_acceptor_pool_dup_crews (UsherAcceptorPool *self);
void usher_acceptor_pool_order (UsherAcceptorPool *self,
                                UsherCrewFunc func,
                                gpointer data);
/* Those whose data is a listen socket (transfer full). */
void usher_acceptor_pool_order_about (UsherAcceptorPool *self,
                                      UsherCrewFunc func,
                                      UsherListenSocket *listen_socket);
void usher_acceptor_pool_apply_terms (UsherAcceptorPool *self);
/* Any thread. */
void usher_acceptor_pool_wake_crews (UsherAcceptorPool *self);

UsherCrewFigures usher_acceptor_pool_sum_figures (UsherAcceptorPool *self);

/* What the crews tell. */
void usher_acceptor_pool_start_failed (UsherAcceptorPool *self,
                                       UsherCrewNews *news);
void usher_acceptor_pool_lacks_resource (UsherAcceptorPool *self,
                                         UsherCrewNews *news);
void usher_acceptor_pool_socket_failed (UsherAcceptorPool *self,
                                        UsherCrewNews *news);
void usher_acceptor_pool_connection_failed (UsherAcceptorPool *self,
                                            UsherCrewNews *news);
void usher_acceptor_pool_run_killed (UsherAcceptorPool *self,
                                     UsherCrewNews *news);
void usher_acceptor_pool_crew_told (UsherAcceptorPool *self,
                                    UsherCrewNews *news);
void usher_acceptor_pool_crew_left (UsherAcceptorPool *self,
                                    UsherCrewNews *news);

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
/* Undoes that for one that is closed for good: those who were in its queue are served. */
void usher_acceptor_pool_retire_socket (UsherAcceptorPool *self,
                                        UsherListenSocket *listen_socket);
/* How its nth listen socket stands in the tree. */
UsherChildSpec *usher_acceptor_pool_make_socket_spec (guint n,
                                                      UsherListenSocket *listen_socket);
UsherSupervisor *usher_acceptor_pool_make_tree (UsherAcceptorPool *self,
                                                GPtrArray *sockets,
                                                GError **error);

G_END_DECLS
