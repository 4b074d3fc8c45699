/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/flow-private.h"

#include <fenv.h>
#include <stdint.h>

#define STACK_SIZE (256 * 1024)
#define N_ROUNDS 1000
#define N_SWITCHES 1000000

typedef struct _TestFlow TestFlow;
typedef void (*TestFlowFunc) (TestFlow *self);

/* A flow that does what the test wants, and then leaves to where it was last entered from. */
struct _TestFlow
{
  UsherFlow flow;
  UsherFlow outside;
  TestFlowFunc func;
  TestFlow *other; /* (unowned) (nullable) */
  GString *log;    /* (unowned) (nullable) */
  guint n;
  gpointer stack; /* (owned) */
};

static void
run (UsherFlow *flow)
{
  TestFlow *self = (TestFlow *) flow;

  self->func (self);
  usher_flow_leave_to (&self->flow, &self->outside);
}

static void
test_flow_init (TestFlow *self,
                TestFlowFunc func)
{
  *self = (TestFlow){ .func = func, .stack = g_malloc (STACK_SIZE) };
  usher_flow_init (&self->flow, self->stack, STACK_SIZE, run);
}

static void
test_flow_clear (TestFlow *self)
{
  usher_flow_clear (&self->flow);
  g_free (self->stack);
}

static void
enter (TestFlow *self)
{
  usher_flow_switch_to (&self->outside, &self->flow);
}

static void
yield (TestFlow *self)
{
  usher_flow_switch_to (&self->flow, &self->outside);
}

static void
count_forever (TestFlow *self)
{
  for (;;)
    {
      self->n++;
      yield (self);
    }
}

static void
count_to_three (TestFlow *self)
{
  for (guint i = 1; i <= 3; i++)
    {
      self->n = i;
      yield (self);
    }
  self->n = 100;
}

static void
test_there_and_back (void)
{
  TestFlow flow;

  test_flow_init (&flow, count_to_three);
  g_assert_cmpuint (flow.n, ==, 0);
  for (guint i = 1; i <= 3; i++)
    {
      enter (&flow);
      g_assert_cmpuint (flow.n, ==, i);
    }
  enter (&flow);
  g_assert_cmpuint (flow.n, ==, 100);
  test_flow_clear (&flow);
}

/* So deep that the frames overwrite each other if they are not apart. */
static guint64
sum_of_yields (TestFlow *self,
               guint depth)
{
  volatile guint64 mine[8];
  guint64 sum = 0;

  for (guint i = 0; i < G_N_ELEMENTS (mine); i++)
    mine[i] = depth * (guint64) self->n;
  yield (self);
  if (depth > 0)
    sum = sum_of_yields (self, depth - 1);
  for (guint i = 0; i < G_N_ELEMENTS (mine); i++)
    sum += mine[i];

  return sum;
}

static void
recurse (TestFlow *self)
{
  guint64 sum = sum_of_yields (self, 10);

  g_assert_cmpuint (sum, ==, 55 * 8 * (guint64) self->n);
}

static void
test_stacks_apart (void)
{
  TestFlow flows[16];

  for (guint i = 0; i < G_N_ELEMENTS (flows); i++)
    {
      test_flow_init (&flows[i], recurse);
      flows[i].n = i + 1;
    }
  for (guint round = 0; round < 12; round++)
    for (guint i = 0; i < G_N_ELEMENTS (flows); i++)
      enter (&flows[i]);
  for (guint i = 0; i < G_N_ELEMENTS (flows); i++)
    test_flow_clear (&flows[i]);
}

static void
enter_other (TestFlow *self)
{
  g_string_append (self->log, "a");
  enter (self->other);
  g_string_append (self->log, "c");
  yield (self);
  enter (self->other);
  g_string_append (self->log, "f");
}

static void
log_twice (TestFlow *self)
{
  g_string_append (self->log, "b");
  yield (self);
  g_string_append (self->log, "e");
}

static void
test_nests (void)
{
  g_autoptr (GString) log = g_string_new (NULL);
  TestFlow inner;
  TestFlow outer;

  test_flow_init (&inner, log_twice);
  test_flow_init (&outer, enter_other);
  inner.log = outer.log = log;
  outer.other = &inner;

  enter (&outer);
  g_string_append (log, "d");
  enter (&outer);
  g_assert_cmpstr (log->str, ==, "abcdef");

  test_flow_clear (&inner);
  test_flow_clear (&outer);
}

/* The compiler's instructions for vectors crash on a stack that is not aligned. */
static void
check_alignment (TestFlow *self)
{
  volatile double values[2] __attribute__ ((aligned (16))) = { 0.5, 1.5 };
  g_autofree char *text = g_strdup_printf ("%.1f", values[0] + values[1]);

  g_assert_cmpuint ((uintptr_t) values % 16, ==, 0);
  g_assert_cmpuint ((uintptr_t) __builtin_frame_address (0) % 16, ==, 0);
  g_assert_cmpstr (text, ==, "2.0");
}

static void
test_alignment (void)
{
  TestFlow flow;

  test_flow_init (&flow, check_alignment);
  enter (&flow);
  test_flow_clear (&flow);
}

#ifndef FLOW_SHARES_ROUNDING
static void
round_up (TestFlow *self)
{
  g_assert_cmpint (fegetround (), ==, FE_TONEAREST);
  fesetround (FE_UPWARD);
  yield (self);
  g_assert_cmpint (fegetround (), ==, FE_UPWARD);
}

static void
test_rounding (void)
{
  TestFlow flow;

  test_flow_init (&flow, round_up);
  fesetround (FE_DOWNWARD);
  enter (&flow);
  g_assert_cmpint (fegetround (), ==, FE_DOWNWARD);
  enter (&flow);
  g_assert_cmpint (fegetround (), ==, FE_DOWNWARD);
  fesetround (FE_TONEAREST);
  test_flow_clear (&flow);
}
#endif

static void
test_reuse (void)
{
  TestFlow flow;

  test_flow_init (&flow, count_to_three);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      while (flow.n < 100)
        enter (&flow);
      usher_flow_clear (&flow.flow);
      flow.n = 0;
      usher_flow_init (&flow.flow, flow.stack, STACK_SIZE, run);
    }
  test_flow_clear (&flow);
}

static void
test_speed (void)
{
  TestFlow flow;
  double seconds;

  if (!g_test_perf ())
    {
      g_test_skip ("measured with -m perf");
      return;
    }

  test_flow_init (&flow, count_forever);
  g_test_timer_start ();
  for (guint i = 0; i < N_SWITCHES; i++)
    enter (&flow);
  seconds = g_test_timer_elapsed ();
  g_test_minimized_result (seconds, "%.1f ns a switch", seconds * 1e9 / (2 * N_SWITCHES));
  test_flow_clear (&flow);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  if (!usher_flow_is_supported ())
    {
      g_test_message ("This machine has no flows but its threads' own");
      return 77;
    }

  g_test_add_func ("/flow/goes-there-and-back", test_there_and_back);
  g_test_add_func ("/flow/keeps-the-stacks-apart", test_stacks_apart);
  g_test_add_func ("/flow/nests", test_nests);
  g_test_add_func ("/flow/aligns-its-stack", test_alignment);
#ifndef FLOW_SHARES_ROUNDING
  g_test_add_func ("/flow/keeps-its-rounding-mode", test_rounding);
#endif
  g_test_add_func ("/flow/leaves-a-stack-that-can-be-used-again", test_reuse);
  g_test_add_func ("/flow/switches-in-nanoseconds", test_speed);

  return g_test_run ();
}
