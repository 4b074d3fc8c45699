/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/iterate.h"
#include "support/listen-fixture.h"
#include "support/resolver.h"
#include "support/sockets.h"
#include "usher/error.h"

/* Gives the fixture another socket; (transfer full). */
static void
replace (ListenFixture *fixture,
         UsherListenSocket *socket)
{
  g_assert_finalize_object (fixture->socket);
  fixture->socket = socket;
  gt_signal_logger_connect (fixture->logger, socket, "up");
  gt_signal_logger_connect (fixture->logger, socket, "down");
}

static void
open_and_close (ListenFixture *fixture)
{
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  listen_socket_assert_serves (fixture->socket);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
  listen_socket_assert_closed (fixture->socket);
}

static void
test_socket_address (ListenFixture *fixture,
                     gconstpointer data)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);
  g_autoptr (GError) error = NULL;

  replace (fixture, usher_listen_socket_new_for_socket_address (address, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (usher_listen_socket_get_address (fixture->socket), ==, "tcp://127.0.0.1:0");
  open_and_close (fixture);
  open_and_close (fixture);
}

static void
test_bad_socket_address (void)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new_with_type ("", 0, G_UNIX_SOCKET_ADDRESS_ANONYMOUS);
  g_autoptr (GError) error = NULL;

  g_assert_null (usher_listen_socket_new_for_socket_address (address, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
}

static GSocket *
make_socket (const char *host)
{
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string (host, 0);
  g_autoptr (GSocket) socket = g_socket_new (g_socket_address_get_family (address), G_SOCKET_TYPE_STREAM,
                                             G_SOCKET_PROTOCOL_DEFAULT, NULL);

  g_assert_true (g_socket_bind (socket, address, TRUE, NULL));
  return g_steal_pointer (&socket);
}

/* An option that is no property. */
static void
test_socket (ListenFixture *fixture,
             gconstpointer data)
{
  g_autoptr (GSocket) socket = make_socket ("127.0.0.1");
  g_autoptr (GError) error = NULL;
  int mark = 0;

  g_assert_true (g_socket_set_option (socket, SOL_SOCKET, SO_PRIORITY, 5, NULL));
  replace (fixture, usher_listen_socket_new_for_socket (socket, &error));
  g_assert_no_error (error);
  g_assert_finalize_object (g_steal_pointer (&socket));

  listen_socket_assert_closed (fixture->socket);
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  g_assert_cmpint (getsockopt (usher_listen_socket_get_fd (fixture->socket), SOL_SOCKET, SO_PRIORITY, &mark,
                               &(socklen_t){ sizeof mark }),
                   ==, 0);
  g_assert_cmpint (mark, ==, 5);
  listen_socket_assert_serves (fixture->socket);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);

  g_assert_false (usher_listen_socket_open (fixture->socket, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_CLOSED);
}

static void
test_listening_socket (ListenFixture *fixture,
                       gconstpointer data)
{
  g_autoptr (GSocket) socket = make_socket ("::1");

  g_socket_set_listen_backlog (socket, 3);
  g_assert_true (g_socket_listen (socket, NULL));
  replace (fixture, usher_listen_socket_new_for_socket (socket, NULL));
  g_assert_finalize_object (g_steal_pointer (&socket));
  g_assert_true (g_str_has_prefix (usher_listen_socket_get_address (fixture->socket), "tcp://[::1]:"));

  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
  g_assert_cmpuint (sockets_get_backlog (usher_listen_socket_get_fd (fixture->socket)), ==, 3);
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

static void
test_socket_unopened (ListenFixture *fixture,
                      gconstpointer data)
{
  g_autoptr (GSocket) socket = make_socket ("127.0.0.1");

  replace (fixture, usher_listen_socket_new_for_socket (socket, NULL));
}

static void
assert_refused (GSocket *socket,
                const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (usher_listen_socket_new_for_socket (socket, &error));
  g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_bad_socket (ListenFixture *fixture,
                 gconstpointer data)
{
  g_autoptr (GSocket) unbound = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocket) nameless = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocket) datagrams = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_DATAGRAM, G_SOCKET_PROTOCOL_DEFAULT, NULL);
  g_autoptr (GSocket) closed = make_socket ("127.0.0.1");

  g_assert_true (g_socket_close (closed, NULL));
  assert_refused (unbound, "bind it first, with g_socket_bind ()");
  assert_refused (nameless, "bind it first, with g_socket_bind ()");
  assert_refused (datagrams, "not a stream socket");
  assert_refused (closed, "there is no descriptor");
}

/* Several at once. */

static GPtrArray *
make_several (const char *address)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *sockets = usher_listen_sockets_new_for_address (address, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (sockets->len, >, 0);
  return sockets;
}

static char *
dup_port (UsherListenSocket *socket)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (socket);

  return g_strdup (strrchr (address, ':') + 1);
}

