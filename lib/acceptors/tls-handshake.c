/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/tls-handshake-private.h"

#include <errno.h>
#include <sys/socket.h>

#include "acceptors/client-hello-private.h"
#include "acceptors/connection-parts-private.h"
#include "acceptors/tls-parts-private.h"
#include "acceptors/tls-settings-private.h"
#include "runtime/clock-private.h"
#include "usher/error.h"

/* A fatal alert: unrecognized_name, RFC 6066, section 3. */
#define UNRECOGNIZED_NAME "\x15\x03\x03\0\x02\x02\x70"

/* The way from a connection without TLS to one with it. To the transport it is a transfer that waits for
 * something to read: whatever ends that ends the handshake, and so the transport comes here whenever
 * there may be something to do. */
typedef struct
{
  gatomicrefcount ref_count;   /* the transfer has one, and GLib's thread */
  UsherConnection *connection; /* (owned) */
  UsherTlsSession *session;    /* (unowned): the connection's */
  UsherTlsSettings *settings;  /* (owned) */
  UsherTransfer transfer;
  UsherTurnstile *turnstile; /* (owned) (nullable) */
  UsherTurn turn;
  UsherTimer timer;
  gint64 deadline_usec;
  gboolean is_late;
  gboolean is_finished;
  GError *error;                               /* (owned) (nullable): once it is finished */
  char server_name[USHER_SERVER_NAME_MAX + 1]; /* empty if the client did not say */
  UsherTlsFunc func;
  gpointer user_data;
} UsherTlsHandshake;

