/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/clock-private.h"
#include "runtime/reactor-private.h"
#include "support/fake-clock.h"
#include "support/iterate.h"
#include "support/reactor-fixture.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define N_ROUNDS 2000

/* Somebody who waits for all there is, and drops the reactor in the first callback. */
typedef struct
{
  ReactorFixture *fixture; /* (unowned) */
  UsherWatch watch;
  UsherTimer timer;
  UsherMessage message;
  int fd;
  GString *log; /* (unowned) */
} Waiter;

#define WAITER(member, pointer) \
  ((Waiter *) G_STRUCT_MEMBER_P (pointer, -G_STRUCT_OFFSET (Waiter, member)))

static void
waiter_drop_reactor (Waiter *waiter)
{
  g_clear_pointer (&waiter->fixture->reactor, usher_reactor_unref);
}

static void
watch_drops_reactor (UsherWatch *watch,
                     guint32 events)
{
  usher_watch_remove (watch);
  waiter_drop_reactor (WAITER (watch, watch));
}

static void
timer_drops_reactor (UsherTimer *timer)
{
  waiter_drop_reactor (WAITER (timer, timer));
}

static void
message_drops_reactor (UsherMessage *message)
{
  waiter_drop_reactor (WAITER (message, message));
}

static void
test_dropped_by_watch (ReactorFixture *fixture,
                       gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  Waiter waiter = { .fixture = fixture, .fd = eventfd (1, EFD_CLOEXEC) };

  usher_watch_add (&waiter.watch, fixture->reactor, waiter.fd, EPOLLIN, watch_drops_reactor, &error);
  g_assert_no_error (error);

  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_null (fixture->reactor);
  g_assert_false (g_main_context_iteration (fixture->context, FALSE));

  close (waiter.fd);
}

static void
test_dropped_by_timer (ReactorFixture *fixture,
                       gconstpointer user_data)
{
  Waiter waiter = { .fixture = fixture };

  usher_timer_start (&waiter.timer, fixture->reactor, usher_clock_now_usec (), timer_drops_reactor);

  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_null (fixture->reactor);
  g_assert_false (g_main_context_iteration (fixture->context, FALSE));
}

static void
test_dropped_by_message (ReactorFixture *fixture,
                         gconstpointer user_data)
{
  Waiter waiter = { .fixture = fixture };

  usher_reactor_post (fixture->reactor, &waiter.message, message_drops_reactor);

  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_null (fixture->reactor);
  g_assert_false (g_main_context_iteration (fixture->context, FALSE));
}

static gpointer
drop_reactor (gpointer data)
{
  waiter_drop_reactor (data);
  return NULL;
}

static void
thread_drops_reactor (UsherTimer *timer)
{
  g_thread_join (g_thread_new ("dropper", drop_reactor, WAITER (timer, timer)));
}

static void
test_dropped_by_thread (ReactorFixture *fixture,
                        gconstpointer user_data)
{
  Waiter waiter = { .fixture = fixture };

  usher_timer_start (&waiter.timer, fixture->reactor, usher_clock_now_usec (), thread_drops_reactor);

  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_null (fixture->reactor);
  g_assert_false (g_main_context_iteration (fixture->context, FALSE));
}

static int
find_lowest_free_fd (void)
{
  int fd = eventfd (0, EFD_CLOEXEC);

  g_assert_no_errno (close (fd));
  return fd;
}

static void
test_closes (ReactorFixture *fixture,
             gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  Waiter waiter = { .fd = eventfd (0, EFD_CLOEXEC) };
  int free_fd = find_lowest_free_fd ();

  usher_watch_add (&waiter.watch, fixture->reactor, waiter.fd, EPOLLIN, watch_drops_reactor, &error);
  g_assert_no_error (error);
  g_assert_cmpint (find_lowest_free_fd (), !=, free_fd);

  usher_watch_remove (&waiter.watch);
  g_clear_pointer (&fixture->reactor, usher_reactor_unref);
  g_assert_cmpint (find_lowest_free_fd (), ==, free_fd);

  close (waiter.fd);
}

