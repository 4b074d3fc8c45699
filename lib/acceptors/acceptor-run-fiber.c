/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-run-private.h"

#include "acceptors/crew-socket-private.h"
#include "runtime/fiber-private.h"

/* The acceptor's code runs in a fiber of its own, in the crew's context, and waits there for its
 * connection. What it answers is told on the stack of whoever resumed it. */

typedef enum
{
  ORDER_NONE,
  ORDER_SERVE,
  ORDER_TERMINATE,
} Order;

typedef struct
{
  UsherAcceptorRun *run; /* (owned) */
  UsherFiber *fiber;     /* (owned) */
  Order order;
  gboolean is_starting; /* in fiber_start (), which tells that it is ready */
  UsherAcceptorInit answer;
  gboolean succeeded;
  UsherMessage message;
  GError *error; /* (owned) (nullable) */
} RunFiber;

static void
run_fiber_clear (RunFiber *self)
{
  UsherAcceptorRun *run = self->run;

  g_clear_pointer (&self->fiber, usher_fiber_unref);
  g_clear_pointer (&self->error, g_error_free);
  run->place = NULL;
  usher_acceptor_run_unref (run);
}

/* An acceptor that had to wait in its acceptor_init. */
static void
on_ready (UsherMessage *message)
{
  RunFiber *self = USHER_OWNER (RunFiber, message, message);

  usher_acceptor_run_initialised (self->run, USHER_ACCEPTOR_READY, NULL);
}

/* Called in the fiber. */
static void
run_fiber_wait_for_order (RunFiber *self)
{
  if (!self->is_starting)
    usher_reactor_post (self->run->socket->reactor, &self->message, on_ready);

  while (self->order == ORDER_NONE)
    usher_fiber_suspend ();
}

/* Called in the fiber. Returns whether it has its order. */
static gboolean
run_fiber_init (RunFiber *self)
{
  UsherAcceptorRun *run = self->run;

  if (self->order != ORDER_NONE)
    return TRUE;

  self->answer = usher_acceptor_init_by (usher_acceptor_run_get_kind (run)->iface, run->acceptor,
                                         run->socket->listen_socket, &run->waiting.timeout_msec, &self->error);
  if (self->answer != USHER_ACCEPTOR_READY)
    return FALSE;

  run_fiber_wait_for_order (self);
  return TRUE;
}

/* Called in the fiber. */
static void
run_fiber_serve (RunFiber *self)
{
  UsherAcceptorRun *run = self->run;
  UsherConnection *connection = run->connection;

  usher_connection_enter_fiber (connection, self->fiber);
  self->succeeded = usher_acceptor_run_get_kind (run)->iface->acceptor_continue (run->acceptor, connection, &self->error);
  usher_connection_leave_fiber (connection);
}

/* Called in the fiber. */
static void
run_fiber_run (gpointer user_data)
{
  RunFiber *self = user_data;
  UsherAcceptorRun *run = self->run;

  if (!run_fiber_init (self))
    return;

  if (self->order == ORDER_SERVE)
    run_fiber_serve (self);
  else
    usher_acceptor_acceptor_terminate (run->acceptor, run->reason);
}

static void
run_fiber_finished (gpointer user_data)
{
  RunFiber *self = user_data;

  if (self->order == ORDER_SERVE)
    usher_acceptor_run_served (self->run, self->succeeded, g_steal_pointer (&self->error));
  else if (self->order == ORDER_TERMINATE)
    usher_acceptor_run_terminated (self->run);
  else
    usher_acceptor_run_initialised (self->run, self->answer, self->error);

  run_fiber_clear (self);
}

/* The pool itself may be gone, if it did not wait for the acceptor. */
static char *
run_fiber_dup_name (gpointer user_data)
{
  UsherAcceptorRun *run = ((RunFiber *) user_data)->run;
  g_autofree char *peer = run->connection != NULL ? usher_connection_dup_peer_name (run->connection) : NULL;

  return g_strdup_printf ("of an acceptor on %s, serving %s",
                          usher_listen_socket_get_address (run->socket->listen_socket),
                          peer != NULL ? peer : "nobody yet");
}

static const UsherFiberCode code = {
  .run = run_fiber_run,
  .finished = run_fiber_finished,
  .dup_name = run_fiber_dup_name,
};

/* Returns whether the acceptor is ready by now. */
static gboolean
run_fiber_begin (RunFiber *self)
{
  UsherAcceptorRun *run = self->run;

  self->is_starting = TRUE;
  usher_fiber_resume (self->fiber);
  if (run->place == NULL)
    return FALSE;

  self->is_starting = FALSE;
  return self->answer == USHER_ACCEPTOR_READY;
}

/* One that has nothing to do before its connection comes is not entered before that. */
static gboolean
fiber_start (UsherAcceptorRun *run,
             GError **error)
{
  RunFiber *self = usher_acceptor_run_get_room (run);

  self->run = usher_acceptor_run_ref (run);
  self->fiber = usher_fiber_new (run->socket->reactor, &code, self, error);
  if (self->fiber == NULL)
    {
      run_fiber_clear (self);
      return FALSE;
    }

  run->place = self;
  if (usher_acceptor_lacks_init (usher_acceptor_run_get_kind (run)->iface) || run_fiber_begin (self))
    usher_acceptor_run_initialised (run, USHER_ACCEPTOR_READY, NULL);
  return TRUE;
}

/* Those who are accepted together are served together, when the last of them is in, so that the
 * processor does not load the code for either anew for each of them. */
static void
fiber_serve (UsherAcceptorRun *run)
{
  RunFiber *self = run->place;

  self->order = ORDER_SERVE;
  usher_fiber_wake (self->fiber);
}

static void
fiber_terminate (UsherAcceptorRun *run)
{
  RunFiber *self = run->place;

  self->order = ORDER_TERMINATE;
  usher_fiber_resume (self->fiber);
}

static void
fiber_kill (UsherAcceptorRun *run)
{
  RunFiber *self = run->place;

  usher_fiber_cancel (self->fiber);
}

const UsherRunner usher_runner_fiber = {
  .place_size = sizeof (RunFiber),
  .start = fiber_start,
  .serve = fiber_serve,
  .terminate = fiber_terminate,
  .kill = fiber_kill,
};
