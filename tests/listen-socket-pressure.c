/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include <glib/gstdio.h>
#include <sys/socket.h>

#include "support/fake-clock.h"
#include "support/fault.h"
#include "support/iterate.h"
#include "support/listen-fixture.h"
#include "support/sockets.h"

#define LIMIT 8

static void
set_up (ListenFixture *fixture,
        gconstpointer address)
{
  fake_clock_install ();
  listen_fixture_set_up (fixture, address);
  usher_listen_socket_set_backlog (fixture->socket, LIMIT);
  /* The reactor's own descriptors stay as long as it does. */
  fixture->n_fds = sockets_count_fds ();
}

static void
tear_down (ListenFixture *fixture,
           gconstpointer address)
{
  fault_clear ();
  listen_fixture_tear_down (fixture, address);
  fake_clock_remove ();
}

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
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
}

static void
listen_for_pressure (ListenFixture *fixture)
{
  gt_signal_logger_connect (fixture->logger, fixture->socket, "pressure");
}

static void
pass_a_second (void)
{
  fake_clock_advance_usec (G_TIME_SPAN_SECOND);
  iterate_pending (NULL);
}

static void
assert_pressure (ListenFixture *fixture,
                 int expected_depth,
                 guint expected_n_dropped)
{
  int depth = -1, limit = -1;
  guint n_dropped = 0;

  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->socket, "pressure", &depth, &limit, &n_dropped);
  g_assert_cmpint (depth, ==, expected_depth);
  g_assert_cmpint (limit, ==, LIMIT);
  g_assert_cmpuint (n_dropped, ==, expected_n_dropped);
}

static GArray *
fill (ListenFixture *fixture,
      guint n)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (fixture->socket);

  return sockets_fill_queue (usher_listen_socket_get_fd (fixture->socket), address, n);
}

static void
accept_all (ListenFixture *fixture)
{
  int fd;

  while ((fd = accept4 (usher_listen_socket_get_fd (fixture->socket), NULL, NULL, SOCK_CLOEXEC)) >= 0)
    g_close (fd, NULL);
}

static void
test_figures (ListenFixture *fixture,
              gconstpointer address)
{
  GArray *clients;
  int depth, limit;
  gint64 n_dropped;

  g_assert_cmpint (usher_listen_socket_get_queue_depth (fixture->socket), ==, -1);
  g_assert_cmpint (usher_listen_socket_get_queue_limit (fixture->socket), ==, -1);
  g_assert_cmpint (usher_listen_socket_get_n_dropped (fixture->socket), ==, -1);

  open_it (fixture);
  clients = fill (fixture, 2);
  g_object_get (fixture->socket, "queue-depth", &depth, "queue-limit", &limit, "n-dropped", &n_dropped, NULL);
  g_assert_cmpint (depth, ==, 2);
  g_assert_cmpint (limit, ==, LIMIT);
  g_assert_cmpint (n_dropped, ==, address != NULL ? 0 : -1);
  sockets_close_all (clients);
  close_it (fixture);
}

static void
test_watermark (ListenFixture *fixture,
                gconstpointer address)
{
  GArray *few, *many;

  listen_for_pressure (fixture);
  open_it (fixture);
  few = fill (fixture, 5);
  pass_a_second ();
  gt_signal_logger_assert_no_emissions (fixture->logger);

  many = fill (fixture, 1);
  iterate_pending (NULL);
  gt_signal_logger_assert_no_emissions (fixture->logger);
  pass_a_second ();
  assert_pressure (fixture, 6, 0);
  pass_a_second ();
  gt_signal_logger_assert_no_emissions (fixture->logger);

  sockets_close_all (few);
  sockets_close_all (many);
  accept_all (fixture);
  pass_a_second ();
  gt_signal_logger_assert_no_emissions (fixture->logger);

  many = fill (fixture, 8);
  pass_a_second ();
  assert_pressure (fixture, 8, 0);
  sockets_close_all (many);
  close_it (fixture);
}

static void
test_overflow (ListenFixture *fixture,
               gconstpointer address)
{
  GArray *clients;
  g_autofree char *local = NULL;

  listen_for_pressure (fixture);
  open_it (fixture);
  clients = fill (fixture, LIMIT + 1);
  pass_a_second ();
  assert_pressure (fixture, LIMIT + 1, 0);

  local = usher_listen_socket_dup_local_address (fixture->socket);
  sockets_overflow_queue (usher_listen_socket_get_fd (fixture->socket), local, 2);
  pass_a_second ();
  assert_pressure (fixture, LIMIT + 1, 2);
  pass_a_second ();
  gt_signal_logger_assert_no_emissions (fixture->logger);
  sockets_close_all (clients);
  close_it (fixture);
}

