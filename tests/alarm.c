/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/clock-private.h"
#include "support/fault.h"
#include "support/poll-probe.h"

#include <errno.h>

/* The clock is the kernel's here. */

typedef struct
{
  UsherTimer timer;
  gboolean has_rung;
} Bell;

static void
bell_ring (UsherTimer *timer)
{
  Bell *self = (Bell *) timer;

  g_assert_cmpint (g_get_monotonic_time (), >=, timer->deadline_usec);
  self->has_rung = TRUE;
}

static void
bell_start (Bell *self,
            UsherReactor *reactor,
            gint64 deadline_usec)
{
  self->has_rung = FALSE;
  usher_timer_start (&self->timer, reactor, deadline_usec, bell_ring);
}

static gboolean
bell_has_rung (gpointer user_data)
{
  return ((Bell *) user_data)->has_rung;
}

static gint64
soon (void)
{
  return usher_clock_now_usec () + 1000;
}

static gint64
much_later (void)
{
  return usher_clock_now_usec () + G_TIME_SPAN_HOUR;
}

/* What the context would give to poll () as its timeout. */
static int
get_timeout_msec (GMainContext *context)
{
  GPollFD fds[8];
  int priority, timeout_msec;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &priority);
  g_main_context_query (context, priority, &timeout_msec, fds, G_N_ELEMENTS (fds));
  g_main_context_release (context);

  return timeout_msec;
}

static void
assert_rings (ReactorFixture *fixture)
{
  Bell bell = { 0 };

  bell_start (&bell, fixture->reactor, soon ());
  iterate_until (fixture->context, bell_has_rung, &bell);
  iterate_pending (fixture->context);
  g_assert_cmpint (get_timeout_msec (fixture->context), ==, -1);
}

static void
set_up (ReactorFixture *fixture,
        gconstpointer data)
{
  fixture->context = g_main_context_new ();
  fixture->reactor = usher_reactor_ref_for_context (fixture->context);
  fault_clear ();
}

static void
tear_down (ReactorFixture *fixture,
           gconstpointer data)
{
  fault_clear ();
  g_clear_pointer (&fixture->reactor, usher_reactor_unref);
  g_clear_pointer (&fixture->context, g_main_context_unref);
}

static void
test_descriptor (ReactorFixture *fixture,
                 gconstpointer data)
{
  Probe probe;
  Bell bell = { 0 };

  probe_init (&probe, fixture->reactor);
  g_assert_cmpuint (fault_get_n_calls (FAULT_TIMERFD_CREATE), ==, 0);
  bell_start (&bell, fixture->reactor, much_later ());
  iterate_pending (fixture->context);
  g_assert_cmpint (get_timeout_msec (fixture->context), ==, -1);
  assert_polls_with_epoll (fixture->context);

  bell_start (&bell, fixture->reactor, soon ());
  iterate_until (fixture->context, bell_has_rung, &bell);
  for (guint i = 0; i < 3; i++)
    assert_rings (fixture);
  g_assert_cmpuint (fault_get_n_calls (FAULT_TIMERFD_CREATE), ==, 1);
  probe_assert_is_told (&probe, fixture->context);

  probe_clear (&probe);
  assert_rings (fixture);
}

static void
test_beside_others (ReactorFixture *fixture,
                    gconstpointer data)
{
  Probe probe;
  Other other;

  probe_init (&probe, fixture->reactor);
  other_init (&other, fixture->context);
  assert_polls_as_glib (fixture->context);
  assert_rings (fixture);
  other_assert_is_told (&other, fixture->context);

  other_clear (&other);
  probe_clear (&probe);
}

static void
test_at_once (ReactorFixture *fixture,
              gconstpointer data)
{
  Probe probe;
  Bell bell = { 0 };

  probe_init (&probe, fixture->reactor);
  bell_start (&bell, fixture->reactor, 0);
  iterate_until (fixture->context, bell_has_rung, &bell);

  probe_clear (&probe);
}

/* Ready whenever something has been polled, and then it goes first. */
typedef struct
{
  GSource source;
  guint n_left;
} Urgent;

static gboolean
urgent_prepare (GSource *source,
                int *timeout_msec)
{
  *timeout_msec = -1;
  return FALSE;
}

static gboolean
urgent_check (GSource *source)
{
  return ((Urgent *) source)->n_left > 0;
}

static gboolean
urgent_dispatch (GSource *source,
                 GSourceFunc callback,
                 gpointer user_data)
{
  ((Urgent *) source)->n_left--;
  return G_SOURCE_CONTINUE;
}

static GSourceFuncs urgent_funcs = {
  .prepare = urgent_prepare,
  .check = urgent_check,
  .dispatch = urgent_dispatch,
};

