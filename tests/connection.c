/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-private.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/fault.h"
#include "support/iterate.h"
#include "usher/error.h"

typedef struct
{
  UsherReactor *reactor;       /* (owned) */
  UsherListenSocket *socket;   /* (owned) */
  UsherConnection *connection; /* (owned) */
  GInputStream *in;            /* (unowned) */
  GOutputStream *out;          /* (unowned) */
  int own;
  int peer;

  /* What the latest operation answered. */
  char buffer[64];
  gssize n;
  GError *error; /* (owned) (nullable) */
  gboolean is_done;
  GMainContext *done_in; /* (unowned) */
} Fixture;

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  const UsherPeer peer = { .address.ss_family = AF_UNIX, .length = sizeof (sa_family_t) };
  int fds[2];

  fixture->reactor = usher_reactor_ref_for_context (g_main_context_default ());
  fixture->socket = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", NULL);
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds));
  fixture->connection = usher_connection_new (fixture->reactor, fixture->socket, fds[0], &peer);
  fixture->in = g_io_stream_get_input_stream (G_IO_STREAM (fixture->connection));
  fixture->out = g_io_stream_get_output_stream (G_IO_STREAM (fixture->connection));
  fixture->own = fds[0];
  fixture->peer = fds[1];
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  usher_connection_close (fixture->connection);
  g_assert_finalize_object (fixture->connection);
  g_assert_finalize_object (fixture->socket);
  usher_reactor_unref (fixture->reactor);
  g_clear_error (&fixture->error);
  close (fixture->peer);
}

static void
say (Fixture *fixture,
     const char *text)
{
  g_assert_cmpint (send (fixture->peer, text, strlen (text), MSG_NOSIGNAL), ==, strlen (text));
}

static gboolean
is_done (gpointer user_data)
{
  return ((Fixture *) user_data)->is_done;
}

static void
on_read (GObject *source_object,
         GAsyncResult *result,
         gpointer user_data)
{
  Fixture *fixture = user_data;

  g_clear_error (&fixture->error);
  fixture->n = g_input_stream_read_finish (fixture->in, result, &fixture->error);
  fixture->done_in = g_main_context_get_thread_default ();
  fixture->is_done = TRUE;
}

static void
begin_read (Fixture *fixture,
            GCancellable *cancellable)
{
  fixture->is_done = FALSE;
  g_input_stream_read_async (fixture->in, fixture->buffer, sizeof fixture->buffer, G_PRIORITY_DEFAULT, cancellable,
                             on_read, fixture);
}

static void
expect_read (Fixture *fixture,
             const char *text)
{
  iterate_until (NULL, is_done, fixture);
  g_assert_no_error (fixture->error);
  g_assert_cmpmem (fixture->buffer, fixture->n, text, strlen (text));
}

static void
expect_read_error (Fixture *fixture,
                   int code)
{
  iterate_until (NULL, is_done, fixture);
  g_assert_error (fixture->error, G_IO_ERROR, code);
}

/* On the loop. */

static void
test_async_reads_what_is_there (Fixture *fixture,
                                gconstpointer data)
{
  say (fixture, "hello");
  begin_read (fixture, NULL);
  g_assert_false (fixture->is_done);
  expect_read (fixture, "hello");
}

static void
test_async_waits (Fixture *fixture,
                  gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      begin_read (fixture, NULL);
      iterate_pending (NULL);
      g_assert_false (fixture->is_done);
      say (fixture, "hello");
      expect_read (fixture, "hello");
    }

  begin_read (fixture, NULL);
  iterate_pending (NULL);
  shutdown (fixture->peer, SHUT_WR);
  expect_read (fixture, "");
}

static void
test_async_is_cancelled (Fixture *fixture,
                         gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  begin_read (fixture, cancellable);
  iterate_pending (NULL);
  g_cancellable_cancel (cancellable);
  g_assert_false (fixture->is_done);
  expect_read_error (fixture, G_IO_ERROR_CANCELLED);

  say (fixture, "later");
  begin_read (fixture, NULL);
  expect_read (fixture, "later");
}

static void
test_async_exits (Fixture *fixture,
                  gconstpointer data)
{
  begin_read (fixture, NULL);
  iterate_pending (NULL);
  usher_connection_exit (fixture->connection);
  expect_read_error (fixture, G_IO_ERROR_CANCELLED);
  say (fixture, "too late");
  begin_read (fixture, NULL);
  expect_read_error (fixture, G_IO_ERROR_CANCELLED);
}

