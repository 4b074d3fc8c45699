/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/drain-plan-private.h"

#include "usher/error.h"

static void
test_slowest (void)
{
  UsherDrainPlan plan = { .lame_duck_msec = 1000 };

  g_assert_cmpint (usher_drain_plan_get_total_msec (&plan), ==, 1000);
  usher_drain_plan_add (&plan, "a", 10, 20);
  g_assert_cmpint (usher_drain_plan_get_total_msec (&plan), ==, 1030);
  usher_drain_plan_add (&plan, "b", 50, 1);
  g_assert_cmpint (usher_drain_plan_get_total_msec (&plan), ==, 1051);
  usher_drain_plan_add (&plan, "c", 1, 49);
  g_assert_cmpint (usher_drain_plan_get_total_msec (&plan), ==, 1051);
  g_assert_cmpstr (plan.slowest, ==, "b");
  usher_drain_plan_add (&plan, "d", 1, -1);
  usher_drain_plan_add (&plan, "e", 100, 100);
  g_assert_cmpint (usher_drain_plan_get_total_msec (&plan), ==, -1);
  g_assert_cmpstr (plan.slowest, ==, "d");
}

static void
expect (gint64 grace_msec,
        gint64 deadline_msec,
        const char *arithmetic)
{
  UsherDrainPlan plan = { .lame_duck_msec = 5 };
  g_autoptr (GError) error = NULL;

  usher_drain_plan_add (&plan, "web", grace_msec, 10);
  g_assert_true (usher_drain_plan_check (&plan, "shop", deadline_msec, &error) == (arithmetic == NULL));
  if (arithmetic == NULL)
    {
      g_assert_no_error (error);
      return;
    }

  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, arithmetic));
  g_assert_nonnull (strstr (error->message, "“shop”"));
}

static void
test_check (void)
{
  expect (85, 100, NULL);
  expect (86, 100, "lame duck 5 ms + grace 86 ms + shutdown 10 ms (of the pool “web”) = 101 ms");
  expect (86, -1, NULL);
  expect (-1, -1, NULL);
  expect (-1, 100, "grace infinity");
  expect (0, 0, "= 15 ms, but the drain deadline is 0 ms");
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/drain-plan/is-as-long-as-its-slowest-pool", test_slowest);
  g_test_add_func ("/drain-plan/does-the-arithmetic-of-what-does-not-fit", test_check);

  return g_test_run ();
}
