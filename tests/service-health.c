/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/service.h"

#include <sys/socket.h>

#include "support/async-echo.h"
#include "support/client.h"
#include "support/fake-clock.h"
#include "support/iterate.h"
#include "support/sockets.h"
#include "usher/error.h"

#define REQUEST "GET /readyz HTTP/1.1\r\nHost: here\r\n\r\n"

/* A service with one pool, and its health. */
typedef struct
{
  UsherService *service;   /* (owned) */
  UsherAcceptorPool *pool; /* (owned) */
  GError *start_error;     /* (owned) (nullable) */
  GString *readinesses;    /* (owned) */
  gboolean has_exited;
} Fixture;

static void
on_exited (UsherService *service,
           UsherExit *exit,
           Fixture *fixture)
{
  fixture->has_exited = TRUE;
}

static void
on_readiness (UsherService *service,
              GParamSpec *pspec,
              Fixture *fixture)
{
  g_autoptr (GEnumClass) values = g_type_class_ref (USHER_TYPE_READINESS);

  g_string_append_printf (fixture->readinesses, " %s",
                          g_enum_get_value (values, usher_service_get_readiness (service))->value_nick);
}

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  fake_clock_install ();
  fixture->readinesses = g_string_new (NULL);
  fixture->service = usher_service_new ("shop");
  fixture->pool = usher_acceptor_pool_new ("web", TEST_TYPE_ASYNC_ECHO);
  g_signal_connect (fixture->service, "exited", G_CALLBACK (on_exited), fixture);
  g_signal_connect (fixture->service, "notify::readiness", G_CALLBACK (on_readiness), fixture);
  usher_service_add_pool (fixture->service, fixture->pool, "tcp://127.0.0.1:0", 2);
  usher_service_add_health (fixture->service, "tcp://127.0.0.1:0");
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  usher_service_kill (fixture->service);
  iterate_pending (NULL);
  g_assert_finalize_object (fixture->service);
  g_assert_finalize_object (fixture->pool);
  g_clear_error (&fixture->start_error);
  g_string_free (fixture->readinesses, TRUE);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  fake_clock_remove ();
}

static void
on_started (GObject *object,
            GAsyncResult *result,
            gpointer data)
{
  Fixture *fixture = data;

  usher_service_start_finish (USHER_SERVICE (object), result, &fixture->start_error);
}

static void
start (Fixture *fixture)
{
  usher_service_start_async (fixture->service, NULL, on_started, fixture);
  iterate_pending (NULL);
}

static UsherChild *
get_child (UsherSupervisor *supervisor,
           const char *id)
{
  g_autoptr (UsherChildInfo) info = usher_supervisor_get_child (supervisor, id, NULL);

  return usher_child_info_get_child (info);
}

/* It has a supervisor of its name. */
static UsherAcceptorPool *
get_pool (Fixture *fixture,
          const char *id)
{
  UsherSupervisor *root = usher_service_get_supervisor (fixture->service);

  return USHER_ACCEPTOR_POOL (get_child (USHER_SUPERVISOR (get_child (root, id)), "pool"));
}

static UsherListenSocket *
get_socket (Fixture *fixture,
            const char *id)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (get_pool (fixture, id));

  return g_ptr_array_index (sockets, 0);
}

static TestClient *
ask (Fixture *fixture)
{
  return test_client_connect (get_socket (fixture, "health"));
}

static void
expect_word (Fixture *fixture,
             const char *word)
{
  g_autoptr (TestClient) client = ask (fixture);

  test_client_send (client, "\n");
  test_client_expect (client, word);
  test_client_expect_end (client);
}

static gboolean
has_ended (gpointer client)
{
  return ((TestClient *) client)->is_at_end;
}

/* And no reset behind it, which may cost the client what it has not read. */
static void
expect_response (TestClient *client,
                 const char *start,
                 const char *end)
{
  int error;
  socklen_t length = sizeof error;

  iterate_until (NULL, has_ended, client);
  iterate_pending (NULL);
  g_assert_no_errno (getsockopt (client->fd, SOL_SOCKET, SO_ERROR, &error, &length));
  g_assert_cmpint (error, ==, 0);
  g_assert_true (g_str_has_prefix (client->received->str, start));
  g_assert_true (g_str_has_suffix (client->received->str, end));
}

