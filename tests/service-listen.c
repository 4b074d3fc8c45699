/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/client.h"
#include "support/iterate.h"
#include "support/resolver.h"
#include "support/service-fixture.h"
#include "support/sockets.h"
#include "usher/connection-info.h"
#include "usher/error.h"

#define IPV6 "tcp://[::1]:0"

enum
{
  WEB,
  CHAT,
};

/* Calls that change where a service listens. */
typedef struct
{
  ServiceFixture service;
  gboolean is_answered;
  GPtrArray *sockets; /* (owned) (nullable) (element-type UsherListenSocket) */
  GError *error;      /* (owned) (nullable) */
} Fixture;

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  service_fixture_set_up (&fixture->service, data);
  for (guint i = 0; i < G_N_ELEMENTS (fixture->service.pools); i++)
    usher_acceptor_pool_set_drain_patience_msec (fixture->service.pools[i], 0);
  service_fixture_start (&fixture->service);
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  g_clear_error (&fixture->error);
  g_clear_pointer (&fixture->sockets, g_ptr_array_unref);
  usher_service_kill (fixture->service.service);
  service_fixture_tear_down (&fixture->service, data);
}

static gboolean
is_answered (gpointer fixture)
{
  return ((Fixture *) fixture)->is_answered;
}

static void
begin_call (Fixture *fixture)
{
  fixture->is_answered = FALSE;
  g_clear_error (&fixture->error);
  g_clear_pointer (&fixture->sockets, g_ptr_array_unref);
}

static void
on_listening (GObject *object,
              GAsyncResult *result,
              gpointer data)
{
  Fixture *fixture = data;

  fixture->is_answered = TRUE;
  fixture->sockets = usher_service_listen_finish (USHER_SERVICE (object), result, &fixture->error);
  g_assert_true ((fixture->sockets != NULL) != (fixture->error != NULL));
}

static void
listen_on (Fixture *fixture,
           guint pool,
           const char *address)
{
  begin_call (fixture);
  usher_service_listen_async (fixture->service.service, fixture->service.pools[pool], address, 2, NULL, on_listening,
                              fixture);
  iterate_until (NULL, is_answered, fixture);
}

static void
on_stopped (GObject *object,
            GAsyncResult *result,
            gpointer data)
{
  Fixture *fixture = data;
  gboolean is_stopped = usher_service_stop_listening_finish (USHER_SERVICE (object), result, &fixture->error);

  fixture->is_answered = TRUE;
  g_assert_true (is_stopped == (fixture->error == NULL));
}

static void
stop_listening (Fixture *fixture,
                const char *address)
{
  begin_call (fixture);
  usher_service_stop_listening_async (fixture->service.service, address, on_stopped, fixture);
  iterate_until (NULL, is_answered, fixture);
}

static guint
count_sockets (Fixture *fixture,
               guint pool)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (fixture->service.pools[pool]);

  return sockets->len;
}

static UsherConnectionState
get_connection_state (Fixture *fixture,
                      guint pool)
{
  g_autoptr (GPtrArray) infos = usher_acceptor_pool_which_children (fixture->service.pools[pool]);

  g_assert_cmpuint (infos->len, ==, 1);
  return usher_connection_info_get_state (infos->pdata[0]);
}

static void
test_listens (Fixture *fixture,
              gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;
  UsherListenSocket *socket;

  listen_on (fixture, WEB, IPV6);
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (fixture->sockets->len, ==, 1);
  socket = fixture->sockets->pdata[0];
  g_assert_cmpstr (usher_listen_socket_get_address (socket), ==, IPV6);
  g_assert_cmpuint (count_sockets (fixture, WEB), ==, 2);

  client = test_client_connect (socket);
  iterate_until (NULL, service_fixture_has_connection, &fixture->service);
  usher_service_drain (fixture->service.service);
  iterate_pending (NULL);
  g_assert_false (usher_listen_socket_is_up (socket));
  g_assert_cmpint (get_connection_state (fixture, WEB), ==, USHER_CONNECTION_DRAINING);
  service_fixture_advance_msec (1000);
  test_client_expect_end (client);
  service_fixture_assert_exit (&fixture->service, "shutdown");
}

