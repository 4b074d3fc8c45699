/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/drain-spread-private.h"
#include "runtime/clock-private.h"
#include "supervision/child-private.h"
#include "usher/error.h"

/* Whoever has to end at once has so long to do it, before a worker counts as stuck. */
#define WORKER_PATIENCE_USEC (1 * G_TIME_SPAN_SECOND)

#define EDGE(to) (1u << (to))

static const guint edges[] = {
  [USHER_POOL_DOWN] = EDGE (USHER_POOL_UP),
  [USHER_POOL_UP] = EDGE (USHER_POOL_DRAINING) | EDGE (USHER_POOL_STOPPING),
  [USHER_POOL_DRAINING] = EDGE (USHER_POOL_STOPPING) | EDGE (USHER_POOL_DOWN),
  [USHER_POOL_STOPPING] = EDGE (USHER_POOL_DOWN),
};

static const char *const nicks[] = {
  [USHER_POOL_DOWN] = "down",
  [USHER_POOL_UP] = "up",
  [USHER_POOL_DRAINING] = "draining",
  [USHER_POOL_STOPPING] = "stopping",
};

static void
pool_set_state (UsherAcceptorPool *self,
                UsherPoolState state)
{
  g_assert (edges[self->state] & EDGE (state));

  g_debug ("pool %s: %s → %s", self->name, nicks[self->state], nicks[state]);
  self->state = state;
}

gboolean
usher_acceptor_pool_is_accepting (UsherAcceptorPool *self)
{
  return self->state == USHER_POOL_UP;
}

/* Going down. */

static UsherAcceptorPool *
pool_from_drain_timer (UsherTimer *timer)
{
  return USHER_OWNER (UsherAcceptorPool, drain_timer, timer);
}

static void
on_patience_over (UsherTimer *timer)
{
  usher_acceptor_pool_forsake_crews (pool_from_drain_timer (timer));
}

static void
pool_kill_connections (UsherAcceptorPool *self,
                       gboolean is_reported)
{
  usher_timer_stop (&self->drain_timer);
  usher_acceptor_pool_order (self, usher_crew_abandon, GINT_TO_POINTER (is_reported));
  if (self->state == USHER_POOL_STOPPING && self->crews->len > 0 && self->n_workers > 0)
    usher_timer_start (&self->drain_timer, self->reactor, usher_clock_now_usec () + WORKER_PATIENCE_USEC,
                       on_patience_over);
}

static void
on_shutdown_over (UsherTimer *timer)
{
  pool_kill_connections (pool_from_drain_timer (timer), TRUE);
}

/* The crews leave as soon as nobody runs in them. */
static void
pool_end_grace (UsherAcceptorPool *self)
{
  usher_timer_stop (&self->drain_timer);
  pool_set_state (self, USHER_POOL_STOPPING);
  usher_acceptor_pool_order (self, usher_crew_leave, NULL);
  if (self->shutdown_msec == USHER_SHUTDOWN_BRUTAL_KILL)
    {
      pool_kill_connections (self, FALSE);
      return;
    }

  if (self->shutdown_msec != USHER_SHUTDOWN_INFINITY)
    usher_timer_start (&self->drain_timer, self->reactor,
                       usher_clock_now_usec () + self->shutdown_msec * G_TIME_SPAN_MILLISECOND,
                       on_shutdown_over);
  usher_acceptor_pool_order (self, usher_crew_cut, NULL);
}

static void
on_grace_over (UsherTimer *timer)
{
  pool_end_grace (pool_from_drain_timer (timer));
}

static gboolean
pool_is_empty (UsherAcceptorPool *self)
{
  UsherCrewFigures figures = usher_acceptor_pool_sum_figures (self);

  return figures.n_connections == 0 && figures.n_held == 0;
}

