/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <usher/usher.h>

#include "support/test-child.h"

G_BEGIN_DECLS

#define MAX_NODES 9
#define MAX_EVENTS 40
#define ROOT 0
#define TEMPLATE 'x' /* the one specification of children that are alike */

typedef enum
{
  EVENT_NOTHING,
  EVENT_BOOT,     /* start the root */
  EVENT_CANCEL,   /* the start of the root */
  EVENT_SHUTDOWN, /* a supervisor, from outside; argument: UsherStop */
  EVENT_KILL,
  EVENT_SET_START, /* how a child answers its next starts: TestStart */
  EVENT_SET_STOP,  /* how a child answers a shutdown: TestStop */
  EVENT_ANSWER,    /* a start that hangs succeeds */
  EVENT_EXIT,      /* a child exits by itself; argument: Reason */
  EVENT_START,     /* calls */
  EVENT_RESTART,
  EVENT_TERMINATE,
  EVENT_DELETE,
  EVENT_ADVANCE, /* argument: usec */
  N_EVENT_KINDS,
} EventKind;

/* To whom an event can happen. */
typedef enum
{
  WHOM_NOBODY,
  WHOM_LEAF,
  WHOM_SUPERVISOR,
  WHOM_CHILD, /* anybody but the root */
} Whom;

typedef enum
{
  REASON_NORMAL,
  REASON_SHUTDOWN,
  REASON_SHUTDOWN_ERROR, /* OTP's {shutdown, Reason} */
  REASON_ERROR,
  REASON_KILLED,
  REASON_OVER_BUDGET, /* of a supervisor; for its own supervisor it is a shutdown */
  N_REASONS,
} Reason;

typedef struct
{
  EventKind kind;
  guint node;
  guint argument;
  guint times;       /* of EVENT_SET_START */
  gboolean is_hasty; /* the next event happens before anybody has reacted */
} Event;

/* One place of the tree: how the child there is supervised, and how it supervises others. */
typedef struct
{
  guint parent; /* a node with a lower number */
  gboolean is_supervisor;
  gboolean is_static; /* added before the start; others can be started by a call */
  UsherRestart restart;
  gint64 shutdown_msec;
  gboolean is_significant;
  guint delay_msec;
  guint delay_max_msec;
  gboolean has_jitter;

  UsherStrategy strategy;
  guint intensity;
  guint period_msec;
  UsherAutoShutdown auto_shutdown;
} NodePlan;

/* A tree, and what happens to it. */
typedef struct
{
  guint n_nodes;
  NodePlan nodes[MAX_NODES];
  guint n_events;
  Event events[MAX_EVENTS];
} Sequence;

void sequence_generate (Sequence *self, guint32 seed);
/* Whose business the event is. */
guint sequence_find_supervisor (const Sequence *self, const Event *event);
/* Makes a smaller one out of it; returns false after the last way to do that. */
gboolean sequence_simplify (Sequence *self, guint way);
void sequence_print_plan (const Sequence *self, GString *text);
void sequence_print_event (const Sequence *self, const Event *event, GString *text);
Whom event_get_whom (EventKind kind);
/* Supervisors have capital letters. */
char sequence_get_name (const Sequence *self, guint node);
/* Whether it stands under a simple-one-for-one supervisor: then it is a name for one child after
 * the other, each of them made for one start. */
gboolean sequence_is_alike (const Sequence *self, guint node);
const char *reason_get_name (Reason reason);

G_END_DECLS