static void
test_name (Fixture *fixture,
           gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = NULL;

  listen_on (fixture, CHAT, "tcp://two.example:0");
  g_assert_no_error (fixture->error);
  sockets = g_steal_pointer (&fixture->sockets);
  g_assert_cmpuint (sockets->len, ==, 2);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *address = usher_listen_socket_dup_local_address (sockets->pdata[i]);

      sockets_assert_accepted (address, TRUE);
    }

  stop_listening (fixture, "tcp://two.example:0");
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (count_sockets (fixture, CHAT), ==, 1);
  for (guint i = 0; i < 2; i++)
    g_assert_false (usher_listen_socket_is_up (sockets->pdata[i]));
}

/* Its second listen socket cannot be opened. */
static void
test_name_by_halves (Fixture *fixture,
                     gconstpointer data)
{
  guint n_fds = sockets_count_fds ();

  for (guint i = 0; i < 2; i++)
    {
      listen_on (fixture, WEB, "tcp://half.example:0");
      g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_FAILED);
      g_assert_true (g_str_has_prefix (fixture->error->message, "service “shop”, pool “web”: "));
      g_assert_nonnull (strstr (fixture->error->message, "tcp://192.0.2.1:0"));
      g_assert_cmpuint (count_sockets (fixture, WEB), ==, 1);
      g_assert_cmpuint (sockets_count_fds (), ==, n_fds);
    }
}

static void
test_stops (Fixture *fixture,
            gconstpointer data)
{
  g_autoptr (TestClient) client = NULL, other = NULL;

  listen_on (fixture, WEB, IPV6);
  client = test_client_connect (fixture->sockets->pdata[0]);
  other = test_client_connect (service_fixture_get_socket (&fixture->service, CHAT));
  iterate_until (NULL, service_fixture_has_two_connections, &fixture->service);

  stop_listening (fixture, IPV6);
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (count_sockets (fixture, WEB), ==, 1);
  g_assert_cmpint (get_connection_state (fixture, WEB), ==, USHER_CONNECTION_DRAINING);
  g_assert_cmpint (get_connection_state (fixture, CHAT), ==, USHER_CONNECTION_SERVING);
  service_fixture_advance_msec (60 * 1000);
  g_assert_cmpuint (usher_service_get_n_connections (fixture->service.service), ==, 2);
  g_assert_cmpint (usher_service_get_state (fixture->service.service), ==, USHER_SERVICE_UP);
}

/* Also those of the program. */
static void
test_stops_what_was_added (Fixture *fixture,
                           gconstpointer data)
{
  g_autoptr (UsherListenSocket) socket = g_object_ref (service_fixture_get_socket (&fixture->service, WEB));

  stop_listening (fixture, "tcp://127.0.0.1:0");
  g_assert_no_error (fixture->error);
  g_assert_false (usher_listen_socket_is_up (socket));
  g_assert_cmpuint (count_sockets (fixture, WEB), ==, 0);
  g_assert_cmpuint (count_sockets (fixture, CHAT), ==, 1);
}

static gboolean
has_five_connections (gpointer fixture)
{
  return usher_service_get_n_connections (((Fixture *) fixture)->service.service) == 5;
}

/* There are two acceptors, and nobody is accepted before the end has begun. */
static void
test_serves_the_queue (Fixture *fixture,
                       gconstpointer data)
{
  TestClient *clients[5];

  listen_on (fixture, WEB, IPV6);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = test_client_connect (fixture->sockets->pdata[0]);
  stop_listening (fixture, IPV6);
  g_assert_no_error (fixture->error);
  g_assert_cmpuint (count_sockets (fixture, WEB), ==, 1);
  iterate_until (NULL, has_five_connections, fixture);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    test_client_free (clients[i]);
}

static UsherListenSocket *
get_last_socket (Fixture *fixture,
                 guint pool)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (fixture->service.pools[pool]);

  return sockets->pdata[sockets->len - 1];
}

