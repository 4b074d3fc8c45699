/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/drain-spread-private.h"

#define SPREAD_USEC (5 * G_TIME_SPAN_SECOND)
#define WINDOW_USEC (100 * 1000)

static void
test_fit (void)
{
  g_assert_cmpint (usher_drain_spread_fit (5000, 7000), ==, 5000);
  g_assert_cmpint (usher_drain_spread_fit (5000, 3000), ==, 3000);
  g_assert_cmpint (usher_drain_spread_fit (5000, -1), ==, 5000);
  g_assert_cmpint (usher_drain_spread_fit (5000, 0), ==, 0);
}

static void
test_bounds (void)
{
  g_assert_cmpint (usher_drain_spread_delay_usec (SPREAD_USEC, 0, 1, 0), ==, 0);
  g_assert_cmpint (usher_drain_spread_delay_usec (SPREAD_USEC, 0, 1, 0.5), ==, SPREAD_USEC / 2);
  g_assert_cmpint (usher_drain_spread_delay_usec (0, 3, 4, 0.9), ==, 0);
  g_assert_cmpint (usher_drain_spread_delay_usec (G_MAXINT32 * 1000L, G_MAXUINT - 1, G_MAXUINT, 0.999), <=,
                   G_MAXINT32 * 1000L);
}

/* However chance falls, nobody gets ahead of those before him. */
static void
test_turns (void)
{
  gint64 before_usec = 0;

  for (guint i = 0; i < 1000; i++)
    {
      gint64 delay_usec = usher_drain_spread_delay_usec (SPREAD_USEC, i, 1000, g_test_rand_double ());

      g_assert_cmpint (delay_usec, >=, before_usec);
      g_assert_cmpint (delay_usec, >=, i * SPREAD_USEC / 1000);
      g_assert_cmpint (delay_usec, <=, (i + 1) * SPREAD_USEC / 1000);
      before_usec = delay_usec;
    }
}

/* Its share is a fiftieth; at either end one more turn can begin or end in it. */
static void
test_windows (gconstpointer data)
{
  guint n = GPOINTER_TO_UINT (data);
  g_autofree gint64 *delays_usec = g_new (gint64, n);

  for (guint i = 0; i < n; i++)
    delays_usec[i] = usher_drain_spread_delay_usec (SPREAD_USEC, i, n, g_test_rand_double ());

  for (guint first = 0, last = 0; last < n; last++)
    {
      while (delays_usec[last] - delays_usec[first] >= WINDOW_USEC)
        first++;
      g_assert_cmpuint (last - first + 1, <=, n / 50 + 2);
    }
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/drain-spread/is-no-longer-than-the-grace", test_fit);
  g_test_add_func ("/drain-spread/begins-and-ends-where-it-should", test_bounds);
  g_test_add_func ("/drain-spread/each-has-a-turn", test_turns);
  g_test_add_data_func ("/drain-spread/crowds-no-window/of-50", GUINT_TO_POINTER (50), test_windows);
  g_test_add_data_func ("/drain-spread/crowds-no-window/of-777", GUINT_TO_POINTER (777), test_windows);
  g_test_add_data_func ("/drain-spread/crowds-no-window/of-100000", GUINT_TO_POINTER (100000), test_windows);

  return g_test_run ();
}
