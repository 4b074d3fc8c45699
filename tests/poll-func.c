/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/clock-private.h"
#include "support/fake-clock.h"
#include "support/fault.h"
#include "support/poll-probe.h"

#include <errno.h>

/* What it is for. */

static void
test_asks_epoll_alone (ReactorFixture *fixture,
                       gconstpointer data)
{
  Probe probe;

  assert_polls_as_glib (fixture->context);
  probe_init (&probe, fixture->reactor);
  assert_polls_with_epoll (fixture->context);

  probe_signal (&probe);
  poll_calls.n_epoll_waits = poll_calls.n_polls = 0;
  g_assert_true (g_main_context_iteration (fixture->context, TRUE));
  g_assert_cmpuint (probe.n_calls, ==, 1);
  g_assert_cmpuint (poll_calls.n_epoll_waits, ==, 1);
  g_assert_cmpuint (poll_calls.n_polls, ==, 0);

  probe_clear (&probe);
  assert_polls_as_glib (fixture->context);
}

static gboolean
has_run (gpointer flag)
{
  return g_atomic_int_get ((int *) flag);
}

static gboolean
set_flag (gpointer flag)
{
  g_atomic_int_set ((int *) flag, TRUE);
  return G_SOURCE_REMOVE;
}

typedef struct
{
  ReactorFixture *fixture; /* (unowned) */
  int has_run;             /* (atomic) */
} Call;

static gpointer
call_from_thread (gpointer user_data)
{
  Call *self = user_data;
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_static_name (source, "from another thread");
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, set_flag, &self->has_run, NULL);
  g_source_attach (source, self->fixture->context);
  return NULL;
}

static void
test_woken (ReactorFixture *fixture,
            gconstpointer data)
{
  Probe probe;

  probe_init (&probe, fixture->reactor);
  for (guint i = 0; i < 10; i++)
    {
      Call call = { .fixture = fixture };
      GThread *thread;

      iterate_pending (fixture->context);
      poll_calls.n_polls = 0;
      thread = g_thread_new ("caller", call_from_thread, &call);
      iterate_until (fixture->context, has_run, &call.has_run);
      g_thread_join (thread);
      g_assert_cmpuint (poll_calls.n_polls, ==, 0);
    }

  /* It is acknowledged. */
  assert_polls_with_epoll (fixture->context);
  probe_assert_is_told (&probe, fixture->context);
  probe_clear (&probe);
}

static void
on_timer (UsherTimer *timer)
{
}

static void
test_timers (ReactorFixture *fixture,
             gconstpointer data)
{
  UsherTimer timer = { 0 };
  Probe probe;

  probe_init (&probe, fixture->reactor);
  usher_timer_start (&timer, fixture->reactor, usher_clock_now_usec () + G_USEC_PER_SEC, on_timer);
  assert_polls_with_epoll (fixture->context);
  g_assert_true (usher_timer_is_started (&timer));
  fake_clock_advance_usec (G_USEC_PER_SEC);
  g_assert_true (g_main_context_iteration (fixture->context, TRUE));
  g_assert_false (usher_timer_is_started (&timer));

  for (guint msec = 0; msec < 2; msec++)
    {
      g_autoptr (GSource) source = g_timeout_source_new (msec);
      int flag = FALSE;

      g_source_set_callback (source, set_flag, &flag, NULL);
      g_source_attach (source, fixture->context);
      poll_calls.n_polls = 0;
      iterate_until (fixture->context, has_run, &flag);
      g_assert_cmpuint (poll_calls.n_polls, ==, 0);
    }

  probe_clear (&probe);
}

static void
test_pending (ReactorFixture *fixture,
              gconstpointer data)
{
  Probe probe;

  probe_init (&probe, fixture->reactor);
  iterate_pending (fixture->context);
  g_assert_false (g_main_context_pending (fixture->context));
  probe_signal (&probe);
  g_assert_true (g_main_context_pending (fixture->context));
  g_assert_true (g_main_context_pending (fixture->context));
  g_assert_cmpuint (probe.n_calls, ==, 0);
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpuint (probe.n_calls, ==, 1);
  g_assert_false (g_main_context_pending (fixture->context));

  probe_clear (&probe);
}

