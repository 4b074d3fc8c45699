/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include <sys/socket.h>

#include "usher/error.h"

/**
 * UsherListenSocket:
 *
 * Where connections come from: one socket of the kernel that listens on one address.
 *
 * The address is a string:
 *
 * - `tcp://192.0.2.1:7000`, `tcp://[2001:db8::1]:7000`, `tcp://[fe80::1%eth0]:7000`;
 *   `tcp://[::]:7000` takes IPv4 clients as well, see [property@Usher.ListenSocket:v6only]. Port 0
 *   lets the kernel choose; [property@Usher.ListenSocket:local-address] says which one it was. Names
 *   are looked up by [func@Usher.listen_sockets_new_for_address] only.
 * - `unix:/run/example.sock`; and `unix-abstract:example`, an abstract name of Linux, which has no
 *   file, and to which every process of the network namespace may connect.
 * - `fd:3`, a descriptor that this process was started with; `systemd:example.socket`, a socket that
 *   systemd has passed, by its `FileDescriptorName=`.
 *
 * A listen socket can also be made for a [class@Gio.SocketAddress], and of a [class@Gio.Socket] that
 * has been configured.
 *
 * # Up and down
 *
 * A listen socket is *up* or *down*. It is opened by [method@Usher.ListenSocket.open], or started
 * by the [class@Usher.Supervisor] that it is a child of. When it goes down, that has a cause:
 *
 * - It is *closed on purpose*, by a final stop, [method@Usher.ListenSocket.close], or the drop of
 *   the last reference. Acceptor pools then tell the connections that came through it to leave.
 * - It *failed*: it is restarted by its supervisor, it was killed, or it cannot be accepted from
 *   any more. Its connections stay.
 *
 * With [property@Usher.ListenSocket:keep-open] the kernel socket goes on listening while its
 * supervisor restarts it: clients wait in the queue instead of being refused.
 *
 * # Sockets that were made elsewhere
 *
 * A socket that is inherited, passed by systemd or made of a [class@Gio.Socket] has to be a TCP or
 * Unix stream socket. It is checked, made non-blocking, and not inherited by the programs that this
 * process executes. No two listen sockets can have the same one.
 *
 * It is shared with whoever else has it. So it is always kept open over restarts, its path is never
 * unlinked, and closing it closes this process's descriptor: who connects then waits for somebody
 * else to accept, or is refused if there is nobody else. After that it cannot be opened again.
 *
 * One that was handed over ([class@Usher.Handover]) is such a socket until the hand-over is complete, and
 * then as if this process had made it, if the one before it has.
 *
 * # Signals
 *
 * When it goes down, the state changes first, then [signal@Usher.ListenSocket::down] is emitted,
 * and only then is the kernel socket closed, see below. Handlers may do anything; if one of them opens the
 * socket again, or closes it, those behind it are called later than it happened, and ask
 * [method@Usher.ListenSocket.is_up].
 *
 * # Who is in the queue when it is closed
 *
 * The kernel resets the connections that nobody has accepted when their listen socket is closed. So
 * if it is closed on purpose, and nobody else has it, its pools first take them out of the queue, and
 * serve them within their limits and their grace, see [class@Usher.AcceptorPool].
 *
 * Nobody is lost at a Unix socket: the queue is shut before it is emptied, and who comes later is
 * refused. A TCP socket goes on listening until it is closed, so the handshake of a client that
 * connects in that very moment may be half done, and is reset. Only another holder of the socket or a
 * load balancer can keep that from happening.
 *
 * # As a child
 *
 * A start opens it. It exits with `SHUTDOWN` when it is shut down, or is closed by
 * [method@Usher.ListenSocket.close] (%USHER_ERROR_CLOSED); with `KILLED` when it is killed; and
 * with `ERROR` when it cannot be accepted from any more.
 *
 * # Unix sockets
 *
 * Whoever binds the path owns it and removes it at the close, if it is still the same file. A path
 * that a dead process left behind is reclaimed; one that somebody listens on, and what is no
 * socket, is left alone. This happens under a lock (flock()) on the directory, which has to be
 * readable.
 *
 * [property@Usher.ListenSocket:unix-mode], [property@Usher.ListenSocket:unix-user] and
 * [property@Usher.ListenSocket:unix-group] say who may connect. They are set before the socket
 * listens, so that nobody else can connect at any time.
 *
 * # Socket options
 *
 * The properties from [property@Usher.ListenSocket:nodelay] to
 * [property@Usher.ListenSocket:receive-buffer-size] are options of the kernel socket, which its
 * connections inherit. They are read when it is opened: a change has effect at the next open. Those
 * that have no meaning for an address are ignored. On a socket that was made elsewhere, those that
 * are not set leave it as it is, and [property@Usher.ListenSocket:reuse-port] and
 * [property@Usher.ListenSocket:v6only] come too late. For every other option make a
 * [class@Gio.Socket], and a listen socket of it.
 *
 * # Behind a proxy
 *
 * A load balancer hides the clients: every connection comes from its own address. Most of them can say
 * whose it really is, with a header before all else (the PROXY protocol, version 1 or 2). If
 * [property@Usher.ListenSocket:proxy-protocol] is not off, that is read before the acceptor gets the
 * connection, whose addresses are then those of the header;
 * [method@Usher.Connection.dup_transport_peer_address] still says who has connected.
 *
 * Whoever may send a header can claim any address. So only the networks of
 * [property@Usher.ListenSocket:proxy-trusted] may; there is no default, and without them the socket
 * does not open. Whoever can connect to a Unix socket is trusted.
 *
 * While the header has not come, the connection counts as one that is served, and has an acceptor; a
 * peer that is silent keeps nobody else from being accepted. A connection without the header that it
 * has to have, or with a broken one, ends as the peer's error: its acceptor terminates with that
 * reason, and nothing is charged.
 *
 * # Threading
 *
 * A listen socket belongs to one main context: all functions are called there, unless they say
 * otherwise, the last reference is dropped there, and all signals are emitted there. What would change
 * a child of a running supervisor, and is called while another thread iterates the context, does nothing
 * but say so, as a programmer's error.
 *
 * Since: 0.1
 */

