/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "runtime/clock-private.h"
#include "supervision/child-private.h"
#include "supervision/child-spec-private.h"
#include "usher/error.h"

/* What is special about simple-one-for-one: any number of children, without ids, after one
 * specification, the template. Their order means nothing, so they are stopped all at once. */

gboolean
usher_supervisor_is_simple (const UsherSupervisor *self)
{
  return self->strategy == USHER_STRATEGY_SIMPLE_ONE_FOR_ONE;
}

gboolean
usher_supervisor_can_be (const UsherSupervisor *self,
                         UsherStrategy strategy)
{
  gboolean is_simple = strategy == USHER_STRATEGY_SIMPLE_ONE_FOR_ONE;

  return is_simple == usher_supervisor_is_simple (self) ||
         (self->specs->len == 0 && self->slots.length == 0 && self->state == USHER_SUPERVISOR_DOWN);
}

UsherChildSpec *
usher_supervisor_get_template (const UsherSupervisor *self)
{
  return usher_supervisor_is_simple (self) && self->specs->len > 0 ? g_ptr_array_index (self->specs, 0) : NULL;
}

gboolean
usher_supervisor_check_template (UsherSupervisor *self,
                                 const UsherChildSpec *spec,
                                 GError **error)
{
  if (!usher_child_spec_has_factory (spec))
    g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                 "child “%s”: its supervisor “%s” is simple-one-for-one and makes children anew; "
                 "make the specification with a factory: usher_child_spec_new_with_factory",
                 usher_child_spec_get_id (spec), self->name);
  else if (usher_child_spec_get_significant (spec))
    g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                 "child “%s”: it cannot be significant: its supervisor “%s” is simple-one-for-one "
                 "and does not end by auto-shutdown",
                 usher_child_spec_get_id (spec), self->name);
  else
    return TRUE;

  return FALSE;
}

gboolean
usher_supervisor_check_auto_shutdown (UsherSupervisor *self,
                                      UsherAutoShutdown auto_shutdown,
                                      GError **error)
{
  if (!usher_supervisor_is_simple (self) || auto_shutdown == USHER_AUTO_SHUTDOWN_NEVER)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "supervisor “%s”: auto-shutdown and simple-one-for-one do not go together; set "
               "auto-shutdown to “never”",
               self->name);
  return FALSE;
}

gboolean
usher_supervisor_check_flags (UsherSupervisor *self,
                              GError **error)
{
  if (!usher_supervisor_check_auto_shutdown (self, self->auto_shutdown, error))
    return FALSE;
  if (!usher_supervisor_is_simple (self) || self->specs->len > 0)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "supervisor “%s”: it is simple-one-for-one and does not know how to make its "
               "children; add the one specification first",
               self->name);
  return FALSE;
}

/* A factory may make supervisors, which have no limit unless the template says so. */
static void
on_limit (UsherTimer *timer)
{
  UsherSupervisor *self = USHER_OWNER (UsherSupervisor, limit, timer);

  for (GList *link = self->slots.tail; link != NULL; link = link->prev)
    usher_slot_expire (link->data);
}

void
usher_supervisor_stop_all (UsherSupervisor *self)
{
  gint64 limit_msec =
      usher_child_spec_resolve_shutdown_msec (usher_supervisor_get_template (self), NULL);

  for (GList *link = self->slots.tail; link != NULL; link = link->prev)
    {
      UsherSlot *slot = link->data;

      slot->has_common_limit = TRUE;
      usher_slot_stop (slot, self->why);
    }

  if (limit_msec >= 0 && self->slots.length > 0)
    usher_timer_start (&self->limit, self->desk.reactor,
                       usher_clock_now_usec () + limit_msec * 1000, on_limit);
}

