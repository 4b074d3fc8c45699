/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <arpa/inet.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/pool-rules.h"
#include "usher/error.h"

#define N_CLIENTS 500
#define N_PLACES 100

static void
set_goodbye (PoolFixture *fixture)
{
  g_autoptr (GBytes) goodbye = g_bytes_new_static ("busy\n", 5);

  usher_acceptor_pool_set_goodbye (fixture->pool, goodbye);
}

static GPtrArray *
connect_many (PoolFixture *fixture,
              guint n)
{
  GPtrArray *clients = g_ptr_array_new_with_free_func ((GDestroyNotify) test_client_free);

  for (guint i = 0; i < n; i++)
    {
      TestClient *client = test_client_connect (fixture->listen_socket);

      test_client_send (client, "hello");
      g_ptr_array_add (clients, client);
    }

  return clients;
}

static guint64
get_n_refused (PoolFixture *fixture,
               UsherRefusal reason)
{
  g_autoptr (UsherPoolStatistics) statistics = usher_acceptor_pool_get_statistics (fixture->pool);

  return usher_pool_statistics_get_n_refused (statistics, reason);
}

static guint
get_n_counted (PoolFixture *fixture)
{
  g_autoptr (UsherPoolStatistics) statistics = usher_acceptor_pool_get_statistics (fixture->pool);

  return usher_pool_statistics_get_n_counted (statistics);
}

static void
leave (PoolFixture *fixture,
       TestClient *client)
{
  guint n = usher_acceptor_pool_get_n_connections (fixture->pool);

  test_client_reset (client);
  pool_fixture_wait_for (fixture, n_connections_is, n - 1);
}

static void
greet_and_leave (PoolFixture *fixture)
{
  g_autoptr (TestClient) client = pool_fixture_greet (fixture);

  leave (fixture, client);
}

typedef struct
{
  PoolFixture *fixture;
  GPtrArray *clients;
} Crowd;

/* Those who have been served stay until all places are taken, or nobody else comes. */
static gboolean
all_are_served (gpointer user_data)
{
  Crowd *crowd = user_data;
  gboolean is_full = n_connections_is (crowd->fixture, N_PLACES);
  guint n_answered = 0, n_gone = 0;

  for (guint i = 0; i < crowd->clients->len; i++)
    n_answered += ((TestClient *) crowd->clients->pdata[i])->received->len > 0;

  for (guint i = 0; i < crowd->clients->len; i++)
    {
      TestClient *client = crowd->clients->pdata[i];

      n_gone += client->is_at_end;
      if (g_str_equal (client->received->str, "hello") &&
          (is_full || n_answered == N_CLIENTS))
        {
          g_string_append (client->received, " and goodbye");
          test_client_send (client, "quit");
        }
    }

  return n_gone == N_CLIENTS;
}

static void
test_queues (PoolFixture *fixture,
             gconstpointer data)
{
  g_autoptr (GPtrArray) clients = NULL;

  usher_acceptor_pool_set_max_connections (fixture->pool, N_PLACES);
  /* Every place is taken again at once: those who stay wait for all of them to be taken. */
  usher_acceptor_pool_set_low_watermark (fixture->pool, N_PLACES - 1);
  pool_fixture_start (fixture);
  clients = connect_many (fixture, N_CLIENTS);
  pool_fixture_iterate_until (fixture, all_are_served, &(Crowd){ fixture, clients });
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  g_assert_cmpint (fixture->script.max_serving, <=, N_PLACES);
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_LIMIT), ==, 0);
  g_assert_cmpuint (get_n_counted (fixture), ==, 0);
  pool_fixture_stop (fixture);
}

static gboolean
all_are_answered (gpointer clients)
{
  for (guint i = 0; i < N_CLIENTS; i++)
    if (((TestClient *) ((GPtrArray *) clients)->pdata[i])->received->len < 5)
      return FALSE;
  return TRUE;
}