static void
test_costs_nothing (ListenFixture *fixture,
                    gconstpointer address)
{
  open_it (fixture);
  fault_clear ();
  for (guint i = 0; i < 5; i++)
    pass_a_second ();
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  g_assert_cmpuint (fault_get_n_calls (FAULT_GETSOCKOPT), ==, 0);
  close_it (fixture);
}

static void
count (guint *n)
{
  ++*n;
}

/* It ends when the handler is gone, and can begin when it is up. */
static void
test_comes_and_goes (ListenFixture *fixture,
                     gconstpointer address)
{
  guint n = 0;
  gulong id;
  GArray *clients;

  open_it (fixture);
  id = g_signal_connect_swapped (fixture->socket, "pressure", G_CALLBACK (count), &n);
  usher_listen_socket_set_pressure_watermark (fixture->socket, 75);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 1);
  clients = fill (fixture, 6);
  pass_a_second ();
  g_assert_cmpuint (n, ==, 1);

  usher_listen_socket_set_pressure_watermark (fixture->socket, 0);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  usher_listen_socket_set_pressure_watermark (fixture->socket, 50);
  pass_a_second ();
  g_assert_cmpuint (n, ==, 2);

  g_signal_handler_disconnect (fixture->socket, id);
  pass_a_second ();
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  sockets_close_all (clients);
  close_it (fixture);
}

/* While it is kept open nobody accepts, but clients come. */
static void
test_kept_open (ListenFixture *fixture,
                gconstpointer address)
{
  GArray *clients;

  usher_listen_socket_set_keep_open (fixture->socket, TRUE);
  listen_for_pressure (fixture);
  listen_fixture_start (fixture);
  listen_fixture_assert_up (fixture);
  usher_child_shutdown (USHER_CHILD (fixture->socket), USHER_STOP_RESTART);
  listen_fixture_assert_down (fixture, USHER_DOWN_FAILED);
  listen_fixture_assert_exit (fixture, 1, USHER_EXIT_SHUTDOWN);

  clients = fill (fixture, 6);
  pass_a_second ();
  assert_pressure (fixture, 6, 0);
  sockets_close_all (clients);
  close_it (fixture);
}

static void
test_close_in_handler (ListenFixture *fixture,
                       gconstpointer address)
{
  GArray *clients;

  g_signal_connect (fixture->socket, "pressure", G_CALLBACK (usher_listen_socket_close), NULL);
  open_it (fixture);
  clients = fill (fixture, 6);
  pass_a_second ();
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  sockets_close_all (clients);
}

static void
test_properties (ListenFixture *fixture,
                 gconstpointer address)
{
  guint watermark;

  g_assert_cmpuint (usher_listen_socket_get_pressure_watermark (fixture->socket), ==, 75);
  gt_signal_logger_connect (fixture->logger, fixture->socket, "notify");
  g_object_set (fixture->socket, "pressure-watermark", 90, NULL);
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "pressure-watermark");
  g_object_set (fixture->socket, "pressure-watermark", 90, NULL);
  gt_signal_logger_assert_no_emissions (fixture->logger);
  g_object_get (fixture->socket, "pressure-watermark", &watermark, NULL);
  g_assert_cmpuint (watermark, ==, 90);
}

#define ADD(path, address, func) \
  g_test_add ("/listen-socket-pressure/" path, ListenFixture, address, set_up, func, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("has-figures/tcp", ANY_PORT, test_figures);
  ADD ("has-figures/unix", NULL, test_figures);
  ADD ("is-told-at-the-watermark/tcp", ANY_PORT, test_watermark);
  ADD ("is-told-at-the-watermark/unix", NULL, test_watermark);
  ADD ("is-told-at-every-overflow", ANY_PORT, test_overflow);
  ADD ("costs-nothing-while-nobody-listens", ANY_PORT, test_costs_nothing);
  ADD ("comes-and-goes-with-who-listens", ANY_PORT, test_comes_and_goes);
  ADD ("is-told-while-it-is-kept-open", ANY_PORT, test_kept_open);
  ADD ("may-close-it", ANY_PORT, test_close_in_handler);
  ADD ("has-properties", ANY_PORT, test_properties);

  return g_test_run ();
}
