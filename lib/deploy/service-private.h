/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "deploy/drain-plan-private.h"
#include "runtime/reactor-private.h"
#include "usher/handover.h"
#include "usher/service.h"

G_BEGIN_DECLS

/* Where a pool listens. A name may have several listen sockets. */
typedef struct
{
  char *text; /* (owned) */
  guint n_acceptors;
  GPtrArray *sockets;   /* (owned) (nullable) (element-type UsherListenSocket): NULL until they are made */
  gboolean is_changing; /* a call is about to open or close it */
} UsherServiceAddress;

/* A pool with its addresses. Once the tree is built it has a supervisor of its own, which restarts
 * the pool and its listen sockets together. */
typedef struct
{
  UsherAcceptorPool *pool;     /* (owned) */
  guint n_acceptors;           /* at the first address */
  GPtrArray *addresses;        /* (owned) (element-type UsherServiceAddress) */
  GPtrArray *overridden;       /* (owned) (nullable) (element-type UsherServiceAddress): the program's own
                                * addresses, in whose place the command line says where to listen */
  UsherSupervisor *supervisor; /* (owned) (nullable) */
  guint n_sockets;             /* that it has had so far */
} UsherServicePool;

/*   DOWN ──> STARTING ──> UP ──> LAME_DUCK ──> DRAINING
 *    ^──────────┴──────────┴─────────┴────────────┘
 *
 * It may drain from any of them, and a tree may end by itself. */
struct _UsherService
{
  GObject parent_instance;

  char *name;               /* (owned) */
  char *version;            /* (owned) (nullable) */
  UsherSupervisor *root;    /* (owned) */
  UsherReactor *reactor;    /* (owned) */
  GPtrArray *pools;         /* (owned) (element-type UsherServicePool) */
  UsherServicePool *health; /* (owned) (nullable) */
  UsherHandover *handover;  /* (owned) (nullable) */
  gboolean is_maintained;
  guint lame_duck_msec;
  gint64 drain_deadline_msec;

  UsherServiceState state;
  GTask *start_task;         /* (owned) (nullable): until it is answered */
  GError *start_error;       /* (owned) (nullable): why the tree is stopped again */
  GApplication *application; /* (owned) (nullable): held while the tree is not down */
  UsherTimer timer;          /* the end of the lame duck; then, every second of the drain */
  gint64 drain_began_usec;
  guint n_drained_from; /* connections, when the drain began */
};

/* Where it may be changed, for usher_return_if_elsewhere(); anywhere while it is down. */
static inline UsherReactor *
usher_service_get_place (UsherService *self)
{
  return self->state != USHER_SERVICE_DOWN ? self->reactor : NULL;
}

UsherServicePool *usher_service_pool_new (UsherAcceptorPool *pool);
void usher_service_pool_free (UsherServicePool *self);
/* (transfer none) */
UsherServiceAddress *usher_service_pool_add_address (UsherServicePool *self,
                                                     const char *address,
                                                     guint n_acceptors);
/* (nullable) */
UsherServiceAddress *usher_service_pool_find_address (UsherServicePool *self,
                                                      const char *address);
/* The command line says where to listen; the first time, what the program says is forgotten. */
void usher_service_pool_override_address (UsherServicePool *self,
                                          const char *address);

/* Whether what systemd has passed, and what the command line says, go together. */
gboolean usher_service_pool_check_activation (UsherServicePool *self,
                                              GError **error);

UsherServicePool *usher_service_find_pool (UsherService *self,
                                           const char *name);

/* Has the pool accept from the sockets of one of its addresses, which are not open yet. Those that it serves by
 * now are added to `served`. */
gboolean usher_service_serve_address (UsherService *self,
                                      UsherServicePool *entry,
                                      const UsherServiceAddress *address,
                                      GPtrArray *served,
                                      GError **error);
/* Makes the tree, for those pools that do not stand in it yet. */
gboolean usher_service_build_tree (UsherService *self,
                                   GError **error);
UsherDrainPlan usher_service_plan_drain (UsherService *self);

/* What the program says of itself is said to the other process as well. */
void usher_service_tell_version (UsherService *self);
/* Asks the process that serves, if there is one. */
void usher_service_begin_taking (UsherService *self,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/* Another process serves, and this one drains. */
gboolean usher_service_is_superseded (UsherService *self);
void usher_service_drain_superseded (UsherService *self);
/* Nobody takes over any more. */
void usher_service_stop_hand_over (UsherService *self);

/* For the drain that begins. */
void usher_service_prepare_health (UsherService *self);

/* Lame duck, or draining. */
gboolean usher_service_is_ending (UsherService *self);
void usher_service_notify_state (UsherService *self);
void usher_service_notify_status (UsherService *self);
void usher_service_notify_maintenance (UsherService *self);
void usher_service_notify_hand_over_path (UsherService *self);
char *usher_service_describe_drain (UsherService *self);

G_END_DECLS