static void
test_rejects (PoolFixture *fixture,
              gconstpointer data)
{
  g_autoptr (GPtrArray) clients = NULL;
  guint n_busy = 0;

  usher_acceptor_pool_set_max_connections (fixture->pool, N_PLACES);
  usher_acceptor_pool_set_at_limit (fixture->pool, USHER_AT_LIMIT_REJECT);
  set_goodbye (fixture);
  pool_fixture_start (fixture);
  clients = connect_many (fixture, N_CLIENTS);
  pool_fixture_iterate_until (fixture, all_are_answered, clients);
  for (guint i = 0; i < N_CLIENTS; i++)
    {
      TestClient *client = clients->pdata[i];

      n_busy += g_str_equal (client->received->str, "busy\n");
      g_assert_cmpint (client->error, ==, 0);
    }
  g_assert_cmpuint (n_busy, ==, N_CLIENTS - N_PLACES);
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_LIMIT), ==, N_CLIENTS - N_PLACES);
  g_assert_cmpint (fixture->script.max_serving, ==, N_PLACES);
  pool_fixture_stop (fixture);
}

static gboolean
n_held_is (PoolFixture *fixture,
           guint n)
{
  g_autoptr (UsherPoolStatistics) statistics = usher_acceptor_pool_get_statistics (fixture->pool);

  return usher_pool_statistics_get_n_held (statistics) == n;
}

static gboolean
one_is_answered (gpointer clients)
{
  TestClient *first = ((GPtrArray *) clients)->pdata[0];
  TestClient *second = ((GPtrArray *) clients)->pdata[1];

  return first->received->len > 0 || second->received->len > 0;
}

static void
test_waits (PoolFixture *fixture,
            gconstpointer data)
{
  g_autoptr (TestClient) first = NULL;
  g_autoptr (GPtrArray) others = NULL;
  guint next;

  usher_acceptor_pool_set_max_connections (fixture->pool, 1);
  usher_acceptor_pool_set_at_limit (fixture->pool, USHER_AT_LIMIT_WAIT);
  usher_acceptor_pool_set_at_limit_wait_msec (fixture->pool, 500);
  set_goodbye (fixture);
  pool_fixture_start (fixture);
  first = pool_fixture_greet (fixture);
  others = connect_many (fixture, 2);
  pool_fixture_wait_for (fixture, n_held_is, 2);
  fake_clock_advance_usec (499 * G_TIME_SPAN_MILLISECOND);
  pool_fixture_settle (fixture);
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_LIMIT), ==, 0);

  /* The one who came first gets the place, in each worker; the other's time is over. */
  test_client_reset (first);
  iterate_until (NULL, one_is_answered, others);
  next = ((TestClient *) others->pdata[1])->received->len > 0;
  g_assert_true (next == 0 || fixture->n_workers > 0);
  test_client_expect (others->pdata[next], "hello");
  fake_clock_advance_usec (1 * G_TIME_SPAN_MILLISECOND);
  test_client_expect (others->pdata[1 - next], "busy\n");
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_LIMIT), ==, 1);
  g_assert_cmpint (fixture->script.max_serving, ==, 1);
  leave (fixture, others->pdata[next]);
  pool_fixture_stop (fixture);
}

static void
test_refuses_those_who_wait_at_the_end (PoolFixture *fixture,
                                        gconstpointer data)
{
  g_autoptr (TestClient) first = NULL;
  g_autoptr (GPtrArray) others = NULL;

  usher_acceptor_pool_set_max_connections (fixture->pool, 1);
  usher_acceptor_pool_set_at_limit (fixture->pool, USHER_AT_LIMIT_WAIT);
  set_goodbye (fixture);
  pool_fixture_start (fixture);
  first = pool_fixture_greet (fixture);
  others = connect_many (fixture, 3);
  pool_fixture_wait_for (fixture, n_held_is, 3);
  pool_fixture_stop (fixture);
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_DRAINING), ==, 3);
  for (guint i = 0; i < others->len; i++)
    test_client_expect (others->pdata[i], "busy\n");
}

