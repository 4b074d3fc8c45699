/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gio/gunixconnection.h>

#include "support/connection-fixture.h"
#include "support/fault.h"
#include "usher/error.h"

/* On the loop. */

static void
test_async_reads_what_is_there (ConnectionFixture *fixture,
                                gconstpointer data)
{
  connection_fixture_say (fixture, "hello");
  connection_fixture_begin_read (fixture, NULL);
  g_assert_false (fixture->is_done);
  connection_fixture_expect_read (fixture, "hello");
}

static void
test_async_waits (ConnectionFixture *fixture,
                  gconstpointer data)
{
  for (guint i = 0; i < 3; i++)
    {
      connection_fixture_begin_read (fixture, NULL);
      iterate_pending (NULL);
      g_assert_false (fixture->is_done);
      connection_fixture_say (fixture, "hello");
      connection_fixture_expect_read (fixture, "hello");
    }

  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  shutdown (fixture->peer, SHUT_WR);
  connection_fixture_expect_read (fixture, "");
}

static void
test_async_is_cancelled (ConnectionFixture *fixture,
                         gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  connection_fixture_begin_read (fixture, cancellable);
  iterate_pending (NULL);
  g_cancellable_cancel (cancellable);
  g_assert_false (fixture->is_done);
  connection_fixture_expect_read_error (fixture, G_IO_ERROR_CANCELLED);

  connection_fixture_say (fixture, "later");
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read (fixture, "later");
}

static void
test_async_exits (ConnectionFixture *fixture,
                  gconstpointer data)
{
  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  usher_connection_stop (fixture->connection);
  connection_fixture_expect_read_error (fixture, G_IO_ERROR_CANCELLED);
  connection_fixture_say (fixture, "too late");
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read_error (fixture, G_IO_ERROR_CANCELLED);
}

static void
test_async_ends_when_closed (ConnectionFixture *fixture,
                             gconstpointer data)
{
  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  usher_connection_close (fixture->connection);
  connection_fixture_expect_read_error (fixture, G_IO_ERROR_CLOSED);
}

/* The peer has spoken, but nobody has looked yet: that reads are tried at first is not taken for granted. */
static void
test_async_looks_before_it_drains (ConnectionFixture *fixture,
                                   gconstpointer data)
{
  usher_hunch_follow (usher_reactor_get_hunch (fixture->reactor, USHER_HUNCH_HAS_SPOKEN));
  usher_connection_set_drain_idle_reads (fixture->connection, TRUE);
  connection_fixture_say (fixture, "hello");
  usher_connection_drain (fixture->connection);

  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read (fixture, "hello");
}

static void
test_async_drains_if_idle (ConnectionFixture *fixture,
                           gconstpointer data)
{
  usher_connection_set_drain_idle_reads (fixture->connection, TRUE);
  connection_fixture_say (fixture, "half");
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read (fixture, "half");

  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  usher_connection_drain (fixture->connection);
  iterate_pending (NULL);
  g_assert_false (fixture->is_done);
  connection_fixture_say (fixture, " a line");
  connection_fixture_expect_read (fixture, " a line");

  g_assert_cmpint (g_output_stream_write (fixture->out, "answer", 6, NULL, NULL), ==, 6);
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read (fixture, "");
}

static void
on_written (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  ConnectionFixture *fixture = user_data;
  gsize n;

  g_assert_true (g_output_stream_write_all_finish (fixture->out, result, &n, &fixture->error));
  fixture->n = n;
  g_atomic_int_set (&fixture->is_done, TRUE);
}

static void
test_async_writes_more_than_fits (ConnectionFixture *fixture,
                                  gconstpointer data)
{
  const gsize size = 8 * 1024 * 1024;
  g_autofree char *much = g_malloc0 (size);

  g_output_stream_write_all_async (fixture->out, much, size, G_PRIORITY_DEFAULT, NULL, on_written, fixture);
  iterate_until (NULL, connection_fixture_is_done_if_read_on, fixture);
  g_assert_no_error (fixture->error);
  g_assert_cmpint (fixture->n, ==, size);
}

static void
on_closed (GObject *source_object,
           GAsyncResult *result,
           gpointer user_data)
{
  ConnectionFixture *fixture = user_data;

  g_assert_true (g_io_stream_close_finish (G_IO_STREAM (source_object), result, NULL));
  g_atomic_int_set (&fixture->is_done, TRUE);
}

static void
test_closes_asynchronously (ConnectionFixture *fixture,
                            gconstpointer data)
{
  char byte;

  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_say (fixture, "x");
  connection_fixture_expect_read (fixture, "x");
  g_atomic_int_set (&fixture->is_done, FALSE);
  g_io_stream_close_async (G_IO_STREAM (fixture->connection), G_PRIORITY_DEFAULT, NULL, on_closed, fixture);
  iterate_until (NULL, connection_fixture_is_done, fixture);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (fixture->connection)));
  g_assert_cmpint (recv (fixture->peer, &byte, 1, 0), ==, 0);
}