static void
crash (Fixture *fixture,
       const char *pool)
{
  UsherSupervisor *root = usher_service_get_supervisor (fixture->service.service);
  g_autoptr (UsherChildInfo) info = usher_supervisor_get_child (root, pool, NULL);

  usher_child_kill (usher_child_info_get_child (info));
  iterate_pending (NULL);
  g_assert_cmpint (usher_service_get_state (fixture->service.service), ==, USHER_SERVICE_UP);
}

static void
start_again (Fixture *fixture)
{
  usher_service_kill (fixture->service.service);
  iterate_pending (NULL);
  service_fixture_start (&fixture->service);
}

/* What was taken away does not come back either. */
static void
test_lasts (Fixture *fixture,
            gconstpointer data)
{
  listen_on (fixture, WEB, IPV6);
  crash (fixture, "web");
  g_assert_true (usher_listen_socket_is_up (get_last_socket (fixture, WEB)));
  start_again (fixture);
  g_assert_cmpuint (count_sockets (fixture, WEB), ==, 2);
  g_assert_true (usher_listen_socket_is_up (get_last_socket (fixture, WEB)));

  stop_listening (fixture, IPV6);
  g_assert_no_error (fixture->error);
  stop_listening (fixture, "tcp://127.0.0.1:0");
  g_assert_no_error (fixture->error);
  start_again (fixture);
  g_assert_cmpuint (count_sockets (fixture, WEB), ==, 0);
}

static void
test_once (Fixture *fixture,
           gconstpointer data)
{
  listen_on (fixture, WEB, "tcp://127.0.0.1:0");
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_true (g_str_has_prefix (fixture->error->message,
                                   "service “shop”, address “tcp://127.0.0.1:0”: its pool “web” listens there already"));

  listen_on (fixture, WEB, IPV6);
  g_assert_no_error (fixture->error);
  listen_on (fixture, CHAT, IPV6);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  stop_listening (fixture, IPV6);
  listen_on (fixture, CHAT, IPV6);
  g_assert_no_error (fixture->error);
}

static void
test_somebody_else (Fixture *fixture,
                    gconstpointer data)
{
  g_autofree char *address =
      usher_listen_socket_dup_local_address (service_fixture_get_socket (&fixture->service, CHAT));

  listen_on (fixture, WEB, address);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);
  g_assert_nonnull (strstr (fixture->error->message, "something already listens on that port"));
  g_assert_cmpuint (count_sockets (fixture, WEB), ==, 1);

  stop_listening (fixture, address);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
}

/* One change of an address at a time. */
static void
test_pending (Fixture *fixture,
              gconstpointer data)
{
  Fixture second = { .service = fixture->service };

  begin_call (fixture);
  usher_service_listen_async (fixture->service.service, fixture->service.pools[WEB], IPV6, 2, NULL, on_listening, fixture);
  listen_on (&second, CHAT, IPV6);
  g_assert_error (second.error, G_IO_ERROR, G_IO_ERROR_PENDING);
  stop_listening (&second, IPV6);
  g_assert_error (second.error, G_IO_ERROR, G_IO_ERROR_PENDING);
  iterate_until (NULL, is_answered, fixture);
  g_assert_no_error (fixture->error);

  begin_call (fixture);
  usher_service_stop_listening_async (fixture->service.service, IPV6, on_stopped, fixture);
  stop_listening (&second, IPV6);
  g_assert_error (second.error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&second.error);
  iterate_until (NULL, is_answered, fixture);
  g_assert_no_error (fixture->error);
}