enum
{
  SIGNAL_UP,
  SIGNAL_DOWN,
  SIGNAL_PRESSURE,
  N_SIGNALS,
};

static guint signals[N_SIGNALS];

G_DEFINE_ENUM_TYPE (UsherDownCause, usher_down_cause,
                    G_DEFINE_ENUM_VALUE (USHER_DOWN_CLOSED, "closed"),
                    G_DEFINE_ENUM_VALUE (USHER_DOWN_FAILED, "failed"))

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherListenSocket, usher_listen_socket, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_CHILD, usher_listen_socket_child_iface_init))

#define EDGE(to) (1u << (to))

static const guint edges[] = {
  [USHER_LISTEN_SOCKET_CLOSED] = EDGE (USHER_LISTEN_SOCKET_UP),
  [USHER_LISTEN_SOCKET_UP] = EDGE (USHER_LISTEN_SOCKET_PARKED) | EDGE (USHER_LISTEN_SOCKET_CLOSING) | EDGE (USHER_LISTEN_SOCKET_FAILING),
  [USHER_LISTEN_SOCKET_PARKED] = EDGE (USHER_LISTEN_SOCKET_UP) | EDGE (USHER_LISTEN_SOCKET_CLOSING),
  [USHER_LISTEN_SOCKET_CLOSING] = EDGE (USHER_LISTEN_SOCKET_UP) | EDGE (USHER_LISTEN_SOCKET_EMPTYING) |
                                  EDGE (USHER_LISTEN_SOCKET_CLOSED),
  [USHER_LISTEN_SOCKET_EMPTYING] = EDGE (USHER_LISTEN_SOCKET_CLOSED),
  [USHER_LISTEN_SOCKET_FAILING] = EDGE (USHER_LISTEN_SOCKET_CLOSED),
};

static const char *const nicks[] = {
  [USHER_LISTEN_SOCKET_CLOSED] = "closed",
  [USHER_LISTEN_SOCKET_UP] = "up",
  [USHER_LISTEN_SOCKET_PARKED] = "parked",
  [USHER_LISTEN_SOCKET_CLOSING] = "closing",
  [USHER_LISTEN_SOCKET_EMPTYING] = "emptying",
  [USHER_LISTEN_SOCKET_FAILING] = "failing",
};

/* Notifications are frozen around this, so that nobody sees half a change. */
static void
listen_socket_set_state (UsherListenSocket *self,
                         UsherListenSocketState state)
{
  gboolean was_up = self->state == USHER_LISTEN_SOCKET_UP;

  g_assert (edges[self->state] & EDGE (state));

  g_debug ("listen socket %s: %s → %s", self->address, nicks[self->state], nicks[state]);
  self->state = state;
  if (was_up != (state == USHER_LISTEN_SOCKET_UP))
    usher_listen_socket_notify (self, USHER_LISTEN_PROP_IS_UP);
}

