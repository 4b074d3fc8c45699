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

#define N_MANY 10000

typedef struct _Bell Bell;
typedef void (*BellFunc) (Bell *bell);

/* A timer that writes its letter down, and then does what the test wants. */
struct _Bell
{
  UsherTimer timer;
  UsherReactor *reactor; /* (unowned) */
  GString *log;          /* (unowned) */
  char letter;
  BellFunc func; /* (nullable) */
  Bell *other;   /* (unowned) (nullable) */
};

static void
bell_ring (UsherTimer *timer)
{
  Bell *bell = (Bell *) timer;

  g_assert_false (usher_timer_is_started (timer));
  g_string_append_c (bell->log, bell->letter);

  if (bell->func != NULL)
    bell->func (bell);
}

/* So many microseconds from now. */
static void
bell_start (Bell *bell,
            gint64 delay_usec)
{
  usher_timer_start (&bell->timer, bell->reactor, usher_clock_now_usec () + delay_usec, bell_ring);
  g_assert_true (usher_timer_is_started (&bell->timer));
}

static void
bells_init (Bell *bells,
            gsize n_bells,
            UsherReactor *reactor,
            GString *log)
{
  for (gsize i = 0; i < n_bells; i++)
    bells[i] = (Bell){ .reactor = reactor, .log = log, .letter = (char) ('a' + i) };
}

static void
advance (ReactorFixture *fixture,
         gint64 usec)
{
  fake_clock_advance_usec (usec);
  iterate_pending (fixture->context);
}

static void
test_order (ReactorFixture *fixture,
            gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Bell bells[4];

  bells_init (bells, G_N_ELEMENTS (bells), fixture->reactor, log);
  bell_start (&bells[0], 20);
  bell_start (&bells[1], 10);
  bell_start (&bells[2], 20);
  bell_start (&bells[3], 15);

  advance (fixture, 9);
  g_assert_cmpstr (log->str, ==, "");
  advance (fixture, 1);
  g_assert_cmpstr (log->str, ==, "b");
  advance (fixture, 10);
  g_assert_cmpstr (log->str, ==, "bdac");
}

static void
test_stops (ReactorFixture *fixture,
            gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Bell bells[3];

  bells_init (bells, G_N_ELEMENTS (bells), fixture->reactor, log);
  bell_start (&bells[0], 10);
  bell_start (&bells[1], 10);

  usher_timer_stop (&bells[0].timer);
  usher_timer_stop (&bells[0].timer);
  usher_timer_stop (&bells[2].timer);
  g_assert_false (usher_timer_is_started (&bells[0].timer));

  advance (fixture, 10);
  g_assert_cmpstr (log->str, ==, "b");
}

static void
test_moves (ReactorFixture *fixture,
            gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Bell bells[3];

  bells_init (bells, G_N_ELEMENTS (bells), fixture->reactor, log);
  bell_start (&bells[0], 10);
  bell_start (&bells[1], 20);
  bell_start (&bells[2], 30);

  bell_start (&bells[0], 25);
  bell_start (&bells[2], 5);

  advance (fixture, 5);
  g_assert_cmpstr (log->str, ==, "c");
  advance (fixture, 15);
  g_assert_cmpstr (log->str, ==, "cb");
  advance (fixture, 5);
  g_assert_cmpstr (log->str, ==, "cba");
}

static void
stop_other (Bell *bell)
{
  usher_timer_stop (&bell->other->timer);
}

static void
test_stops_due (ReactorFixture *fixture,
                gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Bell bells[3];

  bells_init (bells, G_N_ELEMENTS (bells), fixture->reactor, log);
  bells[0].func = stop_other;
  bells[0].other = &bells[1];
  for (gsize i = 0; i < G_N_ELEMENTS (bells); i++)
    bell_start (&bells[i], 10);

  advance (fixture, 10);
  g_assert_cmpstr (log->str, ==, "ac");
}

static void
start_other (Bell *bell)
{
  bell_start (bell->other, 0);
}

static void
test_moves_due (ReactorFixture *fixture,
                gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Bell bells[3];

  bells_init (bells, G_N_ELEMENTS (bells), fixture->reactor, log);
  bells[0].func = start_other;
  bells[0].other = &bells[1];
  for (gsize i = 0; i < G_N_ELEMENTS (bells); i++)
    bell_start (&bells[i], 10);

  fake_clock_advance_usec (10);
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpstr (log->str, ==, "ac");
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpstr (log->str, ==, "acb");
}