static void
test_bad_arguments (Fixture *fixture,
                    gconstpointer data)
{
  g_autoptr (UsherAcceptorPool) stranger = usher_acceptor_pool_new ("web", TEST_TYPE_STAYER);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  listen_on (fixture, WEB, "127.0.0.1:0");
  g_assert_error (fixture->error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
  stop_listening (fixture, "127.0.0.1:0");
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);

  begin_call (fixture);
  usher_service_listen_async (fixture->service.service, stranger, IPV6, 2, NULL, on_listening, fixture);
  iterate_until (NULL, is_answered, fixture);
  g_assert_error (fixture->error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->error->message, "pool “web” is none of its pools"));

  begin_call (fixture);
  usher_service_listen_async (fixture->service.service, fixture->service.pools[WEB], IPV6, 0, NULL, on_listening, fixture);
  iterate_until (NULL, is_answered, fixture);
  g_assert_error (fixture->error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->error->message, "With 0 acceptors"));

  begin_call (fixture);
  g_cancellable_cancel (cancellable);
  usher_service_listen_async (fixture->service.service, fixture->service.pools[WEB], "tcp://two.example:0", 1, cancellable,
                              on_listening, fixture);
  iterate_until (NULL, is_answered, fixture);
  g_assert_error (fixture->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (count_sockets (fixture, WEB), ==, 1);
}

static void
assert_refused (Fixture *fixture,
                const char *why)
{
  listen_on (fixture, WEB, IPV6);
  g_assert_error (fixture->error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_RUNNING);
  g_assert_nonnull (strstr (fixture->error->message, why));
  stop_listening (fixture, "tcp://127.0.0.1:0");
  g_assert_error (fixture->error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_RUNNING);
  g_assert_nonnull (strstr (fixture->error->message, why));
}

static void
test_only_while_up (Fixture *fixture,
                    gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  client = test_client_connect (service_fixture_get_socket (&fixture->service, WEB));
  iterate_until (NULL, service_fixture_has_connection, &fixture->service);
  usher_service_set_lame_duck_msec (fixture->service.service, 1);
  usher_service_drain (fixture->service.service);
  assert_refused (fixture, "it is ending, and closes");
  service_fixture_advance_msec (1);
  assert_refused (fixture, "it is ending, and has closed");
  usher_service_kill (fixture->service.service);
  iterate_pending (NULL);
  assert_refused (fixture, "usher_service_add_pool()");
}

/* While it looks up the address; then, while it closes. */
static void
test_drained_meanwhile (Fixture *fixture,
                        gconstpointer data)
{
  begin_call (fixture);
  usher_service_listen_async (fixture->service.service, fixture->service.pools[WEB], IPV6, 2, NULL, on_listening, fixture);
  usher_service_kill (fixture->service.service);
  iterate_until (NULL, is_answered, fixture);
  g_assert_error (fixture->error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_RUNNING);
  g_assert_cmpuint (count_sockets (fixture, WEB), ==, 1);
  iterate_pending (NULL);
  service_fixture_start (&fixture->service);

  begin_call (fixture);
  usher_service_stop_listening_async (fixture->service.service, "tcp://127.0.0.1:0", on_stopped, fixture);
  usher_service_kill (fixture->service.service);
  iterate_until (NULL, is_answered, fixture);
  g_assert_error (fixture->error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_RUNNING);
  g_assert_nonnull (strstr (fixture->error->message, "stays open; try again"));
  iterate_pending (NULL);
  service_fixture_start (&fixture->service);
  stop_listening (fixture, "tcp://127.0.0.1:0");
  g_assert_no_error (fixture->error);
}

#define CASE(name, func) g_test_add ("/service-listen/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_resolver_install ();

  CASE ("listens-and-drains", test_listens);
  CASE ("a-name-has-a-socket-for-each-address", test_name);
  CASE ("opens-all-of-a-name-or-nothing", test_name_by_halves);
  CASE ("stopping-tells-its-connections-and-no-others", test_stops);
  CASE ("stops-what-the-program-has-added", test_stops_what_was_added);
  CASE ("serves-the-queue-of-what-it-closes", test_serves_the_queue);
  CASE ("lasts-over-restarts", test_lasts);
  CASE ("listens-once-at-an-address", test_once);
  CASE ("says-that-somebody-else-listens-there", test_somebody_else);
  CASE ("changes-an-address-once-at-a-time", test_pending);
  CASE ("says-what-is-wrong", test_bad_arguments);
  CASE ("needs-a-service-that-is-up", test_only_while_up);
  CASE ("may-end-meanwhile", test_drained_meanwhile);

  return g_test_run ();
}
