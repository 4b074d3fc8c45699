/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <unistd.h>

#include "support/client.h"
#include "support/fake-clock.h"
#include "support/iterate.h"
#include "support/service-fixture.h"
#include "usher/error.h"

typedef ServiceFixture Fixture;

static void
test_serves (Fixture *fixture,
             gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  service_fixture_start (fixture);
  client = test_client_connect (service_fixture_get_socket (fixture, 0));
  iterate_until (NULL, service_fixture_has_connection, fixture);
  usher_service_drain (fixture->service);
  usher_service_drain (fixture->service);
  iterate_pending (NULL);
  service_fixture_advance_msec (1000);
  test_client_expect_end (client);
  service_fixture_assert_exit (fixture, "shutdown");
  service_fixture_assert_states (fixture, " starting up draining down");
}

static void
test_starts_again (Fixture *fixture,
                   gconstpointer data)
{
  for (guint i = 0; i < 2; i++)
    {
      service_fixture_start (fixture);
      g_autoptr (TestClient) client = test_client_connect (service_fixture_get_socket (fixture, 1));

      iterate_until (NULL, service_fixture_has_connection, fixture);
      usher_service_kill (fixture->service);
      iterate_pending (NULL);
      service_fixture_assert_exit (fixture, "killed");
    }
}

/* The first has 1 s of grace and the second has 2 s; then both are made to exit. */
static void
test_drains_in_parallel (Fixture *fixture,
                         gconstpointer data)
{
  g_autoptr (TestClient) first = NULL, second = NULL;
  g_autofree char *status = NULL;

  service_fixture_start (fixture);
  first = test_client_connect (service_fixture_get_socket (fixture, 0));
  second = test_client_connect (service_fixture_get_socket (fixture, 1));
  iterate_until (NULL, service_fixture_has_two_connections, fixture);
  usher_service_drain (fixture->service);
  iterate_pending (NULL);
  g_assert_false (usher_listen_socket_is_up (service_fixture_get_socket (fixture, 0)));
  g_assert_false (usher_listen_socket_is_up (service_fixture_get_socket (fixture, 1)));

  service_fixture_advance_msec (1000);
  test_client_expect_end (first);
  status = usher_service_dup_status (fixture->service);
  g_assert_true (g_str_has_prefix (status, "draining for 00:01 of at most 00:03: 1 of 2 connections left, oldest 00:01 127.0.0.1:"));
  g_assert_null (fixture->exit);
  service_fixture_advance_msec (1000);
  test_client_expect_end (second);
  service_fixture_assert_exit (fixture, "shutdown");
}

static gboolean
has_ten_connections (gpointer data)
{
  return usher_service_get_n_connections (((Fixture *) data)->service) == 10;
}

/* They have connected, and nobody has accepted them, when the drain begins. */
static void
test_serves_the_queue (Fixture *fixture,
                       gconstpointer data)
{
  TestClient *clients[10];

  service_fixture_start (fixture);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = test_client_connect (service_fixture_get_socket (fixture, i % 2));
  usher_service_drain (fixture->service);
  iterate_until (NULL, has_ten_connections, fixture);
  service_fixture_advance_msec (2000);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    {
      test_client_expect_end (clients[i]);
      g_assert_cmpint (clients[i]->error, ==, 0);
      test_client_free (clients[i]);
    }
  service_fixture_assert_exit (fixture, "shutdown");
}

static void
test_lame_duck (Fixture *fixture,
                gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  usher_service_set_lame_duck_msec (fixture->service, 500);
  service_fixture_start (fixture);
  usher_service_drain (fixture->service);
  service_fixture_advance_msec (499);
  client = test_client_connect (service_fixture_get_socket (fixture, 0));
  iterate_until (NULL, service_fixture_has_connection, fixture);
  usher_service_drain (fixture->service);
  g_assert_true (usher_listen_socket_is_up (service_fixture_get_socket (fixture, 0)));
  service_fixture_advance_msec (1);
  g_assert_false (usher_listen_socket_is_up (service_fixture_get_socket (fixture, 0)));
  test_client_reset (client);
  service_fixture_advance_msec (2000);
  iterate_until (NULL, service_fixture_has_exited, fixture);
  service_fixture_assert_states (fixture, " starting up lame-duck draining down");
}

