/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <sys/resource.h>

#include "support/pool-rules.h"
#include "support/sockets.h"
#include "usher/error.h"

/* Over which time connections are told to leave. */

#define N_CROWD 5000
#define BATCH 500
#define STEP_MSEC 10
#define STEPS_PER_WINDOW 10

static void
advance_msec (PoolFixture *fixture,
              guint msec)
{
  fake_clock_advance_usec (msec * G_TIME_SPAN_MILLISECOND);
  pool_fixture_settle (fixture);
}

static void
begin_to_stop (PoolFixture *fixture)
{
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  pool_fixture_settle (fixture);
}

static void
close_socket (PoolFixture *fixture)
{
  usher_listen_socket_close (fixture->listen_socket);
  pool_fixture_settle (fixture);
}

static guint
get_n_connections (PoolFixture *fixture)
{
  return usher_acceptor_pool_get_n_connections (fixture->pool);
}

static void
set_drain (PoolFixture *fixture,
           guint spread_msec,
           gint64 grace_msec)
{
  usher_acceptor_pool_set_drain_spread_msec (fixture->pool, spread_msec);
  usher_acceptor_pool_set_grace_msec (fixture->pool, grace_msec);
}

/* Connects as many, and closes its own ends at the end of its scope. */
static GArray *
connect_crowd (PoolFixture *fixture,
               guint n)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (fixture->listen_socket);
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));

  for (guint i = 0; i < n; i++)
    {
      int fd = sockets_connect (address);

      g_array_append_val (fds, fd);
      if ((i + 1) % BATCH == 0 || i + 1 == n)
        pool_fixture_wait_for (fixture, n_connections_is, i + 1);
    }

  return fds;
}

static gboolean
may_have_descriptors (guint n)
{
  struct rlimit limit;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));

  return limit.rlim_cur >= n;
}

static void
test_spreads_the_ends (PoolFixture *fixture,
                       gconstpointer data)
{
  guint n_left[5000 / STEP_MSEC + 1];
  GArray *fds;

  if (!may_have_descriptors (2 * N_CROWD + 100))
    {
      g_test_skip ("there are not enough descriptors for 5,000 connections");
      return;
    }

  set_drain (fixture, 5000, 6000);
  pool_fixture_start (fixture);
  fds = connect_crowd (fixture, N_CROWD);
  begin_to_stop (fixture);
  n_left[0] = get_n_connections (fixture);
  g_assert_cmpuint (n_left[0], ==, N_CROWD);
  for (guint i = 1; i < G_N_ELEMENTS (n_left); i++)
    {
      advance_msec (fixture, STEP_MSEC);
      n_left[i] = get_n_connections (fixture);
      g_assert_cmpuint (n_left[i - MIN (i, STEPS_PER_WINDOW)] - n_left[i], <=, N_CROWD / 20);
    }

  g_assert_cmpuint (n_left[G_N_ELEMENTS (n_left) / 2], <, N_CROWD / 2 + N_CROWD / 20);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  sockets_close_all (fds);
}

/* Those who stay have the grace, and not a spread more. */
static void
test_grace_counts_from_the_first_tell (PoolFixture *fixture,
                                       gconstpointer data)
{
  GArray *fds;

  fixture->script.is_polite = FALSE;
  set_drain (fixture, 4000, 5000);
  pool_fixture_start (fixture);
  fds = connect_crowd (fixture, 10);
  begin_to_stop (fixture);
  advance_msec (fixture, 4999);
  g_assert_cmpuint (get_n_connections (fixture), ==, 10);
  advance_msec (fixture, 1);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  sockets_close_all (fds);
}

/* Returns how many descriptors there are after a life: some are made once. */
static guint
live_once (PoolFixture *fixture)
{
  pool_fixture_start (fixture);
  sockets_close_all (connect_crowd (fixture, 1));
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
  g_clear_pointer (&fixture->exit, usher_exit_unref);

  return sockets_count_fds ();
}

/* Nobody has left when the grace is over. */
static void
test_leaves_no_descriptor_open (PoolFixture *fixture,
                                gconstpointer data)
{
  guint n_before;
  GArray *fds;

  fixture->script.is_polite = FALSE;
  set_drain (fixture, 500, 1000);
  n_before = live_once (fixture);
  pool_fixture_start (fixture);
  fds = connect_crowd (fixture, 500);
  begin_to_stop (fixture);
  advance_msec (fixture, 1000);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (sockets_count_fds (), ==, n_before + 500);
  sockets_close_all (fds);
}

