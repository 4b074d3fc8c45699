/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/tls-parts-private.h"

#include <errno.h>
#include <poll.h>

/* The most that one record carries, RFC 8446, section 5.1. */
#define RECORD_MAX 16384

static const gboolean transitions[USHER_TLS_FAILED + 1][USHER_TLS_FAILED + 1] = {
  [USHER_TLS_HELLO] = { [USHER_TLS_TURN] = TRUE, [USHER_TLS_FAILED] = TRUE },
  [USHER_TLS_TURN] = { [USHER_TLS_HANDSHAKE] = TRUE, [USHER_TLS_FAILED] = TRUE },
  [USHER_TLS_HANDSHAKE] = { [USHER_TLS_ON] = TRUE, [USHER_TLS_FAILED] = TRUE },
  [USHER_TLS_ON] = { [USHER_TLS_FAILED] = TRUE },
};

UsherTlsSession *
usher_tls_session_new (UsherTransport *transport)
{
  UsherTlsSession *self = g_new0 (UsherTlsSession, 1);

  g_mutex_init (&self->lock);
  self->transport = transport;

  return self;
}

/* They are there only while they are needed: most connections have nothing to do most of the time. */
static void
clear_bytes (GByteArray **bytes)
{
  g_clear_pointer (bytes, g_byte_array_unref);
}

void
usher_tls_session_free (UsherTlsSession *self)
{
  usher_tls_session_drop (self);
  g_clear_error (&self->errors[USHER_TRANSPORT_READ]);
  g_clear_error (&self->errors[USHER_TRANSPORT_WRITE]);
  clear_bytes (&self->record);
  clear_bytes (&self->raw);
  g_clear_object (&self->peer.certificate);
  g_free (self->peer.server_name);
  g_free (self->peer.protocol);
  g_free (self->peer.ciphersuite);
  g_mutex_clear (&self->lock);
  g_free (self);
}

UsherTlsState
usher_tls_session_get_state (UsherTlsSession *self)
{
  return g_atomic_int_get (&self->state);
}

void
usher_tls_session_set_state (UsherTlsSession *self,
                             UsherTlsState state)
{
  UsherTlsState old = usher_tls_session_get_state (self);

  if (old == state)
    return;

  g_return_if_fail (transitions[old][state]);
  g_atomic_int_set (&self->state, state);
}

void
usher_tls_session_put_tls (UsherTlsSession *self,
                           GTlsConnection *tls)
{
  g_mutex_lock (&self->lock);
  self->tls = g_object_ref (tls);
  g_mutex_unlock (&self->lock);
}

/* The GTlsConnection says goodbye when it is disposed of; nobody hears that. */
void
usher_tls_session_drop (UsherTlsSession *self)
{
  g_autoptr (GTlsConnection) tls = NULL;

  g_mutex_lock (&self->lock);
  tls = g_steal_pointer (&self->tls);
  g_mutex_unlock (&self->lock);
}

/* What goes wrong. */

static void
session_break (UsherTlsSession *self,
               UsherDirection direction,
               const GError *error)
{
  if (self->errors[direction] == NULL)
    self->errors[direction] = g_error_copy (error);
}

static void
session_break_both (UsherTlsSession *self,
                    const GError *error)
{
  session_break (self, USHER_TRANSPORT_READ, error);
  session_break (self, USHER_TRANSPORT_WRITE, error);
  usher_tls_session_set_state (self, USHER_TLS_FAILED);
}

void
usher_tls_session_fail (UsherTlsSession *self,
                        const GError *error)
{
  g_mutex_lock (&self->lock);
  session_break_both (self, error);
  g_mutex_unlock (&self->lock);

  usher_transport_wake (self->transport);
}

GError *
usher_tls_session_dup_error (UsherTlsSession *self,
                             UsherDirection direction)
{
  GError *error;

  g_mutex_lock (&self->lock);
  error = self->errors[direction] != NULL ? g_error_copy (self->errors[direction]) : NULL;
  g_mutex_unlock (&self->lock);

  return error;
}

