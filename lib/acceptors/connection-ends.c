/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-parts-private.h"

#include "supervision/exit-private.h"
#include "usher/error.h"

void
usher_connection_drain (UsherConnection *self)
{
  usher_transport_drain (self->transport);
}

void
usher_connection_stop (UsherConnection *self)
{
  usher_transport_exit (self->transport);
}

void
usher_connection_kill (UsherConnection *self)
{
  usher_connection_stop (self);
  usher_transport_shut (self->transport);
}

/* What it was made to exit for. So few are that it is among the data of the object; one that has any is not used
 * again. */
static G_DEFINE_QUARK (usher_connection_exit_reason, exit_reason);

static UsherExit *
ref_exit_reason (UsherExit *reason,
                 gpointer unused)
{
  return reason != NULL ? usher_exit_ref (reason) : NULL;
}

static UsherExit *
connection_ref_exit_reason (UsherConnection *self)
{
  if (!usher_transport_is_exiting (self->transport))
    return NULL;

  return g_object_dup_qdata (G_OBJECT (self), exit_reason_quark (), (GDuplicateFunc) ref_exit_reason, NULL);
}

/* The first one counts. */
static void
connection_set_exit_reason (UsherConnection *self,
                            UsherExit *reason)
{
  g_autoptr (UsherExit) set = usher_exit_ref (reason);

  if (g_object_replace_qdata (G_OBJECT (self), exit_reason_quark (), NULL, set, (GDestroyNotify) usher_exit_unref, NULL))
    g_steal_pointer (&set);
}

UsherExit *
usher_connection_explain (UsherConnection *self,
                          gboolean succeeded,
                          GError *error)
{
  g_autoptr (GError) owned = error;
  UsherExit *exit_reason;

  if (succeeded)
    return usher_exit_new_normal ();

  exit_reason = connection_ref_exit_reason (self);
  if (exit_reason != NULL)
    return exit_reason;

  if (error == NULL)
    return usher_exit_new_take (USHER_EXIT_ERROR,
                                g_error_new_literal (USHER_ERROR, USHER_ERROR_FAILED,
                                                     "The acceptor failed without saying why: acceptor_continue "
                                                     "returned FALSE and set no error"));

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      (usher_transport_is_exiting (self->transport) || usher_transport_is_draining (self->transport)))
    return usher_exit_new_shutdown ();

  return usher_exit_new_take (usher_transport_is_own_error (self->transport, error) ? USHER_EXIT_SHUTDOWN : USHER_EXIT_ERROR,
                              g_steal_pointer (&owned));
}

/**
 * usher_connection_exit:
 * @self: a connection
 * @reason: what the acceptor shall exit with
 *
 * Makes the acceptor of the connection exit, whatever it is doing: its exit cancellable is
 * cancelled and all I/O of the connection returns %G_IO_ERROR_CANCELLED, so that its code unwinds.
 * With the reason `KILLED` the peer is cut off as well. Any thread may call this.
 *
 * The acceptor exits with the first @reason that it was given, unless it answers that all went
 * well. `NORMAL` is ignored. This is Erlang's `exit/2`.
 *
 * Since: 0.1
 */
void
usher_connection_exit (UsherConnection *self,
                       UsherExit *reason)
{
  UsherExitKind kind;

  g_return_if_fail (USHER_IS_CONNECTION (self));
  g_return_if_fail (reason != NULL);

  kind = usher_exit_get_kind (reason);
  if (kind == USHER_EXIT_NORMAL)
    return;

  connection_set_exit_reason (self, reason);
  if (kind == USHER_EXIT_KILLED)
    usher_connection_kill (self);
  else
    usher_connection_stop (self);
}

/**
 * usher_connection_shutdown:
 * @self: a connection
 * @shutdown_read: whether nothing more is to be read
 * @shutdown_write: whether nothing more is to be written
 * @error: return location for a #GError
 *
 * Closes one half of the connection, or both, while the connection stays. After the half for
 * writing, the peer reads an end-of-file behind all that was written and queued before; writes
 * fail with %G_IO_ERROR_CLOSED from then on. After the half for reading, reads return end-of-file.
 * Any thread may call this.
 *
 * Errors are of %G_IO_ERROR: %G_IO_ERROR_CLOSED if the connection is closed, or what the kernel
 * says.
 *
 * Returns: true on success, false with @error set
 *
 * Since: 0.1
 */
gboolean
usher_connection_shutdown (UsherConnection *self,
                           gboolean shutdown_read,
                           gboolean shutdown_write,
                           GError **error)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), FALSE);

  return usher_transport_shutdown (self->transport, shutdown_read, shutdown_write, error);
}

typedef struct
{
  UsherMessage message;
  UsherConnection *connection; /* (owned) */
  UsherConnectionFunc func;
  gpointer user_data;
  GDestroyNotify destroy; /* (nullable) */
} Invocation;

