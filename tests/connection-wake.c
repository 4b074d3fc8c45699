/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-private.h"

#include <dlfcn.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/connection-fixture.h"
#include "support/fiber-fixture.h"
#include "usher/await.h"

/* What another thread does just when a read has found nothing, and is about to wait. */

static GThreadFunc meanwhile; /* (nullable): with the next recv (), which then finds nothing */
static gpointer meanwhile_data;
static guint n_recvs;

/* This stands before the C library's. */
ssize_t
recv (int fd,
      void *buffer,
      size_t size,
      int flags)
{
  const GThreadFunc func = g_steal_pointer (&meanwhile);
  const ssize_t n = syscall (SYS_recvfrom, fd, buffer, size, flags, NULL, NULL);
  const int errsv = errno;

  n_recvs++;
  if (func != NULL)
    g_thread_join (g_thread_new ("meanwhile", func, meanwhile_data));
  errno = errsv;
  return n;
}

static GThreadFunc when_connected; /* (nullable): after the next g_cancellable_connect () */
static gpointer when_connected_data;

/* This stands before GIO's. */
gulong
g_cancellable_connect (GCancellable *cancellable,
                       GCallback callback,
                       gpointer data,
                       GDestroyNotify destroy)
{
  const GThreadFunc func = g_steal_pointer (&when_connected);
  const gulong id = ((__typeof__ (g_cancellable_connect) *) dlsym (RTLD_NEXT, "g_cancellable_connect")) (cancellable, callback,
                                                                                                         data, destroy);

  if (func != NULL)
    func (when_connected_data);
  return id;
}

static gpointer
make_exit (gpointer connection)
{
  usher_connection_stop (connection);
  return NULL;
}

static gpointer
close_it (gpointer connection)
{
  usher_connection_close (connection);
  return NULL;
}

static gpointer
limit_it (gpointer connection)
{
  usher_connection_set_read_timeout_msec (connection, 1);
  return NULL;
}

/* The reactor learns that clients have spoken when they are served, and say nothing more: so the next one is read from
 * once, and then watched. */
static void
teach_reactor (ConnectionFixture *fixture)
{
  connection_fixture_say (fixture, "hello");
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read (fixture, "hello");
  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  g_assert_false (fixture->is_done);
  connection_fixture_say (fixture, "bye");
  connection_fixture_expect_read (fixture, "bye");
  connection_fixture_expect_next (fixture);
}

/* What is done, and what who reads learns of it. */
typedef struct
{
  const char *what;
  GThreadFunc func;
  int code;
} Disturbance;

static const Disturbance disturbances[] = {
  { "exits", make_exit, G_IO_ERROR_CANCELLED },
  { "learns-of-the-end", close_it, G_IO_ERROR_CLOSED },
  { "follows-a-new-limit", limit_it, G_IO_ERROR_TIMED_OUT },
};

static void
test_about_to_wait (ConnectionFixture *fixture,
                    gconstpointer data)
{
  const Disturbance *disturbance = data;

  teach_reactor (fixture);
  meanwhile = disturbance->func;
  meanwhile_data = fixture->connection;
  g_assert_true (g_main_context_acquire (NULL));
  connection_fixture_begin_read (fixture, NULL);
  g_main_context_release (NULL);
  g_assert_null (meanwhile);
  connection_fixture_expect_read_error (fixture, disturbance->code);
}

/* The client has been answered: there is nothing to read, and the reactor tells when there is. */
static void
bring_to_rest (ConnectionFixture *fixture)
{
  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  g_assert_false (fixture->is_done);
  connection_fixture_say (fixture, "hello");
  connection_fixture_expect_read (fixture, "hello");
  n_recvs = 0;
}

static void
test_rest (ConnectionFixture *fixture,
           gconstpointer data)
{
  bring_to_rest (fixture);
  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  g_assert_cmpuint (n_recvs, ==, 0);
  connection_fixture_say (fixture, "again");
  connection_fixture_expect_read (fixture, "again");
  g_assert_cmpuint (n_recvs, ==, 1);
}

static void
test_rest_cancelled (ConnectionFixture *fixture,
                     gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  bring_to_rest (fixture);
  g_cancellable_cancel (cancellable);
  connection_fixture_begin_read (fixture, cancellable);
  connection_fixture_expect_read_error (fixture, G_IO_ERROR_CANCELLED);
}

