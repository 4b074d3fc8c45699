/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/socket.h>

#include "support/iterate.h"
#include "support/listen-fixture.h"
#include "support/sockets.h"
#include "usher/error.h"

/* Without a supervisor. */

static void
test_open_close (ListenFixture *fixture,
                 gconstpointer address)
{
  g_autofree char *local_address = NULL;

  listen_socket_assert_closed (fixture->socket);
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  g_assert_true (usher_listen_socket_is_up (fixture->socket));
  listen_socket_assert_serves (fixture->socket);

  local_address = usher_listen_socket_dup_local_address (fixture->socket);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_socket_assert_closed (fixture->socket);
  sockets_assert_accepted (local_address, FALSE);
}

static void
test_twice (ListenFixture *fixture,
            gconstpointer address)
{
  int fd;

  listen_socket_assert_opens (fixture->socket);
  fd = usher_listen_socket_get_fd (fixture->socket);
  listen_socket_assert_opens (fixture->socket);
  g_assert_cmpint (usher_listen_socket_get_fd (fixture->socket), ==, fd);
  listen_fixture_assert_up (fixture);

  usher_listen_socket_close (fixture->socket);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

static void
test_reopen (ListenFixture *fixture,
             gconstpointer address)
{
  for (guint i = 0; i < 3; i++)
    {
      listen_socket_assert_opens (fixture->socket);
      listen_fixture_assert_up (fixture);
      listen_socket_assert_serves (fixture->socket);
      usher_listen_socket_close (fixture->socket);
      listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
    }
}

static void
test_invalid_address (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (usher_listen_socket_new_for_address ("localhost", &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
}

static void
test_no_address (void)
{
  g_autoptr (UsherListenSocket) socket = g_object_new (USHER_TYPE_LISTEN_SOCKET, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_listen_socket_open (socket, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
}

static void
test_address_in_use (ListenFixture *fixture,
                     gconstpointer address)
{
  g_autofree char *local_address = NULL;
  g_autoptr (UsherListenSocket) second = NULL;
  g_autoptr (GError) error = NULL;

  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  local_address = usher_listen_socket_dup_local_address (fixture->socket);
  second = listen_fixture_make_socket (fixture, local_address);
  g_assert_false (usher_listen_socket_open (second, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  listen_socket_assert_closed (second);

  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

static void
test_properties (ListenFixture *fixture,
                 gconstpointer address)
{
  g_autofree char *given = NULL;
  g_autofree char *local = NULL;
  int backlog;
  gboolean keep_open, is_up;

  gt_signal_logger_connect (fixture->logger, fixture->socket, "notify");
  g_object_set (fixture->socket, "backlog", 7, NULL);
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "backlog");
  g_object_set (fixture->socket, "keep-open", TRUE, NULL);
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "keep-open");
  g_object_set (fixture->socket, "backlog", 7, "keep-open", TRUE, NULL);
  gt_signal_logger_assert_no_emissions (fixture->logger);

  g_object_get (fixture->socket, "address", &given, "local-address", &local, "backlog", &backlog, "keep-open",
                &keep_open, "is-up", &is_up, NULL);
  g_assert_cmpstr (given, ==, address);
  g_assert_null (local);
  g_assert_cmpint (backlog, ==, 7);
  g_assert_true (keep_open);
  g_assert_false (is_up);
}

static void
test_notifies (ListenFixture *fixture,
               gconstpointer address)
{
  gt_signal_logger_connect (fixture->logger, fixture->socket, "notify");

  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "is-up");
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "local-address");

  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "local-address");
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "is-up");
}

static void
test_backlog_while_open (ListenFixture *fixture,
                         gconstpointer address)
{
  g_assert_cmpint (usher_listen_socket_get_backlog (fixture->socket), ==, SOMAXCONN);
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  g_assert_cmpuint (sockets_get_backlog (usher_listen_socket_get_fd (fixture->socket)), ==, SOMAXCONN);

  usher_listen_socket_set_backlog (fixture->socket, 5);
  g_assert_cmpuint (sockets_get_backlog (usher_listen_socket_get_fd (fixture->socket)), ==, 5);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);

  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  g_assert_cmpuint (sockets_get_backlog (usher_listen_socket_get_fd (fixture->socket)), ==, 5);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

static void
count_closed (UsherListenSocket *socket,
              UsherDownCause cause,
              GError *error,
              gpointer user_data)
{
  guint *n = user_data;

  g_assert_cmpint (cause, ==, USHER_DOWN_CLOSED);
  g_assert_no_error (error);
  (*n)++;
}

static void
test_dispose (ListenFixture *fixture,
              gconstpointer address)
{
  UsherListenSocket *socket = usher_listen_socket_new_for_address (fixture->unix_address, NULL);
  guint n = 0;

  listen_socket_assert_opens (socket);
  g_signal_connect (socket, "down", G_CALLBACK (count_closed), &n);
  g_assert_finalize_object (socket);
  g_assert_cmpuint (n, ==, 1);
  g_assert_cmpint (g_access (fixture->unix_path, F_OK), ==, -1);
}

/* Failing. */

static void
test_fail (ListenFixture *fixture,
           gconstpointer address)
{
  g_autoptr (GError) error = listen_fixture_make_error ();

  usher_listen_socket_fail (fixture->socket, error);
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  usher_listen_socket_fail (fixture->socket, error);
  listen_fixture_assert_failed (fixture);

  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  listen_socket_assert_serves (fixture->socket);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

/* Handlers. */

static void
check_descriptor (UsherListenSocket *socket,
                  UsherDownCause cause,
                  GError *error,
                  gpointer user_data)
{
  int *fd = user_data;

  g_assert_false (usher_listen_socket_is_up (socket));
  g_assert_cmpint (usher_listen_socket_get_fd (socket), ==, *fd);
  g_assert_cmpint (fcntl (*fd, F_GETFD), >=, 0);
  listen_socket_assert_serves (socket);
  *fd = -1;
}

static void
test_down_before_close (ListenFixture *fixture,
                        gconstpointer address)
{
  int fd;

  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  fd = usher_listen_socket_get_fd (fixture->socket);
  g_signal_connect (fixture->socket, "down", G_CALLBACK (check_descriptor), &fd);

  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  g_assert_cmpint (fd, ==, -1);
}

static void
open_once (UsherListenSocket *socket,
           UsherDownCause cause,
           GError *error,
           gpointer user_data)
{
  g_signal_handlers_disconnect_by_func (socket, open_once, user_data);
  listen_socket_assert_opens (socket);
}

static void
test_open_in_down (ListenFixture *fixture,
                   gconstpointer address)
{
  int fd;

  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  fd = usher_listen_socket_get_fd (fixture->socket);
  g_signal_connect (fixture->socket, "down", G_CALLBACK (open_once), NULL);

  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_fixture_assert_up (fixture);
  g_assert_true (usher_listen_socket_is_up (fixture->socket));
  g_assert_cmpint (usher_listen_socket_get_fd (fixture->socket), ==, fd);
  listen_socket_assert_serves (fixture->socket);

  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

static void
assert_busy (UsherListenSocket *socket)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_listen_socket_open (socket, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_BUSY);
}

static void
test_open_in_fail (ListenFixture *fixture,
                   gconstpointer address)
{
  g_autoptr (GError) error = listen_fixture_make_error ();

  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  g_signal_connect_swapped (fixture->socket, "down", G_CALLBACK (assert_busy), fixture->socket);
  usher_listen_socket_fail (fixture->socket, error);
  listen_fixture_assert_failed (fixture);
}

static void
test_close_in_up (ListenFixture *fixture,
                  gconstpointer address)
{
  g_signal_connect (fixture->socket, "up", G_CALLBACK (usher_listen_socket_close), NULL);
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_socket_assert_closed (fixture->socket);
}

/* The first `down` comes from the last reference. */
static void
test_drop_in_up (void)
{
  UsherListenSocket *socket = usher_listen_socket_new_for_address (ANY_PORT, NULL);
  gpointer watched = socket;

  g_object_add_weak_pointer (watched, &watched);
  g_signal_connect (socket, "up", G_CALLBACK (g_object_unref), NULL);
  g_assert_true (usher_listen_socket_open (socket, NULL));
  g_assert_null (watched);
}

static void
test_drop_in_down (void)
{
  UsherListenSocket *socket = usher_listen_socket_new_for_address (ANY_PORT, NULL);
  gpointer watched = socket;

  listen_socket_assert_opens (socket);
  g_object_add_weak_pointer (watched, &watched);
  g_signal_connect (socket, "down", G_CALLBACK (g_object_unref), NULL);
  usher_listen_socket_close (socket);
  g_assert_null (watched);
}

#define ADD(path, address, func) \
  g_test_add ("/listen-socket/" path, ListenFixture, address, listen_fixture_set_up, func, listen_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("opens-and-closes/tcp", ANY_PORT, test_open_close);
  ADD ("opens-and-closes/unix", NULL, test_open_close);
  ADD ("does-nothing-twice", ANY_PORT, test_twice);
  ADD ("opens-again/tcp", ANY_PORT, test_reopen);
  ADD ("opens-again/unix", NULL, test_reopen);
  ADD ("refuses-an-address-in-use/tcp", ANY_PORT, test_address_in_use);
  ADD ("refuses-an-address-in-use/unix", NULL, test_address_in_use);
  ADD ("has-properties", ANY_PORT, test_properties);
  ADD ("notifies", ANY_PORT, test_notifies);
  ADD ("changes-its-backlog-while-open", ANY_PORT, test_backlog_while_open);
  ADD ("closes-when-nobody-has-it-any-more", NULL, test_dispose);
  ADD ("can-fail", ANY_PORT, test_fail);
  ADD ("tells-everybody-before-it-closes", ANY_PORT, test_down_before_close);
  ADD ("can-be-opened-on-its-way-down/tcp", ANY_PORT, test_open_in_down);
  ADD ("can-be-opened-on-its-way-down/unix", NULL, test_open_in_down);
  ADD ("cannot-be-opened-while-it-fails", ANY_PORT, test_open_in_fail);
  ADD ("can-be-closed-on-its-way-up", ANY_PORT, test_close_in_up);
  g_test_add_func ("/listen-socket/refuses-an-address-that-it-cannot-read", test_invalid_address);
  g_test_add_func ("/listen-socket/needs-an-address", test_no_address);
  g_test_add_func ("/listen-socket/may-be-dropped-on-its-way-up", test_drop_in_up);
  g_test_add_func ("/listen-socket/may-be-dropped-on-its-way-down", test_drop_in_down);

  return g_test_run ();
}