static void
listen_socket_begin_change (UsherListenSocket *self)
{
  g_object_ref (self);
  g_object_freeze_notify (G_OBJECT (self));
}

static void
listen_socket_end_change (UsherListenSocket *self)
{
  g_object_thaw_notify (G_OBJECT (self));
  g_object_unref (self);
}

static void
listen_socket_go_up (UsherListenSocket *self)
{
  listen_socket_begin_change (self);
  if (self->state == USHER_LISTEN_SOCKET_CLOSED)
    usher_listen_socket_notify (self, USHER_LISTEN_PROP_LOCAL_ADDRESS);
  listen_socket_set_state (self, USHER_LISTEN_SOCKET_UP);
  usher_listen_socket_start_looking (self);
  g_signal_emit (self, signals[SIGNAL_UP], 0);
  listen_socket_end_change (self);
}

static void
listen_socket_close_kernel_socket (UsherListenSocket *self)
{
  usher_listen_socket_stop_looking (self);
  usher_kernel_socket_close (&self->kernel_socket);
  listen_socket_set_state (self, USHER_LISTEN_SOCKET_CLOSED);
  usher_listen_socket_notify (self, USHER_LISTEN_PROP_LOCAL_ADDRESS);
}

/* Whoever still waits to be accepted has been promised nothing yet, but the kernel would reset the
 * connection. */
static void
listen_socket_make_last_calls (UsherListenSocket *self)
{
  listen_socket_set_state (self, USHER_LISTEN_SOCKET_EMPTYING);
  if (usher_listen_socket_is_exclusive (self))
    usher_kernel_socket_refuse_more (&self->kernel_socket);
  for (guint n_left = self->last_calls.length; n_left > 0 && self->last_calls.length > 0; n_left--)
    {
      UsherLastCall *call = self->last_calls.head->data;

      g_queue_push_tail_link (&self->last_calls, g_queue_pop_head_link (&self->last_calls));
      call->func (call);
    }
}

/* Handlers of `down` may have opened it again. */
void
usher_listen_socket_go_down (UsherListenSocket *self,
                             UsherListenSocketState state,
                             UsherDownCause cause,
                             const GError *error)
{
  if (!(edges[self->state] & EDGE (state)))
    return;

  listen_socket_begin_change (self);
  listen_socket_set_state (self, state);
  g_signal_emit (self, signals[SIGNAL_DOWN], 0, cause, error);
  if (self->state == USHER_LISTEN_SOCKET_CLOSING && cause == USHER_DOWN_CLOSED)
    listen_socket_make_last_calls (self);
  if (self->state == USHER_LISTEN_SOCKET_CLOSING || self->state == USHER_LISTEN_SOCKET_EMPTYING ||
      self->state == USHER_LISTEN_SOCKET_FAILING)
    listen_socket_close_kernel_socket (self);
  listen_socket_end_change (self);
}

static UsherExit *
listen_socket_make_closed_exit (UsherListenSocket *self)
{
  g_autoptr (GError) error = g_error_new (USHER_ERROR, USHER_ERROR_CLOSED, "The listen socket %s was closed",
                                          self->address);

  return usher_exit_new_shutdown_with_error (error);
}

/* An object that was made without an address has one that opening it complains about. */
static void
usher_listen_socket_constructed (GObject *object)
{
  UsherListenSocket *self = USHER_LISTEN_SOCKET (object);

  if (self->address == NULL)
    self->address = g_strdup ("");

  G_OBJECT_CLASS (usher_listen_socket_parent_class)->constructed (object);
}

static void
usher_listen_socket_dispose (GObject *object)
{
  UsherListenSocket *self = USHER_LISTEN_SOCKET (object);
  g_autoptr (UsherExit) exit = listen_socket_make_closed_exit (self);

  usher_listen_socket_go_down (self, USHER_LISTEN_SOCKET_CLOSING, USHER_DOWN_CLOSED, NULL);
  usher_life_end_now (&self->life, exit);

  G_OBJECT_CLASS (usher_listen_socket_parent_class)->dispose (object);
}

static void
usher_listen_socket_finalize (GObject *object)
{
  UsherListenSocket *self = USHER_LISTEN_SOCKET (object);

  usher_kernel_socket_clear (&self->kernel_socket);
  usher_listen_socket_clear_proxy (self);
  g_free (self->address);

  G_OBJECT_CLASS (usher_listen_socket_parent_class)->finalize (object);
}

