/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fault.h"
#include "support/pool-rules.h"
#include "support/sockets.h"

/* Each system call of a pool's life fails once, in each place where it is made, with each errno;
 * afterwards the pool serves, and no descriptor is left over. */

#define MAX_PATIENCE 50

static const int any_errno[] = {
  EINTR, EAGAIN, ECONNABORTED, EPROTO, EPERM, ENETDOWN, EHOSTUNREACH, ETIMEDOUT, EMFILE, ENFILE,
  ENOBUFS, ENOMEM, ENOSPC, EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP, ENOTCONN
};

/* GLib ends the process for any other. */
static const int thread_errno[] = { EAGAIN };

typedef struct
{
  FaultCall call;
  const int *errnos;
  gsize n_errnos;
} Faulty;

#define FAULTY(call_, errnos_)                                                   \
  {                                                                              \
    .call = FAULT_##call_, .errnos = errnos_, .n_errnos = G_N_ELEMENTS (errnos_) \
  }

static const Faulty accept_faults = FAULTY (ACCEPT4, any_errno);
static const Faulty epoll_faults = FAULTY (EPOLL_CTL, any_errno);
static const Faulty getpeername_faults = FAULTY (GETPEERNAME, any_errno);
static const Faulty setsockopt_faults = FAULTY (SETSOCKOPT, any_errno);
static const Faulty fcntl_faults = FAULTY (FCNTL, any_errno);
static const Faulty thread_faults = FAULTY (PTHREAD_CREATE, thread_errno);

/* What had to fail has failed once it is opened again. */
static void
ensure_open (PoolFixture *fixture)
{
  g_autoptr (GError) error = NULL;

  if (usher_listen_socket_is_up (fixture->listen_socket) || usher_listen_socket_open (fixture->listen_socket, NULL))
    return;

  g_assert_true (usher_listen_socket_open (fixture->listen_socket, &error));
  g_assert_no_error (error);
}

typedef struct
{
  PoolFixture *fixture;
  TestClient *client;
} Attempt;

static void
look_at_crew (gpointer data,
              gpointer n_at_work)
{
  UsherCrew *crew = data;

  if (crew->sockets->len == 0 || ((UsherCrewSocket *) crew->sockets->pdata[0])->state != USHER_CREW_SOCKET_PAUSED)
    g_atomic_int_inc ((int *) n_at_work);
}

static gboolean
all_are_paused (PoolFixture *fixture)
{
  int n_at_work = 0;

  pool_fixture_visit_crews (fixture, look_at_crew, &n_at_work);
  return n_at_work == 0;
}

/* Nothing more happens by itself. */
static gboolean
is_decided (gpointer user_data)
{
  Attempt *attempt = user_data;

  return attempt->client->received->len > 0 || attempt->client->is_at_end || all_are_paused (attempt->fixture) ||
         !usher_listen_socket_is_up (attempt->fixture->listen_socket);
}

/* Clients come, and time goes by, until one of them is served. */
static void
expect_to_be_served (PoolFixture *fixture)
{
  for (guint i = 0; i < MAX_PATIENCE; i++)
    {
      g_autoptr (TestClient) client = NULL;

      ensure_open (fixture);
      client = test_client_connect (fixture->listen_socket);
      test_client_send (client, "hello");
      pool_fixture_iterate_until (fixture, is_decided, &(Attempt){ fixture, client });
      if (g_str_equal (client->received->str, "hello"))
        return;

      fake_clock_advance_usec (1 * G_TIME_SPAN_SECOND);
      pool_fixture_settle (fixture);
    }

  g_assert_not_reached ();
}

/* Without a thread for each of its workers it does not start. */
static void
ensure_started (PoolFixture *fixture)
{
  pool_fixture_begin_start (fixture);
  pool_fixture_wait_for (fixture, was_started, 0);
  if (g_error_matches (fixture->start_error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN))
    {
      g_clear_error (&fixture->start_error);
      pool_fixture_start (fixture);
    }
  g_assert_no_error (fixture->start_error);
}

static void
live (PoolFixture *fixture)
{
  usher_listen_socket_close (fixture->listen_socket);
  ensure_open (fixture);
  ensure_started (fixture);
  expect_to_be_served (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
  pool_fixture_expect_exit (fixture, USHER_EXIT_SHUTDOWN);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  usher_listen_socket_close (fixture->listen_socket);
  iterate_pending (NULL);
}

static void
fail_once (PoolFixture *fixture,
           FaultCall call,
           guint position,
           int errno_value)
{
  guint n_fds;

  n_fds = sockets_count_fds ();
  fault_inject (call, position, 1, errno_value);
  live (fixture);
  fault_clear ();
  live (fixture);
  g_assert_cmpuint (sockets_count_fds (), ==, n_fds);
  fake_clock_advance_usec (G_TIME_SPAN_MINUTE);
}

static void
test_fails_once (PoolFixture *fixture,
                 gconstpointer data)
{
  const Faulty *faulty = data;
  guint n_calls;

  g_object_set (fixture->listen_socket, "nodelay", 1, NULL);
  usher_acceptor_pool_set_intensity (fixture->pool, 0);
  live (fixture);
  fault_clear ();
  live (fixture);
  n_calls = fault_get_n_calls (faulty->call);

  for (guint position = 0; position < n_calls; position++)
    for (gsize i = 0; i < faulty->n_errnos; i++)
      fail_once (fixture, faulty->call, position, faulty->errnos[i]);
  fail_once (fixture, faulty->call, 0, faulty->errnos[0]);
}

#define FAULTS(path, faulty)                                                                                      \
  G_STMT_START                                                                                                    \
  {                                                                                                               \
    g_test_add ("/pool-faults/" path "/in-a-thread", PoolFixture, &faulty, pool_fixture_set_up_in_thread,         \
                test_fails_once, pool_fixture_tear_down);                                                         \
    g_test_add ("/pool-faults/" path "/on-the-loop", PoolFixture, &faulty, pool_fixture_set_up_on_loop,           \
                test_fails_once, pool_fixture_tear_down);                                                         \
    g_test_add ("/pool-faults/" path "/in-two-workers", PoolFixture, &faulty, pool_fixture_set_up_in_two_workers, \
                test_fails_once, pool_fixture_tear_down);                                                         \
  }                                                                                                               \
  G_STMT_END

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  FAULTS ("accept4", accept_faults);
  FAULTS ("epoll_ctl", epoll_faults);
  FAULTS ("getpeername", getpeername_faults);
  FAULTS ("setsockopt", setsockopt_faults);
  FAULTS ("fcntl", fcntl_faults);
  FAULTS ("pthread_create", thread_faults);

  return g_test_run ();
}
