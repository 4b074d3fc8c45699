/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "usher/error.h"

/* OTP's code change: flags and children, all at once or not at all. */

typedef struct
{
  UsherSupervisorFlags *flags; /* (owned) (nullable): NULL to keep them */
  GPtrArray *specs;            /* (owned) (nullable) (element-type UsherChildSpec): the same */
} Change;

static void
change_free (gpointer data)
{
  Change *change = data;

  g_free (change->flags);
  g_clear_pointer (&change->specs, g_ptr_array_unref);
  g_free (change);
}

static GPtrArray *
copy_specs (GPtrArray *specs)
{
  GPtrArray *copies = g_ptr_array_new_full (specs->len, (GDestroyNotify) usher_child_spec_free);

  for (guint i = 0; i < specs->len; i++)
    g_ptr_array_add (copies, usher_child_spec_copy (g_ptr_array_index (specs, i)));

  return copies;
}

static gboolean
check_flags (UsherSupervisor *self,
             const UsherSupervisorFlags *flags,
             GError **error)
{
  const char *problem = NULL;

  if (flags->strategy > USHER_STRATEGY_SIMPLE_ONE_FOR_ONE)
    problem = "strategy: there is no such strategy";
  else if ((flags->strategy == USHER_STRATEGY_SIMPLE_ONE_FOR_ONE) != usher_supervisor_is_simple (self))
    problem = "strategy: it cannot become, or cease to be, simple-one-for-one; make another "
              "supervisor";
  else if (flags->period_msec == 0)
    problem = "period-msec: it has to be 1 at least";
  else if (flags->auto_shutdown > USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT)
    problem = "auto-shutdown: there is no such mode";
  if (problem == NULL)
    return usher_supervisor_check_auto_shutdown (self, flags->auto_shutdown, error);

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT, "supervisor “%s”: %s", self->name,
               problem);
  return FALSE;
}

static gboolean
check_number (UsherSupervisor *self,
              GPtrArray *specs,
              GError **error)
{
  if (!usher_supervisor_is_simple (self) || specs->len == 1)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "supervisor “%s”: it is simple-one-for-one, so it has one specification, and not %u",
               self->name, specs->len);
  return FALSE;
}

static gboolean
check_specs (UsherSupervisor *self,
             GPtrArray *specs,
             UsherAutoShutdown auto_shutdown,
             GError **error)
{
  if (!check_number (self, specs, error) ||
      !usher_supervisor_check_childspecs_with_auto_shutdown (specs, auto_shutdown, error))
    return FALSE;

  for (guint i = 0; i < specs->len; i++)
    if (!usher_supervisor_check_spec (self, g_ptr_array_index (specs, i), auto_shutdown, error))
      return FALSE;

  return TRUE;
}

static gboolean
check_change (UsherSupervisor *self,
              const Change *change,
              GError **error)
{
  UsherAutoShutdown auto_shutdown =
      change->flags != NULL ? change->flags->auto_shutdown : self->auto_shutdown;

  return (change->flags == NULL || check_flags (self, change->flags, error)) &&
         (change->specs == NULL || check_specs (self, change->specs, auto_shutdown, error));
}

static void
run_thaw_notify (gpointer data)
{
  g_object_thaw_notify (data);
}

/* User code that listens to a property runs when all of them have changed. */
static void
apply_flags (UsherSupervisor *self,
             const UsherSupervisorFlags *flags)
{
  g_object_freeze_notify (G_OBJECT (self));
  usher_supervisor_set_strategy (self, flags->strategy);
  usher_supervisor_set_intensity (self, flags->intensity);
  usher_supervisor_set_period_msec (self, flags->period_msec);
  usher_supervisor_set_auto_shutdown (self, flags->auto_shutdown);
  usher_desk_send (&self->desk, run_thaw_notify, self);
}

