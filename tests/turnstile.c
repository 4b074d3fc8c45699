/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/turnstile-private.h"

#define N_THREADS 4
#define N_ROUNDS 20000

typedef struct
{
  UsherTurn turn;
  guint n_called;
} Guest;

static void
on_turn (UsherTurn *turn)
{
  ((Guest *) turn)->n_called++;
}

static gboolean
enter (UsherTurnstile *turnstile,
       Guest *guest)
{
  return usher_turnstile_enter (turnstile, &guest->turn, on_turn);
}

static void
leave (UsherTurnstile *turnstile,
       Guest *guest)
{
  usher_turnstile_leave (turnstile, &guest->turn);
}

static void
test_lets_in_as_many_as_it_may (void)
{
  g_autoptr (UsherTurnstile) turnstile = usher_turnstile_new (2);
  Guest guests[3] = { 0 };

  g_assert_true (enter (turnstile, &guests[0]));
  g_assert_true (enter (turnstile, &guests[1]));
  g_assert_false (enter (turnstile, &guests[2]));
  g_assert_false (enter (turnstile, &guests[2]));
  g_assert_true (enter (turnstile, &guests[0]));

  leave (turnstile, &guests[1]);
  g_assert_cmpuint (guests[2].n_called, ==, 1);
  g_assert_true (enter (turnstile, &guests[2]));
  g_assert_false (enter (turnstile, &guests[1]));
  g_assert_cmpuint (guests[0].n_called + guests[1].n_called, ==, 0);
}

static void
test_keeps_the_order (void)
{
  g_autoptr (UsherTurnstile) turnstile = usher_turnstile_new (1);
  Guest guests[10] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (guests); i++)
    g_assert_true (enter (turnstile, &guests[i]) == (i == 0));
  for (guint i = 0; i < G_N_ELEMENTS (guests); i++)
    {
      g_assert_true (enter (turnstile, &guests[i]));
      for (guint k = i + 1; k < G_N_ELEMENTS (guests); k++)
        g_assert_cmpuint (guests[k].n_called, ==, 0);
      leave (turnstile, &guests[i]);
    }
}

static void
test_forgets_who_leaves_the_queue (void)
{
  g_autoptr (UsherTurnstile) turnstile = usher_turnstile_new (1);
  Guest guests[3] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (guests); i++)
    enter (turnstile, &guests[i]);
  leave (turnstile, &guests[1]);
  leave (turnstile, &guests[1]);
  leave (turnstile, &guests[0]);
  leave (turnstile, &guests[0]);
  g_assert_cmpuint (guests[1].n_called, ==, 0);
  g_assert_cmpuint (guests[2].n_called, ==, 1);
  g_assert_false (enter (turnstile, &guests[1]));
}

static void
test_follows_its_maximum (void)
{
  g_autoptr (UsherTurnstile) turnstile = usher_turnstile_new (3);
  Guest guests[5] = { 0 };

  usher_turnstile_set_max (turnstile, 1);
  g_assert_cmpuint (usher_turnstile_get_max (turnstile), ==, 1);
  for (guint i = 0; i < G_N_ELEMENTS (guests); i++)
    enter (turnstile, &guests[i]);
  usher_turnstile_set_max (turnstile, 3);
  g_assert_cmpuint (guests[1].n_called, ==, 1);
  g_assert_cmpuint (guests[2].n_called, ==, 1);
  g_assert_cmpuint (guests[3].n_called, ==, 0);

  usher_turnstile_set_max (turnstile, 2);
  leave (turnstile, &guests[0]);
  g_assert_cmpuint (guests[3].n_called, ==, 0);
  leave (turnstile, &guests[1]);
  g_assert_cmpuint (guests[3].n_called, ==, 1);
}

/* From many threads. */

typedef struct
{
  Guest guest;
  UsherTurnstile *turnstile;
  int *n_inside; /* (atomic) */
  int is_called; /* (atomic) */
} Runner;

static void
call_runner (UsherTurn *turn)
{
  g_atomic_int_set (&((Runner *) turn)->is_called, TRUE);
}

static gpointer
run (gpointer user_data)
{
  Runner *self = user_data;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      g_atomic_int_set (&self->is_called, FALSE);
      if (!usher_turnstile_enter (self->turnstile, &self->guest.turn, call_runner))
        while (!g_atomic_int_get (&self->is_called))
          g_thread_yield ();

      g_assert_cmpint (g_atomic_int_add (self->n_inside, 1), <, 2);
      g_atomic_int_add (self->n_inside, -1);
      usher_turnstile_leave (self->turnstile, &self->guest.turn);
    }

  return NULL;
}

static void
test_any_thread_may_come (void)
{
  g_autoptr (UsherTurnstile) turnstile = usher_turnstile_new (2);
  GThread *threads[N_THREADS];
  Runner runners[N_THREADS];
  int n_inside = 0;

  for (guint i = 0; i < N_THREADS; i++)
    {
      runners[i] = (Runner){ .turnstile = turnstile, .n_inside = &n_inside };
      threads[i] = g_thread_new ("runner", run, &runners[i]);
    }
  for (guint i = 0; i < N_THREADS; i++)
    g_thread_join (threads[i]);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/turnstile/lets-in-as-many-as-it-may", test_lets_in_as_many_as_it_may);
  g_test_add_func ("/turnstile/keeps-the-order", test_keeps_the_order);
  g_test_add_func ("/turnstile/forgets-who-leaves-the-queue", test_forgets_who_leaves_the_queue);
  g_test_add_func ("/turnstile/follows-its-maximum", test_follows_its_maximum);
  g_test_add_func ("/turnstile/any-thread-may-come", test_any_thread_may_come);

  return g_test_run ();
}
