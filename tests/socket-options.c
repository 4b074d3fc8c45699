/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/socket-options-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "acceptors/listen-socket-private.h"
#include "support/fault.h"
#include "support/listen-fixture.h"
#include "support/sockets.h"

static const struct
{
  const char *property;
  int value;
  int level;
  int option;
  int expected;
} inherited[] = {
  { "nodelay", TRUE, IPPROTO_TCP, TCP_NODELAY, 1 },
  { "keepalive", TRUE, SOL_SOCKET, SO_KEEPALIVE, 1 },
  { "keepalive-idle-sec", 123, IPPROTO_TCP, TCP_KEEPIDLE, 123 },
  { "keepalive-interval-sec", 45, IPPROTO_TCP, TCP_KEEPINTVL, 45 },
  { "keepalive-count", 6, IPPROTO_TCP, TCP_KEEPCNT, 6 },
  /* The kernel doubles these. */
  { "send-buffer-size", 16384, SOL_SOCKET, SO_SNDBUF, 32768 },
  { "receive-buffer-size", 8192, SOL_SOCKET, SO_RCVBUF, 16384 },
};

static void
open_it (ListenFixture *fixture)
{
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
}

static void
close_it (ListenFixture *fixture)
{
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

static int
get_option (int fd,
            int level,
            int option)
{
  int value = -1;
  socklen_t length = sizeof value;

  g_assert_cmpint (getsockopt (fd, level, option, &value, &length), ==, 0);
  return value;
}

static struct linger
get_linger (int fd)
{
  struct linger linger = { 0 };
  socklen_t length = sizeof linger;

  g_assert_cmpint (getsockopt (fd, SOL_SOCKET, SO_LINGER, &linger, &length), ==, 0);
  return linger;
}

static int
try_accept (ListenFixture *fixture)
{
  return accept4 (usher_listen_socket_get_fd (fixture->socket), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

/* Returns an accepted connection. */
static int
connect_and_accept (ListenFixture *fixture)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (fixture->socket);
  int client = sockets_connect (address);
  int accepted = try_accept (fixture);

  g_assert_cmpint (accepted, >=, 0);
  g_close (client, NULL);
  return accepted;
}

static void
test_inherited (ListenFixture *fixture,
                gconstpointer address)
{
  int accepted;

  for (guint i = 0; i < G_N_ELEMENTS (inherited); i++)
    g_object_set (fixture->socket, inherited[i].property, inherited[i].value, NULL);

  open_it (fixture);
  accepted = connect_and_accept (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (inherited); i++)
    g_assert_cmpint (get_option (accepted, inherited[i].level, inherited[i].option), ==, inherited[i].expected);

  g_close (accepted, NULL);
  close_it (fixture);
}

static void
test_untouched (ListenFixture *fixture,
                gconstpointer address)
{
  int fresh = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int fd;

  open_it (fixture);
  fd = usher_listen_socket_get_fd (fixture->socket);
  for (guint i = 0; i < G_N_ELEMENTS (inherited); i++)
    g_assert_cmpint (get_option (fd, inherited[i].level, inherited[i].option), ==,
                     get_option (fresh, inherited[i].level, inherited[i].option));
  g_assert_cmpint (get_option (fd, SOL_SOCKET, SO_REUSEPORT), ==, 0);
  g_assert_cmpint (get_option (fd, IPPROTO_TCP, TCP_DEFER_ACCEPT), ==, 0);
  g_assert_false (get_linger (fd).l_onoff);

  g_close (fresh, NULL);
  close_it (fixture);
}

static void
test_linger (ListenFixture *fixture,
             gconstpointer address)
{
  for (int sec = 0; sec < 3; sec++)
    {
      int accepted;

      g_object_set (fixture->socket, "linger-sec", sec, NULL);
      open_it (fixture);
      accepted = connect_and_accept (fixture);
      g_assert_true (get_linger (accepted).l_onoff);
      g_assert_cmpint (get_linger (accepted).l_linger, ==, sec);
      g_close (accepted, NULL);
      close_it (fixture);
    }
}

static void
test_defer_accept (ListenFixture *fixture,
                   gconstpointer address)
{
  g_autofree char *local_address = NULL;
  int client, accepted;

  g_object_set (fixture->socket, "defer-accept-sec", 30, NULL);
  open_it (fixture);
  local_address = usher_listen_socket_dup_local_address (fixture->socket);
  client = sockets_connect (local_address);
  g_assert_cmpint (try_accept (fixture), ==, -1);
  g_assert_cmpint (errno, ==, EAGAIN);

  g_assert_cmpint (write (client, "x", 1), ==, 1);
  accepted = try_accept (fixture);
  g_assert_cmpint (accepted, >=, 0);
  g_close (accepted, NULL);
  g_close (client, NULL);
  close_it (fixture);
}

static void
test_reuse_port (ListenFixture *fixture,
                 gconstpointer address)
{
  g_autofree char *local_address = NULL;
  g_autoptr (UsherListenSocket) second = NULL;

  g_object_set (fixture->socket, "reuse-port", TRUE, NULL);
  open_it (fixture);
  local_address = usher_listen_socket_dup_local_address (fixture->socket);
  second = usher_listen_socket_new_for_address (local_address, NULL);
  g_object_set (second, "reuse-port", TRUE, NULL);
  listen_socket_assert_opens (second);
  usher_listen_socket_close (second);
  close_it (fixture);
}

static void
test_v6only (ListenFixture *fixture,
             gconstpointer address)
{
  g_autofree char *local_address = NULL;
  g_autofree char *ipv4_address = NULL;

  g_object_set (fixture->socket, "v6only", TRUE, NULL);
  open_it (fixture);
  listen_socket_assert_serves (fixture->socket);
  local_address = usher_listen_socket_dup_local_address (fixture->socket);
  ipv4_address = g_strconcat ("tcp://127.0.0.1", strrchr (local_address, ':'), NULL);
  sockets_assert_accepted (ipv4_address, FALSE);
  close_it (fixture);
}

static void
test_next_open (ListenFixture *fixture,
                gconstpointer address)
{
  open_it (fixture);
  g_object_set (fixture->socket, "nodelay", TRUE, NULL);
  g_assert_cmpint (get_option (usher_listen_socket_get_fd (fixture->socket), IPPROTO_TCP, TCP_NODELAY), ==, 0);
  close_it (fixture);

  open_it (fixture);
  g_assert_cmpint (get_option (usher_listen_socket_get_fd (fixture->socket), IPPROTO_TCP, TCP_NODELAY), ==, 1);
  close_it (fixture);
}

static void
test_ignored (ListenFixture *fixture,
              gconstpointer address)
{
  g_object_set (fixture->socket, "nodelay", TRUE, "keepalive", TRUE, "keepalive-idle-sec", 1, "keepalive-interval-sec", 1,
                "keepalive-count", 1, "defer-accept-sec", 1, "reuse-port", TRUE, "v6only", TRUE, "linger-sec", 0,
                "send-buffer-size", 4096, "receive-buffer-size", 4096, NULL);
  open_it (fixture);
  listen_socket_assert_serves (fixture->socket);
  close_it (fixture);
}

static void
test_properties (ListenFixture *fixture,
                 gconstpointer address)
{
  gboolean nodelay;
  int linger_sec;

  g_object_get (fixture->socket, "nodelay", &nodelay, "linger-sec", &linger_sec, NULL);
  g_assert_false (nodelay);
  g_assert_cmpint (linger_sec, ==, -1);

  gt_signal_logger_connect (fixture->logger, fixture->socket, "notify");
  g_object_set (fixture->socket, "nodelay", TRUE, NULL);
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "nodelay");
  g_object_set (fixture->socket, "linger-sec", 7, NULL);
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "linger-sec");
  g_object_set (fixture->socket, "nodelay", TRUE, "linger-sec", 7, NULL);
  gt_signal_logger_assert_no_emissions (fixture->logger);

  g_object_get (fixture->socket, "nodelay", &nodelay, "linger-sec", &linger_sec, NULL);
  g_assert_true (nodelay);
  g_assert_cmpint (linger_sec, ==, 7);
}