/* A session does not outlive what is wrong with TLS; the kernel's two directions end each for itself,
 * and a peer that ends without a goodbye may still listen.
 *
 * Returns an errno. */
static int
session_note_error (UsherTlsSession *self,
                    UsherDirection direction,
                    const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    return EAGAIN;

  if (error->domain == G_TLS_ERROR && error->code != G_TLS_ERROR_EOF)
    session_break_both (self, error);
  else
    session_break (self, direction, error);
  return EPROTO;
}

/* A client may ask for another handshake before TLS 1.3, and as often as it likes. It would not be
 * bounded as the first one is, and nobody needs it. */
void
usher_tls_session_refuse_renegotiation (UsherTlsSession *self)
{
  g_atomic_int_set (&self->is_renegotiating, TRUE);
  usher_transport_wake (self->transport);
}

/* The lock is held. */
static gboolean
session_is_broken (UsherTlsSession *self,
                   UsherDirection direction)
{
  g_autoptr (GError) error = NULL;

  if (g_atomic_int_get (&self->is_renegotiating))
    {
      error = g_error_new_literal (G_TLS_ERROR, G_TLS_ERROR_MISC, "The peer asked for another TLS handshake");
      session_break_both (self, error);
    }

  return self->errors[direction] != NULL;
}

/* Reading. */

/* The lock is held. */
static gssize
session_receive (UsherTlsSession *self,
                 void *buffer,
                 gsize size)
{
  g_autoptr (GError) error = NULL;
  GInputStream *in;
  gssize n;

  if (self->is_input_closed)
    return 0;

  if (session_is_broken (self, USHER_TRANSPORT_READ))
    {
      errno = EPROTO;
      return -1;
    }

  in = g_io_stream_get_input_stream (G_IO_STREAM (self->tls));
  n = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (in), buffer, size, NULL, &error);
  if (n < 0)
    errno = session_note_error (self, USHER_TRANSPORT_READ, error);
  return n;
}

gssize
usher_tls_session_receive (UsherTlsSession *self,
                           void *buffer,
                           gsize size)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  gssize n;

  if (!self->is_ahead || size == 0)
    return session_receive (self, buffer, size);

  *(guint8 *) buffer = self->ahead;
  self->is_ahead = FALSE;
  n = size > 1 ? session_receive (self, (guint8 *) buffer + 1, size - 1) : 0;
  return 1 + MAX (n, 0);
}

void
usher_tls_session_close_input (UsherTlsSession *self)
{
  g_mutex_lock (&self->lock);
  self->is_input_closed = TRUE;
  g_mutex_unlock (&self->lock);
}

/* Writing. The bytes of one record are kept until they are gone, since TLS wants to be given the same
 * ones again. */

/* Returns 0, or errno. The lock is held. */
static int
session_send_raw (UsherTlsSession *self)
{
  gssize n;

  while (self->raw != NULL && self->raw->len > 0)
    {
      n = usher_transport_send_raw (self->transport, &(GOutputVector){ self->raw->data, self->raw->len }, 1);
      if (n < 0)
        return errno;
      g_byte_array_remove_range (self->raw, 0, n);
    }

  clear_bytes (&self->raw);
  return 0;
}

/* Returns 0, or errno. The lock is held. */
static int
session_send_record (UsherTlsSession *self)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (self->tls));
  g_autoptr (GError) error = NULL;
  gssize n;

  while (self->record != NULL && self->record->len > 0)
    {
      n = g_pollable_output_stream_write_nonblocking (G_POLLABLE_OUTPUT_STREAM (out), self->record->data,
                                                      self->record->len, NULL, &error);
      if (n < 0)
        return session_note_error (self, USHER_TRANSPORT_WRITE, error);
      g_byte_array_remove_range (self->record, 0, n);
    }

  clear_bytes (&self->record);
  return 0;
}

/* Returns 0, or errno. The lock is held. */
static int
session_flush (UsherTlsSession *self)
{
  int errsv;

  if (session_is_broken (self, USHER_TRANSPORT_WRITE))
    return EPROTO;

  errsv = session_send_raw (self);
  if (errsv == 0)
    errsv = session_send_record (self);
  if (errsv != 0)
    return errsv;

  self->n_gone[self->sender] += self->record_length;
  self->record_length = 0;
  return 0;
}

