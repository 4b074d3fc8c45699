/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/backoff-private.h"
#include "supervision/desk-private.h"
#include "usher/child-spec.h"

G_BEGIN_DECLS

/* A child's place under its supervisor. The slot knows how one child is started, stopped and
 * killed, and within which limits; which child is to be what, and when, is its supervisor's
 * business. */
typedef struct _UsherSlot UsherSlot;
typedef struct _UsherSlotStart UsherSlotStart;

typedef enum
{
  USHER_SLOT_DOWN,
  USHER_SLOT_STARTING,
  USHER_SLOT_CANCELLING, /* starting, and asked not to */
  USHER_SLOT_RUNNING,
  USHER_SLOT_EXITED, /* by itself; its letter is queued */
  USHER_SLOT_STOPPING,
  USHER_SLOT_KILLING,
  USHER_SLOT_RESTARTING, /* down, to be started again */
  USHER_SLOT_N_STATES,
} UsherSlotState;

struct _UsherSlot
{
  GList link; /* in the supervisor's list */
  UsherDesk *desk;
  guint *n_active;      /* (unowned): how many of its supervisor's children run */
  UsherChildSpec *spec; /* (owned) */
  GVariant *argument;   /* (owned) (nullable): for the factory */
  UsherChild *child;    /* (owned) (nullable): NULL if a factory has made none yet */
  UsherChild *former;   /* (owned) (nullable): ran last, while another one is made or starts */
  UsherSlotState state;
  gboolean is_dynamic; /* started by a call, and forgotten when the supervisor ends */

  UsherSlotStart *start; /* (unowned) (nullable): the start that has not returned */
  UsherStartResult start_result;
  GError *start_error; /* (owned) (nullable) */

  guint64 serial;     /* of its start; 0 while it is down */
  UsherExit *exit;    /* (owned) (nullable): how it ended, not handled yet */
  UsherExit *failure; /* (owned) (nullable): why it is to be tried again */

  UsherTimer timer;          /* the limit of a stop, or the delay of a restart */
  UsherStop told;            /* what it was told last in this life */
  gboolean has_common_limit; /* its supervisor keeps the limit of its stop */
  gboolean was_brutal;
  gboolean may_keep; /* it may keep something for its next life, until it is told FINAL */

  UsherBackoff backoff;
  gint64 up_usec;  /* since when it has been running */
  gboolean is_due; /* restarting: its delay is over, and was charged before */

  UsherLetter exit_letter;
  UsherLetter retry_letter;
};

/* `spec` is not changed any more. */
UsherSlot *usher_slot_new (UsherDesk *desk,
                           guint *n_active,
                           UsherChildSpec *spec);
/* The slot is in no list and its child is down. */
void usher_slot_free (UsherSlot *self);

/* `spec` has the same id, and is not changed any more. It holds at once for all that is to come;
 * what is under way goes on, and another child takes its place at the next start. */
void usher_slot_change (UsherSlot *self,
                        UsherChildSpec *spec);

const char *usher_slot_get_id (const UsherSlot *self);
UsherChildType usher_slot_get_child_type (const UsherSlot *self);
/* How long its child may take to shut down, or USHER_SHUTDOWN_*, but not the default. */
gint64 usher_slot_get_limit_msec (const UsherSlot *self);

/* Whether the child does not run and is not on its way to or fro. */
gboolean usher_slot_is_down (const UsherSlot *self);

/* From down. Ends in USHER_SLOT_RUNNING, EXITED or DOWN, and wakes the desk. */
void usher_slot_start (UsherSlot *self);

/* Moves the child towards down, in order or at once. Wakes the desk when it is down. */
void usher_slot_stop (UsherSlot *self,
                      UsherStop why);
void usher_slot_kill (UsherSlot *self);

/* What the child that has this place tells. */
void usher_slot_note_exit (UsherSlot *self,
                           UsherChild *child,
                           guint64 serial,
                           UsherExit *exit);

/* The common limit is over: kills the child if it has not stopped yet and has a limit at all. */
void usher_slot_expire (UsherSlot *self);

/* Tells a child that is down or on its way there that nobody will start it again, if it does not
 * know; one that is up is not touched. */
void usher_slot_tell_final (UsherSlot *self);
/* Tells a child that is down, and that nobody will start again, to let go of what it kept. */
void usher_slot_release (UsherSlot *self);

/* From down, when its restart was charged: waits for its delay, if it has one, and posts a letter
 * that the child is due. Returns whether it waits. */
gboolean usher_slot_delay (UsherSlot *self);

/* From down: posts a letter that the child, which has failed to start, is to be started again. */
void usher_slot_retry (UsherSlot *self,
                       UsherExit *failure);

/* For a start: which child it is. The slot gets ready for a child that a factory makes; makes it,
 * which calls user code (transfer full) (nullable); takes it if it is fit to be started; and once
 * it is known whether it has started, lets go of it or of the one before it. They do nothing for a
 * child that is given. */
void usher_slot_reserve (UsherSlot *self,
                         const UsherChildSpec *former_spec);
void usher_slot_vacate (UsherSlot *self);
UsherChild *usher_slot_make_child (UsherSlot *self,
                                   GError **error);
gboolean usher_slot_adopt_child (UsherSlot *self,
                                 UsherChild *child,
                                 GError **error);
void usher_slot_confirm_child (UsherSlot *self);
void usher_slot_dismiss_child (UsherSlot *self);
/* The slot is nobody's place any more. */
void usher_slot_lose_child (UsherSlot *self);

/* Takes how it ended, if it is known and was not taken; then one that had exited is down. */
UsherExit *usher_slot_take_exit (UsherSlot *self);

G_END_DECLS
