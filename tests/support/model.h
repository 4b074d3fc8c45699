/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "support/test-child.h"

G_BEGIN_DECLS

#define MODEL_MAX_CHILDREN 4
#define MODEL_LIMIT_USEC (100 * 1000)

/* OTP's supervisor as naively as it can be written: everything happens at once, in one thread of
 * control, and what happens is written into a trace like the one of the test children. */
typedef enum
{
  MODEL_DOWN,
  MODEL_UP,
  MODEL_EXITED,
  MODEL_RESTARTING,
  MODEL_GONE,
} ModelState;

typedef struct _ModelNode ModelNode;

struct _ModelNode
{
  /* What it is. */
  char name[4];
  ModelNode *parent; /* (nullable) (unowned) */
  gboolean is_supervisor;
  UsherRestart restart;
  gboolean is_significant;
  gboolean is_brutal;
  UsherStrategy strategy;
  UsherAutoShutdown auto_shutdown;
  guint intensity;
  gint64 period_usec;
  guint n_children;
  ModelNode *children[MODEL_MAX_CHILDREN]; /* (owned) */

  /* How it behaves. */
  TestStart next_start;
  guint n_next_starts;
  TestStop stop;

  /* How it is. */
  ModelState state;
  UsherExitKind exit;
  gboolean may_keep;
  GQueue letters;  /* (element-type ModelNode): exits and retries, told apart by the node's state */
  GArray *charges; /* (owned) (element-type gint64) */
};

typedef struct
{
  GString *trace; /* (unowned) */
  gint64 now_usec;
} Model;

UsherStartResult model_start (Model *model,
                              ModelNode *node);
void model_stop (Model *model,
                 ModelNode *node);
void model_exit (Model *model,
                 ModelNode *node,
                 UsherExitKind kind);
void model_run (Model *model,
                ModelNode *node);
void model_terminate (Model *model,
                      ModelNode *node);
void model_restart (Model *model,
                    ModelNode *node);

G_END_DECLS
