/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "supervision/child-info-private.h"
#include "usher/error.h"

static const UsherChildState public_states[USHER_SLOT_N_STATES] = {
  [USHER_SLOT_DOWN] = USHER_CHILD_STOPPED,
  [USHER_SLOT_STARTING] = USHER_CHILD_STARTING,
  [USHER_SLOT_CANCELLING] = USHER_CHILD_STOPPING,
  [USHER_SLOT_RUNNING] = USHER_CHILD_RUNNING,
  [USHER_SLOT_EXITED] = USHER_CHILD_RUNNING,
  [USHER_SLOT_STOPPING] = USHER_CHILD_STOPPING,
  [USHER_SLOT_KILLING] = USHER_CHILD_STOPPING,
  [USHER_SLOT_RESTARTING] = USHER_CHILD_RESTARTING,
};

static const gboolean is_active[USHER_SLOT_N_STATES] = {
  [USHER_SLOT_DOWN] = FALSE,
  [USHER_SLOT_STARTING] = FALSE,
  [USHER_SLOT_CANCELLING] = FALSE,
  [USHER_SLOT_RUNNING] = TRUE,
  [USHER_SLOT_EXITED] = FALSE,
  [USHER_SLOT_STOPPING] = TRUE,
  [USHER_SLOT_KILLING] = TRUE,
  [USHER_SLOT_RESTARTING] = FALSE,
};

/**
 * usher_supervisor_start_child_async:
 * @self: a supervisor
 * @spec: (transfer none): how the child is supervised; it is copied
 * @cancellable: (nullable): replaces the answer by %G_IO_ERROR_CANCELLED; what was asked for
 *   happens nevertheless
 * @callback: (scope async): called with the answer
 * @user_data: given to @callback
 *
 * Adds a child behind all the others, and starts it. When the supervisor ends, it forgets the
 * child, unlike those of [method@Usher.Supervisor.add_child]. As OTP's `start_child`: a child that
 * fails to start is not kept, is not tried again and costs no budget; of temporary children that
 * ignore the start nothing is kept either.
 *
 * Like all calls that change something it waits its turn: while a child is starting or stopping,
 * calls are queued, together with the exits of children.
 *
 * Since: 0.1
 */
void
usher_supervisor_start_child_async (UsherSupervisor *self,
                                    const UsherChildSpec *spec,
                                    GCancellable *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (spec != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, usher_supervisor_start_child_async);
  g_task_set_task_data (task, usher_child_spec_copy (spec),
                        (GDestroyNotify) usher_child_spec_free);
  usher_supervisor_post_call (self, USHER_CALL_START, usher_child_spec_get_id (spec), task);
}

/**
 * usher_supervisor_start_child_finish:
 * @self: a supervisor
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with the error of the child, with [error@Usher.Error] code
 * `INVALID_ARGUMENT` if the specification is refused, and with [error@Usher.SupervisorError] codes
 * `ALREADY_STARTED`, `ALREADY_PRESENT` and `NOT_RUNNING`.
 *
 * Returns: whether the child runs now, ignored the start, or failed with @error set
 *
 * Since: 0.1
 */
UsherStartResult
usher_supervisor_start_child_finish (UsherSupervisor *self,
                                     GAsyncResult *result,
                                     GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), 0);

  gssize answer = g_task_propagate_int (G_TASK (result), error);

  return answer < 0 ? USHER_START_FAILED : (UsherStartResult) answer;
}

/**
 * usher_supervisor_restart_child_async:
 * @self: a supervisor
 * @id: the child's name
 * @cancellable: (nullable): replaces the answer by %G_IO_ERROR_CANCELLED; what was asked for
 *   happens nevertheless
 * @callback: (scope async): called with the answer
 * @user_data: given to @callback
 *
 * Starts a child that does not run. As OTP's `restart_child`: a start that fails is not tried again
 * and costs no budget.
 *
 * Since: 0.1
 */
void
usher_supervisor_restart_child_async (UsherSupervisor *self,
                                      const char *id,
                                      GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (id != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, usher_supervisor_restart_child_async);
  usher_supervisor_post_call (self, USHER_CALL_RESTART, id, task);
}

/**
 * usher_supervisor_restart_child_finish:
 * @self: a supervisor
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with the error of the child, and with [error@Usher.SupervisorError] codes
 * `NOT_FOUND`, `RUNNING`, `RESTARTING` and `NOT_RUNNING`.
 *
 * Returns: whether the child runs now, ignored the start, or failed with @error set
 *
 * Since: 0.1
 */
UsherStartResult
usher_supervisor_restart_child_finish (UsherSupervisor *self,
                                       GAsyncResult *result,
                                       GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), 0);

  gssize answer = g_task_propagate_int (G_TASK (result), error);

  return answer < 0 ? USHER_START_FAILED : (UsherStartResult) answer;
}

/**
 * usher_supervisor_terminate_child_async:
 * @self: a supervisor
 * @id: the child's name
 * @cancellable: (nullable): replaces the answer by %G_IO_ERROR_CANCELLED; what was asked for
 *   happens nevertheless
 * @callback: (scope async): called with the answer
 * @user_data: given to @callback
 *
 * Stops a child, which is told that it is final. A temporary child is forgotten; others stay, and
 * can be started again or deleted. As OTP's `terminate_child`: it also succeeds if the child does
 * not run, and it ends the attempts to restart a child.
 *
 * If the child is starting, its start is cancelled at once; this call does not wait for its turn.
 *
 * Since: 0.1
 */