static void
test_low_watermark (PoolFixture *fixture,
                    gconstpointer data)
{
  g_autoptr (GPtrArray) clients = NULL;

  usher_acceptor_pool_set_max_connections (fixture->pool, 8);
  usher_acceptor_pool_set_low_watermark (fixture->pool, 4);
  pool_fixture_start (fixture);
  clients = connect_many (fixture, 10);
  pool_fixture_wait_for (fixture, n_connections_is, 8);
  /* Those who wait find no place, and are starved from then on. */
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  pool_fixture_settle (fixture);
  for (guint i = 0; i < 3; i++)
    {
      leave (fixture, clients->pdata[i]);
      pool_fixture_settle (fixture);
      g_assert_true (n_connections_is (fixture, 7 - i));
    }
  test_client_reset (clients->pdata[3]);
  pool_fixture_wait_for (fixture, n_connections_is, 6);
  pool_fixture_stop (fixture);
}

static void
test_follows_a_change (PoolFixture *fixture,
                       gconstpointer data)
{
  g_autoptr (GPtrArray) clients = NULL;

  usher_acceptor_pool_set_max_connections (fixture->pool, 1);
  pool_fixture_start (fixture);
  clients = connect_many (fixture, 4);
  pool_fixture_wait_for (fixture, n_connections_is, 1);
  pool_fixture_settle (fixture);
  g_assert_true (n_connections_is (fixture, 1));
  usher_acceptor_pool_set_max_connections (fixture->pool, 3);
  pool_fixture_wait_for (fixture, n_connections_is, 3);

  usher_acceptor_pool_set_max_connections (fixture->pool, 1);
  leave (fixture, clients->pdata[0]);
  leave (fixture, clients->pdata[1]);
  pool_fixture_settle (fixture);
  g_assert_true (n_connections_is (fixture, 1));
  test_client_reset (clients->pdata[2]);
  test_client_expect (clients->pdata[3], "hello");
  g_assert_true (n_connections_is (fixture, 1));
  pool_fixture_stop (fixture);
}

static void
test_removes_a_connection (PoolFixture *fixture,
                           gconstpointer data)
{
  g_autoptr (TestClient) subscriber = NULL;
  g_autoptr (TestClient) next = NULL;
  g_autoptr (GPtrArray) children = NULL;
  UsherConnection *connection;

  usher_acceptor_pool_set_max_connections (fixture->pool, 1);
  pool_fixture_start (fixture);
  subscriber = pool_fixture_greet (fixture);
  children = usher_acceptor_pool_which_children (fixture->pool);
  connection = usher_connection_info_get_connection (children->pdata[0]);
  g_assert_true (usher_acceptor_pool_remove_connection (fixture->pool, connection));
  g_assert_false (usher_acceptor_pool_remove_connection (fixture->pool, connection));
  g_assert_cmpuint (get_n_counted (fixture), ==, 0);
  g_clear_pointer (&children, g_ptr_array_unref);

  next = pool_fixture_greet (fixture);
  g_assert_true (n_connections_is (fixture, 2));
  /* It is told like all others. */
  pool_fixture_stop (fixture);
  test_client_expect_end (subscriber);
  test_client_expect_end (next);
  g_assert_cmpuint (get_n_counted (fixture), ==, 0);
}

/* An acceptor that becomes a subscription, in its own thread. */
static gboolean
subscribe (UsherConnection *connection,
           gpointer script,
           GError **error)
{
  g_autoptr (UsherAcceptorPool) pool = usher_connection_dup_pool (connection);

  usher_acceptor_pool_remove_connection (pool, connection);
  g_clear_object (&pool);
  return scripted_obey (connection, script, error);
}

static void
test_a_handler_reaches_its_pool (PoolFixture *fixture,
                                 gconstpointer data)
{
  fixture->script.handler = subscribe;
  fixture->script.is_polite = TRUE;
  usher_acceptor_pool_set_max_connections (fixture->pool, 1);
  pool_fixture_start (fixture);
  for (guint i = 0; i < 5; i++)
    test_client_free (pool_fixture_greet (fixture));
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  g_assert_cmpuint (get_n_counted (fixture), ==, 0);
  pool_fixture_stop (fixture);
}