static void
test_async_ends_when_closed (Fixture *fixture,
                             gconstpointer data)
{
  begin_read (fixture, NULL);
  iterate_pending (NULL);
  usher_connection_close (fixture->connection);
  expect_read_error (fixture, G_IO_ERROR_CLOSED);
}

static void
test_async_drains_if_idle (Fixture *fixture,
                           gconstpointer data)
{
  usher_connection_set_drain_idle_reads (fixture->connection, TRUE);
  say (fixture, "half");
  begin_read (fixture, NULL);
  expect_read (fixture, "half");

  begin_read (fixture, NULL);
  iterate_pending (NULL);
  usher_connection_drain (fixture->connection);
  iterate_pending (NULL);
  g_assert_false (fixture->is_done);
  say (fixture, " a line");
  expect_read (fixture, " a line");

  g_assert_cmpint (g_output_stream_write (fixture->out, "answer", 6, NULL, NULL), ==, 6);
  begin_read (fixture, NULL);
  expect_read (fixture, "");
}

static void
on_written (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  Fixture *fixture = user_data;
  gsize n;

  g_assert_true (g_output_stream_write_all_finish (fixture->out, result, &n, &fixture->error));
  fixture->n = n;
  fixture->is_done = TRUE;
}

static gboolean
is_done_if_read_on (gpointer user_data)
{
  Fixture *fixture = user_data;
  char buffer[65536];

  while (!fixture->is_done && recv (fixture->peer, buffer, sizeof buffer, MSG_DONTWAIT) > 0)
    ;
  return fixture->is_done;
}

static void
test_async_writes_more_than_fits (Fixture *fixture,
                                  gconstpointer data)
{
  const gsize size = 8 * 1024 * 1024;
  g_autofree char *much = g_malloc0 (size);

  g_output_stream_write_all_async (fixture->out, much, size, G_PRIORITY_DEFAULT, NULL, on_written, fixture);
  iterate_until (NULL, is_done_if_read_on, fixture);
  g_assert_no_error (fixture->error);
  g_assert_cmpint (fixture->n, ==, size);
}

static void
on_closed (GObject *source_object,
           GAsyncResult *result,
           gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_true (g_io_stream_close_finish (G_IO_STREAM (source_object), result, NULL));
  fixture->is_done = TRUE;
}

static void
test_closes_asynchronously (Fixture *fixture,
                            gconstpointer data)
{
  char byte;

  begin_read (fixture, NULL);
  say (fixture, "x");
  expect_read (fixture, "x");
  fixture->is_done = FALSE;
  g_io_stream_close_async (G_IO_STREAM (fixture->connection), G_PRIORITY_DEFAULT, NULL, on_closed, fixture);
  iterate_until (NULL, is_done, fixture);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (fixture->connection)));
  g_assert_cmpint (recv (fixture->peer, &byte, 1, 0), ==, 0);
}

static void
on_write_failed (GObject *source_object,
                 GAsyncResult *result,
                 gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_cmpint (g_output_stream_write_finish (fixture->out, result, &fixture->error), ==, -1);
  fixture->is_done = TRUE;
}

static void
test_async_reads_on_when_writes_cannot_wait (Fixture *fixture,
                                             gconstpointer data)
{
  g_autofree char *much = g_malloc0 (65536);
  g_autoptr (UsherExit) exit = NULL;

  begin_read (fixture, NULL);
  iterate_pending (NULL);
  while (send (fixture->own, much, 65536, MSG_DONTWAIT) > 0)
    continue;

  fault_inject (FAULT_EPOLL_CTL, 1, 1, ENOSPC);
  g_output_stream_write_async (fixture->out, much, 65536, G_PRIORITY_DEFAULT, NULL, on_write_failed, fixture);
  iterate_until (NULL, is_done, fixture);
  exit = usher_connection_explain (fixture->connection, FALSE, fixture->error);
  g_assert_cmpint (usher_exit_get_kind (exit), ==, USHER_EXIT_SHUTDOWN);

  fixture->is_done = FALSE;
  say (fixture, "hello");
  expect_read (fixture, "hello");
  fault_clear ();
}

/* In a thread. */

typedef struct
{
  Fixture *fixture;
  GCancellable *cancellable; /* (unowned) (nullable) */
} Reader;

static gpointer
read_in_thread (gpointer user_data)
{
  Reader *reader = user_data;
  Fixture *fixture = reader->fixture;

  fixture->n = g_input_stream_read (fixture->in, fixture->buffer, sizeof fixture->buffer, reader->cancellable,
                                    &fixture->error);
  return NULL;
}

