/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/service-private.h"

#include "runtime/clock-private.h"
#include "usher/connection-info.h"
#include "usher/error.h"

#define PROGRESS_USEC G_USEC_PER_SEC

/* With more of them, looking for the oldest would take time from those who finish. */
#define MAX_SEARCHED 1000

#define EDGE(to) (1u << (to))

static const guint edges[] = {
  [USHER_SERVICE_DOWN] = EDGE (USHER_SERVICE_STARTING),
  [USHER_SERVICE_STARTING] = EDGE (USHER_SERVICE_UP) | EDGE (USHER_SERVICE_DRAINING) |
                             EDGE (USHER_SERVICE_DOWN),
  [USHER_SERVICE_UP] = EDGE (USHER_SERVICE_LAME_DUCK) | EDGE (USHER_SERVICE_DRAINING) |
                       EDGE (USHER_SERVICE_DOWN),
  [USHER_SERVICE_LAME_DUCK] = EDGE (USHER_SERVICE_DRAINING) | EDGE (USHER_SERVICE_DOWN),
  [USHER_SERVICE_DRAINING] = EDGE (USHER_SERVICE_DOWN),
};

static void
set_state (UsherService *self,
           UsherServiceState state)
{
  g_assert (edges[self->state] & EDGE (state));

  self->state = state;
  usher_service_notify_state (self);
}

gboolean
usher_service_is_ending (UsherService *self)
{
  return self->state == USHER_SERVICE_LAME_DUCK || self->state == USHER_SERVICE_DRAINING;
}

static void
on_progress (UsherTimer *timer)
{
  UsherService *self = USHER_OWNER (UsherService, timer, timer);

  usher_timer_start (&self->timer, self->reactor, usher_clock_now_usec () + PROGRESS_USEC, on_progress);
  usher_service_notify_status (self);
}

/* Once the root is stopping, what its children's exits would make it do does not happen any more, so
 * that all pools can be stopped at the same time. */
static void
begin_drain (UsherService *self)
{
  if (!usher_service_is_superseded (self))
    usher_service_stop_hand_over (self);
  usher_service_prepare_health (self);
  self->drain_began_usec = usher_clock_now_usec ();
  self->n_drained_from = usher_service_get_n_connections (self);
  usher_timer_start (&self->timer, self->reactor, self->drain_began_usec + PROGRESS_USEC, on_progress);

  g_object_ref (self);
  set_state (self, USHER_SERVICE_DRAINING);
  usher_child_shutdown (USHER_CHILD (self->root), USHER_STOP_FINAL);
  for (guint i = 0; i < self->pools->len; i++)
    {
      const UsherServicePool *entry = g_ptr_array_index (self->pools, i);

      if (entry->supervisor != NULL)
        usher_child_shutdown (USHER_CHILD (entry->supervisor), USHER_STOP_FINAL);
    }
  g_object_unref (self);
}

static void
hold_application (UsherService *self)
{
  GApplication *application = g_application_get_default ();

  if (application == NULL)
    return;

  self->application = g_object_ref (application);
  g_application_hold (application);
}

static void
go_down (UsherService *self)
{
  usher_service_stop_hand_over (self);
  usher_timer_stop (&self->timer);
  set_state (self, USHER_SERVICE_DOWN);
  if (self->application != NULL)
    g_application_release (self->application);
  g_clear_object (&self->application);
}

/* The tree had started, and did not stay. */
static void
answer_start (UsherService *self,
              GTask *task,
              UsherExit *exit)
{
  if (self->start_error != NULL)
    g_task_return_error (task, g_steal_pointer (&self->start_error));
  else
    {
      g_autofree char *line = usher_exit_to_string (exit);

      g_task_return_new_error (task, USHER_ERROR, USHER_ERROR_FAILED, "service “%s” ended before it was up: %s", self->name,
                               line);
    }
}

static void
on_exited (UsherChild *root,
           guint64 serial,
           UsherExit *exit,
           UsherService *self)
{
  g_autoptr (GTask) start_task = g_steal_pointer (&self->start_task);

  g_signal_handlers_disconnect_by_func (root, on_exited, self);
  go_down (self);
  if (start_task != NULL)
    answer_start (self, start_task, exit);
  else
    g_signal_emit_by_name (self, "exited", exit);
  g_object_unref (self);
}

