/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "supervision/budget-private.h"
#include "supervision/desk-private.h"
#include "supervision/life-private.h"
#include "supervision/round-private.h"
#include "supervision/slot-private.h"
#include "supervision/report-tally-private.h"
#include "usher/error.h"
#include "usher/report.h"
#include "usher/supervisor.h"

G_BEGIN_DECLS

typedef enum
{
  USHER_SUPERVISOR_DOWN,
  USHER_SUPERVISOR_STARTING,
  USHER_SUPERVISOR_RUNNING,
  USHER_SUPERVISOR_STOPPING,
  USHER_SUPERVISOR_KILLING,
  USHER_SUPERVISOR_N_STATES,
} UsherSupervisorState;

typedef enum
{
  USHER_CALL_START,
  USHER_CALL_START_WITH_ARGUMENT,
  USHER_CALL_RESTART,
  USHER_CALL_TERMINATE,
  USHER_CALL_TERMINATE_OBJECT,
  USHER_CALL_DELETE,
  USHER_CALL_CHANGE,
} UsherCallKind;

/* A call that changes something: a letter that is answered. */
struct _UsherCall
{
  UsherLetter letter;
  UsherCallKind kind;
  GTask *task;          /* (owned) */
  char *id;             /* (owned) (nullable): for children that have one */
  UsherChild *child;    /* (owned) (nullable): for children without an id */
  UsherChildSpec *spec; /* (owned) (nullable): of a child to be started */
  GVariant *argument;   /* (owned) (nullable): the same, for a factory */
  gboolean is_urgent;   /* it has cancelled the start of the child already */
};

struct _UsherSupervisor
{
  GObject parent_instance;

  UsherStrategy strategy;
  char *name; /* (owned) */
  UsherBudget budget;
  UsherAutoShutdown auto_shutdown;

  GPtrArray *specs; /* (owned) (element-type UsherChildSpec): what every life begins with */
  GQueue slots;     /* (element-type UsherSlot) (owned): in the order of their start */
  GHashTable *ids;  /* (owned) (element-type utf8 UsherSlot): of those that have ids */
  guint n_active;   /* children that run */

  UsherDesk desk;
  UsherLife life;
  UsherSupervisorState state;
  UsherRound round;

  GTask *start_task; /* (owned) (nullable): until it is answered */
  gulong cancelled_handler;
  GError *start_error; /* (owned) (nullable): why the start fails */
  UsherExit *exit;     /* (owned) (nullable): while it ends: why */
  UsherStop why;       /* what the children are told */
  UsherTimer limit;    /* of a simple-one-for-one supervisor that ends: common to all children */
  GPtrArray *tally;    /* (owned) (nullable) (element-type UsherTallied): the same: how they ended */
};

/* Where it may be changed, for usher_return_if_elsewhere(); anywhere while it is down. */
static inline UsherReactor *
usher_supervisor_get_place (UsherSupervisor *self)
{
  return self->state != USHER_SUPERVISOR_DOWN ? self->desk.reactor : NULL;
}

/* Whether a child can stand under this supervisor at all, with that auto-shutdown. */
gboolean usher_supervisor_check_spec (UsherSupervisor *self,
                                      const UsherChildSpec *spec,
                                      UsherAutoShutdown auto_shutdown,
                                      GError **error);
/* Whether what is set makes sense together, so that it can start. */
gboolean usher_supervisor_check_flags (UsherSupervisor *self,
                                       GError **error);
/* The next life does not begin with that child any more. */
void usher_supervisor_unconfigure (UsherSupervisor *self,
                                   const char *id);

void usher_supervisor_child_iface_init (UsherChildInterface *iface);

/* Simple-one-for-one: all children come and go by calls, and after one specification. */
gboolean usher_supervisor_is_simple (const UsherSupervisor *self);
/* Whether its children allow for that strategy. */
gboolean usher_supervisor_can_be (const UsherSupervisor *self,
                                  UsherStrategy strategy);
/* (nullable) (transfer none): that one */
UsherChildSpec *usher_supervisor_get_template (const UsherSupervisor *self);
gboolean usher_supervisor_check_template (UsherSupervisor *self,
                                          const UsherChildSpec *spec,
                                          GError **error);
