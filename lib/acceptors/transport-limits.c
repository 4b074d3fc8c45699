/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/transport-parts-private.h"

#include "runtime/clock-private.h"

static gboolean
limits_have_timeouts (const UsherTransportLimits *limits)
{
  return limits->read_timeout_usec != 0 || limits->write_timeout_usec != 0 || limits->idle_timeout_usec != 0;
}

/* The lock is held, or nobody else knows of it. Once there are some, they stay until the transport is used again: somebody may be looking at
 * them. */
static void
transport_set_timeouts (UsherTransport *self,
                        const UsherTransportLimits *limits)
{
  UsherTransportTimeouts *timeouts = self->timeouts;

  if (timeouts == NULL && !limits_have_timeouts (limits))
    return;

  if (timeouts == NULL)
    timeouts = g_new0 (UsherTransportTimeouts, 1);
  timeouts->transport = self;
  timeouts->read_usec = limits->read_timeout_usec;
  timeouts->write_usec = limits->write_timeout_usec;
  timeouts->idle_usec = limits->idle_timeout_usec;
  g_atomic_pointer_set (&self->timeouts, timeouts);
}

void
usher_transport_begin_limits (UsherTransport *self,
                              const UsherTransportLimits *limits)
{
  self->max_queued_bytes = limits->max_queued_bytes;
  transport_set_timeouts (self, limits);
}

void
usher_transport_set_limits (UsherTransport *self,
                            const UsherTransportLimits *limits)
{
  g_mutex_lock (&self->lock);
  usher_transport_begin_limits (self, limits);
  g_mutex_unlock (&self->lock);

  usher_transport_wake (self);
}

UsherTransportLimits
usher_transport_get_limits (UsherTransport *self)
{
  UsherTransportLimits limits = { 0 };

  g_mutex_lock (&self->lock);
  limits.max_queued_bytes = self->max_queued_bytes;
  if (self->timeouts != NULL)
    {
      limits.read_timeout_usec = self->timeouts->read_usec;
      limits.write_timeout_usec = self->timeouts->write_usec;
      limits.idle_timeout_usec = self->timeouts->idle_usec;
    }
  g_mutex_unlock (&self->lock);

  return limits;
}

void
usher_transport_heard (UsherTransport *self)
{
  UsherTransportTimeouts *timeouts = g_atomic_pointer_get (&self->timeouts);

  usher_transport_set_received (self, TRUE);
  if (timeouts == NULL)
    return;

  g_mutex_lock (&self->lock);
  timeouts->quiet_usec = 0;
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
  UsherTransportTimeouts *timeouts = self->timeouts;
  gint64 own_usec, idle_usec;

  g_mutex_lock (&self->lock);
  if (transfer->waiting_usec == 0)
    transfer->waiting_usec = now_usec;
  if (timeouts->quiet_usec == 0)
    timeouts->quiet_usec = now_usec;
  own_usec = get_deadline (transfer->waiting_usec, is_read ? timeouts->read_usec : timeouts->write_usec);
  idle_usec = get_deadline (timeouts->quiet_usec, timeouts->idle_usec);
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
  if (g_atomic_pointer_get (&self->timeouts) == NULL)
    return TRUE;

  expired = transport_find_expired (self, transfer, usher_clock_now_usec ());
  if (expired == NULL)
    return TRUE;

  local_error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, expired);
  usher_transport_record_error (self, local_error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}
