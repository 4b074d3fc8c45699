/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-run-private.h"

#include "acceptors/acceptor-pool-private.h"
#include "acceptors/crew-socket-private.h"
#include "runtime/clock-private.h"
#include "usher/async-acceptor.h"
#include "usher/error.h"

#define EDGE(to) (1u << (to))

static const guint edges[] = {
  [USHER_RUN_STARTING] = EDGE (USHER_RUN_WAITING) | EDGE (USHER_RUN_EXITED),
  [USHER_RUN_WAITING] = EDGE (USHER_RUN_SERVING) | EDGE (USHER_RUN_TERMINATING) | EDGE (USHER_RUN_EXITED),
  [USHER_RUN_SERVING] = EDGE (USHER_RUN_TERMINATING) | EDGE (USHER_RUN_EXITED),
  [USHER_RUN_TERMINATING] = EDGE (USHER_RUN_EXITED),
  [USHER_RUN_EXITED] = 0,
};

static void
run_start_timer (UsherAcceptorRun *self,
                 gint64 delay_usec,
                 UsherTimerFunc func)
{
  if (self->timer == NULL)
    self->timer = g_new0 (UsherRunTimer, 1);
  self->timer->run = self;
  usher_timer_start (&self->timer->timer, self->socket->reactor, usher_clock_now_usec () + delay_usec, func);
}

static void
run_stop_timer (UsherAcceptorRun *self)
{
  if (self->timer == NULL)
    return;

  usher_timer_stop (&self->timer->timer);
  g_clear_pointer (&self->timer, g_free);
}

/* The next state is set by the crew, which keeps the books of it. */
static void
run_leave_state (UsherAcceptorRun *self,
                 UsherRunState next)
{
  g_assert (edges[self->state] & EDGE (next));

  if (self->state == USHER_RUN_STARTING)
    self->socket->n_starting--;
  run_stop_timer (self);
}

static void
run_set_state (UsherAcceptorRun *self,
               UsherRunState state)
{
  run_leave_state (self, state);
  usher_crew_set_run_state (self->socket->crew, self, state);
}

const UsherAcceptorKind *
usher_acceptor_run_get_kind (UsherAcceptorRun *self)
{
  return usher_acceptor_kind_get (&self->socket->crew->kind, self->acceptor);
}

static const UsherRunner *
choose_runner (UsherCrewSocket *socket,
               UsherAcceptor *acceptor)
{
  const UsherAcceptorKind *kind = usher_acceptor_kind_get (&socket->crew->kind, acceptor);

  if (kind->is_async_func)
    return &usher_runner_func;
  if (kind->async_iface != NULL)
    return &usher_runner_loop;

  return socket->crew->terms.execution == USHER_EXECUTION_FIBER ? &usher_runner_fiber : &usher_runner_thread;
}

static gsize
run_get_size (const UsherRunner *runner)
{
  return sizeof (UsherAcceptorRun) + runner->place_size;
}

UsherAcceptorRun *
usher_acceptor_run_new (UsherCrewSocket *socket,
                        UsherAcceptor *acceptor)
{
  const UsherRunner *runner = choose_runner (socket, acceptor);
  UsherAcceptorRun *self = usher_free_list_take (&socket->crew->spare_runs, run_get_size (runner));

  self->ref_count = 1;
  self->state = USHER_RUN_STARTING;
  self->runner = runner;
  self->socket = usher_crew_socket_ref (socket);
  socket->n_starting++;
  usher_crew_count_alive (socket->crew, 1);
  self->acceptor = acceptor;
  self->link.data = self;
  self->waiting.link.data = self;
  self->waiting.timeout_msec = -1;

  return self;
}

gpointer
usher_acceptor_run_get_room (UsherAcceptorRun *self)
{
  return self + 1;
}

UsherAcceptorRun *
usher_acceptor_run_ref (UsherAcceptorRun *self)
{
  self->ref_count++;
  return self;
}

