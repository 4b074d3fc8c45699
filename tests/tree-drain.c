/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/acceptor-pool.h"

#include "support/client.h"
#include "support/fake-clock.h"
#include "support/iterate.h"
#include "support/script.h"
#include "usher/supervisor.h"

#define N_POOLS 2

/* How long trees of two pools take to end that are no service. The connections do not leave before
 * their grace of one and two seconds is over. */
typedef struct
{
  Script script;
  UsherSupervisor *root;               /* (owned) */
  UsherAcceptorPool *pools[N_POOLS];   /* (owned) */
  UsherListenSocket *sockets[N_POOLS]; /* (owned) */
  TestClient *clients[N_POOLS];        /* (owned) */
  gboolean has_exited;
} Fixture;

static void
on_exited (UsherSupervisor *root,
           guint64 serial,
           UsherExit *exit,
           Fixture *fixture)
{
  fixture->has_exited = TRUE;
}

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  fake_clock_install ();
  script_init (&fixture->script);
  fixture->root = usher_supervisor_new (USHER_STRATEGY_REST_FOR_ONE);
  g_signal_connect (fixture->root, "exited", G_CALLBACK (on_exited), fixture);
  for (guint i = 0; i < N_POOLS; i++)
    {
      g_autofree char *name = g_strdup_printf ("pool %u", i);

      fixture->pools[i] = usher_acceptor_pool_new_with_factory (name, script_make_on_loop, &fixture->script, NULL);
      fixture->sockets[i] = usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", NULL);
      g_assert_nonnull (fixture->sockets[i]);
      g_assert_true (usher_acceptor_pool_accept_socket (fixture->pools[i], fixture->sockets[i], 1, NULL));
      usher_acceptor_pool_set_grace_msec (fixture->pools[i], 1000 * (i + 1));
    }
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  for (guint i = 0; i < N_POOLS; i++)
    {
      test_client_free (fixture->clients[i]);
      g_object_unref (fixture->sockets[i]);
      g_object_unref (fixture->pools[i]);
    }
  g_assert_finalize_object (fixture->root);
  script_clear (&fixture->script);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  fake_clock_remove ();
}

static void
add (UsherSupervisor *supervisor,
     const char *id,
     gpointer child)
{
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new (id, child);
  g_autoptr (GError) error = NULL;

  usher_supervisor_add_child (supervisor, spec, &error);
  g_assert_no_error (error);
}

static gboolean
are_served (gpointer data)
{
  Fixture *fixture = data;

  return usher_acceptor_pool_get_n_connections (fixture->pools[0]) +
             usher_acceptor_pool_get_n_connections (fixture->pools[1]) ==
         N_POOLS;
}

/* Starts the tree, with a client for each pool, and begins to stop it. */
static void
start_and_stop (Fixture *fixture)
{
  usher_child_start_async (USHER_CHILD (fixture->root), NULL, NULL, NULL);
  iterate_pending (NULL);
  for (guint i = 0; i < N_POOLS; i++)
    fixture->clients[i] = test_client_connect (fixture->sockets[i]);
  iterate_until (NULL, are_served, fixture);
  usher_child_shutdown (USHER_CHILD (fixture->root), USHER_STOP_FINAL);
  iterate_pending (NULL);
}

static void
advance_msec (guint msec)
{
  fake_clock_advance_usec (msec * G_TIME_SPAN_MILLISECOND);
  iterate_pending (NULL);
}

static void
test_one_after_the_other (Fixture *fixture,
                          gconstpointer data)
{
  for (guint i = 0; i < N_POOLS; i++)
    {
      g_autoptr (UsherSupervisor) server = usher_supervisor_new (USHER_STRATEGY_REST_FOR_ONE);

      add (server, "pool", fixture->pools[i]);
      add (server, "socket", fixture->sockets[i]);
      add (fixture->root, i == 0 ? "first" : "second", server);
    }

  start_and_stop (fixture);
  g_assert_false (usher_listen_socket_is_up (fixture->sockets[1]));
  advance_msec (1999);
  g_assert_true (usher_listen_socket_is_up (fixture->sockets[0]));
  advance_msec (1);
  g_assert_false (usher_listen_socket_is_up (fixture->sockets[0]));
  advance_msec (999);
  g_assert_false (fixture->has_exited);
  advance_msec (1);
  g_assert_true (fixture->has_exited);
}

/* The pools in one supervisor, and the sockets in another behind it. */
static void
test_doors_first (Fixture *fixture,
                  gconstpointer data)
{
  g_autoptr (UsherSupervisor) pools = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherSupervisor) sockets = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);

  for (guint i = 0; i < N_POOLS; i++)
    {
      add (pools, i == 0 ? "first" : "second", fixture->pools[i]);
      add (sockets, i == 0 ? "first" : "second", fixture->sockets[i]);
    }
  add (fixture->root, "pools", pools);
  add (fixture->root, "sockets", sockets);

  start_and_stop (fixture);
  g_assert_false (usher_listen_socket_is_up (fixture->sockets[0]));
  g_assert_false (usher_listen_socket_is_up (fixture->sockets[1]));
  advance_msec (1999);
  g_assert_false (fixture->has_exited);
  advance_msec (1);
  g_assert_true (fixture->has_exited);
}

#define ADD(path, function) g_test_add ("/tree-drain/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("servers-that-stop-one-after-the-other-take-the-sum", test_one_after_the_other);
  ADD ("doors-that-close-first-take-the-longest-grace", test_doors_first);

  return g_test_run ();
}
