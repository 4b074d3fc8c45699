/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/fault.h"

#include <errno.h>
#include <gio/gio.h>
#include <sys/eventfd.h>
#include <unistd.h>

static gpointer
do_nothing (gpointer data)
{
  return data;
}

static gboolean
make_eventfd (void)
{
  int fd = eventfd (0, EFD_CLOEXEC);

  return fd >= 0 && close (fd) == 0;
}

static void
test_counts (void)
{
  fault_clear ();
  fault_inject (FAULT_EVENTFD, 1, 2, EMFILE);

  g_assert_true (make_eventfd ());
  g_assert_false (make_eventfd ());
  g_assert_cmpint (errno, ==, EMFILE);
  g_assert_false (make_eventfd ());
  g_assert_true (make_eventfd ());
  g_assert_cmpuint (fault_get_n_calls (FAULT_EVENTFD), ==, 4);
}

static void
test_forever (void)
{
  fault_inject (FAULT_EVENTFD, 0, FAULT_FOREVER, ENFILE);
  for (int i = 0; i < 100; i++)
    g_assert_false (make_eventfd ());

  fault_clear ();
  g_assert_true (make_eventfd ());
  g_assert_cmpuint (fault_get_n_calls (FAULT_EVENTFD), ==, 1);
}

static void
test_reaches_glib (void)
{
  g_autoptr (GError) socket_error = NULL;
  g_autoptr (GError) thread_error = NULL;
  g_autoptr (GSocket) socket = NULL;
  GThread *thread;

  fault_clear ();
  fault_inject (FAULT_SOCKET, 0, FAULT_FOREVER, EMFILE);
  fault_inject (FAULT_PTHREAD_CREATE, 0, 1, EAGAIN);

  socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &socket_error);
  g_assert_error (socket_error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  g_assert_null (socket);

  thread = g_thread_try_new ("none", do_nothing, NULL, &thread_error);
  g_assert_error (thread_error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  g_assert_null (thread);

  fault_clear ();
  g_assert_null (g_thread_join (g_thread_new ("some", do_nothing, NULL)));
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/fault/fails-the-calls-it-was-told-to", test_counts);
  g_test_add_func ("/fault/fails-until-it-is-cleared", test_forever);
  g_test_add_func ("/fault/reaches-the-calls-of-glib", test_reaches_glib);

  return g_test_run ();
}