gboolean usher_supervisor_check_auto_shutdown (UsherSupervisor *self,
                                               UsherAutoShutdown auto_shutdown,
                                               GError **error);
/* Tells all children at once, with one common limit. */
void usher_supervisor_stop_all (UsherSupervisor *self);

/* The slots: a list in the order of their start, and a table by id. `spec` is not changed any
 * more. */
UsherSlot *usher_supervisor_append_slot (UsherSupervisor *self,
                                         UsherChildSpec *spec);
/* (nullable) */
UsherSlot *usher_supervisor_find_slot (UsherSupervisor *self,
                                       const char *id);
/* (nullable) */
UsherSlot *usher_supervisor_find_slot_of (UsherSupervisor *self,
                                          UsherChild *child);
/* Whether nothing stays of a child that is down and is not to be started again. */
gboolean usher_supervisor_forgets (const UsherSupervisor *self,
                                   const UsherSlot *slot);
void usher_supervisor_unlink_slot (UsherSupervisor *self,
                                   UsherSlot *slot);
/* Its child is down, and is told that nobody will start it again. */
void usher_supervisor_drop_slot (UsherSupervisor *self,
                                 UsherSlot *slot);
/* A life ends with the children that were started in it, and begins with those that were added. */
/* Has every life begin with a child that a call has started, as if it had been added. Returns whether
 * it is still there. */
gboolean usher_supervisor_keep_child (UsherSupervisor *self,
                                      UsherChild *child);
void usher_supervisor_drop_dynamic_slots (UsherSupervisor *self);
void usher_supervisor_restore_slots (UsherSupervisor *self);
/* Every life begins with these from now on (`specs` (transfer full)). Those that are there are
 * changed, new ones are there but down, and all others are behind them, for this life only. */
void usher_supervisor_change_slots (UsherSupervisor *self,
                                    GPtrArray *specs);

/* Calls. `id` is nullable. */
UsherCall *usher_call_new (UsherCallKind kind,
                           const char *id,
                           GTask *task);
/* `call` (transfer full) */
void usher_supervisor_post_call (UsherSupervisor *self,
                                 UsherCall *call);
void usher_supervisor_handle_call (UsherSupervisor *self,
                                   UsherCall *call);
void usher_supervisor_handle_change (UsherSupervisor *self,
                                     UsherCall *call);
/* Answers with `result`, or if there is one with `error` (transfer full), and frees the call. */
void usher_supervisor_answer (UsherSupervisor *self,
                              UsherCall *call,
                              UsherStartResult result,
                              GError *error);
void usher_supervisor_refuse (UsherSupervisor *self,
                              UsherCall *call);
/* `id` is nullable. */
GError *usher_supervisor_new_refusal (UsherSupervisor *self,
                                      const char *id,
                                      UsherSupervisorError code);

/* Reports: of what happened with a child, and of one that the supervisor has started. */
void usher_supervisor_report (UsherSupervisor *self,
                              UsherReportContext context,
                              UsherExit *reason,
                              const UsherSlot *offender);
void usher_supervisor_report_progress (UsherSupervisor *self,
                                       const UsherSlot *started);

/* Decisions */
gboolean usher_supervisor_step (gpointer owner);
/* Begin a round for one child and one call. */
void usher_supervisor_call_start (UsherSupervisor *self,
                                  UsherSlot *slot,
                                  UsherCall *call);
void usher_supervisor_call_stop (UsherSupervisor *self,
                                 UsherSlot *slot,
                                 UsherCall *call);

/* Reports how those were counted ended that a simple-one-for-one supervisor has stopped. */
void usher_supervisor_report_tally (UsherSupervisor *self);

/* The life of the supervisor. Both ways to end it can be taken in any state but down. */
gboolean usher_supervisor_is_ending (UsherSupervisor *self);
void usher_supervisor_begin (UsherSupervisor *self,
                             GTask *task);
void usher_supervisor_end (UsherSupervisor *self,
                           UsherExit *exit,
                           UsherStop why);
void usher_supervisor_end_by_kill (UsherSupervisor *self);
/* When all children have started, and when all are down. */
void usher_supervisor_complete_begin (UsherSupervisor *self);
void usher_supervisor_complete_end (UsherSupervisor *self);

G_END_DECLS
