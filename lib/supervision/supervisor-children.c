/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "supervision/child-info-private.h"
#include "supervision/child-private.h"
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
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  UsherCall *call = usher_call_new (USHER_CALL_START, usher_child_spec_get_id (spec), task);

  g_task_set_source_tag (task, usher_supervisor_start_child_async);
  call->spec = usher_child_spec_copy (spec);
  usher_supervisor_post_call (self, call);
}

/**
 * usher_supervisor_start_child_finish:
 * @self: a supervisor
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with the error of the child, with [error@Usher.Error] code
 * `INVALID_ARGUMENT` if the specification is refused, and with [error@Usher.SupervisorError] codes
 * `ALREADY_STARTED`, `ALREADY_PRESENT`, `SIMPLE_ONE_FOR_ONE` and `NOT_RUNNING`.
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

  return usher_child_propagate_start (result, error);
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
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, usher_supervisor_restart_child_async);
  usher_supervisor_post_call (self, usher_call_new (USHER_CALL_RESTART, id, task));
}

/**
 * usher_supervisor_restart_child_finish:
 * @self: a supervisor
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with the error of the child, and with [error@Usher.SupervisorError] codes
 * `NOT_FOUND`, `RUNNING`, `RESTARTING`, `SIMPLE_ONE_FOR_ONE` and `NOT_RUNNING`.
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

  return usher_child_propagate_start (result, error);
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
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, usher_supervisor_terminate_child_async);
  usher_supervisor_post_call (self, usher_call_new (USHER_CALL_TERMINATE, id, task));
}

/**
 * usher_supervisor_terminate_child_finish:
 * @self: a supervisor
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with [error@Usher.SupervisorError] codes `NOT_FOUND`,
 * `SIMPLE_ONE_FOR_ONE` and `NOT_RUNNING`.
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
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, usher_supervisor_delete_child_async);
  usher_supervisor_post_call (self, usher_call_new (USHER_CALL_DELETE, id, task));
}

/**
 * usher_supervisor_delete_child_finish:
 * @self: a supervisor
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with [error@Usher.SupervisorError] codes `NOT_FOUND`, `RUNNING`,
 * `RESTARTING`, `SIMPLE_ONE_FOR_ONE` and `NOT_RUNNING`.
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
describe (UsherSupervisor *self,
          const UsherSlot *slot)
{
  const char *id = usher_supervisor_is_simple (self) ? NULL : usher_slot_get_id (slot);

  return usher_child_info_new (id, slot->child,
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
    g_ptr_array_add (infos, describe (self, link->data));

  return infos;
}

static void
count_each (UsherSupervisor *self,
            UsherChildCounts *counts)
{
  for (GList *link = self->slots.head; link != NULL; link = link->next)
    if (usher_slot_get_child_type (link->data) == USHER_CHILD_SUPERVISOR)
      counts->n_supervisors++;
    else
      counts->n_workers++;
}

/* What one of them is, all are. */
static void
count_alike (UsherSupervisor *self,
             UsherChildCounts *counts)
{
  const UsherSlot *any = g_queue_peek_head (&self->slots);

  counts->n_specs = self->specs->len;
  if (any != NULL && usher_slot_get_child_type (any) == USHER_CHILD_SUPERVISOR)
    counts->n_supervisors = self->slots.length;
  else
    counts->n_workers = self->slots.length;
}

/**
 * usher_supervisor_count_children:
 * @self: a supervisor
 * @counts: (out caller-allocates): return location for the counts
 *
 * Counts the children. It answers at once, in any state. Those of a simple-one-for-one supervisor
 * are taken to be all of a kind, and are counted in constant time.
 *
 * Since: 0.1
 */
void
usher_supervisor_count_children (UsherSupervisor *self,
                                 UsherChildCounts *counts)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (counts != NULL);

  *counts = (UsherChildCounts){ .n_specs = self->slots.length, .n_active = self->n_active };
  if (usher_supervisor_is_simple (self))
    count_alike (self, counts);
  else
    count_each (self, counts);
}

