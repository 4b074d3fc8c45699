/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/acceptor-run-private.h"
#include "acceptors/crew-private.h"
#include "acceptors/proxy-policy-private.h"
#include "runtime/backoff-private.h"

G_BEGIN_DECLS

/* A crew at a listen socket, for as long as both are up: the acceptors that wait for its connections,
 * and the accepting itself.
 *
 *   ATTACHED <──> PAUSED
 *      └────> DETACHED <┘
 *
 * Everything here belongs to the crew's context, but for the descriptor. */
typedef enum
{
  USHER_CREW_SOCKET_ATTACHED,
  USHER_CREW_SOCKET_PAUSED, /* attached, but something has run out */
  USHER_CREW_SOCKET_DETACHED,
} UsherCrewSocketState;

struct _UsherCrewSocket
{
  int ref_count; /* (atomic) */
  UsherCrewSocketState state;
  UsherCrew *crew;                  /* (owned) */
  UsherReactor *reactor;            /* (owned): the crew's */
  UsherListenSocket *listen_socket; /* (owned) */
  UsherProxyPolicy *proxy_policy;   /* (owned) (nullable) */
  guint n_acceptors;                /* that should be waiting */
  gboolean is_closing;              /* only those who are held are still served */
  gboolean is_for_good;             /* so they are told to leave */

  int fd;           /* (locked-by the crew's lock): the listen socket's; -1 once it may not be touched any more */
  UsherWatch watch; /* (locked-by the crew's lock), when it is added and removed */

  GQueue waiting; /* (element-type UsherAcceptorRun): the longest waiting first */
  guint n_starting;
  guint n_held;                /* accepted, and waiting for an acceptor or a place */
  guint n_unjudged;            /* failures to start that the pool has not decided about */
  guint64 latest_dispatch;     /* of the reactor, that accepted */
  guint n_dispatches_in_a_row; /* that accepted, and never found too few */

  UsherTimer pause_timer;
  UsherBackoff pause_backoff;
  guint n_fruitless; /* accepts, starts and timeouts in a row that led to no connection */
};

/* In the pool's context. */
UsherCrewSocket *usher_crew_socket_new (UsherCrew *crew,
                                        UsherListenSocket *listen_socket,
                                        guint n_acceptors);
/* From now on nobody touches the descriptor, so that it can be closed. */
void usher_crew_socket_shut (UsherCrewSocket *self);
gboolean usher_crew_socket_is_shut (UsherCrewSocket *self);

/* Any thread; the last one once it is detached. */
UsherCrewSocket *usher_crew_socket_ref (UsherCrewSocket *self);
void usher_crew_socket_unref (UsherCrewSocket *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherCrewSocket, usher_crew_socket_unref)

typedef struct
{
  UsherCrewSocket *socket; /* (owned) */
  guint n_acceptors;       /* that shall wait */
} UsherCrewChange;

/* Who was in the queue of a listen socket that is being closed. */
typedef struct
{
  UsherCrewSocket *socket; /* (owned) */
  int fd;                  /* (owned) */
  UsherPeer peer;
  gboolean has_slot;
} UsherCrewKept;

/* Orders. `socket` (transfer full): an UsherCrewSocket */
void usher_crew_attach (UsherCrew *crew,
                        gpointer socket);
/* Once it is shut. Those who are held are refused. */
void usher_crew_detach (UsherCrew *crew,
                        gpointer socket);
/* The same, for all that it has at a listen socket (transfer full). */
void usher_crew_forget (UsherCrew *crew,
                        gpointer listen_socket);
/* Once it is shut. Those who are held are still served, and then it detaches by itself. */
void usher_crew_park (UsherCrew *crew,
                      gpointer socket);
/* The same, and the listen socket does not come back. */
void usher_crew_close (UsherCrew *crew,
                       gpointer socket);
/* `kept` (transfer full): an UsherCrewKept */
void usher_crew_keep (UsherCrew *crew,
                      gpointer kept);
/* The pool has decided about a failure to start. */
void usher_crew_judge (UsherCrew *crew,
                       gpointer socket);
/* `change` (transfer full): an UsherCrewChange */
void usher_crew_set_n_acceptors (UsherCrew *crew,
                                 gpointer change);

/* Makes what is what should be: as many acceptors as wanted, polled if one of them waits. */
void usher_crew_socket_reconcile (UsherCrewSocket *self);

/* Polls it, if connections may be accepted from it now. */
void usher_crew_socket_poll (UsherCrewSocket *self);
gboolean usher_crew_socket_may_accept (UsherCrewSocket *self);
/* Whether one of its acceptors can have a connection now. */
gboolean usher_crew_socket_has_waiting (UsherCrewSocket *self);
/* Accepts what is there, up to its share. */
void usher_crew_socket_accept (UsherCrewSocket *self);
/* Takes the descriptor, which has a slot. */
void usher_crew_socket_admit (UsherCrewSocket *self,
                              int fd,
                              const UsherPeer *peer);
/* It waits for a place. */
void usher_crew_socket_hold (UsherCrewSocket *self,
                             int fd,
                             const UsherPeer *peer);
void usher_crew_socket_start_acceptors (UsherCrewSocket *self);
/* `error` is (nullable): what has run out, to be reported. */
void usher_crew_socket_pause (UsherCrewSocket *self,
                              const GError *error);
/* Pauses too, after too many of them. */
void usher_crew_socket_count_fruitless (UsherCrewSocket *self);
/* Tells the pool, which knows what the error means. */
void usher_crew_socket_tell (UsherCrewSocket *self,
                             const GError *error,
                             UsherCrewNewsFunc func);

/* It waits, and need not do so any more. */
void usher_crew_socket_dismiss_waiting (UsherCrewSocket *self,
                                        UsherAcceptorRun *run);

/* What became of one of its acceptors. */
void usher_crew_socket_run_ready (UsherCrewSocket *self,
                                  UsherAcceptorRun *run);
/* `error` is (nullable): NULL if the acceptor has nothing to do. */
void usher_crew_socket_run_not_ready (UsherCrewSocket *self,
                                      UsherAcceptorRun *run,
                                      const GError *error);
void usher_crew_socket_run_timed_out (UsherCrewSocket *self,
                                      UsherAcceptorRun *run);

G_END_DECLS
