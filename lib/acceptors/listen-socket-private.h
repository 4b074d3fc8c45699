/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/accept-queue-private.h"
#include "acceptors/kernel-socket-private.h"
#include "acceptors/proxy-policy-private.h"
#include "runtime/reactor-private.h"
#include "supervision/life-private.h"
#include "usher/child.h"
#include "usher/listen-socket.h"

G_BEGIN_DECLS

#define USHER_DEFAULT_WATERMARK 75
#define USHER_DEFAULT_PROXY_TIMEOUT_MSEC 5000

/*   CLOSED ──> UP                        opened
 *   UP ──> PARKED ──> UP                 restarted, with keep-open
 *   UP or PARKED ──> CLOSING ──> EMPTYING ──> CLOSED
 *                                        closed on purpose; or up again, if a handler of `down` opens it
 *   UP or PARKED ──> CLOSING ──> CLOSED  closed to be opened anew
 *   UP ──> FAILING ──> CLOSED            of no use any more */
typedef enum
{
  USHER_LISTEN_SOCKET_CLOSED,
  USHER_LISTEN_SOCKET_UP,
  USHER_LISTEN_SOCKET_PARKED,   /* down, but the kernel socket goes on listening */
  USHER_LISTEN_SOCKET_CLOSING,  /* down, and closed as soon as everybody knows */
  USHER_LISTEN_SOCKET_EMPTYING, /* everybody knows, and takes what is in the queue */
  USHER_LISTEN_SOCKET_FAILING,  /* as CLOSING, and the kernel socket is of no use any more */
} UsherListenSocketState;

/* The options of the kernel socket come last. */
typedef enum
{
  USHER_LISTEN_PROP_ADDRESS = 1,
  USHER_LISTEN_PROP_LOCAL_ADDRESS,
  USHER_LISTEN_PROP_BACKLOG,
  USHER_LISTEN_PROP_KEEP_OPEN,
  USHER_LISTEN_PROP_IS_UP,
  USHER_LISTEN_PROP_UNIX_MODE,
  USHER_LISTEN_PROP_UNIX_USER,
  USHER_LISTEN_PROP_UNIX_GROUP,
  USHER_LISTEN_PROP_QUEUE_DEPTH,
  USHER_LISTEN_PROP_QUEUE_LIMIT,
  USHER_LISTEN_PROP_N_DROPPED,
  USHER_LISTEN_PROP_PRESSURE_WATERMARK,
  USHER_LISTEN_PROP_PROXY_PROTOCOL,
  USHER_LISTEN_PROP_PROXY_TRUSTED,
  USHER_LISTEN_PROP_PROXY_TIMEOUT_MSEC,
  USHER_LISTEN_PROP_FIRST_OPTION,
} UsherListenSocketProperty;

/* Who accepts from a listen socket is asked once more before it is closed for good, to take what is
 * in its queue. */
typedef struct _UsherLastCall UsherLastCall;

typedef void (*UsherLastCallFunc) (UsherLastCall *call);

struct _UsherLastCall
{
  UsherLastCallFunc func;
  GList link;
};

struct _UsherListenSocket
{
  GObject parent_instance;

  char *address; /* (owned) */
  int backlog;
  gboolean keep_open;

  UsherListenSocketState state;
  UsherKernelSocket kernel_socket;
  GQueue last_calls; /* (element-type UsherLastCall) (unowned) */
  UsherLife life;

  UsherProxyProtocol proxy_protocol;
  char **proxy_trusted; /* (owned) (nullable) */
  guint proxy_timeout_msec;
  UsherProxyPolicy *proxy_policy; /* (owned) (nullable): made of these at the open; does not change while it is up */

  UsherPressure pressure;
  UsherTimer look_timer;
  UsherReactor *look_reactor; /* (owned) (nullable): NULL while the queue is not looked at */
};

/* -1 if the kernel socket is closed. It belongs to the listen socket. In a handler of `down` this
 * is still the one that was accepted from. */
int usher_listen_socket_get_fd (UsherListenSocket *self);

/* For who passes it on, or was passed it. */
UsherKernelSocket *usher_listen_socket_get_kernel_socket (UsherListenSocket *self);

/* Whether nobody else has the kernel socket. Only while there is one. */
gboolean usher_listen_socket_is_exclusive (UsherListenSocket *self);

/* `call` is called after the handlers of `down`, before the kernel socket is closed on purpose. */
void usher_listen_socket_add_last_call (UsherListenSocket *self,
                                        UsherLastCall *call);
void usher_listen_socket_remove_last_call (UsherListenSocket *self,
                                           UsherLastCall *call);

/* The kernel socket cannot be accepted from any more: closes it, and exits with the error. Does
 * nothing if the listen socket is not up. */
void usher_listen_socket_fail (UsherListenSocket *self,
                               const GError *error);

/* PARKED, CLOSING or FAILING. Does nothing if that is no way to go from here. `error` is (nullable). */
void usher_listen_socket_go_down (UsherListenSocket *self,
                                  UsherListenSocketState state,
                                  UsherDownCause cause,
                                  const GError *error);

/* Any thread, while it is up. NULL if its connections have no PROXY headers. */
UsherProxyPolicy *usher_listen_socket_get_proxy_policy (UsherListenSocket *self);
gboolean usher_listen_socket_apply_proxy_policy (UsherListenSocket *self,
                                                 GError **error);
void usher_listen_socket_clear_proxy (UsherListenSocket *self);

/* While there is a kernel socket and somebody listens, its queue is looked at once a second. */
void usher_listen_socket_start_looking (UsherListenSocket *self);
void usher_listen_socket_stop_looking (UsherListenSocket *self);
gboolean usher_listen_socket_has_pressure_handler (UsherListenSocket *self);
void usher_listen_socket_emit_pressure (UsherListenSocket *self,
                                        const UsherAcceptQueue *queue,
                                        guint n_dropped);

void usher_listen_socket_install_properties (GObjectClass *object_class);
void usher_listen_socket_notify (UsherListenSocket *self,
                                 UsherListenSocketProperty property);

/* Whether the kernel socket goes on listening when it is stopped to be started again. */
gboolean usher_listen_socket_is_kept_open (UsherListenSocket *self);

void usher_listen_socket_child_iface_init (UsherChildInterface *iface);

G_END_DECLS