static void
test_deadline (Fixture *fixture,
               gconstpointer data)
{
  usher_service_set_lame_duck_msec (fixture->service, 500);
  usher_service_set_drain_deadline_msec (fixture->service, 3499);
  service_fixture_begin_start (fixture);
  iterate_pending (NULL);
  g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->start_error->message, "500 ms + grace 2000 ms + shutdown 1000 ms"));
  g_assert_nonnull (strstr (fixture->start_error->message, "“chat”"));

  usher_service_set_drain_deadline_msec (fixture->service, 3500);
  service_fixture_start (fixture);
  usher_service_kill (fixture->service);
  iterate_pending (NULL);
}

static void
test_spread_beyond_the_grace (Fixture *fixture,
                              gconstpointer data)
{
  usher_acceptor_pool_set_drain_spread_msec (fixture->pools[1], 2001);
  service_fixture_begin_start (fixture);
  iterate_pending (NULL);
  g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->start_error->message,
                            "pool chat would tell its connections to leave within a drain-spread of 2001 ms, but "
                            "their grace of 2000 ms"));
  g_clear_error (&fixture->start_error);
}

static void
test_bad_address (Fixture *fixture,
                  gconstpointer data)
{
  g_autoptr (UsherService) service = usher_service_new ("bad");
  g_autoptr (UsherAcceptorPool) pool = usher_acceptor_pool_new ("web", TEST_TYPE_STAYER);
  g_autoptr (GPtrArray) sockets = NULL;

  usher_service_add_pool (service, pool, "tcp://127.0.0.1:0", 1);
  usher_service_add_pool (service, pool, "127.0.0.1:0", 1);
  usher_service_start_async (service, NULL, service_fixture_on_started, fixture);
  iterate_pending (NULL);
  g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
  g_assert_true (g_str_has_prefix (fixture->start_error->message, "service “bad”, pool “web”: "));
  sockets = usher_acceptor_pool_which_sockets (pool);
  g_assert_cmpuint (sockets->len, ==, 0);
}

static void
test_starts_once (Fixture *fixture,
                  gconstpointer data)
{
  service_fixture_start (fixture);
  service_fixture_begin_start (fixture);
  iterate_pending (NULL);
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_PENDING);
  usher_service_kill (fixture->service);
}

static void
test_drain_while_starting (Fixture *fixture,
                           gconstpointer data)
{
  service_fixture_begin_start (fixture);
  usher_service_drain (fixture->service);
  iterate_pending (NULL);
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (fixture->exit);
  service_fixture_assert_states (fixture, " starting draining down");
}

static void
on_drain_wanted (UsherService *service)
{
  if (usher_service_get_state (service) == USHER_SERVICE_UP)
    usher_service_drain (service);
}

static void
test_reentrancy (Fixture *fixture,
                 gconstpointer data)
{
  g_signal_connect (fixture->service, "notify::state", G_CALLBACK (on_drain_wanted), NULL);
  service_fixture_begin_start (fixture);
  iterate_pending (NULL);
  g_assert_no_error (fixture->start_error);
  service_fixture_assert_exit (fixture, "shutdown");
}

static void
test_holds_the_application (Fixture *fixture,
                            gconstpointer data)
{
  g_autoptr (GApplication) application = g_application_new ("org.example.Shop", G_APPLICATION_NON_UNIQUE);

  g_assert_true (g_application_register (application, NULL, NULL));
  g_application_set_default (application);
  g_signal_connect_swapped (application, "activate", G_CALLBACK (service_fixture_begin_start), fixture);
  g_signal_connect (fixture->service, "notify::state", G_CALLBACK (on_drain_wanted), NULL);
  g_assert_cmpint (g_application_run (application, 0, NULL), ==, 0);
  g_application_set_default (NULL);
  service_fixture_assert_exit (fixture, "shutdown");
}

static gboolean
parse (Fixture *fixture,
       const char *line,
       GError **error)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_auto (GStrv) arguments = NULL;

  g_assert_true (g_shell_parse_argv (line, NULL, &arguments, NULL));
  g_option_context_add_group (context, usher_service_get_option_group (fixture->service));
  return g_option_context_parse_strv (context, &arguments, error);
}

