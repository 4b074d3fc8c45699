/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/pool-socket-private.h"

#include <sys/epoll.h>

#include "acceptors/acceptor-pool-private.h"
#include "acceptors/listen-socket-private.h"
#include "runtime/clock-private.h"
#include "usher/error.h"

/* In a row; then something is wrong with the peers or the acceptors, and trying on would only burn
 * the processor. */
#define MAX_FRUITLESS 100

#define PAUSE_MIN_USEC (10 * G_TIME_SPAN_MILLISECOND)
#define PAUSE_MAX_USEC (1 * G_TIME_SPAN_SECOND)

#define EDGE(to) (1u << (to))

static const guint edges[] = {
  [USHER_POOL_SOCKET_DETACHED] = EDGE (USHER_POOL_SOCKET_ATTACHED),
  [USHER_POOL_SOCKET_ATTACHED] = EDGE (USHER_POOL_SOCKET_PAUSED) | EDGE (USHER_POOL_SOCKET_DETACHED),
  [USHER_POOL_SOCKET_PAUSED] = EDGE (USHER_POOL_SOCKET_ATTACHED) | EDGE (USHER_POOL_SOCKET_DETACHED),
};

static const char *const nicks[] = {
  [USHER_POOL_SOCKET_DETACHED] = "detached",
  [USHER_POOL_SOCKET_ATTACHED] = "attached",
  [USHER_POOL_SOCKET_PAUSED] = "paused",
};

static void
pool_socket_set_state (UsherPoolSocket *self,
                       UsherPoolSocketState state)
{
  g_assert (edges[self->state] & EDGE (state));

  g_debug ("pool %s on %s: %s → %s", usher_acceptor_pool_get_name (self->pool),
           usher_listen_socket_get_address (self->listen_socket), nicks[self->state], nicks[state]);
  self->state = state;
}

/* Whatever is called out to may stop the pool, and drop the last reference on it. */
static void
pool_socket_hold (UsherPoolSocket *self)
{
  usher_pool_socket_ref (self);
  g_object_ref (self->pool);
}

static void
pool_socket_release (UsherPoolSocket *self)
{
  g_object_unref (self->pool);
  usher_pool_socket_unref (self);
}

/* The acceptor's run ends without a connection. */
static void
pool_socket_dismiss (UsherPoolSocket *self,
                     UsherAcceptorRun *run)
{
  g_autoptr (GError) error = g_error_new (USHER_ERROR, USHER_ERROR_CLOSED, "Nothing is accepted from %s any more",
                                          usher_listen_socket_get_address (self->listen_socket));
  g_autoptr (UsherExit) reason = usher_exit_new_shutdown_with_error (error);

  usher_acceptor_run_terminate (run, reason);
}

/* Polling. */

static void on_readable (UsherWatch *watch,
                         guint32 events);

static void
pool_socket_start_polling (UsherPoolSocket *self)
{
  g_autoptr (GError) error = NULL;

  if (!usher_watch_add (&self->watch, self->reactor, usher_listen_socket_get_fd (self->listen_socket), EPOLLIN,
                        on_readable, &error))
    {
      usher_pool_socket_pause (self, error);
      return;
    }

  usher_watch_set_patient (&self->watch);
  for (GList *l = self->waiting.head; l != NULL; l = l->next)
    usher_acceptor_run_start_accept_timer (l->data);
}

static void
pool_socket_stop_polling (UsherPoolSocket *self)
{
  usher_watch_remove (&self->watch);
  for (GList *l = self->waiting.head; l != NULL; l = l->next)
    usher_acceptor_run_stop_accept_timer (l->data);
}

void
usher_pool_socket_poll (UsherPoolSocket *self)
{
  gboolean wanted = usher_pool_socket_may_accept (self);

  if (wanted && !usher_watch_is_added (&self->watch))
    pool_socket_start_polling (self);
  else if (!wanted && usher_watch_is_added (&self->watch))
    pool_socket_stop_polling (self);
}

/* Pausing. */

static void
pool_socket_resume (UsherPoolSocket *self)
{
  pool_socket_set_state (self, USHER_POOL_SOCKET_ATTACHED);
  usher_pool_socket_reconcile (self);
}

static void
on_pause_over (UsherTimer *timer)
{
  UsherPoolSocket *self = USHER_OWNER (UsherPoolSocket, pause_timer, timer);

  pool_socket_hold (self);
  pool_socket_resume (self);
  pool_socket_release (self);
}

/* `error` is (nullable): what has run out, to be reported. */
void
usher_pool_socket_pause (UsherPoolSocket *self,
                         const GError *error)
{
  gint64 delay_usec;

  if (self->state != USHER_POOL_SOCKET_ATTACHED)
    return;

  delay_usec = usher_backoff_next (&self->pause_backoff, g_random_double ());
  pool_socket_set_state (self, USHER_POOL_SOCKET_PAUSED);
  usher_pool_socket_poll (self);
  self->n_fruitless = 0;
  usher_timer_start (&self->pause_timer, self->reactor, usher_clock_now_usec () + delay_usec, on_pause_over);
  if (error != NULL)
    usher_acceptor_pool_report_resource (self->pool, self->listen_socket, error);
}

