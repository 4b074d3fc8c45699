/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-parts-private.h"
#include "acceptors/tls-handshake-private.h"
#include "acceptors/tls-parts-private.h"
#include "usher/await.h"

/* Starting. */

/* Called in the connection's context. */
static void
return_to_task (gpointer user_data,
                const GError *error)
{
  g_autoptr (GTask) task = user_data;

  if (error != NULL)
    g_task_return_error (task, g_error_copy (error));
  else
    g_task_return_boolean (task, TRUE);
}

/**
 * usher_connection_start_tls_async:
 * @self: a connection
 * @settings: how to do it
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when TLS is there
 * @user_data: data for @callback
 *
 * Puts TLS on the connection, as its server. It may be at the beginning of the connection, or when both
 * sides have agreed on it (`STARTTLS`). The streams stay what they are: when this is over, what they read
 * and write is encrypted. Until then they refuse to, with %G_IO_ERROR_PENDING; only
 * [method@Usher.Connection.queue_bytes] works, and sends later.
 *
 * # What happens when
 *
 * 1. The connection waits for all of the client's ClientHello, in its own context. A client that says
 *    nothing, or half of it, costs nothing else.
 * 2. It waits for its turn: a pool has at most [property@Usher.AcceptorPool:max-handshakes] under way at
 *    once, because GIO does each of them in one of the few threads that GLib has for everything.
 * 3. [signal@Usher.TlsSettings::choose-certificate] chooses the certificate, and the handshake is done.
 *
 * All that together takes at most [property@Usher.TlsSettings:handshake-timeout-msec]. It ends when the
 * acceptor has to exit or @cancellable is cancelled, and, with
 * [property@Usher.AcceptorPool:drain-idle-reads], when a connection whose client has said nothing yet is told
 * to leave.
 *
 * What was read before is not looked at again: take care that nothing is left in a buffer. A client must not
 * be able to slip in, before TLS, what is then taken for something it has said within it.
 *
 * # Errors
 *
 * What the peer has done is the peer's failure, as all that the streams return: an acceptor that passes it
 * on exits with `SHUTDOWN`, and is not charged. The connection is of no use any more, and its streams
 * return the same error.
 *
 * - %G_TLS_ERROR: %G_TLS_ERROR_NOT_TLS, the peer speaks something else; %G_TLS_ERROR_EOF, it has ended
 *   without saying hello; and what GIO says of the handshake.
 * - %G_IO_ERROR_TIMED_OUT, the time is over; and what the kernel says.
 *
 * Others are not the peer's:
 *
 * - %G_IO_ERROR_CANCELLED.
 * - %G_IO_ERROR_PENDING, while a read or write is under way or something is queued;
 *   %G_IO_ERROR_EXISTS, when TLS was started before; %G_IO_ERROR_CLOSED, when the connection is closed, or
 *   shut down for writing.
 * - %G_TLS_ERROR_UNAVAILABLE, when GIO has no TLS: install glib-networking.
 * - %USHER_ERROR_INVALID_ARGUMENT, when @settings have no certificate; %G_TLS_ERROR_BAD_CERTIFICATE when
 *   that is without its private key.
 *
 * Any thread may call this; @callback is called in its thread-default context.
 *
 * Since: 0.1
 */
void
usher_connection_start_tls_async (UsherConnection *self,
                                  UsherTlsSettings *settings,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (USHER_IS_CONNECTION (self));
  g_return_if_fail (USHER_IS_TLS_SETTINGS (settings));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, usher_connection_start_tls_async);
  g_task_set_check_cancellable (task, FALSE);
  g_object_ref (task);
  if (!usher_tls_handshake_begin (self, settings, cancellable, return_to_task, task, &error))
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

/**
 * usher_connection_start_tls_finish:
 * @self: a connection
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Finishes what [method@Usher.Connection.start_tls_async] began.
 *
 * Returns: true if TLS is there, false with @error set
 *
 * Since: 0.1
 */
gboolean
usher_connection_start_tls_finish (UsherConnection *self,
                                   GAsyncResult *result,
                                   GError **error)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* A thread that waits. It needs no descriptor for that, unlike one that iterates a context: when all
 * are in use is no time to abort. */
typedef struct
{
  GMutex lock;
  GCond changed;
  gboolean is_over; /* (locked-by lock) */
  GError *error;    /* (owned) (nullable) (locked-by lock) */
} Sitter;

/* Called in the connection's context. */
static void
wake_sitter (gpointer user_data,
             const GError *error)
{
  Sitter *self = user_data;

  g_mutex_lock (&self->lock);
  self->error = error != NULL ? g_error_copy (error) : NULL;
  self->is_over = TRUE;
  g_cond_signal (&self->changed);
  g_mutex_unlock (&self->lock);
}

static void
sitter_wait (Sitter *self)
{
  g_mutex_lock (&self->lock);
  while (!self->is_over)
    g_cond_wait (&self->changed, &self->lock);
  g_mutex_unlock (&self->lock);
}

