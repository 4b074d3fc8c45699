/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/hunch-private.h"

#define N_TIMES 64

/* Follows it as often, and returns how often that was. What comes of it is always the same. */
static guint
follow (UsherHunch *hunch,
        guint n_times,
        gboolean comes_true)
{
  guint n_followed = 0;

  for (guint i = 0; i < n_times; i++)
    if (usher_hunch_follow (hunch))
      {
        usher_hunch_learn (hunch, comes_true);
        n_followed++;
      }

  return n_followed;
}

static void
test_tried_at_once (void)
{
  UsherHunch hunch = { 0 };

  g_assert_true (usher_hunch_follow (&hunch));
  g_assert_false (usher_hunch_follow (&hunch));
}

static void
test_tried_now_and_then (void)
{
  UsherHunch hunch = { 0 };

  g_assert_cmpuint (follow (&hunch, 10 * N_TIMES, FALSE), ==, 10);
  g_assert_true (usher_hunch_follow (&hunch));
  g_assert_cmpuint (follow (&hunch, N_TIMES - 1, FALSE), ==, 0);
}

static void
test_trusted (void)
{
  UsherHunch hunch = { 0 };

  g_assert_cmpuint (follow (&hunch, 1000, TRUE), ==, 1000);
}

/* However long it was right. */
static void
test_given_up (void)
{
  UsherHunch hunch = { 0 };

  g_assert_cmpuint (follow (&hunch, 1000, TRUE), ==, 1000);
  g_assert_cmpuint (follow (&hunch, 1000, FALSE), <, 64);
  g_assert_false (usher_hunch_follow (&hunch));
}

/* A thousand times, when as many in `period` come true. */
static guint
follow_in_turn (guint n_true,
                guint period)
{
  UsherHunch hunch = { 0 };
  guint n_followed = 0;

  for (guint i = 0; i < 1000; i++)
    if (usher_hunch_follow (&hunch))
      {
        usher_hunch_learn (&hunch, n_followed % period < n_true);
        n_followed++;
      }

  return n_followed;
}

static void
test_pays_often_enough (void)
{
  g_assert_cmpuint (follow_in_turn (1, 2), ==, 1000);
  g_assert_cmpuint (follow_in_turn (1, 4), <, 200);
}

static void
test_found_again (void)
{
  UsherHunch hunch = { 0 };

  g_assert_cmpuint (follow (&hunch, N_TIMES, FALSE), ==, 1);
  g_assert_cmpuint (follow (&hunch, N_TIMES, TRUE), ==, N_TIMES);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/hunch/is-tried-at-once", test_tried_at_once);
  g_test_add_func ("/hunch/is-tried-now-and-then-while-it-is-wrong", test_tried_now_and_then);
  g_test_add_func ("/hunch/is-trusted-while-it-is-right", test_trusted);
  g_test_add_func ("/hunch/is-soon-given-up-when-it-is-wrong", test_given_up);
  g_test_add_func ("/hunch/is-followed-if-it-is-right-often-enough", test_pays_often_enough);
  g_test_add_func ("/hunch/is-found-again-when-it-is-right-once", test_found_again);

  return g_test_run ();
}
