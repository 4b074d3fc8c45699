/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-run-private.h"

#include "acceptors/crew-socket-private.h"
#include "acceptors/func-acceptor-private.h"
#include "usher/async-acceptor.h"

/* The acceptor's code runs in the crew's context. */

static gboolean
loop_start (UsherAcceptorRun *run,
            GError **error)
{
  g_autoptr (GError) init_error = NULL;
  UsherAcceptorInit answer;

  answer = usher_acceptor_init_by (usher_acceptor_run_get_kind (run)->iface, run->acceptor, run->socket->listen_socket,
                                   &run->waiting.timeout_msec, &init_error);
  usher_acceptor_run_initialised (run, answer, init_error);
  return TRUE;
}

static void
on_continued (GObject *source_object,
              GAsyncResult *result,
              gpointer user_data)
{
  UsherAcceptorRun *run = user_data;
  const UsherAsyncAcceptorInterface *iface = usher_acceptor_run_get_kind (run)->async_iface;
  GError *error = NULL;
  gboolean succeeded = iface->acceptor_continue_finish (USHER_ASYNC_ACCEPTOR (run->acceptor), result, &error);

  usher_acceptor_run_served (run, succeeded, error);
  usher_acceptor_run_unref (run);
}

static void
loop_serve (UsherAcceptorRun *run)
{
  const UsherAsyncAcceptorInterface *iface = usher_acceptor_run_get_kind (run)->async_iface;

  iface->acceptor_continue_async (USHER_ASYNC_ACCEPTOR (run->acceptor), run->connection,
                                  usher_connection_get_exit_cancellable (run->connection), on_continued,
                                  usher_acceptor_run_ref (run));
}

static void
loop_terminate (UsherAcceptorRun *run)
{
  usher_acceptor_run_ref (run);
  usher_acceptor_acceptor_terminate (run->acceptor, run->reason);
  usher_acceptor_run_terminated (run);
  usher_acceptor_run_unref (run);
}

const UsherRunner usher_runner_loop = {
  .start = loop_start,
  .serve = loop_serve,
  .terminate = loop_terminate,
};

/* A function. */

static void
on_complete (gpointer user_data,
             GError *error)
{
  UsherAcceptorRun *run = user_data;

  usher_acceptor_run_served (run, error == NULL, error);
  usher_acceptor_run_unref (run);
}

static void
func_serve (UsherAcceptorRun *run)
{
  usher_connection_expect (run->connection, on_complete, usher_acceptor_run_ref (run));
  usher_async_func_acceptor_serve (run->acceptor, run->connection);
}

const UsherRunner usher_runner_func = {
  .start = loop_start,
  .serve = func_serve,
  .terminate = loop_terminate,
};
