/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include <errno.h>

#include "runtime/call-private.h"
#include "support/fault.h"
#include "support/pool-fixture.h"
#include "support/sockets.h"
#include "usher/error.h"

#define N_CLIENTS 50
#define N_ROUNDS 100

static void
set_up_fibers (PoolFixture *fixture,
               gconstpointer data)
{
  pool_fixture_set_up_threads_in_two_workers (fixture, data);
  usher_acceptor_pool_set_execution (fixture->pool, USHER_EXECUTION_FIBER);
}

static void
start (PoolFixture *fixture)
{
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
}

static UsherPoolCounters
count (PoolFixture *fixture,
       guint worker)
{
  UsherPoolCounters counters = { 0 };

  usher_crew_add_counters (fixture->pool->crews->pdata[worker], &counters);
  return counters;
}

static void
greet_and_leave (PoolFixture *fixture)
{
  g_autoptr (TestClient) client = pool_fixture_greet (fixture);

  test_client_reset (client);
}

/* Sharing. */

static void
test_both_serve (PoolFixture *fixture,
                 gconstpointer data)
{
  start (fixture);
  while (count (fixture, 0).n_accepted == 0 || count (fixture, 1).n_accepted == 0)
    greet_and_leave (fixture);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

static void
expect_waiting (PoolFixture *fixture,
                guint first,
                guint second)
{
  pool_fixture_wait_for (fixture, n_waiting_is, first + second);
  g_assert_cmpuint (usher_crew_get_figures (fixture->pool->crews->pdata[0]).n_waiting, ==, first);
  g_assert_cmpuint (usher_crew_get_figures (fixture->pool->crews->pdata[1]).n_waiting, ==, second);
}

static void
test_deals_acceptors (PoolFixture *fixture,
                      gconstpointer data)
{
  start (fixture);
  expect_waiting (fixture, 1, 1);
  g_assert_true (usher_acceptor_pool_set_n_acceptors (fixture->pool, fixture->listen_socket, 5, NULL));
  expect_waiting (fixture, 3, 2);
  g_assert_true (usher_acceptor_pool_set_n_acceptors (fixture->pool, fixture->listen_socket, 1, NULL));
  expect_waiting (fixture, 1, 1);
  pool_fixture_stop (fixture);
}

/* Where the code runs. */

typedef struct
{
  GThread *init_thread;
  GThread *handler_thread;
  GMainContext *context; /* (unowned) (nullable) */
} Place;

static Place place; /* of the latest that was served */

static void
remember_init (Script *script)
{
  g_atomic_pointer_set (&place.init_thread, g_thread_self ());
}

static gboolean
remember_handler (UsherConnection *connection,
                  gpointer script,
                  GError **error)
{
  place.handler_thread = g_thread_self ();
  place.context = g_main_context_get_thread_default ();
  return scripted_obey (connection, script, error);
}

static void
test_runs_in_workers (PoolFixture *fixture,
                      gconstpointer data)
{
  fixture->script.in_init = remember_init;
  fixture->script.handler = remember_handler;
  g_assert_true (usher_acceptor_pool_set_n_acceptors (fixture->pool, fixture->listen_socket, 1, NULL));
  start (fixture);
  greet_and_leave (fixture);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_settle (fixture);
  g_assert_true (place.init_thread != g_thread_self ());
  g_assert_true (place.handler_thread != g_thread_self ());
  g_assert_nonnull (place.context);
  g_assert_true (place.context == usher_reactor_get_context (((UsherCrew *) fixture->pool->crews->pdata[0])->reactor) ||
                 place.context == usher_reactor_get_context (((UsherCrew *) fixture->pool->crews->pdata[1])->reactor));
  pool_fixture_stop (fixture);
}

static void
expect_own_thread (UsherAcceptorPool *pool,
                   UsherReport *report,
                   gpointer thread)
{
  g_assert_true (g_thread_self () == thread);
}

static void
test_reports_in_its_context (PoolFixture *fixture,
                             gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  g_signal_connect (fixture->pool, "report", G_CALLBACK (expect_own_thread), g_thread_self ());
  start (fixture);
  client = pool_fixture_greet (fixture);
  test_client_send (client, "crash");
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  pool_fixture_stop (fixture);
}

/* Starting. */

static void
expect_no_thread (PoolFixture *fixture,
                  guint n_good)
{
  guint n_fds = sockets_count_fds ();

  fault_inject (FAULT_PTHREAD_CREATE, n_good, 1, EAGAIN);
  pool_fixture_begin_start (fixture);
  pool_fixture_wait_for (fixture, was_started, 0);
  g_assert_error (fixture->start_error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  g_assert_nonnull (strstr (fixture->start_error->message, n_good == 0 ? "worker 1 of 2" : "worker 2 of 2"));
  g_clear_error (&fixture->start_error);
  fault_clear ();
  g_assert_cmpuint (sockets_count_fds (), ==, n_fds);
}

static void
test_no_thread (PoolFixture *fixture,
                gconstpointer data)
{
  expect_no_thread (fixture, 0);
  expect_no_thread (fixture, 1);
  start (fixture);
  greet_and_leave (fixture);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

static void
test_changes_at_the_next_start (PoolFixture *fixture,
                                gconstpointer data)
{
  start (fixture);
  usher_acceptor_pool_set_workers (fixture->pool, 3);
  g_assert_cmpuint (usher_acceptor_pool_get_workers (fixture->pool), ==, 3);
  pool_fixture_settle (fixture);
  g_assert_cmpuint (fixture->pool->crews->len, ==, 2);
  pool_fixture_stop (fixture);

  g_clear_pointer (&fixture->exit, usher_exit_unref);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 3);
  g_assert_cmpuint (fixture->pool->crews->len, ==, 3);
  pool_fixture_stop (fixture);

  g_clear_pointer (&fixture->exit, usher_exit_unref);
  usher_acceptor_pool_set_workers (fixture->pool, 0);
  start (fixture);
  greet_and_leave (fixture);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

/* Each worker waits for what the pool decides. */
static void
test_start_errors_are_judged (PoolFixture *fixture,
                              gconstpointer data)
{
  fixture->script.init_answer = USHER_ACCEPTOR_ERROR;
  pool_fixture_start (fixture);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_assert_true (g_error_matches (usher_exit_get_error (fixture->exit), USHER_ERROR, USHER_ERROR_MAX_INTENSITY));
  g_assert_cmpint (fixture->script.n_inits, >=, 2);
  g_assert_cmpint (fixture->script.n_inits, <=, 4);
}

/* Listing. */

static void
expect_exact_figures (PoolFixture *fixture)
{
  g_autoptr (GPtrArray) children = usher_acceptor_pool_which_children (fixture->pool);
  g_autoptr (UsherPoolStatistics) statistics = usher_acceptor_pool_get_statistics (fixture->pool);
  UsherChildCounts counts;

  usher_acceptor_pool_count_children (fixture->pool, &counts);
  g_assert_cmpuint (counts.n_active, <=, N_CLIENTS);
  g_assert_cmpuint (children->len, <=, N_CLIENTS);
  g_assert_cmpuint (usher_pool_statistics_get_n_counted (statistics), <=, N_CLIENTS);
}

static gboolean
n_exits_is (PoolFixture *fixture,
            guint n)
{
  g_autoptr (UsherPoolStatistics) statistics = usher_acceptor_pool_get_statistics (fixture->pool);

  return usher_pool_statistics_get_n_exits (statistics, USHER_EXIT_NORMAL) +
             usher_pool_statistics_get_n_exits (statistics, USHER_EXIT_SHUTDOWN) ==
         n;
}

static void
test_lists_while_they_come_and_go (PoolFixture *fixture,
                                   gconstpointer data)
{
  g_autoptr (UsherPoolStatistics) statistics = NULL;
  UsherPoolCounters first, second;

  start (fixture);
  for (guint round = 0; round < N_ROUNDS; round++)
    {
      TestClient *clients[N_CLIENTS];

      for (guint i = 0; i < N_CLIENTS; i++)
        {
          clients[i] = test_client_connect (fixture->listen_socket);
          expect_exact_figures (fixture);
        }
      for (guint i = 0; i < N_CLIENTS; i++)
        {
          test_client_reset (clients[i]);
          test_client_free (clients[i]);
          expect_exact_figures (fixture);
        }
      pool_fixture_wait_for (fixture, n_exits_is, (round + 1) * N_CLIENTS);
    }

  first = count (fixture, 0);
  second = count (fixture, 1);
  pool_fixture_stop (fixture);
  statistics = usher_acceptor_pool_get_statistics (fixture->pool);
  g_assert_cmpuint (usher_pool_statistics_get_n_accepted (statistics), ==, first.n_accepted + second.n_accepted);
  g_assert_cmpuint (usher_pool_statistics_get_n_accepted (statistics), ==, N_ROUNDS * N_CLIENTS);
  g_assert_cmpuint (usher_pool_statistics_get_n_counted (statistics), ==, 0);
}

/* Its descriptor is closed and used again while workers poll it. */
static void
test_socket_goes_down_and_up (PoolFixture *fixture,
                              gconstpointer data)
{
  fixture->script.is_polite = FALSE;
  start (fixture);
  for (guint i = 0; i < N_ROUNDS; i++)
    {
      TestClient *queued = test_client_connect (fixture->listen_socket);

      test_client_send (queued, "hello");
      usher_listen_socket_close (fixture->listen_socket);
      g_assert_true (usher_listen_socket_open (fixture->listen_socket, NULL));
      test_client_expect (queued, "hello");
      test_client_reset (queued);
      test_client_free (queued);
      greet_and_leave (fixture);
    }
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
  g_assert_cmpuint (fixture->reports->len, ==, 0);
}

/* Ending. */

static void
pass (gpointer n_passed)
{
  g_atomic_int_inc ((int *) n_passed);
}

/* Without the pool hearing of it. */
static void
let_workers_do_what_they_were_told (PoolFixture *fixture)
{
  int n_passed = 0;

  for (guint n = 2; n <= 4; n += 2)
    {
      for (guint i = 0; i < 2; i++)
        usher_call_soon (((UsherCrew *) fixture->pool->crews->pdata[i])->reactor, pass, &n_passed);
      while (g_atomic_int_get (&n_passed) < (int) n)
        g_thread_yield ();
    }
}

/* They have left, the pool does not know that yet, and then they hear of both at once. */
static void
test_late_orders (PoolFixture *fixture,
                  gconstpointer data)
{
  guint n_fds = 0;

  for (guint i = 0; i < 3; i++)
    {
      start (fixture);
      usher_child_kill (USHER_CHILD (fixture->pool));
      let_workers_do_what_they_were_told (fixture);
      pool_fixture_hold_workers (fixture);
      usher_acceptor_pool_set_drain_patience_msec (fixture->pool, 100 + i);
      pool_fixture_expect_exit (fixture, USHER_EXIT_KILLED);
      g_clear_pointer (&fixture->exit, usher_exit_unref);
      if (i == 0)
        n_fds = sockets_count_fds ();
      g_assert_cmpuint (sockets_count_fds (), ==, n_fds);
    }
}

/* Stuck workers. */

typedef struct
{
  GMutex lock;
  GCond changed;
  gboolean is_open;   /* (locked-by lock): whoever comes next gets stuck */
  guint n_stuck;      /* (locked-by lock) */
  gboolean may_go_on; /* (locked-by lock) */
} Jam;

static Jam jam;

/* Blocks its worker. */
static gboolean
get_stuck (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&jam.lock);

  if (!jam.is_open)
    return FALSE;

  jam.is_open = FALSE;
  jam.n_stuck++;
  while (!jam.may_go_on)
    g_cond_wait (&jam.changed, &jam.lock);
  jam.n_stuck--;

  return TRUE;
}

static gboolean
obey_or_get_stuck (UsherConnection *connection,
                   gpointer script,
                   GError **error)
{
  return get_stuck () || scripted_obey (connection, script, error);
}

static gboolean
n_stuck_is (PoolFixture *fixture,
            guint n)
{
  gboolean is_so;

  g_mutex_lock (&jam.lock);
  is_so = jam.n_stuck == n;
  g_mutex_unlock (&jam.lock);

  return is_so;
}

static void
let_go (void)
{
  g_mutex_lock (&jam.lock);
  jam.may_go_on = TRUE;
  g_cond_broadcast (&jam.changed);
  g_mutex_unlock (&jam.lock);
}

static gboolean
pool_is_gone (gpointer pool)
{
  return *(gpointer *) pool == NULL;
}

static TestClient *
jam_one (PoolFixture *fixture)
{
  TestClient *client;

  jam.is_open = TRUE;
  jam.may_go_on = FALSE;
  fixture->script.handler = obey_or_get_stuck;
  start (fixture);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_stuck_is, 1);
  return client;
}

static void
expect_report_of_the_stuck (PoolFixture *fixture)
{
  const UsherReport *report = fixture->reports->pdata[0];

  g_assert_cmpint (usher_report_get_context (report), ==, USHER_REPORT_SHUTDOWN_ERROR);
  g_assert_cmpint (usher_exit_get_kind (usher_report_get_reason (report)), ==, USHER_EXIT_KILLED);
  g_assert_nonnull (strstr (usher_report_get_detail (report), "127.0.0.1:"));
}

/* It lives on meanwhile; what the worker says when it is not stuck any more is not heard. */
static void
expect_to_end_without_it (PoolFixture *fixture,
                          TestClient *client)
{
  g_autoptr (UsherPoolStatistics) statistics = NULL;

  test_client_expect_end (client);
  expect_report_of_the_stuck (fixture);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  start (fixture);
  greet_and_leave (fixture);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  let_go ();
  pool_fixture_wait_for (fixture, n_stuck_is, 0);
  pool_fixture_wait_for (fixture, n_alive_is, 2);
  pool_fixture_settle (fixture);
  pool_fixture_stop (fixture);

  statistics = usher_acceptor_pool_get_statistics (fixture->pool);
  g_assert_cmpuint (usher_pool_statistics_get_n_exits (statistics, USHER_EXIT_KILLED), ==, 1);
  g_assert_cmpuint (usher_pool_statistics_get_n_accepted (statistics), ==, 2);
  g_assert_cmpuint (usher_pool_statistics_get_n_counted (statistics), ==, 0);
  g_assert_cmpuint (fixture->reports->len, ==, 1);
}

/* The worker has a reference on the pool until it has ended. */
static void
wait_for_pool (PoolFixture *fixture)
{
  UsherAcceptorPool *pool = fixture->pool;

  g_object_add_weak_pointer (G_OBJECT (pool), (gpointer *) &pool);
  gt_signal_logger_assert_no_emissions (fixture->logger);
  g_object_unref (fixture->pool);
  pool_fixture_iterate_until (fixture, pool_is_gone, &pool);
}

static void
tear_down_without_pool (PoolFixture *fixture,
                        gconstpointer data)
{
  wait_for_pool (fixture);
  pool_fixture_clear (fixture);
}

static void
test_stuck_at_shutdown (PoolFixture *fixture,
                        gconstpointer data)
{
  g_autoptr (TestClient) client = jam_one (fixture);

  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  iterate_pending (NULL);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  iterate_pending (NULL);
  g_assert_null (fixture->exit);
  fake_clock_advance_usec (1 * G_TIME_SPAN_SECOND);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  expect_to_end_without_it (fixture, client);
}

static void
test_stuck_at_kill (PoolFixture *fixture,
                    gconstpointer data)
{
  g_autoptr (TestClient) client = jam_one (fixture);

  usher_child_kill (USHER_CHILD (fixture->pool));
  iterate_pending (NULL);
  g_assert_null (fixture->exit);
  fake_clock_advance_usec (1 * G_TIME_SPAN_SECOND);
  pool_fixture_expect_exit (fixture, USHER_EXIT_KILLED);
  expect_to_end_without_it (fixture, client);
}

/* One worker is stuck; the other one serves. */
static void
test_others_go_on (PoolFixture *fixture,
                   gconstpointer data)
{
  g_autoptr (TestClient) stuck = jam_one (fixture);

  for (guint i = 0; i < N_CLIENTS; i++)
    greet_and_leave (fixture);
  let_go ();
  test_client_expect_end (stuck);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

/* The listen socket can be closed although a worker is stuck. */
static void
test_socket_closes_at_once (PoolFixture *fixture,
                            gconstpointer data)
{
  g_autoptr (TestClient) stuck = jam_one (fixture);
  g_autofree char *address = usher_listen_socket_dup_local_address (fixture->listen_socket);

  usher_listen_socket_close (fixture->listen_socket);
  sockets_assert_accepted (address, FALSE);
  let_go ();
  test_client_expect_end (stuck);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

#define WORKERS(path, function)                                                                                          \
  G_STMT_START                                                                                                           \
  {                                                                                                                      \
    g_test_add ("/pool-workers/" path "/on-the-loop", PoolFixture, NULL, pool_fixture_set_up_in_two_workers,             \
                function, pool_fixture_tear_down);                                                                       \
    g_test_add ("/pool-workers/" path "/in-fibers", PoolFixture, NULL, set_up_fibers, function, pool_fixture_tear_down); \
    g_test_add ("/pool-workers/" path "/in-threads", PoolFixture, NULL, pool_fixture_set_up_threads_in_two_workers,      \
                function, pool_fixture_tear_down);                                                                       \
  }                                                                                                                      \
  G_STMT_END

#define FIBERS(path, function, tear_down) \
  g_test_add ("/pool-workers/" path, PoolFixture, NULL, set_up_fibers, function, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  WORKERS ("both-serve", test_both_serve);
  WORKERS ("acceptors-are-dealt-round", test_deals_acceptors);
  WORKERS ("reports-come-in-the-context-of-the-pool", test_reports_in_its_context);
  WORKERS ("start-errors-are-judged-one-by-one", test_start_errors_are_judged);
  WORKERS ("lists-while-they-come-and-go", test_lists_while_they_come_and_go);
  WORKERS ("a-socket-goes-down-and-up", test_socket_goes_down_and_up);
  WORKERS ("change-at-the-next-start", test_changes_at_the_next_start);
  WORKERS ("without-a-thread-it-does-not-start", test_no_thread);
  FIBERS ("late-orders-leave-nothing-behind", test_late_orders, pool_fixture_tear_down);
  FIBERS ("fibers-run-in-workers", test_runs_in_workers, pool_fixture_tear_down);
  FIBERS ("a-stuck-one-keeps-nobody-else-from-being-served", test_others_go_on, pool_fixture_tear_down);
  FIBERS ("a-stuck-one-keeps-no-socket-open", test_socket_closes_at_once, pool_fixture_tear_down);
  FIBERS ("a-stuck-one-does-not-hold-up-a-shutdown", test_stuck_at_shutdown, tear_down_without_pool);
  FIBERS ("a-stuck-one-does-not-hold-up-a-kill", test_stuck_at_kill, tear_down_without_pool);

  return g_test_run ();
}
