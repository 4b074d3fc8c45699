/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include <glib/gstdio.h>
#include <sys/socket.h>

#include "support/iterate.h"
#include "support/listen-fixture.h"
#include "support/sockets.h"
#include "usher/error.h"
#include "usher/supervisor.h"

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
test_shutdown_final (ListenFixture *fixture,
                     gconstpointer address)
{
  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  listen_socket_assert_serves (fixture->socket);

  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_FINAL);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_socket_assert_closed (fixture->socket);
  gt_signal_logger_assert_no_emissions (fixture->logger);
  listen_fixture_assert_exit (fixture, 1, USHER_EXIT_SHUTDOWN);
}

static void
test_restart (ListenFixture *fixture,
              gconstpointer address)
{
  for (guint i = 1; i <= 3; i++)
    {
      listen_fixture_start (fixture);
      listen_fixture_assert_up (fixture);
      usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_RESTART);
      listen_fixture_assert_down (fixture, USHER_DOWN_FAILED);
      listen_socket_assert_closed (fixture->socket);
      listen_fixture_assert_exit (fixture, i, USHER_EXIT_SHUTDOWN);
    }
}

/* Starts it, with keep-open, and shuts it down for a restart. */
static void
park (ListenFixture *fixture)
{
  usher_listen_socket_set_keep_open (fixture->socket, TRUE);
  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_RESTART);
  listen_fixture_assert_down (fixture, USHER_DOWN_FAILED);
  g_assert_false (usher_listen_socket_is_up (fixture->socket));
  listen_fixture_assert_exit (fixture, 1, USHER_EXIT_SHUTDOWN);
}

static void
test_keep_open (ListenFixture *fixture,
                gconstpointer address)
{
  g_autofree char *local_address = NULL;
  int client, fd;

  park (fixture);
  local_address = usher_listen_socket_dup_local_address (fixture->socket);
  client = sockets_connect (local_address);

  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  fd = accept4 (usher_listen_socket_get_fd (fixture->socket), NULL, NULL, SOCK_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  g_close (fd, NULL);
  g_close (client, NULL);

  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_FINAL);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_socket_assert_closed (fixture->socket);
  listen_fixture_assert_exit (fixture, 2, USHER_EXIT_SHUTDOWN);
}

static void
stop_finally (UsherListenSocket *socket)
{
  usher_child_shutdown (USHER_CHILD (socket), USHER_STOP_FINAL);
}

static void
test_parked_is_closed (ListenFixture *fixture,
                       void (*close_it) (UsherListenSocket *))
{
  park (fixture);
  close_it (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_socket_assert_closed (fixture->socket);
  iterate_pending (NULL);
}

static void
test_parked_final (ListenFixture *fixture,
                   gconstpointer address)
{
  test_parked_is_closed (fixture, stop_finally);
}

static void
test_parked_close (ListenFixture *fixture,
                   gconstpointer address)
{
  test_parked_is_closed (fixture, usher_listen_socket_close);
}

static void
test_parked_again (ListenFixture *fixture,
                   gconstpointer address)
{
  park (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_RESTART);
  gt_signal_logger_assert_no_emissions (fixture->logger);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

static void
test_kill (ListenFixture *fixture,
           gconstpointer address)
{
  usher_listen_socket_set_keep_open (fixture->socket, TRUE);
  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  usher_child_kill (USHER_CHILD (fixture->socket));
  listen_fixture_assert_down (fixture, USHER_DOWN_FAILED);
  listen_socket_assert_closed (fixture->socket);
  listen_fixture_assert_exit (fixture, 1, USHER_EXIT_KILLED);
}

static void
test_fail_started (ListenFixture *fixture,
                   gconstpointer address)
{
  g_autoptr (GError) error = listen_fixture_make_error ();
  g_autoptr (UsherExit) exit = NULL;
  guint64 serial;

  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  usher_listen_socket_fail (fixture->socket, error);
  listen_fixture_assert_failed (fixture);
  iterate_pending (NULL);
  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->socket, "exited", &serial, &exit);
  g_assert_cmpint (usher_exit_get_kind (exit), ==, USHER_EXIT_ERROR);
  g_assert_error (usher_exit_get_error (exit), G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
}

static void
test_close_started (ListenFixture *fixture,
                    gconstpointer address)
{
  g_autoptr (UsherExit) exit = NULL;
  guint64 serial;

  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  iterate_pending (NULL);
  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->socket, "exited", &serial, &exit);
  g_assert_cmpint (usher_exit_get_kind (exit), ==, USHER_EXIT_SHUTDOWN);
  g_assert_error (usher_exit_get_error (exit), USHER_ERROR, USHER_ERROR_CLOSED);
}

static void
test_first_exit_counts (ListenFixture *fixture,
                        gconstpointer address)
{
  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  usher_child_kill (USHER_CHILD (fixture->socket));
  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_FINAL);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_FAILED);
  listen_fixture_assert_exit (fixture, 1, USHER_EXIT_KILLED);
  iterate_pending (NULL);
}