static void
test_refused (ListenFixture *fixture,
              gconstpointer address)
{
  g_autoptr (GError) error = NULL;

  g_object_set (fixture->socket, "keepalive-count", 9, NULL);
  fault_inject (FAULT_SETSOCKOPT, 1, 1, EINVAL);
  g_assert_false (usher_listen_socket_open (fixture->socket, &error));
  fault_clear ();
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, "“keepalive-count”"));
  listen_socket_assert_closed (fixture->socket);
}

#define ADD(path, address, func) \
  g_test_add ("/socket-options/" path, ListenFixture, address, listen_fixture_set_up, func, listen_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("are-inherited-by-connections/ipv4", ANY_PORT, test_inherited);
  ADD ("are-inherited-by-connections/ipv6", "tcp://[::1]:0", test_inherited);
  ADD ("are-left-alone-by-default", ANY_PORT, test_untouched);
  ADD ("can-linger", ANY_PORT, test_linger);
  ADD ("can-defer-accept", ANY_PORT, test_defer_accept);
  ADD ("can-share-a-port", ANY_PORT, test_reuse_port);
  ADD ("can-keep-ipv4-out", "tcp://[::]:0", test_v6only);
  ADD ("wait-for-the-next-open", ANY_PORT, test_next_open);
  ADD ("are-ignored-by-unix-sockets", NULL, test_ignored);
  ADD ("are-properties", ANY_PORT, test_properties);
  ADD ("are-named-when-the-kernel-refuses-them", ANY_PORT, test_refused);

  return g_test_run ();
}
