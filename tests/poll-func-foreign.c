/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/poll-probe.h"

/* Other poll functions. */

static GPollFunc below; /* (nullable): instead of g_poll () */
static guint n_own_polls;

static int
poll_by_own (GPollFD *fds,
             guint n_fds,
             int timeout_msec)
{
  n_own_polls++;
  return (below != NULL ? below : g_poll) (fds, n_fds, timeout_msec);
}

/* It asks twice, as those do who look before they wait. */
static int
poll_twice (GPollFD *fds,
            guint n_fds,
            int timeout_msec)
{
  n_own_polls++;
  below (fds, n_fds, 0);
  return below (fds, n_fds, 0);
}

static void
test_own_before (ReactorFixture *fixture,
                 gconstpointer data)
{
  Probe probe;

  below = NULL;
  n_own_polls = 0;
  g_main_context_set_poll_func (fixture->context, poll_by_own);
  probe_init (&probe, fixture->reactor);
  assert_polls_as_glib (fixture->context);
  probe_assert_is_told (&probe, fixture->context);
  probe_clear (&probe);
  g_clear_pointer (&fixture->reactor, usher_reactor_unref);
  g_assert_true (g_main_context_get_poll_func (fixture->context) == poll_by_own);
  g_assert_cmpuint (n_own_polls, >, 0);
}

static void
check_own_above (ReactorFixture *fixture,
                 GPollFunc own)
{
  Probe probe;

  n_own_polls = 0;
  probe_init (&probe, fixture->reactor);
  below = g_main_context_get_poll_func (fixture->context);
  g_assert_false (below == g_poll);
  g_main_context_set_poll_func (fixture->context, own);
  probe_assert_is_told (&probe, fixture->context);
  probe_assert_is_told (&probe, fixture->context);
  g_assert_cmpuint (n_own_polls, >, 0);

  probe_clear (&probe);
  g_clear_pointer (&fixture->reactor, usher_reactor_unref);
  g_assert_true (g_main_context_get_poll_func (fixture->context) == own);

  /* What it has found still polls; and so it does for the next one. */
  iterate_pending (fixture->context);
  fixture->reactor = usher_reactor_ref_for_context (fixture->context);
  probe_init (&probe, fixture->reactor);
  probe_assert_is_told (&probe, fixture->context);
  probe_clear (&probe);
}

static void
test_own_above (ReactorFixture *fixture,
                gconstpointer data)
{
  check_own_above (fixture, poll_by_own);
}

static void
test_own_above_twice (ReactorFixture *fixture,
                      gconstpointer data)
{
  check_own_above (fixture, poll_twice);
}

static void
test_own_instead (ReactorFixture *fixture,
                  gconstpointer data)
{
  Probe probe;

  probe_init (&probe, fixture->reactor);
  g_main_context_set_poll_func (fixture->context, NULL);
  assert_polls_as_glib (fixture->context);
  probe_assert_is_told (&probe, fixture->context);
  probe_clear (&probe);
}

static void
test_taken_away (ReactorFixture *fixture,
                 gconstpointer data)
{
  Probe probe;

  probe_init (&probe, fixture->reactor);
  g_assert_false (g_main_context_get_poll_func (fixture->context) == g_poll);
  probe_clear (&probe);
  g_clear_pointer (&fixture->reactor, usher_reactor_unref);
  g_assert_true (g_main_context_get_poll_func (fixture->context) == g_poll);
  assert_polls_as_glib (fixture->context);
}

/* By hand. */

#define MAX_FDS 4

typedef struct
{
  int priority;
  GPollFD fds[MAX_FDS];
  int n_fds;
} Hand;

static void
hand_prepare (Hand *self,
              GMainContext *context)
{
  int timeout_msec;

  g_assert_true (g_main_context_acquire (context));
  g_main_context_prepare (context, &self->priority);
  self->n_fds = g_main_context_query (context, self->priority, &timeout_msec, self->fds, MAX_FDS);
  g_assert_cmpint (self->n_fds, <=, MAX_FDS);
}

static void
hand_finish (Hand *self,
             GMainContext *context)
{
  if (g_main_context_check (context, self->priority, self->fds, self->n_fds))
    g_main_context_dispatch (context);
  g_main_context_release (context);
}

/* `poll_with` is whatever a foreign loop polls with. */
static void
check_by_hand (ReactorFixture *fixture,
               GPollFunc poll_with)
{
  Probe probe;
  Hand hand;

  probe_init (&probe, fixture->reactor);
  iterate_pending (fixture->context);
  for (guint i = 1; i <= 3; i++)
    {
      hand_prepare (&hand, fixture->context);
      probe_signal (&probe);
      g_main_context_wakeup (fixture->context);
      g_assert_cmpint (poll_with (hand.fds, hand.n_fds, -1), >, 0);
      hand_finish (&hand, fixture->context);
      g_assert_cmpuint (probe.n_calls, ==, i);
    }

  assert_polls_with_epoll (fixture->context);
  probe_assert_is_told (&probe, fixture->context);
  probe_clear (&probe);
}

