/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* Linked with the switch of a machine that has none. */

#include "support/pool-fixture.h"

static void
test_start_says_so (PoolFixture *fixture,
                    gconstpointer data)
{
  usher_acceptor_pool_set_execution (fixture->pool, USHER_EXECUTION_FIBER);
  pool_fixture_begin_start (fixture);
  pool_fixture_wait_for (fixture, was_started, 0);
  g_assert_cmpint (fixture->start_result, ==, USHER_START_FAILED);
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
  g_assert_nonnull (strstr (fixture->start_error->message, "test"));
}

static void
test_threads_serve (PoolFixture *fixture,
                    gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  pool_fixture_start (fixture);
  client = pool_fixture_greet (fixture);
  test_client_reset (client);
  pool_fixture_wait_for (fixture, n_connections_is, 0);
  pool_fixture_stop (fixture);
}

#define ADD(path, test) \
  g_test_add ("/no-fibers/" path, PoolFixture, NULL, pool_fixture_set_up_scripted, test, pool_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("a-pool-that-shall-run-them-does-not-start", test_start_says_so);
  ADD ("threads-serve-as-ever", test_threads_serve);

  return g_test_run ();
}
