/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/stack-pool-private.h"
#include "support/fake-clock.h"
#include "support/fault.h"
#include "support/iterate.h"
#include "support/reactor-fixture.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#define N_MANY 1000

/* Longer than an idle stack keeps its memory. */
#define LONG_USEC (10 * G_USEC_PER_SEC)

static UsherStackPool *
get_pool (ReactorFixture *fixture)
{
  return usher_reactor_get_stack_pool (fixture->reactor);
}

static char *
take (ReactorFixture *fixture)
{
  g_autoptr (GError) error = NULL;
  char *stack = usher_stack_pool_take (get_pool (fixture), &error);

  g_assert_no_error (error);
  g_assert_nonnull (stack);
  g_assert_cmpuint ((uintptr_t) stack % 4096, ==, 0);

  return stack;
}

static void
give (ReactorFixture *fixture,
      char *stack)
{
  usher_stack_pool_give (get_pool (fixture), stack);
}

static void
advance (ReactorFixture *fixture,
         gint64 usec)
{
  fake_clock_advance_usec (usec);
  iterate_pending (fixture->context);
}

/* Time in which each of the pool's timers rings. */
static void
idle (ReactorFixture *fixture)
{
  do
    advance (fixture, LONG_USEC);
  while (fake_clock_get_n_armed () > 0);
}

static void
test_own_memory (ReactorFixture *fixture,
                 gconstpointer user_data)
{
  char *stacks[200];

  for (guint i = 0; i < G_N_ELEMENTS (stacks); i++)
    {
      stacks[i] = take (fixture);
      memset (stacks[i], i, USHER_STACK_SIZE);
    }
  g_assert_cmpuint (usher_stack_pool_get_n_taken (get_pool (fixture)), ==, G_N_ELEMENTS (stacks));

  for (guint i = 0; i < G_N_ELEMENTS (stacks); i++)
    {
      g_assert_cmpint (stacks[i][0], ==, (char) i);
      g_assert_cmpint (stacks[i][USHER_STACK_SIZE - 1], ==, (char) i);
      give (fixture, stacks[i]);
    }
  g_assert_cmpuint (usher_stack_pool_get_n_taken (get_pool (fixture)), ==, 0);
}

static void
test_warmest_first (ReactorFixture *fixture,
                    gconstpointer user_data)
{
  char *a = take (fixture);
  char *b = take (fixture);

  give (fixture, a);
  give (fixture, b);
  g_assert_true (take (fixture) == b);
  g_assert_true (take (fixture) == a);

  give (fixture, b);
  give (fixture, a);
}

static void
test_idle_memory (ReactorFixture *fixture,
                  gconstpointer user_data)
{
  char *stacks[N_MANY];

  for (guint i = 0; i < N_MANY; i++)
    {
      stacks[i] = take (fixture);
      stacks[i][0] = stacks[i][USHER_STACK_SIZE - 1] = 1;
    }
  for (guint i = 0; i < N_MANY; i++)
    give (fixture, stacks[i]);

  idle (fixture);
  for (guint i = 0; i < N_MANY; i++)
    {
      g_assert_cmpint (stacks[i][0], ==, 0);
      g_assert_cmpint (stacks[i][USHER_STACK_SIZE - 1], ==, 0);
    }
}

static void
test_needed_memory (ReactorFixture *fixture,
                    gconstpointer user_data)
{
  char *idle_one = take (fixture);
  char *needed = take (fixture);

  idle_one[0] = needed[0] = 1;
  give (fixture, idle_one);
  give (fixture, needed);
  for (guint i = 0; i < 100; i++)
    {
      g_assert_true (take (fixture) == needed);
      give (fixture, needed);
      advance (fixture, G_USEC_PER_SEC / 10);
    }

  g_assert_cmpint (needed[0], ==, 1);
  g_assert_cmpint (idle_one[0], ==, 0);
}

/* What is in use is nobody else's business. */
static void
test_taken_memory (ReactorFixture *fixture,
                   gconstpointer user_data)
{
  char *a = take (fixture);
  char *b = take (fixture);

  a[0] = 1;
  give (fixture, b);
  idle (fixture);
  g_assert_cmpint (a[0], ==, 1);

  g_assert_true (take (fixture) == b);
  a[0] = 0;
  b[0] = 1;
  give (fixture, a);
  idle (fixture);
  g_assert_cmpint (b[0], ==, 1);
  give (fixture, b);
}

static void
test_slices (ReactorFixture *fixture,
             gconstpointer user_data)
{
  char *stacks[N_MANY];
  guint n_calls;

  for (guint i = 0; i < N_MANY; i++)
    stacks[i] = take (fixture);
  for (guint i = 0; i < N_MANY; i++)
    give (fixture, stacks[i]);
  advance (fixture, LONG_USEC);

  n_calls = fault_get_n_calls (FAULT_MADVISE);
  fake_clock_advance_usec (LONG_USEC);
  g_main_context_iteration (fixture->context, FALSE);
  g_assert_cmpuint (fault_get_n_calls (FAULT_MADVISE) - n_calls, >, 0);
  g_assert_cmpuint (fault_get_n_calls (FAULT_MADVISE) - n_calls, <, N_MANY);
  idle (fixture);
  g_assert_cmpuint (fault_get_n_calls (FAULT_MADVISE) - n_calls, ==, N_MANY);
}