static int
poll_of_context (GPollFD *fds,
                 guint n_fds,
                 int timeout_msec)
{
  return below (fds, n_fds, timeout_msec);
}

static void
test_by_hand (ReactorFixture *fixture,
              gconstpointer data)
{
  Probe probe;

  check_by_hand (fixture, g_poll);
  probe_init (&probe, fixture->reactor);
  below = g_main_context_get_poll_func (fixture->context);
  probe_clear (&probe);
  check_by_hand (fixture, poll_of_context);
}

/* Two contexts that a foreign loop prepares before it polls either. */
static void
test_two_by_hand (ReactorFixture *fixture,
                  gconstpointer data)
{
  Neighbour neighbour;
  Probe probe;
  Hand hands[2];

  neighbour_init (&neighbour);
  probe_init (&probe, fixture->reactor);
  iterate_pending (fixture->context);
  iterate_pending (neighbour.fixture.context);
  below = g_main_context_get_poll_func (fixture->context);

  hand_prepare (&hands[0], fixture->context);
  hand_prepare (&hands[1], neighbour.fixture.context);
  probe_signal (&probe);
  probe_signal (&neighbour.probe);
  g_assert_cmpint (below (hands[0].fds, hands[0].n_fds, 0), ==, 1);
  g_assert_cmpint (below (hands[1].fds, hands[1].n_fds, 0), ==, 1);
  hand_finish (&hands[0], fixture->context);
  hand_finish (&hands[1], neighbour.fixture.context);
  g_assert_cmpuint (probe.n_calls, ==, 1);
  g_assert_cmpuint (neighbour.probe.n_calls, ==, 1);

  probe_clear (&probe);
  neighbour_clear (&neighbour);
}

static gpointer
clear_neighbour_in_thread (gpointer neighbour)
{
  neighbour_clear (neighbour);
  return NULL;
}

/* It was prepared, but never polled; and its reactor is gone by now. */
static void
test_never_polled (ReactorFixture *fixture,
                   gconstpointer data)
{
  Neighbour neighbour;
  Probe probe;
  Hand hand;

  probe_init (&probe, fixture->reactor);
  usher_watch_remove (&probe.watch);
  neighbour_init (&neighbour);
  hand_prepare (&hand, neighbour.fixture.context);
  g_main_context_release (neighbour.fixture.context);
  g_thread_join (g_thread_new ("clearer", clear_neighbour_in_thread, &neighbour));

  assert_polls_as_glib (fixture->context);
  probe_add (&probe, fixture->reactor);
  probe_assert_is_told (&probe, fixture->context);
  probe_clear (&probe);
}

static gboolean
is_not_ready_yet (GSource *source,
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

/* To ask a context what it would poll is for its owner alone: GLib takes it for answered then. */
static void
test_made_elsewhere (ReactorFixture *fixture,
                     gconstpointer data)
{
  GSourceFuncs funcs = { .prepare = is_not_ready_yet, .check = is_ready };
  GSource *source = g_source_new (&funcs, sizeof (GSource));
  Other other;
  Hand hand;

  g_clear_pointer (&fixture->reactor, usher_reactor_unref);
  g_source_set_static_name (source, "ready when asked");
  g_source_attach (source, fixture->context);
  hand_prepare (&hand, fixture->context);
  other_init (&other, fixture->context);
  fixture->reactor = usher_reactor_ref_for_context (fixture->context);

  /* What it would poll has changed since it was asked, and it still knows. */
  g_assert_false (g_main_context_check (fixture->context, hand.priority, hand.fds, hand.n_fds));
  g_main_context_release (fixture->context);

  other_clear (&other);
  g_source_destroy (source);
  g_source_unref (source);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  reactor_fixture_add_test ("/poll-func-foreign/leaves-another-poll-function-alone", test_own_before);
  reactor_fixture_add_test ("/poll-func-foreign/works-below-another-poll-function", test_own_above);
  reactor_fixture_add_test ("/poll-func-foreign/works-below-one-that-polls-twice", test_own_above_twice);
  reactor_fixture_add_test ("/poll-func-foreign/may-be-taken-away", test_own_instead);
  reactor_fixture_add_test ("/poll-func-foreign/goes-with-its-reactor", test_taken_away);
  reactor_fixture_add_test ("/poll-func-foreign/works-by-hand", test_by_hand);
  reactor_fixture_add_test ("/poll-func-foreign/works-by-hand-for-two-reactors", test_two_by_hand);
  reactor_fixture_add_test ("/poll-func-foreign/does-not-look-at-a-reactor-that-is-gone", test_never_polled);
  reactor_fixture_add_test ("/poll-func-foreign/asks-no-context-that-is-being-iterated", test_made_elsewhere);

  return g_test_run ();
}
