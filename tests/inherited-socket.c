/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/inherited-socket-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acceptors/kernel-socket-private.h"
#include "acceptors/listen-socket-private.h"
#include "support/fault.h"
#include "support/listen-fixture.h"
#include "support/sockets.h"
#include "usher/error.h"

#define BACKLOG 16

static char *program; /* (owned): this one */

/* A descriptor that blocks, and that a program would inherit. `address` is (nullable): NULL for an
 * abstract Unix socket. */
static int
make_listener (const char *address)
{
  g_autofree char *abstract = sockets_make_abstract_address ();
  UsherKernelSocket socket = USHER_KERNEL_SOCKET_INIT;
  int fd;

  g_assert_true (usher_kernel_socket_open (&socket, address != NULL ? address : abstract, BACKLOG, NULL));
  fd = dup (socket.fd);
  usher_kernel_socket_close (&socket);
  g_assert_cmpint (fcntl (fd, F_SETFL, 0), ==, 0);

  return fd;
}

static UsherListenSocket *
make_inherited (ListenFixture *fixture,
                int fd)
{
  g_autofree char *address = g_strdup_printf ("fd:%d", fd);

  return listen_fixture_make_socket (fixture, address);
}

static void
replace (ListenFixture *fixture,
         int fd)
{
  g_assert_finalize_object (fixture->socket);
  fixture->socket = make_inherited (fixture, fd);
}

static void
test_open (ListenFixture *fixture,
           gconstpointer address)
{
  int fd = make_listener (address);

  replace (fixture, fd);
  g_assert_false (usher_listen_socket_is_up (fixture->socket));
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  g_assert_cmpint (usher_listen_socket_get_fd (fixture->socket), ==, fd);
  g_assert_true (fcntl (fd, F_GETFD) & FD_CLOEXEC);
  g_assert_true (fcntl (fd, F_GETFL) & O_NONBLOCK);
  listen_socket_assert_serves (fixture->socket);

  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_socket_assert_closed (fixture->socket);
}

/* The other holder goes on. */
static void
test_shared (ListenFixture *fixture,
             gconstpointer address)
{
  int fd = make_listener (address);
  int other = dup (fd);
  g_autofree char *local = NULL;

  replace (fixture, fd);
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  local = usher_listen_socket_dup_local_address (fixture->socket);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);

  sockets_assert_serves (other, local);
  g_close (other, NULL);
}

static void
test_path_stays (ListenFixture *fixture,
                 gconstpointer data)
{
  UsherKernelSocket owner = USHER_KERNEL_SOCKET_INIT;

  g_assert_true (usher_kernel_socket_open (&owner, fixture->unix_address, BACKLOG, NULL));
  replace (fixture, dup (owner.fd));
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);

  sockets_assert_serves (owner.fd, fixture->unix_address);
  usher_kernel_socket_close (&owner);
}

/* A restart keeps it, though nobody has said so. */
static void
test_restart (ListenFixture *fixture,
              gconstpointer address)
{
  g_autofree char *local = NULL;

  replace (fixture, make_listener (address));
  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  local = usher_listen_socket_dup_local_address (fixture->socket);

  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_RESTART);
  listen_fixture_assert_down (fixture, USHER_DOWN_FAILED);
  listen_fixture_assert_exit (fixture, 1, USHER_EXIT_SHUTDOWN);
  sockets_assert_accepted (local, TRUE);

  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  usher_child_kill (USHER_CHILD (fixture->socket));
  listen_fixture_assert_down (fixture, USHER_DOWN_FAILED);
  listen_fixture_assert_exit (fixture, 2, USHER_EXIT_KILLED);
  sockets_assert_accepted (local, TRUE);

  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_FINAL);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_fixture_assert_exit (fixture, 3, USHER_EXIT_SHUTDOWN);
  sockets_assert_accepted (local, FALSE);
}

static void
assert_does_not_open (UsherListenSocket *socket,
                      int code,
                      const char *words)
{
  g_autofree char *beginning = g_strdup_printf ("Cannot listen on “%s”: ", usher_listen_socket_get_address (socket));
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_listen_socket_open (socket, &error));
  g_test_message ("%s", error->message);
  g_assert_error (error, USHER_ERROR, code);
  g_assert_true (g_str_has_prefix (error->message, beginning));
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_once (ListenFixture *fixture,
           gconstpointer address)
{
  int fd = make_listener (address);

  replace (fixture, fd);
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);

  /* Whatever has that number by now is not what was inherited. */
  g_assert_cmpint (make_listener (address), ==, fd);
  assert_does_not_open (fixture->socket, USHER_ERROR_CLOSED, "make a new listen socket of a new one");
  g_close (fd, NULL);
}