static UsherSlot *
find_or_fail (UsherSupervisor *self,
              const char *id,
              GError **error)
{
  UsherSlot *slot = usher_supervisor_find_slot (self, id);
  gboolean is_simple = usher_supervisor_is_simple (self);

  if (slot == NULL)
    g_propagate_error (error,
                       usher_supervisor_new_refusal (self, id,
                                                     is_simple ? USHER_SUPERVISOR_ERROR_SIMPLE_ONE_FOR_ONE
                                                               : USHER_SUPERVISOR_ERROR_NOT_FOUND));

  return slot;
}

static UsherSlot *
find_object_or_fail (UsherSupervisor *self,
                     UsherChild *child,
                     GError **error)
{
  UsherSlot *slot = usher_supervisor_find_slot_of (self, child);

  if (slot == NULL)
    g_propagate_error (error, usher_supervisor_new_refusal (self, NULL,
                                                            USHER_SUPERVISOR_ERROR_NOT_FOUND));

  return slot;
}

/**
 * usher_supervisor_get_child:
 * @self: a supervisor
 * @id: the child's name
 * @error: return location for a #GError
 *
 * Says what a child is doing, as OTP's `which_child`. It fails with [error@Usher.SupervisorError]
 * codes `NOT_FOUND`, and `SIMPLE_ONE_FOR_ONE` if the children have no ids.
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

  return slot != NULL ? describe (self, slot) : NULL;
}

/**
 * usher_supervisor_get_child_object:
 * @self: a supervisor
 * @child: a child
 * @error: return location for a #GError
 *
 * Says what a child is doing that is known by itself and not by its id. It fails with
 * [error@Usher.SupervisorError] code `NOT_FOUND` if the child is not, or not any more, one of this
 * supervisor.
 *
 * Returns: (transfer full): what is known of the child, or %NULL with @error set
 *
 * Since: 0.1
 */
UsherChildInfo *
usher_supervisor_get_child_object (UsherSupervisor *self,
                                   UsherChild *child,
                                   GError **error)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), NULL);
  g_return_val_if_fail (USHER_IS_CHILD (child), NULL);

  const UsherSlot *slot = find_object_or_fail (self, child, error);

  return slot != NULL ? describe (self, slot) : NULL;
}

/**
 * usher_supervisor_get_childspec:
 * @self: a supervisor
 * @id: the child's name; that of the one specification, if the supervisor is simple-one-for-one
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

  const UsherChildSpec *template = usher_supervisor_get_template (self);
  const UsherSlot *slot = usher_supervisor_find_slot (self, id);

  if (slot != NULL)
    return usher_child_spec_copy (slot->spec);
  if (template != NULL && g_str_equal (usher_child_spec_get_id (template), id))
    return usher_child_spec_copy (template);

  g_propagate_error (error, usher_supervisor_new_refusal (self, id, USHER_SUPERVISOR_ERROR_NOT_FOUND));
  return NULL;
}

/**
 * usher_supervisor_get_child_object_spec:
 * @self: a supervisor
 * @child: a child
 * @error: return location for a #GError
 *
 * Gets how a child is supervised that is known by itself and not by its id, as OTP's
 * `get_childspec` with a process identifier. It fails with [error@Usher.SupervisorError] code
 * `NOT_FOUND` if the child is not, or not any more, one of this supervisor.
 *
 * Returns: (transfer full): a copy of the specification, or %NULL with @error set
 *
 * Since: 0.1
 */
UsherChildSpec *
usher_supervisor_get_child_object_spec (UsherSupervisor *self,
                                        UsherChild *child,
                                        GError **error)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), NULL);
  g_return_val_if_fail (USHER_IS_CHILD (child), NULL);

  const UsherSlot *slot = find_object_or_fail (self, child, error);

  return slot != NULL ? usher_child_spec_copy (slot->spec) : NULL;
}