static void
test_options (Fixture *fixture,
              gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = NULL;

  g_assert_true (parse (fixture,
                        "shop --listen web=tcp://127.0.0.1:0 -l web=tcp://[::1]:0 --grace 7s --shutdown=infinity "
                        "--drain-spread 6s --lame-duck 20ms --drain-deadline infinity --max-connections 33 "
                        "--workers 2",
                        NULL));
  g_assert_cmpint (usher_acceptor_pool_get_grace_msec (fixture->pools[1]), ==, 7000);
  g_assert_cmpuint (usher_acceptor_pool_get_drain_spread_msec (fixture->pools[0]), ==, 6000);
  g_assert_cmpint (usher_acceptor_pool_get_shutdown_msec (fixture->pools[0]), ==, -1);
  g_assert_cmpuint (usher_acceptor_pool_get_max_connections (fixture->pools[1]), ==, 33);
  g_assert_cmpuint (usher_acceptor_pool_get_workers (fixture->pools[0]), ==, 2);
  g_assert_cmpuint (usher_service_get_lame_duck_msec (fixture->service), ==, 20);
  g_assert_cmpint (usher_service_get_drain_deadline_msec (fixture->service), ==, -1);
  service_fixture_start (fixture);
  sockets = usher_acceptor_pool_which_sockets (fixture->pools[0]);
  g_assert_cmpuint (sockets->len, ==, 2);
  usher_service_kill (fixture->service);
  /* Their workers have to end. */
  iterate_until (NULL, service_fixture_has_exited, fixture);
}

/* A program without a version has no such option. */
static void
test_version (Fixture *fixture,
              gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (usher_service_get_version (fixture->service));
  g_assert_false (parse (fixture, "shop --version", &error));
  g_assert_error (error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION);

  usher_service_set_version (fixture->service, "1.4.2");
  g_assert_cmpstr (usher_service_get_version (fixture->service), ==, "1.4.2");
  if (g_test_subprocess ())
    {
      parse (fixture, "shop --version --workers none", NULL);
      return;
    }

  g_test_trap_subprocess ("/service/says-its-version", 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
  g_test_trap_assert_stdout ("*shop 1.4.2\n");
}

static void
test_hands_over_its_version (Fixture *fixture,
                             gconstpointer data)
{
  usher_service_set_version (fixture->service, "1");
  usher_service_set_hand_over_path (fixture->service, "/nowhere");
  g_assert_cmpstr (usher_handover_get_version (usher_service_get_handover (fixture->service)), ==, "1");
  usher_service_set_version (fixture->service, "2");
  g_assert_cmpstr (usher_handover_get_version (usher_service_get_handover (fixture->service)), ==, "2");
  usher_service_set_version (fixture->service, NULL);
  g_assert_cmpstr (usher_handover_get_version (usher_service_get_handover (fixture->service)), ==, "");
}

static void
test_bad_options (Fixture *fixture,
                  gconstpointer data)
{
  static const struct
  {
    const char *line;
    const char *complaint;
  } cases[] = {
    { "shop --listen tcp://127.0.0.1:0", "the pools are: web, chat" },
    { "shop --listen nobody=tcp://127.0.0.1:0", "the pools are: web, chat" },
    { "shop --listen unix:/tmp/web=1", "the pools are: web, chat" },
    { "shop --grace soon", "--grace: “soon” is no duration" },
    { "shop --shutdown -1", "is no duration" },
    { "shop --drain-spread infinity", "--drain-spread: it would never end" },
    { "shop --lame-duck infinity", "--lame-duck: it would never end" },
    { "shop --drain-deadline 5d", "is no duration" },
    { "shop --max-connections 0", "--max-connections: " },
    { "shop --workers 1025", "--workers: " },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (parse (fixture, cases[i].line, &error));
      g_assert_nonnull (strstr (error->message, cases[i].complaint));
    }
}

/* The program listens on what systemd passes, but its command line says something else. */
static void
test_activation_for_nobody (Fixture *fixture,
                            gconstpointer data)
{
  g_autofree char *pid = g_strdup_printf ("%d", getpid ());

  usher_service_add_pool (fixture->service, fixture->pools[0], "systemd:front", 2);
  g_assert_true (parse (fixture, "shop --listen web=tcp://127.0.0.1:0 --listen web=tcp://[::1]:0", NULL));
  g_setenv ("LISTEN_PID", pid, TRUE);
  g_setenv ("LISTEN_FDS", "1", TRUE);
  g_setenv ("LISTEN_FDNAMES", "front", TRUE);
  service_fixture_begin_start (fixture);
  iterate_pending (NULL);
  g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->start_error->message,
                            "pool “web”: systemd has passed a socket named “front”, but the command line has it "
                            "listen on tcp://127.0.0.1:0 instead; say systemd:front there"));

  g_clear_error (&fixture->start_error);
  g_setenv ("LISTEN_FDNAMES", "back", TRUE);
  service_fixture_start (fixture);
  usher_service_kill (fixture->service);
  g_unsetenv ("LISTEN_PID");
}