void
usher_acceptor_run_unref (UsherAcceptorRun *self)
{
  g_autoptr (UsherCrewSocket) socket = NULL;
  UsherCrew *crew;

  if (--self->ref_count > 0)
    return;

  socket = self->socket;
  crew = socket->crew;
  g_clear_object (&self->acceptor);
  if (self->connection != NULL)
    usher_crew_end_connection (crew, self->connection);
  g_clear_pointer (&self->reason, usher_exit_unref);
  usher_free_list_give (&crew->spare_runs, self, run_get_size (self->runner));
  usher_crew_count_alive (crew, -1);
}

char *
usher_acceptor_run_dup_name (UsherAcceptorRun *self)
{
  return self->state >= USHER_RUN_SERVING && self->connection != NULL ? usher_connection_dup_peer_name (self->connection)
                                                                      : g_strdup (usher_listen_socket_get_address (self->socket->listen_socket));
}

/* Whether the run still has somebody to answer to. */
static gboolean
run_is_heard (UsherAcceptorRun *self)
{
  return self->state != USHER_RUN_EXITED;
}

void
usher_acceptor_run_initialised (UsherAcceptorRun *self,
                                UsherAcceptorInit answer,
                                const GError *error)
{
  g_autoptr (GError) no_error = NULL;

  if (!run_is_heard (self))
    {
      /* Its place still waits to be told what to do. */
      if (answer == USHER_ACCEPTOR_READY)
        self->runner->terminate (self);
      return;
    }

  if (answer == USHER_ACCEPTOR_READY)
    {
      run_set_state (self, USHER_RUN_WAITING);
      usher_crew_socket_run_ready (self->socket, self);
      return;
    }

  if (answer == USHER_ACCEPTOR_ERROR && error == NULL)
    error = no_error = g_error_new (USHER_ERROR, USHER_ERROR_FAILED,
                                    "The acceptor_init of %s failed without saying why",
                                    G_OBJECT_TYPE_NAME (self->acceptor));
  run_leave_state (self, USHER_RUN_EXITED);
  usher_crew_socket_run_not_ready (self->socket, self, answer == USHER_ACCEPTOR_IGNORE ? NULL : error);
}

void
usher_acceptor_run_start (UsherAcceptorRun *self)
{
  g_autoptr (GError) error = NULL;

  if (!self->runner->start (self, &error))
    usher_acceptor_run_initialised (self, USHER_ACCEPTOR_ERROR, error);
}

/* The peer is told before its acceptor is. */
static void
run_turn_away (UsherAcceptorRun *self,
               const GError *error)
{
  g_autoptr (UsherExit) reason = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                                     ? usher_connection_explain (self->connection, FALSE, g_error_copy (error))
                                     : usher_exit_new_shutdown_with_error (error);

  usher_connection_close (self->connection);
  usher_acceptor_run_terminate (self, reason);
}

static GError *
run_make_peer_error (UsherAcceptorRun *self)
{
  g_autofree char *peer = usher_connection_dup_peer_name (self->connection);

  return g_error_new (G_IO_ERROR, G_IO_ERROR_BUSY,
                      "The connection from %s was not served: its peer has as many connections as it may", peer);
}

static void
on_greeted (gpointer user_data,
            const GError *error)
{
  UsherAcceptorRun *self = user_data;
  g_autoptr (GError) too_many = NULL;

  g_clear_pointer (&self->serving.greeting, usher_proxy_greeting_free);
  if (error == NULL && !usher_acceptor_pool_count_peer (self->socket->crew->pool, self->connection))
    error = too_many = run_make_peer_error (self);
  if (error == NULL)
    self->runner->serve (self);
  else
    run_turn_away (self, error);
}

