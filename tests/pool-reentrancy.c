/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/pool-fixture.h"
#include "usher/async-acceptor.h"

/* Every piece of the user's code that a pool calls may do anything to the pool. Here it does each
 * thing in each place, once; then the pool must still end, start again, and serve. In a worker it has
 * it done in the pool's context, and waits for that. */

typedef enum
{
  IN_FACTORY,
  IN_INIT,
  IN_CONTINUE,
  IN_TERMINATE,
  IN_DRAIN,
  IN_EXIT,
  IN_REPORT,
} Place;

static const char *const places[] = {
  [IN_FACTORY] = "factory",
  [IN_INIT] = "init",
  [IN_CONTINUE] = "continue",
  [IN_TERMINATE] = "terminate",
  [IN_DRAIN] = "drain",
  [IN_EXIT] = "exit",
  [IN_REPORT] = "report",
};

static PoolFixture *current;
static Place wanted_place;
static void (*wanted_act) (PoolFixture *);
static int has_begun; /* (atomic) */
static gboolean is_stopped;

/* In the pool's context, while whoever asked for it waits. */
static GMutex act_lock;
static GCond acted;
static gboolean has_acted; /* (locked-by act_lock) */

static gboolean
act (gpointer unused)
{
  wanted_act (current);
  g_mutex_lock (&act_lock);
  has_acted = TRUE;
  g_cond_signal (&acted);
  g_mutex_unlock (&act_lock);

  return G_SOURCE_REMOVE;
}

static void
act_if_in (Place place)
{
  g_autoptr (GSource) source = NULL;

  if (place != wanted_place || !g_atomic_int_compare_and_exchange (&has_begun, FALSE, TRUE))
    return;

  if (current->n_workers == 0 || place == IN_REPORT)
    {
      act (NULL);
      return;
    }

  source = g_idle_source_new ();
  g_source_set_static_name (source, "act");
  g_source_set_callback (source, act, NULL, NULL);
  g_source_attach (source, NULL);
  g_mutex_lock (&act_lock);
  while (!has_acted)
    g_cond_wait (&acted, &act_lock);
  g_mutex_unlock (&act_lock);
}

static gboolean
is_done (gpointer unused)
{
  gboolean is_so;

  g_mutex_lock (&act_lock);
  is_so = has_acted;
  g_mutex_unlock (&act_lock);

  return is_so;
}

static void
kill_pool (PoolFixture *fixture)
{
  is_stopped = TRUE;
  usher_child_kill (USHER_CHILD (fixture->pool));
}

static void
kill_pool_and_iterate (PoolFixture *fixture)
{
  kill_pool (fixture);
  iterate_pending (NULL);
}

static void
shut_pool_down (PoolFixture *fixture)
{
  is_stopped = TRUE;
  usher_child_shutdown (USHER_CHILD (fixture->pool), USHER_STOP_FINAL);
}

static void
remove_socket (PoolFixture *fixture)
{
  is_stopped = TRUE;
  g_assert_true (usher_acceptor_pool_remove_socket (fixture->pool, fixture->listen_socket, NULL));
}

static void
close_socket (PoolFixture *fixture)
{
  is_stopped = TRUE;
  usher_listen_socket_close (fixture->listen_socket);
}

static void
reopen_socket (PoolFixture *fixture)
{
  close_socket (fixture);
  is_stopped = FALSE;
  g_assert_true (usher_listen_socket_open (fixture->listen_socket, NULL));
}

static const struct
{
  const char *name;
  void (*act) (PoolFixture *);
} acts[] = {
  { "kills-it", kill_pool },
  { "kills-it-and-iterates", kill_pool_and_iterate },
  { "shuts-it-down", shut_pool_down },
  { "removes-the-socket", remove_socket },
  { "closes-the-socket", close_socket },
  { "reopens-the-socket", reopen_socket },
};

/* An acceptor on the loop. */

#define TEST_TYPE_MEDDLER (test_meddler_get_type ())

G_DECLARE_FINAL_TYPE (TestMeddler, test_meddler, TEST, MEDDLER, GObject)

struct _TestMeddler
{
  GObject parent_instance;
};

static UsherAcceptorInit
test_meddler_acceptor_init (UsherAcceptor *acceptor,
                            UsherListenSocket *listen_socket,
                            int *accept_timeout_msec,
                            GError **error)
{
  /* A worker hears of it later. */
  g_assert_true (current->n_workers > 0 || !is_stopped);
  act_if_in (IN_INIT);
  if (wanted_place != IN_REPORT || g_atomic_int_get (&has_begun))
    return USHER_ACCEPTOR_READY;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "no luck");
  return USHER_ACCEPTOR_ERROR;
}

static void
test_meddler_acceptor_terminate (UsherAcceptor *acceptor,
                                 UsherExit *reason)
{
  act_if_in (IN_TERMINATE);
}

static void
on_drain (GCancellable *cancellable,
          gpointer user_data)
{
  act_if_in (IN_DRAIN);
}

static void
on_exit_asked (GCancellable *cancellable,
               GTask *task)
{
  act_if_in (IN_EXIT);
  g_task_return_boolean (task, TRUE);
}

