/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/backoff-private.h"

static void
test_doubles (void)
{
  UsherBackoff backoff;

  usher_backoff_init (&backoff, 100, 1000);

  g_assert_cmpint (usher_backoff_next (&backoff, 1), ==, 100);
  g_assert_cmpint (usher_backoff_next (&backoff, 1), ==, 200);
  g_assert_cmpint (usher_backoff_next (&backoff, 1), ==, 400);
  g_assert_cmpint (usher_backoff_next (&backoff, 1), ==, 800);
  g_assert_cmpint (usher_backoff_next (&backoff, 1), ==, 1000);
  g_assert_cmpint (usher_backoff_next (&backoff, 1), ==, 1000);
}

static void
test_resets (void)
{
  UsherBackoff backoff;

  usher_backoff_init (&backoff, 100, 1000);
  usher_backoff_next (&backoff, 0);
  usher_backoff_next (&backoff, 0);
  usher_backoff_reset (&backoff);

  g_assert_cmpint (usher_backoff_next (&backoff, 0), ==, 100);
  g_assert_cmpint (usher_backoff_next (&backoff, 0), ==, 200);
}

static void
test_does_not_overflow (void)
{
  UsherBackoff backoff;
  gint64 previous = 1;

  usher_backoff_init (&backoff, 1, G_MAXINT64);
  g_assert_cmpint (usher_backoff_next (&backoff, 0), ==, 1);

  for (int i = 0; i < 62; i++)
    {
      g_assert_cmpint (usher_backoff_next (&backoff, 0), ==, previous * 2);
      previous *= 2;
    }

  g_assert_cmpint (usher_backoff_next (&backoff, 0), ==, G_MAXINT64);
  g_assert_cmpint (usher_backoff_next (&backoff, 0), ==, G_MAXINT64);
}

static void
test_constant (void)
{
  UsherBackoff none;
  UsherBackoff constant;

  usher_backoff_init (&none, 0, 1000);
  usher_backoff_init (&constant, 7, 7);

  for (int i = 0; i < 3; i++)
    {
      g_assert_cmpint (usher_backoff_next (&none, 0), ==, 0);
      g_assert_cmpint (usher_backoff_next (&constant, 0), ==, 7);
    }
}

static void
test_jitter (void)
{
  UsherBackoff backoff;

  usher_backoff_init (&backoff, 1000, 8000);
  usher_backoff_set_jitter (&backoff, 0.5);

  g_assert_cmpint (usher_backoff_next (&backoff, 0), ==, 1000);
  g_assert_cmpint (usher_backoff_next (&backoff, 1), ==, 1000);
  g_assert_cmpint (usher_backoff_next (&backoff, 0.5), ==, 3000);
  g_assert_cmpint (usher_backoff_next (&backoff, 1), ==, 4000);
  g_assert_cmpint (usher_backoff_next (&backoff, 0), ==, 8000);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/backoff/doubles-up-to-its-limit", test_doubles);
  g_test_add_func ("/backoff/starts-again-after-a-success", test_resets);
  g_test_add_func ("/backoff/does-not-overflow", test_does_not_overflow);
  g_test_add_func ("/backoff/may-be-constant", test_constant);
  g_test_add_func ("/backoff/jitter-shortens-one-delay-only", test_jitter);

  return g_test_run ();
}
