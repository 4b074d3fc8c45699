/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <usher/usher.h>

#include "support/test-child.h"

G_BEGIN_DECLS

#define MAX_CHILDREN 5
#define MAX_EVENTS 24

typedef enum
{
  EVENT_NOTHING,
  EVENT_BOOT,     /* start the supervisor */
  EVENT_SHUTDOWN, /* argument: UsherStop */
  EVENT_KILL,
  EVENT_CANCEL,    /* the start of the supervisor */
  EVENT_SET_START, /* of a child; argument: TestStart */
  EVENT_SET_STOP,  /* of a child; argument: TestStop */
  EVENT_ANSWER,    /* a start that hangs succeeds */
  EVENT_EXIT,      /* a child exits by itself; argument: UsherExitKind */
  EVENT_START,     /* calls */
  EVENT_RESTART,
  EVENT_TERMINATE,
  EVENT_DELETE,
  EVENT_ADVANCE, /* argument: msec */
} EventKind;

typedef struct
{
  EventKind kind;
  guint child;
  guint argument;
  gboolean is_hasty; /* the next event happens before anybody has reacted */
} Event;

typedef struct
{
  UsherRestart restart;
  gint64 shutdown_msec;
} ChildPlan;

/* A supervisor, and what happens to it. The first `n_static` children are added to it; the others
 * can be started by a call. */
typedef struct
{
  UsherStrategy strategy;
  guint intensity;
  guint period_msec;
  guint n_static;
  ChildPlan children[MAX_CHILDREN];
  Event events[MAX_EVENTS];
} Sequence;

void sequence_generate (Sequence *self, guint32 seed);
void sequence_print_plan (const Sequence *self, GString *text);
void event_print (const Event *event, GString *text);

G_END_DECLS
