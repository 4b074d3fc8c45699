/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/accept-queue-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/socket.h>

#include "acceptors/kernel-socket-private.h"
#include "support/fault.h"
#include "support/sockets.h"

#define LIMIT 8

typedef struct
{
  UsherKernelSocket socket;
  guint n_fds;
} Fixture;

/* `address` is (nullable): NULL for an abstract Unix socket. */
static void
set_up (Fixture *fixture,
        gconstpointer address)
{
  g_autofree char *abstract = sockets_make_abstract_address ();
  g_autoptr (GError) error = NULL;

  fixture->n_fds = sockets_count_fds ();
  fixture->socket = (UsherKernelSocket) USHER_KERNEL_SOCKET_INIT;
  usher_kernel_socket_open (&fixture->socket, address != NULL ? address : abstract, LIMIT, &error);
  g_assert_no_error (error);
}

static void
tear_down (Fixture *fixture,
           gconstpointer address)
{
  fault_clear ();
  usher_kernel_socket_close (&fixture->socket);
  g_assert_cmpuint (sockets_count_fds (), ==, fixture->n_fds);
}

static void
assert_queue (Fixture *fixture,
              int depth,
              gint64 n_dropped)
{
  UsherAcceptQueue queue = usher_accept_queue_read (fixture->socket.fd);

  g_assert_cmpint (queue.depth, ==, depth);
  g_assert_cmpint (queue.limit, ==, LIMIT);
  g_assert_cmpint (queue.n_dropped, ==, n_dropped);
}

static void
test_depth (Fixture *fixture,
            gconstpointer address)
{
  gint64 n_dropped = address != NULL ? 0 : -1;
  GArray *clients;

  assert_queue (fixture, 0, n_dropped);
  clients = sockets_fill_queue (fixture->socket.fd, fixture->socket.local_address, 5);
  assert_queue (fixture, 5, n_dropped);

  for (int depth = 4; depth >= 0; depth--)
    {
      g_close (accept4 (fixture->socket.fd, NULL, NULL, SOCK_CLOEXEC), NULL);
      assert_queue (fixture, depth, n_dropped);
    }
  sockets_close_all (clients);
}

/* One more than the limit fits in. */
static void
test_drops (Fixture *fixture,
            gconstpointer address)
{
  GArray *clients = sockets_fill_queue (fixture->socket.fd, fixture->socket.local_address, LIMIT + 1);

  assert_queue (fixture, LIMIT + 1, 0);
  sockets_overflow_queue (fixture->socket.fd, fixture->socket.local_address, 3);
  assert_queue (fixture, LIMIT + 1, 3);
  sockets_close_all (clients);
}

static void
assert_unknown (int fd)
{
  UsherAcceptQueue queue = usher_accept_queue_read (fd);

  g_assert_cmpint (queue.depth, ==, -1);
  g_assert_cmpint (queue.limit, ==, -1);
  g_assert_cmpint (queue.n_dropped, ==, -1);
}

static void
test_unknown (Fixture *fixture,
              gconstpointer address)
{
  guint n_fds = sockets_count_fds ();

  assert_unknown (-1);
  assert_unknown (12345);
  for (guint n_good = 0; n_good < 2; n_good++)
    {
      fault_inject (address != NULL || n_good == 0 ? FAULT_GETSOCKOPT : FAULT_SOCKET, address != NULL ? n_good : 0, 1, ENOBUFS);
      assert_unknown (fixture->socket.fd);
    }
  g_assert_cmpuint (sockets_count_fds (), ==, n_fds);
}

/* Judging. Each row is a look, one after the other. */
static const struct
{
  int depth;
  gint64 n_dropped;
  gboolean is_news;
  guint n_new;
} looks[] = {
  { 0, 5, FALSE, 0 },
  { 74, 5, FALSE, 0 },
  { 75, 5, TRUE, 0 },
  { 100, 5, FALSE, 0 },
  { 101, 8, TRUE, 3 },
  { 101, 8, FALSE, 0 },
  { 38, 8, FALSE, 0 },
  { 75, 8, FALSE, 0 },
  { 37, 8, FALSE, 0 },
  { 74, 8, FALSE, 0 },
  { 76, 8, TRUE, 0 },
  { 0, 9, TRUE, 1 },
  { -1, -1, FALSE, 0 },
  { 80, -1, TRUE, 0 },
  { 80, 9, FALSE, 0 },
  { 0, G_MAXUINT32, TRUE, G_MAXUINT32 - 9 },
  { 0, 1, TRUE, 2 },
};

static void
test_judge (void)
{
  UsherPressure pressure = { .watermark = 75 };
  guint n_new;

  usher_pressure_reset (&pressure, &(UsherAcceptQueue){ 0, 100, 5 });
  for (guint i = 0; i < G_N_ELEMENTS (looks); i++)
    {
      UsherAcceptQueue queue = { looks[i].depth, 100, looks[i].n_dropped };

      g_test_message ("look %u", i);
      g_assert_cmpint (usher_pressure_judge (&pressure, &queue, &n_new), ==, looks[i].is_news);
      g_assert_cmpuint (n_new, ==, looks[i].n_new);
    }
}

#define ADD(path, address, func) g_test_add ("/accept-queue/" path, Fixture, address, set_up, func, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("is-as-deep-as-the-kernel-says/ipv4", "tcp://127.0.0.1:0", test_depth);
  ADD ("is-as-deep-as-the-kernel-says/ipv6", "tcp://[::1]:0", test_depth);
  ADD ("is-as-deep-as-the-kernel-says/unix", NULL, test_depth);
  ADD ("counts-what-was-dropped/ipv4", "tcp://127.0.0.1:0", test_drops);
  ADD ("counts-what-was-dropped/ipv6", "tcp://[::1]:0", test_drops);
  ADD ("says-what-it-does-not-know/tcp", "tcp://127.0.0.1:0", test_unknown);
  ADD ("says-what-it-does-not-know/unix", NULL, test_unknown);
  g_test_add_func ("/accept-queue/is-news-when-it-fills-and-when-it-overflows", test_judge);

  return g_test_run ();
}