typedef struct
{
  UsherListenSocket *sockets[2];
  guint n_sockets;
} Added;

static void
on_listen_socket_added (UsherService *service,
                        UsherAcceptorPool *pool,
                        UsherListenSocket *listen_socket,
                        gpointer data)
{
  Added *added = data;

  g_assert_cmpuint (added->n_sockets, <, G_N_ELEMENTS (added->sockets));
  g_assert_false (usher_listen_socket_is_up (listen_socket));
  usher_listen_socket_set_backlog (listen_socket, 7);
  added->sockets[added->n_sockets++] = listen_socket;
}

static void
service_end (Fixture *fixture)
{
  usher_service_drain (fixture->service);
  iterate_until (NULL, service_fixture_has_exited, fixture);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
}

/* Each before it is opened, and once, however often the service is started. */
static void
test_hands_its_sockets_out (Fixture *fixture,
                            gconstpointer data)
{
  Added added = { 0 };

  g_signal_connect (fixture->service, "listen-socket-added", G_CALLBACK (on_listen_socket_added), &added);
  usher_service_add_health (fixture->service, "tcp://127.0.0.1:0");
  service_fixture_start (fixture);
  g_assert_cmpuint (added.n_sockets, ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (added.sockets[i] == service_fixture_get_socket (fixture, i));
      g_assert_cmpuint (usher_listen_socket_get_backlog (added.sockets[i]), ==, 7);
    }
  service_end (fixture);
  service_fixture_start (fixture);
  g_assert_cmpuint (added.n_sockets, ==, 2);
  service_end (fixture);
}

static void
test_two_pools_of_a_name (Fixture *fixture,
                          gconstpointer data)
{
  g_autoptr (UsherAcceptorPool) first = usher_acceptor_pool_new ("same", TEST_TYPE_STAYER);
  g_autoptr (UsherAcceptorPool) second = usher_acceptor_pool_new ("same", TEST_TYPE_STAYER);

  usher_service_add_pool (fixture->service, first, "tcp://127.0.0.1:0", 1);
  g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, "*name_is_free*");
  usher_service_add_pool (fixture->service, second, "tcp://127.0.0.1:0", 1);
  g_test_assert_expected_messages ();
}

static void
test_has_a_name (void)
{
  g_test_expect_message ("usher", G_LOG_LEVEL_CRITICAL, "*name*");
  g_assert_null (usher_service_new (""));
  g_test_assert_expected_messages ();
}

#define SERVICE_CASE(name, func) g_test_add ("/service/" name, Fixture, NULL, service_fixture_set_up, func, service_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  SERVICE_CASE ("serves-and-drains", test_serves);
  SERVICE_CASE ("starts-again", test_starts_again);
  SERVICE_CASE ("pools-drain-at-the-same-time", test_drains_in_parallel);
  SERVICE_CASE ("serves-those-who-wait-to-be-accepted", test_serves_the_queue);
  SERVICE_CASE ("a-lame-duck-still-accepts", test_lame_duck);
  SERVICE_CASE ("what-does-not-fit-its-deadline-is-refused", test_deadline);
  SERVICE_CASE ("a-spread-longer-than-its-grace-is-refused", test_spread_beyond_the_grace);
  SERVICE_CASE ("a-bad-address-is-named", test_bad_address);
  SERVICE_CASE ("starts-once-at-a-time", test_starts_once);
  SERVICE_CASE ("may-drain-while-it-starts", test_drain_while_starting);
  SERVICE_CASE ("a-handler-may-drain-it", test_reentrancy);
  SERVICE_CASE ("holds-the-application-until-it-is-down", test_holds_the_application);
  SERVICE_CASE ("options-change-it", test_options);
  SERVICE_CASE ("says-its-version", test_version);
  SERVICE_CASE ("hands-its-version-over", test_hands_over_its_version);
  SERVICE_CASE ("bad-options-say-what-would-be-right", test_bad_options);
  SERVICE_CASE ("leaves-no-socket-of-systemd-to-nobody", test_activation_for_nobody);
  g_test_add_func ("/service/has-a-name", test_has_a_name);
  SERVICE_CASE ("hands-its-listen-sockets-out", test_hands_its_sockets_out);
  SERVICE_CASE ("has-one-pool-of-a-name", test_two_pools_of_a_name);

  return g_test_run ();
}
