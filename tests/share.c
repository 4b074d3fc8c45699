/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/share-private.h"

#define MAX_WORKERS 8
#define N_CONNECTIONS 1000

static void
test_more_than_one_more_is_too_many (void)
{
  for (guint n_workers = 1; n_workers <= MAX_WORKERS; n_workers++)
    for (guint n_all = 0; n_all < 100; n_all++)
      for (guint n_mine = 0; n_mine <= n_all; n_mine++)
        g_assert_cmpint (usher_share_is_exceeded (n_mine, n_all, n_workers), ==, n_mine >= n_all / n_workers + 2);
}

/* However few there are, somebody may take the next one. */
static void
test_somebody_is_never_greedy (void)
{
  for (guint n_workers = 1; n_workers <= 3; n_workers++)
    for (guint a = 0; a < 20; a++)
      for (guint b = 0; b < (n_workers > 1 ? 20 : 1); b++)
        for (guint c = 0; c < (n_workers > 2 ? 20 : 1); c++)
          {
            guint n_all = a + b + c;

            g_assert_false (usher_share_is_exceeded (a, n_all, n_workers) &&
                            (n_workers < 2 || usher_share_is_exceeded (b, n_all, n_workers)) &&
                            (n_workers < 3 || usher_share_is_exceeded (c, n_all, n_workers)));
          }
}

/* Whoever may take has something to take, and does not get far ahead of the others by it. */
static void
test_allowances_are_small (void)
{
  for (guint n_workers = 2; n_workers <= MAX_WORKERS; n_workers++)
    for (guint n_all = 0; n_all < 1000; n_all++)
      for (guint n_mine = 0; n_mine <= n_all; n_mine++)
        {
          guint share = n_all / n_workers;
          guint allowance = usher_share_get_allowance (n_mine, n_all, n_workers);

          g_assert_cmpuint (allowance, >=, 1);
          if (usher_share_is_exceeded (n_mine, n_all, n_workers))
            g_assert_cmpuint (allowance, ==, 4);
          else
            g_assert_cmpuint (n_mine + allowance, <=, share + 2 + share / 8);
        }
}

/* A crowd comes at once. The first is awake, and the second wakes up only when the first has been through
 * so many dispatches. */
static void
test_a_late_one_gets_its_share (void)
{
  guint n_mine[2] = { 0 }, n_all = 0;

  for (guint n_dispatches = 0; n_all < 100; n_dispatches++)
    for (guint i = 0; i < (n_dispatches < 4 ? 1 : 2); i++)
      {
        guint n = usher_share_get_allowance (n_mine[i], n_all, 2);

        n_mine[i] += n;
        n_all += n;
      }

  g_assert_cmpuint (ABS ((int) n_mine[0] - (int) n_mine[1]), <=, 20);
}

typedef struct
{
  UsherCommonShare common;
  UsherShare shares[MAX_WORKERS];
  guint n_workers;
  guint n_taken[MAX_WORKERS];
} Workers;

static void
take (Workers *workers,
      guint i)
{
  usher_share_take (&workers->shares[i], &workers->common, workers->n_workers);
  workers->n_taken[i]++;
}

static gboolean
leaves (Workers *workers,
        guint i)
{
  UsherShare *share = &workers->shares[i];

  return usher_share_leave (share, &workers->common,
                            usher_share_is_greedy (share, &workers->common, workers->n_workers));
}

/* The first is always the first to wake, and wakes again before the next one does. */
static void
come (Workers *workers)
{
  for (guint i = 0; i < workers->n_workers; i++)
    {
      for (guint n_wakes = 0; n_wakes < 3; n_wakes++)
        if (!leaves (workers, i))
          {
            take (workers, i);
            return;
          }
    }

  g_assert_not_reached ();
}

static void
test_shares_are_fair (void)
{
  for (guint n_workers = 2; n_workers <= MAX_WORKERS; n_workers++)
    {
      Workers workers = { .n_workers = n_workers };

      for (guint n = 0; n < N_CONNECTIONS; n++)
        come (&workers);
      for (guint i = 0; i < n_workers; i++)
        {
          g_assert_cmpuint (workers.n_taken[i] * n_workers, >=, N_CONNECTIONS * (n_workers == 2 ? 8 : 7) / 10);
          g_assert_cmpuint (workers.n_taken[i] * n_workers, <=, N_CONNECTIONS * (n_workers == 2 ? 12 : 13) / 10);
        }
    }
}

/* One that never wakes is not waited for. */
static void
test_nobody_waits_for_long (void)
{
  Workers workers = { .n_workers = 2 };

  for (guint n = 0; n < N_CONNECTIONS; n++)
    {
      guint n_wakes = 0;

      while (leaves (&workers, 0))
        g_assert_cmpuint (++n_wakes, <=, 4);
      take (&workers, 0);
    }
}

/* What was long ago does not count: whoever was away does not have to take all. */
static void
test_the_past_is_forgotten (void)
{
  Workers workers = { .n_workers = 2 };
  guint n_before;

  for (guint n = 0; n < N_CONNECTIONS; n++)
    take (&workers, 0);
  n_before = workers.n_taken[0];
  for (guint n = 0; n < 100; n++)
    come (&workers);
  g_assert_cmpuint (workers.n_taken[0] - n_before, >=, 30);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/share/more-than-one-more-is-too-many", test_more_than_one_more_is_too_many);
  g_test_add_func ("/share/somebody-may-always-take-the-next", test_somebody_is_never_greedy);
  g_test_add_func ("/share/allowances-are-small", test_allowances_are_small);
  g_test_add_func ("/share/a-late-one-gets-its-share", test_a_late_one_gets_its_share);
  g_test_add_func ("/share/is-fair-whoever-wakes-first", test_shares_are_fair);
  g_test_add_func ("/share/nobody-waits-for-long", test_nobody_waits_for_long);
  g_test_add_func ("/share/the-past-is-forgotten", test_the_past_is_forgotten);

  return g_test_run ();
}