/* As on a kernel that cannot mark guards. */
static void
forget_marks (void)
{
  fault_inject (FAULT_MADVISE, 0, FAULT_FOREVER, EINVAL);
}

static void
overflow (ReactorFixture *fixture)
{
  volatile char *lower = take (fixture);
  volatile char *upper = take (fixture);

  upper = MAX (lower, upper);
  g_printerr ("The stack ends here\n");
  upper[-1] = 1;
}

static void
assert_overflow_crashes (void)
{
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*The stack ends here*");
}

static void
test_guard (ReactorFixture *fixture,
            gconstpointer user_data)
{
  if (g_test_subprocess ())
    overflow (fixture);
  else
    assert_overflow_crashes ();
}

static void
test_guard_elsewhere (ReactorFixture *fixture,
                      gconstpointer user_data)
{
  forget_marks ();
  if (g_test_subprocess ())
    overflow (fixture);
  else
    assert_overflow_crashes ();
}

static void
test_no_mapping_for_marks (ReactorFixture *fixture,
                           gconstpointer user_data)
{
  UsherStackPool *pool = get_pool (fixture);
  char *stack = take (fixture);

  if (pool->guard == USHER_STACK_GUARD_MARK)
    g_assert_cmpuint (fault_get_n_calls (FAULT_MPROTECT), ==, 0);
  else
    g_test_skip ("This kernel has no MADV_GUARD_INSTALL");
  give (fixture, stack);
}

/* The process is left with mappings for everything else. */
static void
test_limit (ReactorFixture *fixture,
            gconstpointer user_data)
{
  guint limit = usher_stack_guard_get_limit (USHER_STACK_GUARD_PROTECT);
  g_autoptr (GPtrArray) stacks = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  gpointer stack;

  if (limit > 100000)
    {
      g_test_skip ("vm.max_map_count is too large to be reached");
      return;
    }

  forget_marks ();
  while ((stack = usher_stack_pool_take (get_pool (fixture), &error)) != NULL)
    g_ptr_array_add (stacks, stack);

  g_assert_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  g_assert_nonnull (strstr (error->message, "vm.max_map_count"));
  g_assert_cmpuint (stacks->len, ==, limit);

  give (fixture, g_ptr_array_steal_index (stacks, 0));
  g_ptr_array_add (stacks, take (fixture));
  for (guint i = 0; i < stacks->len; i++)
    give (fixture, stacks->pdata[i]);
}

static void
test_limit_is_given_back (void)
{
  for (guint i = 0; i < 3; i++)
    {
      ReactorFixture fixture = { 0 };

      reactor_fixture_set_up (&fixture, NULL);
      test_limit (&fixture, NULL);
      reactor_fixture_tear_down (&fixture, NULL);
    }
  fault_clear ();
}

static void
assert_fails_once (ReactorFixture *fixture,
                   FaultCall call)
{
  g_autoptr (GError) error = NULL;

  fault_inject (call, 0, 1, ENOMEM);
  g_assert_null (usher_stack_pool_take (get_pool (fixture), &error));
  g_assert_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  g_assert_cmpuint (usher_stack_pool_get_n_taken (get_pool (fixture)), ==, 0);

  give (fixture, take (fixture));
}

static void
test_no_memory (ReactorFixture *fixture,
                gconstpointer user_data)
{
  assert_fails_once (fixture, FAULT_MMAP);
}

static void
test_no_guard (ReactorFixture *fixture,
               gconstpointer user_data)
{
  forget_marks ();
  assert_fails_once (fixture, FAULT_MPROTECT);
}

static void
tear_down (ReactorFixture *fixture,
           gconstpointer user_data)
{
  reactor_fixture_tear_down (fixture, user_data);
  fault_clear ();
}

static void
add_test (const char *path,
          ReactorFixtureFunc test)
{
  g_test_add (path, ReactorFixture, NULL, reactor_fixture_set_up, test, tear_down);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_test ("/stack-pool/gives-each-stack-its-own-memory", test_own_memory);
  add_test ("/stack-pool/takes-the-warmest-first", test_warmest_first);
  add_test ("/stack-pool/returns-the-memory-of-idle-stacks", test_idle_memory);
  add_test ("/stack-pool/keeps-the-memory-of-stacks-that-are-needed", test_needed_memory);
  add_test ("/stack-pool/leaves-taken-stacks-alone", test_taken_memory);
  add_test ("/stack-pool/returns-memory-in-slices", test_slices);
  add_test ("/stack-pool/crashes-at-the-end-of-a-stack", test_guard);
  add_test ("/stack-pool/crashes-at-the-end-of-a-stack-on-older-kernels", test_guard_elsewhere);
  add_test ("/stack-pool/needs-no-mapping-where-the-kernel-marks-guards", test_no_mapping_for_marks);
  add_test ("/stack-pool/names-the-limit-that-it-met", test_limit);
  g_test_add_func ("/stack-pool/limits-the-process-and-not-the-pool", test_limit_is_given_back);
  add_test ("/stack-pool/reports-a-lack-of-memory", test_no_memory);
  add_test ("/stack-pool/reports-a-lack-of-guards", test_no_guard);

  return g_test_run ();
}