/* There was a predecessor, or might have been. */
static void
on_ready (GObject *source_object,
          GAsyncResult *result,
          gpointer user_data)
{
  g_autoptr (UsherService) self = user_data;
  g_autoptr (GTask) task = NULL;
  g_autoptr (GError) error = NULL;
  gboolean is_ready = usher_handover_ready_finish (USHER_HANDOVER (source_object), result, &error);

  if (self->start_task == NULL)
    return;

  if (!is_ready)
    {
      self->start_error = g_steal_pointer (&error);
      begin_drain (self);
      return;
    }

  task = g_steal_pointer (&self->start_task);
  if (self->state == USHER_SERVICE_STARTING)
    set_state (self, USHER_SERVICE_UP);
  g_task_return_boolean (task, TRUE);
}

static void
fail_to_start (GTask *task,
               GError *error)
{
  UsherService *self = g_task_get_source_object (task);

  g_signal_handlers_disconnect_by_func (self->root, on_exited, self);
  go_down (self);
  g_task_return_error (task, error);
  g_object_unref (self);
}

static void
on_started (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  UsherService *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (usher_child_start_finish (USHER_CHILD (source_object), result, &error) != USHER_START_STARTED)
    fail_to_start (task, error);
  else if (self->handover != NULL && self->state == USHER_SERVICE_STARTING)
    {
      self->start_task = g_steal_pointer (&task);
      usher_handover_ready_async (self->handover, on_ready, g_object_ref (self));
    }
  else
    {
      if (self->state == USHER_SERVICE_STARTING)
        set_state (self, USHER_SERVICE_UP);
      g_task_return_boolean (task, TRUE);
    }
}

static void
start_root (GTask *task)
{
  UsherService *self = g_task_get_source_object (task);

  usher_child_start_async (USHER_CHILD (self->root), g_task_get_cancellable (task), on_started, g_object_ref (task));
}

static void
on_taken (GObject *source_object,
          GAsyncResult *result,
          gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (usher_handover_take_finish (USHER_HANDOVER (source_object), result, &error))
    start_root (task);
  else
    fail_to_start (task, error);
}

static gboolean
prepare (UsherService *self,
         GError **error)
{
  UsherDrainPlan plan = usher_service_plan_drain (self);

  if (self->state != USHER_SERVICE_DOWN)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                   "service “%s” was started already; it can be started again when it has exited", self->name);
      return FALSE;
    }

  return usher_drain_plan_check (&plan, self->name, self->drain_deadline_msec, error) &&
         usher_service_build_tree (self, error);
}

/**
 * usher_service_start_async:
 * @self: a service that is down
 * @cancellable: (nullable): stops the start
 * @callback: (scope async): called when the tree has started, or cannot
 * @user_data: given to @callback
 *
 * Starts the tree, and before that takes over from the process that serves at
 * [property@Usher.Service:hand-over-path], if there is one. While it is not down, the service holds a reference on itself, and the default
 * [class@Gio.Application] if there is one.
 *
 * Since: 0.1
 */
