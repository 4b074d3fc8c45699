/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/client.h"
#include "support/iterate.h"
#include "usher/acceptor-pool.h"
#include "usher/error.h"

typedef struct
{
  UsherSupervisor *root;   /* (owned) */
  UsherAcceptorPool *pool; /* (owned) */
  gboolean is_answered;
  gboolean answer;
  GError *error; /* (owned) (nullable) */
} Fixture;

/* A handler gets to its pool: it answers with its name. */
static gboolean
tell_name (UsherConnection *connection,
           gpointer user_data,
           GError **error)
{
  g_autoptr (UsherAcceptorPool) pool = usher_connection_dup_pool (connection);
  const char *name = usher_acceptor_pool_get_name (pool);

  return g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), name, strlen (name),
                                    NULL, NULL, error);
}

static gboolean
is_answered (gpointer fixture)
{
  return ((Fixture *) fixture)->is_answered;
}

static void
await_answer (Fixture *fixture)
{
  iterate_until (NULL, is_answered, fixture);
  fixture->is_answered = FALSE;
}

static void
on_started (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  Fixture *fixture = user_data;

  usher_child_start_finish (USHER_CHILD (source_object), result, &fixture->error);
  fixture->is_answered = TRUE;
}

static void
on_exited (Fixture *fixture)
{
  fixture->is_answered = TRUE;
}

static void
set_up (Fixture *fixture,
        gconstpointer n_workers)
{
  fixture->root = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  fixture->pool = usher_acceptor_pool_new_for_func ("echo", tell_name, NULL, NULL);
  usher_acceptor_pool_set_workers (fixture->pool, GPOINTER_TO_UINT (n_workers));
  usher_child_start_async (USHER_CHILD (fixture->root), NULL, on_started, fixture);
  await_answer (fixture);
  g_assert_no_error (fixture->error);
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  g_signal_connect_swapped (fixture->root, "exited", G_CALLBACK (on_exited), fixture);
  usher_child_shutdown (USHER_CHILD (fixture->root), USHER_STOP_FINAL);
  await_answer (fixture);
  iterate_pending (NULL);
  g_assert_finalize_object (fixture->root);
  g_assert_finalize_object (fixture->pool);
  g_clear_error (&fixture->error);
}

static void
on_listening (GObject *source_object,
              GAsyncResult *result,
              gpointer user_data)
{
  Fixture *fixture = user_data;

  g_clear_error (&fixture->error);
  fixture->answer = usher_acceptor_pool_listen_finish (USHER_ACCEPTOR_POOL (source_object), result, &fixture->error);
  fixture->is_answered = TRUE;
}

static gboolean
listen_on (Fixture *fixture,
           const char *first,
           const char *second,
           guint n_acceptors)
{
  const char *const addresses[] = { first, second, NULL };

  usher_acceptor_pool_listen_async (fixture->pool, fixture->root, addresses, n_acceptors, NULL, on_listening,
                                    fixture);
  await_answer (fixture);
  return fixture->answer;
}

static void
on_terminated (GObject *source_object,
               GAsyncResult *result,
               gpointer user_data)
{
  Fixture *fixture = user_data;

  usher_supervisor_terminate_child_finish (USHER_SUPERVISOR (source_object), result, &fixture->error);
  fixture->is_answered = TRUE;
}

static void
on_deleted (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  Fixture *fixture = user_data;

  usher_supervisor_delete_child_finish (USHER_SUPERVISOR (source_object), result, &fixture->error);
  fixture->is_answered = TRUE;
}

static void
test_comes_and_goes (Fixture *fixture,
                     gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = NULL;

  listen_on (fixture, "tcp://127.0.0.1:0", "tcp://127.0.0.2:0", 3);
  g_assert_no_error (fixture->error);
  sockets = usher_acceptor_pool_which_sockets (fixture->pool);
  g_assert_cmpuint (sockets->len, ==, 2);
  for (guint i = 0; i < sockets->len; i++)
    {
      g_autoptr (TestClient) client = test_client_connect (sockets->pdata[i]);

      test_client_expect (client, "echo");
      test_client_expect_end (client);
    }

  usher_supervisor_terminate_child_async (fixture->root, "echo", NULL, on_terminated, fixture);
  await_answer (fixture);
  g_assert_no_error (fixture->error);
  for (guint i = 0; i < sockets->len; i++)
    g_assert_false (usher_listen_socket_is_up (sockets->pdata[i]));
  usher_supervisor_delete_child_async (fixture->root, "echo", NULL, on_deleted, fixture);
  await_answer (fixture);
  g_assert_no_error (fixture->error);
}

static void
expect_nothing_left (Fixture *fixture)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (fixture->pool);
  g_autoptr (GPtrArray) children = usher_supervisor_which_children (fixture->root);

  g_assert_cmpuint (sockets->len, ==, 0);
  g_assert_cmpuint (children->len, ==, 0);
}

static void
test_fails_whole (Fixture *fixture,
                  gconstpointer data)
{
  const char *const none[] = { NULL };

  g_assert_false (listen_on (fixture, "tcp://127.0.0.1:0", "ftp://nowhere", 1));
  g_assert_error (fixture->error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
  expect_nothing_left (fixture);

  g_assert_false (listen_on (fixture, "tcp://127.0.0.1:0", NULL, 0));
  g_assert_error (fixture->error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  expect_nothing_left (fixture);

  usher_acceptor_pool_listen_async (fixture->pool, fixture->root, none, 1, NULL, on_listening, fixture);
  await_answer (fixture);
  g_assert_error (fixture->error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);

  /* An address of nobody here. */
  g_assert_false (listen_on (fixture, "tcp://127.0.0.1:0", "tcp://192.0.2.1:0", 1));
  g_assert_nonnull (fixture->error);
  expect_nothing_left (fixture);
  g_clear_error (&fixture->error);
}

static void
test_names_are_taken_once (Fixture *fixture,
                           gconstpointer data)
{
  UsherAcceptorPool *first = fixture->pool;

  g_assert_true (listen_on (fixture, "tcp://127.0.0.1:0", NULL, 1));
  fixture->pool = usher_acceptor_pool_new_for_func ("echo", tell_name, NULL, NULL);
  g_assert_false (listen_on (fixture, "tcp://127.0.0.1:0", NULL, 1));
  g_assert_error (fixture->error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_ALREADY_STARTED);
  g_clear_error (&fixture->error);
  g_assert_finalize_object (fixture->pool);
  fixture->pool = first;
}

#define ADD(path, function)                                                                                          \
  G_STMT_START                                                                                                       \
  {                                                                                                                  \
    g_test_add ("/pool-listen/" path, Fixture, NULL, set_up, function, tear_down);                                   \
    g_test_add ("/pool-listen/" path "/in-two-workers", Fixture, GUINT_TO_POINTER (2), set_up, function, tear_down); \
  }                                                                                                                  \
  G_STMT_END

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("comes-and-goes-at-run-time", test_comes_and_goes);
  ADD ("fails-whole-or-not-at-all", test_fails_whole);
  ADD ("takes-a-name-once", test_names_are_taken_once);

  return g_test_run ();
}