static gsize
measure (const GOutputVector *vectors,
         guint n_vectors)
{
  gsize size = 0;

  for (guint i = 0; i < n_vectors; i++)
    size += vectors[i].size;
  return size;
}

static void
session_fill_record (UsherTlsSession *self,
                     const GOutputVector *vectors,
                     guint n_vectors)
{
  self->record = g_byte_array_sized_new (MIN (measure (vectors, n_vectors), RECORD_MAX));
  for (guint i = 0; i < n_vectors && self->record->len < RECORD_MAX; i++)
    g_byte_array_append (self->record, vectors[i].buffer, MIN (vectors[i].size, RECORD_MAX - self->record->len));
  self->record_length = self->record->len;
}

/* Tells the sender what has gone. */
static gssize
session_settle (UsherTlsSession *self,
                UsherTlsSender sender,
                gsize n_offered)
{
  gsize n = MIN (self->n_gone[sender], n_offered);

  self->n_gone[sender] -= n;
  return n;
}

gssize
usher_tls_session_send (UsherTlsSession *self,
                        const GOutputVector *vectors,
                        guint n_vectors,
                        UsherTlsSender sender)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  int errsv = session_flush (self);

  if (errsv == 0 && self->n_gone[sender] == 0)
    {
      session_fill_record (self, vectors, n_vectors);
      self->sender = sender;
      errsv = session_flush (self);
    }

  if (errsv == 0)
    return session_settle (self, sender, measure (vectors, n_vectors));

  errno = errsv;
  return -1;
}

void
usher_tls_session_disown (UsherTlsSession *self,
                          UsherTlsSender sender)
{
  g_mutex_lock (&self->lock);
  self->n_gone[sender] = 0;
  if (self->sender == sender)
    self->sender = USHER_TLS_NOBODY;
  g_mutex_unlock (&self->lock);
}

int
usher_tls_session_flush (UsherTlsSession *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);

  return session_flush (self);
}

/* Ending. */

/* What it wants to send comes to usher_tls_session_put_raw (). The lock is held. */
static void
session_say_goodbye (UsherTlsSession *self)
{
  if (self->is_output_closed)
    return;

  self->is_output_closed = TRUE;
  g_atomic_pointer_set (&self->closer, g_thread_self ());
  g_output_stream_close (g_io_stream_get_output_stream (G_IO_STREAM (self->tls)), NULL, NULL);
  g_atomic_pointer_set (&self->closer, NULL);
}

gboolean
usher_tls_session_put_raw (UsherTlsSession *self,
                           gconstpointer bytes,
                           gsize length)
{
  if (usher_tls_session_get_state (self) != USHER_TLS_HANDSHAKE &&
      g_atomic_pointer_get (&self->closer) != g_thread_self ())
    return FALSE;

  if (self->raw == NULL)
    self->raw = g_byte_array_new ();
  g_byte_array_append (self->raw, bytes, length);
  return TRUE;
}

int
usher_tls_session_close_output (UsherTlsSession *self)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  int errsv = session_flush (self);

  if (errsv != 0)
    return errsv;

  session_say_goodbye (self);
  return session_send_raw (self);
}

/* Whether something could be done now. */

/* What the descriptor has may be nothing for the stream, and the stream may have what the descriptor has
 * not; so the only answer is to read. The lock is held. */
static gboolean
session_look_ahead (UsherTlsSession *self)
{
  gssize n;

  if (self->is_ahead)
    return TRUE;

  n = session_receive (self, &self->ahead, 1);
  self->is_ahead = n > 0;
  return n >= 0 || errno != EAGAIN;
}

gboolean
usher_tls_session_is_ready (UsherTlsSession *self,
                            UsherDirection direction)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&self->lock);
  struct pollfd fd = { self->transport->fd, POLLOUT, 0 };

  if (direction == USHER_TRANSPORT_READ)
    return session_look_ahead (self);

  return session_flush (self) != EAGAIN && poll (&fd, 1, 0) != 0;
}
