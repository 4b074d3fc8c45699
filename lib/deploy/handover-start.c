/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/handover-private.h"

#include "runtime/clock-private.h"
#include "usher/error.h"

/* A process that has ended the connection is about to end itself, and says then why. */
#define LAST_WORDS_USEC (5 * G_TIME_SPAN_SECOND)

/* What speaks of this process, and would mislead the next one. */
static const char *const own_variables[] = {
  "LISTEN_FDNAMES",
  "LISTEN_FDS",
  "LISTEN_PID",
  "WATCHDOG_PID",
};

static void
forget_process (UsherHandover *self)
{
  usher_timer_stop (&self->start_timer);
  g_clear_error (&self->start_error);
  g_cancellable_cancel (self->wait_cancellable);
  g_clear_object (&self->wait_cancellable);
  g_clear_object (&self->process);
}

static gboolean
is_own (UsherHandover *self,
        gint64 pid)
{
  return self->process != NULL && pid > 0 && self->process_pid == pid;
}

static GError *
explain_exit (UsherHandover *self,
              const GError *exit_error)
{
  g_autofree char *reason = self->start_error != NULL ? g_strconcat (": ", self->start_error->message, NULL) : NULL;

  return g_error_new (USHER_ERROR, USHER_ERROR_FAILED, "The successor did not take over at %s: %s%s", self->path,
                      exit_error != NULL ? exit_error->message : "it has exited with code 0",
                      reason != NULL ? reason : "");
}

/* Its end may be known before that of its connection. */
static void
end_its_attempt (UsherHandover *self)
{
  g_autoptr (GError) error = NULL;

  if (self->step <= USHER_HANDOVER_STEP_SERVING || !is_own (self, self->successor_pid))
    return;

  error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "it was taking over");
  usher_handover_fail (self, error);
}

static void
on_exited (GObject *source_object,
           GAsyncResult *result,
           gpointer user_data)
{
  g_autoptr (UsherHandover) self = user_data;
  GSubprocess *process = G_SUBPROCESS (source_object);
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) exit_error = NULL;
  GError *error;

  if (!g_subprocess_wait_finish (process, result, NULL) || self->process != process)
    return;

  end_its_attempt (self);
  g_spawn_check_wait_status (g_subprocess_get_status (process), &exit_error);
  error = explain_exit (self, exit_error);
  task = g_steal_pointer (&self->start_task);
  forget_process (self);
  g_task_return_error (task, error);
}

static void
set_start_error (UsherHandover *self,
                 const GError *error)
{
  if (self->start_error == NULL)
    self->start_error = g_error_copy (error);
}

static void
on_patience_over (UsherTimer *timer)
{
  UsherHandover *self = USHER_OWNER (UsherHandover, start_timer, timer);
  g_autoptr (GError) error = g_error_new (USHER_ERROR, USHER_ERROR_TIMED_OUT, "it has not asked for anything within %u ms",
                                          self->timeout_msec);

  set_start_error (self, error);
  g_subprocess_force_exit (self->process);
}

static void
be_patient (UsherHandover *self,
            gint64 usec)
{
  usher_timer_start (&self->start_timer, self->reactor, usher_clock_now_usec () + usec, on_patience_over);
}

void
usher_handover_start_heard (UsherHandover *self)
{
  if (is_own (self, self->successor_pid))
    usher_timer_stop (&self->start_timer);
}

gboolean
usher_handover_start_failed (UsherHandover *self,
                             const GError *error)
{
  if (!is_own (self, self->successor_pid))
    return FALSE;

  set_start_error (self, error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    be_patient (self, LAST_WORDS_USEC);
  else
    g_subprocess_force_exit (self->process);
  return TRUE;
}

void
usher_handover_start_succeeded (UsherHandover *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->start_task);

  if (task == NULL)
    return;

  forget_process (self);
  g_task_return_boolean (task, TRUE);
}

void
usher_handover_give_up_start (UsherHandover *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->start_task);

  if (task == NULL)
    return;

  g_subprocess_force_exit (self->process);
  forget_process (self);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The hand-over at %s was given up", self->path);
}

static gboolean
check_may_start (UsherHandover *self,
                 GError **error)
{
  if (self->step == USHER_HANDOVER_STEP_SERVING && self->start_task == NULL)
    return TRUE;

  if (self->step < USHER_HANDOVER_STEP_SERVING)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                 "Cannot hand over at %s: this process does not serve there; try again when it is ready", self->path);
  else if (self->step == USHER_HANDOVER_STEP_SUPERSEDED)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED,
                 "Cannot hand over at %s: process %" G_GINT64_FORMAT " has taken over already; ask that one", self->path,
                 self->successor_pid);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                 "Cannot hand over at %s: another hand-over is under way; try again when it is over", self->path);
  return FALSE;
}

static gboolean
spawn (UsherHandover *self,
       const char *const *argv,
       GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDIN_INHERIT);
  const char *identifier;

  for (guint i = 0; i < G_N_ELEMENTS (own_variables); i++)
    g_subprocess_launcher_unsetenv (launcher, own_variables[i]);
  self->process = g_subprocess_launcher_spawnv (launcher, argv, error);
  if (self->process == NULL)
    {
      g_prefix_error (error, "Cannot start a successor: ");
      return FALSE;
    }

  /* GLib forgets it when the process has exited; one that did so already has asked for nothing. */
  identifier = g_subprocess_get_identifier (self->process);
  self->process_pid = identifier != NULL ? g_ascii_strtoll (identifier, NULL, 10) : 0;
  return TRUE;
}

/**
 * usher_handover_start_successor_async:
 * @self: a hand-over that serves
 * @argv: (array zero-terminated=1): the program and its arguments; the program is looked up in `PATH` if
 *   it has no slash, and read anew, so it may be another version
 * @callback: (scope async): called when it has taken over, or has failed
 * @user_data: given to @callback
 *
 * Starts another process, which takes over at the same path. It has standard input, output and error of
 * this one, and its environment, but for what systemd says to this process alone: `LISTEN_FDS` and its
 * companions, and `WATCHDOG_PID`. If it fails, hangs or does not keep to the protocol, it is killed, and
 * this process serves on.
 *
 * Since: 0.1
 */
void
usher_handover_start_successor_async (UsherHandover *self,
                                      const char *const *argv,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;

  g_return_if_fail (USHER_IS_HANDOVER (self));
  g_return_if_fail (argv != NULL && argv[0] != NULL);

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, usher_handover_start_successor_async);
  if (!check_may_start (self, &error) || !spawn (self, argv, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  self->start_task = g_steal_pointer (&task);
  self->wait_cancellable = g_cancellable_new ();
  g_subprocess_wait_async (self->process, self->wait_cancellable, on_exited, g_object_ref (self));
  be_patient (self, self->timeout_msec * G_TIME_SPAN_MILLISECOND);
}

/**
 * usher_handover_start_successor_finish:
 * @self: a hand-over
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. The errors are %G_IO_ERROR_PENDING if a hand-over is under way, or this process does not
 * serve yet, %G_IO_ERROR_CLOSED if it has handed over already, %G_IO_ERROR_CANCELLED if it was given up,
 * those of g_subprocess_newv() if there is no such program, and else %USHER_ERROR_FAILED: the message
 * says how the successor has ended, and why.
 *
 * Returns: whether the successor serves now, and this process should end
 *
 * Since: 0.1
 */
gboolean
usher_handover_start_successor_finish (UsherHandover *self,
                                       GAsyncResult *result,
                                       GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
