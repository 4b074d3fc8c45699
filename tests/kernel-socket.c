/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/kernel-socket-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

#include "support/fault.h"
#include "support/sockets.h"
#include "usher/error.h"

#define BACKLOG 16
#define UNIX "a Unix socket"
#define ABSTRACT "an abstract Unix socket"

typedef struct
{
  char *directory; /* (owned) */
  char *path;      /* (owned) */
  char *address;   /* (owned): the test's, if it is not UNIX or ABSTRACT */
  guint n_fds;
} Fixture;

static char *
make_address (Fixture *fixture,
              const char *address)
{
  if (g_str_equal (address, UNIX))
    return g_strconcat ("unix:", fixture->path, NULL);
  if (g_str_equal (address, ABSTRACT))
    return sockets_make_abstract_address ();

  return g_strdup (address);
}

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("usher-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "socket", NULL);
  fixture->address = make_address (fixture, data);
  fixture->n_fds = sockets_count_fds ();
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  fault_clear ();
  g_assert_cmpuint (sockets_count_fds (), ==, fixture->n_fds);
  /* This fails if the path was left behind. */
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->directory);
  g_free (fixture->path);
  g_free (fixture->address);
}

static void
assert_opens (UsherKernelSocket *socket,
              const char *address)
{
  g_autoptr (GError) error = NULL;
  gboolean is_open = usher_kernel_socket_open (socket, address, BACKLOG, &error);

  g_assert_no_error (error);
  g_assert_true (is_open);
  g_assert_cmpint (socket->fd, >=, 0);
}

static void
assert_closed (UsherKernelSocket *socket)
{
  g_assert_cmpint (socket->fd, ==, -1);
  g_assert_null (socket->local_address);
}

static void
test_open (Fixture *fixture,
           gconstpointer data)
{
  UsherKernelSocket socket = USHER_KERNEL_SOCKET_INIT;
  g_autofree char *local_address = NULL;

  assert_closed (&socket);
  assert_opens (&socket, fixture->address);
  sockets_assert_serves (socket.fd, socket.local_address);
  g_assert_true (fcntl (socket.fd, F_GETFD) & FD_CLOEXEC);
  g_assert_true (fcntl (socket.fd, F_GETFL) & O_NONBLOCK);

  local_address = g_strdup (socket.local_address);
  usher_kernel_socket_close (&socket);
  assert_closed (&socket);
  sockets_assert_accepted (local_address, FALSE);
  usher_kernel_socket_close (&socket);
}

static void
test_local_address (Fixture *fixture,
                    gconstpointer data)
{
  UsherKernelSocket first = USHER_KERNEL_SOCKET_INIT;
  UsherKernelSocket again = USHER_KERNEL_SOCKET_INIT;
  g_autofree char *address = NULL;

  assert_opens (&first, fixture->address);
  g_assert_true (g_str_has_prefix (first.local_address, "tcp://127.0.0.1:"));
  g_assert_false (g_str_has_suffix (first.local_address, ":0"));

  address = g_strdup (first.local_address);
  usher_kernel_socket_close (&first);
  assert_opens (&again, address);
  g_assert_cmpstr (again.local_address, ==, address);
  usher_kernel_socket_close (&again);
}

static void
test_dual_stack (Fixture *fixture,
                 gconstpointer data)
{
  UsherKernelSocket socket = USHER_KERNEL_SOCKET_INIT;
  g_autofree char *ipv4 = NULL;

  assert_opens (&socket, fixture->address);
  ipv4 = g_strdup_printf ("tcp://127.0.0.1%s", strrchr (socket.local_address, ':'));
  sockets_assert_serves (socket.fd, ipv4);
  usher_kernel_socket_close (&socket);
}

