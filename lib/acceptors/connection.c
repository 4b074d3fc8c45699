/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-parts-private.h"

#include "acceptors/connection-streams-private.h"
#include "runtime/object-private.h"
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
 * # Keeping it
 *
 * Whoever wants to know a connection after `acceptor_continue` has returned keeps a reference on it, or on one
 * of its streams, or a weak one: then it stays what it was, closed. One that nobody knows of any more is used
 * again for the next client, as if it were new: without its former signal handlers, and with other
 * cancellables if somebody keeps those. So a pointer without a reference tells nothing of
 * whose connection it is; use one of what is kept, or a number of your own, as a key.
 *
 * # TLS
 *
 * [method@Usher.Connection.start_tls] makes the streams encrypt what they carry.
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

typedef enum
{
  PROP_LISTEN_SOCKET = 1,
  PROP_READ_TIMEOUT_MSEC,
  PROP_WRITE_TIMEOUT_MSEC,
  PROP_IDLE_TIMEOUT_MSEC,
  PROP_MAX_QUEUED_BYTES,
} UsherConnectionProperty;

static GParamSpec *props[PROP_MAX_QUEUED_BYTES + 1];

void
usher_connection_notify_limit (UsherConnection *self,
                               UsherConnectionLimit limit)
{
  static const UsherConnectionProperty properties[] = {
    [USHER_CONNECTION_READ_TIMEOUT] = PROP_READ_TIMEOUT_MSEC,
    [USHER_CONNECTION_WRITE_TIMEOUT] = PROP_WRITE_TIMEOUT_MSEC,
    [USHER_CONNECTION_IDLE_TIMEOUT] = PROP_IDLE_TIMEOUT_MSEC,
    [USHER_CONNECTION_MAX_QUEUED_BYTES] = PROP_MAX_QUEUED_BYTES,
  };

  g_object_notify_by_pspec (G_OBJECT (self), props[properties[limit]]);
}

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
    case PROP_READ_TIMEOUT_MSEC:
      g_value_set_uint (value, usher_connection_get_read_timeout_msec (self));
      break;
    case PROP_WRITE_TIMEOUT_MSEC:
      g_value_set_uint (value, usher_connection_get_write_timeout_msec (self));
      break;
    case PROP_IDLE_TIMEOUT_MSEC:
      g_value_set_uint (value, usher_connection_get_idle_timeout_msec (self));
      break;
    case PROP_MAX_QUEUED_BYTES:
      g_value_set_uint64 (value, usher_connection_get_max_queued_bytes (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_connection_set_property (GObject *object,
                               guint property_id,
                               const GValue *value,
                               GParamSpec *pspec)
{
  UsherConnection *self = USHER_CONNECTION (object);

  switch ((UsherConnectionProperty) property_id)
    {
    case PROP_READ_TIMEOUT_MSEC:
      usher_connection_set_read_timeout_msec (self, g_value_get_uint (value));
      break;
    case PROP_WRITE_TIMEOUT_MSEC:
      usher_connection_set_write_timeout_msec (self, g_value_get_uint (value));
      break;
    case PROP_IDLE_TIMEOUT_MSEC:
      usher_connection_set_idle_timeout_msec (self, g_value_get_uint (value));
      break;
    case PROP_MAX_QUEUED_BYTES:
      usher_connection_set_max_queued_bytes (self, g_value_get_uint64 (value));
      break;
    case PROP_LISTEN_SOCKET:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

/* What it has of its client, and its listen socket. */
static void
connection_clear (UsherConnection *self)
{
  g_clear_object (&self->listen_socket);
  g_clear_pointer (&self->proxied, usher_proxied_free);
  g_clear_object (&self->socket);
}

static void
usher_connection_finalize (GObject *object)
{
  UsherConnection *self = USHER_CONNECTION (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  connection_clear (self);
  g_clear_pointer (&self->pool_link, usher_pool_link_unref);
  g_clear_pointer (&self->transport, usher_transport_unref);
  g_mutex_clear (&self->lock);

  G_OBJECT_CLASS (usher_connection_parent_class)->finalize (object);
}

static void
install_limits (void)
{
  /**
   * UsherConnection:read-timeout-msec:
   *
   * How long a read may wait for the peer to send something, in milliseconds; 0 is for ever. A read
   * that has waited for longer returns %G_IO_ERROR_TIMED_OUT. That is the peer's failure: an
   * acceptor that passes it on exits with `SHUTDOWN`, and is not charged.
   *
   * The default is that of the pool, [property@Usher.AcceptorPool:read-timeout-msec].
   *
   * Since: 0.1
   */
  props[PROP_READ_TIMEOUT_MSEC] =
      g_param_spec_uint ("read-timeout-msec", NULL, NULL, 0, G_MAXUINT, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherConnection:write-timeout-msec:
   *
   * How long a write may wait for the peer to take something, in milliseconds; 0 is for ever. Each
   * time that the peer takes some of it, it begins anew. A write that has waited for longer returns
   * what has gone, or %G_IO_ERROR_TIMED_OUT if that is nothing; it is the peer's failure.
   *
   * The default is that of the pool, [property@Usher.AcceptorPool:write-timeout-msec].
   *
   * Since: 0.1
   */
  props[PROP_WRITE_TIMEOUT_MSEC] =
      g_param_spec_uint ("write-timeout-msec", NULL, NULL, 0, G_MAXUINT, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherConnection:idle-timeout-msec:
   *
   * How long the peer may send nothing, in milliseconds; 0 is for ever. It counts over any number
   * of reads and writes, from the first that has to wait, and only what the peer sends ends it: an
   * acceptor that talks on to a peer that is gone does not keep the connection open. Whoever waits
   * then gets %G_IO_ERROR_TIMED_OUT, which is the peer's failure.
   *
   * The default is that of the pool, [property@Usher.AcceptorPool:idle-timeout-msec].
   *
   * Since: 0.1
   */
  props[PROP_IDLE_TIMEOUT_MSEC] =
      g_param_spec_uint ("idle-timeout-msec", NULL, NULL, 0, G_MAXUINT, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherConnection:max-queued-bytes:
   *
   * How many bytes may be queued by [method@Usher.Connection.queue_bytes]; 0 is without limit.
   *
   * The default is that of the pool, [property@Usher.AcceptorPool:max-queued-bytes].
   *
   * Since: 0.1
   */
  props[PROP_MAX_QUEUED_BYTES] =
      g_param_spec_uint64 ("max-queued-bytes", NULL, NULL, 0, G_MAXUINT64, USHER_DEFAULT_MAX_QUEUED_BYTES,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
usher_connection_class_init (UsherConnectionClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (klass);

  object_class->get_property = usher_connection_get_property;
  object_class->set_property = usher_connection_set_property;
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

  install_limits ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
usher_connection_init (UsherConnection *self)
{
  g_mutex_init (&self->lock);
}

static void
connection_begin (UsherConnection *self,
                  UsherListenSocket *listen_socket,
                  const UsherPeer *peer)
{
  self->listen_socket = g_object_ref (listen_socket);
  self->peer.any.sa_family = AF_UNIX;
  if (peer->address.ss_family != AF_UNIX)
    memcpy (&self->peer, &peer->address, MIN (peer->length, sizeof self->peer));
}

UsherConnection *
usher_connection_new (UsherReactor *reactor,
                      UsherListenSocket *listen_socket,
                      int fd,
                      const UsherPeer *peer)
{
  UsherConnection *self = g_object_new (USHER_TYPE_CONNECTION, NULL);

  self->transport = usher_transport_new (reactor, fd);
  connection_begin (self, listen_socket, peer);

  return self;
}

/* Using it again. */

static gboolean
connection_is_forgotten (UsherConnection *self)
{
  return usher_object_is_forgotten (self) && (self->input == NULL || usher_object_is_forgotten (self->input)) &&
         (self->output == NULL || usher_object_is_forgotten (self->output));
}

/* What GIO knows of it cannot be undone. */
static gboolean
connection_is_as_new (UsherConnection *self)
{
  return !g_io_stream_is_closed (G_IO_STREAM (self)) && !g_io_stream_has_pending (G_IO_STREAM (self)) &&
         (self->input == NULL ||
          (!g_input_stream_is_closed (self->input) && !g_input_stream_has_pending (self->input))) &&
         (self->output == NULL ||
          (!g_output_stream_is_closed (self->output) && !g_output_stream_has_pending (self->output)));
}

static void
connection_drop_handlers (UsherConnection *self)
{
  usher_object_drop_handlers (self);
  usher_object_drop_handlers (self->input);
  usher_object_drop_handlers (self->output);
  usher_transport_drop_handlers (self->transport);
}

gboolean
usher_connection_retire (UsherConnection *self)
{
  if (!connection_is_forgotten (self))
    return FALSE;

  /* Those whose handlers they were may know of it again. */
  connection_drop_handlers (self);
  if (!connection_is_forgotten (self) || !connection_is_as_new (self) ||
      !usher_transport_retire (self->transport, 1 + (self->input != NULL) + (self->output != NULL)))
    return FALSE;

  connection_clear (self);
  return TRUE;
}

void
usher_connection_begin_again (UsherConnection *self,
                              UsherListenSocket *listen_socket,
                              int fd,
                              const UsherPeer *peer)
{
  usher_transport_reopen (self->transport, fd);
  connection_begin (self, listen_socket, peer);
}

void
usher_connection_join (UsherConnection *self,
                       UsherPoolLink *link,
                       const UsherPeerKey *key)
{
  if (self->pool_link == NULL)
    self->pool_link = usher_pool_link_ref (link);
  self->ticket = (UsherTicket){ .is_counted = TRUE, .peer = *key };
}

UsherTicket *
usher_connection_get_ticket (UsherConnection *self)
{
  return &self->ticket;
}

void
usher_connection_add_bytes (UsherConnection *self,
                            guint64 *bytes_received,
                            guint64 *bytes_sent)
{
  *bytes_received += usher_transport_get_n_bytes (self->transport, USHER_TRANSPORT_READ);
  *bytes_sent += usher_transport_get_n_bytes (self->transport, USHER_TRANSPORT_WRITE);
}

gboolean
usher_connection_has_received (UsherConnection *self)
{
  return usher_transport_get_n_bytes (self->transport, USHER_TRANSPORT_READ) > 0;
}

void
usher_connection_set_drain_idle_reads (UsherConnection *self,
                                       gboolean drain_idle_reads)
{
  usher_transport_set_drain_idle_reads (self->transport, drain_idle_reads);
}

void
usher_connection_enter_fiber (UsherConnection *self,
                              UsherFiber *fiber)
{
  usher_transport_enter_fiber (self->transport, fiber);
}

void
usher_connection_leave_fiber (UsherConnection *self)
{
  usher_transport_leave_fiber (self->transport);
}

void
usher_connection_close (UsherConnection *self)
{
  usher_transport_close (self->transport);
  usher_connection_close_socket (self);
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