/* What runs out in an acceptor_init, or when an acceptor needs a thread. */
static gboolean
is_resource_error (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES) ||
         g_error_matches (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN) ||
         g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_FORK) ||
         g_error_matches (error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOMEM) ||
         g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_MFILE) ||
         g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NFILE) ||
         g_error_matches (error, G_FILE_ERROR, G_FILE_ERROR_NOMEM);
}

void
usher_pool_socket_count_fruitless (UsherPoolSocket *self)
{
  if (++self->n_fruitless > MAX_FRUITLESS)
    usher_pool_socket_pause (self, NULL);
}

/* Acceptors. */

static void
pool_socket_start_failed (UsherPoolSocket *self,
                          const GError *error)
{
  if (is_resource_error (error))
    {
      usher_pool_socket_pause (self, error);
      return;
    }

  usher_acceptor_pool_start_failed (self->pool, self->listen_socket, error);
  usher_pool_socket_count_fruitless (self);
}

/* Those who came through it before it went down are still served. */
static gboolean
pool_socket_is_wanted (UsherPoolSocket *self)
{
  return !self->is_removed &&
         (self->n_held > 0 || (usher_acceptor_pool_is_accepting (self->pool) && usher_listen_socket_is_up (self->listen_socket)));
}

static guint
pool_socket_get_n_wanted (UsherPoolSocket *self)
{
  if (!pool_socket_is_wanted (self))
    return 0;

  return usher_listen_socket_is_up (self->listen_socket) ? self->n_acceptors : MIN (self->n_acceptors, self->n_held);
}

static gboolean
pool_socket_has_enough (UsherPoolSocket *self)
{
  return self->waiting.length + self->n_starting >= pool_socket_get_n_wanted (self);
}

void
usher_pool_socket_run_ready (UsherPoolSocket *self,
                             UsherAcceptorRun *run)
{
  if (self->state == USHER_POOL_SOCKET_DETACHED || pool_socket_has_enough (self))
    {
      pool_socket_dismiss (self, run);
      return;
    }

  pool_socket_hold (self);
  g_queue_push_tail_link (&self->waiting, &run->waiting_link);
  if (usher_watch_is_added (&self->watch))
    usher_acceptor_run_start_accept_timer (run);
  else
    usher_pool_socket_poll (self);
  /* Somebody may be held for this acceptor. */
  if (self->pool->held.length > 0)
    usher_acceptor_pool_schedule (self->pool);
  pool_socket_release (self);
}

void
usher_pool_socket_run_not_ready (UsherPoolSocket *self,
                                 UsherAcceptorRun *run,
                                 const GError *error)
{
  pool_socket_hold (self);

  usher_acceptor_pool_schedule (self->pool);
  usher_acceptor_pool_remove_run (self->pool, run);
  if (error != NULL)
    pool_socket_start_failed (self, error);
  else
    {
      self->pool->counters.n_ignored++;
      usher_pool_socket_count_fruitless (self);
    }

  pool_socket_release (self);
}

void
usher_pool_socket_run_timed_out (UsherPoolSocket *self,
                                 UsherAcceptorRun *run)
{
  g_autoptr (GError) error = g_error_new (USHER_ERROR, USHER_ERROR_TIMED_OUT,
                                          "No connection came to %s within the accept timeout of %d ms",
                                          usher_listen_socket_get_address (self->listen_socket),
                                          run->accept_timeout_msec);
  g_autoptr (UsherExit) reason = usher_exit_new_shutdown_with_error (error);

  g_queue_unlink (&self->waiting, &run->waiting_link);
  usher_acceptor_pool_schedule (self->pool);
  self->pool->counters.n_accept_timeouts++;
  usher_pool_socket_count_fruitless (self);
  usher_acceptor_run_terminate (run, reason);
}

static gboolean
pool_socket_wants_acceptors (UsherPoolSocket *self)
{
  return self->state == USHER_POOL_SOCKET_ATTACHED && !pool_socket_has_enough (self);
}

static void
pool_socket_start_acceptor (UsherPoolSocket *self)
{
  g_autoptr (GError) error = NULL;
  UsherAcceptor *acceptor = usher_acceptor_pool_make_acceptor (self->pool, &error);
  UsherAcceptorRun *run;

  /* The factory may have stopped the pool, say. */
  if (!pool_socket_wants_acceptors (self))
    {
      g_clear_object (&acceptor);
      return;
    }

  if (acceptor == NULL)
    {
      pool_socket_start_failed (self, error);
      return;
    }

  run = usher_acceptor_run_new (self, acceptor);
  usher_acceptor_pool_add_run (self->pool, run);
  usher_acceptor_run_start (run);
  usher_acceptor_run_unref (run);
}

