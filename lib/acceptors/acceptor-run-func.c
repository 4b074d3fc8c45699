/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-run-private.h"

#include "acceptors/func-acceptor-private.h"

/* A function that runs on the loop, in the crew's context: it has nothing to set up and nothing to clean up. */

static gboolean
func_start (UsherAcceptorRun *run,
            GError **error)
{
  usher_acceptor_run_initialised (run, USHER_ACCEPTOR_READY, NULL);
  return TRUE;
}

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

static void
func_terminate (UsherAcceptorRun *run)
{
  usher_acceptor_run_ref (run);
  usher_acceptor_run_terminated (run);
  usher_acceptor_run_unref (run);
}

const UsherRunner usher_runner_func = {
  .start = func_start,
  .serve = func_serve,
  .terminate = func_terminate,
};
