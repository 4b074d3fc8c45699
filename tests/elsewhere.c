/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* What belongs to a main context refuses to be changed by a thread that does not run it. */

#include <usher/usher.h>

#include "support/iterate.h"
#include "support/service-fixture.h"

typedef ServiceFixture Fixture;

typedef void (*Change) (Fixture *fixture);

static void
suspend (Fixture *fixture)
{
  usher_acceptor_pool_suspend (fixture->pools[0]);
}

static void
set_limit (Fixture *fixture)
{
  usher_acceptor_pool_set_max_connections (fixture->pools[0], 1);
}

static void
remove_socket (Fixture *fixture)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (fixture->pools[0]);

  g_assert_false (usher_acceptor_pool_remove_socket (fixture->pools[0], sockets->pdata[0], NULL));
}

static void
shut_pool_down (Fixture *fixture)
{
  usher_child_shutdown (USHER_CHILD (fixture->pools[0]), USHER_STOP_FINAL);
}

static void
close_socket (Fixture *fixture)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (fixture->pools[0]);

  usher_listen_socket_close (sockets->pdata[0]);
}

static void
set_intensity (Fixture *fixture)
{
  usher_supervisor_set_intensity (usher_service_get_supervisor (fixture->service), 7);
}

static void
terminate_child (Fixture *fixture)
{
  usher_supervisor_terminate_child_async (usher_service_get_supervisor (fixture->service), "web", NULL, NULL, NULL);
}

static void
kill_tree (Fixture *fixture)
{
  usher_child_kill (USHER_CHILD (usher_service_get_supervisor (fixture->service)));
}

static void
drain (Fixture *fixture)
{
  usher_service_drain (fixture->service);
}

static void
listen_too (Fixture *fixture)
{
  usher_service_listen_async (fixture->service, fixture->pools[0], "tcp://[::1]:0", 1, NULL, NULL, NULL);
}

static const struct
{
  Change change;
  const char *name;
} changes[] = {
  { suspend, "usher_acceptor_pool_suspend" },
  { set_limit, "usher_acceptor_pool_set_max_connections" },
  { remove_socket, "usher_acceptor_pool_remove_socket" },
  { shut_pool_down, "usher_child_shutdown" },
  { close_socket, "usher_listen_socket_close" },
  { set_intensity, "usher_supervisor_set_intensity" },
  { terminate_child, "usher_supervisor_terminate_child_async" },
  { kill_tree, "usher_child_kill" },
  { drain, "usher_service_drain" },
  { listen_too, "usher_service_listen_async" },
};

static gpointer
make_all_changes (gpointer fixture)
{
  for (gsize i = 0; i < G_N_ELEMENTS (changes); i++)
    {
      g_autofree char *complaint = g_strdup_printf ("%s() was called while another thread*g_main_context_invoke()*",
                                                    changes[i].name);

      g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, complaint);
      changes[i].change (fixture);
      g_test_assert_expected_messages ();
    }

  return NULL;
}

/* It is iterated by whoever has acquired it. */
static void
test_refuses (Fixture *fixture,
              gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = NULL;

  service_fixture_start (fixture);
  g_assert_true (g_main_context_acquire (NULL));
  g_thread_join (g_thread_new ("stranger", make_all_changes, fixture));
  g_main_context_release (NULL);

  iterate_pending (NULL);
  g_assert_cmpint (usher_service_get_state (fixture->service), ==, USHER_SERVICE_UP);
  g_assert_false (usher_acceptor_pool_is_suspended (fixture->pools[0]));
  g_assert_cmpuint (usher_acceptor_pool_get_max_connections (fixture->pools[0]), ==, G_MAXUINT);
  g_assert_cmpuint (usher_supervisor_get_intensity (usher_service_get_supervisor (fixture->service)), ==, 1);
  sockets = usher_acceptor_pool_which_sockets (fixture->pools[0]);
  g_assert_cmpuint (sockets->len, ==, 1);
  g_assert_true (usher_listen_socket_is_up (sockets->pdata[0]));
  usher_service_kill (fixture->service);
}

static gpointer
make_some_changes (gpointer fixture)
{
  suspend (fixture);
  set_limit (fixture);
  set_intensity (fixture);
  return NULL;
}

/* While nobody iterates, the thread that will is not known; and what is down may be made anywhere. */
static void
test_allows (Fixture *fixture,
             gconstpointer data)
{
  g_assert_true (g_main_context_acquire (NULL));
  g_thread_join (g_thread_new ("maker", make_some_changes, fixture));
  g_main_context_release (NULL);
  g_assert_true (usher_acceptor_pool_is_suspended (fixture->pools[0]));

  service_fixture_start (fixture);
  usher_acceptor_pool_resume (fixture->pools[0]);
  g_thread_join (g_thread_new ("heir", make_some_changes, fixture));
  g_assert_true (usher_acceptor_pool_is_suspended (fixture->pools[0]));
  usher_service_kill (fixture->service);
}

static gboolean
drain_here (gpointer fixture)
{
  drain (fixture);
  return G_SOURCE_REMOVE;
}

static gpointer
invoke_drain (gpointer fixture)
{
  g_main_context_invoke (NULL, drain_here, fixture);
  return NULL;
}

static void
test_invokes (Fixture *fixture,
              gconstpointer data)
{
  service_fixture_start (fixture);
  g_assert_true (g_main_context_acquire (NULL));
  g_thread_join (g_thread_new ("stranger", invoke_drain, fixture));
  g_main_context_release (NULL);
  iterate_until (NULL, service_fixture_has_exited, fixture);
  service_fixture_assert_exit (fixture, "shutdown");
}

#define CASE(name, func) \
  g_test_add ("/elsewhere/" name, Fixture, NULL, service_fixture_set_up, func, service_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  CASE ("a-thread-that-does-not-run-it-is-refused", test_refuses);
  CASE ("nobody-is-refused-while-nobody-runs-it", test_allows);
  CASE ("does-what-it-is-told-to-do-instead", test_invokes);

  return g_test_run ();
}