static UsherTlsHandshake *
handshake_ref (UsherTlsHandshake *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static void
handshake_unref (UsherTlsHandshake *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_clear_error (&self->error);
  g_clear_pointer (&self->turnstile, usher_turnstile_unref);
  g_object_unref (self->settings);
  g_object_unref (self->connection);
  g_free (self);
}

static UsherTransport *
handshake_get_transport (UsherTlsHandshake *self)
{
  return self->connection->transport;
}

/* It is the peer's failure.
 *
 * Returns -1. */
static gssize G_GNUC_PRINTF (5, 6)
    handshake_fail (UsherTlsHandshake *self,
                    GError **error,
                    GQuark domain,
                    int code,
                    const char *format,
                    ...)
{
  g_autoptr (GError) local_error = NULL;
  va_list args;

  va_start (args, format);
  local_error = g_error_new_valist (domain, code, format, args);
  va_end (args);

  usher_transport_record_error (handshake_get_transport (self), local_error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return -1;
}

static void
handshake_leave_turnstile (UsherTlsHandshake *self)
{
  if (self->turnstile != NULL)
    usher_turnstile_leave (self->turnstile, &self->turn);
}

/* The handshake itself, in GLib's thread. */

/* Called in the connection's context, when the thread is done with it, however it has ended. */
static void
on_handshaken (GObject *source_object,
               GAsyncResult *result,
               gpointer user_data)
{
  UsherTlsHandshake *self = user_data;

  g_signal_handlers_disconnect_by_data (source_object, self);
  g_tls_connection_handshake_finish (G_TLS_CONNECTION (source_object), result, &self->error);
  self->is_finished = TRUE;
  handshake_leave_turnstile (self);
  usher_transport_post (handshake_get_transport (self));
  handshake_unref (self);
}

/* Called in the connection's context. */
static gboolean
on_accept_certificate (GTlsConnection *tls,
                       GTlsCertificate *certificate,
                       GTlsCertificateFlags errors,
                       gpointer user_data)
{
  UsherTlsHandshake *self = user_data;

  return usher_tls_session_get_state (self->session) == USHER_TLS_HANDSHAKE &&
         usher_tls_settings_accept_certificate (self->settings, self->connection, certificate, errors);
}

/* One that is not told that there is no database reads that of the system, each time. */
static GTlsConnection *
handshake_make_tls (UsherTlsHandshake *self,
                    GTlsCertificate *certificate,
                    GError **error)
{
  g_autoptr (GIOStream) wire = usher_tls_wire_new (handshake_get_transport (self));
  g_autoptr (GTlsDatabase) database = usher_tls_settings_dup_database (self->settings);
  g_auto (GStrv) protocols = usher_tls_settings_dup_advertised_protocols (self->settings);

  return g_initable_new (g_tls_backend_get_server_connection_type (g_tls_backend_get_default ()), NULL, error,
                         "base-io-stream", wire,
                         "certificate", certificate,
                         "database", database,
                         "advertised-protocols", protocols,
                         "authentication-mode", usher_tls_settings_get_authentication_mode (self->settings),
                         "require-close-notify", usher_tls_settings_get_require_close_notify (self->settings),
                         NULL);
}

/* GLib's thread calls back in the thread-default context of whoever begins. */
static void
handshake_run (UsherTlsHandshake *self,
               GTlsConnection *tls)
{
  GMainContext *context = usher_reactor_get_context (usher_transport_get_reactor (handshake_get_transport (self)));

  g_signal_connect (tls, "accept-certificate", G_CALLBACK (on_accept_certificate), self);
  g_main_context_push_thread_default (context);
  g_tls_connection_handshake_async (tls, G_PRIORITY_DEFAULT, NULL, on_handshaken, handshake_ref (self));
  g_main_context_pop_thread_default (context);
}

/* What is unread when the connection is closed would take the alert back, by a reset. */
static void
handshake_say_unrecognized_name (UsherTlsHandshake *self)
{
  const GOutputVector alert = { UNRECOGNIZED_NAME, sizeof UNRECOGNIZED_NAME - 1 };
  g_autofree guint8 *hello = g_malloc (USHER_CLIENT_HELLO_MAX);

  usher_transport_receive_raw (handshake_get_transport (self), hello, USHER_CLIENT_HELLO_MAX);
  usher_transport_send_raw (handshake_get_transport (self), &alert, 1);
}

/* The user is called here, and may have ended everything. */
static gssize
handshake_start (UsherTlsHandshake *self,
                 GError **error)
{
  const char *server_name = self->server_name[0] != '\0' ? self->server_name : NULL;
  g_autoptr (GTlsCertificate) certificate = usher_tls_settings_choose_certificate (self->settings, self->connection,
                                                                                   server_name);
  g_autoptr (GTlsConnection) tls = NULL;

  if (certificate == NULL)
    {
      handshake_say_unrecognized_name (self);
      return handshake_fail (self, error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE, "The peer asked for %s%s, and there is no certificate for it",
                             server_name != NULL ? "the server " : "no server by name",
                             server_name != NULL ? server_name : "");
    }

  tls = handshake_make_tls (self, certificate, error);
  if (tls == NULL)
    return -1;

  usher_tls_session_put_tls (self->session, tls);
  usher_tls_session_set_state (self->session, USHER_TLS_HANDSHAKE);
  handshake_run (self, tls);
  return 0;
}

static void
handshake_note_peer (UsherTlsHandshake *self)
{
  GTlsConnection *tls = self->session->tls;
  UsherTlsPeer *peer = &self->session->peer;

  peer->server_name = self->server_name[0] != '\0' ? g_strdup (self->server_name) : NULL;
  peer->certificate = g_tls_connection_get_peer_certificate (tls);
  if (peer->certificate != NULL)
    g_object_ref (peer->certificate);
  peer->protocol = g_strdup (g_tls_connection_get_negotiated_protocol (tls));
  peer->version = g_tls_connection_get_protocol_version (tls);
  peer->ciphersuite = g_tls_connection_get_ciphersuite_name (tls);
  g_atomic_int_set (&self->session->has_peer, TRUE);
}

/* The last that is to be said may be this side's. */
static gssize
handshake_conclude (UsherTlsHandshake *self,
                    GError **error)
{
  int errsv;

  if (!self->is_finished)
    return USHER_WOULD_BLOCK;
  if (self->error != NULL)
    return handshake_fail (self, error, self->error->domain, self->error->code, "%s", self->error->message);

  usher_transport_forget_waiters (handshake_get_transport (self));
  usher_tls_session_set_state (self->session, USHER_TLS_ON);
  errsv = usher_tls_session_flush (self->session);
  if (errsv != 0 && errsv != EAGAIN)
    return handshake_fail (self, error, G_IO_ERROR, g_io_error_from_errno (errsv), "Error sending data: %s", g_strerror (errsv));

  handshake_note_peer (self);
  usher_transport_send_later (handshake_get_transport (self));
  return 0;
}

/* The turn. */

/* Called in any thread. */
static void
on_turn (UsherTurn *turn)
{
  usher_transport_post (handshake_get_transport (USHER_OWNER (UsherTlsHandshake, turn, turn)));
}

static gssize
handshake_queue_up (UsherTlsHandshake *self)
{
  if (self->turnstile == NULL || usher_turnstile_enter (self->turnstile, &self->turn, on_turn))
    return 0;

  return USHER_WOULD_BLOCK;
}

/* The ClientHello. It stays in the kernel: all of it has to be there before a thread is kept busy. */

static gssize
handshake_judge (UsherTlsHandshake *self,
                 UsherClientHelloResult result,
                 const UsherClientHello *hello,
                 GError **error)
{
  switch (result)
    {
    case USHER_CLIENT_HELLO_COMPLETE:
      g_strlcpy (self->server_name, hello->server_name, sizeof self->server_name);
      usher_tls_session_set_state (self->session, USHER_TLS_TURN);
      return 0;
    case USHER_CLIENT_HELLO_NONE:
      return handshake_fail (self, error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS, "The peer does not speak TLS");
    case USHER_CLIENT_HELLO_BAD:
      return handshake_fail (self, error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE, "The peer's ClientHello makes no sense: %s",
                             hello->problem);
    case USHER_CLIENT_HELLO_INCOMPLETE:
    default:
      if (handshake_get_transport (self)->is_hung_up)
        return handshake_fail (self, error, G_TLS_ERROR, G_TLS_ERROR_EOF, "The peer ended before its ClientHello was complete");
      return USHER_WOULD_BLOCK;
    }
}

/* A client that says nothing is not kept when the connection is told to leave. */
static gssize
handshake_wait (UsherTlsHandshake *self,
                GError **error)
{
  if (!usher_transport_is_idle_and_draining (handshake_get_transport (self)))
    return USHER_WOULD_BLOCK;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The connection was told to leave");
  return -1;
}

static gssize
handshake_hear (UsherTlsHandshake *self,
                GError **error)
{
  g_autofree guint8 *bytes = g_malloc (USHER_CLIENT_HELLO_MAX);
  UsherClientHello hello;
  gssize n;

  n = TEMP_FAILURE_RETRY (recv (handshake_get_transport (self)->fd, bytes, USHER_CLIENT_HELLO_MAX, MSG_PEEK | MSG_DONTWAIT));
  if (n < 0 && errno != EAGAIN)
    return handshake_fail (self, error, G_IO_ERROR, g_io_error_from_errno (errno), "Error receiving data: %s", g_strerror (errno));
  if (n == 0)
    return handshake_fail (self, error, G_TLS_ERROR, G_TLS_ERROR_EOF, "The peer ended before it said anything");
  if (n < 0)
    return handshake_wait (self, error);

  return handshake_judge (self, usher_client_hello_parse (bytes, n, &hello), &hello, error);
}

/* The steps. */

static void
on_late (UsherTimer *timer)
{
  UsherTlsHandshake *self = USHER_OWNER (UsherTlsHandshake, timer, timer);

  self->is_late = TRUE;
  usher_transport_post (handshake_get_transport (self));
}

/* Every step that is done leads to the next one. */
static gssize
handshake_step (UsherTlsHandshake *self,
                GError **error)
{
  gssize result = 0;

  if (usher_tls_session_get_state (self->session) == USHER_TLS_HELLO)
    result = handshake_hear (self, error);
  if (result == 0 && usher_tls_session_get_state (self->session) == USHER_TLS_TURN)
    result = handshake_queue_up (self);
  if (result == 0 && usher_tls_session_get_state (self->session) == USHER_TLS_TURN)
    result = handshake_start (self, error);
  if (result == 0 && usher_tls_session_get_state (self->session) == USHER_TLS_HANDSHAKE)
    result = handshake_conclude (self, error);

  return result;
}

/* Called in the connection's context. */
static gssize
handshake_advance (UsherTlsHandshake *self,
                   GError **error)
{
  UsherReactor *reactor = usher_transport_get_reactor (handshake_get_transport (self));

  self->transfer.wait_until_usec = G_MAXINT64;
  if (self->is_late)
    return handshake_fail (self, error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                           "The peer has not completed the TLS handshake within the handshake timeout");

  if (!usher_timer_is_started (&self->timer))
    usher_timer_start (&self->timer, reactor, self->deadline_usec, on_late);
  return handshake_step (self, error);
}

/* Called in the connection's context. A thread that is still at work stops by itself. */
static void
on_over (UsherTransfer *transfer,
         gssize n,
         GError *error)
{
  UsherTlsHandshake *self = USHER_OWNER (UsherTlsHandshake, transfer, transfer);

  usher_timer_stop (&self->timer);
  if (usher_tls_session_get_state (self->session) != USHER_TLS_HANDSHAKE)
    handshake_leave_turnstile (self);
  if (error != NULL)
    usher_tls_session_fail (self->session, error);

  self->func (self->user_data, error);
  g_clear_error (&error);
  handshake_unref (self);
}

gssize
usher_tls_session_advance (UsherTlsSession *self,
                           UsherTransfer *transfer,
                           GError **error)
{
  GError *own_error = NULL;

  if (transfer->done == on_over)
    return handshake_advance (USHER_OWNER (UsherTlsHandshake, transfer, transfer), error);

  own_error = usher_tls_session_dup_error (self, transfer->direction);
  if (own_error != NULL)
    g_propagate_error (error, own_error);
  else
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                         "The TLS handshake is under way: wait for usher_connection_start_tls () before you read or write");
  return -1;
}

/* Beginning. */

static gboolean
check_what_is_needed (UsherConnection *connection,
                      UsherTlsSettings *settings,
                      GError **error)
{
  if (!g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE,
                         "There is no TLS here: install glib-networking, which gives it to GIO");
  else if (!usher_tls_settings_has_certificate (settings))
    g_set_error_literal (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                         "A TLS server needs a certificate: set the property “certificate” of the UsherTlsSettings, or "
                         "connect to its signal “choose-certificate”");
  else if (usher_connection_is_busy (connection))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                         "TLS can be started only when no read or write is under way and nothing is queued");
  else
    return TRUE;

  return FALSE;
}

