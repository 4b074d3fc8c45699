/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/accept-queue-private.h"
#include "acceptors/kernel-socket-private.h"
#include "runtime/reactor-private.h"
#include "supervision/life-private.h"
#include "usher/child.h"
#include "usher/listen-socket.h"

G_BEGIN_DECLS

#define USHER_DEFAULT_WATERMARK 75

/*   CLOSED ──> UP                        opened
 *   UP ──> PARKED ──> UP                 restarted, with keep-open
 *   UP or PARKED ──> CLOSING ──> CLOSED  closed; or up again, if a handler of `down` opens it
 *   UP ──> FAILING ──> CLOSED            of no use any more */
typedef enum
{
  USHER_LISTEN_SOCKET_CLOSED,
  USHER_LISTEN_SOCKET_UP,
  USHER_LISTEN_SOCKET_PARKED,  /* down, but the kernel socket goes on listening */
  USHER_LISTEN_SOCKET_CLOSING, /* down, and closed as soon as everybody knows */
  USHER_LISTEN_SOCKET_FAILING, /* the same, and the kernel socket is of no use any more */
} UsherListenSocketState;

struct _UsherListenSocket
{
  GObject parent_instance;

  char *address; /* (owned) */
  int backlog;
  gboolean keep_open;

  UsherListenSocketState state;
  UsherKernelSocket kernel_socket;
  UsherLife life;

  UsherPressure pressure;
  UsherTimer look_timer;
  UsherReactor *look_reactor; /* (owned) (nullable): NULL while the queue is not looked at */
};

/* -1 if the kernel socket is closed. It belongs to the listen socket. In a handler of `down` this
 * is still the one that was accepted from. */
int usher_listen_socket_get_fd (UsherListenSocket *self);

/* The kernel socket cannot be accepted from any more: closes it, and exits with the error. Does
 * nothing if the listen socket is not up. */
void usher_listen_socket_fail (UsherListenSocket *self,
                               const GError *error);

/* PARKED, CLOSING or FAILING. Does nothing if that is no way to go from here. `error` is (nullable). */
void usher_listen_socket_go_down (UsherListenSocket *self,
                                  UsherListenSocketState state,
                                  UsherDownCause cause,
                                  const GError *error);

/* While there is a kernel socket and somebody listens, its queue is looked at once a second. */
void usher_listen_socket_start_looking (UsherListenSocket *self);
void usher_listen_socket_stop_looking (UsherListenSocket *self);
gboolean usher_listen_socket_has_pressure_handler (UsherListenSocket *self);
void usher_listen_socket_emit_pressure (UsherListenSocket *self,
                                        const UsherAcceptQueue *queue,
                                        guint n_dropped);

void usher_listen_socket_install_properties (GObjectClass *object_class);
void usher_listen_socket_notify_is_up (UsherListenSocket *self);
void usher_listen_socket_notify_local_address (UsherListenSocket *self);
void usher_listen_socket_notify_pressure_watermark (UsherListenSocket *self);

/* Whether the kernel socket goes on listening when it is stopped to be started again. */
gboolean usher_listen_socket_is_kept_open (UsherListenSocket *self);

void usher_listen_socket_child_iface_init (UsherChildInterface *iface);

G_END_DECLS
