/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "acceptors/listen-socket-private.h"
#include "runtime/fiber-private.h"
#include "support/async-echo.h"
#include "support/pool-fixture.h"
#include "support/sockets.h"

/* How often a connection makes the server call the kernel. A call more is a fault here, however
 * fast the machine is. */

#define N_CLIENTS 256

typedef enum
{
  CALL_ACCEPT4,
  CALL_CLOSE,
  CALL_EPOLL_CTL,
  CALL_RECV,
  CALL_SEND,
  /* Those that serve many connections at a time. */
  CALL_EPOLL_WAIT,
  CALL_POLL,
  /* Those that nobody should need. */
  CALL_EVENTFD,
  CALL_FCNTL,
  CALL_GETPEERNAME,
  CALL_GETSOCKNAME,
  CALL_GETSOCKOPT,
  CALL_READ,
  CALL_SETSOCKOPT,
  CALL_SHUTDOWN,
  CALL_WRITE,
  CALL_LAST = CALL_WRITE,
} Call;

static int n_calls[CALL_LAST + 1]; /* (atomic) */

/* These stand before the C library's, for Usher and for GLib. */

#define COUNTED(call, ...) (g_atomic_int_inc (&n_calls[call]), syscall (__VA_ARGS__))

int
accept4 (int fd,
         __SOCKADDR_ARG address,
         socklen_t *length,
         int flags)
{
  return COUNTED (CALL_ACCEPT4, SYS_accept4, fd, address, length, flags);
}

int
close (int fd)
{
  return COUNTED (CALL_CLOSE, SYS_close, fd);
}

int
epoll_ctl (int epoll_fd,
           int operation,
           int fd,
           struct epoll_event *event)
{
  return COUNTED (CALL_EPOLL_CTL, SYS_epoll_ctl, epoll_fd, operation, fd, event);
}

ssize_t
recv (int fd,
      void *buffer,
      size_t size,
      int flags)
{
  return COUNTED (CALL_RECV, SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
}

ssize_t
send (int fd,
      const void *buffer,
      size_t size,
      int flags)
{
  return COUNTED (CALL_SEND, SYS_sendto, fd, buffer, size, flags, NULL, 0);
}

int
epoll_wait (int epoll_fd,
            struct epoll_event *events,
            int n_events,
            int timeout_msec)
{
  return COUNTED (CALL_EPOLL_WAIT, SYS_epoll_pwait, epoll_fd, events, n_events, timeout_msec, NULL, 0);
}

int
poll (struct pollfd *fds,
      nfds_t n_fds,
      int timeout_msec)
{
  struct timespec timeout = { timeout_msec / 1000, timeout_msec % 1000 * 1000000 };

  return COUNTED (CALL_POLL, SYS_ppoll, fds, n_fds, timeout_msec >= 0 ? &timeout : NULL, NULL, 0);
}

int
eventfd (unsigned int value,
         int flags)
{
  return COUNTED (CALL_EVENTFD, SYS_eventfd2, value, flags);
}

int
fcntl (int fd,
       int command,
       ...)
{
  va_list arguments;
  gpointer argument;

  va_start (arguments, command);
  argument = va_arg (arguments, gpointer);
  va_end (arguments);

  return COUNTED (CALL_FCNTL, SYS_fcntl, fd, command, argument);
}

int
getpeername (int fd,
             __SOCKADDR_ARG address,
             socklen_t *length)
{
  return COUNTED (CALL_GETPEERNAME, SYS_getpeername, fd, address, length);
}

int
getsockname (int fd,
             __SOCKADDR_ARG address,
             socklen_t *length)
{
  return COUNTED (CALL_GETSOCKNAME, SYS_getsockname, fd, address, length);
}

int
getsockopt (int fd,
            int level,
            int name,
            void *value,
            socklen_t *length)
{
  return COUNTED (CALL_GETSOCKOPT, SYS_getsockopt, fd, level, name, value, length);
}

ssize_t
read (int fd,
      void *buffer,
      size_t size)
{
  return COUNTED (CALL_READ, SYS_read, fd, buffer, size);
}

int
setsockopt (int fd,
            int level,
            int name,
            const void *value,
            socklen_t length)
{
  return COUNTED (CALL_SETSOCKOPT, SYS_setsockopt, fd, level, name, value, length);
}

int
shutdown (int fd,
          int how)
{
  return COUNTED (CALL_SHUTDOWN, SYS_shutdown, fd, how);
}

ssize_t
write (int fd,
       const void *buffer,
       size_t size)
{
  return COUNTED (CALL_WRITE, SYS_write, fd, buffer, size);
}

/* The server is iterated alone, so that what is called meanwhile is its own doing. */

static gboolean
all_are_answered (PoolFixture *fixture)
{
  return n_calls[CALL_SEND] == 2 * N_CLIENTS;
}

static gboolean
all_are_gone (PoolFixture *fixture)
{
  return usher_acceptor_pool_get_n_connections (fixture->pool) == 0;
}

static gboolean
all_have_been_here (PoolFixture *fixture)
{
  return all_are_answered (fixture) && all_are_gone (fixture);
}

static void
serve_and_count (PoolFixture *fixture,
                 gboolean (*is_done) (PoolFixture *fixture),
                 guint totals[CALL_LAST + 1])
{
  int before[CALL_LAST + 1];

  memcpy (before, n_calls, sizeof before);
  while (!is_done (fixture))
    g_main_context_iteration (NULL, TRUE);

  for (guint i = 0; i <= CALL_LAST; i++)
    totals[i] += n_calls[i] - before[i];
}

/* Each has sent a byte, and the server's kernel has it. */
static GArray *
connect_clients (PoolFixture *fixture)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (fixture->listen_socket);
  GArray *clients = sockets_fill_queue (usher_listen_socket_get_fd (fixture->listen_socket), address, N_CLIENTS);

  for (guint i = 0; i < clients->len; i++)
    {
      int fd = g_array_index (clients, int, i);
      int n_under_way = 1;

      g_assert_cmpint (send (fd, "?", 1, MSG_NOSIGNAL), ==, 1);
      while (n_under_way > 0)
        g_assert_no_errno (ioctl (fd, SIOCOUTQ, &n_under_way));
    }

  return clients;
}