/* A client that comes from another address of this machine. */
static int
connect_from (PoolFixture *fixture,
              const char *address)
{
  g_autofree char *local = usher_listen_socket_dup_local_address (fixture->listen_socket);
  struct sockaddr_in from = { .sin_family = AF_INET };
  struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  to.sin_port = htons (atoi (strrchr (local, ':') + 1));
  g_assert_cmpint (inet_pton (AF_INET, address, &from.sin_addr), ==, 1);
  g_assert_no_errno (bind (fd, (struct sockaddr *) &from, sizeof from));
  g_assert_no_errno (connect (fd, (struct sockaddr *) &to, sizeof to));

  return fd;
}

static void
test_limits_each_peer (PoolFixture *fixture,
                       gconstpointer data)
{
  g_autoptr (TestClient) first = NULL;
  g_autoptr (TestClient) second = NULL;
  int other;

  usher_acceptor_pool_set_max_connections_per_peer (fixture->pool, 1);
  set_goodbye (fixture);
  pool_fixture_start (fixture);
  first = pool_fixture_greet (fixture);
  second = test_client_connect (fixture->listen_socket);
  test_client_expect (second, "busy\n");
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_PEER), ==, 1);
  g_assert_cmpuint (get_n_counted (fixture), ==, 1);

  other = connect_from (fixture, "127.0.0.2");
  pool_fixture_wait_for (fixture, n_connections_is, 2);
  close (other);
  pool_fixture_wait_for (fixture, n_connections_is, 1);
  leave (fixture, first);
  greet_and_leave (fixture);
  pool_fixture_stop (fixture);
}

static void
test_limits_each_user (PoolFixture *fixture,
                       gconstpointer data)
{
  g_autoptr (UsherListenSocket) socket = NULL;
  g_autoptr (TestClient) first = NULL;
  g_autoptr (TestClient) second = NULL;
  g_autofree char *address = g_strdup_printf ("unix-abstract:usher-test-%d", (int) getpid ());

  socket = usher_listen_socket_new_for_address (address, NULL);
  g_assert_true (usher_listen_socket_open (socket, NULL));
  g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool, socket, 1, NULL));
  usher_acceptor_pool_set_max_connections_per_user (fixture->pool, 1);
  set_goodbye (fixture);
  pool_fixture_start (fixture);
  first = test_client_connect (socket);
  test_client_send (first, "hello");
  test_client_expect (first, "hello");
  second = test_client_connect (socket);
  test_client_expect (second, "busy\n");
  g_assert_cmpuint (get_n_refused (fixture, USHER_REFUSAL_USER), ==, 1);
  greet_and_leave (fixture);
  pool_fixture_stop (fixture);
}

static void
test_suspends (PoolFixture *fixture,
               gconstpointer data)
{
  g_autoptr (TestClient) here = NULL;
  g_autoptr (TestClient) client = NULL;

  fixture->script.accept_timeout_msec = 1000;
  pool_fixture_start (fixture);
  here = pool_fixture_greet (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  usher_acceptor_pool_suspend (fixture->pool);
  g_assert_true (usher_acceptor_pool_is_suspended (fixture->pool));
  pool_fixture_settle (fixture);
  client = test_client_connect (fixture->listen_socket);
  test_client_send (client, "hello");
  fake_clock_advance_usec (G_TIME_SPAN_HOUR);
  pool_fixture_settle (fixture);
  g_assert_true (n_connections_is (fixture, 1));
  g_assert_true (n_waiting_is (fixture, 2));
  g_assert_true (n_terminates_is (fixture, 0));
  g_assert_cmpint (g_atomic_int_get (&fixture->script.n_inits), ==, 3);
  test_client_send (here, "still here");
  test_client_expect (here, "still here");

  usher_acceptor_pool_resume (fixture->pool);
  test_client_expect (client, "hello");
  pool_fixture_stop (fixture);
}

static gboolean
n_accepted_is (PoolFixture *fixture,
               guint n)
{
  g_autoptr (UsherPoolStatistics) statistics = usher_acceptor_pool_get_statistics (fixture->pool);

  return usher_pool_statistics_get_n_accepted (statistics) == n;
}

static gboolean
serves (PoolFixture *fixture,
        UsherListenSocket *socket)
{
  g_autoptr (GPtrArray) children = usher_acceptor_pool_which_children (fixture->pool);

  return children->len > 0 && usher_connection_info_get_listen_socket (children->pdata[0]) == socket;
}

static void
test_is_fair_among_sockets (PoolFixture *fixture,
                            gconstpointer data)
{
  g_autoptr (UsherListenSocket) second = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", NULL);
  g_autoptr (GPtrArray) hogs = NULL;
  g_autoptr (TestClient) modest = NULL;
  guint n_turns = 0;

  g_assert_true (usher_listen_socket_open (second, NULL));
  g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool, second, 1, NULL));
  usher_acceptor_pool_set_max_connections (fixture->pool, 1);
  pool_fixture_start (fixture);
  hogs = connect_many (fixture, 20);
  modest = test_client_connect (second);
  test_client_send (modest, "hello");
  pool_fixture_wait_for (fixture, n_connections_is, 1);
  pool_fixture_wait_for (fixture, n_waiting_is, 2 + pool_fixture_deal (fixture, 1));
  while (!serves (fixture, second))
    {
      g_assert_cmpuint (n_turns, <, 4);
      test_client_reset (hogs->pdata[n_turns++]);
      pool_fixture_wait_for (fixture, n_accepted_is, n_turns + 1);
      pool_fixture_wait_for (fixture, n_waiting_is, 2 + pool_fixture_deal (fixture, 1));
    }
  pool_fixture_stop (fixture);
}

