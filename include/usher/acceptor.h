/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/connection.h>
#include <usher/exit.h>
#include <usher/listen-socket.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherAcceptorInit:
 * @USHER_ACCEPTOR_ERROR: the acceptor could not be set up; the error says why
 * @USHER_ACCEPTOR_READY: the acceptor waits for its connection
 * @USHER_ACCEPTOR_IGNORE: the acceptor has nothing to do; the pool makes another
 *
 * The answer of [vfunc@Usher.Acceptor.acceptor_init].
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_ACCEPTOR_ERROR = 0,
  USHER_ACCEPTOR_READY,
  USHER_ACCEPTOR_IGNORE,
} UsherAcceptorInit;

#define USHER_TYPE_ACCEPTOR_INIT (usher_acceptor_init_get_type ())
#define USHER_TYPE_ACCEPTOR (usher_acceptor_get_type ())

USHER_AVAILABLE_IN_0_1
G_DECLARE_INTERFACE (UsherAcceptor, usher_acceptor, USHER, ACCEPTOR, GObject)

/**
 * UsherAcceptorInterface:
 * @g_iface: the parent interface
 * @acceptor_init: (nullable): sets the acceptor up, before it waits for its connection
 * @acceptor_continue: serves the connection, in blocking code; when it returns, the connection
 *   is closed
 * @acceptor_terminate: (nullable): called when the acceptor ends without a connection
 *
 * The virtual functions of an acceptor, after Erlang's `acceptor` behaviour.
 *
 * Since: 0.1
 */
struct _UsherAcceptorInterface
{
  GTypeInterface g_iface;

  UsherAcceptorInit (*acceptor_init) (UsherAcceptor *self,
                                      UsherListenSocket *listen_socket,
                                      int *accept_timeout_msec,
                                      GError **error);
  gboolean (*acceptor_continue) (UsherAcceptor *self,
                                 UsherConnection *connection,
                                 GError **error);
  void (*acceptor_terminate) (UsherAcceptor *self,
                              UsherExit *reason);
};

USHER_AVAILABLE_IN_0_1
GType usher_acceptor_init_get_type (void);
USHER_AVAILABLE_IN_0_1
UsherAcceptorInit usher_acceptor_acceptor_init (UsherAcceptor *self,
                                                UsherListenSocket *listen_socket,
                                                int *accept_timeout_msec,
                                                GError **error);
USHER_AVAILABLE_IN_0_1
gboolean usher_acceptor_acceptor_continue (UsherAcceptor *self,
                                           UsherConnection *connection,
                                           GError **error);
USHER_AVAILABLE_IN_0_1
void usher_acceptor_acceptor_terminate (UsherAcceptor *self,
                                        UsherExit *reason);

G_END_DECLS
