/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/listen-fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "acceptors/listen-socket-private.h"
#include "support/iterate.h"
#include "support/sockets.h"

UsherListenSocket *
listen_fixture_make_socket (ListenFixture *fixture,
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

void
listen_socket_assert_opens (UsherListenSocket *socket)
{
  g_autoptr (GError) error = NULL;
  gboolean is_open = usher_listen_socket_open (socket, &error);

  g_assert_no_error (error);
  g_assert_true (is_open);
}

void
listen_fixture_set_up (ListenFixture *fixture,
                       gconstpointer address)
{
  /* Descriptors are counted, and these have some of their own. */
  iterate_pending (NULL);
  g_type_ensure (G_TYPE_TASK);

  fixture->directory = g_dir_make_tmp ("usher-XXXXXX", NULL);
  fixture->unix_address = g_strdup_printf ("unix:%s/socket", fixture->directory);
  fixture->unix_path = fixture->unix_address + strlen ("unix:");
  fixture->logger = gt_signal_logger_new ();
  fixture->socket = listen_fixture_make_socket (fixture, address != NULL ? address : fixture->unix_address);
  fixture->n_fds = sockets_count_fds ();
}

void
listen_fixture_tear_down (ListenFixture *fixture,
                          gconstpointer address)
{
  if (fixture->socket != NULL)
    {
      usher_listen_socket_close (fixture->socket);
      iterate_pending (NULL);
      g_assert_finalize_object (fixture->socket);
    }
  gt_signal_logger_assert_no_emissions (fixture->logger);
  g_clear_pointer (&fixture->logger, gt_signal_logger_free);
  g_unlink (fixture->unix_path);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->directory);
  g_free (fixture->unix_address);
  g_assert_cmpuint (sockets_count_fds (), ==, fixture->n_fds);
}

/* Signals. */

void
listen_fixture_assert_up (ListenFixture *fixture)
{
  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->socket, "up", NULL);
}

void
listen_fixture_assert_down (ListenFixture *fixture,
                            UsherDownCause expected)
{
  UsherDownCause cause = USHER_DOWN_CLOSED;
  g_autoptr (GError) error = NULL;

  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->socket, "down", &cause, &error);
  g_assert_cmpint (cause, ==, expected);
  g_assert_no_error (error);
}

void
listen_fixture_assert_exit (ListenFixture *fixture,
                            guint64 expected_serial,
                            UsherExitKind expected_kind)
{
  guint64 serial = 0;
  g_autoptr (UsherExit) exit = NULL;

  iterate_pending (NULL);
  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->socket, "exited", &serial, &exit);
  g_assert_cmpuint (serial, ==, expected_serial);
  g_assert_cmpint (usher_exit_get_kind (exit), ==, expected_kind);
}

void
listen_socket_assert_serves (UsherListenSocket *socket)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (socket);

  sockets_assert_serves (usher_listen_socket_get_fd (socket), address);
}

void
listen_socket_assert_closed (UsherListenSocket *socket)
{
  g_assert_false (usher_listen_socket_is_up (socket));
  g_assert_cmpint (usher_listen_socket_get_fd (socket), ==, -1);
  g_assert_null (usher_listen_socket_dup_local_address (socket));
}

GError *
listen_fixture_make_error (void)
{
  return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "accept4 says EINVAL");
}

void
listen_fixture_assert_failed (ListenFixture *fixture)
{
  UsherDownCause cause = USHER_DOWN_CLOSED;
  g_autoptr (GError) error = NULL;

  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->socket, "down", &cause, &error);
  g_assert_cmpint (cause, ==, USHER_DOWN_FAILED);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  listen_socket_assert_closed (fixture->socket);
}

/* Starts. */

static void
on_started (GObject *object,
            GAsyncResult *result,
            gpointer user_data)
{
  gboolean *is_started = user_data;
  g_autoptr (GError) error = NULL;
  UsherStartResult answer = usher_child_start_finish (USHER_CHILD (object), result, &error);

  g_assert_no_error (error);
  g_assert_cmpint (answer, ==, USHER_START_STARTED);
  *is_started = TRUE;
}

static gboolean
is_true (gpointer user_data)
{
  return *(gboolean *) user_data;
}

void
listen_fixture_start (ListenFixture *fixture)
{
  gboolean is_started = FALSE;

  usher_child_start_async (USHER_CHILD (fixture->socket), NULL, on_started, &is_started);
  iterate_until (NULL, is_true, &is_started);
}