static void
test_not_twice (ListenFixture *fixture,
                gconstpointer address)
{
  int fd = make_listener (address);
  g_autoptr (UsherListenSocket) second = make_inherited (fixture, fd);

  replace (fixture, fd);
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  assert_does_not_open (second, USHER_ERROR_INVALID_ARGUMENT, "give the same listen socket to both pools");
  listen_socket_assert_serves (fixture->socket);

  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

/* (transfer full): fd */
static void
assert_refused (ListenFixture *fixture,
                int fd,
                const char *words)
{
  g_autoptr (UsherListenSocket) socket = make_inherited (fixture, fd);

  for (guint i = 0; i < 2; i++)
    assert_does_not_open (socket, USHER_ERROR_INVALID_ARGUMENT, words);

  /* It is left as it was. */
  g_assert_cmpint (fcntl (fd, F_GETFD), ==, 0);
  g_close (fd, NULL);
}

static int
make_pair (int *other)
{
  int fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  *other = fds[1];
  return fds[0];
}

static void
test_refused (ListenFixture *fixture,
              gconstpointer data)
{
  g_autoptr (UsherListenSocket) none = make_inherited (fixture, 12345);
  int other;

  assert_does_not_open (none, USHER_ERROR_INVALID_ARGUMENT, "there is no descriptor 12345");
  assert_refused (fixture, open ("/dev/null", O_RDONLY), "is no socket");
  assert_refused (fixture, socket (AF_INET, SOCK_DGRAM, 0), "not a stream socket");
  assert_refused (fixture, socket (AF_UNIX, SOCK_SEQPACKET, 0), "not a stream socket");
  assert_refused (fixture, socket (AF_INET, SOCK_STREAM, 0), "does not listen");
  assert_refused (fixture, make_pair (&other), "is a connection");
  g_close (other, NULL);
}

static void
test_options (ListenFixture *fixture,
              gconstpointer address)
{
  int fd = make_listener (address);
  int keeps_alive = FALSE;
  socklen_t length = sizeof keeps_alive;

  replace (fixture, fd);
  g_object_set (fixture->socket, "keepalive", TRUE, "reuse-port", TRUE, "v6only", TRUE, NULL);
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  g_assert_cmpint (getsockopt (fd, SOL_SOCKET, SO_KEEPALIVE, &keeps_alive, &length), ==, 0);
  g_assert_true (keeps_alive);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

/* A descriptor that was inherited cannot be had again, so what goes wrong must not lose it. */
static void
test_faults (ListenFixture *fixture,
             gconstpointer address)
{
  static const FaultCall calls[] = { FAULT_FCNTL, FAULT_GETSOCKNAME, FAULT_SETSOCKOPT };
  g_autoptr (GError) error = NULL;

  replace (fixture, make_listener (address));
  g_object_set (fixture->socket, "keepalive", TRUE, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      fault_inject (calls[i], calls[i] == FAULT_FCNTL ? 1 : 0, 1, ENOBUFS);
      g_assert_false (usher_listen_socket_open (fixture->socket, &error));
      g_assert_nonnull (strstr (error->message, g_strerror (ENOBUFS)));
      g_clear_error (&error);
    }

  fault_clear ();
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  listen_socket_assert_serves (fixture->socket);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

static void
test_dropped_unopened (ListenFixture *fixture,
                       gconstpointer address)
{
  replace (fixture, make_listener (address));
  fault_inject (FAULT_GETSOCKNAME, 0, 1, ENOBUFS);
  g_assert_false (usher_listen_socket_open (fixture->socket, NULL));
}

static const struct
{
  const char *address;
  const char *words;
} unreadable[] = {
  { "fd:", "is not the number of a descriptor; write for instance fd:3" },
  { "fd:-1", "“-1” is not the number of a descriptor" },
  { "fd:three", "“three” is not the number of a descriptor" },
  { "fd:4294967299", "is not the number of a descriptor" },
  { "systemd:", "the name is missing; write systemd:NAME" },
};

static void
test_unreadable (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (unreadable); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *beginning = g_strdup_printf ("Cannot listen on “%s”: ", unreadable[i].address);

      g_assert_null (usher_listen_socket_new_for_address (unreadable[i].address, &error));
      g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
      g_assert_true (g_str_has_prefix (error->message, beginning));
      g_assert_nonnull (strstr (error->message, unreadable[i].words));
    }
}

/* systemd. */

static void
test_without_systemd (ListenFixture *fixture,
                      gconstpointer address)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_listen_socket_open (fixture->socket, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_true (g_str_has_prefix (error->message, "Cannot listen on “systemd:http”: systemd has passed no sockets"));
}

/* What a service does that systemd has started with a socket “one” and two that are called “two”. */
static int
run_service (void)
{
  g_autofree char *pid = g_strdup_printf ("%d", getpid ());
  g_autoptr (UsherListenSocket) one = usher_listen_socket_new_for_address ("systemd:one", NULL);
  g_autoptr (UsherListenSocket) ambiguous = usher_listen_socket_new_for_address ("systemd:two", NULL);
  g_autoptr (GPtrArray) two = NULL;

  g_setenv ("LISTEN_PID", pid, TRUE);
  listen_socket_assert_opens (one);
  listen_socket_assert_serves (one);
  assert_does_not_open (ambiguous, USHER_ERROR_INVALID_ARGUMENT, "usher_listen_sockets_new_for_address ()");

  two = usher_listen_sockets_new_for_address ("systemd:two", NULL, NULL);
  g_assert_cmpuint (two->len, ==, 2);
  for (guint i = 0; i < two->len; i++)
    {
      listen_socket_assert_opens (two->pdata[i]);
      listen_socket_assert_serves (two->pdata[i]);
    }

  return 0;
}

/* Runs this program as one that systemd has passed `fds` to. */
static void
run_as_service (const int *fds,
                guint n_fds)
{
  const char *const arguments[] = { program, "--service", NULL };
  const int targets[] = { 3, 4, 5 };
  g_auto (GStrv) environment = g_get_environ ();
  g_autoptr (GError) error = NULL;
  GPid pid;
  int status;

  environment = g_environ_setenv (environment, "LISTEN_FDS", "3", TRUE);
  environment = g_environ_setenv (environment, "LISTEN_FDNAMES", "two:one:two", TRUE);
  g_spawn_async_with_pipes_and_fds (NULL, arguments, (const char *const *) environment, G_SPAWN_DO_NOT_REAP_CHILD,
                                    NULL, NULL, -1, -1, -1, fds, targets, n_fds, &pid, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpint (waitpid (pid, &status, 0), ==, pid);
  g_spawn_check_wait_status (status, &error);
  g_assert_no_error (error);
}

static void
test_systemd (ListenFixture *fixture,
              gconstpointer address)
{
  const int fds[] = { make_listener ("tcp://127.0.0.1:0"), make_listener ("tcp://[::1]:0"), make_listener (NULL) };

  run_as_service (fds, G_N_ELEMENTS (fds));
  for (guint i = 0; i < G_N_ELEMENTS (fds); i++)
    close (fds[i]);
}

#define ADD(path, address, func) \
  g_test_add ("/inherited-socket/" path, ListenFixture, address, listen_fixture_set_up, func, listen_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  int status;

  if (argc == 2 && g_str_equal (argv[1], "--service"))
    return run_service ();

  g_test_init (&argc, &argv, NULL);
  program = g_canonicalize_filename (argv[0], NULL);

  ADD ("opens-and-closes/ipv4", "tcp://127.0.0.1:0", test_open);
  ADD ("opens-and-closes/ipv6", "tcp://[::1]:0", test_open);
  ADD ("opens-and-closes/abstract", NULL, test_open);
  ADD ("is-left-to-who-else-has-it", ANY_PORT, test_shared);
  ADD ("leaves-the-path-to-its-owner", NULL, test_path_stays);
  ADD ("stays-open-over-restarts", ANY_PORT, test_restart);
  ADD ("cannot-be-opened-again", ANY_PORT, test_once);
  ADD ("belongs-to-one-listen-socket", ANY_PORT, test_not_twice);
  ADD ("is-checked", ANY_PORT, test_refused);
  ADD ("takes-options", "tcp://[::1]:0", test_options);
  ADD ("is-not-lost-by-a-failure", ANY_PORT, test_faults);
  ADD ("is-closed-if-it-was-never-opened", ANY_PORT, test_dropped_unopened);
  ADD ("needs-systemd", "systemd:http", test_without_systemd);
  g_test_add_func ("/inherited-socket/has-an-address-that-can-be-read", test_unreadable);
  ADD ("is-passed-by-systemd", ANY_PORT, test_systemd);

  status = g_test_run ();
  g_free (program);
  return status;
}
