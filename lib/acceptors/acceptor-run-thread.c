/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-run-private.h"
#include "acceptors/crew-socket-private.h"

/* The acceptor's code runs in a thread of its own, which waits there for its connection. */

typedef enum
{
  ORDER_NONE,
  ORDER_SERVE,
  ORDER_TERMINATE,
} Order;

typedef struct
{
  UsherAcceptorRun *run; /* (owned): touched by the crew's context; the thread reads what is fixed */
  UsherReactor *reactor; /* (owned) */
  GMutex lock;
  GCond ordered;
  Order order; /* (locked-by lock) */

  /* The thread's latest answer. There is only ever one on its way: the thread has nothing more to
   * say before it is told to go on. */
  UsherMessage message;
  UsherAcceptorInit answer;
  gboolean succeeded;
  GError *error; /* (owned) (nullable) */
} RunThread;

static RunThread *
run_thread_from_message (UsherMessage *message)
{
  return USHER_OWNER (RunThread, message, message);
}

static RunThread *
run_thread_new (UsherAcceptorRun *run)
{
  RunThread *self = usher_acceptor_run_get_room (run);

  self->run = usher_acceptor_run_ref (run);
  self->reactor = usher_reactor_ref (run->socket->reactor);
  g_mutex_init (&self->lock);
  g_cond_init (&self->ordered);

  return self;
}

/* Called in the crew's context, when the thread has said its last word. */
static void
run_thread_clear (RunThread *self)
{
  UsherAcceptorRun *run = self->run;

  usher_reactor_unref (self->reactor);
  g_clear_error (&self->error);
  g_cond_clear (&self->ordered);
  g_mutex_clear (&self->lock);
  run->place = NULL;
  usher_acceptor_run_unref (run);
}

/* Called in the crew's context. */
static void
on_initialised (UsherMessage *message)
{
  RunThread *self = run_thread_from_message (message);
  UsherAcceptorInit answer = self->answer;

  /* One that is ready may be gone when this returns. */
  usher_acceptor_run_initialised (self->run, answer, self->error);
  if (answer != USHER_ACCEPTOR_READY)
    run_thread_clear (self);
}

/* Called in the crew's context. */
static void
on_served (UsherMessage *message)
{
  RunThread *self = run_thread_from_message (message);

  usher_acceptor_run_served (self->run, self->succeeded, g_steal_pointer (&self->error));
  run_thread_clear (self);
}

/* Called in the crew's context. */
static void
on_terminated (UsherMessage *message)
{
  RunThread *self = run_thread_from_message (message);

  usher_acceptor_run_terminated (self->run);
  run_thread_clear (self);
}

/* Called in the acceptor's thread. */
static Order
run_thread_wait_for_order (RunThread *self)
{
  Order order;

  g_mutex_lock (&self->lock);
  while (self->order == ORDER_NONE)
    g_cond_wait (&self->ordered, &self->lock);
  order = self->order;
  g_mutex_unlock (&self->lock);

  return order;
}

/* What it waits for by usher_sleep_msec () ends with its exit.
 *
 * Called in the acceptor's thread. */
static void
run_thread_serve (RunThread *self)
{
  UsherConnection *connection = self->run->connection;
  GCancellable *exit_cancellable = usher_connection_get_exit_cancellable (connection);

  g_cancellable_push_current (exit_cancellable);
  self->succeeded = usher_acceptor_acceptor_continue (self->run->acceptor, connection, &self->error);
  g_cancellable_pop_current (exit_cancellable);
}

/* Called in the acceptor's thread. */
static void
run_thread_obey (RunThread *self)
{
  UsherAcceptorRun *run = self->run;

  if (run_thread_wait_for_order (self) == ORDER_SERVE)
    {
      run_thread_serve (self);
      usher_reactor_post (self->reactor, &self->message, on_served);
    }
  else
    {
      usher_acceptor_acceptor_terminate (run->acceptor, run->reason);
      usher_reactor_post (self->reactor, &self->message, on_terminated);
    }
}

/* Called in the acceptor's thread. */
static gpointer
run_thread_main (gpointer user_data)
{
  RunThread *self = user_data;
  UsherAcceptorRun *run = self->run;
  UsherAcceptorInit answer;

  answer = usher_acceptor_acceptor_init (run->acceptor, run->socket->listen_socket, &run->waiting.timeout_msec,
                                         &self->error);
  self->answer = answer;
  usher_reactor_post (self->reactor, &self->message, on_initialised);
  if (answer == USHER_ACCEPTOR_READY)
    run_thread_obey (self);

  return NULL;
}

static gboolean
thread_start (UsherAcceptorRun *run,
              GError **error)
{
  RunThread *self = run_thread_new (run);
  GThread *thread = g_thread_try_new ("usher-acceptor", run_thread_main, self, error);

  if (thread == NULL)
    {
      run_thread_clear (self);
      return FALSE;
    }

  run->place = self;
  g_thread_unref (thread);
  return TRUE;
}

static void
run_thread_order (UsherAcceptorRun *run,
                  Order order)
{
  RunThread *self = run->place;

  g_mutex_lock (&self->lock);
  self->order = order;
  g_cond_signal (&self->ordered);
  g_mutex_unlock (&self->lock);
}

static void
thread_serve (UsherAcceptorRun *run)
{
  run_thread_order (run, ORDER_SERVE);
}

static void
thread_terminate (UsherAcceptorRun *run)
{
  run_thread_order (run, ORDER_TERMINATE);
}

const UsherRunner usher_runner_thread = {
  .place_size = sizeof (RunThread),
  .start = thread_start,
  .serve = thread_serve,
  .terminate = thread_terminate,
};
