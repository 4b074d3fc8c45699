/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/acceptor.h"
#include "acceptors/acceptor-private.h"

#include "usher/error.h"

/**
 * UsherAcceptor:
 *
 * The behaviour of an acceptor, after Erlang's
 * [acceptor](https://github.com/fishcakez/acceptor_pool).
 *
 * An acceptor is like a process: it is set up before it waits, it takes one connection, it owns
 * that connection until it exits, and its exit has a reason that its supervisor, the
 * [class@Usher.AcceptorPool], acts on. The object itself is what Erlang calls the state, and its
 * construct properties, or what the pool's factory gives it, are the arguments.
 *
 * # What happens when
 *
 * 1. The pool makes the object.
 * 2. [vfunc@Usher.Acceptor.acceptor_init] sets it up. It may look up what it needs, open a file,
 *    warm a cache: no client waits yet.
 * 3. The acceptor waits for its connection, for as long as `acceptor_init` said.
 * 4. [vfunc@Usher.Acceptor.acceptor_continue] serves the connection. When it returns, the
 *    connection is closed and the acceptor has exited.
 * 5. If there is no connection (the accept timed out, the listen socket went down, the pool
 *    ends), [vfunc@Usher.Acceptor.acceptor_terminate] is called instead of 4.
 *
 * # Threading
 *
 * All three functions of one acceptor run in the same thread, which is its own: blocking in it
 * delays nobody. A type that implements [iface@Usher.AsyncAcceptor] runs in the pool's context
 * instead, or in one of its [property@Usher.AcceptorPool:workers], and must not block.
 *
 * Since: 0.1
 */

G_DEFINE_INTERFACE (UsherAcceptor, usher_acceptor, G_TYPE_OBJECT)

G_DEFINE_ENUM_TYPE (UsherAcceptorInit, usher_acceptor_init,
                    G_DEFINE_ENUM_VALUE (USHER_ACCEPTOR_ERROR, "error"),
                    G_DEFINE_ENUM_VALUE (USHER_ACCEPTOR_READY, "ready"),
                    G_DEFINE_ENUM_VALUE (USHER_ACCEPTOR_IGNORE, "ignore"))

static UsherAcceptorInit
usher_acceptor_real_acceptor_init (UsherAcceptor *self,
                                   UsherListenSocket *listen_socket,
                                   int *accept_timeout_msec,
                                   GError **error)
{
  return USHER_ACCEPTOR_READY;
}

static gboolean
usher_acceptor_real_acceptor_continue (UsherAcceptor *self,
                                       UsherConnection *connection,
                                       GError **error)
{
  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "%s cannot serve a connection: implement acceptor_continue of UsherAcceptor, or "
               "UsherAsyncAcceptor",
               G_OBJECT_TYPE_NAME (self));
  return FALSE;
}

static void
usher_acceptor_real_acceptor_terminate (UsherAcceptor *self,
                                        UsherExit *reason)
{
}

static void
usher_acceptor_default_init (UsherAcceptorInterface *iface)
{
  iface->acceptor_init = usher_acceptor_real_acceptor_init;
  iface->acceptor_continue = usher_acceptor_real_acceptor_continue;
  iface->acceptor_terminate = usher_acceptor_real_acceptor_terminate;
}

gboolean
usher_acceptor_lacks_init (const UsherAcceptorInterface *iface)
{
  return iface->acceptor_init == usher_acceptor_real_acceptor_init;
}

gboolean
usher_acceptor_lacks_continue (GType type)
{
  g_autoptr (GTypeClass) klass = g_type_class_ref (type);
  const UsherAcceptorInterface *iface = g_type_interface_peek (klass, USHER_TYPE_ACCEPTOR);

  return iface->acceptor_continue == usher_acceptor_real_acceptor_continue;
}

gboolean
usher_acceptor_check_type (GType type,
                           GError **error)
{
  if (g_type_is_a (type, USHER_TYPE_ASYNC_ACCEPTOR) ? !usher_async_acceptor_lacks_continue (type)
                                                    : !usher_acceptor_lacks_continue (type))
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "%s cannot serve a connection: implement acceptor_continue of UsherAcceptor, or "
               "acceptor_continue_async of UsherAsyncAcceptor",
               g_type_name (type));
  return FALSE;
}

UsherAcceptorInit
usher_acceptor_init_by (const UsherAcceptorInterface *iface,
                        UsherAcceptor *self,
                        UsherListenSocket *listen_socket,
                        int *accept_timeout_msec,
                        GError **error)
{
  int timeout_msec = -1;
  UsherAcceptorInit answer;

  answer = iface->acceptor_init (self, listen_socket, &timeout_msec, error);
  if (answer == USHER_ACCEPTOR_READY && (timeout_msec == 0 || timeout_msec < -1))
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "The acceptor_init of %s set an accept timeout of %d ms; it has to be a positive "
                   "number of milliseconds, or -1 to wait for ever",
                   G_OBJECT_TYPE_NAME (self), timeout_msec);
      return USHER_ACCEPTOR_ERROR;
    }

  if (answer > USHER_ACCEPTOR_IGNORE)
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "The acceptor_init of %s answered %d; it has to be USHER_ACCEPTOR_READY, "
                   "USHER_ACCEPTOR_IGNORE, or USHER_ACCEPTOR_ERROR with an error",
                   G_OBJECT_TYPE_NAME (self), answer);
      return USHER_ACCEPTOR_ERROR;
    }

  if (accept_timeout_msec != NULL)
    *accept_timeout_msec = timeout_msec;
  return answer;
}

