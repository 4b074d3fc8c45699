/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/transport-parts-private.h"

static gboolean
transport_may_add_tls (UsherTransport *self,
                       GError **error)
{
  if (self->tls != NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "TLS was started on this connection before");
  else if (self->is_write_shut)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "TLS cannot be started: the connection was shut down for writing");
  else if (usher_send_queue_get_n_bytes (self->queue) > 0 || self->writer != NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                         "TLS cannot be started before what is written or queued has gone");
  else
    return TRUE;

  return FALSE;
}

UsherTlsSession *
usher_transport_add_tls (UsherTransport *self,
                         GError **error)
{
  UsherTlsSession *session = NULL;

  if (!usher_transport_enter (self, error))
    return NULL;

  g_mutex_lock (&self->output_lock);
  if (transport_may_add_tls (self, error))
    {
      session = usher_tls_session_new (self);
      g_atomic_pointer_set (&self->tls, session);
    }
  g_mutex_unlock (&self->output_lock);
  usher_transport_leave (self);

  return session;
}

gboolean
usher_transport_is_shaking_hands (UsherTransport *self)
{
  UsherTlsSession *session = g_atomic_pointer_get (&self->tls);

  return session != NULL && usher_tls_session_get_state (session) < USHER_TLS_ON;
}

void
usher_transport_send_later (UsherTransport *self)
{
  g_atomic_int_set (&self->is_queueing, TRUE);
  if (!usher_transport_flush (self))
    usher_transport_post (self);
}

void
usher_transport_abandon_write (UsherTransport *self)
{
  if (self->tls == NULL)
    return;

  usher_tls_session_disown (self->tls, USHER_TLS_WRITER);
  usher_transport_send_later (self);
}

void
usher_transport_say_goodbye (UsherTransport *self)
{
  if (self->tls == NULL || usher_tls_session_get_state (self->tls) != USHER_TLS_ON || !usher_transport_enter (self, NULL))
    return;

  g_mutex_lock (&self->output_lock);
  if (usher_send_queue_get_n_bytes (self->queue) == 0)
    usher_tls_session_close_output (self->tls);
  g_mutex_unlock (&self->output_lock);
  usher_transport_leave (self);
}