void
usher_acceptor_run_serve (UsherAcceptorRun *self,
                          UsherConnection *connection)
{
  UsherProxyPolicy *policy = self->socket->proxy_policy;

  self->connection = connection;
  memset (&self->serving, 0, sizeof self->serving);
  self->serving.began_usec = usher_clock_now_usec ();
  run_set_state (self, USHER_RUN_SERVING);
  if (policy == NULL)
    {
      self->runner->serve (self);
      return;
    }

  self->serving.greeting = usher_proxy_greeting_new (self->socket->reactor, connection, policy);
  usher_proxy_greeting_begin (self->serving.greeting, on_greeted, self);
}

void
usher_acceptor_run_served (UsherAcceptorRun *self,
                           gboolean succeeded,
                           GError *error)
{
  g_autoptr (UsherExit) exit = usher_connection_explain (self->connection, succeeded, error);

  usher_connection_close (self->connection);
  if (!run_is_heard (self))
    return;

  run_leave_state (self, USHER_RUN_EXITED);
  usher_crew_connection_exited (self->socket->crew, self, exit);
}

void
usher_acceptor_run_terminate (UsherAcceptorRun *self,
                              UsherExit *reason)
{
  run_set_state (self, USHER_RUN_TERMINATING);
  self->reason = usher_exit_ref (reason);
  self->runner->terminate (self);
}

void
usher_acceptor_run_terminated (UsherAcceptorRun *self)
{
  if (!run_is_heard (self))
    return;

  run_leave_state (self, USHER_RUN_EXITED);
  if (self->connection != NULL)
    usher_crew_connection_exited (self->socket->crew, self, self->reason);
  else
    usher_crew_remove_run (self->socket->crew, self);
}

static void
run_tell (UsherAcceptorRun *self)
{
  g_autoptr (UsherConnection) connection = g_object_ref (self->connection);

  usher_connection_drain (connection);
}

static void
on_told (UsherTimer *timer)
{
  run_tell (USHER_OWNER (UsherRunTimer, timer, timer)->run);
}

void
usher_acceptor_run_tell (UsherAcceptorRun *self,
                         gint64 delay_usec)
{
  if (self->state != USHER_RUN_SERVING)
    return;

  if (delay_usec > 0)
    {
      run_start_timer (self, delay_usec, on_told);
      return;
    }

  run_stop_timer (self);
  run_tell (self);
}

gint64
usher_acceptor_run_get_telling_usec (UsherAcceptorRun *self)
{
  return self->timer != NULL && usher_timer_is_started (&self->timer->timer) ? self->timer->timer.deadline_usec : 0;
}

/* Its place still waits to be told what to do. */
static void
run_abandon_greeting (UsherAcceptorRun *self)
{
  g_clear_pointer (&self->serving.greeting, usher_proxy_greeting_free);
  usher_connection_close (self->connection);
  self->runner->terminate (self);
}

void
usher_acceptor_run_abandon (UsherAcceptorRun *self)
{
  run_set_state (self, USHER_RUN_EXITED);
  if (self->reason == NULL)
    self->reason = usher_exit_new_killed ();
  if (self->connection != NULL)
    usher_connection_kill (self->connection);
  if (self->connection != NULL && self->serving.greeting != NULL)
    run_abandon_greeting (self);
  if (self->runner->kill != NULL && self->place != NULL)
    self->runner->kill (self);
}

/* A client that came in the same moment is left to the next acceptor. */
static void
on_accept_timeout (UsherTimer *timer)
{
  UsherAcceptorRun *self = USHER_OWNER (UsherRunTimer, timer, timer)->run;

  usher_crew_socket_run_timed_out (self->socket, self);
}

void
usher_acceptor_run_start_accept_timer (UsherAcceptorRun *self)
{
  if (self->waiting.timeout_msec >= 0)
    run_start_timer (self, self->waiting.timeout_msec * G_TIME_SPAN_MILLISECOND, on_accept_timeout);
}

void
usher_acceptor_run_stop_accept_timer (UsherAcceptorRun *self)
{
  run_stop_timer (self);
}
