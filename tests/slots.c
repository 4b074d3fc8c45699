/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/slots-private.h"

static void
take (UsherSlots *slots,
      guint n)
{
  for (guint i = 0; i < n; i++)
    g_assert_true (usher_slots_take (slots));
}

static void
test_limit (void)
{
  UsherSlots slots = USHER_SLOTS_INIT;

  g_assert_false (usher_slots_set_limits (&slots, 3, 2));
  take (&slots, 3);
  g_assert_cmpuint (usher_slots_get_n_taken (&slots), ==, 3);
  g_assert_cmpuint (usher_slots_get_n_free (&slots), ==, 0);
  g_assert_false (usher_slots_are_starved (&slots));
  g_assert_false (usher_slots_take (&slots));
  g_assert_true (usher_slots_are_starved (&slots));
  g_assert_true (usher_slots_give (&slots));
  g_assert_false (usher_slots_are_starved (&slots));
  take (&slots, 1);
}

static void
test_nobody_is_woken_in_vain (void)
{
  UsherSlots slots = USHER_SLOTS_INIT;

  usher_slots_set_limits (&slots, 3, 2);
  take (&slots, 3);
  g_assert_false (usher_slots_give (&slots));
  g_assert_false (usher_slots_give (&slots));
}

static void
test_low_watermark (void)
{
  UsherSlots slots = USHER_SLOTS_INIT;

  usher_slots_set_limits (&slots, 8, 4);
  take (&slots, 8);
  g_assert_false (usher_slots_take (&slots));
  for (guint i = 0; i < 3; i++)
    {
      g_assert_false (usher_slots_give (&slots));
      g_assert_false (usher_slots_take (&slots));
    }
  g_assert_true (usher_slots_give (&slots));
  take (&slots, 4);
}

/* One takes the last place for somebody who does not come, and another is refused meanwhile. */
static void
test_unused_place_starves_nobody (void)
{
  UsherSlots slots = USHER_SLOTS_INIT;

  usher_slots_set_limits (&slots, 8, 4);
  take (&slots, 8);
  g_assert_false (usher_slots_take (&slots));
  g_assert_true (usher_slots_give_unused (&slots));
  take (&slots, 1);
  g_assert_false (usher_slots_give_unused (&slots));
  take (&slots, 1);
}

static void
test_a_higher_limit_wakes (void)
{
  UsherSlots slots = USHER_SLOTS_INIT;

  usher_slots_set_limits (&slots, 1, 0);
  take (&slots, 1);
  g_assert_false (usher_slots_take (&slots));
  g_assert_true (usher_slots_set_limits (&slots, 2, 1));
  take (&slots, 1);
  g_assert_false (usher_slots_set_limits (&slots, 1, 0));
  g_assert_false (usher_slots_give (&slots));
  g_assert_false (usher_slots_take (&slots));
}

/* Workers that take places, and sleep when there are none. */

#define N_WORKERS 4
#define N_ROUNDS 20000
#define N_PLACES 3

typedef struct
{
  UsherSlots slots;
  int n_inside;    /* (atomic) */
  int is_exceeded; /* (atomic) */
  GMutex lock;
  GCond woken;
  guint n_wakes; /* (locked-by lock) */
} Workshop;

static void
wake (Workshop *shop)
{
  g_mutex_lock (&shop->lock);
  shop->n_wakes++;
  g_cond_broadcast (&shop->woken);
  g_mutex_unlock (&shop->lock);
}

static guint
get_n_wakes (Workshop *shop)
{
  guint n;

  g_mutex_lock (&shop->lock);
  n = shop->n_wakes;
  g_mutex_unlock (&shop->lock);
  return n;
}

/* Sleeps for ever if the wake-up is lost. */
static void
take_or_sleep (Workshop *shop)
{
  for (;;)
    {
      guint seen = get_n_wakes (shop);

      if (usher_slots_take (&shop->slots))
        return;

      g_mutex_lock (&shop->lock);
      while (shop->n_wakes == seen)
        g_cond_wait (&shop->woken, &shop->lock);
      g_mutex_unlock (&shop->lock);
    }
}

static gpointer
work (gpointer data)
{
  Workshop *shop = data;

  for (guint i = 0; i < N_ROUNDS; i++)
    {
      take_or_sleep (shop);
      if (g_atomic_int_add (&shop->n_inside, 1) >= N_PLACES)
        g_atomic_int_set (&shop->is_exceeded, TRUE);
      if (i % 4 == 0)
        g_thread_yield ();
      g_atomic_int_add (&shop->n_inside, -1);
      if (usher_slots_give (&shop->slots))
        wake (shop);
    }

  return NULL;
}

static void
test_threads (gconstpointer data)
{
  Workshop shop = { .slots = USHER_SLOTS_INIT };
  GThread *threads[N_WORKERS];

  usher_slots_set_limits (&shop.slots, N_PLACES, GPOINTER_TO_UINT (data));
  for (guint i = 0; i < N_WORKERS; i++)
    threads[i] = g_thread_new ("worker", work, &shop);
  for (guint i = 0; i < N_WORKERS; i++)
    g_thread_join (threads[i]);

  g_assert_false (shop.is_exceeded);
  g_assert_cmpuint (usher_slots_get_n_taken (&shop.slots), ==, 0);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/slots/are-limited", test_limit);
  g_test_add_func ("/slots/wake-nobody-in-vain", test_nobody_is_woken_in_vain);
  g_test_add_func ("/slots/wait-for-the-low-watermark", test_low_watermark);
  g_test_add_func ("/slots/an-unused-place-starves-nobody", test_unused_place_starves_nobody);
  g_test_add_func ("/slots/follow-a-changed-limit", test_a_higher_limit_wakes);
  g_test_add_data_func ("/slots/lose-no-wake-up", GUINT_TO_POINTER (N_PLACES - 1), test_threads);
  g_test_add_data_func ("/slots/lose-no-wake-up-with-a-low-watermark", GUINT_TO_POINTER (0), test_threads);

  return g_test_run ();
}