static void
test_frees_owner (ReactorFixture *fixture,
                  gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Bell *bell = g_new (Bell, 1);

  bells_init (bell, 1, fixture->reactor, log);
  bell->func = (BellFunc) g_free;
  bell_start (bell, 10);

  advance (fixture, 10);
  g_assert_cmpstr (log->str, ==, "a");
}

/* Wants to be the first of all, always. */
static void
start_in_the_past (Bell *bell)
{
  usher_timer_start (&bell->timer, bell->reactor, 0, bell_ring);
}

static void
test_past_does_not_starve_timers (ReactorFixture *fixture,
                                  gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Bell bells[3];

  bells_init (bells, G_N_ELEMENTS (bells), fixture->reactor, log);
  bells[0].func = start_in_the_past;
  bell_start (&bells[0], 0);
  bell_start (&bells[1], 0);
  bell_start (&bells[2], 1);

  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpstr (log->str, ==, "ab");
  fake_clock_advance_usec (1);
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpstr (log->str, ==, "abac");

  usher_timer_stop (&bells[0].timer);
  iterate_pending (fixture->context);
}

typedef struct
{
  UsherWatch watch;
  Bell bell;
} StoppedBell;

static void
stop_bell (UsherWatch *watch,
           guint32 events)
{
  StoppedBell *self = (StoppedBell *) watch;

  usher_timer_stop (&self->bell.timer);
}

static gboolean
is_stopped (gpointer user_data)
{
  return !usher_timer_is_started (user_data);
}

static void
test_now_does_not_starve_watches (ReactorFixture *fixture,
                                  gconstpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) log = g_string_new (NULL);
  int fd = eventfd (1, EFD_CLOEXEC);
  StoppedBell pair = { 0 };

  bells_init (&pair.bell, 1, fixture->reactor, log);
  pair.bell.func = start_other;
  pair.bell.other = &pair.bell;
  bell_start (&pair.bell, 0);
  usher_watch_add (&pair.watch, fixture->reactor, fd, EPOLLIN | EPOLLET, stop_bell, &error);
  g_assert_no_error (error);

  iterate_until (fixture->context, is_stopped, &pair.bell.timer);
  g_assert_cmpstr (log->str, ==, "a");

  usher_watch_remove (&pair.watch);
  close (fd);
  iterate_pending (fixture->context);
}

static void
iterate_inside (Bell *bell)
{
  g_assert_true (g_main_context_iteration (usher_reactor_get_context (bell->reactor), FALSE));
  g_string_append_c (bell->log, '.');
}

static void
test_inner_loop (ReactorFixture *fixture,
                 gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Bell bells[3];

  bells_init (bells, G_N_ELEMENTS (bells), fixture->reactor, log);
  bells[0].func = iterate_inside;
  for (gsize i = 0; i < G_N_ELEMENTS (bells); i++)
    bell_start (&bells[i], 10);

  advance (fixture, 10);
  g_assert_cmpstr (log->str, ==, "abc.");
}

static void
advance_inside (Bell *bell)
{
  fake_clock_advance_usec (10);
  iterate_pending (usher_reactor_get_context (bell->reactor));
  g_string_append_c (bell->log, '.');
}

static void
test_inner_loop_waits (ReactorFixture *fixture,
                       gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Bell bells[3];

  bells_init (bells, G_N_ELEMENTS (bells), fixture->reactor, log);
  bells[0].func = advance_inside;
  bell_start (&bells[0], 10);
  bell_start (&bells[1], 20);
  bell_start (&bells[2], 21);

  advance (fixture, 10);
  g_assert_cmpstr (log->str, ==, "ab.");
  advance (fixture, 1);
  g_assert_cmpstr (log->str, ==, "ab.c");
}

static void
test_changes_reactor (ReactorFixture *fixture,
                      gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GMainContext) context = g_main_context_new ();
  UsherReactor *reactor = usher_reactor_ref_for_context (context);
  Bell bell;

  bells_init (&bell, 1, fixture->reactor, log);
  bell_start (&bell, 10);
  bell.reactor = reactor;
  bell_start (&bell, 10);

  advance (fixture, 10);
  g_assert_cmpstr (log->str, ==, "");
  iterate_pending (context);
  g_assert_cmpstr (log->str, ==, "a");

  usher_reactor_unref (reactor);
}

