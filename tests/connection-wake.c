/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-private.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/connection-fixture.h"

/* What another thread does just when a read has found nothing, and is about to wait. */

static GThreadFunc meanwhile; /* (nullable): with the next recv (), which then finds nothing */
static gpointer meanwhile_data;

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

  if (func != NULL)
    g_thread_join (g_thread_new ("meanwhile", func, meanwhile_data));
  errno = errsv;
  return n;
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

static void
check_wakes (ConnectionFixture *fixture,
             GThreadFunc func,
             int code)
{
  teach_reactor (fixture);
  meanwhile = func;
  meanwhile_data = fixture->connection;
  g_assert_true (g_main_context_acquire (NULL));
  connection_fixture_begin_read (fixture, NULL);
  g_main_context_release (NULL);
  g_assert_null (meanwhile);
  connection_fixture_expect_read_error (fixture, code);
}

static void
test_exit (ConnectionFixture *fixture,
           gconstpointer data)
{
  check_wakes (fixture, make_exit, G_IO_ERROR_CANCELLED);
}

static void
test_close (ConnectionFixture *fixture,
            gconstpointer data)
{
  check_wakes (fixture, close_it, G_IO_ERROR_CLOSED);
}

static void
test_limit (ConnectionFixture *fixture,
            gconstpointer data)
{
  check_wakes (fixture, limit_it, G_IO_ERROR_TIMED_OUT);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  connection_fixture_add_test ("/connection-wake/who-is-about-to-wait-exits", test_exit);
  connection_fixture_add_test ("/connection-wake/who-is-about-to-wait-learns-of-the-end", test_close);
  connection_fixture_add_test ("/connection-wake/who-is-about-to-wait-follows-a-new-limit", test_limit);

  return g_test_run ();
}