static void
handshake_begin (UsherTlsHandshake *self)
{
  GError *error = NULL;
  gssize n = usher_transport_transfer_async (handshake_get_transport (self), &self->transfer, &error);

  if (n != USHER_WOULD_BLOCK)
    on_over (&self->transfer, n, error);
}

gboolean
usher_tls_handshake_begin (UsherConnection *connection,
                           UsherTlsSettings *settings,
                           GCancellable *cancellable,
                           UsherTlsFunc func,
                           gpointer user_data,
                           GError **error)
{
  gint64 timeout_usec = usher_tls_settings_get_handshake_timeout_msec (settings) * G_TIME_SPAN_MILLISECOND;
  UsherTlsHandshake *self;
  UsherTlsSession *session;

  if (!check_what_is_needed (connection, settings, error))
    return FALSE;

  session = usher_transport_add_tls (connection->transport, error);
  if (session == NULL)
    return FALSE;

  self = g_new0 (UsherTlsHandshake, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->connection = g_object_ref (connection);
  self->session = session;
  self->settings = g_object_ref (settings);
  if (connection->pool_link != NULL)
    self->turnstile = usher_turnstile_ref (usher_pool_link_get_handshakes (connection->pool_link));
  self->transfer = (UsherTransfer){ .direction = USHER_TRANSPORT_READ, .cancellable = cancellable, .done = on_over };
  self->deadline_usec = usher_clock_now_usec () + timeout_usec;
  self->func = func;
  self->user_data = user_data;
  handshake_begin (self);
  return TRUE;
}
