/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/transport-parts-private.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

void
usher_transport_wake (UsherTransport *self)
{
  gboolean has_waiters;

  g_atomic_int_inc (&self->n_wakes);
  g_mutex_lock (&self->lock);
  for (guint i = 0; i < G_N_ELEMENTS (self->wake_fds); i++)
    if (self->wake_fds[i] >= 0)
      eventfd_write (self->wake_fds[i], 1);
  has_waiters = usher_transport_has_waiters (self);
  g_mutex_unlock (&self->lock);

  if (has_waiters)
    usher_transport_post (self);
}

/* Returns whether this was the first time. */
static gboolean
transport_tell (UsherTransport *self,
                UsherTold what)
{
  return (g_atomic_int_or (&self->told, what) & what) == 0;
}

static gboolean
transport_is_told (UsherTransport *self,
                   UsherTold what)
{
  return (g_atomic_int_get (&self->told) & what) != 0;
}

/* Cancels what has been made so far; what is asked for later is made cancelled. */
static void
transport_cancel (UsherTransport *self,
                  GCancellable **cancellable)
{
  g_autoptr (GCancellable) made = NULL;

  g_mutex_lock (&self->lock);
  if (*cancellable != NULL)
    made = g_object_ref (*cancellable);
  g_mutex_unlock (&self->lock);

  g_cancellable_cancel (made);
}

void
usher_transport_enter_fiber (UsherTransport *self,
                             UsherFiber *fiber)
{
  g_atomic_pointer_set (&self->fiber, fiber);
  if (usher_transport_is_exiting (self))
    usher_fiber_cancel (fiber);
}

void
usher_transport_leave_fiber (UsherTransport *self)
{
  g_mutex_lock (&self->lock);
  g_atomic_pointer_set (&self->fiber, NULL);
  g_mutex_unlock (&self->lock);
}

static void
transport_cancel_fiber (UsherTransport *self)
{
  UsherFiber *fiber;

  g_mutex_lock (&self->lock);
  fiber = g_atomic_pointer_get (&self->fiber);
  if (fiber != NULL)
    usher_fiber_cancel (fiber);
  g_mutex_unlock (&self->lock);
}

void
usher_transport_exit (UsherTransport *self)
{
  if (!transport_tell (self, USHER_TOLD_TO_EXIT))
    return;

  transport_cancel_fiber (self);
  transport_cancel (self, &self->exit_cancellable);
  usher_transport_wake (self);
}

gboolean
usher_transport_is_exiting (UsherTransport *self)
{
  return transport_is_told (self, USHER_TOLD_TO_EXIT);
}

void
usher_transport_drain (UsherTransport *self)
{
  if (!transport_tell (self, USHER_TOLD_TO_DRAIN))
    return;

  transport_cancel (self, &self->drain_cancellable);
  usher_transport_wake (self);
}

gboolean
usher_transport_is_draining (UsherTransport *self)
{
  return transport_is_told (self, USHER_TOLD_TO_DRAIN);
}

void
usher_transport_set_drain_idle_reads (UsherTransport *self,
                                      gboolean drain_idle_reads)
{
  if (drain_idle_reads)
    g_atomic_int_or (&self->told, USHER_TOLD_TO_END_IDLE_READS);
  else
    g_atomic_int_and (&self->told, ~(guint) USHER_TOLD_TO_END_IDLE_READS);
}

static GCancellable *
transport_get_cancellable (UsherTransport *self,
                           GCancellable **cancellable,
                           UsherTold what)
{
  GCancellable *made = g_atomic_pointer_get (cancellable);
  gboolean is_new;

  if (made != NULL)
    return made;

  g_mutex_lock (&self->lock);
  is_new = *cancellable == NULL;
  if (is_new)
    g_atomic_pointer_set (cancellable, g_cancellable_new ());
  g_mutex_unlock (&self->lock);

  if (is_new && transport_is_told (self, what))
    g_cancellable_cancel (*cancellable);

  return *cancellable;
}

GCancellable *
usher_transport_get_exit_cancellable (UsherTransport *self)
{
  return transport_get_cancellable (self, &self->exit_cancellable, USHER_TOLD_TO_EXIT);
}

GCancellable *
usher_transport_get_drain_cancellable (UsherTransport *self)
{
  return transport_get_cancellable (self, &self->drain_cancellable, USHER_TOLD_TO_DRAIN);
}

gboolean
usher_transport_is_foreign_cancellable (UsherTransport *self,
                                        GCancellable *cancellable)
{
  return cancellable != NULL && cancellable != g_atomic_pointer_get (&self->exit_cancellable) &&
         cancellable != g_atomic_pointer_get (&self->drain_cancellable);
}

void
usher_transport_shut (UsherTransport *self)
{
  g_mutex_lock (&self->lock);
  if (self->fd >= 0)
    shutdown (self->fd, SHUT_RDWR);
  g_mutex_unlock (&self->lock);
}
