/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <errno.h>
#include <sys/socket.h>

#include "support/fake-clock.h"
#include "support/fault.h"
#include "support/sockets.h"
#include "support/tls-fixture.h"

/* System calls that fail in the middle of a handshake, at every place, whether they are the server's or
 * the client's. */

#define N_PLACES 12

typedef struct
{
  const char *name;
  FaultCall call;
  int errno_value;
  gboolean is_harmless;
} Fault;

static const Fault faults[] = {
  { "recv-is-interrupted", FAULT_RECV, EINTR, TRUE },
  { "recv-is-reset", FAULT_RECV, ECONNRESET, FALSE },
  { "recv-has-no-memory", FAULT_RECV, ENOMEM, FALSE },
  { "send-is-interrupted", FAULT_SEND, EINTR, TRUE },
  { "send-would-block", FAULT_SEND, EAGAIN, TRUE },
  { "send-finds-no-reader", FAULT_SEND, EPIPE, FALSE },
  { "send-has-no-buffers", FAULT_SEND, ENOBUFS, FALSE },
  { "no-eventfd", FAULT_EVENTFD, EMFILE, TRUE },
  { "no-watch", FAULT_EPOLL_CTL, ENOSPC, FALSE },
  { "no-thread", FAULT_PTHREAD_CREATE, EAGAIN, FALSE },
};

typedef struct
{
  TlsFixture tls;
  guint n_fds;
} FaultFixture;

typedef struct
{
  const Fault *fault;
  guint n_good;
} Place;

static void
set_up (FaultFixture *fixture,
        gconstpointer data)
{
  fixture->n_fds = sockets_count_fds ();
  fake_clock_install ();
  tls_fixture_set_up (&fixture->tls, data);
}

/* GLib's threads let go of their connections a little after they have said that they are done. */
static void
assert_n_fds (guint expected)
{
  for (guint i = 0; i < 10000 && sockets_count_fds () != expected; i++)
    g_thread_yield ();
  g_assert_cmpuint (sockets_count_fds (), ==, expected);
}

static void
tear_down (FaultFixture *fixture,
           gconstpointer data)
{
  tls_fixture_tear_down (&fixture->tls, data);
  iterate_pending (NULL);
  fake_clock_remove ();
  assert_n_fds (fixture->n_fds);
}

/* A client that has failed goes away, and one that has got no thread does not wait for ever. */
static gboolean
is_over (gpointer user_data)
{
  TlsFixture *tls = user_data;

  if (tls->client->is_done && tls->client->error != NULL)
    g_socket_shutdown (tls->client->socket, TRUE, TRUE, NULL);
  if (tls->error != NULL)
    usher_connection_close (tls->plain.connection);
  return tls->is_over && tls->client->is_done;
}

static void
shake_hands (TlsFixture *tls)
{
  tls_fixture_start (tls, NULL);
  test_tls_client_shake_hands (tls->client);
  iterate_until (NULL, is_over, tls);
}

static void
expect_echo (TlsFixture *tls)
{
  connection_fixture_begin_read (&tls->plain, NULL);
  test_tls_client_send (tls->client, "hello");
  connection_fixture_expect_read (&tls->plain, "hello");
  g_assert_cmpint (g_output_stream_write (tls->plain.out, "hello", 5, NULL, NULL), ==, 5);
  test_tls_client_expect (tls->client, "hello");
}

static void
test_fault (FaultFixture *fixture,
            gconstpointer data)
{
  const Place *place = data;
  TlsFixture *tls = &fixture->tls;

  fault_inject (place->fault->call, place->n_good, 1, place->fault->errno_value);
  shake_hands (tls);
  fault_clear ();

  if (place->fault->is_harmless)
    {
      g_assert_no_error (tls->error);
      g_assert_no_error (tls->client->error);
    }
  if (tls->error == NULL && tls->client->error == NULL)
    expect_echo (tls);
}

static gboolean
has_settled (void)
{
  guint n_fds = sockets_count_fds ();

  for (guint i = 0; i < 1000; i++)
    {
      g_thread_yield ();
      if (sockets_count_fds () != n_fds)
        return FALSE;
    }
  return TRUE;
}

/* What is made once is made here. */
static void
warm_up (void)
{
  FaultFixture fixture = { 0 };

  fake_clock_install ();
  tls_fixture_set_up (&fixture.tls, NULL);
  shake_hands (&fixture.tls);
  expect_echo (&fixture.tls);
  tls_fixture_tear_down (&fixture.tls, NULL);
  iterate_pending (NULL);
  fake_clock_remove ();
  while (!has_settled ())
    continue;
}

int
main (int argc,
      char *argv[])
{
  static Place places[G_N_ELEMENTS (faults)][N_PLACES];

  if (test_tls_is_missing ())
    return 0;

  g_test_init (&argc, &argv, NULL);
  warm_up ();

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    for (guint k = 0; k < N_PLACES; k++)
      {
        g_autofree char *path = g_strdup_printf ("/tls-faults/%s/after-%u", faults[i].name, k);

        places[i][k] = (Place){ &faults[i], k };
        g_test_add (path, FaultFixture, &places[i][k], set_up, test_fault, tear_down);
      }

  return g_test_run ();
}
