/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/connection-fixture.h"

#include <sys/socket.h>
#include <unistd.h>

const UsherPeer connection_fixture_unix_peer = { .address.ss_family = AF_UNIX, .length = sizeof (sa_family_t) };

void
connection_fixture_set_up (ConnectionFixture *fixture,
                           gconstpointer data)
{
  int fds[2];

  fixture->reactor = usher_reactor_ref_for_context (g_main_context_default ());
  fixture->socket = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", NULL);
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  fixture->connection = usher_connection_new (fixture->reactor, fixture->socket, fds[0], &connection_fixture_unix_peer);
  fixture->in = g_io_stream_get_input_stream (G_IO_STREAM (fixture->connection));
  fixture->out = g_io_stream_get_output_stream (G_IO_STREAM (fixture->connection));
  fixture->own = fds[0];
  fixture->peer = fds[1];
}

void
connection_fixture_tear_down (ConnectionFixture *fixture,
                              gconstpointer data)
{
  usher_connection_close (fixture->connection);
  g_assert_finalize_object (fixture->connection);
  g_assert_finalize_object (fixture->socket);
  usher_reactor_unref (fixture->reactor);
  g_clear_error (&fixture->error);
  close (fixture->peer);
}

void
connection_fixture_add_test (const char *path,
                             void (*test) (ConnectionFixture *fixture,
                                           gconstpointer data))
{
  g_test_add (path, ConnectionFixture, NULL, connection_fixture_set_up, test, connection_fixture_tear_down);
}

void
connection_fixture_say (ConnectionFixture *fixture,
                        const char *text)
{
  g_assert_cmpint (send (fixture->peer, text, strlen (text), MSG_NOSIGNAL), ==, strlen (text));
}

gboolean
connection_fixture_is_done (gpointer user_data)
{
  return g_atomic_int_get (&((ConnectionFixture *) user_data)->is_done);
}

static void
on_read (GObject *source_object,
         GAsyncResult *result,
         gpointer user_data)
{
  ConnectionFixture *fixture = user_data;

  g_clear_error (&fixture->error);
  fixture->n = g_input_stream_read_finish (fixture->in, result, &fixture->error);
  fixture->done_in = g_main_context_get_thread_default ();
  g_atomic_int_set (&fixture->is_done, TRUE);
}

void
connection_fixture_begin_read (ConnectionFixture *fixture,
                               GCancellable *cancellable)
{
  g_atomic_int_set (&fixture->is_done, FALSE);
  g_input_stream_read_async (fixture->in, fixture->buffer, sizeof fixture->buffer, G_PRIORITY_DEFAULT, cancellable,
                             on_read, fixture);
}

typedef struct
{
  ConnectionFixture *fixture;
  GCancellable *cancellable; /* (unowned) (nullable) */
} Elsewhere;

static gpointer
read_in_thread (gpointer user_data)
{
  g_autofree Elsewhere *self = user_data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  connection_fixture_begin_read (self->fixture, self->cancellable);
  while (!g_atomic_int_get (&self->fixture->is_done))
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  g_assert_true (self->fixture->done_in == context);
  g_main_context_wakeup (NULL);
  return NULL;
}

GThread *
connection_fixture_begin_read_elsewhere (ConnectionFixture *fixture,
                                         GCancellable *cancellable)
{
  const Elsewhere elsewhere = { fixture, cancellable };

  return g_thread_new ("reader", read_in_thread, g_memdup2 (&elsewhere, sizeof elsewhere));
}

void
connection_fixture_expect_read (ConnectionFixture *fixture,
                                const char *text)
{
  iterate_until (NULL, connection_fixture_is_done, fixture);
  g_assert_no_error (fixture->error);
  g_assert_cmpmem (fixture->buffer, fixture->n, text, strlen (text));
}

void
connection_fixture_expect_read_error (ConnectionFixture *fixture,
                                      int code)
{
  iterate_until (NULL, connection_fixture_is_done, fixture);
  g_assert_error (fixture->error, G_IO_ERROR, code);
}

gboolean
connection_fixture_is_done_if_read_on (gpointer user_data)
{
  ConnectionFixture *fixture = user_data;
  char buffer[65536];

  while (!fixture->is_done && recv (fixture->peer, buffer, sizeof buffer, MSG_DONTWAIT) > 0)
    ;
  return fixture->is_done;
}

/* Its client is gone, and whoever was called for that has returned. */
void
connection_fixture_end (ConnectionFixture *fixture)
{
  usher_connection_close (fixture->connection);
  iterate_pending (NULL);
}

/* Another client comes. */
void
connection_fixture_begin_again (ConnectionFixture *fixture,
                                const UsherPeer *peer)
{
  int fds[2];

  close (fixture->peer);
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  usher_connection_begin_again (fixture->connection, fixture->socket, fds[0], peer);
  fixture->own = fds[0];
  fixture->peer = fds[1];
  g_clear_error (&fixture->error);
}

void
connection_fixture_expect_next (ConnectionFixture *fixture)
{
  connection_fixture_end (fixture);
  g_assert_true (usher_connection_retire (fixture->connection));
  connection_fixture_begin_again (fixture, &connection_fixture_unix_peer);
}

/* It works as any other does. */
void
connection_fixture_assert_serves (ConnectionFixture *fixture)
{
  char buffer[16];

  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  g_assert_false (fixture->is_done);
  connection_fixture_say (fixture, "hello");
  connection_fixture_expect_read (fixture, "hello");
  g_assert_cmpint (g_output_stream_write (fixture->out, "echo", 4, NULL, NULL), ==, 4);
  g_assert_cmpint (recv (fixture->peer, buffer, sizeof buffer, 0), ==, 4);
}

void
connection_fixture_count_notify (GObject *object,
                                 GParamSpec *pspec,
                                 gpointer n_calls)
{
  (*(guint *) n_calls)++;
}
