/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/acceptor.h"

#include <sys/socket.h>
#include <unistd.h>

#include "acceptors/connection-private.h"
#include "support/iterate.h"
#include "usher/async-acceptor.h"
#include "usher/error.h"

/* An acceptor that implements nothing but, if its test sets it, the accept timeout. */

#define TEST_TYPE_BARE (test_bare_get_type ())

G_DECLARE_FINAL_TYPE (TestBare, test_bare, TEST, BARE, GObject)

struct _TestBare
{
  GObject parent_instance;

  int accept_timeout_msec;
};

static UsherAcceptorInit
test_bare_acceptor_init (UsherAcceptor *acceptor,
                         UsherListenSocket *listen_socket,
                         int *accept_timeout_msec,
                         GError **error)
{
  if (TEST_BARE (acceptor)->accept_timeout_msec != G_MAXINT)
    *accept_timeout_msec = TEST_BARE (acceptor)->accept_timeout_msec;
  return USHER_ACCEPTOR_READY;
}

static void
test_bare_acceptor_iface_init (UsherAcceptorInterface *iface)
{
  iface->acceptor_init = test_bare_acceptor_init;
}

static void
test_bare_async_acceptor_iface_init (UsherAsyncAcceptorInterface *iface)
{
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestBare, test_bare, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, test_bare_acceptor_iface_init)
                                   G_IMPLEMENT_INTERFACE (USHER_TYPE_ASYNC_ACCEPTOR, test_bare_async_acceptor_iface_init))

static void
test_bare_class_init (TestBareClass *klass)
{
}

static void
test_bare_init (TestBare *self)
{
  self->accept_timeout_msec = G_MAXINT;
}

typedef struct
{
  UsherReactor *reactor;       /* (owned) */
  UsherListenSocket *socket;   /* (owned) */
  UsherConnection *connection; /* (owned) */
  TestBare *bare;              /* (owned) */
  int peer;
  GError *error; /* (owned) (nullable) */
  gboolean is_done;
} Fixture;

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  const UsherPeer peer = { .address.ss_family = AF_UNIX };
  int fds[2];

  fixture->reactor = usher_reactor_ref_for_context (g_main_context_default ());
  fixture->socket = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", NULL);
  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  fixture->connection = usher_connection_new (fixture->reactor, fixture->socket, fds[0], &peer);
  fixture->bare = g_object_new (TEST_TYPE_BARE, NULL);
  fixture->peer = fds[1];
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  g_assert_finalize_object (fixture->bare);
  g_assert_finalize_object (fixture->connection);
  g_assert_finalize_object (fixture->socket);
  usher_reactor_unref (fixture->reactor);
  g_clear_error (&fixture->error);
  close (fixture->peer);
}

static UsherAcceptorInit
init (Fixture *fixture,
      int *accept_timeout_msec)
{
  return usher_acceptor_acceptor_init (USHER_ACCEPTOR (fixture->bare), fixture->socket, accept_timeout_msec,
                                       &fixture->error);
}

static void
test_waits_for_ever_by_default (Fixture *fixture,
                                gconstpointer data)
{
  int accept_timeout_msec = 7;

  g_assert_cmpint (init (fixture, &accept_timeout_msec), ==, USHER_ACCEPTOR_READY);
  g_assert_no_error (fixture->error);
  g_assert_cmpint (accept_timeout_msec, ==, -1);
  g_assert_cmpint (init (fixture, NULL), ==, USHER_ACCEPTOR_READY);
}

static void
test_refuses_timeouts_that_let_nobody_through (Fixture *fixture,
                                               gconstpointer data)
{
  int accept_timeout_msec;

  fixture->bare->accept_timeout_msec = 0;
  g_assert_cmpint (init (fixture, &accept_timeout_msec), ==, USHER_ACCEPTOR_ERROR);
  g_assert_error (fixture->error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->error->message, "TestBare"));
  g_clear_error (&fixture->error);

  fixture->bare->accept_timeout_msec = -2;
  g_assert_cmpint (init (fixture, &accept_timeout_msec), ==, USHER_ACCEPTOR_ERROR);
  g_assert_error (fixture->error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_clear_error (&fixture->error);

  fixture->bare->accept_timeout_msec = 1;
  g_assert_cmpint (init (fixture, &accept_timeout_msec), ==, USHER_ACCEPTOR_READY);
  g_assert_cmpint (accept_timeout_msec, ==, 1);
}

static void
test_says_that_it_cannot_continue (Fixture *fixture,
                                   gconstpointer data)
{
  g_assert_false (usher_acceptor_acceptor_continue (USHER_ACCEPTOR (fixture->bare), fixture->connection,
                                                    &fixture->error));
  g_assert_error (fixture->error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->error->message, "TestBare"));
}

static void
on_continued (GObject *source_object,
              GAsyncResult *result,
              gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_false (usher_async_acceptor_acceptor_continue_finish (USHER_ASYNC_ACCEPTOR (source_object), result,
                                                                 &fixture->error));
  fixture->is_done = TRUE;
}

static gboolean
is_done (gpointer user_data)
{
  return ((Fixture *) user_data)->is_done;
}

static void
test_says_that_it_cannot_continue_on_the_loop (Fixture *fixture,
                                               gconstpointer data)
{
  usher_async_acceptor_acceptor_continue_async (USHER_ASYNC_ACCEPTOR (fixture->bare), fixture->connection, NULL,
                                                on_continued, fixture);
  iterate_until (NULL, is_done, fixture);
  g_assert_error (fixture->error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->error->message, "TestBare"));
}

static void
test_needs_no_terminate (Fixture *fixture,
                         gconstpointer data)
{
  g_autoptr (UsherExit) reason = usher_exit_new_shutdown ();

  usher_acceptor_acceptor_terminate (USHER_ACCEPTOR (fixture->bare), reason);
}

#define ADD(path, function) g_test_add ("/acceptor/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("waits-for-ever-by-default", test_waits_for_ever_by_default);
  ADD ("refuses-timeouts-that-let-nobody-through", test_refuses_timeouts_that_let_nobody_through);
  ADD ("says-that-it-cannot-continue", test_says_that_it_cannot_continue);
  ADD ("says-that-it-cannot-continue-on-the-loop", test_says_that_it_cannot_continue_on_the_loop);
  ADD ("needs-no-terminate", test_needs_no_terminate);

  return g_test_run ();
}
