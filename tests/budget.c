/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/budget-private.h"
#include "usher/error.h"

static void
test_window_is_inclusive (void)
{
  UsherBudget budget;

  usher_budget_init (&budget, 2, 1000);

  g_assert_true (usher_budget_charge (&budget, 0));
  g_assert_true (usher_budget_charge (&budget, 500));
  g_assert_false (usher_budget_charge (&budget, 1000));
  g_assert_true (usher_budget_charge (&budget, 1001));
  g_assert_false (usher_budget_charge (&budget, 1500));
  g_assert_true (usher_budget_charge (&budget, 1501));

  usher_budget_clear (&budget);
}

static void
test_zero_allows_nothing (void)
{
  UsherBudget budget = { 0 };

  g_assert_false (usher_budget_charge (&budget, 0));
  g_assert_false (usher_budget_charge (&budget, G_MAXINT64));
  g_assert_null (budget.charges);
}

static void
test_change_keeps_history (void)
{
  UsherBudget budget;

  usher_budget_init (&budget, 3, 1000);
  for (gint64 now_usec = 0; now_usec < 3; now_usec++)
    g_assert_true (usher_budget_charge (&budget, now_usec));

  usher_budget_set (&budget, 4, 1000);
  g_assert_true (usher_budget_charge (&budget, 3));
  g_assert_false (usher_budget_charge (&budget, 4));

  usher_budget_set (&budget, 1, 10);
  g_assert_false (usher_budget_charge (&budget, 13));
  g_assert_true (usher_budget_charge (&budget, 14));

  usher_budget_clear (&budget);
}

static void
test_clear_forgets (void)
{
  UsherBudget budget;

  usher_budget_init (&budget, 1, 1000);
  g_assert_true (usher_budget_charge (&budget, 0));
  usher_budget_clear (&budget);
  g_assert_true (usher_budget_charge (&budget, 0));
  g_assert_false (usher_budget_charge (&budget, 0));
  usher_budget_clear (&budget);
}

/* The whole history, and a count over it. */
static gboolean
naive_charge (GArray *history,
              guint intensity,
              gint64 period_usec,
              gint64 now_usec)
{
  guint n_recent = 0;

  for (guint i = 0; i < history->len; i++)
    n_recent += g_array_index (history, gint64, i) >= now_usec - period_usec;

  if (n_recent >= intensity)
    return FALSE;

  g_array_append_val (history, now_usec);
  return TRUE;
}

static void
test_agrees_with_counting (void)
{
  for (guint round = 0; round < 500; round++)
    {
      guint intensity = g_test_rand_int_range (0, 20);
      gint64 period_usec = g_test_rand_int_range (0, 100);
      gint64 now_usec = 0;
      g_autoptr (GArray) history = g_array_new (FALSE, FALSE, sizeof (gint64));
      UsherBudget budget;

      usher_budget_init (&budget, intensity, period_usec);
      for (guint i = 0; i < 200; i++)
        {
          now_usec += g_test_rand_int_range (0, 10);
          g_assert_cmpint (usher_budget_charge (&budget, now_usec), ==,
                           naive_charge (history, intensity, period_usec, now_usec));
        }
      usher_budget_clear (&budget);
    }
}

static void
assert_complains (guint intensity,
                  gint64 period_usec,
                  const char *expected)
{
  UsherBudget budget;
  g_autoptr (GError) error = NULL;

  usher_budget_init (&budget, intensity, period_usec);
  error = usher_budget_make_error (&budget, "pool “web”", "no disk");
  g_assert_error (error, USHER_ERROR, USHER_ERROR_MAX_INTENSITY);
  g_assert_cmpstr (error->message, ==, expected);
}

static void
test_error_is_good_english (void)
{
  assert_complains (0, 5 * G_TIME_SPAN_SECOND, "pool “web”: more than 0 restarts within 5 s; the latest failure: no disk");
  assert_complains (1, 5 * G_TIME_SPAN_SECOND, "pool “web”: more than 1 restart within 5 s; the latest failure: no disk");
  assert_complains (2, 1500 * G_TIME_SPAN_MILLISECOND,
                    "pool “web”: more than 2 restarts within 1500 ms; the latest failure: no disk");
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/budget/window-includes-both-ends", test_window_is_inclusive);
  g_test_add_func ("/budget/zero-allows-nothing", test_zero_allows_nothing);
  g_test_add_func ("/budget/change-keeps-the-history", test_change_keeps_history);
  g_test_add_func ("/budget/clear-forgets-the-history", test_clear_forgets);
  g_test_add_func ("/budget/its-error-says-what-happened", test_error_is_good_english);
  g_test_add_func ("/budget/agrees-with-counting", test_agrees_with_counting);

  return g_test_run ();
}