void
usher_supervisor_handle_change (UsherSupervisor *self,
                                UsherCall *call)
{
  Change *change = g_task_get_task_data (call->task);
  GError *error = NULL;

  if (!check_change (self, change, &error))
    {
      usher_supervisor_answer (self, call, USHER_START_FAILED, error);
      return;
    }

  if (change->flags != NULL)
    apply_flags (self, change->flags);
  if (change->specs != NULL)
    usher_supervisor_change_slots (self, g_steal_pointer (&change->specs));
  usher_supervisor_answer (self, call, USHER_START_STARTED, NULL);
}

/**
 * usher_supervisor_get_flags:
 * @self: a supervisor
 * @flags: (out caller-allocates): return location for the flags
 *
 * Gets what the supervisor does, for [method@Usher.Supervisor.change_async] for example.
 *
 * Since: 0.1
 */
void
usher_supervisor_get_flags (UsherSupervisor *self,
                            UsherSupervisorFlags *flags)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (flags != NULL);

  *flags = (UsherSupervisorFlags){
    .strategy = usher_supervisor_get_strategy (self),
    .intensity = usher_supervisor_get_intensity (self),
    .period_msec = usher_supervisor_get_period_msec (self),
    .auto_shutdown = usher_supervisor_get_auto_shutdown (self),
  };
}

/**
 * usher_supervisor_change_async:
 * @self: a supervisor
 * @flags: (nullable): the new flags, or %NULL to keep them
 * @specs: (nullable) (element-type Usher.ChildSpec): the children that every life begins with from
 *   now on, in the order of their start, or %NULL to keep them; they are copied
 * @cancellable: (nullable): replaces the answer by %G_IO_ERROR_CANCELLED; what was asked for
 *   happens nevertheless
 * @callback: (scope async): called with the answer
 * @user_data: given to @callback
 *
 * Changes what a supervisor does and which children it has, while it runs or before it starts: all
 * of it, or nothing if anything in it is wrong. As OTP's code change:
 *
 * - A child that is not there yet is added, and not started;
 *   [method@Usher.Supervisor.restart_child_async] starts it.
 * - A child that is there runs on, and what its new specification says holds from then on: for its
 *   next exit, stop or restart. A delay that it is waiting for is not cut short. If the
 *   specification holds another child, or a factory, that is what is started next.
 * - A child that is not in @specs stays as well, behind the others, until it is terminated and
 *   deleted, or the supervisor ends: the next life begins without it. If the supervisor does not
 *   run, it is forgotten at once.
 * - Restarts that were charged already still count, with the new intensity and period.
 * - Only the children in @specs have to go with the new auto-shutdown.
 *
 * A simple-one-for-one supervisor takes exactly one specification, which holds for all children
 * that it has. Those that were started while it was temporary have no argument any more.
 *
 * Like all calls that change something it waits its turn: while a child is starting or stopping,
 * calls are queued, together with the exits of children. A supervisor that does not run changes at
 * once.
 *
 * Since: 0.1
 */
void
usher_supervisor_change_async (UsherSupervisor *self,
                               const UsherSupervisorFlags *flags,
                               GPtrArray *specs,
                               GCancellable *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  Change *change = g_new0 (Change, 1);

  change->flags = g_memdup2 (flags, sizeof *flags);
  change->specs = specs != NULL ? copy_specs (specs) : NULL;
  g_task_set_source_tag (task, usher_supervisor_change_async);
  g_task_set_task_data (task, change, change_free);
  usher_supervisor_post_call (self, usher_call_new (USHER_CALL_CHANGE, NULL, task));
}

/**
 * usher_supervisor_change_finish:
 * @self: a supervisor
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with [error@Usher.Error] code `INVALID_ARGUMENT` and a message that names
 * the flag, or the child and what is wrong with it, and with [error@Usher.SupervisorError] code
 * `NOT_RUNNING` if the supervisor is ending.
 *
 * Returns: whether all was changed; if not, nothing was
 *
 * Since: 0.1
 */
gboolean
usher_supervisor_change_finish (UsherSupervisor *self,
                                GAsyncResult *result,
                                GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_int (G_TASK (result), error) >= 0;
}