/* Called in the connection's context. */
static void
on_invocation (UsherMessage *message)
{
  Invocation *self = USHER_OWNER (Invocation, message, message);

  self->func (self->connection, self->user_data);
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_object_unref (self->connection);
  g_free (self);
}

/**
 * usher_connection_invoke:
 * @self: a connection
 * @func: (scope notified) (closure user_data) (destroy destroy): the function to call
 * @user_data: data for @func
 * @destroy: (nullable): frees @user_data
 *
 * Calls a function in the context that the connection belongs to, which is where an acceptor that
 * runs on the loop does everything. It is called once, soon, never before this has returned, and
 * in the order of the invocations; also if the connection is closed by then. It must not block.
 * Any thread may call this.
 *
 * An acceptor that blocks has a thread of its own, and @func runs beside it.
 *
 * Since: 0.1
 */
void
usher_connection_invoke (UsherConnection *self,
                         UsherConnectionFunc func,
                         gpointer user_data,
                         GDestroyNotify destroy)
{
  Invocation *invocation;

  g_return_if_fail (USHER_IS_CONNECTION (self));
  g_return_if_fail (func != NULL);

  invocation = g_new0 (Invocation, 1);
  *invocation = (Invocation){
    .connection = g_object_ref (self),
    .func = func,
    .user_data = user_data,
    .destroy = destroy,
  };
  usher_reactor_post (usher_transport_get_reactor (self->transport), &invocation->message, on_invocation);
}

/**
 * usher_connection_get_exit_cancellable:
 * @self: a connection
 *
 * Gets a cancellable that is cancelled when the pool wants the acceptor of this connection to be
 * gone. All I/O of the connection observes it without being given it; use it for everything else
 * that the acceptor waits for. It is made when it is first asked for, and is cancelled in the
 * context of the pool. Any thread may call this.
 *
 * Returns: (transfer none): the cancellable
 *
 * Since: 0.1
 */
GCancellable *
usher_connection_get_exit_cancellable (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  return usher_transport_get_exit_cancellable (self->transport);
}

/**
 * usher_connection_get_drain_cancellable:
 * @self: a connection
 *
 * Gets a cancellable that is cancelled when the connection is told to leave. Use it for "wait for
 * the next request", so that idle connections end at once and requests in flight are finished. It
 * is made when it is first asked for, and is cancelled in the context of the pool.
 * Any thread may call this.
 *
 * Returns: (transfer none): the cancellable
 *
 * Since: 0.1
 */
GCancellable *
usher_connection_get_drain_cancellable (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  return usher_transport_get_drain_cancellable (self->transport);
}

/**
 * usher_connection_is_draining:
 * @self: a connection
 *
 * Gets whether the connection has been told to leave. Any thread may call this.
 *
 * Returns: whether the connection is draining
 *
 * Since: 0.1
 */
gboolean
usher_connection_is_draining (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), FALSE);

  return usher_transport_is_draining (self->transport);
}

/* Being served. */

void
usher_connection_expect (UsherConnection *self,
                         UsherCompleteFunc func,
                         gpointer user_data)
{
  self->complete = func;
  self->complete_data = user_data;
}

static void
usher_connection_complete_here (UsherConnection *self,
                                gpointer error)
{
  UsherCompleteFunc complete = g_steal_pointer (&self->complete);
  gboolean is_expected_to_complete = complete != NULL;

  g_return_if_fail (is_expected_to_complete);

  complete (self->complete_data, error);
}

static void
connection_complete (UsherConnection *self,
                     GError *error)
{
  if (usher_reactor_is_current (usher_transport_get_reactor (self->transport)))
    usher_connection_complete_here (self, error);
  else
    usher_connection_invoke (self, usher_connection_complete_here, error, NULL);
}

/**
 * usher_connection_complete:
 * @self: a connection that an `UsherAsyncHandler` was given
 *
 * Says that a function on the loop has served the connection, and that the conversation ended well. The
 * connection is closed then; without a reference of your own it must not be used afterwards. This, or
 * [method@Usher.Connection.fail], has to be called exactly once, when your own operations have ended; also
 * if the acceptor was told to exit.
 *
 * Any thread may call this. In the connection's context it has effect before it returns.
 *
 * Since: 0.1
 */
void
usher_connection_complete (UsherConnection *self)
{
  g_return_if_fail (USHER_IS_CONNECTION (self));

  connection_complete (self, NULL);
}

/**
 * usher_connection_fail:
 * @self: a connection that an `UsherAsyncHandler` was given
 * @error: (transfer full): why
 *
 * Says that a function on the loop failed to serve the connection; it is closed then, as it is by
 * [method@Usher.Connection.complete]. What its streams returned can be given as it is: that the peer went
 * away, or that the acceptor was told to exit, is not taken for the function's failure.
 *
 * Any thread may call this. In the connection's context it has effect before it returns.
 *
 * Since: 0.1
 */
void
usher_connection_fail (UsherConnection *self,
                       GError *error)
{
  g_return_if_fail (USHER_IS_CONNECTION (self));
  g_return_if_fail (error != NULL);

  connection_complete (self, error);
}
