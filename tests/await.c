/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/await.h"
#include "support/fake-clock.h"
#include "support/fiber-fixture.h"
#include "support/iterate.h"

/* Longer than any test lasts. */
#define FOREVER_MSEC G_MAXINT

/* An asynchronous function that the test completes: it leaves its task in `promise`. */
static void
promise_async (GTask **promise,
               GCancellable *cancellable,
               GAsyncReadyCallback callback,
               gpointer user_data)
{
  *promise = g_task_new (NULL, cancellable, callback, user_data);
}

static void
keep_promise (GTask **promise,
              int value)
{
  g_task_return_int (*promise, value);
  g_clear_object (promise);
}

static int
await_promise (GTask **promise)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GAsyncResult) result = usher_await (promise_async, promise, NULL);
  gssize value = g_task_propagate_int (G_TASK (result), &error);

  g_assert_no_error (error);
  return (int) value;
}

typedef struct
{
  GTask *promises[2]; /* (owned) (nullable) */
  int values[2];
} Promises;

static void
await_both (TestFiber *self)
{
  Promises *promises = self->data;

  promises->values[0] = await_promise (&promises->promises[0]);
  promises->values[1] = await_promise (&promises->promises[1]);
}

static void
test_waits (ReactorFixture *fixture,
            gconstpointer user_data)
{
  Promises promises = { 0 };
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, await_both, &promises);
  iterate_pending (fixture->context);
  g_assert_nonnull (promises.promises[0]);
  keep_promise (&promises.promises[0], 17);
  iterate_pending (fixture->context);
  g_assert_cmpint (promises.values[0], ==, 17);
  g_assert_false (fiber.has_finished);

  keep_promise (&promises.promises[1], 18);
  iterate_until (fixture->context, test_fiber_has_finished, &fiber);
  g_assert_cmpint (promises.values[1], ==, 18);
  test_fiber_clear (&fiber);
}

/* Fibers that wait at the same time do not end in the order in which they began. */
static void
test_waits_apart (ReactorFixture *fixture,
                  gconstpointer user_data)
{
  Promises promises[2] = { 0 };
  TestFiber fibers[2];

  for (guint i = 0; i < 2; i++)
    test_fiber_start (&fibers[i], fixture->reactor, await_both, &promises[i]);
  for (guint n = 0; n < 2; n++)
    for (guint i = 0; i < 2; i++)
      {
        keep_promise (&promises[i].promises[n], (int) (10 * i + n));
        iterate_pending (fixture->context);
      }
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpint (promises[i].values[0], ==, 10 * i);
      g_assert_cmpint (promises[i].values[1], ==, 10 * i + 1);
      test_fiber_clear (&fibers[i]);
    }
}

/* Awaits another one itself, before it returns. */
static void
await_and_promise_async (Promises *promises,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  promises->values[0] = await_promise (&promises->promises[0]);
  promise_async (&promises->promises[1], NULL, callback, user_data);
}

static void
await_within_await (TestFiber *self)
{
  Promises *promises = self->data;
  g_autoptr (GAsyncResult) result = usher_await (await_and_promise_async, promises);

  promises->values[1] = (int) g_task_propagate_int (G_TASK (result), NULL);
}

static void
test_waits_within_wait (ReactorFixture *fixture,
                        gconstpointer user_data)
{
  Promises promises = { 0 };
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, await_within_await, &promises);
  keep_promise (&promises.promises[0], 1);
  iterate_pending (fixture->context);
  g_assert_cmpint (promises.values[0], ==, 1);
  keep_promise (&promises.promises[1], 2);
  iterate_until (fixture->context, test_fiber_has_finished, &fiber);
  g_assert_cmpint (promises.values[1], ==, 2);
  test_fiber_clear (&fiber);
}

static void
complete_async (int value,
                GAsyncReadyCallback callback,
                gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, NULL, NULL);

  g_task_return_int (task, value);
  callback (NULL, G_ASYNC_RESULT (task), user_data);
}

static void
await_complete (TestFiber *self)
{
  g_autoptr (GAsyncResult) result = usher_await (complete_async, 5);

  g_assert_cmpint (g_task_propagate_int (G_TASK (result), NULL), ==, 5);
}

static void
test_complete (ReactorFixture *fixture,
               gconstpointer user_data)
{
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, await_complete, NULL);
  test_fiber_clear (&fiber);
  iterate_pending (fixture->context);
}

/* A function of GIO that works in another thread. */
static void
load_version (void)
{
  g_autoptr (GFile) file = g_file_new_for_path ("/proc/version");
  g_autoptr (GAsyncResult) result = usher_await (g_file_load_contents_async, file, NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *contents = NULL;

  g_file_load_contents_finish (file, result, &contents, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (contents, "Linux"));
}

static void
load_in_fiber (TestFiber *self)
{
  load_version ();
}

static void
test_gio (ReactorFixture *fixture,
          gconstpointer user_data)
{
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, load_in_fiber, NULL);
  g_assert_false (fiber.has_finished);
  iterate_until (fixture->context, test_fiber_has_finished, &fiber);
  test_fiber_clear (&fiber);
}

static gpointer
load_in_thread (gpointer user_data)
{
  load_version ();
  g_assert_null (g_main_context_get_thread_default ());

  return NULL;
}

static void
test_outside (void)
{
  load_in_thread (NULL);
  g_thread_join (g_thread_new ("awaits", load_in_thread, NULL));
}

/* Sleeping. */

typedef struct
{
  guint duration_msec;
  GCancellable *cancellable; /* (unowned) (nullable) */
  GError *error;             /* (owned) (nullable) */
} Sleep;

static void
sleep_in_fiber (TestFiber *self)
{
  Sleep *sleep = self->data;

  g_assert_true (usher_sleep_msec (sleep->duration_msec, sleep->cancellable, &sleep->error) ==
                 (sleep->error == NULL));
}

