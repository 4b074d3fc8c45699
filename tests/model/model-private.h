/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "model/model.h"

G_BEGIN_DECLS

#define NEVER G_MAXINT64

/* What the supervisor believes. */
typedef enum
{
  VIEW_UNDEFINED,
  VIEW_STARTING,
  VIEW_CANCELLING,
  VIEW_RUNNING,
  VIEW_STOPPING,
  VIEW_RESTARTING,
} View;

typedef struct
{
  const ChildPlan *plan;
  char name;

  /* The child itself. */
  TestStart next_start;
  TestStart answer; /* to its latest start */
  TestStop stop;
  gboolean is_hanging;
  gboolean is_running;
  gboolean is_cancelled; /* its latest start */
  gboolean is_returning; /* its start was cancelled, and fails soon */

  /* Its place under the supervisor. */
  gboolean is_configured; /* every life of the supervisor begins with it */
  gboolean is_dynamic;
  View view;
  UsherStartResult result;
  gboolean has_exit;
  UsherExitKind exit;
  gboolean is_brutal;
  UsherStop told;
  gboolean is_kept;  /* it was stopped to be started again */
  gint64 limit_msec; /* when it is killed */
} Child;

typedef enum
{
  LETTER_EXIT,
  LETTER_RETRY,
  LETTER_CALL,
} LetterKind;

typedef struct
{
  LetterKind kind;
  Child *child;
  EventKind call;
  gboolean is_urgent;
} Letter;

typedef enum
{
  STATE_DOWN,
  STATE_STARTING,
  STATE_RUNNING,
  STATE_ENDING,
} State;

struct _Model
{
  const Sequence *sequence;
  Seen *seen;
  Child children[MAX_CHILDREN];
  gint64 now_msec;

  State state;
  UsherStop why;
  UsherExitKind exit;
  gboolean is_booted; /* its start has succeeded */
  GQueue known;       /* (element-type Child): in the order of their start */
  GQueue mailbox;     /* (element-type Letter) (owned) */
  GQueue to_stop;     /* (element-type Child) */
  GQueue to_start;    /* (element-type Child) */
  gboolean is_asked;  /* the first of to_start was asked to start */
  Letter *call;       /* (owned) (nullable): which is being carried out */
  GArray *charges;    /* (owned) (element-type gint64) */
};

/* A child, and its place under the supervisor. */
gboolean model_is_temporary (const Child *child);
gboolean model_is_brutal (const Child *child);
gboolean model_is_abnormal (UsherExitKind kind);
gboolean model_is_down (const Child *child);
void model_report (Model *self, const char *context, const Child *child, UsherExitKind reason);
void model_answer_call (Model *self, Letter *call, const char *text);
gboolean model_is_known (Model *self, Child *child);
void model_send (Model *self, LetterKind kind, Child *child);
void model_release (Model *self, Child *child);
void model_forget (Model *self, Child *child);
void model_go_down (Model *self, Child *child);
void model_exit_child (Model *self, Child *child, UsherExitKind kind);
void model_fail_start (Model *self, Child *child);
void model_kill_child (Model *self, Child *child);
void model_tell_final (Model *self, Child *child);
void model_stop_child (Model *self, Child *child, UsherStop why);
void model_succeed (Model *self, Child *child);
void model_start_child (Model *self, Child *child);
void model_report_stopped (Model *self, Child *child);

G_END_DECLS