void
usher_service_start_async (UsherService *self,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_return_if_fail (USHER_IS_SERVICE (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  usher_return_if_elsewhere (usher_service_get_place (self));

  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, usher_service_start_async);
  /* Once the tree has started it has an exit to tell of. */
  g_task_set_check_cancellable (task, FALSE);

  if (!prepare (self, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  g_object_ref (self);
  hold_application (self);
  g_signal_connect (self->root, "exited", G_CALLBACK (on_exited), self);
  set_state (self, USHER_SERVICE_STARTING);
  if (self->handover != NULL)
    usher_service_begin_taking (self, on_taken, g_steal_pointer (&task));
  else
    start_root (task);
}

/**
 * usher_service_start_finish:
 * @self: a service
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with the error of the child that did not start, with %G_IO_ERROR_PENDING
 * if the service was started already, and with [error@Usher.Error] codes `INVALID_ADDRESS`, and
 * `INVALID_ARGUMENT` if the phases of a drain do not fit into the deadline; the message says how
 * they add up. The errors of [method@Usher.Handover.take_finish] say that it could not take over from the
 * process that serves, which serves on.
 *
 * Returns: whether the service is up
 *
 * Since: 0.1
 */
gboolean
usher_service_start_finish (UsherService *self,
                            GAsyncResult *result,
                            GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* Its successor answers now, also to who asks how it is. There is nothing that others should notice. */
void
usher_service_drain_superseded (UsherService *self)
{
  g_object_ref (self);
  begin_drain (self);
  if (self->health != NULL && self->health->supervisor != NULL)
    usher_child_shutdown (USHER_CHILD (self->health->supervisor), USHER_STOP_FINAL);
  g_object_unref (self);
}

static void
on_lame_duck_over (UsherTimer *timer)
{
  begin_drain (USHER_OWNER (UsherService, timer, timer));
}

/**
 * usher_service_drain:
 * @self: a service
 *
 * Ends the service: lame duck, then all pools drain at the same time, and then the rest of the tree
 * stops. A service that has not started yet stops starting. It returns at once;
 * [signal@Usher.Service::exited] says when it is over.
 *
 * Since: 0.1
 */
void
usher_service_drain (UsherService *self)
{
  g_return_if_fail (USHER_IS_SERVICE (self));
  usher_return_if_elsewhere (usher_service_get_place (self));

  if (self->state == USHER_SERVICE_STARTING || (self->state == USHER_SERVICE_UP && self->lame_duck_msec == 0))
    {
      begin_drain (self);
      return;
    }
  if (self->state != USHER_SERVICE_UP)
    return;

  usher_timer_start (&self->timer, self->reactor,
                     usher_clock_now_usec () + self->lame_duck_msec * G_TIME_SPAN_MILLISECOND, on_lame_duck_over);
  set_state (self, USHER_SERVICE_LAME_DUCK);
}

/**
 * usher_service_kill:
 * @self: a service
 *
 * Ends the service at once: connections are shut, and nobody is asked.
 *
 * Since: 0.1
 */
void
usher_service_kill (UsherService *self)
{
  g_return_if_fail (USHER_IS_SERVICE (self));
  usher_return_if_elsewhere (usher_service_get_place (self));

  if (self->state == USHER_SERVICE_DOWN)
    return;

  g_object_ref (self);
  usher_service_stop_hand_over (self);
  usher_child_kill (USHER_CHILD (self->root));
  g_object_unref (self);
}

/* (nullable) */
static UsherConnectionInfo *
find_oldest (UsherService *self)
{
  UsherConnectionInfo *oldest = NULL;

  for (guint i = 0; i < self->pools->len; i++)
    {
      const UsherServicePool *entry = g_ptr_array_index (self->pools, i);
      g_autoptr (GPtrArray) infos = usher_acceptor_pool_which_children (entry->pool);

      for (guint j = 0; j < infos->len; j++)
        {
          UsherConnectionInfo *info = g_ptr_array_index (infos, j);

          if (oldest != NULL && usher_connection_info_get_age_msec (info) <= usher_connection_info_get_age_msec (oldest))
            continue;

          g_clear_pointer (&oldest, usher_connection_info_unref);
          oldest = usher_connection_info_ref (info);
        }
    }

  return oldest;
}

static void
append_time (GString *text,
             gint64 seconds)
{
  g_string_append_printf (text, "%02" G_GINT64_FORMAT ":%02" G_GINT64_FORMAT, seconds / 60, seconds % 60);
}

/* How long it takes if nobody leaves by himself, unless there is no end to that. */
static void
append_limit (GString *text,
              UsherService *self)
{
  UsherDrainPlan plan = usher_service_plan_drain (self);
  gint64 total_msec;

  plan.lame_duck_msec = 0;
  total_msec = usher_drain_plan_get_total_msec (&plan);
  if (total_msec < 0)
    return;

  g_string_append (text, " of at most ");
  append_time (text, (total_msec + 999) / 1000);
}

char *
usher_service_describe_drain (UsherService *self)
{
  guint n_connections = usher_service_get_n_connections (self);
  g_autoptr (UsherConnectionInfo) oldest = n_connections <= MAX_SEARCHED ? find_oldest (self) : NULL;
  GString *text = g_string_new ("draining for ");

  append_time (text, (usher_clock_now_usec () - self->drain_began_usec) / G_TIME_SPAN_SECOND);
  append_limit (text, self);
  g_string_append_printf (text, ": %u of %u connections left", n_connections, MAX (self->n_drained_from, n_connections));
  if (oldest != NULL)
    {
      g_string_append (text, ", oldest ");
      append_time (text, usher_connection_info_get_age_msec (oldest) / 1000);
      g_string_append_printf (text, " %s", usher_connection_info_get_peer_name (oldest));
    }

  return g_string_free (text, FALSE);
}