static void
test_a_closed_socket_begins_it (PoolFixture *fixture,
                                gconstpointer data)
{
  GArray *fds;
  guint n_left;

  set_drain (fixture, 4000, 5000);
  pool_fixture_start (fixture);
  fds = connect_crowd (fixture, 100);
  close_socket (fixture);
  advance_msec (fixture, 1000);
  n_left = get_n_connections (fixture);
  g_assert_cmpuint (n_left, >=, 74);
  g_assert_cmpuint (n_left, <=, 76);

  begin_to_stop (fixture);
  g_assert_cmpuint (get_n_connections (fixture), ==, n_left);
  advance_msec (fixture, 2000);
  g_assert_cmpuint (get_n_connections (fixture), <=, 26);
  advance_msec (fixture, 1000);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
  sockets_close_all (fds);
}

/* They were to be told within four seconds; now all of them are told within one, and have it. */
static void
test_tells_sooner_if_the_grace_shrinks (PoolFixture *fixture,
                                        gconstpointer data)
{
  GArray *fds;

  set_drain (fixture, 4000, 5000);
  pool_fixture_start (fixture);
  fds = connect_crowd (fixture, 100);
  close_socket (fixture);
  advance_msec (fixture, 2000);
  usher_acceptor_pool_set_grace_msec (fixture->pool, 1000);
  begin_to_stop (fixture);
  advance_msec (fixture, 500);
  g_assert_cmpuint (get_n_connections (fixture), >, 0);
  g_assert_cmpuint (get_n_connections (fixture), <, 40);
  advance_msec (fixture, 499);
  g_assert_cmpuint (get_n_connections (fixture), <=, pool_fixture_deal (fixture, 1));
  advance_msec (fixture, 1);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  sockets_close_all (fds);
}

static void
test_is_over_when_all_have_left (PoolFixture *fixture,
                                 gconstpointer data)
{
  GArray *fds;

  set_drain (fixture, 5000, 5000);
  pool_fixture_start (fixture);
  fds = connect_crowd (fixture, 10);
  begin_to_stop (fixture);
  sockets_close_all (fds);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
}

static void
test_a_kill_waits_for_no_turn (PoolFixture *fixture,
                               gconstpointer data)
{
  GArray *fds;

  set_drain (fixture, 5000, 5000);
  pool_fixture_start (fixture);
  fds = connect_crowd (fixture, 10);
  begin_to_stop (fixture);
  usher_child_kill (USHER_CHILD (fixture->pool));
  pool_fixture_expect_exit (fixture, USHER_EXIT_KILLED);
  sockets_close_all (fds);
}

static void
test_refuses_a_spread_beyond_the_grace (PoolFixture *fixture,
                                        gconstpointer data)
{
  set_drain (fixture, 5001, 5000);
  pool_fixture_begin_start (fixture);
  pool_fixture_wait_for (fixture, was_started, 1);
  g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->start_error->message, "drain-spread of 5001 ms, but their grace of 5000 ms"));

  g_clear_error (&fixture->start_error);
  set_drain (fixture, 5001, -1);
  pool_fixture_start (fixture);
  pool_fixture_stop (fixture);
}

#define DRAIN(name, function) POOL_CASE_ON_LOOP ("/pool-drain/" name, function)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  DRAIN ("spreads-the-ends-of-5000-connections", test_spreads_the_ends);
  DRAIN ("its-grace-counts-from-the-first-tell", test_grace_counts_from_the_first_tell);
  DRAIN ("leaves-no-descriptor-open", test_leaves_no_descriptor_open);
  DRAIN ("a-closed-socket-begins-it", test_a_closed_socket_begins_it);
  DRAIN ("tells-sooner-if-the-grace-shrinks", test_tells_sooner_if_the_grace_shrinks);
  DRAIN ("is-over-when-all-have-left", test_is_over_when_all_have_left);
  DRAIN ("a-kill-waits-for-no-turn", test_a_kill_waits_for_no_turn);
  DRAIN ("refuses-a-spread-beyond-the-grace", test_refuses_a_spread_beyond_the_grace);

  return g_test_run ();
}