static void
test_interrupted (ReactorFixture *fixture,
                  gconstpointer data)
{
  Probe probe;

  probe_init (&probe, fixture->reactor);
  iterate_pending (fixture->context);
  probe_signal (&probe);
  poll_calls.next_errno = EINTR;
  g_assert_false (g_main_context_iteration (fixture->context, TRUE));
  g_assert_cmpint (poll_calls.next_errno, ==, 0);
  g_assert_cmpuint (probe.n_calls, ==, 0);
  g_assert_true (g_main_context_iteration (fixture->context, TRUE));
  g_assert_cmpuint (probe.n_calls, ==, 1);

  probe_clear (&probe);
}

static void
test_not_begun (ReactorFixture *fixture,
                gconstpointer data)
{
  Probe probe;

  fault_inject (FAULT_EPOLL_CTL, 1, 1, ENOSPC);
  probe_init (&probe, fixture->reactor);
  g_assert_true (g_main_context_get_poll_func (fixture->context) == g_poll);
  assert_polls_as_glib (fixture->context);
  probe_assert_is_told (&probe, fixture->context);

  usher_watch_remove (&probe.watch);
  probe_add (&probe, fixture->reactor);
  iterate_pending (fixture->context);
  assert_polls_with_epoll (fixture->context);
  probe_assert_is_told (&probe, fixture->context);

  probe_clear (&probe);
  fault_clear ();
}

/* Others in the context. */

static void
test_other_before (ReactorFixture *fixture,
                   gconstpointer data)
{
  Other other;
  Probe probe;

  other_init (&other, fixture->context);
  probe_init (&probe, fixture->reactor);
  assert_polls_as_glib (fixture->context);
  other_assert_is_told (&other, fixture->context);
  probe_assert_is_told (&probe, fixture->context);
  other_assert_is_told (&other, fixture->context);
  other_clear (&other);
  probe_assert_is_told (&probe, fixture->context);

  /* It looks again when it begins anew. */
  usher_watch_remove (&probe.watch);
  probe_add (&probe, fixture->reactor);
  assert_polls_with_epoll (fixture->context);
  probe_assert_is_told (&probe, fixture->context);

  probe_clear (&probe);
}

static void
test_other_after (ReactorFixture *fixture,
                  gconstpointer data)
{
  Other other;
  Probe probe;

  probe_init (&probe, fixture->reactor);
  assert_polls_with_epoll (fixture->context);
  other_init (&other, fixture->context);
  assert_polls_as_glib (fixture->context);
  other_assert_is_told (&other, fixture->context);
  probe_assert_is_told (&probe, fixture->context);
  probe_signal (&probe);
  other_assert_is_told (&other, fixture->context);
  g_assert_cmpuint (probe.n_calls, ==, 2);
  other_clear (&other);
  assert_polls_with_epoll (fixture->context);
  probe_assert_is_told (&probe, fixture->context);

  probe_clear (&probe);
}

/* A source of high priority that is always ready. */

static gboolean
is_ready_at_once (GSource *source,
                  int *timeout_msec)
{
  *timeout_msec = 0;
  return TRUE;
}

static gboolean
is_ready_only_later (GSource *source,
                     int *timeout_msec)
{
  *timeout_msec = 0;
  return FALSE;
}

static gboolean
is_ready (GSource *source)
{
  return TRUE;
}

static gboolean
go_on (GSource *source,
       GSourceFunc callback,
       gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

static void
check_busy (ReactorFixture *fixture,
            gboolean (*prepare) (GSource *, int *))
{
  GSourceFuncs funcs = { .prepare = prepare, .check = is_ready, .dispatch = go_on };
  GSource *source = g_source_new (&funcs, sizeof (GSource));
  Probe probe;

  probe_init (&probe, fixture->reactor);
  iterate_pending (fixture->context);
  g_source_set_static_name (source, "always ready");
  g_source_set_priority (source, G_PRIORITY_HIGH);
  g_source_attach (source, fixture->context);
  probe_signal (&probe);
  for (guint i = 0; i < 5; i++)
    g_assert_true (g_main_context_iteration (fixture->context, TRUE));
  g_assert_cmpuint (probe.n_calls, ==, 0);

  g_source_destroy (source);
  iterate_pending (fixture->context);
  g_assert_cmpuint (probe.n_calls, ==, 1);
  probe_assert_is_told (&probe, fixture->context);

  g_source_unref (source);
  probe_clear (&probe);
}

static void
test_busy (ReactorFixture *fixture,
           gconstpointer data)
{
  check_busy (fixture, is_ready_at_once);
  check_busy (fixture, is_ready_only_later);
}

/* More than one loop. */

static void
test_inner_loop (ReactorFixture *fixture,
                 gconstpointer data)
{
  Probe probes[2];

  for (guint i = 0; i < 2; i++)
    {
      probe_init (&probes[i], fixture->reactor);
      probes[i].inner = fixture->context;
      probe_signal (&probes[i]);
    }

  poll_calls.n_polls = 0;
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (probes[i].n_calls, ==, 1);
      probe_assert_is_told (&probes[i], fixture->context);
    }
  g_assert_cmpuint (poll_calls.n_polls, ==, 0);

  for (guint i = 0; i < 2; i++)
    probe_clear (&probes[i]);
}