static void
test_start_open (ListenFixture *fixture,
                 gconstpointer address)
{
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  listen_fixture_start (fixture);
  gt_signal_logger_assert_no_emissions (fixture->logger);
  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_FINAL);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_fixture_assert_exit (fixture, 1, USHER_EXIT_SHUTDOWN);
}

static void
test_start_fails (ListenFixture *fixture,
                  gconstpointer address)
{
  g_auto (Start) start = { FALSE };

  g_assert_true (g_file_set_contents (fixture->unix_path, "", -1, NULL));
  usher_child_start_async (USHER_CHILD (fixture->socket), NULL, on_started, &start);
  iterate_until (NULL, start_is_done, &start);
  g_assert_cmpint (start.result, ==, USHER_START_FAILED);
  g_assert_error (start.error, G_IO_ERROR, G_IO_ERROR_EXISTS);
  iterate_pending (NULL);
  gt_signal_logger_assert_no_emissions (fixture->logger);

  g_unlink (fixture->unix_path);
  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_FINAL);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_fixture_assert_exit (fixture, 2, USHER_EXIT_SHUTDOWN);
}

static void
test_cancelled (ListenFixture *fixture,
                gconstpointer address)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Start) start = { FALSE };

  g_cancellable_cancel (cancellable);
  usher_child_start_async (USHER_CHILD (fixture->socket), cancellable, on_started, &start);
  iterate_until (NULL, start_is_done, &start);
  g_assert_cmpint (start.result, ==, USHER_START_FAILED);
  g_assert_error (start.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  listen_socket_assert_closed (fixture->socket);
}

static void
test_started_already (ListenFixture *fixture,
                      gconstpointer address)
{
  g_auto (Start) start = { FALSE };

  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  usher_child_start_async (USHER_CHILD (fixture->socket), NULL, on_started, &start);
  iterate_until (NULL, start_is_done, &start);
  g_assert_cmpint (start.result, ==, USHER_START_FAILED);
  g_assert_error (start.error, G_IO_ERROR, G_IO_ERROR_PENDING);

  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_FINAL);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_fixture_assert_exit (fixture, 1, USHER_EXIT_SHUTDOWN);
}

/* It runs then, and whoever has started it shuts it down. */
static void
test_cancelled_late (ListenFixture *fixture,
                     gconstpointer address)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_auto (Start) start = { FALSE };

  usher_child_start_async (USHER_CHILD (fixture->socket), cancellable, on_started, &start);
  g_cancellable_cancel (cancellable);
  iterate_until (NULL, start_is_done, &start);
  g_assert_no_error (start.error);
  g_assert_cmpint (start.result, ==, USHER_START_STARTED);
  listen_fixture_assert_up (fixture);

  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_FINAL);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_fixture_assert_exit (fixture, 1, USHER_EXIT_SHUTDOWN);
}

static void
test_closed_while_starting (ListenFixture *fixture,
                            gconstpointer address)
{
  g_auto (Start) start = { FALSE };

  g_signal_connect (fixture->socket, "up", G_CALLBACK (usher_listen_socket_close), NULL);
  usher_child_start_async (USHER_CHILD (fixture->socket), NULL, on_started, &start);
  listen_fixture_assert_up (fixture);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  gt_signal_logger_assert_no_emissions (fixture->logger);
  iterate_until (NULL, start_is_done, &start);
  g_assert_cmpint (start.result, ==, USHER_START_STARTED);
  listen_fixture_assert_exit (fixture, 1, USHER_EXIT_SHUTDOWN);
}

static void
count_exited (UsherChild *child,
              guint64 serial,
              UsherExit *exit,
              gpointer user_data)
{
  guint *n = user_data;

  g_assert_cmpint (usher_exit_get_kind (exit), ==, USHER_EXIT_SHUTDOWN);
  g_assert_error (usher_exit_get_error (exit), USHER_ERROR, USHER_ERROR_CLOSED);
  (*n)++;
}