static void
test_arms_once (ReactorFixture *fixture,
                gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Bell bells[2];

  bells_init (bells, G_N_ELEMENTS (bells), fixture->reactor, log);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);

  bell_start (&bells[0], 10);
  bell_start (&bells[1], 20);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 1);

  advance (fixture, 10);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 1);

  advance (fixture, 10);
  g_assert_cmpstr (log->str, ==, "ab");
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
}

static void
test_stopped_rings_in_vain (ReactorFixture *fixture,
                            gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Bell bells[2];

  bells_init (bells, G_N_ELEMENTS (bells), fixture->reactor, log);
  bell_start (&bells[0], 10);
  usher_timer_stop (&bells[0].timer);
  bell_start (&bells[1], 20);

  advance (fixture, 10);
  g_assert_cmpstr (log->str, ==, "");
  advance (fixture, 10);
  g_assert_cmpstr (log->str, ==, "b");
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
}

/* One of many: how many have fired, and when the latest was due. */
typedef struct
{
  UsherTimer timer;
  gint64 *latest_usec; /* (unowned) */
  guint *n_fired;      /* (unowned) */
} One;

static void
one_fire (UsherTimer *timer)
{
  One *one = (One *) timer;

  g_assert_cmpint (timer->deadline_usec, >=, *one->latest_usec);
  *one->latest_usec = timer->deadline_usec;
  (*one->n_fired)++;
}

static void
test_many (ReactorFixture *fixture,
           gconstpointer user_data)
{
  g_autofree One *ones = g_new0 (One, N_MANY);
  gint64 now_usec = usher_clock_now_usec ();
  gint64 latest_usec = 0;
  guint n_fired = 0;

  for (guint i = 0; i < N_MANY; i++)
    {
      ones[i].latest_usec = &latest_usec;
      ones[i].n_fired = &n_fired;
      usher_timer_start (&ones[i].timer, fixture->reactor,
                         now_usec + g_test_rand_int_range (1, 1000), one_fire);
    }
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 1);

  for (guint i = 0; i < 1000; i++)
    advance (fixture, 1);

  g_assert_cmpuint (n_fired, ==, N_MANY);
}

/* Without the fixture, and so without the fake clock. */
static void
test_real_clock (void)
{
  g_autoptr (GString) log = g_string_new (NULL);
  g_autoptr (GMainContext) context = g_main_context_new ();
  UsherReactor *reactor = usher_reactor_ref_for_context (context);
  gint64 deadline_usec = g_get_monotonic_time () + 2000;
  Bell bells[2];

  bells_init (bells, G_N_ELEMENTS (bells), reactor, log);
  bell_start (&bells[1], G_USEC_PER_SEC);
  usher_timer_start (&bells[0].timer, reactor, deadline_usec, bell_ring);

  iterate_until (context, is_stopped, &bells[0].timer);
  g_assert_cmpint (g_get_monotonic_time (), >=, deadline_usec);
  g_assert_cmpstr (log->str, ==, "a");

  usher_timer_stop (&bells[1].timer);
  usher_reactor_unref (reactor);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  reactor_fixture_add_test ("/timer/fires-by-deadline-then-by-start", test_order);
  reactor_fixture_add_test ("/timer/stops-harmlessly-at-any-time", test_stops);
  reactor_fixture_add_test ("/timer/moves-when-started-again", test_moves);
  reactor_fixture_add_test ("/timer/may-stop-another-that-is-due", test_stops_due);
  reactor_fixture_add_test ("/timer/may-move-another-that-is-due", test_moves_due);
  reactor_fixture_add_test ("/timer/may-free-its-owner", test_frees_owner);
  reactor_fixture_add_test ("/timer/starves-no-other-when-always-due", test_past_does_not_starve_timers);
  reactor_fixture_add_test ("/timer/starves-no-watch-when-always-due", test_now_does_not_starve_watches);
  reactor_fixture_add_test ("/timer/is-served-by-an-inner-loop", test_inner_loop);
  reactor_fixture_add_test ("/timer/becomes-due-in-an-inner-loop", test_inner_loop_waits);
  reactor_fixture_add_test ("/timer/changes-to-another-reactor", test_changes_reactor);
  reactor_fixture_add_test ("/timer/arms-the-clock-once-for-all", test_arms_once);
  reactor_fixture_add_test ("/timer/holds-up-no-other-when-stopped", test_stopped_rings_in_vain);
  reactor_fixture_add_test ("/timer/fires-in-order-among-many", test_many);
  g_test_add_func ("/timer/waits-by-the-real-clock", test_real_clock);

  return g_test_run ();
}
