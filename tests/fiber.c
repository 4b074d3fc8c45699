/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/clock-private.h"
#include "runtime/stack-pool-private.h"
#include "support/fake-clock.h"
#include "support/fiber-fixture.h"
#include "support/iterate.h"

#include <errno.h>
#include <string.h>

#if defined(USHER_ADDRESS_SANITIZER) || defined(USHER_THREAD_SANITIZER)
#define N_MANY 2000
#else
#define N_MANY 100000
#endif

static guint
count_stacks (ReactorFixture *fixture)
{
  return usher_stack_pool_get_n_taken (usher_reactor_get_stack_pool (fixture->reactor));
}

static void
log_and_suspend (TestFiber *self)
{
  GString *log = self->data;

  g_string_append_c (log, 'a');
  usher_fiber_suspend ();
  g_string_append_c (log, 'c');
  usher_fiber_suspend ();
  g_string_append_c (log, 'e');
}

static void
test_order (ReactorFixture *fixture,
            gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, log_and_suspend, log);
  g_assert_null (usher_fiber_get_current ());
  g_string_append_c (log, 'b');
  usher_fiber_resume (fiber.fiber);
  g_string_append_c (log, 'd');
  g_assert_false (fiber.has_finished);
  usher_fiber_resume (fiber.fiber);
  g_assert_cmpstr (log->str, ==, "abcde");

  usher_fiber_resume (fiber.fiber);
  g_assert_cmpstr (log->str, ==, "abcde");
  test_fiber_clear (&fiber);
}

static void
return_at_once (TestFiber *self)
{
}

static void
test_stack_given_back (ReactorFixture *fixture,
                       gconstpointer user_data)
{
  static const UsherFiberCode code = { .run = (void (*) (gpointer)) return_at_once };
  UsherFiber *fiber = usher_fiber_new (fixture->reactor, &code, fixture, NULL);

  g_assert_cmpuint (count_stacks (fixture), ==, 1);
  usher_fiber_resume (fiber);
  usher_fiber_unref (fiber);
  g_assert_cmpuint (count_stacks (fixture), ==, 0);

  fiber = usher_fiber_new (fixture->reactor, &code, fixture, NULL);
  g_assert_cmpuint (count_stacks (fixture), ==, 1);
  usher_fiber_unref (fiber);
  g_assert_cmpuint (count_stacks (fixture), ==, 0);
}

static gpointer
unref_in_thread (gpointer user_data)
{
  usher_fiber_unref (user_data);
  return NULL;
}

static gboolean
has_no_stacks (gpointer user_data)
{
  return count_stacks (user_data) == 0;
}

/* Only the thread that the stack belongs to may give it back. */
static void
test_given_back_from_thread (ReactorFixture *fixture,
                             gconstpointer user_data)
{
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, (TestFiberFunc) return_at_once, NULL);
  g_assert_true (fiber.has_finished);
  g_thread_join (g_thread_new ("last", unref_in_thread, fiber.fiber));
  g_assert_cmpuint (count_stacks (fixture), ==, 1);
  iterate_until (fixture->context, has_no_stacks, fixture);
}

static void
suspend_once (TestFiber *self)
{
  usher_fiber_suspend ();
}

/* Nobody else holds it. */
static void
test_keeps_itself (ReactorFixture *fixture,
                   gconstpointer user_data)
{
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, suspend_once, NULL);
  usher_fiber_wake (fiber.fiber);
  usher_fiber_unref (fiber.fiber);
  g_assert_false (fiber.has_finished);
  iterate_until (fixture->context, test_fiber_has_finished, &fiber);
}

static gpointer
wake_in_thread (gpointer user_data)
{
  usher_fiber_wake (user_data);
  usher_fiber_wake (user_data);

  return NULL;
}

static void
test_woken_from_thread (ReactorFixture *fixture,
                        gconstpointer user_data)
{
  g_autoptr (GThread) thread = NULL;
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, suspend_once, NULL);
  thread = g_thread_new ("waker", wake_in_thread, fiber.fiber);
  iterate_until (fixture->context, test_fiber_has_finished, &fiber);
  g_thread_join (g_steal_pointer (&thread));
  iterate_pending (fixture->context);
  test_fiber_clear (&fiber);
}

static void
resume_itself (TestFiber *self)
{
  usher_fiber_resume (self->fiber);
  usher_fiber_wake (self->fiber);
  usher_fiber_suspend ();
}

static void
test_resumed_while_it_runs (ReactorFixture *fixture,
                            gconstpointer user_data)
{
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, resume_itself, NULL);
  g_assert_false (fiber.has_finished);
  iterate_until (fixture->context, test_fiber_has_finished, &fiber);
  test_fiber_clear (&fiber);
}

static void
resume_other (TestFiber *self)
{
  TestFiber *other = self->data;

  usher_fiber_resume (other->fiber);
  g_assert_true (usher_fiber_get_current () == self->fiber);
  g_assert_true (other->has_finished);
}