static void
on_write_failed (GObject *source_object,
                 GAsyncResult *result,
                 gpointer user_data)
{
  ConnectionFixture *fixture = user_data;

  g_assert_cmpint (g_output_stream_write_finish (fixture->out, result, &fixture->error), ==, -1);
  g_atomic_int_set (&fixture->is_done, TRUE);
}

static void
test_async_reads_on_when_writes_cannot_wait (ConnectionFixture *fixture,
                                             gconstpointer data)
{
  g_autofree char *much = g_malloc0 (65536);
  g_autoptr (UsherExit) exit = NULL;

  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  while (send (fixture->own, much, 65536, MSG_DONTWAIT) > 0)
    continue;

  fault_inject (FAULT_EPOLL_CTL, 0, 1, ENOSPC);
  g_output_stream_write_async (fixture->out, much, 65536, G_PRIORITY_DEFAULT, NULL, on_write_failed, fixture);
  iterate_until (NULL, connection_fixture_is_done, fixture);
  exit = usher_connection_explain (fixture->connection, FALSE, g_error_copy (fixture->error));
  g_assert_cmpint (usher_exit_get_kind (exit), ==, USHER_EXIT_SHUTDOWN);

  g_atomic_int_set (&fixture->is_done, FALSE);
  connection_fixture_say (fixture, "hello");
  connection_fixture_expect_read (fixture, "hello");
  fault_clear ();
}

/* In a thread. */

typedef struct
{
  ConnectionFixture *fixture;
  GCancellable *cancellable; /* (unowned) (nullable) */
} Reader;

static gpointer
read_in_thread (gpointer user_data)
{
  Reader *reader = user_data;
  ConnectionFixture *fixture = reader->fixture;

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
test_blocks_until_data_comes (ConnectionFixture *fixture,
                              gconstpointer data)
{
  GThread *thread = read_elsewhere (&(Reader){ fixture, NULL });

  connection_fixture_say (fixture, "hello");
  g_thread_join (thread);
  g_assert_no_error (fixture->error);
  g_assert_cmpmem (fixture->buffer, fixture->n, "hello", 5);
}

static void
test_blocks_until_it_has_to_exit (ConnectionFixture *fixture,
                                  gconstpointer data)
{
  GThread *thread = read_elsewhere (&(Reader){ fixture, NULL });

  usher_connection_stop (fixture->connection);
  g_thread_join (thread);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_blocks_until_it_is_cancelled (ConnectionFixture *fixture,
                                   gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread = read_elsewhere (&(Reader){ fixture, cancellable });

  g_cancellable_cancel (cancellable);
  g_thread_join (thread);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_blocks_until_it_is_told (ConnectionFixture *fixture,
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
test_blocks_until_it_drains (ConnectionFixture *fixture,
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

static void
test_async_calls_back_where_it_was_called (ConnectionFixture *fixture,
                                           gconstpointer data)
{
  GThread *thread;

  connection_fixture_say (fixture, "hello");
  thread = connection_fixture_begin_read_elsewhere (fixture, NULL);
  iterate_until (NULL, connection_fixture_is_done, fixture);
  g_thread_join (thread);
  g_assert_cmpmem (fixture->buffer, fixture->n, "hello", 5);
}

static gpointer
close_in_thread (gpointer user_data)
{
  ConnectionFixture *fixture = user_data;

  g_io_stream_close (G_IO_STREAM (fixture->connection), NULL, NULL);
  return NULL;
}

static void
test_closes_from_another_thread (ConnectionFixture *fixture,
                                 gconstpointer data)
{
  char byte;

  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  connection_fixture_say (fixture, "x");
  connection_fixture_expect_read (fixture, "x");
  g_thread_join (g_thread_new ("closer", close_in_thread, fixture));
  iterate_pending (NULL);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, 0), ==, 0);
}

static gpointer
read_and_close_in_thread (gpointer user_data)
{
  ConnectionFixture *fixture = user_data;
  GMainContext *context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  connection_fixture_begin_read (fixture, NULL);
  close_in_thread (fixture);
  g_main_context_pop_thread_default (context);
  return context;
}

static void
test_ends_when_closed_elsewhere (ConnectionFixture *fixture,
                                 gconstpointer data)
{
  g_autoptr (GMainContext) context = g_thread_join (g_thread_new ("closer", read_and_close_in_thread, fixture));
  char byte;

  iterate_pending (NULL);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, 0), ==, 0);
  iterate_until (context, connection_fixture_is_done, fixture);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_blocks_until_it_is_closed (ConnectionFixture *fixture,
                                gconstpointer data)
{
  GThread *thread = read_elsewhere (&(Reader){ fixture, NULL });
  char byte;

  usher_connection_close (fixture->connection);
  g_thread_join (thread);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, MSG_DONTWAIT), ==, 0);
}