static void
test_refuses_a_limit_of_0 (PoolFixture *fixture,
                           gconstpointer data)
{
  const char *const limits[] = { "max-connections", "max-connections-per-peer", "max-connections-per-user", "max-handshakes" };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      g_object_set (fixture->pool, limits[i], 0, NULL);
      pool_fixture_begin_start (fixture);
      pool_fixture_wait_for (fixture, was_started, 0);
      g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (fixture->start_error->message, limits[i]));
      g_clear_error (&fixture->start_error);
      g_object_set (fixture->pool, limits[i], G_MAXUINT, NULL);
    }

  usher_acceptor_pool_set_at_limit_wait_msec (fixture->pool, 0);
  usher_acceptor_pool_set_at_limit (fixture->pool, USHER_AT_LIMIT_WAIT);
  pool_fixture_begin_start (fixture);
  pool_fixture_wait_for (fixture, was_started, 0);
  g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->start_error->message, "USHER_AT_LIMIT_REJECT"));
}

static guint64
get_bytes_sent (PoolFixture *fixture)
{
  guint64 bytes_sent;

  g_object_get (fixture->pool, "bytes-sent", &bytes_sent, NULL);
  return bytes_sent;
}

static void
assert_line (const UsherPoolStatistics *statistics)
{
  g_autofree char *line = usher_pool_statistics_to_string (statistics);

  g_assert_cmpstr (line, ==,
                   "connections=1 counted=1 waiting=2 held=0 queue-depth=0 accepted=4 "
                   "refused-limit=0 refused-peer=0 refused-user=0 refused-draining=0 "
                   "accept-errors-peer=0 accept-errors-resource=0 accept-errors-listen-socket=0 "
                   "exits-normal=1 exits-shutdown=1 exits-error=1 exits-killed=0 "
                   "peer-failures=1 start-errors=0 ignored=0 accept-timeouts=0 restarts=1 "
                   "bytes-received=29 bytes-sent=20");
}