static void
test_dispose_started (void)
{
  UsherListenSocket *socket = usher_listen_socket_new_for_address (ANY_PORT, NULL);
  g_auto (Start) start = { FALSE };
  guint n = 0;

  usher_child_start_async (USHER_CHILD (socket), NULL, on_started, &start);
  iterate_until (NULL, start_is_done, &start);
  g_signal_connect (socket, "exited", G_CALLBACK (count_exited), &n);
  g_assert_finalize_object (socket);
  g_assert_cmpuint (n, ==, 1);
}

/* Under a supervisor. */

static gboolean
is_up_again (gpointer user_data)
{
  return usher_listen_socket_is_up (user_data) && usher_child_get_serial (user_data) == 2;
}

static UsherSupervisor *
supervise (UsherListenSocket *first,
           UsherListenSocket *second)
{
  UsherSupervisor *supervisor = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ALL);
  g_autoptr (UsherChildSpec) first_spec = usher_child_spec_new ("first", USHER_CHILD (first));
  g_autoptr (UsherChildSpec) second_spec = usher_child_spec_new ("second", USHER_CHILD (second));
  g_autoptr (GError) error = NULL;
  g_auto (Start) start = { FALSE };

  usher_supervisor_add_child (supervisor, first_spec, &error);
  g_assert_no_error (error);
  usher_supervisor_add_child (supervisor, second_spec, &error);
  g_assert_no_error (error);
  usher_child_start_async (USHER_CHILD (supervisor), NULL, on_started, &start);
  iterate_until (NULL, start_is_done, &start);
  g_assert_no_error (start.error);

  return supervisor;
}

static void
test_supervised (ListenFixture *fixture,
                 gconstpointer address)
{
  g_autoptr (UsherListenSocket) other = usher_listen_socket_new_for_address (ANY_PORT, NULL);
  g_autoptr (UsherSupervisor) supervisor = supervise (fixture->socket, other);
  g_autoptr (GError) error = listen_fixture_make_error ();
  int fd = usher_listen_socket_get_fd (fixture->socket);

  listen_fixture_assert_up (fixture);
  usher_listen_socket_set_keep_open (fixture->socket, TRUE);

  usher_listen_socket_fail (other, error);
  iterate_until (NULL, is_up_again, fixture->socket);
  iterate_until (NULL, is_up_again, other);
  listen_fixture_assert_down (fixture, USHER_DOWN_FAILED);
  listen_fixture_assert_exit (fixture, 1, USHER_EXIT_SHUTDOWN);
  listen_fixture_assert_up (fixture);
  g_assert_cmpint (usher_listen_socket_get_fd (fixture->socket), ==, fd);

  usher_child_shutdown (USHER_CHILD (supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_fixture_assert_exit (fixture, 2, USHER_EXIT_SHUTDOWN);
  listen_socket_assert_closed (other);
}

#define ADD(path, address, func) \
  g_test_add ("/listen-socket/child/" path, ListenFixture, address, listen_fixture_set_up, func, listen_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("exits-when-it-is-stopped", ANY_PORT, test_shutdown_final);
  ADD ("restarts/tcp", ANY_PORT, test_restart);
  ADD ("restarts/unix", NULL, test_restart);
  ADD ("refuses-nobody-while-kept-open/tcp", ANY_PORT, test_keep_open);
  ADD ("refuses-nobody-while-kept-open/unix", NULL, test_keep_open);
  ADD ("closes-for-good-while-kept-open/final", ANY_PORT, test_parked_final);
  ADD ("closes-for-good-while-kept-open/close", NULL, test_parked_close);
  ADD ("stays-kept-open", NULL, test_parked_again);
  ADD ("can-be-killed", ANY_PORT, test_kill);
  ADD ("can-fail", ANY_PORT, test_fail_started);
  ADD ("exits-when-it-is-closed", ANY_PORT, test_close_started);
  ADD ("exits-once", ANY_PORT, test_first_exit_counts);
  ADD ("may-be-open-already", ANY_PORT, test_start_open);
  ADD ("fails-to-start", NULL, test_start_fails);
  ADD ("starts-not-when-cancelled", ANY_PORT, test_cancelled);
  ADD ("starts-even-when-cancelled-late", ANY_PORT, test_cancelled_late);
  ADD ("starts-once-at-a-time", ANY_PORT, test_started_already);
  ADD ("may-be-closed-while-it-starts", ANY_PORT, test_closed_while_starting);
  ADD ("keeps-its-kernel-socket-when-another-child-fails", ANY_PORT, test_supervised);
  g_test_add_func ("/listen-socket/child/exits-when-nobody-has-it-any-more", test_dispose_started);

  return g_test_run ();
}
