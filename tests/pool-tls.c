/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <sys/socket.h>
#include <unistd.h>

#include "runtime/fiber-private.h"
#include "support/pool-fixture.h"
#include "support/tls-client.h"

#define TIMEOUT_USEC (10 * G_TIME_SPAN_SECOND)

/* Acceptors that do TLS, in all three executions. */

typedef struct
{
  PoolFixture pool;
  UsherTlsSettings *settings; /* (owned) */
} PoolTlsFixture;

static void
set_up_tls (PoolTlsFixture *fixture)
{
  g_autoptr (GTlsCertificate) certificate = test_tls_certificate ("server");

  fixture->settings = usher_tls_settings_new (certificate);
  fixture->pool.script.tls = fixture->settings;
}

static void
set_up_in_thread (PoolTlsFixture *fixture,
                  gconstpointer data)
{
  pool_fixture_set_up_in_thread (&fixture->pool, data);
  set_up_tls (fixture);
}

static void
set_up_in_fiber (PoolTlsFixture *fixture,
                 gconstpointer data)
{
  set_up_in_thread (fixture, data);
  usher_acceptor_pool_set_execution (fixture->pool.pool, USHER_EXECUTION_FIBER);
}

static void
set_up_on_loop (PoolTlsFixture *fixture,
                gconstpointer data)
{
  pool_fixture_set_up_on_loop (&fixture->pool, data);
  set_up_tls (fixture);
}

static void
set_up_in_two_workers (PoolTlsFixture *fixture,
                       gconstpointer data)
{
  pool_fixture_set_up_in_two_workers (&fixture->pool, data);
  set_up_tls (fixture);
}

static void
tear_down (PoolTlsFixture *fixture,
           gconstpointer data)
{
  pool_fixture_tear_down (&fixture->pool, data);
  g_assert_finalize_object (fixture->settings);
}

static TestTlsClient *
connect_with_tls (PoolTlsFixture *fixture)
{
  int fd = test_connect (fixture->pool.listen_socket);
  TestTlsClient *client = test_tls_client_new (fd, "localhost", NULL);

  close (fd);
  test_tls_client_shake_hands (client);
  return client;
}

static void
expect_echo (TestTlsClient *client)
{
  test_tls_client_expect_done (client);
  test_tls_client_send (client, "hello");
  test_tls_client_expect (client, "hello");
}

static void
test_echoes (PoolTlsFixture *fixture,
             gconstpointer data)
{
  g_autoptr (TestTlsClient) client = NULL;

  pool_fixture_start (&fixture->pool);
  client = connect_with_tls (fixture);
  expect_echo (client);
  expect_echo (client);
  test_tls_client_send (client, "quit");
  test_tls_client_expect_end (client);
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 0);
  pool_fixture_stop (&fixture->pool);
  g_assert_cmpuint (fixture->pool.reports->len, ==, 0);
}

/* Two at a time. The clients need threads of GLib's too, so that it is no more than these. */
static void
test_serves_many (PoolTlsFixture *fixture,
                  gconstpointer data)
{
  TestTlsClient *clients[8];

  usher_acceptor_pool_set_max_handshakes (fixture->pool.pool, 2);
  pool_fixture_start (&fixture->pool);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = connect_with_tls (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    expect_echo (clients[i]);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      test_tls_client_send (clients[i], "quit");
      test_tls_client_expect_end (clients[i]);
      test_tls_client_free (clients[i]);
    }
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 0);
  pool_fixture_stop (&fixture->pool);
}

/* Everything that is not TLS is the client's failure, and costs nothing. */
static void
test_survives_those_who_know_no_tls (PoolTlsFixture *fixture,
                                     gconstpointer data)
{
  guint64 n_peer_failures;

  usher_acceptor_pool_set_restart (fixture->pool.pool, USHER_RESTART_TRANSIENT);
  usher_acceptor_pool_set_intensity (fixture->pool.pool, 0);
  pool_fixture_start (&fixture->pool);
  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (TestClient) client = test_client_connect (fixture->pool.listen_socket);

      test_client_send (client, "GET / HTTP/1.0\r\n\r\n");
      iterate_until (NULL, test_client_is_at_end, client);
    }
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 0);
  g_object_get (fixture->pool.pool, "n-peer-failures", &n_peer_failures, NULL);
  g_assert_cmpuint (n_peer_failures, ==, 10);
  g_assert_cmpuint (fixture->pool.reports->len, ==, 0);
  pool_fixture_stop (&fixture->pool);
}

