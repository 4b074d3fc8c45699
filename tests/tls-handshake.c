/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptors/client-hello-private.h"
#include "acceptors/connection-parts-private.h"
#include "acceptors/tls-session-private.h"
#include "acceptors/transport-parts-private.h"
#include "support/fake-clock.h"
#include "support/tls-fixture.h"

#define TIMEOUT_USEC (10 * G_TIME_SPAN_SECOND)

static UsherPoolLink *pool_link; /* (owned): of a pool that is gone, but for its turnstile */
static UsherTurn other;

static void
set_up (TlsFixture *fixture,
        gconstpointer data)
{
  fake_clock_install ();
  tls_fixture_set_up (fixture, data);
  pool_link = usher_pool_link_new (NULL);
  usher_connection_join (fixture->plain.connection, pool_link, &(UsherPeerKey){ 0 });
}

static void
tear_down (TlsFixture *fixture,
           gconstpointer data)
{
  tls_fixture_tear_down (fixture, data);
  usher_pool_link_unref (pool_link);
  fake_clock_remove ();
}

static void
expect_peer_failure (TlsFixture *fixture,
                     GQuark domain,
                     int code)
{
  tls_fixture_expect_error (fixture, domain, code);
  g_assert_true (tls_fixture_is_peer_failure (fixture));

  g_clear_error (&fixture->plain.error);
  connection_fixture_begin_read (&fixture->plain, NULL);
  iterate_until (NULL, connection_fixture_is_done, &fixture->plain);
  g_assert_error (fixture->plain.error, domain, code);
}

/* What the client says first. */

static const char half_a_hello[] = "\x16\x03\x01\x01\0\x01";

static void
say_half_a_hello (TlsFixture *fixture)
{
  g_assert_cmpint (send (fixture->plain.peer, half_a_hello, sizeof half_a_hello - 1, MSG_NOSIGNAL), ==, sizeof half_a_hello - 1);
}

static void
test_plain_text_is_refused (TlsFixture *fixture,
                            gconstpointer data)
{
  tls_fixture_start (fixture, NULL);
  connection_fixture_say (&fixture->plain, "G");
  expect_peer_failure (fixture, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS);
}

static void
test_nonsense_is_refused (TlsFixture *fixture,
                          gconstpointer data)
{
  tls_fixture_start (fixture, NULL);
  g_assert_cmpint (send (fixture->plain.peer, "\x16\x03\x01\0\0", 5, MSG_NOSIGNAL), ==, 5);
  expect_peer_failure (fixture, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE);
}

static void
test_the_end_is_noticed (TlsFixture *fixture,
                         gconstpointer data)
{
  tls_fixture_start (fixture, NULL);
  shutdown (fixture->plain.peer, SHUT_WR);
  expect_peer_failure (fixture, G_TLS_ERROR, G_TLS_ERROR_EOF);
}

static void
test_the_end_is_noticed_in_the_middle (TlsFixture *fixture,
                                       gconstpointer data)
{
  tls_fixture_start (fixture, NULL);
  say_half_a_hello (fixture);
  iterate_pending (NULL);
  g_assert_false (fixture->is_over);
  shutdown (fixture->plain.peer, SHUT_WR);
  expect_peer_failure (fixture, G_TLS_ERROR, G_TLS_ERROR_EOF);
}

/* The end may be there before anybody looks. */
static void
test_the_end_is_noticed_at_once (TlsFixture *fixture,
                                 gconstpointer data)
{
  say_half_a_hello (fixture);
  shutdown (fixture->plain.peer, SHUT_WR);
  tls_fixture_start (fixture, NULL);
  expect_peer_failure (fixture, G_TLS_ERROR, G_TLS_ERROR_EOF);
}