/* Clients that were served leave the port in TIME_WAIT if the server closes first. */
static void
test_port_in_time_wait (Fixture *fixture,
                        gconstpointer data)
{
  UsherKernelSocket socket = USHER_KERNEL_SOCKET_INIT;
  g_autofree char *address = NULL;
  int client, fd;

  assert_opens (&socket, fixture->address);
  address = g_strdup (socket.local_address);
  client = sockets_connect (address);
  fd = accept4 (socket.fd, NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_close (client, NULL);
  usher_kernel_socket_close (&socket);

  assert_opens (&socket, address);
  usher_kernel_socket_close (&socket);
}

static void
test_backlog (Fixture *fixture,
              gconstpointer data)
{
  UsherKernelSocket socket = USHER_KERNEL_SOCKET_INIT;

  assert_opens (&socket, fixture->address);
  g_assert_cmpuint (sockets_get_backlog (socket.fd), ==, BACKLOG);
  g_assert_cmpint (usher_kernel_socket_set_backlog (&socket, 2 * BACKLOG), ==, 0);
  g_assert_cmpuint (sockets_get_backlog (socket.fd), ==, 2 * BACKLOG);
  usher_kernel_socket_close (&socket);
}

/* Failures. */

static void
assert_fails (const char *address,
              int errno_value,
              const char *words)
{
  UsherKernelSocket socket = USHER_KERNEL_SOCKET_INIT;
  g_autoptr (GError) error = NULL;
  g_autofree char *beginning = g_strdup_printf ("Cannot listen on “%s”: %s", address, g_strerror (errno_value));

  g_assert_false (usher_kernel_socket_open (&socket, address, BACKLOG, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errno_value));
  g_assert_true (g_str_has_prefix (error->message, beginning));
  g_assert_nonnull (strstr (error->message, words));
  assert_closed (&socket);
}

static const struct
{
  FaultCall call;
  guint n_good;
} steps[] = {
  { FAULT_SOCKET, 0 },
  { FAULT_SETSOCKOPT, 0 },
  { FAULT_SETSOCKOPT, 1 },
  { FAULT_BIND, 0 },
  { FAULT_LISTEN, 0 },
  { FAULT_GETSOCKNAME, 0 },
};

static const int step_errors[] = { EACCES, EADDRINUSE, EADDRNOTAVAIL, EAFNOSUPPORT, EBADF, EINVAL, EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM };

static guint
count_calls (const char *address,
             FaultCall call)
{
  UsherKernelSocket socket = USHER_KERNEL_SOCKET_INIT;
  guint n;

  fault_clear ();
  assert_opens (&socket, address);
  n = fault_get_n_calls (call);
  usher_kernel_socket_close (&socket);
  return n;
}

/* A path that is in use is looked at, and found to be free. */
static gboolean
is_overcome (Fixture *fixture,
             FaultCall call,
             int errno_value)
{
  return call == FAULT_BIND && errno_value == EADDRINUSE && g_str_has_prefix (fixture->address, "unix:");
}

static void
test_every_step_fails (Fixture *fixture,
                       gconstpointer data)
{
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      guint n_calls = count_calls (fixture->address, steps[i].call);

      for (gsize j = 0; j < G_N_ELEMENTS (step_errors); j++)
        {
          if (steps[i].n_good >= n_calls || is_overcome (fixture, steps[i].call, step_errors[j]))
            continue;

          fault_inject (steps[i].call, steps[i].n_good, 1, step_errors[j]);
          assert_fails (fixture->address, step_errors[j], "");
          g_assert_cmpuint (sockets_count_fds (), ==, fixture->n_fds);
          g_assert_cmpint (g_access (fixture->path, F_OK), ==, -1);
        }
    }
}

static const struct
{
  FaultCall call;
  int errno_value;
  const char *tcp;
  const char *local;
} remedies[] = {
  { FAULT_SOCKET, EMFILE, "RLIMIT_NOFILE", "RLIMIT_NOFILE" },
  { FAULT_SOCKET, ENFILE, "fs.file-max", "fs.file-max" },
  { FAULT_SOCKET, EAFNOSUPPORT, "choose the other one", "choose a TCP address" },
  { FAULT_BIND, EACCES, "CAP_NET_BIND_SERVICE", "the directory" },
  { FAULT_BIND, EADDRNOTAVAIL, "“ip address”", "" },
  { FAULT_BIND, ENODEV, "“ip link”", "" },
  { FAULT_BIND, EROFS, "", "choose a path on another one" },
  { FAULT_LISTEN, EADDRINUSE, "0 lets the kernel choose", "stop it, or choose another path" },
};

