/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptors/accept-queue-private.h"
#include "acceptors/listen-address-private.h"

guint
sockets_count_fds (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

/* Calls bind() or connect() on a new socket. */
static int
make_socket (const char *address,
             int (*use) (int, const struct sockaddr *, socklen_t))
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSocketAddress) parsed = usher_listen_address_parse (address, &error);
  struct sockaddr_storage native;
  int fd;

  g_assert_no_error (error);
  g_assert_true (g_socket_address_to_native (parsed, &native, sizeof native, NULL));
  fd = socket (native.ss_family, SOCK_STREAM | SOCK_CLOEXEC | (native.ss_family == AF_UNIX ? SOCK_NONBLOCK : 0), 0);
  g_assert_cmpint (fd, >=, 0);
  if (use (fd, (struct sockaddr *) &native, g_socket_address_get_native_size (parsed)) == 0)
    return fd;

  g_close (fd, NULL);
  return -1;
}

int
sockets_try_connect (const char *address)
{
  return make_socket (address, connect);
}

int
sockets_connect (const char *address)
{
  int fd = sockets_try_connect (address);

  g_assert_cmpint (fd, >=, 0);
  return fd;
}

void
sockets_assert_accepted (const char *address,
                         gboolean is_accepted)
{
  int fd = sockets_try_connect (address);

  g_assert_cmpint (fd >= 0, ==, is_accepted);
  if (fd >= 0)
    g_close (fd, NULL);
}

void
sockets_assert_serves (int listener_fd,
                       const char *address)
{
  int client = sockets_connect (address);
  int fd = accept4 (listener_fd, NULL, NULL, SOCK_CLOEXEC);

  g_assert_cmpint (fd, >=, 0);
  g_close (client, NULL);
  g_close (fd, NULL);
}

static int
get_depth (int listener_fd)
{
  return usher_accept_queue_read (listener_fd).depth;
}

GArray *
sockets_fill_queue (int listener_fd,
                    const char *address,
                    guint n)
{
  GArray *fds = g_array_new (FALSE, FALSE, sizeof (int));
  int wanted = get_depth (listener_fd) + n;

  for (guint i = 0; i < n; i++)
    g_array_append_vals (fds, &(int){ sockets_connect (address) }, 1);

  /* A client is done before the server is. */
  while (get_depth (listener_fd) < wanted)
    g_thread_yield ();
  g_assert_cmpint (get_depth (listener_fd), ==, wanted);
  return fds;
}

void
sockets_close_all (GArray *fds)
{
  for (guint i = 0; i < fds->len; i++)
    g_close (g_array_index (fds, int, i), NULL);
  g_array_unref (fds);
}

static int
begin_connect (int fd,
               const struct sockaddr *address,
               socklen_t length)
{
  g_assert_cmpint (fcntl (fd, F_SETFL, O_NONBLOCK), ==, 0);
  g_assert_cmpint (connect (fd, address, length), ==, -1);
  g_assert_cmpint (errno, ==, EINPROGRESS);
  return 0;
}

void
sockets_overflow_queue (int listener_fd,
                        const char *address,
                        guint n)
{
  gint64 wanted = usher_accept_queue_read (listener_fd).n_dropped + n;

  for (guint i = 0; i < n; i++)
    g_close (make_socket (address, begin_connect), NULL);
  while (usher_accept_queue_read (listener_fd).n_dropped < wanted)
    g_thread_yield ();
}

char *
sockets_make_abstract_address (void)
{
  return g_strdup_printf ("unix-abstract:usher-test-%d", getpid ());
}

void
sockets_make_stale_path (const char *path)
{
  g_autofree char *address = g_strconcat ("unix:", path, NULL);
  int fd = make_socket (address, bind);

  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
}

guint
sockets_get_backlog (int listener_fd)
{
  struct tcp_info info = { 0 };
  socklen_t length = sizeof info;

  g_assert_cmpint (getsockopt (listener_fd, IPPROTO_TCP, TCP_INFO, &info, &length), ==, 0);
  /* That is where the kernel keeps it for a socket that listens. */
  return info.tcpi_sacked;
}
