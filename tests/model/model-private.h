/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "model/model.h"
#include "model/process.h"

G_BEGIN_DECLS

/* What a supervisor believes of a child. */
typedef enum
{
  VIEW_DOWN,
  VIEW_STARTING,
  VIEW_CANCELLING, /* starting, and asked not to */
  VIEW_RUNNING,    /* as far as its supervisor knows */
  VIEW_STOPPING,
  VIEW_KILLING,
  VIEW_RESTARTING,
} View;

typedef enum
{
  PHASE_DOWN,
  PHASE_STARTING,
  PHASE_RUNNING,
  PHASE_ENDING,
} Phase;

typedef enum
{
  LETTER_EXIT,
  LETTER_RETRY,
  LETTER_CALL,
} LetterKind;

typedef struct _Node Node;

/* What a supervisor says to a child. */
typedef enum
{
  WORD_CANCEL,
  WORD_SHUTDOWN,
  WORD_KILL,
  WORD_RELEASE, /* a child that is down lets go of what it kept */
} WordKind;

typedef struct
{
  WordKind kind;
  Node *child;
} Word;

typedef struct
{
  LetterKind kind;
  Node *child;
  guint life; /* of the child that is meant */
  Event call;
  gboolean is_urgent; /* it has ended the start of the child already */
} Letter;

typedef enum
{
  START_DONE,
  START_FAILED,
  START_TERMINATED,
  START_INTERRUPTED, /* the supervisor ends */
} StartOutcome;

/* What is on its way, and arrives in any order. */
typedef enum
{
  NEWS_RETURN = 1 << 0, /* its start returns */
  NEWS_CANCEL = 1 << 1, /* its start was cancelled */
  NEWS_EXIT = 1 << 2,   /* it has exited; of a supervisor */
  NEWS_LATE = 1 << 3,   /* one that was alike has started, and nobody waits for it any more */
} News;

struct _Node
{
  Model *model;
  const NodePlan *plan;
  guint index;
  Node *parent; /* (nullable) */
  guint news;   /* News, as bits */

  /* The child itself. */
  TestStart next_start;
  guint n_next_starts;
  TestStart answer;
  TestStop stop;
  gboolean is_starting;     /* its latest start has not returned */
  gboolean is_cancelled;    /* that start */
  UsherStartResult outcome; /* of that start */
  gboolean is_running;
  gboolean has_exit; /* which its supervisor has not dealt with */
  Reason exit;

  /* Its place under its supervisor. */
  gboolean is_configured; /* every life of the supervisor begins with it */
  gboolean is_dynamic;
  View view;
  UsherStartResult result; /* of the latest start, when it has returned */
  gboolean is_unwanted;    /* it was terminated while it was starting */
  gboolean is_abandoned;   /* nobody waits for its start */
  gboolean is_kept;        /* it may keep something for its next life */
  gboolean is_brutal;
  UsherStop told;
  gint64 limit_usec; /* when it is killed */
  gint64 due_usec;   /* when it is restarted */
  gboolean is_due;
  gint64 next_delay_usec;
  guint n_lives;
  gint64 up_usec;

  /* The supervisor that it is. */
  Process *process; /* (owned) (nullable) */
  Phase phase;
  UsherStop why;
  Reason reason;
  gboolean has_started; /* its start was a success */
  gboolean is_killed;
  gboolean is_awake;        /* its process runs */
  GQueue words;             /* (element-type Word) (owned): decided, but not said yet */
  GQueue known;             /* (element-type Node): in the order of their start */
  GQueue mailbox;           /* (element-type Letter) (owned) */
  GQueue round;             /* (element-type Node): to be started */
  Letter *call;             /* (owned) (nullable): which is being carried out */
  Node *waits_for;          /* (nullable) */
  gint64 common_limit_usec; /* when all children that are alike are killed */
  GArray *tally;            /* (owned) (element-type Reason): of the ends of those */
  GArray *charges;          /* (owned) (element-type gint64) */
};

struct _Model
{
  const Sequence *sequence;
  Seen *seen;
  gint64 now_usec;
  guint n_nodes;
  Node nodes[MAX_NODES];
};

/* A child, and what its supervisor knows of it. */
gboolean child_is_temporary (const Node *self);
gboolean child_is_down (const Node *self);
gboolean child_is_alike (const Node *self);
/* Nothing is kept of it when it is down. */
gboolean child_is_forgettable (const Node *self);
void child_start (Node *self);
void child_stop (Node *self, UsherStop why);
void child_kill (Node *self);
void child_tell_final (Node *self);
/* It is down, and lets go of what it kept. */
void child_release (Node *self);
void child_go_down (Node *self);
/* A moment later the start returns. */
void child_answer (Node *self, UsherStartResult outcome);
void child_return (Node *self);
void child_succeed (Node *self);
void child_cancel (Node *self);
void child_exit (Node *self, Reason reason);
/* Returns whether there is a delay. */
gboolean child_delay (Node *self);
void child_hear (Node *self, WordKind kind);

/* A supervisor says what it has to say when it is its turn. */
void supervisor_say (Node *self, WordKind kind, Node *child);
void supervisor_speak (Node *self);

/* The letters to a supervisor. */
void letter_send (Node *supervisor, LetterKind kind, Node *child);
void letter_withdraw (Node *supervisor, LetterKind kind, Node *child);

/* A supervisor as a child. */
void supervisor_start (Node *self);
void supervisor_cancel (Node *self);
void supervisor_shutdown (Node *self, UsherStop why);
void supervisor_kill (Node *self);
/* The common limit of its children is over. */
void supervisor_expire (Node *self);
void supervisor_call (Node *self, Node *child, const Event *event);
/* What its process does. */
void supervisor_main (gpointer data);

/* The supervisor itself, in its process. */
void supervisor_report (Node *self, const char *context, const Node *child, Reason reason);
void supervisor_forget (Node *self, Node *child);
StartOutcome supervisor_start_child (Node *self, Node *child);
/* Starts those in the round. */
StartOutcome supervisor_start_round (Node *self);
/* Returns whether it is down; if not, the supervisor ends. */
gboolean supervisor_stop_child (Node *self, Node *child, UsherStop why);
void supervisor_finish_call (Node *self, const char *text);
void supervisor_end (Node *self, Reason reason, UsherStop why);
void supervisor_handle (Node *self, Letter *letter);

G_END_DECLS
