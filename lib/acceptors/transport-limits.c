/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/transport-parts-private.h"

#include "runtime/clock-private.h"

void
usher_transport_set_limits (UsherTransport *self,
                            const UsherTransportLimits *limits)
{
  g_mutex_lock (&self->lock);
  self->limits = *limits;
  g_mutex_unlock (&self->lock);

  g_atomic_int_set (&self->has_timeouts, limits->read_timeout_usec != 0 || limits->write_timeout_usec != 0 ||
                                             limits->idle_timeout_usec != 0);
  usher_transport_wake (self);
}

UsherTransportLimits
usher_transport_get_limits (UsherTransport *self)
{
  UsherTransportLimits limits;

  g_mutex_lock (&self->lock);
  limits = self->limits;
  g_mutex_unlock (&self->lock);

  return limits;
}

void
usher_transport_heard (UsherTransport *self)
{
  g_atomic_int_set (&self->received, TRUE);
  if (!g_atomic_int_get (&self->has_timeouts))
    return;

  g_mutex_lock (&self->lock);
  self->quiet_usec = 0;
  g_mutex_unlock (&self->lock);
}

static gint64
get_deadline (gint64 since_usec,
              gint64 timeout_usec)
{
  return timeout_usec != 0 ? since_usec + timeout_usec : G_MAXINT64;
}

/* Only what the peer sends ends its being idle, and only while somebody waits for it can that
 * begin: what the acceptor itself takes is its own time. */
static const char *
transport_find_expired (UsherTransport *self,
                        UsherTransfer *transfer,
                        gint64 now_usec)
{
  const gboolean is_read = transfer->direction == USHER_TRANSPORT_READ;
  gint64 own_usec, idle_usec;

  g_mutex_lock (&self->lock);
  if (transfer->waiting_usec == 0)
    transfer->waiting_usec = now_usec;
  if (self->quiet_usec == 0)
    self->quiet_usec = now_usec;
  own_usec = get_deadline (transfer->waiting_usec,
                           is_read ? self->limits.read_timeout_usec : self->limits.write_timeout_usec);
  idle_usec = get_deadline (self->quiet_usec, self->limits.idle_timeout_usec);
  g_mutex_unlock (&self->lock);

  transfer->wait_until_usec = MIN (own_usec, idle_usec);
  if (now_usec < transfer->wait_until_usec)
    return NULL;
  if (own_usec > idle_usec)
    return "The peer has sent nothing within the idle timeout";
  return is_read ? "The peer has sent nothing within the read timeout"
                 : "The peer has taken nothing within the write timeout";
}

gboolean
usher_transport_may_wait (UsherTransport *self,
                          UsherTransfer *transfer,
                          GError **error)
{
  g_autoptr (GError) local_error = NULL;
  const char *expired;

  transfer->wait_until_usec = G_MAXINT64;
  if (!g_atomic_int_get (&self->has_timeouts))
    return TRUE;

  expired = transport_find_expired (self, transfer, usher_clock_now_usec ());
  if (expired == NULL)
    return TRUE;

  local_error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, expired);
  usher_transport_record_error (self, local_error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}