static GArray *
start_with_clients (PoolFixture *fixture)
{
  memset (n_calls, 0, sizeof n_calls);
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  iterate_pending (NULL);
  return connect_clients (fixture);
}

static void
check_others (const guint totals[CALL_LAST + 1])
{
  g_assert_cmpuint (totals[CALL_ACCEPT4], <=, N_CLIENTS + 1);
  g_assert_cmpuint (totals[CALL_SEND], ==, N_CLIENTS);
  g_assert_cmpuint (totals[CALL_CLOSE], ==, N_CLIENTS);
  g_assert_cmpuint (totals[CALL_POLL] + totals[CALL_EPOLL_WAIT], <, N_CLIENTS / 4);
  for (guint i = CALL_EVENTFD; i <= CALL_LAST; i++)
    g_assert_cmpuint (totals[i], ==, 0);
}

/* One connection in so many is read from a second time at once, to learn whether that pays. */
#define CONNECTIONS_PER_TRY 64

/* accept4, recv, send, epoll_ctl, recv, close: what a server by hand calls, too. The rest is for many
 * connections at a time, but for the last accept4 of each crowd, which finds nobody. */
static void
test_connect_echo_close (PoolFixture *fixture,
                         gconstpointer data)
{
  guint totals[CALL_LAST + 1] = { 0 };
  GArray *clients = start_with_clients (fixture);

  serve_and_count (fixture, all_are_answered, totals);
  sockets_close_all (clients);
  serve_and_count (fixture, all_are_gone, totals);

  g_assert_cmpuint (totals[CALL_RECV], ==, 2 * N_CLIENTS + N_CLIENTS / CONNECTIONS_PER_TRY);
  g_assert_cmpuint (totals[CALL_EPOLL_CTL], ==, N_CLIENTS);
  check_others (totals);

  pool_fixture_stop (fixture);
}

/* accept4, recv, send, recv, close. */
static void
test_those_who_leave_at_once (PoolFixture *fixture,
                              gconstpointer data)
{
  guint totals[CALL_LAST + 1] = { 0 };
  GArray *clients = start_with_clients (fixture);

  for (guint i = 0; i < clients->len; i++)
    g_assert_no_errno (shutdown (g_array_index (clients, int, i), SHUT_WR));
  serve_and_count (fixture, all_have_been_here, totals);
  sockets_close_all (clients);

  g_assert_cmpuint (totals[CALL_RECV], ==, 2 * N_CLIENTS);
  g_assert_cmpuint (totals[CALL_EPOLL_CTL], ==, 0);
  check_others (totals);

  pool_fixture_stop (fixture);
}

static void
set_up_in_fibers (PoolFixture *fixture,
                  gconstpointer data)
{
  fake_clock_install ();
  pool_fixture_set_up (fixture, usher_acceptor_pool_new_for_func ("test", scripted_echo, NULL, NULL));
  usher_acceptor_pool_set_execution (fixture->pool, USHER_EXECUTION_FIBER);
}

static void
set_up_on_loop (PoolFixture *fixture,
                gconstpointer data)
{
  fake_clock_install ();
  pool_fixture_set_up (fixture, usher_acceptor_pool_new ("test", TEST_TYPE_ASYNC_ECHO));
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/system-calls/six-a-connection/on-the-loop", PoolFixture, NULL, set_up_on_loop, test_connect_echo_close,
              pool_fixture_tear_down);
  g_test_add ("/system-calls/five-for-one-that-leaves/on-the-loop", PoolFixture, NULL, set_up_on_loop,
              test_those_who_leave_at_once, pool_fixture_tear_down);
  if (usher_fiber_is_supported (NULL))
    {
      g_test_add ("/system-calls/six-a-connection/in-fibers", PoolFixture, NULL, set_up_in_fibers,
                  test_connect_echo_close, pool_fixture_tear_down);
      g_test_add ("/system-calls/five-for-one-that-leaves/in-fibers", PoolFixture, NULL, set_up_in_fibers,
                  test_those_who_leave_at_once, pool_fixture_tear_down);
    }

  return g_test_run ();
}