void
usher_supervisor_terminate_child_async (UsherSupervisor *self,
                                        const char *id,
                                        GCancellable *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (id != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, usher_supervisor_terminate_child_async);
  usher_supervisor_post_call (self, USHER_CALL_TERMINATE, id, task);
}

/**
 * usher_supervisor_terminate_child_finish:
 * @self: a supervisor
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with [error@Usher.SupervisorError] codes `NOT_FOUND` and `NOT_RUNNING`.
 *
 * Returns: whether the child is stopped now
 *
 * Since: 0.1
 */
gboolean
usher_supervisor_terminate_child_finish (UsherSupervisor *self,
                                         GAsyncResult *result,
                                         GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), 0);

  gssize answer = g_task_propagate_int (G_TASK (result), error);

  return answer >= 0;
}

/**
 * usher_supervisor_delete_child_async:
 * @self: a supervisor
 * @id: the child's name
 * @cancellable: (nullable): replaces the answer by %G_IO_ERROR_CANCELLED; what was asked for
 *   happens nevertheless
 * @callback: (scope async): called with the answer
 * @user_data: given to @callback
 *
 * Forgets a child that does not run, for good: also one of [method@Usher.Supervisor.add_child], which
 * in OTP would come back with the next start of the supervisor.
 *
 * Since: 0.1
 */
void
usher_supervisor_delete_child_async (UsherSupervisor *self,
                                     const char *id,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (id != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, usher_supervisor_delete_child_async);
  usher_supervisor_post_call (self, USHER_CALL_DELETE, id, task);
}

/**
 * usher_supervisor_delete_child_finish:
 * @self: a supervisor
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with [error@Usher.SupervisorError] codes `NOT_FOUND`, `RUNNING`,
 * `RESTARTING` and `NOT_RUNNING`.
 *
 * Returns: whether the child is gone
 *
 * Since: 0.1
 */
gboolean
usher_supervisor_delete_child_finish (UsherSupervisor *self,
                                      GAsyncResult *result,
                                      GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), 0);

  gssize answer = g_task_propagate_int (G_TASK (result), error);

  return answer >= 0;
}

static UsherChildInfo *
describe (const UsherSlot *slot)
{
  return usher_child_info_new (usher_slot_get_id (slot), slot->child,
                               usher_slot_get_child_type (slot), public_states[slot->state]);
}

/**
 * usher_supervisor_which_children:
 * @self: a supervisor
 *
 * Lists the children. As in OTP the one that was added last comes first. It answers at once, in
 * any state.
 *
 * Returns: (transfer container) (element-type Usher.ChildInfo): a snapshot
 *
 * Since: 0.1
 */
GPtrArray *
usher_supervisor_which_children (UsherSupervisor *self)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), NULL);

  GPtrArray *infos = g_ptr_array_new_full (self->slots.length, (GDestroyNotify) usher_child_info_unref);

  for (GList *link = self->slots.tail; link != NULL; link = link->prev)
    g_ptr_array_add (infos, describe (link->data));

  return infos;
}

/**
 * usher_supervisor_count_children:
 * @self: a supervisor
 * @counts: (out caller-allocates): return location for the counts
 *
 * Counts the children. It answers at once, in any state.
 *
 * Since: 0.1
 */
void
usher_supervisor_count_children (UsherSupervisor *self,
                                 UsherChildCounts *counts)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (counts != NULL);

  *counts = (UsherChildCounts){ .n_specs = self->slots.length };
  for (GList *link = self->slots.head; link != NULL; link = link->next)
    {
      const UsherSlot *slot = link->data;

      counts->n_active += is_active[slot->state];
      if (usher_slot_get_child_type (slot) == USHER_CHILD_SUPERVISOR)
        counts->n_supervisors++;
      else
        counts->n_workers++;
    }
}

static UsherSlot *
find_or_fail (UsherSupervisor *self,
              const char *id,
              GError **error)
{
  UsherSlot *slot = usher_supervisor_find_slot (self, id);

  if (slot == NULL)
    g_set_error (error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_FOUND,
                 "supervisor “%s”, child “%s”: there is no child with that id", self->name, id);

  return slot;
}

/**
 * usher_supervisor_get_child:
 * @self: a supervisor
 * @id: the child's name
 * @error: return location for a #GError
 *
 * Says what a child is doing, as OTP's `which_child`. It fails with [error@Usher.SupervisorError]
 * code `NOT_FOUND`.
 *
 * Returns: (transfer full): what is known of the child, or %NULL with @error set
 *
 * Since: 0.1
 */
UsherChildInfo *
usher_supervisor_get_child (UsherSupervisor *self,
                            const char *id,
                            GError **error)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  const UsherSlot *slot = find_or_fail (self, id, error);

  return slot != NULL ? describe (slot) : NULL;
}

/**
 * usher_supervisor_get_childspec:
 * @self: a supervisor
 * @id: the child's name
 * @error: return location for a #GError
 *
 * Gets how a child is supervised. It fails with [error@Usher.SupervisorError] code `NOT_FOUND`.
 *
 * Returns: (transfer full): a copy of the specification, or %NULL with @error set
 *
 * Since: 0.1
 */
UsherChildSpec *
usher_supervisor_get_childspec (UsherSupervisor *self,
                                const char *id,
                                GError **error)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  const UsherSlot *slot = find_or_fail (self, id, error);

  return slot != NULL ? usher_child_spec_copy (slot->spec) : NULL;
}