static void
expect_end_at_the_deadline (TlsFixture *fixture)
{
  fake_clock_advance_usec (TIMEOUT_USEC - 1);
  iterate_pending (NULL);
  g_assert_false (fixture->is_over);
  fake_clock_advance_usec (1);
  expect_peer_failure (fixture, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

static void
test_silence_ends_at_the_deadline (TlsFixture *fixture,
                                   gconstpointer data)
{
  tls_fixture_start (fixture, NULL);
  expect_end_at_the_deadline (fixture);
}

/* One byte more does not buy time. */
static void
test_dribbling_ends_at_the_deadline (TlsFixture *fixture,
                                     gconstpointer data)
{
  usher_tls_settings_set_handshake_timeout_msec (fixture->settings, 5);
  tls_fixture_start (fixture, NULL);
  for (guint i = 0; i < 5; i++)
    {
      g_assert_false (fixture->is_over);
      g_assert_cmpint (send (fixture->plain.peer, half_a_hello + i, 1, MSG_NOSIGNAL), ==, 1);
      iterate_pending (NULL);
      fake_clock_advance_usec (G_TIME_SPAN_MILLISECOND);
      iterate_pending (NULL);
    }
  expect_peer_failure (fixture, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

/* The client's hello, and nothing else. */
static void
say_hello_and_stop (TlsFixture *fixture)
{
  g_autoptr (TestTlsClient) client = NULL;
  guint8 hello[USHER_CLIENT_HELLO_MAX];
  int fds[2];
  gssize n;

  g_assert_no_errno (socketpair (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
  client = test_tls_client_new (fds[0], NULL, NULL);
  test_tls_client_shake_hands (client);
  n = recv (fds[1], hello, sizeof hello, 0);
  g_assert_cmpint (n, >, 0);
  g_assert_cmpint (send (fixture->plain.peer, hello, n, MSG_NOSIGNAL), ==, n);
  close (fds[0]);
  close (fds[1]);
}

static gboolean
on_answered (int fd,
             GIOCondition condition,
             gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
has_answered (gpointer user_data)
{
  return *(gboolean *) user_data;
}

/* Iterates until a thread of GLib's waits for the client's next word. */
static void
wait_for_the_answer (TlsFixture *fixture)
{
  g_autoptr (GSource) source = g_unix_fd_source_new (fixture->plain.peer, G_IO_IN);
  gboolean answered = FALSE;

  g_source_set_callback (source, G_SOURCE_FUNC (on_answered), &answered, NULL);
  g_source_attach (source, NULL);
  iterate_until (NULL, has_answered, &answered);
}

static void
test_stopping_ends_at_the_deadline (TlsFixture *fixture,
                                    gconstpointer data)
{
  tls_fixture_start (fixture, NULL);
  say_hello_and_stop (fixture);
  wait_for_the_answer (fixture);
  expect_end_at_the_deadline (fixture);
}

static void
test_an_end_in_the_handshake_is_the_peers (TlsFixture *fixture,
                                           gconstpointer data)
{
  tls_fixture_start (fixture, NULL);
  say_hello_and_stop (fixture);
  wait_for_the_answer (fixture);
  shutdown (fixture->plain.peer, SHUT_WR);
  expect_peer_failure (fixture, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS);
}

/* From TLS 1.3 on it should have been encrypted. */
static void
test_an_alert_is_the_peers (TlsFixture *fixture,
                            gconstpointer data)
{
  tls_fixture_start (fixture, NULL);
  say_hello_and_stop (fixture);
  wait_for_the_answer (fixture);
  g_assert_cmpint (send (fixture->plain.peer, "\x15\x03\x03\0\x02\x02\x28", 7, MSG_NOSIGNAL), ==, 7);
  expect_peer_failure (fixture, G_TLS_ERROR, test_tls_is_old () ? G_TLS_ERROR_MISC : G_TLS_ERROR_NOT_TLS);
}

/* The turn. */

static gboolean
has_heard_the_client (gpointer user_data)
{
  TlsFixture *fixture = user_data;

  return usher_tls_session_get_state (fixture->plain.connection->transport->tls) > USHER_TLS_HELLO;
}

static void
on_turn_of_other (UsherTurn *turn)
{
}

/* Another handshake has the only place. */
static void
let_another_in (void)
{
  UsherTurnstile *turnstile = usher_pool_link_get_handshakes (pool_link);

  usher_turnstile_set_max (turnstile, 1);
  g_assert_true (usher_turnstile_enter (turnstile, &other, on_turn_of_other));
}

static void
let_the_other_out (void)
{
  usher_turnstile_leave (usher_pool_link_get_handshakes (pool_link), &other);
}

static gboolean
nobody_holds_the_place (gpointer user_data)
{
  gboolean is_free = usher_turnstile_enter (usher_pool_link_get_handshakes (pool_link), &other, on_turn_of_other);

  let_the_other_out ();
  return is_free;
}

static void
expect_the_place_is_free (void)
{
  g_assert_true (nobody_holds_the_place (NULL));
}

static void
test_waits_for_its_turn (TlsFixture *fixture,
                         gconstpointer data)
{
  let_another_in ();
  tls_fixture_start (fixture, NULL);
  test_tls_client_shake_hands (fixture->client);
  iterate_until (NULL, has_heard_the_client, fixture);
  iterate_pending (NULL);
  g_assert_cmpint (usher_tls_session_get_state (fixture->plain.connection->transport->tls), ==, USHER_TLS_TURN);
  let_the_other_out ();
  tls_fixture_expect_started (fixture);
  expect_the_place_is_free ();
}

static void
test_waits_no_longer_than_to_the_deadline (TlsFixture *fixture,
                                           gconstpointer data)
{
  let_another_in ();
  tls_fixture_start (fixture, NULL);
  test_tls_client_shake_hands (fixture->client);
  iterate_until (NULL, has_heard_the_client, fixture);
  fake_clock_advance_usec (TIMEOUT_USEC);
  tls_fixture_expect_error (fixture, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
  let_the_other_out ();
  expect_the_place_is_free ();
}

/* Who has said half a hello takes no place. */
static void
test_takes_no_place_without_a_hello (TlsFixture *fixture,
                                     gconstpointer data)
{
  usher_turnstile_set_max (usher_pool_link_get_handshakes (pool_link), 1);
  tls_fixture_start (fixture, NULL);
  say_half_a_hello (fixture);
  iterate_pending (NULL);
  expect_the_place_is_free ();
}

/* Ends that are not the peer's, wherever the handshake is. */

static void
get_nowhere (TlsFixture *fixture)
{
}

static void
get_half_a_hello (TlsFixture *fixture)
{
  say_half_a_hello (fixture);
  iterate_pending (NULL);
}

static void
get_into_the_queue (TlsFixture *fixture)
{
  let_another_in ();
  say_hello_and_stop (fixture);
  iterate_until (NULL, has_heard_the_client, fixture);
}

static void
get_an_answer (TlsFixture *fixture)
{
  say_hello_and_stop (fixture);
  wait_for_the_answer (fixture);
}

static void
end_by_stop (TlsFixture *fixture,
             GCancellable *cancellable)
{
  usher_connection_stop (fixture->plain.connection);
}

static void
end_by_kill (TlsFixture *fixture,
             GCancellable *cancellable)
{
  usher_connection_kill (fixture->plain.connection);
}

static void
end_by_close (TlsFixture *fixture,
              GCancellable *cancellable)
{
  usher_connection_close (fixture->plain.connection);
}

static void
end_by_cancellable (TlsFixture *fixture,
                    GCancellable *cancellable)
{
  g_cancellable_cancel (cancellable);
}

typedef struct
{
  const char *path;
  void (*get_there) (TlsFixture *fixture);
  void (*end) (TlsFixture *fixture,
               GCancellable *cancellable);
  int code;
} Ending;

static const Ending endings[] = {
  { "/tls-handshake/is-stopped/at-once", get_nowhere, end_by_stop, G_IO_ERROR_CANCELLED },
  { "/tls-handshake/is-stopped/in-the-hello", get_half_a_hello, end_by_stop, G_IO_ERROR_CANCELLED },
  { "/tls-handshake/is-stopped/in-the-queue", get_into_the_queue, end_by_stop, G_IO_ERROR_CANCELLED },
  { "/tls-handshake/is-stopped/in-the-handshake", get_an_answer, end_by_stop, G_IO_ERROR_CANCELLED },
  { "/tls-handshake/is-killed/at-once", get_nowhere, end_by_kill, G_IO_ERROR_CANCELLED },
  { "/tls-handshake/is-killed/in-the-hello", get_half_a_hello, end_by_kill, G_IO_ERROR_CANCELLED },
  { "/tls-handshake/is-killed/in-the-queue", get_into_the_queue, end_by_kill, G_IO_ERROR_CANCELLED },
  { "/tls-handshake/is-killed/in-the-handshake", get_an_answer, end_by_kill, G_IO_ERROR_CANCELLED },
  { "/tls-handshake/is-closed/at-once", get_nowhere, end_by_close, G_IO_ERROR_CLOSED },
  { "/tls-handshake/is-closed/in-the-hello", get_half_a_hello, end_by_close, G_IO_ERROR_CLOSED },
  { "/tls-handshake/is-closed/in-the-queue", get_into_the_queue, end_by_close, G_IO_ERROR_CLOSED },
  { "/tls-handshake/is-closed/in-the-handshake", get_an_answer, end_by_close, G_IO_ERROR_CLOSED },
  { "/tls-handshake/is-cancelled/at-once", get_nowhere, end_by_cancellable, G_IO_ERROR_CANCELLED },
  { "/tls-handshake/is-cancelled/in-the-hello", get_half_a_hello, end_by_cancellable, G_IO_ERROR_CANCELLED },
  { "/tls-handshake/is-cancelled/in-the-queue", get_into_the_queue, end_by_cancellable, G_IO_ERROR_CANCELLED },
  { "/tls-handshake/is-cancelled/in-the-handshake", get_an_answer, end_by_cancellable, G_IO_ERROR_CANCELLED },
};

static void
test_ends (TlsFixture *fixture,
           gconstpointer data)
{
  const Ending *ending = data;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  usher_turnstile_set_max (usher_pool_link_get_handshakes (pool_link), 1);
  tls_fixture_start (fixture, cancellable);
  ending->get_there (fixture);
  g_assert_false (fixture->is_over);
  ending->end (fixture, cancellable);
  tls_fixture_expect_error (fixture, G_IO_ERROR, ending->code);
  connection_fixture_begin_read (&fixture->plain, NULL);
  connection_fixture_expect_read_error (&fixture->plain, ending->code);

  let_the_other_out ();
  iterate_until (NULL, nobody_holds_the_place, NULL);
}

/* A client that has said nothing is not waited for. */
static void
test_drains_if_silent (TlsFixture *fixture,
                       gconstpointer data)
{
  g_autoptr (UsherExit) exit = NULL;

  usher_connection_set_drain_idle_reads (fixture->plain.connection, TRUE);
  tls_fixture_start (fixture, NULL);
  iterate_pending (NULL);
  g_assert_false (fixture->is_over);
  usher_connection_drain (fixture->plain.connection);
  tls_fixture_expect_error (fixture, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  exit = usher_connection_explain (fixture->plain.connection, FALSE, g_error_copy (fixture->error));
  g_assert_cmpint (usher_exit_get_kind (exit), ==, USHER_EXIT_SHUTDOWN);
  g_assert_null (usher_exit_get_error (exit));
}

static void
test_goes_on_while_draining (TlsFixture *fixture,
                             gconstpointer data)
{
  usher_connection_set_drain_idle_reads (fixture->plain.connection, TRUE);
  tls_fixture_start (fixture, NULL);
  test_tls_client_shake_hands (fixture->client);
  iterate_until (NULL, has_heard_the_client, fixture);
  usher_connection_drain (fixture->plain.connection);
  tls_fixture_expect_started (fixture);
  connection_fixture_begin_read (&fixture->plain, NULL);
  connection_fixture_expect_read (&fixture->plain, "");
}

/* Which certificate. */

static GTlsCertificate *
choose_by_name (UsherTlsSettings *settings,
                UsherConnection *connection,
                const char *server_name,
                gpointer user_data)
{
  g_assert_true (usher_connection_is_tls (connection));
  return g_strcmp0 (server_name, "other.example") == 0 ? test_tls_certificate ("other") : NULL;
}

static void
expect_shown (TlsFixture *fixture,
              const char *name)
{
  g_autoptr (GTlsCertificate) certificate = test_tls_certificate (name);

  tls_fixture_shake_hands (fixture);
  g_assert_true (g_tls_certificate_is_same (g_tls_connection_get_peer_certificate (fixture->client->tls), certificate));
}

static void
test_chooses_by_name (TlsFixture *fixture,
                      gconstpointer data)
{
  g_autofree char *server_name = NULL;

  g_signal_connect (fixture->settings, "choose-certificate", G_CALLBACK (choose_by_name), NULL);
  tls_fixture_replace_client (fixture, "Other.Example", NULL);
  expect_shown (fixture, "other");
  server_name = usher_connection_dup_tls_server_name (fixture->plain.connection);
  g_assert_cmpstr (server_name, ==, "other.example");
}

static void
test_has_one_for_all_others (TlsFixture *fixture,
                             gconstpointer data)
{
  g_signal_connect (fixture->settings, "choose-certificate", G_CALLBACK (choose_by_name), NULL);
  expect_shown (fixture, "server");
  g_assert_null (usher_connection_dup_tls_server_name (fixture->plain.connection));
}

static void
test_refuses_unknown_names (TlsFixture *fixture,
                            gconstpointer data)
{
  g_signal_connect (fixture->settings, "choose-certificate", G_CALLBACK (choose_by_name), NULL);
  usher_tls_settings_set_certificate (fixture->settings, NULL);
  tls_fixture_replace_client (fixture, "unknown.example", NULL);
  tls_fixture_start (fixture, NULL);
  test_tls_client_shake_hands (fixture->client);
  expect_peer_failure (fixture, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE);
  usher_connection_close (fixture->plain.connection);
  test_tls_client_expect_error (fixture->client, G_TLS_ERROR, G_TLS_ERROR_MISC);
  g_assert_nonnull (strstr (fixture->client->error->message, "alert"));
}

static GTlsCertificate *
choose_to_end (UsherTlsSettings *settings,
               UsherConnection *connection,
               const char *server_name,
               gpointer user_data)
{
  usher_connection_close (connection);
  return NULL;
}

static void
test_may_be_ended_by_who_chooses (TlsFixture *fixture,
                                  gconstpointer data)
{
  g_signal_connect (fixture->settings, "choose-certificate", G_CALLBACK (choose_to_end), NULL);
  tls_fixture_start (fixture, NULL);
  test_tls_client_shake_hands (fixture->client);
  tls_fixture_expect_error (fixture, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

static void
test_follows_a_renewal (TlsFixture *fixture,
                        gconstpointer data)
{
  g_autoptr (GTlsCertificate) certificate = test_tls_certificate ("other");

  tls_fixture_start (fixture, NULL);
  usher_tls_settings_set_certificate (fixture->settings, certificate);
  test_tls_client_shake_hands (fixture->client);
  tls_fixture_expect_started (fixture);
  test_tls_client_expect_done (fixture->client);
  g_assert_true (g_tls_certificate_is_same (g_tls_connection_get_peer_certificate (fixture->client->tls), certificate));
}

/* Clients with certificates. */

static void
ask_for_certificates (TlsFixture *fixture,
                      GTlsAuthenticationMode mode)
{
  g_autoptr (GTlsDatabase) database = test_tls_database ();

  usher_tls_settings_set_authentication_mode (fixture->settings, mode);
  usher_tls_settings_set_database (fixture->settings, database);
}

static void
test_knows_clients_by_certificate (TlsFixture *fixture,
                                   gconstpointer data)
{
  g_autoptr (GTlsCertificate) expected = test_tls_certificate ("client");
  g_autoptr (GTlsCertificate) shown = NULL;

  ask_for_certificates (fixture, G_TLS_AUTHENTICATION_REQUIRED);
  tls_fixture_replace_client (fixture, NULL, "client");
  tls_fixture_shake_hands (fixture);
  shown = usher_connection_dup_tls_certificate (fixture->plain.connection);
  g_assert_true (g_tls_certificate_is_same (shown, expected));
}

static void
test_refuses_clients_without (TlsFixture *fixture,
                              gconstpointer data)
{
  ask_for_certificates (fixture, G_TLS_AUTHENTICATION_REQUIRED);
  tls_fixture_start (fixture, NULL);
  test_tls_client_shake_hands (fixture->client);
  expect_peer_failure (fixture, G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED);
}

static void
test_may_do_without (TlsFixture *fixture,
                     gconstpointer data)
{
  ask_for_certificates (fixture, G_TLS_AUTHENTICATION_REQUESTED);
  tls_fixture_shake_hands (fixture);
  g_assert_null (usher_connection_dup_tls_certificate (fixture->plain.connection));
}

/* Nobody is trusted who was not named. */
static void
test_refuses_certificates_without_a_database (TlsFixture *fixture,
                                              gconstpointer data)
{
  usher_tls_settings_set_authentication_mode (fixture->settings, G_TLS_AUTHENTICATION_REQUESTED);
  tls_fixture_replace_client (fixture, NULL, "client");
  tls_fixture_start (fixture, NULL);
  test_tls_client_shake_hands (fixture->client);
  expect_peer_failure (fixture, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
}

static void
test_refuses_bad_certificates (TlsFixture *fixture,
                               gconstpointer data)
{
  ask_for_certificates (fixture, G_TLS_AUTHENTICATION_REQUESTED);
  tls_fixture_replace_client (fixture, NULL, "stranger");
  tls_fixture_start (fixture, NULL);
  test_tls_client_shake_hands (fixture->client);
  expect_peer_failure (fixture, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
}

static gboolean
decide (UsherTlsSettings *settings,
        UsherConnection *connection,
        GTlsCertificate *certificate,
        GTlsCertificateFlags errors,
        gpointer user_data)
{
  g_assert_true (USHER_IS_CONNECTION (connection));
  g_assert_true (G_IS_TLS_CERTIFICATE (certificate));
  return GPOINTER_TO_INT (user_data);
}

static void
test_handlers_may_accept (TlsFixture *fixture,
                          gconstpointer data)
{
  ask_for_certificates (fixture, G_TLS_AUTHENTICATION_REQUIRED);
  g_signal_connect (fixture->settings, "accept-certificate", G_CALLBACK (decide), GINT_TO_POINTER (TRUE));
  tls_fixture_replace_client (fixture, NULL, "stranger");
  tls_fixture_shake_hands (fixture);
}

static void
test_handlers_may_refuse (TlsFixture *fixture,
                          gconstpointer data)
{
  ask_for_certificates (fixture, G_TLS_AUTHENTICATION_REQUIRED);
  g_signal_connect (fixture->settings, "accept-certificate", G_CALLBACK (decide), GINT_TO_POINTER (FALSE));
  tls_fixture_replace_client (fixture, NULL, "client");
  tls_fixture_start (fixture, NULL);
  test_tls_client_shake_hands (fixture->client);
  expect_peer_failure (fixture, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
}

/* What they agree on. */

static void
test_tells_what_was_agreed_on (TlsFixture *fixture,
                               gconstpointer data)
{
  const char *offered[] = { "http/1.1", "echo", NULL };
  const char *wanted[] = { "echo", NULL };
  g_autofree char *protocol = NULL;
  g_autofree char *ciphersuite = NULL;

  g_assert_cmpint (usher_connection_get_tls_version (fixture->plain.connection), ==, G_TLS_PROTOCOL_VERSION_UNKNOWN);
  usher_tls_settings_set_advertised_protocols (fixture->settings, offered);
  g_tls_connection_set_advertised_protocols (fixture->client->tls, wanted);
  tls_fixture_shake_hands (fixture);

  protocol = usher_connection_dup_tls_protocol (fixture->plain.connection);
  ciphersuite = usher_connection_dup_tls_ciphersuite (fixture->plain.connection);
  g_assert_cmpstr (protocol, ==, "echo");
  g_assert_nonnull (ciphersuite);
  g_assert_cmpint (usher_connection_get_tls_version (fixture->plain.connection), >=, G_TLS_PROTOCOL_VERSION_TLS_1_2);
}

int
main (int argc,
      char *argv[])
{
  if (test_tls_is_missing ())
    return 0;

  g_test_init (&argc, &argv, NULL);

#define ADD(path, function) g_test_add ("/tls-handshake/" path, TlsFixture, NULL, set_up, function, tear_down)
  ADD ("plain-text-is-refused-at-once", test_plain_text_is_refused);
  ADD ("nonsense-is-refused-at-once", test_nonsense_is_refused);
  ADD ("the-end-is-noticed", test_the_end_is_noticed);
  ADD ("the-end-is-noticed/in-the-hello", test_the_end_is_noticed_in_the_middle);
  ADD ("the-end-is-noticed/at-once", test_the_end_is_noticed_at_once);
  ADD ("silence-ends-at-the-deadline", test_silence_ends_at_the_deadline);
  ADD ("dribbling-ends-at-the-deadline", test_dribbling_ends_at_the_deadline);
  ADD ("stopping-in-the-middle-ends-at-the-deadline", test_stopping_ends_at_the_deadline);
  ADD ("an-end-in-the-middle-is-the-peers", test_an_end_in_the_handshake_is_the_peers);
  ADD ("an-alert-is-the-peers", test_an_alert_is_the_peers);
  for (gsize i = 0; i < G_N_ELEMENTS (endings); i++)
    g_test_add (endings[i].path, TlsFixture, &endings[i], set_up, test_ends, tear_down);
  ADD ("waits-for-its-turn", test_waits_for_its_turn);
  ADD ("waits-for-its-turn/until-the-deadline", test_waits_no_longer_than_to_the_deadline);
  ADD ("takes-no-place-without-a-hello", test_takes_no_place_without_a_hello);
  ADD ("drains-if-the-client-is-silent", test_drains_if_silent);
  ADD ("goes-on-while-the-connection-drains", test_goes_on_while_draining);
  ADD ("chooses-the-certificate-by-name", test_chooses_by_name);
  ADD ("has-a-certificate-for-all-others", test_has_one_for_all_others);
  ADD ("refuses-unknown-names", test_refuses_unknown_names);
  ADD ("may-be-ended-by-who-chooses", test_may_be_ended_by_who_chooses);
  ADD ("follows-a-renewal", test_follows_a_renewal);
  ADD ("knows-clients-by-their-certificate", test_knows_clients_by_certificate);
  ADD ("refuses-clients-without-a-certificate", test_refuses_clients_without);
  ADD ("may-do-without-a-certificate", test_may_do_without);
  ADD ("refuses-bad-certificates", test_refuses_bad_certificates);
  ADD ("refuses-certificates-without-a-database", test_refuses_certificates_without_a_database);
  ADD ("handlers-may-accept", test_handlers_may_accept);
  ADD ("handlers-may-refuse", test_handlers_may_refuse);
  ADD ("tells-what-was-agreed-on", test_tells_what_was_agreed_on);

  return g_test_run ();
}