static void
advance (ReactorFixture *fixture,
         gint64 usec)
{
  fake_clock_advance_usec (usec);
  iterate_pending (fixture->context);
}

static void
test_sleeps (ReactorFixture *fixture,
             gconstpointer user_data)
{
  Sleep sleep = { .duration_msec = 10 };
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, sleep_in_fiber, &sleep);
  advance (fixture, 9999);
  g_assert_false (fiber.has_finished);
  advance (fixture, 1);
  g_assert_no_error (sleep.error);
  test_fiber_clear (&fiber);
}

static void
test_sleeps_a_turn (ReactorFixture *fixture,
                    gconstpointer user_data)
{
  Sleep sleep = { 0 };
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, sleep_in_fiber, &sleep);
  g_assert_false (fiber.has_finished);
  iterate_until (fixture->context, test_fiber_has_finished, &fiber);
  g_assert_no_error (sleep.error);
  test_fiber_clear (&fiber);
}

static gpointer
cancel_in_thread (gpointer user_data)
{
  g_cancellable_cancel (user_data);

  return NULL;
}

static void
test_cancelled (ReactorFixture *fixture,
                gconstpointer user_data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gboolean in_thread = GPOINTER_TO_INT (user_data);
  Sleep sleep = { FOREVER_MSEC, cancellable, NULL };
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, sleep_in_fiber, &sleep);
  iterate_pending (fixture->context);
  g_assert_false (fiber.has_finished);

  if (in_thread)
    g_thread_join (g_thread_new ("cancels", cancel_in_thread, cancellable));
  else
    g_cancellable_cancel (cancellable);
  iterate_until (fixture->context, test_fiber_has_finished, &fiber);
  g_assert_error (sleep.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&sleep.error);
  test_fiber_clear (&fiber);

  test_fiber_start (&fiber, fixture->reactor, sleep_in_fiber, &sleep);
  g_assert_error (sleep.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&sleep.error);
  test_fiber_clear (&fiber);
  iterate_pending (fixture->context);
}

static void
test_cancelled_in_thread (ReactorFixture *fixture,
                          gconstpointer user_data)
{
  test_cancelled (fixture, GINT_TO_POINTER (TRUE));
}

static void
test_exit (ReactorFixture *fixture,
           gconstpointer user_data)
{
  Sleep sleep = { FOREVER_MSEC, NULL, NULL };
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, sleep_in_fiber, &sleep);
  iterate_pending (fixture->context);
  usher_fiber_cancel (fiber.fiber);
  iterate_until (fixture->context, test_fiber_has_finished, &fiber);
  g_assert_error (sleep.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&sleep.error);
  test_fiber_clear (&fiber);
}

/* A nested loop in somebody's callback. */
typedef struct
{
  UsherTimer timer;
  ReactorFixture *fixture;
  TestFiber *fiber;
} Nested;

static void
iterate_nested (UsherTimer *timer)
{
  Nested *self = (Nested *) timer;

  fake_clock_advance_usec (10 * G_TIME_SPAN_MILLISECOND);
  iterate_until (self->fixture->context, test_fiber_has_finished, self->fiber);
}

static void
test_nested_loop (ReactorFixture *fixture,
                  gconstpointer user_data)
{
  Sleep sleep = { .duration_msec = 10 };
  TestFiber fiber;
  Nested nested = { .fixture = fixture, .fiber = &fiber };

  test_fiber_start (&fiber, fixture->reactor, sleep_in_fiber, &sleep);
  usher_timer_start (&nested.timer, fixture->reactor, 0, iterate_nested);
  g_main_context_iteration (fixture->context, FALSE);
  g_assert_true (fiber.has_finished);
  test_fiber_clear (&fiber);
}

static void
test_sleeps_outside (void)
{
  g_autoptr (GError) error = NULL;
  gint64 begin_usec = g_get_monotonic_time ();

  usher_sleep_msec (2, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (g_get_monotonic_time () - begin_usec, >=, 2000);
}

static gpointer
sleep_forever (gpointer user_data)
{
  GError *error = NULL;

  g_cancellable_push_current (user_data);
  usher_sleep_msec (FOREVER_MSEC, NULL, &error);
  g_cancellable_pop_current (user_data);

  return error;
}

static void
test_cancelled_outside (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread = g_thread_new ("sleeps", sleep_forever, cancellable);
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  error = g_thread_join (thread);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  fiber_add_test ("/await/waits-for-the-result", test_waits);
  fiber_add_test ("/await/waits-in-many-fibers", test_waits_apart);
  fiber_add_test ("/await/waits-within-a-wait", test_waits_within_wait);
  fiber_add_test ("/await/takes-a-result-that-is-there-at-once", test_complete);
  fiber_add_test ("/await/waits-for-functions-of-gio", test_gio);
  g_test_add_func ("/await/waits-outside-fibers-too", test_outside);
  fiber_add_test ("/await/sleeps-until-the-time-has-come", test_sleeps);
  fiber_add_test ("/await/sleeps-for-a-turn", test_sleeps_a_turn);
  fiber_add_test ("/await/sleeps-until-it-is-cancelled", test_cancelled);
  fiber_add_test ("/await/sleeps-until-a-thread-cancels-it", test_cancelled_in_thread);
  fiber_add_test ("/await/sleeps-until-the-fiber-is-cancelled", test_exit);
  fiber_add_test ("/await/goes-on-in-a-nested-loop", test_nested_loop);
  g_test_add_func ("/await/sleeps-outside-fibers-too", test_sleeps_outside);
  g_test_add_func ("/await/sleeps-outside-until-it-is-cancelled", test_cancelled_outside);

  return g_test_run ();
}