static void
pool_reconcile_sockets (UsherAcceptorPool *self)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_pool_socket_unref);

  for (guint i = 0; i < self->sockets->len; i++)
    g_ptr_array_add (sockets, usher_pool_socket_ref (self->sockets->pdata[i]));
  for (guint i = 0; i < sockets->len; i++)
    usher_pool_socket_reconcile (sockets->pdata[i]);
}

/* The grace counts from the first tell. For those whose listen socket has been closed before the pool
 * goes down, that was then. */
static void
pool_time_grace (UsherAcceptorPool *self)
{
  gint64 deadline_usec = self->drain_deadline_usec;

  if (self->drain_grace_msec < 0 || self->state != USHER_POOL_DRAINING)
    return;

  if (self->n_untold == 0)
    deadline_usec = MIN (deadline_usec, self->told_usec + self->drain_grace_msec * G_TIME_SPAN_MILLISECOND);
  usher_timer_start (&self->drain_timer, self->reactor, deadline_usec, on_grace_over);
}

void
usher_acceptor_pool_crew_told (UsherAcceptorPool *self,
                               UsherCrewNews *news)
{
  self->told_usec = MAX (self->told_usec, news->told_usec);
  if (--self->n_untold > 0)
    return;

  pool_time_grace (self);
  usher_acceptor_pool_schedule (self);
}

static void
pool_drain (UsherAcceptorPool *self,
            UsherExit *exit,
            gint64 grace_msec)
{
  if (self->state != USHER_POOL_UP)
    return;

  self->exit = usher_exit_ref (exit);
  self->drain_grace_msec = grace_msec;
  self->drain_deadline_usec = usher_clock_now_usec () + grace_msec * G_TIME_SPAN_MILLISECOND;
  self->told_usec = 0;
  self->n_untold = self->crews->len;
  pool_set_state (self, USHER_POOL_DRAINING);
  pool_reconcile_sockets (self);
  if (self->state != USHER_POOL_DRAINING)
    return;

  pool_time_grace (self);
  usher_acceptor_pool_order (self, usher_crew_drain,
                             GUINT_TO_POINTER (usher_drain_spread_fit (self->drain_spread_msec, grace_msec)));
}

void
usher_acceptor_pool_escalate (UsherAcceptorPool *self,
                              const char *latest)
{
  g_autofree char *name = g_strdup_printf ("pool “%s”", self->name);
  g_autoptr (GError) error = usher_budget_make_error (&self->budget, name, latest);
  g_autoptr (UsherExit) exit = usher_exit_new_shutdown_with_error (error);
  gint64 grace_msec = self->escalation_grace_msec;

  if (self->grace_msec >= 0)
    grace_msec = MIN (grace_msec, self->grace_msec);
  pool_drain (self, exit, grace_msec);
}

void
usher_acceptor_pool_listen_socket_down (UsherAcceptorPool *self,
                                        UsherListenSocket *listen_socket,
                                        UsherDownCause cause)
{
  if (self->state == USHER_POOL_UP && (cause == USHER_DOWN_CLOSED || self->drain_on_failure))
    usher_acceptor_pool_order_about (self, usher_crew_tell_connections, listen_socket);
}

/* Starting and ending. */

static void
pool_ended (UsherAcceptorPool *self)
{
  g_autoptr (UsherExit) exit = g_steal_pointer (&self->exit);

  usher_timer_stop (&self->drain_timer);
  usher_budget_clear (&self->budget);
  pool_set_state (self, USHER_POOL_DOWN);
  usher_acceptor_pool_report_shutdown_errors (self);
  usher_life_end (&self->life, exit);
  g_object_unref (self);
}

/* The one place in which the pool moves on. A running pool holds a reference on itself, so it is
 * still there at the end of this. */
static void
on_message (UsherMessage *message)
{
  UsherAcceptorPool *self = USHER_OWNER (UsherAcceptorPool, message, message);

  g_atomic_int_set (&self->is_scheduled, FALSE);
  pool_reconcile_sockets (self);
  /* The grace is the connections'; acceptors without one are only waited for. */
  if (self->state == USHER_POOL_DRAINING && self->n_untold == 0 && pool_is_empty (self))
    pool_end_grace (self);
  if (self->state > USHER_POOL_UP && self->crews->len == 0 && self->n_ending == 0)
    pool_ended (self);

  g_object_unref (self);
}