static void
usher_listen_socket_class_init_signals (GObjectClass *object_class)
{
  /**
   * UsherListenSocket::up:
   * @self: the listen socket
   *
   * Emitted when it has gone up.
   *
   * Since: 0.1
   */
  signals[SIGNAL_UP] =
      g_signal_new ("up", G_TYPE_FROM_CLASS (object_class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 0);

  /**
   * UsherListenSocket::down:
   * @self: the listen socket
   * @cause: why
   * @error: (nullable): what is wrong with it, if it cannot be accepted from any more
   *
   * Emitted when it has gone down, before the kernel socket is closed. It is emitted once more, with
   * %USHER_DOWN_CLOSED, if its supervisor does not restart a socket that was kept open, but closes
   * it for good.
   *
   * Since: 0.1
   */
  signals[SIGNAL_DOWN] =
      g_signal_new ("down", G_TYPE_FROM_CLASS (object_class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, USHER_TYPE_DOWN_CAUSE, G_TYPE_ERROR);

  /**
   * UsherListenSocket::pressure:
   * @self: the listen socket
   * @depth: how many connections wait to be accepted
   * @limit: how many may wait
   * @n_dropped: how often the kernel has dropped what clients sent to connect, since the last look,
   *   see [method@Usher.ListenSocket.get_n_dropped]
   *
   * Emitted when connections come faster than they are accepted: when the accept queue has reached
   * [property@Usher.ListenSocket:pressure-watermark], for the first time since it was below half of
   * it, and whenever something was dropped.
   *
   * The kernel tells nobody by itself, so the queue is looked at once a second; what comes and goes
   * in between is not seen, except for drops. It is looked at only if this signal has a handler when
   * the listen socket goes up, or when the watermark is set.
   *
   * Since: 0.1
   */
  signals[SIGNAL_PRESSURE] =
      g_signal_new ("pressure", G_TYPE_FROM_CLASS (object_class), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 3, G_TYPE_INT, G_TYPE_INT, G_TYPE_UINT);
}

gboolean
usher_listen_socket_has_pressure_handler (UsherListenSocket *self)
{
  return g_signal_has_handler_pending (self, signals[SIGNAL_PRESSURE], 0, TRUE);
}

void
usher_listen_socket_emit_pressure (UsherListenSocket *self,
                                   const UsherAcceptQueue *queue,
                                   guint n_dropped)
{
  g_signal_emit (self, signals[SIGNAL_PRESSURE], 0, queue->depth, queue->limit, n_dropped);
}

static void
usher_listen_socket_class_init (UsherListenSocketClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = usher_listen_socket_constructed;
  object_class->dispose = usher_listen_socket_dispose;
  object_class->finalize = usher_listen_socket_finalize;

  usher_listen_socket_install_properties (object_class);
  usher_listen_socket_class_init_signals (object_class);
}

static void
usher_listen_socket_init (UsherListenSocket *self)
{
  self->backlog = SOMAXCONN;
  self->pressure.watermark = USHER_DEFAULT_WATERMARK;
  self->proxy_timeout_msec = USHER_DEFAULT_PROXY_TIMEOUT_MSEC;
  self->kernel_socket = (UsherKernelSocket) USHER_KERNEL_SOCKET_INIT;
}

/**
 * usher_listen_socket_get_address:
 * @self: a listen socket
 *
 * Gets the address as it was given. Any thread may call this.
 *
 * Returns: (transfer none): the address
 *
 * Since: 0.1
 */
const char *
usher_listen_socket_get_address (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), NULL);

  return self->address;
}

/**
 * usher_listen_socket_dup_local_address:
 * @self: a listen socket
 *
 * Gets the address that the kernel socket is bound to, in the same form: with the port that the
 * kernel chose, if the address asks for that. An interface is given by its index.
 *
 * Returns: (transfer full) (nullable): the address; %NULL while there is no kernel socket
 *
 * Since: 0.1
 */
char *
usher_listen_socket_dup_local_address (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), NULL);

  return g_strdup (self->kernel_socket.local_address);
}

static gboolean
listen_socket_open_kernel_socket (UsherListenSocket *self,
                                  GError **error)
{
  if (!usher_kernel_socket_open (&self->kernel_socket, self->address, self->backlog, error))
    return FALSE;
  if (usher_listen_socket_apply_proxy_policy (self, error))
    return TRUE;

  usher_kernel_socket_undo_open (&self->kernel_socket);
  return FALSE;
}