void
usher_pool_socket_start_acceptors (UsherPoolSocket *self)
{
  while (pool_socket_wants_acceptors (self))
    pool_socket_start_acceptor (self);
}

static void
on_readable (UsherWatch *watch,
             guint32 events)
{
  UsherPoolSocket *self = USHER_OWNER (UsherPoolSocket, watch, watch);

  pool_socket_hold (self);
  usher_pool_socket_accept (self);
  usher_pool_socket_reconcile (self);
  pool_socket_release (self);
}

/* Attaching and detaching. */

/* What has run out in another life says nothing about this one. */
static void
pool_socket_attach (UsherPoolSocket *self)
{
  self->n_fruitless = 0;
  usher_backoff_reset (&self->pause_backoff);
  pool_socket_set_state (self, USHER_POOL_SOCKET_ATTACHED);
}

static void
pool_socket_detach (UsherPoolSocket *self)
{
  pool_socket_set_state (self, USHER_POOL_SOCKET_DETACHED);
  usher_timer_stop (&self->pause_timer);
  usher_pool_socket_poll (self);
}

/* The acceptors may have it called again, and it leaves no more than that even then. */
static void
pool_socket_dismiss_all_but (UsherPoolSocket *self,
                             guint n_wanted)
{
  while (self->waiting.length > n_wanted)
    pool_socket_dismiss (self, g_queue_pop_head_link (&self->waiting)->data);
}

void
usher_pool_socket_reconcile (UsherPoolSocket *self)
{
  gboolean wanted = pool_socket_is_wanted (self);

  usher_pool_socket_ref (self);

  if (!wanted && self->state != USHER_POOL_SOCKET_DETACHED)
    pool_socket_detach (self);
  else if (wanted && self->state == USHER_POOL_SOCKET_DETACHED)
    pool_socket_attach (self);

  pool_socket_dismiss_all_but (self, pool_socket_get_n_wanted (self));
  usher_pool_socket_start_acceptors (self);
  usher_pool_socket_poll (self);

  usher_pool_socket_unref (self);
}

static void
on_up (UsherPoolSocket *self)
{
  pool_socket_hold (self);
  usher_pool_socket_reconcile (self);
  pool_socket_release (self);
}

/* It is not polled any more at once, since the descriptor is about to be closed. If that is for good,
 * its acceptors end when those in its queue are served. */
static void
on_down (UsherPoolSocket *self,
         UsherDownCause cause)
{
  pool_socket_hold (self);
  if (cause == USHER_DOWN_CLOSED)
    usher_pool_socket_poll (self);
  else
    usher_pool_socket_reconcile (self);
  usher_acceptor_pool_listen_socket_down (self->pool, self->listen_socket, cause);
  pool_socket_release (self);
}

static void
on_last_call (UsherLastCall *call)
{
  UsherPoolSocket *self = USHER_OWNER (UsherPoolSocket, last_call, call);

  pool_socket_hold (self);
  if (usher_acceptor_pool_is_accepting (self->pool) && !self->pool->is_suspended &&
      usher_listen_socket_is_exclusive (self->listen_socket))
    usher_pool_socket_empty (self);
  usher_pool_socket_reconcile (self);
  usher_acceptor_pool_schedule (self->pool);
  pool_socket_release (self);
}

UsherPoolSocket *
usher_pool_socket_new (UsherAcceptorPool *pool,
                       UsherListenSocket *listen_socket,
                       guint n_acceptors)
{
  UsherPoolSocket *self = g_new0 (UsherPoolSocket, 1);

  g_ref_count_init (&self->ref_count);
  self->pool = pool;
  self->reactor = usher_reactor_ref (pool->reactor);
  self->listen_socket = g_object_ref (listen_socket);
  self->n_acceptors = n_acceptors;
  self->up_id = g_signal_connect_swapped (listen_socket, "up", G_CALLBACK (on_up), self);
  self->down_id = g_signal_connect_swapped (listen_socket, "down", G_CALLBACK (on_down), self);
  self->last_call.func = on_last_call;
  usher_listen_socket_add_last_call (listen_socket, &self->last_call);
  g_queue_init (&self->waiting);
  usher_backoff_init (&self->pause_backoff, PAUSE_MIN_USEC, PAUSE_MAX_USEC);

  return self;
}

UsherPoolSocket *
usher_pool_socket_ref (UsherPoolSocket *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
usher_pool_socket_unref (UsherPoolSocket *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  g_object_unref (self->listen_socket);
  usher_reactor_unref (self->reactor);
  g_free (self);
}

void
usher_pool_socket_remove (UsherPoolSocket *self)
{
  g_clear_signal_handler (&self->up_id, self->listen_socket);
  g_clear_signal_handler (&self->down_id, self->listen_socket);
  usher_listen_socket_remove_last_call (self->listen_socket, &self->last_call);
  self->is_removed = TRUE;
  usher_acceptor_pool_refuse_held (self->pool, USHER_HELD_FROM_REMOVED);
  usher_pool_socket_reconcile (self);
}