static void
watch_writes (UsherWatch *watch,
              guint32 events)
{
  g_string_append_c (WAITER (watch, watch)->log, 'w');
}

static void
timer_writes (UsherTimer *timer)
{
  g_string_append_c (WAITER (timer, timer)->log, 't');
}

static void
message_writes (UsherMessage *message)
{
  g_string_append_c (WAITER (message, message)->log, 'm');
}

static void
test_dispatches_in_turn (ReactorFixture *fixture,
                         gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) log = g_string_new (NULL);
  Waiter waiter = { .fd = eventfd (1, EFD_CLOEXEC), .log = log };

  usher_watch_add (&waiter.watch, fixture->reactor, waiter.fd, EPOLLIN, watch_writes, &error);
  g_assert_no_error (error);
  usher_reactor_post (fixture->reactor, &waiter.message, message_writes);
  usher_timer_start (&waiter.timer, fixture->reactor, usher_clock_now_usec (), timer_writes);

  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpstr (log->str, ==, "twm");

  usher_watch_remove (&waiter.watch);
  close (waiter.fd);
}

static void
test_one_per_context (ReactorFixture *fixture,
                      gconstpointer user_data)
{
  g_autoptr (GMainContext) other_context = g_main_context_new ();
  UsherReactor *same = usher_reactor_ref_for_context (fixture->context);
  UsherReactor *other = usher_reactor_ref_for_context (other_context);

  g_assert_true (same == fixture->reactor);
  g_assert_true (usher_reactor_get_context (same) == fixture->context);
  g_assert_true (other != fixture->reactor);
  g_assert_true (usher_reactor_get_context (other) == other_context);

  usher_reactor_unref (usher_reactor_ref (other));
  usher_reactor_unref (other);
  usher_reactor_unref (same);
}

static void
test_contexts_do_not_mix (ReactorFixture *fixture,
                          gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GMainContext) other_context = g_main_context_new ();
  UsherReactor *other = usher_reactor_ref_for_context (other_context);
  Waiter waiter = { .log = log };

  usher_timer_start (&waiter.timer, other, usher_clock_now_usec (), timer_writes);
  usher_reactor_post (other, &waiter.message, message_writes);

  g_assert_false (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpstr (log->str, ==, "");
  g_assert_true (g_main_context_iteration (other_context, FALSE));
  g_assert_cmpstr (log->str, ==, "tm");

  usher_reactor_unref (other);
}

static void
assert_current (UsherMessage *message)
{
  Waiter *waiter = WAITER (message, message);

  g_assert_true (usher_reactor_is_current (waiter->fixture->reactor));
}

static gpointer
assert_not_current (gpointer reactor)
{
  g_assert_false (usher_reactor_is_current (reactor));
  return NULL;
}

static void
test_current (ReactorFixture *fixture,
              gconstpointer user_data)
{
  Waiter waiter = { .fixture = fixture };

  g_assert_false (usher_reactor_is_current (fixture->reactor));
  usher_reactor_post (fixture->reactor, &waiter.message, assert_current);
  iterate_pending (fixture->context);

  g_assert_true (g_main_context_acquire (fixture->context));
  g_thread_join (g_thread_new ("stranger", assert_not_current, fixture->reactor));
  g_main_context_release (fixture->context);
}

static void
test_returns (ReactorFixture *fixture,
              gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Waiter waiter = { .log = log };

  g_clear_pointer (&fixture->reactor, usher_reactor_unref);
  fixture->reactor = usher_reactor_ref_for_context (fixture->context);

  usher_timer_start (&waiter.timer, fixture->reactor, usher_clock_now_usec (), timer_writes);
  iterate_pending (fixture->context);
  g_assert_cmpstr (log->str, ==, "t");
}

/* A running context, and a thread that takes and drops its reactor again and again. */
typedef struct
{
  GMainContext *context; /* (unowned) */
  int n_done;            /* (atomic) */
  int n_threads;
} Churn;

