/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/await.h"

#include "runtime/clock-private.h"
#include "runtime/waiter-private.h"

/* One call that is awaited. A call may await others before it returns. */
typedef struct _Await Await;
struct _Await
{
  UsherWaiter waiter;
  Await *outer;         /* (unowned) (nullable) */
  GAsyncResult *result; /* (owned) (nullable): once it is ready */
};

static __thread gpointer awaits_outside; /* (unowned) (nullable): of this thread, outside a fiber */

/* Where the innermost await of the caller is kept. */
static gpointer *
get_awaits (void)
{
  UsherFiber *fiber = usher_fiber_get_current ();

  return fiber != NULL ? usher_fiber_get_awaits (fiber) : &awaits_outside;
}

/**
 * usher_await_begin: (skip)
 *
 * The part of [func@Usher.await] that gives the user data for [func@Usher.await_ready].
 *
 * After it, exactly one asynchronous function is called with the two, in the same thread, and then
 * [func@Usher.await_end].
 *
 * Returns: (transfer none): the user data
 *
 * Since: 0.1
 */
gpointer
usher_await_begin (void)
{
  gpointer *awaits = get_awaits ();
  Await *self = g_new0 (Await, 1);

  self->outer = *awaits;
  *awaits = self;
  usher_waiter_init (&self->waiter);

  return self;
}

/**
 * usher_await_ready: (skip)
 * @source_object: (nullable): the object whose asynchronous function was called
 * @result: the result
 * @user_data: what [func@Usher.await_begin] returned
 *
 * The part of [func@Usher.await] that is the asynchronous function's callback.
 *
 * Since: 0.1
 */
void
usher_await_ready (GObject *source_object,
                   GAsyncResult *result,
                   gpointer user_data)
{
  Await *self = user_data;

  g_return_if_fail (G_IS_ASYNC_RESULT (result));
  g_return_if_fail (self->result == NULL);

  self->result = g_object_ref (result);
  usher_waiter_resume (&self->waiter);
}

/**
 * usher_await_end: (skip)
 *
 * The part of [func@Usher.await] that waits until [func@Usher.await_ready] was called.
 *
 * Returns: (transfer full): the result
 *
 * Since: 0.1
 */
GAsyncResult *
usher_await_end (void)
{
  gpointer *awaits = get_awaits ();
  Await *self = *awaits;
  GAsyncResult *result;

  g_return_val_if_fail (self != NULL, NULL);

  while (self->result == NULL)
    usher_waiter_wait (&self->waiter);

  *awaits = self->outer;
  result = g_steal_pointer (&self->result);
  usher_waiter_clear (&self->waiter);
  g_free (self);

  return result;
}

/* One who sleeps. */
typedef struct
{
  UsherWaiter waiter;
  UsherTimer timer;
} Sleeper;

static void
on_slept (UsherTimer *timer)
{
  Sleeper *self = USHER_OWNER (Sleeper, timer, timer);

  usher_waiter_resume (&self->waiter);
}

static void
on_cancelled (GCancellable *cancellable,
              gpointer user_data)
{
  Sleeper *self = user_data;

  usher_waiter_wake (&self->waiter);
}

static gboolean
sleeper_is_cancelled (Sleeper *self,
                      GCancellable *cancellable,
                      GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return TRUE;

  if (self->waiter.fiber == NULL || !usher_fiber_is_cancelled (self->waiter.fiber))
    return FALSE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The acceptor was asked to exit");
  return TRUE;
}

static gboolean
sleeper_sleep (Sleeper *self,
               GCancellable *cancellable,
               GError **error)
{
  gulong cancelled_id = 0;
  gboolean cancelled;

  if (cancellable != NULL)
    cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);

  while (!(cancelled = sleeper_is_cancelled (self, cancellable, error)) &&
         usher_timer_is_started (&self->timer))
    usher_waiter_wait (&self->waiter);

  g_cancellable_disconnect (cancellable, cancelled_id);

  return !cancelled;
}

/**
 * usher_sleep_msec:
 * @duration_msec: how long, in milliseconds
 * @cancellable: (nullable): ends the wait
 * @error: return location for a #GError
 *
 * Waits. In a fiber (see %USHER_EXECUTION_FIBER) the other fibers and sources of the thread go on
 * meanwhile; with 0 they get one turn. Everywhere else the calling thread blocks.
 *
 * The error is %G_IO_ERROR_CANCELLED, when @cancellable was cancelled or the fiber's acceptor was asked
 * to exit. If @cancellable is `NULL`, that is [func@Gio.Cancellable.get_current], which in an acceptor's
 * own thread is its connection's exit cancellable.
 *
 * Returns: true, or false with @error set
 *
 * Since: 0.1
 */
gboolean
usher_sleep_msec (guint duration_msec,
                  GCancellable *cancellable,
                  GError **error)
{
  UsherReactor *reactor;
  Sleeper self = { 0 };
  gboolean slept;

  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (cancellable == NULL)
    cancellable = g_cancellable_get_current ();

  usher_waiter_init (&self.waiter);
  reactor = usher_waiter_ref_reactor (&self.waiter);
  usher_timer_start (&self.timer, reactor,
                     usher_clock_now_usec () + duration_msec * G_TIME_SPAN_MILLISECOND, on_slept);
  slept = sleeper_sleep (&self, cancellable, error);
  usher_timer_stop (&self.timer);
  usher_reactor_unref (reactor);
  usher_waiter_clear (&self.waiter);

  return slept;
}