static void
test_remedies (Fixture *fixture,
               gconstpointer data)
{
  gboolean is_local = g_str_has_prefix (fixture->address, "unix:");

  for (gsize i = 0; i < G_N_ELEMENTS (remedies); i++)
    {
      fault_inject (remedies[i].call, 0, 1, remedies[i].errno_value);
      assert_fails (fixture->address, remedies[i].errno_value, is_local ? remedies[i].local : remedies[i].tcp);
    }
}

static void
test_port_in_use (Fixture *fixture,
                  gconstpointer data)
{
  UsherKernelSocket socket = USHER_KERNEL_SOCKET_INIT;

  assert_opens (&socket, fixture->address);
  assert_fails (socket.local_address, EADDRINUSE, "something already listens on that port; stop it, or choose another port");
  sockets_assert_serves (socket.fd, socket.local_address);
  usher_kernel_socket_close (&socket);
}

static void
test_name_in_use (Fixture *fixture,
                  gconstpointer data)
{
  UsherKernelSocket socket = USHER_KERNEL_SOCKET_INIT;

  assert_opens (&socket, fixture->address);
  assert_fails (socket.local_address, EADDRINUSE, "something already listens on that name");
  sockets_assert_serves (socket.fd, socket.local_address);
  usher_kernel_socket_close (&socket);
}

static void
test_unreadable_address (Fixture *fixture,
                         gconstpointer data)
{
  UsherKernelSocket socket = USHER_KERNEL_SOCKET_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_kernel_socket_open (&socket, fixture->address, BACKLOG, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
  assert_closed (&socket);
}

#define ADD(path, address, func) \
  g_test_add ("/kernel-socket/" path, Fixture, address, set_up, func, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("opens-and-closes/ipv4", "tcp://127.0.0.1:0", test_open);
  ADD ("opens-and-closes/ipv6", "tcp://[::1]:0", test_open);
  ADD ("opens-and-closes/any", "tcp://[::]:0", test_open);
  ADD ("opens-and-closes/unix", UNIX, test_open);
  ADD ("opens-and-closes/abstract", ABSTRACT, test_open);
  ADD ("knows-the-port-that-the-kernel-chose", "tcp://127.0.0.1:0", test_local_address);
  ADD ("takes-ipv4-clients-on-any-address", "tcp://[::]:0", test_dual_stack);
  ADD ("opens-a-port-in-time-wait", "tcp://127.0.0.1:0", test_port_in_time_wait);
  ADD ("changes-its-backlog-while-open", "tcp://127.0.0.1:0", test_backlog);
  ADD ("leaves-nothing-behind-when-a-step-fails/ipv4", "tcp://127.0.0.1:0", test_every_step_fails);
  ADD ("leaves-nothing-behind-when-a-step-fails/ipv6", "tcp://[::1]:0", test_every_step_fails);
  ADD ("leaves-nothing-behind-when-a-step-fails/unix", UNIX, test_every_step_fails);
  ADD ("leaves-nothing-behind-when-a-step-fails/abstract", ABSTRACT, test_every_step_fails);
  ADD ("says-what-to-do/tcp", "tcp://127.0.0.1:0", test_remedies);
  ADD ("says-what-to-do/unix", UNIX, test_remedies);
  ADD ("refuses-a-port-in-use", "tcp://127.0.0.1:0", test_port_in_use);
  ADD ("refuses-a-name-in-use", ABSTRACT, test_name_in_use);
  ADD ("refuses-an-address-that-it-cannot-read", "localhost:7000", test_unreadable_address);

  return g_test_run ();
}