/**
 * usher_listen_socket_open:
 * @self: a listen socket
 * @error: return location for a #GError
 *
 * Makes it go up, for those who use it without a supervisor. Does nothing if it is up.
 *
 * It waits for the lock on the directory of a Unix socket, which others hold only for moments.
 *
 * The errors name the address and say what to do. They are %USHER_ERROR_INVALID_ADDRESS;
 * %USHER_ERROR_INVALID_ARGUMENT if an inherited socket is none that can be accepted from, or the
 * user or group of a Unix socket's path does not exist, or nobody is trusted to send PROXY headers, and
 * %USHER_ERROR_CLOSED if one that was made elsewhere was closed before; and those
 * of %G_IO_ERROR that stand for what the kernel says: %G_IO_ERROR_ADDRESS_IN_USE,
 * %G_IO_ERROR_PERMISSION_DENIED, %G_IO_ERROR_TOO_MANY_OPEN_FILES, %G_IO_ERROR_NOT_FOUND (also
 * if systemd has passed no such socket),
 * %G_IO_ERROR_EXISTS (the path of a Unix socket is something else) and others; and
 * %G_IO_ERROR_BUSY in a handler of [signal@Usher.ListenSocket::down], if it cannot be accepted from
 * any more, and in an acceptor that ends because it is being closed.
 *
 * Returns: whether it is up, else @error is set
 *
 * Since: 0.1
 */
gboolean
usher_listen_socket_open (UsherListenSocket *self,
                          GError **error)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  usher_return_val_if_elsewhere (self->life.reactor, FALSE);

  if (self->state == USHER_LISTEN_SOCKET_UP)
    return TRUE;
  if (self->state == USHER_LISTEN_SOCKET_EMPTYING || self->state == USHER_LISTEN_SOCKET_FAILING)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   "Cannot listen on “%s”: its socket is being closed; open it when that is done, from the main loop",
                   self->address);
      return FALSE;
    }
  if (self->state == USHER_LISTEN_SOCKET_CLOSED &&
      !listen_socket_open_kernel_socket (self, error))
    return FALSE;

  listen_socket_go_up (self);
  return TRUE;
}

/**
 * usher_listen_socket_close:
 * @self: a listen socket
 *
 * Closes it on purpose: acceptor pools tell the connections that came through it to leave. A
 * started child exits with `SHUTDOWN` and %USHER_ERROR_CLOSED. Does nothing if it is closed.
 *
 * Since: 0.1
 */
void
usher_listen_socket_close (UsherListenSocket *self)
{
  g_autoptr (UsherExit) exit = NULL;

  g_return_if_fail (USHER_IS_LISTEN_SOCKET (self));
  usher_return_if_elsewhere (self->life.reactor);

  exit = listen_socket_make_closed_exit (self);
  usher_life_end (&self->life, exit);
  usher_listen_socket_go_down (self, USHER_LISTEN_SOCKET_CLOSING, USHER_DOWN_CLOSED, NULL);
}

/**
 * usher_listen_socket_is_up:
 * @self: a listen socket
 *
 * Gets whether connections may be accepted from it.
 *
 * Returns: whether it is up
 *
 * Since: 0.1
 */
gboolean
usher_listen_socket_is_up (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), FALSE);

  return self->state == USHER_LISTEN_SOCKET_UP;
}

gboolean
usher_listen_socket_is_kept_open (UsherListenSocket *self)
{
  return self->keep_open || self->kernel_socket.is_given;
}

int
usher_listen_socket_get_fd (UsherListenSocket *self)
{
  return self->kernel_socket.fd;
}

UsherKernelSocket *
usher_listen_socket_get_kernel_socket (UsherListenSocket *self)
{
  return &self->kernel_socket;
}

gboolean
usher_listen_socket_is_exclusive (UsherListenSocket *self)
{
  return usher_kernel_socket_is_exclusive (&self->kernel_socket);
}

void
usher_listen_socket_add_last_call (UsherListenSocket *self,
                                   UsherLastCall *call)
{
  call->link.data = call;
  g_queue_push_tail_link (&self->last_calls, &call->link);
}

void
usher_listen_socket_remove_last_call (UsherListenSocket *self,
                                      UsherLastCall *call)
{
  g_queue_unlink (&self->last_calls, &call->link);
}

void
usher_listen_socket_fail (UsherListenSocket *self,
                          const GError *error)
{
  g_autoptr (UsherExit) exit = usher_exit_new_error (error);

  usher_life_end (&self->life, exit);
  usher_listen_socket_go_down (self, USHER_LISTEN_SOCKET_FAILING, USHER_DOWN_FAILED, error);
}