/**
 * usher_supervisor_start_child_with_argument_async:
 * @self: a supervisor with strategy [enum@Usher.Strategy.SIMPLE_ONE_FOR_ONE]
 * @argument: (nullable): what the factory is given; a floating reference is taken over
 * @cancellable: (nullable): replaces the answer by %G_IO_ERROR_CANCELLED; what was asked for
 *   happens nevertheless
 * @callback: (scope async): called with the answer
 * @user_data: given to @callback
 *
 * Has the factory make one more child, and starts it. As OTP's `start_child`: the supervisor keeps
 * @argument for the restarts of permanent and transient children; of a child that fails to start,
 * or ignores the start, it keeps nothing.
 *
 * Like all calls that change something it waits its turn: while a child is starting, calls are
 * queued, together with the exits of children.
 *
 * Since: 0.1
 */
void
usher_supervisor_start_child_with_argument_async (UsherSupervisor *self,
                                                  GVariant *argument,
                                                  GCancellable *cancellable,
                                                  GAsyncReadyCallback callback,
                                                  gpointer user_data)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  UsherCall *call = usher_call_new (USHER_CALL_START_WITH_ARGUMENT, NULL, task);

  g_task_set_source_tag (task, usher_supervisor_start_child_with_argument_async);
  call->argument = argument != NULL ? g_variant_ref_sink (argument) : NULL;
  usher_supervisor_post_call (self, call);
}

/**
 * usher_supervisor_start_child_with_argument_finish:
 * @self: a supervisor
 * @result: what the callback was given
 * @child: (out) (optional) (nullable) (transfer full): return location for the child, %NULL if it
 *   did not start
 * @error: return location for a #GError
 *
 * Ends the call. It fails with the error of the factory or the child, and with
 * [error@Usher.SupervisorError] codes `NOT_SIMPLE_ONE_FOR_ONE` and `NOT_RUNNING`.
 *
 * The child may have exited by now. If it is restarted, that is another one: @child is the name of
 * this one only.
 *
 * Returns: whether the child runs now, ignored the start, or failed with @error set
 *
 * Since: 0.1
 */
UsherStartResult
usher_supervisor_start_child_with_argument_finish (UsherSupervisor *self,
                                                   GAsyncResult *result,
                                                   UsherChild **child,
                                                   GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), 0);

  UsherStartResult answer = usher_child_propagate_start (result, error);

  if (child != NULL)
    *child = answer == USHER_START_STARTED ? g_object_ref (g_task_get_task_data (G_TASK (result))) : NULL;

  return answer;
}

/**
 * usher_supervisor_terminate_child_object_async:
 * @self: a supervisor with strategy [enum@Usher.Strategy.SIMPLE_ONE_FOR_ONE]
 * @child: the child
 * @cancellable: (nullable): replaces the answer by %G_IO_ERROR_CANCELLED; what was asked for
 *   happens nevertheless
 * @callback: (scope async): called with the answer
 * @user_data: given to @callback
 *
 * Stops a child, which is told that it is final, and forgets it. As OTP's `terminate_child` with a
 * process identifier: it also succeeds if the child has exited. If it is just being restarted, that
 * ends the attempts; if another child has taken its place already, that one runs on.
 *
 * If the child is starting, its start is cancelled at once; this call does not wait for its turn.
 *
 * Since: 0.1
 */
void
usher_supervisor_terminate_child_object_async (UsherSupervisor *self,
                                               UsherChild *child,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (USHER_IS_CHILD (child));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  UsherCall *call = usher_call_new (USHER_CALL_TERMINATE_OBJECT, NULL, task);

  g_task_set_source_tag (task, usher_supervisor_terminate_child_object_async);
  call->child = g_object_ref (child);
  usher_supervisor_post_call (self, call);
}

/**
 * usher_supervisor_terminate_child_object_finish:
 * @self: a supervisor
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with [error@Usher.SupervisorError] codes `NOT_FOUND`, if the child is
 * not, and was not, one of a simple-one-for-one supervisor, `NOT_SIMPLE_ONE_FOR_ONE` and
 * `NOT_RUNNING`.
 *
 * Returns: whether the child is stopped now
 *
 * Since: 0.1
 */
gboolean
usher_supervisor_terminate_child_object_finish (UsherSupervisor *self,
                                                GAsyncResult *result,
                                                GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), 0);

  gssize answer = g_task_propagate_int (G_TASK (result), error);

  return answer >= 0;
}