static void
test_resumes_another (ReactorFixture *fixture,
                      gconstpointer user_data)
{
  TestFiber inner;
  TestFiber outer;

  test_fiber_start (&inner, fixture->reactor, suspend_once, NULL);
  test_fiber_start (&outer, fixture->reactor, resume_other, &inner);
  test_fiber_clear (&inner);
  test_fiber_clear (&outer);
}

static void
push_and_check (guint depth)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  g_main_context_push_thread_default (context);
  g_cancellable_push_current (cancellable);
  g_cancellable_push_current (cancellable);
  usher_fiber_suspend ();
  if (depth > 1)
    push_and_check (depth - 1);

  g_assert_true (g_main_context_get_thread_default () == context);
  g_assert_true (g_cancellable_get_current () == cancellable);
  g_main_context_pop_thread_default (context);
  g_cancellable_pop_current (cancellable);
  usher_fiber_suspend ();
  g_cancellable_pop_current (cancellable);
}

/* What each fiber has pushed is what it finds after every wait. */
static void
push_and_suspend (TestFiber *self)
{
  GMainContext *context = g_main_context_get_thread_default ();
  GCancellable *cancellable = g_cancellable_get_current ();

  push_and_check (3);
  g_assert_true (g_main_context_get_thread_default () == context);
  g_assert_true (g_cancellable_get_current () == cancellable);
}

static void
test_locals (ReactorFixture *fixture,
             gconstpointer user_data)
{
  TestFiber fibers[3];

  for (guint i = 0; i < G_N_ELEMENTS (fibers); i++)
    test_fiber_start (&fibers[i], fixture->reactor, push_and_suspend, NULL);
  while (!fibers[2].has_finished)
    for (guint i = 0; i < G_N_ELEMENTS (fibers); i++)
      {
        usher_fiber_resume (fibers[i].fiber);
        g_assert_null (g_main_context_get_thread_default ());
        g_assert_null (g_cancellable_get_current ());
      }
  for (guint i = 0; i < G_N_ELEMENTS (fibers); i++)
    test_fiber_clear (&fibers[i]);
}

static void
suspend_thrice (TestFiber *self)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  usher_fiber_suspend ();
  g_cancellable_push_current (cancellable);
  usher_fiber_suspend ();
  g_cancellable_pop_current (cancellable);
  usher_fiber_suspend ();
}

/* Those of whoever iterates stay below. */
static void
test_locals_of_the_thread (ReactorFixture *fixture,
                           gconstpointer user_data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, suspend_thrice, NULL);
  while (!fiber.has_finished)
    {
      g_main_context_push_thread_default (fixture->context);
      g_cancellable_push_current (cancellable);
      usher_fiber_resume (fiber.fiber);
      g_assert_true (g_main_context_get_thread_default () == fixture->context);
      g_assert_true (g_cancellable_get_current () == cancellable);
      g_cancellable_pop_current (cancellable);
      g_main_context_pop_thread_default (fixture->context);
    }
  test_fiber_clear (&fiber);
}

static void
check_default_context (TestFiber *self)
{
  ReactorFixture *fixture = self->data;

  g_assert_true (g_main_context_get_thread_default () == fixture->context);
  usher_fiber_suspend ();
  g_assert_true (g_main_context_get_thread_default () == fixture->context);
}

static void
test_default_context (ReactorFixture *fixture,
                      gconstpointer user_data)
{
  TestFiber fiber;

  test_fiber_start (&fiber, fixture->reactor, check_default_context, fixture);
  g_assert_null (g_main_context_get_thread_default ());
  usher_fiber_resume (fiber.fiber);
  g_assert_null (g_main_context_get_thread_default ());
  test_fiber_clear (&fiber);
}

static void
set_errno_and_suspend (TestFiber *self)
{
  errno = GPOINTER_TO_INT (self->data);
  usher_fiber_suspend ();
  g_assert_cmpint (errno, ==, GPOINTER_TO_INT (self->data));
}

static void
test_errno (ReactorFixture *fixture,
            gconstpointer user_data)
{
  TestFiber a;
  TestFiber b;

  errno = EPERM;
  test_fiber_start (&a, fixture->reactor, set_errno_and_suspend, GINT_TO_POINTER (EDOM));
  test_fiber_start (&b, fixture->reactor, set_errno_and_suspend, GINT_TO_POINTER (ERANGE));
  g_assert_cmpint (errno, ==, EPERM);
  usher_fiber_resume (a.fiber);
  usher_fiber_resume (b.fiber);
  g_assert_cmpint (errno, ==, EPERM);
  test_fiber_clear (&a);
  test_fiber_clear (&b);
}

static void
iterate_inside (TestFiber *self)
{
  ReactorFixture *fixture = self->data;

  g_main_context_iteration (fixture->context, FALSE);
}