void
usher_acceptor_pool_schedule (UsherAcceptorPool *self)
{
  if (g_atomic_int_exchange (&self->is_scheduled, TRUE))
    return;

  g_object_ref (self);
  usher_reactor_post (self->reactor, &self->message, on_message);
}

static void
usher_acceptor_pool_start_async (UsherChild *child,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  UsherAcceptorPool *self = USHER_ACCEPTOR_POOL (child);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, usher_acceptor_pool_start_async);
  /* Once it is up it has started, and has an exit to tell of. */
  g_task_set_check_cancellable (task, FALSE);

  if (g_task_return_error_if_cancelled (task))
    return;

  if (!usher_acceptor_pool_check_factory (self, &error) || !usher_acceptor_pool_check_limits (self, &error) ||
      !usher_acceptor_pool_check_drain (self, &error) || !usher_acceptor_pool_check_execution (self, &error) ||
      !usher_acceptor_pool_start_crews (self, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  usher_life_begin (&self->life, task);
  g_object_ref (self);
  pool_set_state (self, USHER_POOL_UP);
  usher_acceptor_pool_schedule (self);
  g_task_return_int (task, USHER_START_STARTED);
}

static UsherStartResult
usher_acceptor_pool_start_finish (UsherChild *child,
                                  GAsyncResult *result,
                                  GError **error)
{
  return usher_child_propagate_start (result, error);
}

static void
usher_acceptor_pool_shutdown (UsherChild *child,
                              UsherStop why)
{
  UsherAcceptorPool *self = USHER_ACCEPTOR_POOL (child);
  g_autoptr (UsherExit) exit = usher_exit_new_shutdown ();

  if (!usher_reactor_is_elsewhere (usher_acceptor_pool_get_place (self), "usher_child_shutdown"))
    pool_drain (self, exit, self->grace_msec);
}

static void
usher_acceptor_pool_kill (UsherChild *child)
{
  UsherAcceptorPool *self = USHER_ACCEPTOR_POOL (child);

  if (self->state == USHER_POOL_DOWN || usher_reactor_is_elsewhere (self->reactor, "usher_child_kill"))
    return;

  g_clear_pointer (&self->exit, usher_exit_unref);
  self->exit = usher_exit_new_killed ();
  if (self->state != USHER_POOL_STOPPING)
    {
      pool_set_state (self, USHER_POOL_STOPPING);
      usher_acceptor_pool_order (self, usher_crew_leave, NULL);
    }
  pool_reconcile_sockets (self);
  /* The acceptors may have been given the time to end, and to be started again. */
  if (self->state == USHER_POOL_STOPPING)
    pool_kill_connections (self, FALSE);
}

static UsherChildType
usher_acceptor_pool_get_child_type (UsherChild *child)
{
  return USHER_CHILD_SUPERVISOR;
}

static guint64
usher_acceptor_pool_get_shutdown_time_msec (UsherChild *child)
{
  UsherAcceptorPool *self = USHER_ACCEPTOR_POOL (child);

  if (self->grace_msec < 0 || self->shutdown_msec == USHER_SHUTDOWN_INFINITY)
    return G_MAXUINT64;

  return self->grace_msec + MAX (self->shutdown_msec, 0);
}

void
usher_acceptor_pool_child_iface_init (UsherChildInterface *iface)
{
  iface->start_async = usher_acceptor_pool_start_async;
  iface->start_finish = usher_acceptor_pool_start_finish;
  iface->shutdown = usher_acceptor_pool_shutdown;
  iface->kill = usher_acceptor_pool_kill;
  iface->get_child_type = usher_acceptor_pool_get_child_type;
  iface->get_shutdown_time_msec = usher_acceptor_pool_get_shutdown_time_msec;
}