/**
 * usher_acceptor_acceptor_init:
 * @self: an acceptor
 * @listen_socket: the listen socket that the acceptor will accept from
 * @accept_timeout_msec: (out) (optional): how long the acceptor waits for its connection, in
 *   milliseconds; -1, which it is set to before the call, for ever
 * @error: return location for a #GError
 *
 * Sets the acceptor up, before it waits for its connection. Pools call this, in the acceptor's
 * own thread; it is of use to a class that extends or wraps another. Without an implementation
 * the acceptor is ready at once.
 *
 * When the time limit runs out, [method@Usher.Acceptor.acceptor_terminate] is called and the pool
 * makes another acceptor; nothing is charged to its restart budget. A limit of 0 is refused: it
 * would never let a connection through.
 *
 * An acceptor that answers %USHER_ACCEPTOR_IGNORE is replaced by another, and nothing is charged.
 * One that answers %USHER_ACCEPTOR_ERROR is replaced too, but each such failure is charged to the
 * pool's budget, unless the error says that a resource has run out
 * (%G_IO_ERROR_TOO_MANY_OPEN_FILES, or %G_THREAD_ERROR_AGAIN): then the pool waits.
 *
 * This is `acceptor_init/3` of acceptor_pool. Its third argument is the object itself.
 *
 * Returns: %USHER_ACCEPTOR_READY, %USHER_ACCEPTOR_IGNORE, or %USHER_ACCEPTOR_ERROR with @error set
 *
 * Since: 0.1
 */
UsherAcceptorInit
usher_acceptor_acceptor_init (UsherAcceptor *self,
                              UsherListenSocket *listen_socket,
                              int *accept_timeout_msec,
                              GError **error)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR (self), USHER_ACCEPTOR_ERROR);
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (listen_socket), USHER_ACCEPTOR_ERROR);

  return usher_acceptor_init_by (USHER_ACCEPTOR_GET_IFACE (self), self, listen_socket, accept_timeout_msec, error);
}

/**
 * usher_acceptor_acceptor_continue:
 * @self: an acceptor
 * @connection: the connection to serve
 * @error: return location for a #GError
 *
 * Serves a connection, in blocking code. Pools call this, in the acceptor's own thread; it is of
 * use to a class that extends or wraps another.
 *
 * How the acceptor exits follows from the answer, and from what happened to the connection:
 *
 * - true: `NORMAL`;
 * - the error that the connection's own streams returned (a reset, say): `SHUTDOWN`, because the
 *   peer's failure is not the acceptor's;
 * - %G_IO_ERROR_CANCELLED after the connection was told to leave or to exit: `SHUTDOWN`;
 * - any other error: `ERROR`. It is reported, and charged to the pool's budget when the pool's
 *   restart type is transient.
 *
 * A connection is never restarted. This is `acceptor_continue/3` of acceptor_pool.
 *
 * Returns: true if the conversation ended well, false with @error set if it failed
 *
 * Since: 0.1
 */
gboolean
usher_acceptor_acceptor_continue (UsherAcceptor *self,
                                  UsherConnection *connection,
                                  GError **error)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR (self), FALSE);
  g_return_val_if_fail (USHER_IS_CONNECTION (connection), FALSE);

  return USHER_ACCEPTOR_GET_IFACE (self)->acceptor_continue (self, connection, error);
}

/**
 * usher_acceptor_acceptor_terminate:
 * @self: an acceptor
 * @reason: why the acceptor ends
 *
 * Tells the acceptor that it ends without a connection. Pools call this, in the acceptor's own
 * thread; it is of use to a class that extends or wraps another. Without an implementation nothing
 * happens.
 *
 * The reason is `SHUTDOWN`: with %USHER_ERROR_TIMED_OUT when the accept timed out, with
 * %USHER_ERROR_CLOSED when the listen socket went down or the pool ends.
 *
 * This is `acceptor_terminate/2` of acceptor_pool.
 *
 * Since: 0.1
 */
void
usher_acceptor_acceptor_terminate (UsherAcceptor *self,
                                   UsherExit *reason)
{
  g_return_if_fail (USHER_IS_ACCEPTOR (self));
  g_return_if_fail (reason != NULL);

  USHER_ACCEPTOR_GET_IFACE (self)->acceptor_terminate (self, reason);
}
