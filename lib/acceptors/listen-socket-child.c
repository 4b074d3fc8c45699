/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include "supervision/child-private.h"

static void
usher_listen_socket_start_async (UsherChild *child,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data)
{
  UsherListenSocket *self = USHER_LISTEN_SOCKET (child);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, usher_listen_socket_start_async);
  /* Once it is open it has started, and has an exit to tell of. */
  g_task_set_check_cancellable (task, FALSE);

  if (g_task_return_error_if_cancelled (task))
    return;

  usher_life_begin (&self->life, task);
  if (usher_listen_socket_open (self, &error))
    {
      g_task_return_int (task, USHER_START_STARTED);
      return;
    }

  usher_life_forget (&self->life);
  g_task_return_error (task, g_steal_pointer (&error));
}

static UsherStartResult
usher_listen_socket_start_finish (UsherChild *child,
                                  GAsyncResult *result,
                                  GError **error)
{
  return usher_child_propagate_start (result, error);
}

static void
usher_listen_socket_shutdown (UsherChild *child,
                              UsherStop why)
{
  UsherListenSocket *self = USHER_LISTEN_SOCKET (child);
  g_autoptr (UsherExit) exit = usher_exit_new_shutdown ();

  if (usher_reactor_is_elsewhere (self->life.reactor, "usher_child_shutdown"))
    return;

  usher_life_end (&self->life, exit);
  if (why == USHER_STOP_FINAL)
    usher_listen_socket_go_down (self, USHER_LISTEN_SOCKET_CLOSING, USHER_DOWN_CLOSED, NULL);
  else
    usher_listen_socket_go_down (self, usher_listen_socket_is_kept_open (self) ? USHER_LISTEN_SOCKET_PARKED : USHER_LISTEN_SOCKET_CLOSING,
                                 USHER_DOWN_FAILED, NULL);
}

static void
usher_listen_socket_kill (UsherChild *child)
{
  UsherListenSocket *self = USHER_LISTEN_SOCKET (child);
  g_autoptr (UsherExit) exit = usher_exit_new_killed ();

  if (usher_reactor_is_elsewhere (self->life.reactor, "usher_child_kill"))
    return;

  usher_life_end (&self->life, exit);
  usher_listen_socket_go_down (self, self->kernel_socket.is_given ? USHER_LISTEN_SOCKET_PARKED : USHER_LISTEN_SOCKET_CLOSING,
                               USHER_DOWN_FAILED, NULL);
}

void
usher_listen_socket_child_iface_init (UsherChildInterface *iface)
{
  iface->start_async = usher_listen_socket_start_async;
  iface->start_finish = usher_listen_socket_start_finish;
  iface->shutdown = usher_listen_socket_shutdown;
  iface->kill = usher_listen_socket_kill;
}
