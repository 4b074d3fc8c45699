/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-kind-private.h"

#include "acceptors/func-acceptor-private.h"
#include "runtime/fiber-private.h"
#include "support/async-echo.h"
#include "support/pool-fixture.h"

static gboolean
echo_once (UsherConnection *connection,
           gpointer user_data,
           GError **error)
{
  char buffer[16];
  gssize n = g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (connection)), buffer, sizeof buffer, NULL,
                                  error);

  return n >= 0 && g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (connection)), buffer, n, NULL,
                                              NULL, error);
}

static UsherAcceptor *
make_blocking (void)
{
  return USHER_ACCEPTOR (usher_func_acceptor_new (USHER_TYPE_BLOCKING_FUNC_ACCEPTOR, G_CALLBACK (echo_once), NULL, NULL));
}

static UsherAcceptor *
make_async (void)
{
  return g_object_new (TEST_TYPE_ASYNC_ECHO, NULL);
}

static void
test_look_up (void)
{
  g_autoptr (UsherAcceptor) blocking = make_blocking ();
  g_autoptr (UsherAcceptor) async = make_async ();
  g_autoptr (UsherAcceptor) other = make_async ();
  UsherAcceptorKind kind = { 0 };

  for (int i = 0; i < 2; i++)
    {
      g_assert_true (usher_acceptor_kind_get (&kind, blocking)->iface == USHER_ACCEPTOR_GET_IFACE (blocking));
      g_assert_null (kind.async_iface);
      g_assert_true (usher_acceptor_kind_get (&kind, async)->iface == USHER_ACCEPTOR_GET_IFACE (async));
      g_assert_true (kind.async_iface == USHER_ASYNC_ACCEPTOR_GET_IFACE (async));
      g_assert_true (usher_acceptor_kind_get (&kind, other)->async_iface == kind.async_iface);
    }

  usher_acceptor_kind_clear (&kind);
  usher_acceptor_kind_clear (&kind);
}

static UsherAcceptor *
make_in_turn (gpointer pool,
              gpointer n_made,
              GError **error)
{
  return (*(guint *) n_made)++ % 2 == 0 ? make_async () : make_blocking ();
}

/* Each is served as its own class says. */
static void
test_mixed (gconstpointer execution)
{
  guint n_made = 0;
  PoolFixture fixture = { 0 };

  if (GPOINTER_TO_INT (execution) == USHER_EXECUTION_FIBER && !usher_fiber_is_supported (NULL))
    {
      g_test_skip ("no fibers here");
      return;
    }

  fake_clock_install ();
  pool_fixture_set_up (&fixture, usher_acceptor_pool_new_with_factory ("mixed", make_in_turn, &n_made, NULL));
  usher_acceptor_pool_set_execution (fixture.pool, GPOINTER_TO_INT (execution));
  pool_fixture_start (&fixture);
  for (int i = 0; i < 6; i++)
    {
      g_autoptr (TestClient) client = test_client_connect (fixture.listen_socket);

      test_client_send (client, "hello");
      test_client_expect (client, "hello");
    }

  pool_fixture_wait_for (&fixture, n_connections_is, 0);
  g_assert_cmpuint (n_made, >=, 7);
  pool_fixture_stop (&fixture);
  pool_fixture_tear_down (&fixture, NULL);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/acceptor-kind/is-that-of-the-acceptor", test_look_up);
  g_test_add_data_func ("/acceptor-kind/changes-from-one-to-the-next-in-threads", GINT_TO_POINTER (USHER_EXECUTION_THREAD),
                        test_mixed);
  g_test_add_data_func ("/acceptor-kind/changes-from-one-to-the-next-in-fibers", GINT_TO_POINTER (USHER_EXECUTION_FIBER),
                        test_mixed);

  return g_test_run ();
}
