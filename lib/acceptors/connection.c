/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-private.h"

#include <errno.h>
#include <netinet/in.h>

#include "acceptors/connection-streams-private.h"
#include "acceptors/listen-address-private.h"
#include "acceptors/transport-private.h"
#include "usher/acceptor-pool.h"
#include "usher/error.h"

/**
 * UsherConnection:
 *
 * An accepted socket, and the [class@Gio.IOStream] over it that an acceptor serves.
 *
 * A connection is made by an acceptor pool, given to the acceptor's `acceptor_continue`, and
 * closed when that has returned.
 *
 * # Being asked to leave
 *
 * A pool that goes down first *tells* its connections that it is draining, and gives them its
 * grace period. Then it wants them to *exit*: from then on all I/O of the connection returns
 * %G_IO_ERROR_CANCELLED, so that the acceptor's code unwinds.
 *
 * Give the *drain* cancellable to the read that waits for the next request, and an idle client can
 * be said goodbye to at once, while a request that has begun is still finished:
 *
 * ```c
 * n = g_input_stream_read (in, buffer, sizeof buffer,
 *                          usher_connection_get_drain_cancellable (connection), &error);
 * ```
 *
 * # Threading
 *
 * The streams may be used from any thread, by one thread at a time in each direction. Blocking
 * calls wait in the calling thread. Asynchronous calls wait in the context of the connection's
 * pool, and call back in the thread-default context of the caller. Whoever waits when the connection
 * is closed gets %G_IO_ERROR_CLOSED.
 *
 * Since: 0.1
 */

struct _UsherConnection
{
  GIOStream parent_instance;

  UsherTransport *transport;        /* (owned) */
  UsherListenSocket *listen_socket; /* (owned) */
  UsherPoolLink *pool_link;         /* (owned) (nullable) */
  UsherTicket ticket;
  GInputStream *input;   /* (owned) (nullable): made when asked for */
  GOutputStream *output; /* (owned) (nullable): made when asked for */
  union
  {
    struct sockaddr any;
    struct sockaddr_in ipv4;
    struct sockaddr_in6 ipv6;
  } peer; /* family AF_UNIX says that the kernel has to be asked */
};

typedef enum
{
  PROP_LISTEN_SOCKET = 1,
} UsherConnectionProperty;

static GParamSpec *props[PROP_LISTEN_SOCKET + 1];

G_DEFINE_FINAL_TYPE (UsherConnection, usher_connection, G_TYPE_IO_STREAM)

static GInputStream *
usher_connection_get_input_stream (GIOStream *stream)
{
  UsherConnection *self = USHER_CONNECTION (stream);

  if (self->input == NULL)
    self->input = usher_connection_input_new (self->transport);
  return self->input;
}

static GOutputStream *
usher_connection_get_output_stream (GIOStream *stream)
{
  UsherConnection *self = USHER_CONNECTION (stream);

  if (self->output == NULL)
    self->output = usher_connection_output_new (self->transport);
  return self->output;
}

static gboolean
usher_connection_close_fn (GIOStream *stream,
                           GCancellable *cancellable,
                           GError **error)
{
  UsherConnection *self = USHER_CONNECTION (stream);

  if (self->output != NULL)
    g_output_stream_close (self->output, cancellable, NULL);
  if (self->input != NULL)
    g_input_stream_close (self->input, cancellable, NULL);
  usher_connection_close (self);

  return TRUE;
}

static void
usher_connection_close_async (GIOStream *stream,
                              int io_priority,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, usher_connection_close_async);
  g_task_set_priority (task, io_priority);
  usher_connection_close_fn (stream, cancellable, NULL);
  g_task_return_boolean (task, TRUE);
}