static void
test_counts (PoolFixture *fixture,
             gconstpointer data)
{
  g_autoptr (UsherPoolStatistics) statistics = NULL;
  g_autoptr (TestClient) quitting = NULL;
  g_autoptr (TestClient) crashing = NULL;
  g_autoptr (TestClient) staying = NULL;
  guint64 n_accepted, n_failed;

  usher_acceptor_pool_set_restart (fixture->pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool, 5);
  pool_fixture_start (fixture);
  greet_and_leave (fixture);
  quitting = pool_fixture_greet (fixture);
  test_client_send (quitting, "quit");
  test_client_expect_end (quitting);
  crashing = pool_fixture_greet (fixture);
  test_client_send (crashing, "crash");
  pool_fixture_wait_for (fixture, n_reports_is, 1);
  staying = pool_fixture_greet (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  /* A thread counts what it has sent, when the client may have it already. */
  while (get_bytes_sent (fixture) < 4 * strlen ("hello"))
    g_thread_yield ();

  pool_fixture_settle (fixture);
  statistics = usher_acceptor_pool_get_statistics (fixture->pool);
  g_assert_cmpuint (usher_pool_statistics_get_n_accepted (statistics), ==, 4);
  g_assert_cmpuint (usher_pool_statistics_get_n_exits (statistics, USHER_EXIT_NORMAL), ==, 1);
  g_assert_cmpuint (usher_pool_statistics_get_n_exits (statistics, USHER_EXIT_SHUTDOWN), ==, 1);
  g_assert_cmpuint (usher_pool_statistics_get_n_exits (statistics, USHER_EXIT_ERROR), ==, 1);
  g_assert_cmpuint (usher_pool_statistics_get_n_peer_failures (statistics), ==, 1);
  g_assert_cmpuint (usher_pool_statistics_get_n_restarts (statistics), ==, 1);
  g_assert_cmpuint (usher_pool_statistics_get_n_connections (statistics), ==, 1);
  g_assert_cmpuint (usher_pool_statistics_get_n_counted (statistics), ==, 1);
  g_assert_cmpuint (usher_pool_statistics_get_n_waiting (statistics), ==, 2);
  g_assert_cmpuint (usher_pool_statistics_get_queue_depth (statistics), ==, 0);
  g_assert_cmpuint (usher_pool_statistics_get_bytes_received (statistics), ==, 4 * strlen ("hello") + strlen ("quit") + strlen ("crash"));
  g_assert_cmpuint (usher_pool_statistics_get_bytes_sent (statistics), ==, 4 * strlen ("hello"));
  assert_line (statistics);
  g_object_get (fixture->pool, "n-accepted", &n_accepted, "n-failed", &n_failed, NULL);
  g_assert_cmpuint (n_accepted, ==, 4);
  g_assert_cmpuint (n_failed, ==, 1);
  g_assert_cmpuint (get_bytes_sent (fixture), ==, 4 * strlen ("hello"));
  pool_fixture_stop (fixture);
}

#define LIMIT(name, function) POOL_CASE ("/pool-limits/" name, function)

/* Every client is a descriptor here, and another in the pool. */
static void
raise_descriptor_limit (void)
{
  struct rlimit limit;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  limit.rlim_cur = limit.rlim_max;
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  raise_descriptor_limit ();

  LIMIT ("queues-500-clients-for-100-places", test_queues);
  LIMIT ("rejects-400-of-500-clients-with-a-goodbye", test_rejects);
  LIMIT ("lets-them-wait-and-then-rejects-them", test_waits);
  LIMIT ("refuses-those-who-wait-when-it-ends", test_refuses_those_who_wait_at_the_end);
  LIMIT ("goes-on-at-the-low-watermark", test_low_watermark);
  LIMIT ("follows-a-change", test_follows_a_change);
  LIMIT ("takes-a-connection-out-of-the-count", test_removes_a_connection);
  g_test_add ("/pool-limits/a-handler-reaches-its-pool", PoolFixture, NULL, pool_fixture_set_up_in_thread,
              test_a_handler_reaches_its_pool, pool_fixture_tear_down);
  g_test_add ("/pool-limits/a-handler-reaches-its-pool/in-two-workers", PoolFixture, NULL,
              pool_fixture_set_up_threads_in_two_workers, test_a_handler_reaches_its_pool, pool_fixture_tear_down);
  LIMIT ("limits-each-peer", test_limits_each_peer);
  LIMIT ("limits-each-user", test_limits_each_user);
  LIMIT ("suspends-without-closing-the-port", test_suspends);
  LIMIT ("is-fair-among-sockets", test_is_fair_among_sockets);
  LIMIT ("refuses-a-limit-of-0", test_refuses_a_limit_of_0);
  LIMIT ("counts", test_counts);

  return g_test_run ();
}