/* Serves until it has to exit. */
static void
test_meddler_acceptor_continue_async (UsherAsyncAcceptor *acceptor,
                                      UsherConnection *connection,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  GTask *task = g_task_new (acceptor, NULL, callback, user_data);

  act_if_in (IN_CONTINUE);
  g_cancellable_connect (usher_connection_get_drain_cancellable (connection), G_CALLBACK (on_drain), NULL, NULL);
  g_cancellable_connect (cancellable, G_CALLBACK (on_exit_asked), task, g_object_unref);
}

static void
test_meddler_acceptor_iface_init (UsherAcceptorInterface *iface)
{
  iface->acceptor_init = test_meddler_acceptor_init;
  iface->acceptor_terminate = test_meddler_acceptor_terminate;
}

static void
test_meddler_async_acceptor_iface_init (UsherAsyncAcceptorInterface *iface)
{
  iface->acceptor_continue_async = test_meddler_acceptor_continue_async;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestMeddler, test_meddler, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, test_meddler_acceptor_iface_init)
                                   G_IMPLEMENT_INTERFACE (USHER_TYPE_ASYNC_ACCEPTOR, test_meddler_async_acceptor_iface_init))

static void
test_meddler_class_init (TestMeddlerClass *klass)
{
}

static void
test_meddler_init (TestMeddler *self)
{
}

static UsherAcceptor *
make_meddler (gpointer pool,
              gpointer user_data,
              GError **error)
{
  act_if_in (IN_FACTORY);
  return g_object_new (TEST_TYPE_MEDDLER, NULL);
}

static void
on_report (UsherAcceptorPool *pool,
           UsherReport *report,
           gpointer user_data)
{
  act_if_in (IN_REPORT);
}

/* The test. */

typedef struct
{
  Place place;
  guint act;
  guint n_workers;
} Meddling;

static void
set_up (PoolFixture *fixture,
        gconstpointer data)
{
  const Meddling *meddling = data;

  current = fixture;
  wanted_place = meddling->place;
  wanted_act = acts[meddling->act].act;
  has_begun = has_acted = FALSE;
  is_stopped = FALSE;
  fake_clock_install ();
  pool_fixture_set_up (fixture, usher_acceptor_pool_new_with_factory ("test", make_meddler, NULL, NULL));
  pool_fixture_set_workers (fixture, meddling->n_workers);
  g_signal_connect (fixture->pool, "report", G_CALLBACK (on_report), NULL);
}

static gboolean
has_exited (gpointer fixture)
{
  return ((PoolFixture *) fixture)->exit != NULL;
}

static void
end_life (PoolFixture *fixture)
{
  shut_pool_down (fixture);
  pool_fixture_settle (fixture);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  pool_fixture_iterate_until (fixture, has_exited, fixture);
  g_assert_cmpuint (usher_acceptor_pool_get_n_waiting (fixture->pool), ==, 0);
  g_assert_cmpuint (usher_acceptor_pool_get_n_connections (fixture->pool), ==, 0);
  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->pool, "exited", NULL, NULL);
  gt_signal_logger_assert_no_emissions (fixture->logger);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
}

static void
meddle (PoolFixture *fixture)
{
  g_autoptr (TestClient) client = NULL;

  pool_fixture_start (fixture);
  if (wanted_place == IN_CONTINUE || wanted_place == IN_DRAIN || wanted_place == IN_EXIT)
    client = test_client_connect (fixture->listen_socket);
  if (wanted_place == IN_DRAIN || wanted_place == IN_EXIT)
    pool_fixture_wait_for (fixture, n_connections_is, 1);
  else if (wanted_place != IN_TERMINATE)
    pool_fixture_iterate_until (fixture, is_done, NULL);
  pool_fixture_settle (fixture);
  if (fixture->exit == NULL)
    {
      end_life (fixture);
      return;
    }

  gt_signal_logger_assert_emission_pop (fixture->logger, fixture->pool, "exited", NULL, NULL);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
}

static void
test_survives (PoolFixture *fixture,
               gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;
  g_autoptr (GPtrArray) sockets = NULL;

  meddle (fixture);
  g_assert_true (is_done (NULL));

  is_stopped = FALSE;
  sockets = usher_acceptor_pool_which_sockets (fixture->pool);
  g_assert_true (usher_listen_socket_open (fixture->listen_socket, NULL));
  if (sockets->len == 0)
    g_assert_true (usher_acceptor_pool_accept_socket (fixture->pool, fixture->listen_socket, 2, NULL));
  pool_fixture_start (fixture);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  client = test_client_connect (fixture->listen_socket);
  pool_fixture_wait_for (fixture, n_connections_is, 1);
  pool_fixture_wait_for (fixture, n_waiting_is, 2);
  end_life (fixture);
  test_client_expect_end (client);
}

static void
add_tests (guint n_workers,
           const char *suffix)
{
  static Meddling meddlings[2 * G_N_ELEMENTS (places) * G_N_ELEMENTS (acts)];
  static guint n_meddlings;

  for (guint place = 0; place < G_N_ELEMENTS (places); place++)
    for (guint act = 0; act < G_N_ELEMENTS (acts); act++)
      {
        g_autofree char *path = g_strdup_printf ("/pool-reentrancy/%s/%s%s", places[place], acts[act].name, suffix);
        Meddling *meddling = &meddlings[n_meddlings++];

        *meddling = (Meddling){ place, act, n_workers };
        g_test_add (path, PoolFixture, meddling, set_up, test_survives, pool_fixture_tear_down);
      }
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  add_tests (0, "");
  add_tests (2, "/in-two-workers");

  return g_test_run ();
}
