/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include "runtime/clock-private.h"

#define LOOK_USEC (1 * G_TIME_SPAN_SECOND)

/* Looking at the queue. Nothing of this happens while nobody listens. */

static void on_look (UsherTimer *timer);

static void
look_again (UsherListenSocket *self)
{
  usher_timer_start (&self->look_timer, self->look_reactor, usher_clock_now_usec () + LOOK_USEC, on_look);
}

static void
look (UsherListenSocket *self)
{
  UsherAcceptQueue queue = usher_accept_queue_read (self->kernel_socket.fd);
  guint n_dropped;

  if (usher_pressure_judge (&self->pressure, &queue, &n_dropped))
    usher_listen_socket_emit_pressure (self, &queue, n_dropped);
}

static void
on_look (UsherTimer *timer)
{
  UsherListenSocket *self = USHER_OWNER (UsherListenSocket, look_timer, timer);

  if (!usher_listen_socket_has_pressure_handler (self))
    {
      usher_listen_socket_stop_looking (self);
      return;
    }

  g_object_ref (self);
  look_again (self);
  look (self);
  g_object_unref (self);
}

void
usher_listen_socket_start_looking (UsherListenSocket *self)
{
  UsherAcceptQueue queue;

  if (self->kernel_socket.fd < 0 || self->pressure.watermark == 0 || self->look_reactor != NULL ||
      !usher_listen_socket_has_pressure_handler (self))
    return;

  queue = usher_accept_queue_read (self->kernel_socket.fd);
  usher_pressure_reset (&self->pressure, &queue);
  self->look_reactor = usher_reactor_ref_for_caller ();
  look_again (self);
}

void
usher_listen_socket_stop_looking (UsherListenSocket *self)
{
  usher_timer_stop (&self->look_timer);
  g_clear_pointer (&self->look_reactor, usher_reactor_unref);
}

/**
 * usher_listen_socket_set_pressure_watermark:
 * @self: a listen socket
 * @percent: how full the accept queue has to be, from 1 to 100; 0 for never
 *
 * Sets how full the accept queue has to be for [signal@Usher.ListenSocket::pressure]. The default is
 * 75.
 *
 * Since: 0.1
 */
void
usher_listen_socket_set_pressure_watermark (UsherListenSocket *self,
                                            guint percent)
{
  g_return_if_fail (USHER_IS_LISTEN_SOCKET (self));
  g_return_if_fail (percent <= 100);
  usher_return_if_elsewhere (self->life.reactor);

  if (self->pressure.watermark != percent)
    {
      self->pressure.watermark = percent;
      usher_listen_socket_notify (self, USHER_LISTEN_PROP_PRESSURE_WATERMARK);
    }

  if (percent == 0)
    usher_listen_socket_stop_looking (self);
  else
    usher_listen_socket_start_looking (self);
}

/**
 * usher_listen_socket_get_pressure_watermark:
 * @self: a listen socket
 *
 * Gets how full the accept queue has to be for [signal@Usher.ListenSocket::pressure].
 *
 * Returns: percents of its limit; 0 for never
 *
 * Since: 0.1
 */
guint
usher_listen_socket_get_pressure_watermark (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), 0);

  return self->pressure.watermark;
}

/**
 * usher_listen_socket_get_queue_depth:
 * @self: a listen socket
 *
 * Asks the kernel how many connections wait to be accepted.
 *
 * Returns: how many; -1 while there is no kernel socket, or if the kernel does not say (for a Unix
 *   socket that takes its `unix_diag` module)
 *
 * Since: 0.1
 */
int
usher_listen_socket_get_queue_depth (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), -1);

  return usher_accept_queue_read (self->kernel_socket.fd).depth;
}

/**
 * usher_listen_socket_get_queue_limit:
 * @self: a listen socket
 *
 * Asks the kernel how many connections may wait to be accepted: the backlog, or `net.core.somaxconn`
 * if that is less. A full queue can have one more.
 *
 * Returns: how many; -1 while there is no kernel socket, or if the kernel does not say (for a Unix
 *   socket that takes its `unix_diag` module)
 *
 * Since: 0.1
 */
int
usher_listen_socket_get_queue_limit (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), -1);

  return usher_accept_queue_read (self->kernel_socket.fd).limit;
}

/**
 * usher_listen_socket_get_n_dropped:
 * @self: a listen socket
 *
 * Asks the kernel how often it has dropped what a client of a TCP port sent to connect, since this
 * kernel socket was made. Most often that is because the accept queue was full; the kernel does not
 * say why. A client tries again for a while, so this counts attempts and not clients. It wraps round at
 * 2³².
 *
 * Returns: how often; -1 while there is no kernel socket, and for Unix sockets, whose clients wait or
 *   are told that the queue is full
 *
 * Since: 0.1
 */
gint64
usher_listen_socket_get_n_dropped (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), -1);

  return usher_accept_queue_read (self->kernel_socket.fd).n_dropped;
}
