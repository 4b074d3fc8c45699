/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/timer-heap-private.h"

#define N_TIMERS 500
#define N_STEPS 20000

/* The heap, and a list that does the same without cleverness. */
typedef struct
{
  UsherTimerHeap heap;
  UsherTimer timers[N_TIMERS];
  GPtrArray *model; /* (owned) (element-type UsherTimer): those that are in the heap */
  guint64 n_added;
} Trace;

static int
compare (gconstpointer a,
         gconstpointer b)
{
  const UsherTimer *first = *(UsherTimer **) a;
  const UsherTimer *second = *(UsherTimer **) b;

  if (first->deadline_usec != second->deadline_usec)
    return first->deadline_usec < second->deadline_usec ? -1 : 1;

  return first->sequence < second->sequence ? -1 : 1;
}

static UsherTimer *
find_first (Trace *trace)
{
  g_ptr_array_sort (trace->model, compare);

  return trace->model->len > 0 ? trace->model->pdata[0] : NULL;
}

static void
add (Trace *trace,
     UsherTimer *timer)
{
  timer->deadline_usec = g_test_rand_int_range (0, 50);
  timer->sequence = ++trace->n_added;
  usher_timer_heap_add (&trace->heap, timer);
  g_ptr_array_add (trace->model, timer);
}

static void
remove_timer (Trace *trace,
              UsherTimer *timer)
{
  usher_timer_heap_remove (&trace->heap, timer);
  g_ptr_array_remove (trace->model, timer);
}

static void
assert_equal (Trace *trace)
{
  g_assert_cmpuint (trace->heap.n_timers, ==, trace->model->len);
  g_assert_true (usher_timer_heap_peek (&trace->heap) == find_first (trace));

  for (guint i = 0; i < trace->heap.n_timers; i++)
    g_assert_cmpuint (trace->heap.timers[i]->index, ==, i);
}

static void
step (Trace *trace)
{
  UsherTimer *timer = &trace->timers[g_test_rand_int_range (0, N_TIMERS)];

  if (g_test_rand_int_range (0, 8) == 0 && trace->model->len > 0)
    remove_timer (trace, usher_timer_heap_peek (&trace->heap));
  else if (g_ptr_array_find (trace->model, timer, NULL))
    remove_timer (trace, timer);
  else
    add (trace, timer);
}

static void
test_model (void)
{
  g_autofree Trace *trace = g_new0 (Trace, 1);
  UsherTimer *timer;

  trace->model = g_ptr_array_new ();

  for (guint i = 0; i < N_STEPS; i++)
    {
      step (trace);

      if (i % 16 == 0)
        assert_equal (trace);
    }

  while ((timer = usher_timer_heap_peek (&trace->heap)) != NULL)
    {
      assert_equal (trace);
      remove_timer (trace, timer);
    }

  assert_equal (trace);
  usher_timer_heap_clear (&trace->heap);
  g_ptr_array_unref (trace->model);
}

static void
test_empty (void)
{
  UsherTimerHeap heap = { 0 };

  g_assert_null (usher_timer_heap_peek (&heap));
  usher_timer_heap_clear (&heap);
}

static void
test_extremes (void)
{
  UsherTimerHeap heap = { 0 };
  UsherTimer last = { .deadline_usec = G_MAXINT64, .sequence = 1 };
  UsherTimer first = { .deadline_usec = 0, .sequence = G_MAXUINT64 };

  usher_timer_heap_add (&heap, &last);
  usher_timer_heap_add (&heap, &first);
  g_assert_true (usher_timer_heap_peek (&heap) == &first);

  usher_timer_heap_remove (&heap, &first);
  g_assert_true (usher_timer_heap_peek (&heap) == &last);

  usher_timer_heap_remove (&heap, &last);
  usher_timer_heap_clear (&heap);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/timer-heap/has-no-first-timer-while-empty", test_empty);
  g_test_add_func ("/timer-heap/orders-extreme-deadlines", test_extremes);
  g_test_add_func ("/timer-heap/does-the-same-as-a-sorted-list", test_model);

  return g_test_run ();
}
