/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/crew-socket-private.h"

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
  [USHER_CREW_SOCKET_ATTACHED] = EDGE (USHER_CREW_SOCKET_PAUSED) | EDGE (USHER_CREW_SOCKET_DETACHED),
  [USHER_CREW_SOCKET_PAUSED] = EDGE (USHER_CREW_SOCKET_ATTACHED) | EDGE (USHER_CREW_SOCKET_DETACHED),
  [USHER_CREW_SOCKET_DETACHED] = 0,
};

static const char *const nicks[] = {
  [USHER_CREW_SOCKET_ATTACHED] = "attached",
  [USHER_CREW_SOCKET_PAUSED] = "paused",
  [USHER_CREW_SOCKET_DETACHED] = "detached",
};

static void
crew_socket_set_state (UsherCrewSocket *self,
                       UsherCrewSocketState state)
{
  g_assert (edges[self->state] & EDGE (state));

  g_debug ("acceptors on %s: %s → %s", usher_listen_socket_get_address (self->listen_socket), nicks[self->state],
           nicks[state]);
  self->state = state;
}

/* The acceptor's run ends without a connection. */
static void
crew_socket_dismiss (UsherCrewSocket *self,
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

/* Without an error it is shut. */
static gboolean
crew_socket_add_watch (UsherCrewSocket *self,
                       GError **error)
{
  gboolean is_added;

  g_mutex_lock (&self->crew->lock);
  is_added = self->fd >= 0 && usher_watch_add (&self->watch, self->reactor, self->fd, EPOLLIN, on_readable, error);
  if (is_added)
    usher_watch_set_patient (&self->watch);
  g_mutex_unlock (&self->crew->lock);

  return is_added;
}

static void
crew_socket_start_polling (UsherCrewSocket *self)
{
  g_autoptr (GError) error = NULL;

  if (!crew_socket_add_watch (self, &error))
    {
      if (error != NULL)
        usher_crew_socket_pause (self, error);
      return;
    }

  for (GList *l = self->waiting.head; l != NULL; l = l->next)
    usher_acceptor_run_start_accept_timer (l->data);
}

static void
crew_socket_stop_polling (UsherCrewSocket *self)
{
  g_mutex_lock (&self->crew->lock);
  usher_watch_remove (&self->watch);
  g_mutex_unlock (&self->crew->lock);
  for (GList *l = self->waiting.head; l != NULL; l = l->next)
    usher_acceptor_run_stop_accept_timer (l->data);
}

void
usher_crew_socket_poll (UsherCrewSocket *self)
{
  gboolean wanted = usher_crew_socket_may_accept (self);

  if (wanted && !usher_watch_is_added (&self->watch))
    crew_socket_start_polling (self);
  else if (!wanted && usher_watch_is_added (&self->watch))
    crew_socket_stop_polling (self);
}

/* Pausing. */

static void
crew_socket_resume (UsherCrewSocket *self)
{
  crew_socket_set_state (self, USHER_CREW_SOCKET_ATTACHED);
  usher_crew_socket_reconcile (self);
}

static void
on_pause_over (UsherTimer *timer)
{
  UsherCrewSocket *self = USHER_OWNER (UsherCrewSocket, pause_timer, timer);

  crew_socket_resume (self);
}

/* `error` is (nullable): what has run out, to be reported. */
void
usher_crew_socket_pause (UsherCrewSocket *self,
                         const GError *error)
{
  gint64 delay_usec;

  if (self->state != USHER_CREW_SOCKET_ATTACHED)
    return;

  delay_usec = usher_backoff_next (&self->pause_backoff, g_random_double ());
  crew_socket_set_state (self, USHER_CREW_SOCKET_PAUSED);
  usher_crew_socket_poll (self);
  self->n_fruitless = 0;
  usher_timer_start (&self->pause_timer, self->reactor, usher_clock_now_usec () + delay_usec, on_pause_over);
  if (error != NULL)
    usher_crew_socket_tell (self, error, usher_acceptor_pool_lacks_resource);
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
usher_crew_socket_count_fruitless (UsherCrewSocket *self)
{
  if (++self->n_fruitless > MAX_FRUITLESS)
    usher_crew_socket_pause (self, NULL);
}

void
usher_crew_socket_tell (UsherCrewSocket *self,
                        const GError *error,
                        UsherCrewNewsFunc func)
{
  UsherCrewNews *news = g_new0 (UsherCrewNews, 1);

  news->socket = usher_crew_socket_ref (self);
  news->error = g_error_copy (error);
  usher_crew_tell_pool (self->crew, func, news);
}

/* Acceptors. */

void
usher_crew_judge (UsherCrew *crew,
                  gpointer socket)
{
  g_autoptr (UsherCrewSocket) self = socket;

  self->n_unjudged--;
  usher_crew_schedule (crew);
}

/* No others are started before the pool has decided whether it goes on. */
static void
crew_socket_start_failed (UsherCrewSocket *self,
                          const GError *error)
{
  if (is_resource_error (error))
    {
      usher_crew_socket_pause (self, error);
      return;
    }

  usher_crew_count (self->crew, &self->crew->counters.n_start_errors);
  self->n_unjudged++;
  usher_crew_socket_tell (self, error, usher_acceptor_pool_start_failed);
  usher_crew_socket_count_fruitless (self);
}

static guint
crew_socket_get_n_wanted (UsherCrewSocket *self)
{
  if (self->state == USHER_CREW_SOCKET_DETACHED)
    return 0;

  return self->is_closing ? MIN (self->n_acceptors, self->n_held) : self->n_acceptors;
}

static gboolean
crew_socket_has_enough (UsherCrewSocket *self)
{
  return self->waiting.length + self->n_starting >= crew_socket_get_n_wanted (self);
}

void
usher_crew_socket_run_ready (UsherCrewSocket *self,
                             UsherAcceptorRun *run)
{
  if (crew_socket_has_enough (self))
    {
      crew_socket_dismiss (self, run);
      return;
    }

  /* Somebody may be held for this acceptor. */
  if (self->crew->held.length > 0)
    usher_crew_schedule (self->crew);
  g_queue_push_tail_link (&self->waiting, &run->waiting.link);
  if (usher_watch_is_added (&self->watch))
    usher_acceptor_run_start_accept_timer (run);
  else
    usher_crew_socket_poll (self);
}

void
usher_crew_socket_dismiss_waiting (UsherCrewSocket *self,
                                   UsherAcceptorRun *run)
{
  g_queue_unlink (&self->waiting, &run->waiting.link);
  crew_socket_dismiss (self, run);
}

void
usher_crew_socket_run_not_ready (UsherCrewSocket *self,
                                 UsherAcceptorRun *run,
                                 const GError *error)
{
  g_autoptr (UsherCrewSocket) held = usher_crew_socket_ref (self);

  usher_crew_schedule (self->crew);
  usher_crew_remove_run (self->crew, run);
  if (error != NULL)
    crew_socket_start_failed (self, error);
  else
    {
      usher_crew_count (self->crew, &self->crew->counters.n_ignored);
      usher_crew_socket_count_fruitless (self);
    }
}

void
usher_crew_socket_run_timed_out (UsherCrewSocket *self,
                                 UsherAcceptorRun *run)
{
  g_autoptr (GError) error = g_error_new (USHER_ERROR, USHER_ERROR_TIMED_OUT,
                                          "No connection came to %s within the accept timeout of %d ms",
                                          usher_listen_socket_get_address (self->listen_socket),
                                          run->waiting.timeout_msec);
  g_autoptr (UsherExit) reason = usher_exit_new_shutdown_with_error (error);

  g_queue_unlink (&self->waiting, &run->waiting.link);
  usher_crew_schedule (self->crew);
  usher_crew_count (self->crew, &self->crew->counters.n_accept_timeouts);
  usher_crew_socket_count_fruitless (self);
  usher_acceptor_run_terminate (run, reason);
}

static gboolean
crew_socket_wants_acceptors (UsherCrewSocket *self)
{
  return self->state == USHER_CREW_SOCKET_ATTACHED && self->n_unjudged == 0 && !crew_socket_has_enough (self);
}

static void
crew_socket_start_acceptor (UsherCrewSocket *self)
{
  g_autoptr (GError) error = NULL;
  UsherAcceptor *acceptor = usher_crew_make_acceptor (self->crew, &error);
  UsherAcceptorRun *run;

  /* The factory may have stopped the pool, say. */
  if (!crew_socket_wants_acceptors (self))
    {
      g_clear_object (&acceptor);
      return;
    }

  if (acceptor == NULL)
    {
      crew_socket_start_failed (self, error);
      return;
    }

  run = usher_acceptor_run_new (self, acceptor);
  usher_crew_add_run (self->crew, run);
  usher_acceptor_run_start (run);
  usher_acceptor_run_unref (run);
}

void
usher_crew_socket_start_acceptors (UsherCrewSocket *self)
{
  while (crew_socket_wants_acceptors (self))
    crew_socket_start_acceptor (self);
}

static void
on_readable (UsherWatch *watch,
             guint32 events)
{
  UsherCrewSocket *self = USHER_OWNER (UsherCrewSocket, watch, watch);
  g_autoptr (UsherCrewSocket) held = usher_crew_socket_ref (self);

  usher_crew_socket_accept (self);
  usher_crew_socket_reconcile (self);
}

/* The acceptors may have it called again, and it leaves no more than that even then. */
static void
crew_socket_dismiss_all_but (UsherCrewSocket *self,
                             guint n_wanted)
{
  while (self->waiting.length > n_wanted)
    crew_socket_dismiss (self, g_queue_pop_head_link (&self->waiting)->data);
}

static void
crew_socket_detach (UsherCrewSocket *self)
{
  crew_socket_set_state (self, USHER_CREW_SOCKET_DETACHED);
  usher_timer_stop (&self->pause_timer);
  g_ptr_array_remove (self->crew->sockets, self);
}

void
usher_crew_socket_reconcile (UsherCrewSocket *self)
{
  g_autoptr (UsherCrewSocket) held = usher_crew_socket_ref (self);

  if (self->is_closing && self->n_held == 0 && self->state != USHER_CREW_SOCKET_DETACHED)
    crew_socket_detach (self);

  crew_socket_dismiss_all_but (self, crew_socket_get_n_wanted (self));
  usher_crew_socket_start_acceptors (self);
  usher_crew_socket_poll (self);
}

/* Attaching and detaching. */

void
usher_crew_attach (UsherCrew *crew,
                   gpointer socket)
{
  g_ptr_array_add (crew->sockets, socket);
  usher_crew_socket_reconcile (socket);
}

void
usher_crew_park (UsherCrew *crew,
                 gpointer socket)
{
  g_autoptr (UsherCrewSocket) self = socket;

  self->is_closing = TRUE;
  usher_crew_socket_reconcile (self);
  usher_crew_schedule (crew);
}

void
usher_crew_close (UsherCrew *crew,
                  gpointer socket)
{
  ((UsherCrewSocket *) socket)->is_for_good = TRUE;
  usher_crew_park (crew, socket);
}

void
usher_crew_detach (UsherCrew *crew,
                   gpointer socket)
{
  usher_crew_refuse_held (crew, socket);
  usher_crew_park (crew, socket);
}

void
usher_crew_forget (UsherCrew *crew,
                   gpointer listen_socket)
{
  g_autoptr (GPtrArray) sockets = usher_crew_dup_sockets (crew);

  for (guint i = 0; i < sockets->len; i++)
    {
      UsherCrewSocket *socket = sockets->pdata[i];

      if (socket->listen_socket == listen_socket)
        usher_crew_detach (crew, usher_crew_socket_ref (socket));
    }

  usher_crew_give_back (crew, listen_socket);
}

void
usher_crew_set_n_acceptors (UsherCrew *crew,
                            gpointer change)
{
  g_autofree UsherCrewChange *self = change;

  self->socket->n_acceptors = self->n_acceptors;
  usher_crew_socket_unref (self->socket);
  usher_crew_schedule (crew);
}

void
usher_crew_socket_shut (UsherCrewSocket *self)
{
  g_mutex_lock (&self->crew->lock);
  self->fd = -1;
  usher_watch_disarm (&self->watch);
  g_mutex_unlock (&self->crew->lock);
}

gboolean
usher_crew_socket_is_shut (UsherCrewSocket *self)
{
  gboolean is_shut;

  g_mutex_lock (&self->crew->lock);
  is_shut = self->fd < 0;
  g_mutex_unlock (&self->crew->lock);

  return is_shut;
}

UsherCrewSocket *
usher_crew_socket_new (UsherCrew *crew,
                       UsherListenSocket *listen_socket,
                       guint n_acceptors)
{
  UsherCrewSocket *self = g_new0 (UsherCrewSocket, 1);
  UsherProxyPolicy *policy = usher_listen_socket_get_proxy_policy (listen_socket);

  self->ref_count = 1;
  self->crew = usher_crew_ref (crew);
  self->reactor = usher_reactor_ref (crew->reactor);
  self->listen_socket = g_object_ref (listen_socket);
  self->proxy_policy = policy != NULL ? usher_proxy_policy_ref (policy) : NULL;
  self->n_acceptors = n_acceptors;
  self->fd = usher_listen_socket_get_fd (listen_socket);
  usher_backoff_init (&self->pause_backoff, PAUSE_MIN_USEC, PAUSE_MAX_USEC);

  return self;
}

UsherCrewSocket *
usher_crew_socket_ref (UsherCrewSocket *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
usher_crew_socket_unref (UsherCrewSocket *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;

  usher_crew_give_back (self->crew, self->listen_socket);
  g_clear_pointer (&self->proxy_policy, usher_proxy_policy_unref);
  usher_reactor_unref (self->reactor);
  usher_crew_unref (self->crew);
  g_free (self);
}