static void
test_one (ListenFixture *fixture,
          gconstpointer address)
{
  g_autoptr (GPtrArray) sockets = make_several (address);

  g_assert_cmpuint (sockets->len, ==, 1);
  g_assert_cmpstr (usher_listen_socket_get_address (sockets->pdata[0]), ==, address);
}

static void
assert_two (GPtrArray *sockets,
            const char *port)
{
  g_autofree char *ipv4 = g_strconcat ("tcp://127.0.0.1:", port, NULL);
  g_autofree char *ipv6 = g_strconcat ("tcp://[::1]:", port, NULL);

  g_assert_cmpuint (sockets->len, ==, 2);
  g_assert_cmpstr (usher_listen_socket_get_address (sockets->pdata[0]), ==, ipv4);
  g_assert_cmpstr (usher_listen_socket_get_address (sockets->pdata[1]), ==, ipv6);
}

static void
test_name (ListenFixture *fixture,
           gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = make_several ("tcp://two.example:7000");

  assert_two (sockets, "7000");
}

/* Whichever is opened first chooses, and it is the port of all of them from then on. */
static void
test_shared_port (ListenFixture *fixture,
                  gconstpointer data)
{
  g_autoptr (GPtrArray) sockets = make_several ("tcp://two.example:0");
  g_autofree char *port = NULL;

  assert_two (sockets, "0");
  listen_socket_assert_opens (sockets->pdata[1]);
  port = dup_port (sockets->pdata[1]);
  usher_listen_socket_close (sockets->pdata[1]);

  for (guint i = 0; i < sockets->len; i++)
    {
      g_autofree char *same = NULL;

      listen_socket_assert_opens (sockets->pdata[i]);
      same = dup_port (sockets->pdata[i]);
      g_assert_cmpstr (same, ==, port);
      listen_socket_assert_serves (sockets->pdata[i]);
    }
}

static void
test_unknown_name (ListenFixture *fixture,
                   gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (usher_listen_sockets_new_for_address ("tcp://nobody.example:7000", NULL, &error));
  g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
  g_assert_cmpstr (error->message, ==, "Cannot listen on “tcp://nobody.example:7000”: nobody knows it");
}

static void
test_several_bad (ListenFixture *fixture,
                  gconstpointer data)
{
  static const char *const addresses[] = { "localhost:7000", "tcp://localhost", "tcp://::1:7000", "fd:x", "systemd:", "unix:" };

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (usher_listen_sockets_new_for_address (addresses[i], NULL, &error));
      g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ADDRESS);
      g_assert_true (g_str_has_prefix (error->message, "Cannot listen on “"));
    }
}

static void
on_made (GObject *source_object,
         GAsyncResult *result,
         gpointer user_data)
{
  g_set_object ((GObject **) user_data, G_OBJECT (result));
}

static gboolean
is_set (gpointer user_data)
{
  return *(gpointer *) user_data != NULL;
}

static GPtrArray *
make_later (const char *address,
            GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  usher_listen_sockets_new_for_address_async (address, NULL, on_made, &result);
  iterate_until (NULL, is_set, &result);
  return usher_listen_sockets_new_for_address_finish (result, error);
}

static void
test_async (ListenFixture *fixture,
            gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) sockets = make_later ("tcp://two.example:7000", &error);

  g_assert_no_error (error);
  assert_two (sockets, "7000");
  g_assert_null (make_later ("tcp://nobody.example:7000", &error));
  g_assert_error (error, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND);
}

#define ADD(path, data, func) \
  g_test_add ("/listen-socket-new/" path, ListenFixture, data, listen_fixture_set_up, func, listen_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  test_resolver_install ();

  ADD ("takes-a-socket-address", ANY_PORT, test_socket_address);
  g_test_add_func ("/listen-socket-new/refuses-a-socket-address-that-is-none-to-listen-on", test_bad_socket_address);
  ADD ("takes-a-configured-socket", ANY_PORT, test_socket);
  ADD ("takes-a-socket-that-listens", ANY_PORT, test_listening_socket);
  ADD ("lets-go-of-a-socket-that-was-never-opened", ANY_PORT, test_socket_unopened);
  ADD ("refuses-a-socket-that-is-none-to-listen-on", ANY_PORT, test_bad_socket);
  ADD ("makes-one/tcp", "tcp://127.0.0.1:7000", test_one);
  ADD ("makes-one/unix", "unix:/run/example.sock", test_one);
  ADD ("makes-one/inherited", "fd:3", test_one);
  ADD ("makes-one-for-each-address-of-a-name", ANY_PORT, test_name);
  ADD ("has-all-on-the-port-of-the-first", ANY_PORT, test_shared_port);
  ADD ("refuses-a-name-that-nobody-knows", ANY_PORT, test_unknown_name);
  ADD ("refuses-what-it-cannot-read", ANY_PORT, test_several_bad);
  ADD ("makes-them-later", ANY_PORT, test_async);

  return g_test_run ();
}
