/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <signal.h>

#include "runtime/unix-signal-private.h"
#include "usher/child.h"
#include "usher/supervisor.h"

/* A tree that is a whole program: it ends when it has exited, or when it cannot start. */
typedef struct
{
  UsherSupervisor *root; /* (unowned) */
  gboolean is_over;
  gboolean is_stopping;
  UsherExit *exit; /* (owned) (nullable) */
  GError *error;   /* (owned) (nullable): of the start */
} TreeRun;

static void
on_started (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  TreeRun *run = user_data;

  if (usher_child_start_finish (USHER_CHILD (source_object), result, &run->error) != USHER_START_STARTED)
    run->is_over = TRUE;
}

static void
on_exited (UsherChild *root,
           guint64 serial,
           UsherExit *exit,
           TreeRun *run)
{
  run->exit = usher_exit_ref (exit);
  run->is_over = TRUE;
}

static gboolean
on_signal (gpointer user_data)
{
  TreeRun *run = user_data;

  if (run->is_stopping)
    usher_child_kill (USHER_CHILD (run->root));
  else
    usher_child_shutdown (USHER_CHILD (run->root), USHER_STOP_FINAL);
  run->is_stopping = TRUE;

  return G_SOURCE_CONTINUE;
}

static gboolean
tree_run_answer (TreeRun *run,
                 GError **error)
{
  g_autoptr (UsherExit) exit = run->exit;
  const GError *exit_error = exit != NULL ? usher_exit_get_error (exit) : NULL;

  if (run->error != NULL)
    g_propagate_error (error, run->error);
  else if (exit_error != NULL)
    g_propagate_error (error, g_error_copy (exit_error));
  else if (exit != NULL && usher_exit_is_abnormal (exit))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The tree was killed before it had ended");
  else
    return TRUE;

  return FALSE;
}

/**
 * usher_supervisor_run:
 * @self: a supervisor, at the root of its tree
 * @error: return location for a #GError
 *
 * Runs a tree that is a whole program: starts it, and iterates the thread-default main context
 * until it has exited. SIGTERM and SIGINT shut it down; a second one kills it. It must be called in
 * the context that the supervisor was made in.
 *
 * The errors are those of the start, and those that the tree exited with:
 * %USHER_ERROR_MAX_INTENSITY if it was over its budget, %G_IO_ERROR_CANCELLED if it was killed.
 *
 * Returns: true if the tree ended because it was asked to, or had nothing more to do; false with
 *   @error set otherwise
 *
 * Since: 0.1
 */
gboolean
usher_supervisor_run (UsherSupervisor *self,
                      GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  TreeRun run = { .root = self };
  GSource *sigterm, *sigint;
  gulong exited_id;

  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), FALSE);

  sigterm = usher_unix_signal_attach (context, SIGTERM, on_signal, &run);
  sigint = usher_unix_signal_attach (context, SIGINT, on_signal, &run);
  exited_id = g_signal_connect (self, "exited", G_CALLBACK (on_exited), &run);
  usher_child_start_async (USHER_CHILD (self), NULL, on_started, &run);

  while (!run.is_over)
    g_main_context_iteration (context, TRUE);

  g_signal_handler_disconnect (self, exited_id);
  usher_unix_signal_detach (sigint);
  usher_unix_signal_detach (sigterm);

  return tree_run_answer (&run, error);
}