/* 20 of them have said one byte, and nobody else notices; not even with a single place. */
static void
test_the_silent_are_in_nobodys_way (PoolTlsFixture *fixture,
                                    gconstpointer data)
{
  g_autoptr (TestTlsClient) good = NULL;
  TestClient *silent[20];

  usher_acceptor_pool_set_max_handshakes (fixture->pool.pool, 1);
  pool_fixture_start (&fixture->pool);
  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    {
      silent[i] = test_client_connect (fixture->pool.listen_socket);
      test_client_send (silent[i], "\x16");
    }
  pool_fixture_wait_for (&fixture->pool, n_connections_is, G_N_ELEMENTS (silent));
  good = connect_with_tls (fixture);
  expect_echo (good);

  fake_clock_advance_usec (TIMEOUT_USEC);
  for (guint i = 0; i < G_N_ELEMENTS (silent); i++)
    {
      iterate_until (NULL, test_client_is_at_end, silent[i]);
      test_client_free (silent[i]);
    }
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 1);
  expect_echo (good);
  test_tls_client_send (good, "quit");
  test_tls_client_expect_end (good);
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 0);
  pool_fixture_stop (&fixture->pool);
}

/* Who is polite gives the drain cancellable to whatever it waits for. */
static void
test_drains_in_the_handshake (PoolTlsFixture *fixture,
                              gconstpointer data)
{
  g_autoptr (TestClient) silent = NULL;
  g_autoptr (TestTlsClient) idle = NULL;

  pool_fixture_start (&fixture->pool);
  idle = connect_with_tls (fixture);
  expect_echo (idle);
  silent = test_client_connect (fixture->pool.listen_socket);
  test_client_send (silent, "\x16\x03");
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 2);
  pool_fixture_stop (&fixture->pool);
  test_tls_client_expect_end (idle);
  iterate_until (NULL, test_client_is_at_end, silent);
  g_assert_cmpuint (fixture->pool.reports->len, ==, 0);
}

static void
test_the_handlers_own_failures_are_its_own (PoolTlsFixture *fixture,
                                            gconstpointer data)
{
  g_autoptr (TestTlsClient) client = NULL;

  pool_fixture_start (&fixture->pool);
  client = connect_with_tls (fixture);
  expect_echo (client);
  test_tls_client_send (client, "crash");
  pool_fixture_wait_for (&fixture->pool, n_reports_is, 1);
  pool_fixture_stop (&fixture->pool);
}

/* An end without a goodbye is an error, unless that is all the same. */
static void
cut_off (PoolTlsFixture *fixture,
         guint64 expected_n_peer_failures)
{
  g_autoptr (TestTlsClient) client = NULL;
  guint64 n_peer_failures;

  pool_fixture_start (&fixture->pool);
  client = connect_with_tls (fixture);
  expect_echo (client);
  g_assert_true (g_socket_shutdown (client->socket, FALSE, TRUE, NULL));
  pool_fixture_wait_for (&fixture->pool, n_connections_is, 0);
  g_object_get (fixture->pool.pool, "n-peer-failures", &n_peer_failures, NULL);
  g_assert_cmpuint (n_peer_failures, ==, expected_n_peer_failures);
  pool_fixture_stop (&fixture->pool);
}

static void
test_notices_truncation (PoolTlsFixture *fixture,
                         gconstpointer data)
{
  cut_off (fixture, 1);
}

static void
test_may_ignore_truncation (PoolTlsFixture *fixture,
                            gconstpointer data)
{
  usher_tls_settings_set_require_close_notify (fixture->settings, FALSE);
  cut_off (fixture, 0);
}

static const struct
{
  const char *path;
  void (*test) (PoolTlsFixture *fixture,
                gconstpointer data);
} tests[] = {
  { "echoes", test_echoes },
  { "serves-many", test_serves_many },
  { "survives-those-who-know-no-tls", test_survives_those_who_know_no_tls },
  { "the-silent-are-in-nobodys-way", test_the_silent_are_in_nobodys_way },
  { "drains-in-the-handshake", test_drains_in_the_handshake },
  { "the-handlers-own-failures-are-its-own", test_the_handlers_own_failures_are_its_own },
  { "notices-truncation", test_notices_truncation },
  { "may-ignore-truncation", test_may_ignore_truncation },
};

static void
add_tests (const char *execution,
           void (*set_up) (PoolTlsFixture *fixture,
                           gconstpointer data))
{
  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    {
      g_autofree char *path = g_strdup_printf ("/pool-tls/%s/%s", tests[i].path, execution);

      g_test_add (path, PoolTlsFixture, NULL, set_up, tests[i].test, tear_down);
    }
}

int
main (int argc,
      char *argv[])
{
  if (test_tls_is_missing ())
    return 0;

  g_test_init (&argc, &argv, NULL);

  add_tests ("in-a-thread", set_up_in_thread);
  add_tests ("on-the-loop", set_up_on_loop);
  add_tests ("in-two-workers", set_up_in_two_workers);
  if (usher_fiber_is_supported (NULL))
    add_tests ("in-a-fiber", set_up_in_fiber);

  return g_test_run ();
}