/* Why it ended. */

static void
assert_explained (ConnectionFixture *fixture,
                  gboolean succeeded,
                  const GError *error,
                  UsherExitKind kind)
{
  g_autoptr (UsherExit) exit = usher_connection_explain (fixture->connection, succeeded, error != NULL ? g_error_copy (error) : NULL);

  g_assert_cmpint (usher_exit_get_kind (exit), ==, kind);
}

static void
test_knows_whose_failure_it_was (ConnectionFixture *fixture,
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
test_being_cancelled_is_a_failure_unless_it_was_asked (ConnectionFixture *fixture,
                                                       gconstpointer data)
{
  g_autoptr (GError) cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");

  assert_explained (fixture, FALSE, cancelled, USHER_EXIT_ERROR);
  usher_connection_drain (fixture->connection);
  assert_explained (fixture, FALSE, cancelled, USHER_EXIT_SHUTDOWN);
}

static void
test_cancellables_come_late (ConnectionFixture *fixture,
                             gconstpointer data)
{
  usher_connection_drain (fixture->connection);
  usher_connection_stop (fixture->connection);
  g_assert_true (g_cancellable_is_cancelled (usher_connection_get_drain_cancellable (fixture->connection)));
  g_assert_true (g_cancellable_is_cancelled (usher_connection_get_exit_cancellable (fixture->connection)));
}

static void
test_has_addresses (ConnectionFixture *fixture,
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

static void
expect_exit (ConnectionFixture *fixture,
             UsherExit *reason,
             UsherExit *expected)
{
  g_autoptr (GError) cancelled = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
  g_autoptr (UsherExit) exit = NULL;

  usher_connection_exit (fixture->connection, reason);
  exit = usher_connection_explain (fixture->connection, FALSE, g_error_copy (cancelled));
  g_assert_true (exit == expected);
  assert_explained (fixture, TRUE, NULL, USHER_EXIT_NORMAL);
}

static void
test_exits_for_a_reason (ConnectionFixture *fixture,
                         gconstpointer data)
{
  g_autoptr (UsherExit) normal = usher_exit_new_normal ();
  g_autoptr (UsherExit) killed = usher_exit_new_killed ();
  g_autoptr (GError) error = g_error_new_literal (USHER_ERROR, USHER_ERROR_FAILED, "somebody else logged in");
  g_autoptr (UsherExit) reason = usher_exit_new_shutdown_with_error (error);
  char byte;

  connection_fixture_begin_read (fixture, NULL);
  usher_connection_exit (fixture->connection, normal);
  iterate_pending (NULL);
  g_assert_false (fixture->is_done);

  expect_exit (fixture, reason, reason);
  connection_fixture_expect_read_error (fixture, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, MSG_DONTWAIT), ==, -1);
  expect_exit (fixture, killed, reason);
  g_assert_cmpint (recv (fixture->peer, &byte, 1, MSG_DONTWAIT), ==, 0);
}

static void
kill_connection (gpointer connection)
{
  g_autoptr (UsherExit) killed = usher_exit_new_killed ();

  usher_connection_exit (connection, killed);
}

/* Not what it looks like: a client that has said all it wanted. */
static void
test_killed_when_about_to_read (ConnectionFixture *fixture,
                                gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fault_precede (FAULT_RECV, kill_connection, fixture->connection);
  g_assert_cmpint (g_input_stream_read (fixture->in, fixture->buffer, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_killed_when_about_to_write (ConnectionFixture *fixture,
                                 gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  fault_precede (FAULT_SEND, kill_connection, fixture->connection);
  g_assert_cmpint (g_output_stream_write (fixture->out, "x", 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
note_context (UsherConnection *connection,
              gpointer user_data)
{
  ConnectionFixture *fixture = user_data;

  g_assert_true (connection == fixture->connection);
  g_assert_true (g_main_context_is_owner (g_main_context_default ()));
  fixture->n++;
}

static gpointer
invoke_in_thread (gpointer user_data)
{
  ConnectionFixture *fixture = user_data;

  usher_connection_invoke (fixture->connection, note_context, fixture, NULL);
  return NULL;
}

static void
test_invokes_in_its_context (ConnectionFixture *fixture,
                             gconstpointer data)
{
  usher_connection_invoke (fixture->connection, note_context, fixture, NULL);
  g_thread_join (g_thread_new ("invoker", invoke_in_thread, fixture));
  g_assert_cmpint (fixture->n, ==, 0);
  iterate_pending (NULL);
  g_assert_cmpint (fixture->n, ==, 2);
}

static void
test_knows_the_peers_credentials (ConnectionFixture *fixture,
                                  gconstpointer data)
{
  g_autoptr (GCredentials) credentials = usher_connection_dup_credentials (fixture->connection, NULL);
  g_autoptr (GCredentials) none = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_credentials_get_unix_pid (credentials, NULL), ==, getpid ());
  g_assert_cmpint (g_credentials_get_unix_user (credentials, NULL), ==, getuid ());

  usher_connection_close (fixture->connection);
  none = usher_connection_dup_credentials (fixture->connection, &error);
  g_assert_null (none);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_has_a_socket_when_asked (ConnectionFixture *fixture,
                              gconstpointer data)
{
  GSocket *socket = usher_connection_get_socket (fixture->connection, NULL);
  g_autoptr (GSocket) kept = g_object_ref (socket);
  g_autoptr (GError) error = NULL;
  char byte;

  g_assert_true (usher_connection_get_socket (fixture->connection, NULL) == socket);
  g_assert_cmpint (g_socket_get_family (socket), ==, G_SOCKET_FAMILY_UNIX);

  usher_connection_close (fixture->connection);
  g_assert_true (g_socket_is_closed (kept));
  g_assert_cmpint (recv (fixture->peer, &byte, 1, MSG_DONTWAIT), ==, 0);
  g_assert_null (usher_connection_get_socket (fixture->connection, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_is_stolen (ConnectionFixture *fixture,
                gconstpointer data)
{
  g_autoptr (GSocketConnection) stolen = NULL;
  g_autoptr (GError) error = NULL;
  char byte;

  connection_fixture_begin_read (fixture, NULL);
  g_assert_null (usher_connection_steal_socket_connection (fixture->connection, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  iterate_pending (NULL);
  connection_fixture_say (fixture, "x");
  connection_fixture_expect_read (fixture, "x");

  stolen = usher_connection_steal_socket_connection (fixture->connection, NULL);
  g_assert_true (G_IS_UNIX_CONNECTION (stolen));
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read_error (fixture, G_IO_ERROR_CLOSED);
  usher_connection_kill (fixture->connection);
  usher_connection_close (fixture->connection);

  g_assert_cmpint (recv (fixture->peer, &byte, 1, MSG_DONTWAIT), ==, -1);
  iterate_pending (NULL);
  connection_fixture_say (fixture, "y");
  /* It no longer wakes us. */
  g_assert_false (g_main_context_iteration (NULL, FALSE));
  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (stolen)), &byte, 1, NULL, NULL), ==, 1);
}

#define ADD(path, function) g_test_add ("/connection/" path, ConnectionFixture, NULL, connection_fixture_set_up, function, connection_fixture_tear_down)

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
  ADD ("async/looks-before-it-drains", test_async_looks_before_it_drains);
  ADD ("async/writes-more-than-fits", test_async_writes_more_than_fits);
  ADD ("async/reads-on-when-writes-cannot-wait", test_async_reads_on_when_writes_cannot_wait);
  ADD ("async/ends-when-it-is-closed-elsewhere", test_ends_when_closed_elsewhere);
  ADD ("async/closes", test_closes_asynchronously);
  ADD ("async/calls-back-where-it-was-called", test_async_calls_back_where_it_was_called);
  ADD ("blocking/until-data-comes", test_blocks_until_data_comes);
  ADD ("blocking/until-it-has-to-exit", test_blocks_until_it_has_to_exit);
  ADD ("blocking/until-it-is-cancelled", test_blocks_until_it_is_cancelled);
  ADD ("blocking/until-it-is-told", test_blocks_until_it_is_told);
  ADD ("blocking/until-it-drains", test_blocks_until_it_drains);
  ADD ("blocking/until-it-is-closed", test_blocks_until_it_is_closed);
  ADD ("closes-from-another-thread", test_closes_from_another_thread);
  ADD ("knows-whose-failure-it-was", test_knows_whose_failure_it_was);
  ADD ("being-cancelled-is-a-failure-unless-asked", test_being_cancelled_is_a_failure_unless_it_was_asked);
  ADD ("makes-cancellables-late", test_cancellables_come_late);
  ADD ("exits-for-a-reason", test_exits_for_a_reason);
  ADD ("is-killed/when-about-to-read", test_killed_when_about_to_read);
  ADD ("is-killed/when-about-to-write", test_killed_when_about_to_write);
  ADD ("invokes-in-its-context", test_invokes_in_its_context);
  ADD ("knows-the-peers-credentials", test_knows_the_peers_credentials);
  ADD ("has-a-socket-when-asked", test_has_a_socket_when_asked);
  ADD ("is-stolen", test_is_stolen);
  ADD ("has-addresses", test_has_addresses);

  return g_test_run ();
}
