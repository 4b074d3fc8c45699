/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "supervision/budget-private.h"
#include "supervision/desk-private.h"
#include "supervision/life-private.h"
#include "supervision/slot-private.h"
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
  USHER_ROUND_NONE, /* the next letter can be taken */
  USHER_ROUND_STOP,
  USHER_ROUND_START,
} UsherRoundPhase;

/* A walk over children: first backwards, to stop them, then forwards, to start them. It waits for
 * each child. */
typedef struct
{
  UsherRoundPhase phase;
  GList *first;      /* (nullable) (element-type UsherSlot) */
  GList *last;       /* (nullable) */
  GList *cursor;     /* (nullable): NULL when the phase is complete */
  gboolean is_begun; /* the start of the child at the cursor */
} UsherRound;

struct _UsherSupervisor
{
  GObject parent_instance;

  UsherStrategy strategy;
  char *name; /* (owned) */
  UsherBudget budget;

  GPtrArray *specs; /* (owned) (element-type UsherChildSpec): what every life begins with */
  GQueue slots;     /* (element-type UsherSlot) (owned): in the order of their start */
  GHashTable *ids;  /* (owned) (element-type utf8 UsherSlot) */

  UsherDesk desk;
  UsherLife life;
  UsherSupervisorState state;
  UsherRound round;

  GTask *start_task; /* (owned) (nullable): until it is answered */
  gulong cancelled_handler;
  GError *start_error; /* (owned) (nullable): why the start fails */
  UsherExit *exit;     /* (owned) (nullable): while it ends: why */
  UsherStop why;       /* what the children are told */
};

/* Slots */
UsherSlot *usher_supervisor_append_slot (UsherSupervisor *self,
                                         const UsherChildSpec *spec);
void usher_supervisor_drop_slot (UsherSupervisor *self,
                                 UsherSlot *slot);

/* Decisions */
gboolean usher_supervisor_step (gpointer owner);
void usher_supervisor_begin (UsherSupervisor *self,
                             GTask *task);
void usher_supervisor_end (UsherSupervisor *self,
                           UsherExit *exit,
                           UsherStop why);
void usher_supervisor_end_by_kill (UsherSupervisor *self);

G_END_DECLS