static gboolean
usher_connection_close_finish (GIOStream *stream,
                               GAsyncResult *result,
                               GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
usher_connection_get_property (GObject *object,
                               guint property_id,
                               GValue *value,
                               GParamSpec *pspec)
{
  UsherConnection *self = USHER_CONNECTION (object);

  switch ((UsherConnectionProperty) property_id)
    {
    case PROP_LISTEN_SOCKET:
      g_value_set_object (value, self->listen_socket);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_connection_finalize (GObject *object)
{
  UsherConnection *self = USHER_CONNECTION (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_object (&self->listen_socket);
  g_clear_pointer (&self->pool_link, usher_pool_link_unref);
  g_clear_pointer (&self->transport, usher_transport_unref);

  G_OBJECT_CLASS (usher_connection_parent_class)->finalize (object);
}

static void
usher_connection_class_init (UsherConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->get_property = usher_connection_get_property;
  object_class->finalize = usher_connection_finalize;
  stream_class->get_input_stream = usher_connection_get_input_stream;
  stream_class->get_output_stream = usher_connection_get_output_stream;
  stream_class->close_fn = usher_connection_close_fn;
  stream_class->close_async = usher_connection_close_async;
  stream_class->close_finish = usher_connection_close_finish;

  /**
   * UsherConnection:listen-socket:
   *
   * The listen socket that the connection came through.
   *
   * Since: 0.1
   */
  props[PROP_LISTEN_SOCKET] =
      g_param_spec_object ("listen-socket", NULL, NULL, USHER_TYPE_LISTEN_SOCKET,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
usher_connection_init (UsherConnection *self)
{
}

UsherConnection *
usher_connection_new (UsherReactor *reactor,
                      UsherListenSocket *listen_socket,
                      int fd,
                      const UsherPeer *peer)
{
  UsherConnection *self = g_object_new (USHER_TYPE_CONNECTION, NULL);

  self->transport = usher_transport_new (reactor, fd);
  self->listen_socket = g_object_ref (listen_socket);
  self->peer.any.sa_family = AF_UNIX;
  if (peer->address.ss_family != AF_UNIX)
    memcpy (&self->peer, &peer->address, MIN (peer->length, sizeof self->peer));

  return self;
}

void
usher_connection_join (UsherConnection *self,
                       UsherPoolLink *link,
                       const UsherPeerKey *key)
{
  self->pool_link = usher_pool_link_ref (link);
  self->ticket = (UsherTicket){ .is_counted = TRUE, .peer = *key };
}

UsherTicket *
usher_connection_get_ticket (UsherConnection *self)
{
  return &self->ticket;
}

void
usher_connection_set_drain_idle_reads (UsherConnection *self,
                                       gboolean drain_idle_reads)
{
  usher_transport_set_drain_idle_reads (self->transport, drain_idle_reads);
}

void
usher_connection_drain (UsherConnection *self)
{
  usher_transport_drain (self->transport);
}

void
usher_connection_exit (UsherConnection *self)
{
  usher_transport_exit (self->transport);
}

void
usher_connection_kill (UsherConnection *self)
{
  usher_connection_exit (self);
  usher_transport_shut (self->transport);
}

void
usher_connection_close (UsherConnection *self)
{
  usher_transport_close (self->transport);
}

UsherExit *
usher_connection_explain (UsherConnection *self,
                          gboolean succeeded,
                          const GError *error)
{
  g_autoptr (GError) no_error = NULL;

  if (succeeded)
    return usher_exit_new_normal ();

  if (error == NULL)
    {
      no_error = g_error_new_literal (USHER_ERROR, USHER_ERROR_FAILED,
                                      "The acceptor failed without saying why: acceptor_continue "
                                      "returned FALSE and set no error");
      return usher_exit_new_error (no_error);
    }

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
      (usher_transport_is_exiting (self->transport) || usher_transport_is_draining (self->transport)))
    return usher_exit_new_shutdown ();

  if (usher_transport_is_own_error (self->transport, error))
    return usher_exit_new_shutdown_with_error (error);

  return usher_exit_new_error (error);
}

/**
 * usher_connection_get_listen_socket:
 * @self: a connection
 *
 * Gets the listen socket that the connection came through. Any thread may call this.
 *
 * Returns: (transfer none): the listen socket
 *
 * Since: 0.1
 */
UsherListenSocket *
usher_connection_get_listen_socket (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  return self->listen_socket;
}

/**
 * usher_connection_dup_pool:
 * @self: a connection
 *
 * Gets the pool that the connection belongs to, so that what serves it can reach it. Any thread may
 * call this; what may be done with the pool there is said with its functions.
 *
 * Returns: (transfer full) (nullable): the pool; %NULL if it is gone
 *
 * Since: 0.1
 */
UsherAcceptorPool *
usher_connection_dup_pool (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  return self->pool_link != NULL ? usher_pool_link_dup_pool (self->pool_link) : NULL;
}

static GSocketAddress *
connection_ask_kernel (UsherConnection *self,
                       int (*ask) (int, struct sockaddr *, socklen_t *),
                       GError **error)
{
  struct sockaddr_storage address;
  socklen_t length = sizeof address;

  if (ask (usher_transport_get_fd (self->transport), (struct sockaddr *) &address, &length) == 0)
    return g_socket_address_new_from_native (&address, length);

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
               "Cannot read the address of the connection: %s", g_strerror (errno));
  return NULL;
}

/**
 * usher_connection_dup_peer_address:
 * @self: a connection
 *
 * Gets the peer's address, as it was when the connection was accepted. For a Unix socket this is
 * most often an anonymous address. Any thread may call this.
 *
 * Returns: (transfer full) (nullable): the peer's address; %NULL for a Unix socket whose
 *   connection is closed
 *
 * Since: 0.1
 */
GSocketAddress *
usher_connection_dup_peer_address (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  if (self->peer.any.sa_family == AF_UNIX)
    return connection_ask_kernel (self, getpeername, NULL);

  return g_socket_address_new_from_native (&self->peer, sizeof self->peer);
}

/**
 * usher_connection_dup_peer_name:
 * @self: a connection
 *
 * Gets the peer's address as people write it, `192.0.2.7:5123` or `[2001:db8::7]:5123`. The peer
 * of a Unix socket has no name of its own, so it gets that of the listen socket.
 * Any thread may call this.
 *
 * Returns: (transfer full): the peer's name
 *
 * Since: 0.1
 */
char *
usher_connection_dup_peer_name (UsherConnection *self)
{
  g_autoptr (GSocketAddress) address = NULL;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  if (self->peer.any.sa_family == AF_UNIX)
    return g_strdup (usher_listen_socket_get_address (self->listen_socket));

  address = usher_connection_dup_peer_address (self);
  return usher_listen_address_format_peer (address);
}

/**
 * usher_connection_dup_local_address:
 * @self: a connection
 * @error: return location for a #GError
 *
 * Gets the address that the peer connected to. On a listen socket that is bound to any address,
 * this tells which one it was. It is a system call. Any thread may call this.
 *
 * Errors are of %G_IO_ERROR: %G_IO_ERROR_INVALID_ARGUMENT or %G_IO_ERROR_FAILED if the connection
 * is closed.
 *
 * Returns: (transfer full): the local address, or %NULL with @error set
 *
 * Since: 0.1
 */
GSocketAddress *
usher_connection_dup_local_address (UsherConnection *self,
                                    GError **error)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  return connection_ask_kernel (self, getsockname, error);
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