static void
iterate_another_inside (TestFiber *self)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  UsherReactor *reactor = usher_reactor_ref_for_context (context);

  g_main_context_iteration (context, FALSE);
  usher_reactor_unref (reactor);
}

static void
test_iterates_inside (ReactorFixture *fixture,
                      gconstpointer user_data)
{
  TestFiber fiber;

  if (g_test_subprocess ())
    {
      test_fiber_start (&fiber, fixture->reactor, iterate_inside, fixture);
      return;
    }

  test_fiber_start (&fiber, fixture->reactor, iterate_another_inside, NULL);
  test_fiber_clear (&fiber);
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_failed ();
  g_test_trap_assert_stderr ("*Fiber of the test iterates the main context*usher_await*");
}

static void
hold_up (TestFiber *self)
{
  fake_clock_advance_usec (30 * G_TIME_SPAN_MILLISECOND);
  usher_fiber_suspend ();
  fake_clock_advance_usec (60 * G_TIME_SPAN_MILLISECOND);
}

static void
hold_up_and_say_so (ReactorFixture *fixture,
                    TestFiber *fiber)
{
  g_setenv ("G_MESSAGES_DEBUG", "usher", TRUE);
  test_fiber_start (fiber, fixture->reactor, hold_up, NULL);
  g_print ("after 30\n");
  usher_fiber_resume (fiber->fiber);
  test_fiber_clear (fiber);
}

static void
test_holds_up (ReactorFixture *fixture,
               gconstpointer user_data)
{
  TestFiber fiber;

  if (g_test_subprocess ())
    {
      hold_up_and_say_so (fixture, &fiber);
      return;
    }

  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stdout ("*after 30*Fiber of the test held up its thread for 60 ms*");
  g_test_trap_assert_stdout_unmatched ("*held up*after 30*");
}

static guint64
read_resident_bytes (void)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) fields = NULL;

  g_file_get_contents ("/proc/self/statm", &text, NULL, NULL);
  fields = g_strsplit (text, " ", -1);

  return g_ascii_strtoull (fields[1], NULL, 10) * 4096;
}

/* As many as there may be where each guard takes a mapping. */
static guint
choose_many (ReactorFixture *fixture)
{
  TestFiber first;

  test_fiber_start (&first, fixture->reactor, return_at_once, NULL);
  test_fiber_clear (&first);

  return MIN (N_MANY, usher_stack_guard_get_limit (usher_reactor_get_stack_pool (fixture->reactor)->guard));
}

static void
test_many (ReactorFixture *fixture,
           gconstpointer user_data)
{
  guint n = choose_many (fixture);
  g_autofree TestFiber *fibers = g_new0 (TestFiber, n);
  guint64 before = read_resident_bytes ();
  guint64 after;

  for (guint i = 0; i < n; i++)
    test_fiber_start (&fibers[i], fixture->reactor, suspend_once, NULL);
  after = read_resident_bytes ();
  g_assert_cmpuint (count_stacks (fixture), ==, n);
  g_test_message ("%u suspended fibers: %" G_GUINT64_FORMAT " bytes each", n, (after - before) / n);

  for (guint i = 0; i < n; i++)
    usher_fiber_wake (fibers[i].fiber);
  iterate_pending (fixture->context);
  for (guint i = 0; i < n; i++)
    test_fiber_clear (&fibers[i]);
  g_assert_cmpuint (count_stacks (fixture), ==, 0);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  fiber_add_test ("/fiber/runs-until-it-suspends", test_order);
  fiber_add_test ("/fiber/has-a-stack-until-nobody-has-it", test_stack_given_back);
  fiber_add_test ("/fiber/gives-its-stack-back-in-its-own-thread", test_given_back_from_thread);
  fiber_add_test ("/fiber/keeps-itself-until-it-finishes", test_keeps_itself);
  fiber_add_test ("/fiber/is-woken-from-any-thread", test_woken_from_thread);
  fiber_add_test ("/fiber/leaves-out-a-resume-while-it-runs", test_resumed_while_it_runs);
  fiber_add_test ("/fiber/resumes-another", test_resumes_another);
  fiber_add_test ("/fiber/takes-along-its-contexts-and-cancellables", test_locals);
  fiber_add_test ("/fiber/leaves-those-of-its-thread-alone", test_locals_of_the_thread);
  fiber_add_test ("/fiber/has-its-own-context-as-the-default-one", test_default_context);
  fiber_add_test ("/fiber/takes-along-errno", test_errno);
  fiber_add_test ("/fiber/may-not-iterate-its-own-context", test_iterates_inside);
  fiber_add_test ("/fiber/is-named-when-it-holds-up-its-thread", test_holds_up);
  fiber_add_test ("/fiber/suspends-with-very-many-others", test_many);

  return g_test_run ();
}