static void
test_follows_the_service (Fixture *fixture,
                          gconstpointer data)
{
  g_autoptr (TestClient) client = NULL, monitor = NULL;

  usher_service_set_lame_duck_msec (fixture->service, 1000);
  g_assert_cmpint (usher_service_get_readiness (fixture->service), ==, USHER_READINESS_STARTING);
  start (fixture);
  expect_word (fixture, "ready\n");
  client = test_client_connect (get_socket (fixture, "web"));
  test_client_send (client, "hello");
  test_client_expect (client, "hello");

  usher_service_drain (fixture->service);
  expect_word (fixture, "drain\n");
  monitor = ask (fixture);
  test_client_send (monitor, REQUEST);
  expect_response (monitor, "HTTP/1.1 503 ", "draining\n");
  test_client_send (client, "still here");
  test_client_expect (client, "still here");
  fake_clock_advance_usec (G_TIME_SPAN_SECOND);
  test_client_expect_end (client);
  iterate_pending (NULL);
  g_assert_true (fixture->has_exited);
  g_assert_cmpstr (fixture->readinesses->str, ==, " starting ready draining draining starting");
}

static void
count (guint *n)
{
  ++*n;
}

/* Its turn to be told to leave has not come. */
static void
test_answers_until_the_others_have_ended (Fixture *fixture,
                                          gconstpointer data)
{
  g_autoptr (TestClient) client = NULL, late = NULL;
  UsherListenSocket *health;
  guint n_reports = 0;

  g_signal_connect_swapped (usher_service_get_supervisor (fixture->service), "report", G_CALLBACK (count), &n_reports);
  start (fixture);
  n_reports = 0;
  health = get_socket (fixture, "health");
  client = test_client_connect (get_socket (fixture, "web"));
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  usher_acceptor_pool_set_drain_spread_msec (fixture->pool, 4000);
  usher_service_drain (fixture->service);
  iterate_pending (NULL);
  g_assert_cmpuint (usher_service_get_n_connections (fixture->service), ==, 1);
  g_assert_false (usher_listen_socket_is_up (get_socket (fixture, "web")));
  expect_word (fixture, "drain\n");

  late = ask (fixture);
  iterate_pending (NULL);
  g_assert_cmpuint (usher_service_get_n_connections (fixture->service), ==, 1);
  test_client_reset (client);
  test_client_expect_end (late);
  iterate_pending (NULL);
  g_assert_true (fixture->has_exited);
  g_assert_false (usher_listen_socket_is_up (health));
  g_assert_cmpuint (n_reports, ==, 0);
}

static void
test_maintenance (Fixture *fixture,
                  gconstpointer data)
{
  start (fixture);
  usher_service_set_maintenance (fixture->service, TRUE);
  usher_service_set_maintenance (fixture->service, 1);
  expect_word (fixture, "maint\n");
  usher_service_set_maintenance (fixture->service, FALSE);
  expect_word (fixture, "ready\n");
  usher_acceptor_pool_suspend (fixture->pool);
  expect_word (fixture, "maint\n");
  usher_acceptor_pool_resume (fixture->pool);
  expect_word (fixture, "ready\n");
  g_assert_cmpstr (fixture->readinesses->str, ==, " starting ready maintenance ready maintenance ready");
}

static void
test_silence (Fixture *fixture,
              gconstpointer data)
{
  g_autoptr (TestClient) quiet = NULL, closed = NULL;

  start (fixture);
  quiet = ask (fixture);
  iterate_pending (NULL);
  fake_clock_advance_usec (999 * G_TIME_SPAN_MILLISECOND);
  iterate_pending (NULL);
  g_assert_cmpuint (quiet->received->len, ==, 0);
  fake_clock_advance_usec (G_TIME_SPAN_MILLISECOND);
  test_client_expect (quiet, "ready\n");

  closed = ask (fixture);
  g_assert_no_errno (shutdown (closed->fd, SHUT_WR));
  test_client_expect (closed, "ready\n");
}

static void
test_slow_request (Fixture *fixture,
                   gconstpointer data)
{
  g_autoptr (TestClient) slow = NULL, hopeless = NULL;
  const char *request = REQUEST;

  start (fixture);
  slow = ask (fixture);
  hopeless = ask (fixture);
  iterate_pending (NULL);
  for (const char *p = request; *p != '\0'; p++)
    {
      char byte[] = { *p, '\0' };

      fake_clock_advance_usec (100 * G_TIME_SPAN_MILLISECOND);
      test_client_send (slow, byte);
      test_client_send (hopeless, "X");
      iterate_pending (NULL);
    }
  expect_response (slow, "HTTP/1.1 200 OK\r\n", "\r\n\r\nready\n");
  fake_clock_advance_usec ((4999 - 100 * strlen (request)) * G_TIME_SPAN_MILLISECOND);
  iterate_pending (NULL);
  g_assert_false (hopeless->is_at_end);
  fake_clock_advance_usec (G_TIME_SPAN_MILLISECOND);
  expect_response (hopeless, "HTTP/1.1 408 ", "\n");
}

