/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* What docs/guide-intensity.md reckons. */

#include <usher/usher.h>

#include "support/fake-clock.h"
#include "support/iterate.h"
#include "support/test-child.h"

#define MAX_LEVELS 4
#define PERIOD_USEC 5000000

/* Supervisors one below the other, the root first, and one child below the last of them. */
typedef struct
{
  guint n_levels;
  UsherSupervisor *levels[MAX_LEVELS];
  TestChild *leaf;
  GString *trace;
  gboolean is_over;
} Chain;

static void
on_exited (UsherChild *root,
           guint64 serial,
           UsherExit *exit,
           Chain *chain)
{
  g_assert_error (usher_exit_get_error (exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY);
  chain->is_over = TRUE;
}

static void
chain_add (Chain *chain,
           guint level,
           UsherChild *child,
           guint delay_msec)
{
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("child", child);

  usher_child_spec_set_restart_delay (spec, delay_msec, 32 * delay_msec, 0);
  g_assert_true (usher_supervisor_add_child (chain->levels[level], spec, NULL));
}

/* With the default period of 5 s. */
static void
chain_init (Chain *chain,
            const guint *intensities,
            guint n_levels,
            guint delay_msec)
{
  *chain = (Chain){ .n_levels = n_levels, .trace = g_string_new (NULL) };
  fake_clock_install ();
  chain->leaf = test_child_new ("leaf", chain->trace);
  for (guint i = 0; i < n_levels; i++)
    {
      chain->levels[i] = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
      usher_supervisor_set_intensity (chain->levels[i], intensities[i]);
      if (i > 0)
        chain_add (chain, i - 1, USHER_CHILD (chain->levels[i]), 0);
    }
  chain_add (chain, n_levels - 1, USHER_CHILD (chain->leaf), delay_msec);
  g_signal_connect (chain->levels[0], "exited", G_CALLBACK (on_exited), chain);
  usher_child_start_async (USHER_CHILD (chain->levels[0]), NULL, NULL, NULL);
  iterate_pending (NULL);
}

static void
chain_clear (Chain *chain)
{
  g_signal_handlers_disconnect_by_data (chain->levels[0], chain);
  usher_child_shutdown (USHER_CHILD (chain->levels[0]), USHER_STOP_FINAL);
  iterate_pending (NULL);
  for (guint i = 0; i < chain->n_levels; i++)
    g_assert_finalize_object (chain->levels[i]);
  g_assert_finalize_object (chain->leaf);
  g_string_free (chain->trace, TRUE);
  fake_clock_remove ();
}

/* Lets the leaf fail again and again, `interval_usec` after each of its starts. */
static guint
count_failures (Chain *chain,
                gint64 interval_usec,
                guint at_most)
{
  guint n_failures = 0;

  while (!chain->is_over && n_failures < at_most)
    {
      fake_clock_advance_usec (interval_usec);
      iterate_pending (NULL);
      if (!test_child_is_running (chain->leaf))
        continue;
      test_child_exit (chain->leaf, USHER_EXIT_ERROR);
      iterate_pending (NULL);
      n_failures++;
    }

  return n_failures;
}

/* How often a level was restarted. */
static guint64
count_restarts (Chain *chain,
                guint level)
{
  return usher_child_get_serial (USHER_CHILD (chain->levels[level])) - 1;
}

static void
test_budgets_multiply (void)
{
  const struct
  {
    guint intensities[MAX_LEVELS];
    guint n_levels;
    guint n_failures;
  } cases[] = {
    { { 1 }, 1, 2 },
    { { 1, 1 }, 2, 4 },
    { { 1, 1, 1 }, 3, 8 },
    { { 3, 3 }, 2, 16 },
    { { 3, 3, 3 }, 3, 64 },
    { { 1, 10 }, 2, 22 },
    { { 1, 3, 10 }, 3, 88 },
    { { 0, 0, 0, 0 }, 4, 1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Chain chain;

      chain_init (&chain, cases[i].intensities, cases[i].n_levels, 0);
      g_assert_cmpuint (count_failures (&chain, 0, 1000), ==, cases[i].n_failures);
      g_assert_true (chain.is_over);
      chain_clear (&chain);
    }
}

static void
test_sustained_rate (void)
{
  for (guint intensity = 1; intensity <= 10; intensity++)
    {
      gint64 interval_usec = PERIOD_USEC / intensity;
      Chain chain;

      chain_init (&chain, &intensity, 1, 0);
      g_assert_cmpuint (count_failures (&chain, interval_usec, 100), ==, intensity + 1);
      chain_clear (&chain);

      chain_init (&chain, &intensity, 1, 0);
      g_assert_cmpuint (count_failures (&chain, interval_usec + 1, 100), ==, 100);
      g_assert_false (chain.is_over);
      chain_clear (&chain);
    }
}

/* The lower supervisor gives up again and again, and its parent can bear it. */
static void
test_nobody_hears (void)
{
  const guint intensities[] = { 1, 1 };
  Chain chain;

  chain_init (&chain, intensities, 2, 0);
  g_assert_cmpuint (count_failures (&chain, PERIOD_USEC + 1, 100), ==, 100);
  g_assert_cmpuint (count_restarts (&chain, 1), ==, 0);
  chain_clear (&chain);

  chain_init (&chain, intensities, 2, 0);
  g_assert_cmpuint (count_failures (&chain, PERIOD_USEC / 2 + 1, 100), ==, 100);
  g_assert_cmpuint (count_restarts (&chain, 1), ==, 50);
  chain_clear (&chain);

  chain_init (&chain, intensities, 2, 0);
  g_assert_cmpuint (count_failures (&chain, PERIOD_USEC / 2, 100), ==, 4);
  g_assert_true (chain.is_over);
  chain_clear (&chain);
}

/* A parent with the period that the guide asks for hears of all that its child cannot bear. */
static void
test_period_of_a_parent (void)
{
  const guint intensities[] = { 2, 3 };
  const gint64 interval_usec = PERIOD_USEC / 3;
  Chain chain;

  chain_init (&chain, intensities, 2, 0);
  g_assert_cmpuint (count_failures (&chain, interval_usec, 100), ==, 100);
  chain_clear (&chain);

  chain_init (&chain, intensities, 2, 0);
  usher_supervisor_set_period_msec (chain.levels[0], 2 * (3 + 1) * PERIOD_USEC / 3 / 1000 + 1);
  g_assert_cmpuint (count_failures (&chain, interval_usec, 100), ==, (2 + 1) * (3 + 1));
  g_assert_true (chain.is_over);
  chain_clear (&chain);
}

/* Delays of 1, 2, 4… s: the charges that are closest together are the first ones. */
static void
test_delays_outlast_the_period (void)
{
  const struct
  {
    guint intensity;
    guint delay_msec;
    gboolean is_over;
  } cases[] = {
    { 1, 5000, TRUE },
    { 1, 5001, FALSE },
    { 2, 1666, TRUE },
    { 2, 1667, FALSE },
    { 3, 714, TRUE },
    { 3, 715, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      Chain chain;

      chain_init (&chain, &cases[i].intensity, 1, cases[i].delay_msec);
      test_child_set_start (chain.leaf, TEST_START_EXIT);
      test_child_exit (chain.leaf, USHER_EXIT_ERROR);
      for (guint j = 0; j < 10000; j++)
        {
          fake_clock_advance_usec (cases[i].delay_msec * 1000);
          iterate_pending (NULL);
        }
      g_assert_cmpint (chain.is_over, ==, cases[i].is_over);
      chain_clear (&chain);
    }
}

static void
test_delays_end_in_time (void)
{
  const guint intensity = 6;
  guint n_halves = 0;
  Chain chain;

  chain_init (&chain, &intensity, 1, 500);
  usher_supervisor_set_period_msec (chain.levels[0], 40 * 1000);
  test_child_set_start (chain.leaf, TEST_START_EXIT);
  test_child_exit (chain.leaf, USHER_EXIT_ERROR);
  iterate_pending (NULL);
  for (; !chain.is_over && n_halves < 1000; n_halves++)
    {
      fake_clock_advance_usec (500 * 1000);
      iterate_pending (NULL);
    }
  g_assert_cmpuint (n_halves, ==, 63);
  chain_clear (&chain);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/nested-budgets/multiply", test_budgets_multiply);
  g_test_add_func ("/nested-budgets/bear-less-than-intensity-per-period", test_sustained_rate);
  g_test_add_func ("/nested-budgets/a-parent-may-not-hear-of-what-its-child-cannot-bear", test_nobody_hears);
  g_test_add_func ("/nested-budgets/a-parent-with-a-long-period-hears-of-it", test_period_of_a_parent);
  g_test_add_func ("/nested-budgets/delays-can-outlast-the-period", test_delays_outlast_the_period);
  g_test_add_func ("/nested-budgets/delays-can-end-after-half-a-minute", test_delays_end_in_time);

  return g_test_run ();
}