/* Returns when the thread sleeps, as far as anybody can tell from outside: it has had its chance. */
static GThread *
read_elsewhere (Reader *reader)
{
  GThread *thread = g_thread_new ("reader", read_in_thread, reader);

  for (guint i = 0; i < 1000; i++)
    g_thread_yield ();
  return thread;
}

static void
test_blocks_until_data_comes (Fixture *fixture,
                              gconstpointer data)
{
  GThread *thread = read_elsewhere (&(Reader){ fixture, NULL });

  say (fixture, "hello");
  g_thread_join (thread);
  g_assert_no_error (fixture->error);
  g_assert_cmpmem (fixture->buffer, fixture->n, "hello", 5);
}

static void
test_blocks_until_it_has_to_exit (Fixture *fixture,
                                  gconstpointer data)
{
  GThread *thread = read_elsewhere (&(Reader){ fixture, NULL });

  usher_connection_exit (fixture->connection);
  g_thread_join (thread);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_blocks_until_it_is_cancelled (Fixture *fixture,
                                   gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread = read_elsewhere (&(Reader){ fixture, cancellable });

  g_cancellable_cancel (cancellable);
  g_thread_join (thread);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_blocks_until_it_is_told (Fixture *fixture,
                              gconstpointer data)
{
  GCancellable *drain = usher_connection_get_drain_cancellable (fixture->connection);
  GThread *thread = read_elsewhere (&(Reader){ fixture, drain });

  usher_connection_drain (fixture->connection);
  g_thread_join (thread);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_true (usher_connection_is_draining (fixture->connection));
}

static void
test_blocks_until_it_drains (Fixture *fixture,
                             gconstpointer data)
{
  GThread *thread;

  usher_connection_set_drain_idle_reads (fixture->connection, TRUE);
  thread = read_elsewhere (&(Reader){ fixture, NULL });
  usher_connection_drain (fixture->connection);
  g_thread_join (thread);
  g_assert_no_error (fixture->error);
  g_assert_cmpint (fixture->n, ==, 0);
}

static gpointer
read_asynchronously_in_thread (gpointer user_data)
{
  Fixture *fixture = user_data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  begin_read (fixture, NULL);
  while (!fixture->is_done)
    g_main_context_iteration (context, TRUE);
  g_main_context_pop_thread_default (context);

  g_assert_true (fixture->done_in == context);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
test_async_calls_back_where_it_was_called (Fixture *fixture,
                                           gconstpointer data)
{
  GThread *thread;

  say (fixture, "hello");
  thread = g_thread_new ("reader", read_asynchronously_in_thread, fixture);
  iterate_until (NULL, is_done, fixture);
  g_thread_join (thread);
  g_assert_cmpmem (fixture->buffer, fixture->n, "hello", 5);
}

static gpointer
close_in_thread (gpointer user_data)
{
  Fixture *fixture = user_data;

  g_io_stream_close (G_IO_STREAM (fixture->connection), NULL, NULL);
  return NULL;
}

static void
test_closes_from_another_thread (Fixture *fixture,
                                 gconstpointer data)
{
  char byte;

  begin_read (fixture, NULL);
  iterate_pending (NULL);
  say (fixture, "x");
  expect_read (fixture, "x");
  g_thread_join (g_thread_new ("closer", close_in_thread, fixture));
  iterate_pending (NULL);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, 0), ==, 0);
}

static gpointer
read_and_close_in_thread (gpointer user_data)
{
  Fixture *fixture = user_data;
  GMainContext *context = g_main_context_new ();
  char byte;

  g_main_context_push_thread_default (context);
  begin_read (fixture, NULL);
  close_in_thread (fixture);
  g_main_context_pop_thread_default (context);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, MSG_DONTWAIT), ==, -1);
  return context;
}

/* The loop may be reading from the descriptor; it would be another connection's by then. */
static void
test_closes_where_it_reads (Fixture *fixture,
                            gconstpointer data)
{
  g_autoptr (GMainContext) context = g_thread_join (g_thread_new ("closer", read_and_close_in_thread, fixture));
  char byte;

  iterate_pending (NULL);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, 0), ==, 0);
  iterate_until (context, is_done, fixture);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* Why it ended. */

static void
assert_explained (Fixture *fixture,
                  gboolean succeeded,
                  const GError *error,
                  UsherExitKind kind)
{
  g_autoptr (UsherExit) exit = usher_connection_explain (fixture->connection, succeeded, error);

  g_assert_cmpint (usher_exit_get_kind (exit), ==, kind);
}

