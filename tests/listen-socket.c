/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include <glib/gstdio.h>
#include <libglib-testing/signal-logger.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "acceptors/listen-address-private.h"
#include "support/iterate.h"
#include "usher/child.h"
#include "usher/error.h"

#define ANY_PORT "tcp://127.0.0.1:0"

typedef struct
{
  UsherListenSocket *socket; /* (owned) (nullable) */
  GtSignalLogger *logger;    /* (owned) */
  char *directory;           /* (owned) */
  char *unix_address;        /* (owned) */
  const char *unix_path;     /* in unix_address */
  guint n_fds;
} Fixture;

/* Descriptors. */

static guint
count_fds (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

/* Clients. */

static int
try_connect (const char *address)
{
  g_autoptr (GSocketAddress) parsed = usher_listen_address_parse (address, NULL);
  struct sockaddr_storage native;
  gssize length = g_socket_address_get_native_size (parsed);
  int fd;

  g_assert_true (g_socket_address_to_native (parsed, &native, sizeof native, NULL));
  fd = socket (native.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_cmpint (fd, >=, 0);
  if (connect (fd, (struct sockaddr *) &native, length) == 0)
    return fd;

  g_close (fd, NULL);
  return -1;
}

static void
assert_accepts_clients (const char *address,
                        gboolean accepts)
{
  int fd = try_connect (address);

  g_assert_cmpint (fd >= 0, ==, accepts);
  if (fd >= 0)
    g_close (fd, NULL);
}

static void
assert_serves (UsherListenSocket *socket)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (socket);
  int client = try_connect (address);
  int fd = accept4 (usher_listen_socket_get_fd (socket), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

  g_assert_cmpint (client, >=, 0);
  g_assert_cmpint (fd, >=, 0);
  g_close (client, NULL);
  g_close (fd, NULL);
}

/* The fixture. */

static UsherListenSocket *
make_socket (Fixture *fixture,
             const char *address)
{
  g_autoptr (GError) error = NULL;
  UsherListenSocket *socket = usher_listen_socket_new_for_address (address, &error);

  g_assert_no_error (error);
  gt_signal_logger_connect (fixture->logger, socket, "up");
  gt_signal_logger_connect (fixture->logger, socket, "down");
  gt_signal_logger_connect (fixture->logger, socket, "exited");

  return socket;
}

static void
assert_open (UsherListenSocket *socket)
{
  g_autoptr (GError) error = NULL;
  gboolean is_open = usher_listen_socket_open (socket, &error);

  g_assert_no_error (error);
  g_assert_true (is_open);
}

static void
set_up (Fixture *fixture,
        gconstpointer address)
{
  fixture->directory = g_dir_make_tmp ("usher-XXXXXX", NULL);
  fixture->unix_address = g_strdup_printf ("unix:%s/socket", fixture->directory);
  fixture->unix_path = fixture->unix_address + strlen ("unix:");
  fixture->logger = gt_signal_logger_new ();
  fixture->socket = make_socket (fixture, address != NULL ? address : fixture->unix_address);
  fixture->n_fds = count_fds ();
}

static void
tear_down (Fixture *fixture,
           gconstpointer address)
{
  if (fixture->socket != NULL)
    {
      usher_listen_socket_close (fixture->socket);
      iterate_pending (NULL);
      g_assert_finalize_object (fixture->socket);
    }
  g_clear_pointer (&fixture->logger, gt_signal_logger_free);
  g_unlink (fixture->unix_path);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->directory);
  g_free (fixture->unix_address);
  g_assert_cmpuint (count_fds (), ==, fixture->n_fds);
}

/* Signals. */

static void
assert_up_emitted (Fixture *fixture)
{
  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->socket, "up", NULL);
}

static void
assert_down_emitted (Fixture *fixture,
                     UsherDownCause expected)
{
  UsherDownCause cause;
  g_autoptr (GError) error = NULL;

  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->socket, "down", &cause, &error);
  g_assert_cmpint (cause, ==, expected);
  g_assert_no_error (error);
}

static void
assert_exit_emitted (Fixture *fixture,
                     guint64 expected_serial,
                     UsherExitKind expected_kind)
{
  guint64 serial;
  g_autoptr (UsherExit) exit = NULL;

  iterate_pending (NULL);
  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->socket, "exited", &serial, &exit);
  g_assert_cmpuint (serial, ==, expected_serial);
  g_assert_cmpint (usher_exit_get_kind (exit), ==, expected_kind);
}

/* Starts. */

typedef struct
{
  gboolean is_done;
  UsherStartResult result;
  GError *error; /* (owned) (nullable) */
} Start;

static void
start_clear (Start *start)
{
  g_clear_error (&start->error);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Start, start_clear)

static void
on_started (GObject *object,
            GAsyncResult *result,
            gpointer user_data)
{
  Start *start = user_data;

  start->result = usher_child_start_finish (USHER_CHILD (object), result, &start->error);
  start->is_done = TRUE;
}

static gboolean
start_is_done (gpointer user_data)
{
  return ((Start *) user_data)->is_done;
}

static void
assert_starts (Fixture *fixture)
{
  g_auto (Start) start = { FALSE };

  usher_child_start_async (USHER_CHILD (fixture->socket), NULL, on_started, &start);
  iterate_until (NULL, start_is_done, &start);
  g_assert_no_error (start.error);
  g_assert_cmpint (start.result, ==, USHER_START_STARTED);
}

/* Without a supervisor. */

static void
test_open_close (Fixture *fixture,
                 gconstpointer address)
{
  g_autofree char *local_address = NULL;

  g_assert_false (usher_listen_socket_is_up (fixture->socket));
  g_assert_cmpint (usher_listen_socket_get_fd (fixture->socket), ==, -1);

  assert_open (fixture->socket);
  assert_up_emitted (fixture);
  g_assert_true (usher_listen_socket_is_up (fixture->socket));
  assert_serves (fixture->socket);

  local_address = usher_listen_socket_dup_local_address (fixture->socket);
  usher_listen_socket_close (fixture->socket);
  assert_down_emitted (fixture, USHER_DOWN_CLOSED);
  g_assert_false (usher_listen_socket_is_up (fixture->socket));
  g_assert_cmpint (usher_listen_socket_get_fd (fixture->socket), ==, -1);
  g_assert_null (usher_listen_socket_dup_local_address (fixture->socket));
  assert_accepts_clients (local_address, FALSE);
  gt_signal_logger_assert_no_emissions (fixture->logger);
}

/* As a child. */

static void
test_shutdown_final (Fixture *fixture,
                     gconstpointer address)
{
  assert_starts (fixture);
  assert_up_emitted (fixture);
  assert_serves (fixture->socket);

  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_FINAL);
  assert_down_emitted (fixture, USHER_DOWN_CLOSED);
  gt_signal_logger_assert_no_emissions (fixture->logger);
  assert_exit_emitted (fixture, 1, USHER_EXIT_SHUTDOWN);
}

#define ADD(path, address, func) \
  g_test_add ("/listen-socket/" path, Fixture, address, set_up, func, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  /* Descriptors are counted, and these have some of their own. */
  iterate_pending (NULL);
  g_type_ensure (G_TYPE_TASK);

  ADD ("opens-and-closes/ipv4", ANY_PORT, test_open_close);
  ADD ("opens-and-closes/ipv6", "tcp://[::1]:0", test_open_close);
  ADD ("opens-and-closes/any", "tcp://[::]:0", test_open_close);
  ADD ("opens-and-closes/unix", NULL, test_open_close);
  ADD ("exits-when-it-is-shut-down", ANY_PORT, test_shutdown_final);

  return g_test_run ();
}
