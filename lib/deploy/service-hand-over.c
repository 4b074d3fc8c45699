/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/service-private.h"

#include "usher/error.h"

/* The service as one generation of several, see UsherHandover. */

static void
on_superseded (UsherService *self)
{
  usher_service_drain_superseded (self);
}

void
usher_service_tell_version (UsherService *self)
{
  if (self->handover != NULL)
    usher_handover_set_version (self->handover, self->version != NULL ? self->version : "");
}

/**
 * usher_service_set_hand_over_path: (set-property hand-over-path)
 * @self: a service that is down
 * @path: (nullable): the path of a Unix socket, in a directory that only this user may write; %NULL for
 *   none
 *
 * Sets where the service hands its listen sockets over to its next version, and takes them from its
 * previous one, see [class@Usher.Handover]. If a process serves there when the service starts, it is
 * superseded: once this one is up that one drains. If it does not start, the other serves on.
 *
 * Since: 0.1
 */
void
usher_service_set_hand_over_path (UsherService *self,
                                  const char *path)
{
  g_return_if_fail (USHER_IS_SERVICE (self));
  g_return_if_fail (self->state == USHER_SERVICE_DOWN);

  if (g_strcmp0 (usher_service_get_hand_over_path (self), path) == 0)
    return;

  g_clear_object (&self->handover);
  if (path != NULL)
    {
      self->handover = usher_handover_new (path);
      usher_service_tell_version (self);
      g_signal_connect_object (self->handover, "superseded", G_CALLBACK (on_superseded), self, G_CONNECT_SWAPPED);
    }
  usher_service_notify_hand_over_path (self);
}

/**
 * usher_service_get_hand_over_path: (get-property hand-over-path)
 * @self: a service
 *
 * Gets where the service hands over.
 *
 * Returns: (transfer none) (nullable): the path of a Unix socket; %NULL for none
 *
 * Since: 0.1
 */
const char *
usher_service_get_hand_over_path (UsherService *self)
{
  g_return_val_if_fail (USHER_IS_SERVICE (self), NULL);

  return self->handover != NULL ? usher_handover_get_path (self->handover) : NULL;
}

/**
 * usher_service_get_handover:
 * @self: a service
 *
 * Gets what hands over. It says who has taken over from whom, and how it went; its timeout can be set,
 * and its version is that of the service. The rest is done by the service. It is another object when the path is changed.
 *
 * Returns: (transfer none) (nullable): the hand-over; %NULL if the service has no path for it
 *
 * Since: 0.1
 */
UsherHandover *
usher_service_get_handover (UsherService *self)
{
  g_return_val_if_fail (USHER_IS_SERVICE (self), NULL);

  return self->handover;
}

gboolean
usher_service_is_superseded (UsherService *self)
{
  return self->handover != NULL && usher_handover_get_state (self->handover) == USHER_HANDOVER_SUPERSEDED;
}

void
usher_service_stop_hand_over (UsherService *self)
{
  if (self->handover != NULL)
    usher_handover_stop (self->handover);
}

void
usher_service_begin_taking (UsherService *self,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  for (guint i = 0; i < self->pools->len; i++)
    usher_handover_add_pool (self->handover, ((UsherServicePool *) self->pools->pdata[i])->pool);
  if (self->health != NULL)
    usher_handover_add_pool (self->handover, self->health->pool);

  usher_handover_take_async (self->handover, callback, user_data);
}

/* Starting the next one. */

static void
on_successor_started (GObject *source_object,
                      GAsyncResult *result,
                      gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (usher_handover_start_successor_finish (USHER_HANDOVER (source_object), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* As the kernel remembers it. (transfer full) */
static GStrv
read_own_argv (GError **error)
{
  g_autoptr (GStrvBuilder) argv = g_strv_builder_new ();
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents ("/proc/self/cmdline", &text, &length, error))
    return NULL;

  for (gsize i = 0; i < length; i += strlen (text + i) + 1)
    g_strv_builder_add (argv, text + i);
  return g_strv_builder_end (argv);
}

/**
 * usher_service_hand_over_async:
 * @self: a service that is up
 * @argv: (nullable) (array zero-terminated=1): the program to start, and its arguments; %NULL for those
 *   that this process was started with
 * @callback: (scope async): called when it has taken over, or has failed
 * @user_data: given to @callback
 *
 * Starts another process, most often a new version of this program, which takes over: what
 * [method@Usher.Service.run] does at SIGUSR2. The program is read anew from its path, which has to be
 * what it was if this one was started with a relative one. When the other is up, this one drains.
 *
 * Since: 0.1
 */
void
usher_service_hand_over_async (UsherService *self,
                               const char *const *argv,
                               GAsyncReadyCallback callback,
                               gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  g_auto (GStrv) own_argv = NULL;
  GError *error = NULL;

  g_return_if_fail (USHER_IS_SERVICE (self));
  g_return_if_fail (argv == NULL || argv[0] != NULL);
  usher_return_if_elsewhere (usher_service_get_place (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, usher_service_hand_over_async);
  if (self->handover == NULL)
    {
      g_task_return_new_error (task, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                               "service “%s” has no path to hand over at: start it with --hand-over=PATH", self->name);
      return;
    }
  if (argv == NULL)
    argv = (const char *const *) (own_argv = read_own_argv (&error));
  if (argv == NULL)
    {
      g_task_return_error (task, error);
      return;
    }

  usher_handover_start_successor_async (self->handover, argv, on_successor_started, g_steal_pointer (&task));
}

/**
 * usher_service_hand_over_finish:
 * @self: a service
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. The errors are those of [method@Usher.Handover.start_successor_finish], and
 * %USHER_ERROR_INVALID_ARGUMENT if the service has no path to hand over at.
 *
 * Returns: whether the other process serves now, and this one drains
 *
 * Since: 0.1
 */
gboolean
usher_service_hand_over_finish (UsherService *self,
                                GAsyncResult *result,
                                GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