/* Who is told while it waits, and who is told before it begins to. */
static void
test_rest_disturbed (ConnectionFixture *fixture,
                     gconstpointer data)
{
  const Disturbance *disturbance = data;

  bring_to_rest (fixture);
  connection_fixture_begin_read (fixture, NULL);
  iterate_pending (NULL);
  g_assert_false (fixture->is_done);
  g_thread_join (g_thread_new ("meanwhile", disturbance->func, fixture->connection));
  connection_fixture_expect_read_error (fixture, disturbance->code);

  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read_error (fixture, disturbance->code);
}

static void
test_rest_told (ConnectionFixture *fixture,
                gconstpointer data)
{
  bring_to_rest (fixture);
  g_thread_join (g_thread_new ("meanwhile", make_exit, fixture->connection));
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read_error (fixture, G_IO_ERROR_CANCELLED);
}

static void
test_rest_drain (ConnectionFixture *fixture,
                 gconstpointer data)
{
  usher_connection_set_drain_idle_reads (fixture->connection, TRUE);
  bring_to_rest (fixture);
  g_assert_cmpint (g_output_stream_write (fixture->out, "echo", 4, NULL, NULL), ==, 4);
  usher_connection_drain (fixture->connection);
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read (fixture, "");
}

static void
sleep_late (TestFiber *self)
{
  ConnectionFixture *fixture = self->data;
  g_autoptr (GError) error = NULL;

  usher_connection_enter_fiber (fixture->connection, self->fiber);
  g_assert_false (usher_sleep_msec (60 * 1000, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  usher_connection_leave_fiber (fixture->connection);
}

static void
test_late_fiber (ConnectionFixture *fixture,
                 gconstpointer data)
{
  TestFiber fiber = { 0 };

  if (!usher_fiber_is_supported (NULL))
    {
      g_test_skip ("no fibers here");
      return;
    }

  usher_connection_stop (fixture->connection);
  test_fiber_start (&fiber, fixture->reactor, sleep_late, fixture);
  iterate_until (NULL, test_fiber_has_finished, &fiber);
  test_fiber_clear (&fiber);
}

static void
add_disturbed (const char *who,
               const Disturbance *disturbance,
               void (*test) (ConnectionFixture *fixture,
                             gconstpointer data))
{
  g_autofree char *path = g_strdup_printf ("/connection-wake/%s-%s", who, disturbance->what);

  g_test_add (path, ConnectionFixture, disturbance, connection_fixture_set_up, test, connection_fixture_tear_down);
}

/* What another thread waits for is over before that thread is through with it. */

static int n_rounds; /* (atomic) */

static void
note_round (UsherConnection *connection,
            gpointer user_data)
{
  g_atomic_int_inc (&n_rounds);
}

static gpointer
make_exit_here (gpointer connection)
{
  usher_connection_stop (connection);
  usher_connection_invoke (connection, note_round, NULL, NULL);
  while (g_atomic_int_get (&n_rounds) == 0)
    g_thread_yield ();
  return NULL;
}

static void
test_exits_before_another_thread_waits (ConnectionFixture *fixture,
                                        gconstpointer data)
{
  const guint cancelled = g_signal_lookup ("cancelled", G_TYPE_CANCELLABLE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GThread *thread;

  when_connected = make_exit_here;
  when_connected_data = fixture->connection;
  thread = connection_fixture_begin_read_elsewhere (fixture, cancellable);
  iterate_until (NULL, connection_fixture_is_done, fixture);
  g_thread_join (thread);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (g_signal_has_handler_pending (cancellable, cancelled, 0, TRUE));
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (disturbances); i++)
    add_disturbed ("who-is-about-to-wait", &disturbances[i], test_about_to_wait);
  for (guint i = 0; i < G_N_ELEMENTS (disturbances); i++)
    add_disturbed ("who-waits-for-the-next-word", &disturbances[i], test_rest_disturbed);
  connection_fixture_add_test ("/connection-wake/who-waits-for-the-next-word-asks-nobody", test_rest);
  connection_fixture_add_test ("/connection-wake/who-waits-for-the-next-word-is-cancelled", test_rest_cancelled);
  connection_fixture_add_test ("/connection-wake/who-would-wait-for-the-next-word-was-told", test_rest_told);
  connection_fixture_add_test ("/connection-wake/who-would-wait-for-the-next-word-drains", test_rest_drain);
  connection_fixture_add_test ("/connection-wake/a-fiber-that-comes-late-is-cancelled", test_late_fiber);
  connection_fixture_add_test ("/connection-wake/another-thread-that-begins-to-wait-is-cancelled", test_exits_before_another_thread_waits);

  return g_test_run ();
}