/* The request has come in time, but nobody has looked. */
static void
test_late_look (Fixture *fixture,
                gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  start (fixture);
  client = ask (fixture);
  iterate_pending (NULL);
  test_client_send (client, REQUEST);
  fake_clock_advance_usec (2 * G_TIME_SPAN_SECOND);
  expect_response (client, "HTTP/1.1 200 OK\r\n", "\r\n\r\nready\n");
}

/* It gets its answer although it is still talking. */
static void
test_long_request (Fixture *fixture,
                   gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;
  g_autofree char *long_text = g_strnfill (30000, 'X');

  start (fixture);
  client = ask (fixture);
  test_client_send (client, "POST /readyz HTTP/1.1\r\nX: ");
  test_client_send (client, long_text);
  test_client_send (client, long_text);
  expect_response (client, "HTTP/1.1 431 ", "\n");
}

static void
test_body_is_forgotten (Fixture *fixture,
                        gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  start (fixture);
  client = ask (fixture);
  test_client_send (client, "POST /readyz HTTP/1.1\r\nContent-Length: 10000\r\n\r\nbody");
  expect_response (client, "HTTP/1.1 405 ", "\n");
  test_client_send (client, "more");
  iterate_pending (NULL);
  g_assert_cmpint (client->error, ==, 0);
}

/* Those who do not leave are made to. */
static void
test_nobody_stays (Fixture *fixture,
                   gconstpointer data)
{
  g_autoptr (TestClient) client = NULL;

  start (fixture);
  client = ask (fixture);
  test_client_send (client, "\n");
  test_client_expect (client, "ready\n");
  test_client_expect_end (client);
  g_assert_cmpuint (usher_acceptor_pool_get_n_connections (get_pool (fixture, "health")), ==, 1);
  fake_clock_advance_usec (5 * G_TIME_SPAN_SECOND);
  iterate_pending (NULL);
  g_assert_cmpuint (usher_acceptor_pool_get_n_connections (get_pool (fixture, "health")), ==, 0);
}

static void
parse (Fixture *fixture,
       const char *line)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_auto (GStrv) arguments = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (g_shell_parse_argv (line, NULL, &arguments, NULL));
  g_option_context_add_group (context, usher_service_get_option_group (fixture->service));
  g_option_context_parse_strv (context, &arguments, &error);
  g_assert_no_error (error);
}

static void
test_option (Fixture *fixture,
             gconstpointer data)
{
  g_autofree char *abstract = sockets_make_abstract_address ();
  g_autofree char *line = g_strdup_printf ("shop --health %s --health tcp://127.0.0.1:0 --max-connections 1", abstract);
  g_autofree char *address = NULL;

  parse (fixture, line);
  start (fixture);
  g_assert_no_error (fixture->start_error);
  address = usher_listen_socket_dup_local_address (get_socket (fixture, "health"));
  g_assert_cmpstr (address, ==, abstract);
  expect_word (fixture, "ready\n");
}

static void
test_bad_address (Fixture *fixture,
                  gconstpointer data)
{
  usher_service_add_health (fixture->service, "here");
  start (fixture);
  g_assert_error (fixture->start_error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
  g_assert_true (g_str_has_prefix (fixture->start_error->message, "service “shop”, pool “health”: "));
}

#define ADD(path, function) g_test_add ("/service-health/" path, Fixture, NULL, set_up, function, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("follows-the-service", test_follows_the_service);
  ADD ("answers-until-the-other-pools-have-ended", test_answers_until_the_others_have_ended);
  ADD ("says-maintenance-if-the-program-does", test_maintenance);
  ADD ("answers-silence", test_silence);
  ADD ("waits-for-slow-requests-but-not-for-ever", test_slow_request);
  ADD ("a-late-look-finds-the-request", test_late_look);
  ADD ("refuses-long-requests", test_long_request);
  ADD ("forgets-what-comes-behind-a-request", test_body_is_forgotten);
  ADD ("nobody-stays", test_nobody_stays);
  ADD ("the-command-line-says-where", test_option);
  ADD ("a-bad-address-is-named", test_bad_address);

  return g_test_run ();
}