static void
test_overtaken (ReactorFixture *fixture,
                gconstpointer data)
{
  Urgent *urgent = (Urgent *) g_source_new (&urgent_funcs, sizeof (Urgent));
  Probe probe;
  Bell bell = { 0 };

  probe_init (&probe, fixture->reactor);
  iterate_pending (fixture->context);
  urgent->n_left = 3;
  g_source_set_static_name (&urgent->source, "urgent");
  g_source_set_priority (&urgent->source, G_PRIORITY_HIGH);
  g_source_attach (&urgent->source, fixture->context);
  bell_start (&bell, fixture->reactor, soon ());
  while (urgent->n_left > 0)
    {
      g_main_context_iteration (fixture->context, TRUE);
      g_assert_false (bell.has_rung);
    }
  iterate_until (fixture->context, bell_has_rung, &bell);

  g_source_destroy (&urgent->source);
  g_source_unref (&urgent->source);
  probe_clear (&probe);
}

static void
test_without_watches (ReactorFixture *fixture,
                      gconstpointer data)
{
  assert_rings (fixture);
  g_assert_cmpuint (fault_get_n_calls (FAULT_TIMERFD_CREATE), ==, 0);
}

static void
test_watched_later (ReactorFixture *fixture,
                    gconstpointer data)
{
  Probe probe;
  Bell late = { 0 }, early = { 0 };

  bell_start (&late, fixture->reactor, much_later ());
  g_assert_cmpint (get_timeout_msec (fixture->context), >, 0);
  probe_init (&probe, fixture->reactor);
  bell_start (&early, fixture->reactor, soon ());
  iterate_until (fixture->context, bell_has_rung, &early);
  g_assert_false (late.has_rung);
  g_assert_cmpint (get_timeout_msec (fixture->context), ==, -1);

  usher_timer_stop (&late.timer);
  probe_clear (&probe);
}

/* Each of its system calls, for once; the next alarm has its descriptor again. */
static void
test_failing (ReactorFixture *fixture,
              gconstpointer data)
{
  const FaultCall call = GPOINTER_TO_INT (data);
  Probe probe;
  Bell bell = { 0 };

  probe_init (&probe, fixture->reactor);
  fault_inject (call, 0, 1, ENOMEM);
  bell_start (&bell, fixture->reactor, much_later ());
  g_assert_cmpint (get_timeout_msec (fixture->context), >, 0);
  bell_start (&bell, fixture->reactor, soon ());
  g_assert_cmpint (get_timeout_msec (fixture->context), ==, -1);
  iterate_until (fixture->context, bell_has_rung, &bell);

  probe_clear (&probe);
}

static void
test_failing_for_ever (ReactorFixture *fixture,
                       gconstpointer data)
{
  Probe probe;

  probe_init (&probe, fixture->reactor);
  fault_inject (GPOINTER_TO_INT (data), 0, FAULT_FOREVER, EMFILE);
  for (guint i = 0; i < 3; i++)
    assert_rings (fixture);

  probe_clear (&probe);
}

static void
test_failing_at_last (ReactorFixture *fixture,
                      gconstpointer data)
{
  Probe probe;

  probe_init (&probe, fixture->reactor);
  assert_rings (fixture);
  fault_inject (FAULT_TIMERFD_SETTIME, 0, FAULT_FOREVER, ENOMEM);
  assert_rings (fixture);

  probe_clear (&probe);
}

static void
add (const char *path,
     FaultCall call,
     ReactorFixtureFunc test)
{
  g_test_add (path, ReactorFixture, GINT_TO_POINTER (call), set_up, test, tear_down);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add ("/alarm/is-a-descriptor", 0, test_descriptor);
  add ("/alarm/rings/beside-other-descriptors", 0, test_beside_others);
  add ("/alarm/rings/at-once-if-it-is-due", 0, test_at_once);
  add ("/alarm/rings/after-those-that-go-first", 0, test_overtaken);
  add ("/alarm/rings/without-watches", 0, test_without_watches);
  add ("/alarm/rings/if-the-first-watch-comes-later", 0, test_watched_later);
  add ("/alarm/fails/to-be-made", FAULT_TIMERFD_CREATE, test_failing);
  add ("/alarm/fails/to-be-added", FAULT_EPOLL_CTL, test_failing);
  add ("/alarm/fails/to-be-set", FAULT_TIMERFD_SETTIME, test_failing);
  add ("/alarm/fails/always-to-be-made", FAULT_TIMERFD_CREATE, test_failing_for_ever);
  add ("/alarm/fails/always-to-be-added", FAULT_EPOLL_CTL, test_failing_for_ever);
  add ("/alarm/fails/always-to-be-set", FAULT_TIMERFD_SETTIME, test_failing_for_ever);
  add ("/alarm/fails/when-it-has-rung", 0, test_failing_at_last);

  return g_test_run ();
}
