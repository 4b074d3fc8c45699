/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "supervision/child-private.h"
#include "supervision/child-spec-private.h"

static void
on_start_cancelled_message (UsherSupervisor *self)
{
  g_autoptr (UsherExit) exit = usher_exit_new_shutdown ();

  if (self->start_task != NULL &&
      g_cancellable_is_cancelled (g_task_get_cancellable (self->start_task)))
    usher_supervisor_end (self, exit, USHER_STOP_RESTART);
}

typedef struct
{
  UsherMessage message;
  UsherSupervisor *supervisor; /* (owned) */
} Cancellation;

static void
on_cancellation (UsherMessage *message)
{
  Cancellation *cancellation = (Cancellation *) message;

  on_start_cancelled_message (cancellation->supervisor);
  g_object_unref (cancellation->supervisor);
  g_free (cancellation);
}

/* Any thread. */
static void
on_start_cancelled (GCancellable *cancellable,
                    UsherSupervisor *self)
{
  Cancellation *cancellation = g_new0 (Cancellation, 1);

  cancellation->supervisor = g_object_ref (self);
  usher_reactor_post (self->desk.reactor, &cancellation->message, on_cancellation);
}

static void
usher_supervisor_start_async (UsherChild *child,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  UsherSupervisor *self = USHER_SUPERVISOR (child);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, usher_supervisor_start_async);
  /* Once it has started it has an exit to tell of. */
  g_task_set_check_cancellable (task, FALSE);

  if (!usher_supervisor_check_flags (self, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  usher_life_begin (&self->life, task);
  usher_supervisor_restore_slots (self);
  usher_supervisor_begin (self, task);
  if (cancellable != NULL)
    self->cancelled_handler =
        g_cancellable_connect (cancellable, G_CALLBACK (on_start_cancelled), self, NULL);
}

static UsherStartResult
usher_supervisor_start_finish (UsherChild *child,
                               GAsyncResult *result,
                               GError **error)
{
  return usher_child_propagate_start (result, error);
}

static void
release_slots (UsherSupervisor *self)
{
  for (GList *link = self->slots.tail; link != NULL; link = link->prev)
    usher_slot_release (link->data);

  usher_desk_run (&self->desk);
}

static void
usher_supervisor_shutdown (UsherChild *child,
                           UsherStop why)
{
  g_autoptr (UsherSupervisor) self = g_object_ref (USHER_SUPERVISOR (child));
  g_autoptr (UsherExit) exit = usher_exit_new_shutdown ();

  if (usher_reactor_is_elsewhere (usher_supervisor_get_place (self), "usher_child_shutdown"))
    return;

  if (self->state != USHER_SUPERVISOR_DOWN)
    usher_supervisor_end (self, exit, why);
  else if (why == USHER_STOP_FINAL)
    release_slots (self);
}

static void
usher_supervisor_kill (UsherChild *child)
{
  UsherSupervisor *self = USHER_SUPERVISOR (child);

  if (usher_reactor_is_elsewhere (usher_supervisor_get_place (self), "usher_child_kill"))
    return;

  if (self->state != USHER_SUPERVISOR_DOWN && self->state != USHER_SUPERVISOR_KILLING)
    usher_supervisor_end_by_kill (self);
}

static UsherChildType
usher_supervisor_get_child_type (UsherChild *child)
{
  return USHER_CHILD_SUPERVISOR;
}

static guint64
get_stop_time_msec (const UsherChildSpec *spec)
{
  UsherChild *child = usher_child_spec_get_child (spec);
  gint64 limit_msec = usher_child_spec_resolve_shutdown_msec (spec, child);

  if (limit_msec == USHER_SHUTDOWN_INFINITY && child != NULL)
    return usher_child_get_shutdown_time_msec (child);

  return MAX (limit_msec, 0);
}

/* Its children are stopped one after the other; those after one specification all at once. What a
 * factory will make cannot be asked. */
static guint64
usher_supervisor_get_shutdown_time_msec (UsherChild *child)
{
  UsherSupervisor *self = USHER_SUPERVISOR (child);
  guint64 total_msec = 0;

  for (guint i = 0; i < self->specs->len; i++)
    {
      guint64 time_msec = get_stop_time_msec (g_ptr_array_index (self->specs, i));

      total_msec += MIN (time_msec, G_MAXUINT64 - total_msec);
    }

  return total_msec;
}

void
usher_supervisor_child_iface_init (UsherChildInterface *iface)
{
  iface->start_async = usher_supervisor_start_async;
  iface->start_finish = usher_supervisor_start_finish;
  iface->shutdown = usher_supervisor_shutdown;
  iface->kill = usher_supervisor_kill;
  iface->get_child_type = usher_supervisor_get_child_type;
  iface->get_shutdown_time_msec = usher_supervisor_get_shutdown_time_msec;
}