static gboolean
start_tls_in_thread (UsherConnection *self,
                     UsherTlsSettings *settings,
                     GCancellable *cancellable,
                     GError **error)
{
  Sitter sitter = { .is_over = FALSE };

  if (usher_reactor_is_current (usher_transport_get_reactor (self->transport)))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                           "The connection's own context cannot wait for TLS: use usher_connection_start_tls_async ()");
      return FALSE;
    }

  if (!usher_tls_handshake_begin (self, settings, cancellable, wake_sitter, &sitter, error))
    return FALSE;

  sitter_wait (&sitter);
  if (sitter.error != NULL)
    g_propagate_error (error, sitter.error);
  return sitter.error == NULL;
}

/**
 * usher_connection_start_tls:
 * @self: a connection
 * @settings: how to do it
 * @cancellable: (nullable): a cancellable
 * @error: return location for a #GError
 *
 * Puts TLS on the connection, as its server, and waits until it is there. This is
 * [method@Usher.Connection.start_tls_async] for acceptors that block: a fiber lets the others go on
 * meanwhile, a thread sleeps. In the connection's own context outside a fiber it cannot be used, and
 * returns %G_IO_ERROR_WOULD_BLOCK.
 *
 * Returns: true if TLS is there, false with @error set
 *
 * Since: 0.1
 */
gboolean
usher_connection_start_tls (UsherConnection *self,
                            UsherTlsSettings *settings,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (GAsyncResult) result = NULL;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), FALSE);
  g_return_val_if_fail (USHER_IS_TLS_SETTINGS (settings), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (usher_fiber_get_current () == NULL)
    return start_tls_in_thread (self, settings, cancellable, error);

  result = usher_await (usher_connection_start_tls_async, self, settings, cancellable);
  return usher_connection_start_tls_finish (self, result, error);
}

/* What it is like. */

/* Returns NULL before TLS is there. */
static const UsherTlsPeer *
connection_get_tls_peer (UsherConnection *self)
{
  UsherTlsSession *session = g_atomic_pointer_get (&self->transport->tls);

  return session != NULL && g_atomic_int_get (&session->has_peer) ? &session->peer : NULL;
}

/**
 * usher_connection_is_tls:
 * @self: a connection
 *
 * Gets whether TLS was started on the connection, be it that the handshake is still under way. Any thread
 * may call this.
 *
 * Returns: whether it was
 *
 * Since: 0.1
 */
gboolean
usher_connection_is_tls (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), FALSE);

  return g_atomic_pointer_get (&self->transport->tls) != NULL;
}

/**
 * usher_connection_dup_tls_server_name:
 * @self: a connection
 *
 * Gets whom the client has asked for, in lower case. It is what the client says, and nothing else. Any
 * thread may call this.
 *
 * Returns: (transfer full) (nullable): a host name; %NULL if the client has not said, or TLS is not there
 *
 * Since: 0.1
 */
char *
usher_connection_dup_tls_server_name (UsherConnection *self)
{
  const UsherTlsPeer *peer;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  peer = connection_get_tls_peer (self);
  return peer != NULL ? g_strdup (peer->server_name) : NULL;
}

/**
 * usher_connection_dup_tls_certificate:
 * @self: a connection
 *
 * Gets the client's certificate, which was accepted. Any thread may call this.
 *
 * Returns: (transfer full) (nullable): the certificate; %NULL if the client has shown none, or TLS is not
 *   there
 *
 * Since: 0.1
 */
GTlsCertificate *
usher_connection_dup_tls_certificate (UsherConnection *self)
{
  const UsherTlsPeer *peer;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  peer = connection_get_tls_peer (self);
  return peer != NULL && peer->certificate != NULL ? g_object_ref (peer->certificate) : NULL;
}

/**
 * usher_connection_dup_tls_protocol:
 * @self: a connection
 *
 * Gets which of [property@Usher.TlsSettings:advertised-protocols] the client has chosen. Any thread may call
 * this.
 *
 * Returns: (transfer full) (nullable): the protocol; %NULL if there is none in common, or TLS is not there
 *
 * Since: 0.1
 */
char *
usher_connection_dup_tls_protocol (UsherConnection *self)
{
  const UsherTlsPeer *peer;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  peer = connection_get_tls_peer (self);
  return peer != NULL ? g_strdup (peer->protocol) : NULL;
}

/**
 * usher_connection_get_tls_version:
 * @self: a connection
 *
 * Gets which version of TLS the two sides have agreed on. Any thread may call this.
 *
 * Returns: the version; %G_TLS_PROTOCOL_VERSION_UNKNOWN if TLS is not there
 *
 * Since: 0.1
 */
GTlsProtocolVersion
usher_connection_get_tls_version (UsherConnection *self)
{
  const UsherTlsPeer *peer;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), G_TLS_PROTOCOL_VERSION_UNKNOWN);

  peer = connection_get_tls_peer (self);
  return peer != NULL ? peer->version : G_TLS_PROTOCOL_VERSION_UNKNOWN;
}

/**
 * usher_connection_dup_tls_ciphersuite:
 * @self: a connection
 *
 * Gets which ciphers the two sides have agreed on, as a name for people. Any thread may call this.
 *
 * Returns: (transfer full) (nullable): the name; %NULL if TLS is not there
 *
 * Since: 0.1
 */
char *
usher_connection_dup_tls_ciphersuite (UsherConnection *self)
{
  const UsherTlsPeer *peer;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  peer = connection_get_tls_peer (self);
  return peer != NULL ? g_strdup (peer->ciphersuite) : NULL;
}
