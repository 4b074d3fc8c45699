/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/process.h"

#include "runtime/flow-private.h"

#define STACK_SIZE (64 * 1024)

struct _Process
{
  UsherFlow flow;
  UsherFlow caller;
  ProcessMain main;
  ProcessCondition condition; /* (nullable) */
  gpointer data;
  char stack[STACK_SIZE] __attribute__ ((aligned (16)));
};

/* Those that are not used now: thousands of sequences need the same few. */
static GQueue spare; /* (element-type Process) (owned) */

static void
begin (UsherFlow *flow)
{
  Process *self = (Process *) flow;

  self->main (self->data);
}

Process *
process_new (ProcessMain main,
             gpointer data)
{
  Process *self = g_queue_pop_head (&spare);

  if (self == NULL)
    self = g_new0 (Process, 1);
  self->main = main;
  self->data = data;
  self->condition = NULL;
  usher_flow_init (&self->flow, self->stack, STACK_SIZE, begin);

  return self;
}

void
process_free (Process *self)
{
  usher_flow_clear (&self->flow);
  g_queue_push_head (&spare, self);
}

void
process_wait_until (Process *self,
                    ProcessCondition condition)
{
  if (condition (self->data))
    return;

  self->condition = condition;
  usher_flow_switch_to (&self->flow, &self->caller);
}

gboolean
process_is_ready (const Process *self)
{
  return self->condition == NULL || self->condition (self->data);
}

void
process_run (Process *self)
{
  usher_flow_switch_to (&self->caller, &self->flow);
}