typedef struct
{
  UsherMessage message;
  Churn *churn; /* (unowned) */
} Turn;

static void
turn_run (UsherMessage *message)
{
  Turn *turn = (Turn *) message;

  g_atomic_int_inc (&turn->churn->n_done);
  g_free (turn);
}

static gpointer
churn (gpointer data)
{
  Churn *self = data;

  for (int i = 0; i < N_ROUNDS; i++)
    {
      Turn *turn = g_new0 (Turn, 1);
      UsherReactor *reactor = usher_reactor_ref_for_context (self->context);

      turn->churn = self;
      usher_reactor_post (reactor, &turn->message, turn_run);
      usher_reactor_unref (reactor);

      reactor = usher_reactor_ref_for_context (self->context);
      usher_reactor_unref (reactor);
    }

  return NULL;
}

static gboolean
is_churned (gpointer user_data)
{
  Churn *self = user_data;

  return g_atomic_int_get (&self->n_done) == self->n_threads * N_ROUNDS;
}

static void
test_churn (ReactorFixture *fixture,
            gconstpointer user_data)
{
  GThread *threads[3];
  Churn self = { .context = fixture->context, .n_threads = G_N_ELEMENTS (threads) };

  g_clear_pointer (&fixture->reactor, usher_reactor_unref);

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("churn", churn, &self);

  iterate_until (fixture->context, is_churned, &self);

  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

static gboolean
is_marked (gpointer user_data)
{
  return *(gboolean *) user_data;
}

static gboolean
mark (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static guint n_polls;

static int
count_polls (GPollFD *fds,
             guint n_fds,
             int timeout_msec)
{
  n_polls++;
  return g_poll (fds, n_fds, timeout_msec);
}

static void
test_idle (ReactorFixture *fixture,
           gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSource) source = g_timeout_source_new (20);
  gboolean marked = FALSE;
  Waiter waiter = { .fd = eventfd (0, EFD_CLOEXEC) };

  usher_watch_add (&waiter.watch, fixture->reactor, waiter.fd, EPOLLIN, watch_writes, &error);
  g_assert_no_error (error);
  usher_timer_start (&waiter.timer, fixture->reactor, usher_clock_now_usec () + 1, timer_writes);
  iterate_pending (fixture->context);

  g_source_set_callback (source, mark, &marked, NULL);
  g_source_attach (source, fixture->context);
  g_main_context_set_poll_func (fixture->context, count_polls);
  n_polls = 0;
  iterate_until (fixture->context, is_marked, &marked);
  g_assert_cmpuint (n_polls, <, 10);

  usher_timer_stop (&waiter.timer);
  usher_watch_remove (&waiter.watch);
  close (waiter.fd);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  reactor_fixture_add_test ("/reactor/is-one-per-context", test_one_per_context);
  reactor_fixture_add_test ("/reactor/serves-its-own-context-only", test_contexts_do_not_mix);
  reactor_fixture_add_test ("/reactor/knows-whether-it-is-current", test_current);
  reactor_fixture_add_test ("/reactor/runs-timers-then-messages-then-watches", test_dispatches_in_turn);
  reactor_fixture_add_test ("/reactor/leaves-an-idle-context-alone", test_idle);
  reactor_fixture_add_test ("/reactor/may-be-dropped-by-a-watch", test_dropped_by_watch);
  reactor_fixture_add_test ("/reactor/may-be-dropped-by-a-timer", test_dropped_by_timer);
  reactor_fixture_add_test ("/reactor/may-be-dropped-by-a-message", test_dropped_by_message);
  reactor_fixture_add_test ("/reactor/may-be-dropped-by-another-thread", test_dropped_by_thread);
  reactor_fixture_add_test ("/reactor/closes-its-descriptor-when-dropped", test_closes);
  reactor_fixture_add_test ("/reactor/comes-back-after-the-last-reference", test_returns);
  reactor_fixture_add_test ("/reactor/comes-and-goes-from-any-thread", test_churn);

  return g_test_run ();
}