static void
test_two_reactors (ReactorFixture *fixture,
                   gconstpointer data)
{
  Neighbour neighbour;
  Probe probe;

  neighbour_init (&neighbour);
  probe_init (&probe, fixture->reactor);
  assert_polls_with_epoll (fixture->context);
  assert_polls_with_epoll (neighbour.fixture.context);

  probe.inner = neighbour.fixture.context;
  probe_signal (&neighbour.probe);
  probe_assert_is_told (&probe, fixture->context);
  g_assert_cmpuint (neighbour.probe.n_calls, ==, 1);
  probe_assert_is_told (&neighbour.probe, neighbour.fixture.context);
  probe_assert_is_told (&probe, fixture->context);

  probe_clear (&probe);
  neighbour_clear (&neighbour);
}

/* A source that iterates another context just before its own is polled. */
typedef struct
{
  GSource source;
  GMainContext *context; /* (unowned) */
} Meddler;

static gboolean
meddle (GSource *source,
        int *timeout_msec)
{
  iterate_pending (((Meddler *) source)->context);
  *timeout_msec = -1;
  return FALSE;
}

static void
test_iterated_in_between (ReactorFixture *fixture,
                          gconstpointer data)
{
  static GSourceFuncs funcs = { .prepare = meddle };
  GSource *source = g_source_new (&funcs, sizeof (Meddler));
  Neighbour neighbour;
  Probe probe;

  neighbour_init (&neighbour);
  probe_init (&probe, fixture->reactor);
  ((Meddler *) source)->context = neighbour.fixture.context;
  g_source_set_priority (source, G_PRIORITY_LOW);
  g_source_attach (source, fixture->context);

  probe_assert_is_told (&probe, fixture->context);
  probe_signal (&neighbour.probe);
  probe_assert_is_told (&probe, fixture->context);
  g_assert_cmpuint (neighbour.probe.n_calls, ==, 1);

  g_source_destroy (source);
  g_source_unref (source);
  probe_clear (&probe);
  neighbour_clear (&neighbour);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  reactor_fixture_add_test ("/poll-func/asks-epoll-alone", test_asks_epoll_alone);
  reactor_fixture_add_test ("/poll-func/is-woken-by-other-threads", test_woken);
  reactor_fixture_add_test ("/poll-func/keeps-time", test_timers);
  reactor_fixture_add_test ("/poll-func/loses-nothing-when-only-asked", test_pending);
  reactor_fixture_add_test ("/poll-func/loses-nothing-when-interrupted", test_interrupted);
  reactor_fixture_add_test ("/poll-func/loses-nothing-to-those-of-high-priority", test_busy);
  reactor_fixture_add_test ("/poll-func/does-without-when-the-kernel-has-no-room", test_not_begun);
  reactor_fixture_add_test ("/poll-func/leaves-a-context-with-other-descriptors-alone", test_other_before);
  reactor_fixture_add_test ("/poll-func/makes-room-for-other-descriptors", test_other_after);
  reactor_fixture_add_test ("/poll-func/serves-an-inner-loop", test_inner_loop);
  reactor_fixture_add_test ("/poll-func/tells-two-reactors-of-a-thread-apart", test_two_reactors);
  reactor_fixture_add_test ("/poll-func/tells-them-apart-when-one-comes-in-between", test_iterated_in_between);

  return g_test_run ();
}