static void
test_knows_whose_failure_it_was (Fixture *fixture,
                                 gconstpointer data)
{
  g_autoptr (GError) upstream = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE, "the database is gone");
  g_autoptr (GError) own = NULL;

  assert_explained (fixture, TRUE, NULL, USHER_EXIT_NORMAL);
  assert_explained (fixture, FALSE, NULL, USHER_EXIT_ERROR);
  assert_explained (fixture, FALSE, upstream, USHER_EXIT_ERROR);

  shutdown (fixture->peer, SHUT_RDWR);
  g_assert_cmpint (g_output_stream_write (fixture->out, "x", 1, NULL, &own), ==, -1);
  g_assert_error (own, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
  assert_explained (fixture, FALSE, own, USHER_EXIT_SHUTDOWN);
}

static void
test_being_cancelled_is_a_failure_unless_it_was_asked (Fixture *fixture,
                                                       gconstpointer data)
{
  g_autoptr (GError) cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");

  assert_explained (fixture, FALSE, cancelled, USHER_EXIT_ERROR);
  usher_connection_drain (fixture->connection);
  assert_explained (fixture, FALSE, cancelled, USHER_EXIT_SHUTDOWN);
}

static void
test_cancellables_come_late (Fixture *fixture,
                             gconstpointer data)
{
  usher_connection_drain (fixture->connection);
  usher_connection_exit (fixture->connection);
  g_assert_true (g_cancellable_is_cancelled (usher_connection_get_drain_cancellable (fixture->connection)));
  g_assert_true (g_cancellable_is_cancelled (usher_connection_get_exit_cancellable (fixture->connection)));
}

static void
test_has_addresses (Fixture *fixture,
                    gconstpointer data)
{
  g_autoptr (GSocketAddress) peer = usher_connection_dup_peer_address (fixture->connection);
  g_autoptr (GSocketAddress) local = usher_connection_dup_local_address (fixture->connection, NULL);
  g_autofree char *name = usher_connection_dup_peer_name (fixture->connection);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_socket_address_get_family (peer), ==, G_SOCKET_FAMILY_UNIX);
  g_assert_cmpint (g_socket_address_get_family (local), ==, G_SOCKET_FAMILY_UNIX);
  g_assert_cmpstr (name, ==, "tcp://127.0.0.1:0");
  g_assert_true (usher_connection_get_listen_socket (fixture->connection) == fixture->socket);

  usher_connection_close (fixture->connection);
  g_assert_null (usher_connection_dup_local_address (fixture->connection, &error));
  g_assert_nonnull (error);
}

#define ADD(path, function) g_test_add ("/connection/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("async/reads-what-is-there", test_async_reads_what_is_there);
  ADD ("async/waits-for-what-is-not", test_async_waits);
  ADD ("async/is-cancelled", test_async_is_cancelled);
  ADD ("async/is-cancelled-by-the-exit", test_async_exits);
  ADD ("async/ends-when-it-is-closed", test_async_ends_when_closed);
  ADD ("async/drains-if-idle", test_async_drains_if_idle);
  ADD ("async/writes-more-than-fits", test_async_writes_more_than_fits);
  ADD ("async/reads-on-when-writes-cannot-wait", test_async_reads_on_when_writes_cannot_wait);
  ADD ("async/closes-where-it-reads", test_closes_where_it_reads);
  ADD ("async/closes", test_closes_asynchronously);
  ADD ("async/calls-back-where-it-was-called", test_async_calls_back_where_it_was_called);
  ADD ("blocking/until-data-comes", test_blocks_until_data_comes);
  ADD ("blocking/until-it-has-to-exit", test_blocks_until_it_has_to_exit);
  ADD ("blocking/until-it-is-cancelled", test_blocks_until_it_is_cancelled);
  ADD ("blocking/until-it-is-told", test_blocks_until_it_is_told);
  ADD ("blocking/until-it-drains", test_blocks_until_it_drains);
  ADD ("closes-from-another-thread", test_closes_from_another_thread);
  ADD ("knows-whose-failure-it-was", test_knows_whose_failure_it_was);
  ADD ("being-cancelled-is-a-failure-unless-asked", test_being_cancelled_is_a_failure_unless_it_was_asked);
  ADD ("makes-cancellables-late", test_cancellables_come_late);
  ADD ("has-addresses", test_has_addresses);

  return g_test_run ();
}
