/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include <sys/socket.h>

#include "acceptors/listen-address-private.h"
#include "usher/error.h"

/**
 * UsherListenSocket:
 *
 * Where connections come from: one socket of the kernel that listens on one address.
 *
 * The address is a string: `tcp://192.0.2.1:7000`, `tcp://[::]:7000` (which takes IPv4 clients as
 * well), `tcp://[fe80::1%eth0]:7000` or `unix:/run/example.sock`. Addresses are numeric, names are
 * not looked up. Port 0 lets the kernel choose; [property@Usher.ListenSocket:local-address] says
 * which one it was.
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
 * # Signals
 *
 * When it goes down, the state changes first, then [signal@Usher.ListenSocket::down] is emitted,
 * and only then is the kernel socket closed. Handlers may do anything; if one of them opens the
 * socket again, or closes it, those behind it are called later than it happened, and ask
 * [method@Usher.ListenSocket.is_up].
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
 * # Socket options
 *
 * The properties from [property@Usher.ListenSocket:nodelay] to
 * [property@Usher.ListenSocket:receive-buffer-size] are options of the kernel socket, which its
 * connections inherit. They are read when it is opened: a change has effect at the next open. Those
 * that have no meaning for an address are ignored.
 *
 * # Threading
 *
 * A listen socket belongs to one main context: all functions are called there, unless they say
 * otherwise, the last reference is dropped there, and all signals are emitted there.
 *
 * Since: 0.1
 */

typedef enum
{
  PROP_ADDRESS = 1,
  PROP_LOCAL_ADDRESS,
  PROP_BACKLOG,
  PROP_KEEP_OPEN,
  PROP_IS_UP,
  PROP_FIRST_OPTION,
} UsherListenSocketProperty;

static GParamSpec *props[PROP_FIRST_OPTION + USHER_N_SOCKET_OPTIONS];

enum
{
  SIGNAL_UP,
  SIGNAL_DOWN,
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
  [USHER_LISTEN_SOCKET_CLOSING] = EDGE (USHER_LISTEN_SOCKET_UP) | EDGE (USHER_LISTEN_SOCKET_CLOSED),
  [USHER_LISTEN_SOCKET_FAILING] = EDGE (USHER_LISTEN_SOCKET_CLOSED),
};

static const char *const nicks[] = {
  [USHER_LISTEN_SOCKET_CLOSED] = "closed",
  [USHER_LISTEN_SOCKET_UP] = "up",
  [USHER_LISTEN_SOCKET_PARKED] = "parked",
  [USHER_LISTEN_SOCKET_CLOSING] = "closing",
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
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_IS_UP]);
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
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOCAL_ADDRESS]);
  listen_socket_set_state (self, USHER_LISTEN_SOCKET_UP);
  g_signal_emit (self, signals[SIGNAL_UP], 0);
  listen_socket_end_change (self);
}

static void
listen_socket_close_kernel_socket (UsherListenSocket *self)
{
  usher_kernel_socket_close (&self->kernel_socket);
  listen_socket_set_state (self, USHER_LISTEN_SOCKET_CLOSED);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LOCAL_ADDRESS]);
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
  if (self->state == USHER_LISTEN_SOCKET_CLOSING || self->state == USHER_LISTEN_SOCKET_FAILING)
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

static void
listen_socket_set_option (UsherListenSocket *self,
                          guint property_id,
                          const GValue *value)
{
  if (usher_socket_options_set_value (&self->kernel_socket.options, property_id - PROP_FIRST_OPTION, value))
    g_object_notify_by_pspec (G_OBJECT (self), props[property_id]);
}

static void
usher_listen_socket_set_property (GObject *object,
                                  guint property_id,
                                  const GValue *value,
                                  GParamSpec *pspec)
{
  UsherListenSocket *self = USHER_LISTEN_SOCKET (object);

  switch ((UsherListenSocketProperty) property_id)
    {
    case PROP_ADDRESS:
      self->address = g_value_dup_string (value);
      break;
    case PROP_BACKLOG:
      usher_listen_socket_set_backlog (self, g_value_get_int (value));
      break;
    case PROP_KEEP_OPEN:
      usher_listen_socket_set_keep_open (self, g_value_get_boolean (value));
      break;
    case PROP_LOCAL_ADDRESS:
    case PROP_IS_UP:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      break;
    case PROP_FIRST_OPTION:
    default:
      listen_socket_set_option (self, property_id, value);
    }
}

static void
usher_listen_socket_get_property (GObject *object,
                                  guint property_id,
                                  GValue *value,
                                  GParamSpec *pspec)
{
  UsherListenSocket *self = USHER_LISTEN_SOCKET (object);

  switch ((UsherListenSocketProperty) property_id)
    {
    case PROP_ADDRESS:
      g_value_set_string (value, self->address);
      break;
    case PROP_LOCAL_ADDRESS:
      g_value_set_string (value, self->kernel_socket.local_address);
      break;
    case PROP_BACKLOG:
      g_value_set_int (value, self->backlog);
      break;
    case PROP_KEEP_OPEN:
      g_value_set_boolean (value, self->keep_open);
      break;
    case PROP_IS_UP:
      g_value_set_boolean (value, usher_listen_socket_is_up (self));
      break;
    case PROP_FIRST_OPTION:
    default:
      usher_socket_options_get_value (&self->kernel_socket.options, property_id - PROP_FIRST_OPTION, value);
    }
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

  usher_kernel_socket_close (&self->kernel_socket);
  g_free (self->address);

  G_OBJECT_CLASS (usher_listen_socket_parent_class)->finalize (object);
}

static void
usher_listen_socket_class_init_properties (GObjectClass *object_class)
{
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags read_write = read_only | G_PARAM_WRITABLE;

  /**
   * UsherListenSocket:address:
   *
   * The address to listen on. It is read when the socket is opened.
   *
   * Since: 0.1
   */
  props[PROP_ADDRESS] =
      g_param_spec_string ("address", NULL, NULL, NULL, read_write | G_PARAM_CONSTRUCT_ONLY);

  /**
   * UsherListenSocket:local-address:
   *
   * The address that the kernel socket is bound to, with the port that it really has; %NULL while
   * there is no kernel socket.
   *
   * Since: 0.1
   */
  props[PROP_LOCAL_ADDRESS] =
      g_param_spec_string ("local-address", NULL, NULL, NULL, read_only);

  /**
   * UsherListenSocket:backlog:
   *
   * How many connections may wait in the kernel to be accepted. The kernel takes no more than
   * `net.core.somaxconn`.
   *
   * Since: 0.1
   */
  props[PROP_BACKLOG] =
      g_param_spec_int ("backlog", NULL, NULL, 1, G_MAXINT, SOMAXCONN, read_write);

  /**
   * UsherListenSocket:keep-open:
   *
   * Whether the kernel socket goes on listening while its supervisor restarts this child. Clients
   * that come meanwhile wait instead of being refused.
   *
   * Since: 0.1
   */
  props[PROP_KEEP_OPEN] =
      g_param_spec_boolean ("keep-open", NULL, NULL, FALSE, read_write);

  /**
   * UsherListenSocket:is-up: (getter is_up)
   *
   * Whether connections may be accepted from it.
   *
   * Since: 0.1
   */
  props[PROP_IS_UP] =
      g_param_spec_boolean ("is-up", NULL, NULL, FALSE, read_only);

  for (UsherSocketOption i = 0; i < USHER_N_SOCKET_OPTIONS; i++)
    props[PROP_FIRST_OPTION + i] = usher_socket_option_make_pspec (i, read_write);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
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
}

static void
usher_listen_socket_class_init (UsherListenSocketClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->set_property = usher_listen_socket_set_property;
  object_class->get_property = usher_listen_socket_get_property;
  object_class->constructed = usher_listen_socket_constructed;
  object_class->dispose = usher_listen_socket_dispose;
  object_class->finalize = usher_listen_socket_finalize;

  usher_listen_socket_class_init_properties (object_class);
  usher_listen_socket_class_init_signals (object_class);
}

static void
usher_listen_socket_init (UsherListenSocket *self)
{
  self->backlog = SOMAXCONN;
  self->kernel_socket = (UsherKernelSocket) USHER_KERNEL_SOCKET_INIT;
}

/**
 * usher_listen_socket_new_for_address:
 * @address: the address to listen on
 * @error: return location for a #GError
 *
 * Makes a listen socket. Nothing is opened yet. Any thread may call this.
 *
 * The error is %USHER_ERROR_INVALID_ADDRESS; its message says what to write instead.
 *
 * Returns: (transfer full): the listen socket, or %NULL with @error set
 *
 * Since: 0.1
 */
UsherListenSocket *
usher_listen_socket_new_for_address (const char *address,
                                     GError **error)
{
  g_autoptr (GSocketAddress) parsed = NULL;

  g_return_val_if_fail (address != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  parsed = usher_listen_address_parse (address, error);
  if (parsed == NULL)
    return NULL;

  return g_object_new (USHER_TYPE_LISTEN_SOCKET, "address", address, NULL);
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

static void
listen_socket_apply_backlog (UsherListenSocket *self)
{
  int errsv = usher_kernel_socket_set_backlog (&self->kernel_socket, self->backlog);

  if (errsv != 0)
    g_debug ("listen socket %s: cannot change the backlog: %s", self->address, g_strerror (errsv));
}

/**
 * usher_listen_socket_set_backlog:
 * @self: a listen socket
 * @backlog: how many connections may wait to be accepted, at least 1
 *
 * Sets how many connections may wait in the kernel to be accepted. It has effect at once. The
 * kernel takes no more than `net.core.somaxconn`.
 *
 * Since: 0.1
 */
void
usher_listen_socket_set_backlog (UsherListenSocket *self,
                                 int backlog)
{
  g_return_if_fail (USHER_IS_LISTEN_SOCKET (self));
  g_return_if_fail (backlog > 0);

  if (self->backlog == backlog)
    return;

  self->backlog = backlog;
  if (self->state == USHER_LISTEN_SOCKET_UP || self->state == USHER_LISTEN_SOCKET_PARKED)
    listen_socket_apply_backlog (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_BACKLOG]);
}

/**
 * usher_listen_socket_get_backlog:
 * @self: a listen socket
 *
 * Gets how many connections may wait in the kernel to be accepted.
 *
 * Returns: the backlog
 *
 * Since: 0.1
 */
int
usher_listen_socket_get_backlog (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), 0);

  return self->backlog;
}

/**
 * usher_listen_socket_set_keep_open:
 * @self: a listen socket
 * @keep_open: whether the kernel socket goes on listening
 *
 * Sets whether the kernel socket goes on listening while its supervisor restarts this child. It
 * counts when the child is shut down for the restart.
 *
 * Since: 0.1
 */
void
usher_listen_socket_set_keep_open (UsherListenSocket *self,
                                   gboolean keep_open)
{
  g_return_if_fail (USHER_IS_LISTEN_SOCKET (self));

  keep_open = !!keep_open;
  if (self->keep_open == keep_open)
    return;

  self->keep_open = keep_open;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_KEEP_OPEN]);
}

/**
 * usher_listen_socket_get_keep_open:
 * @self: a listen socket
 *
 * Gets whether the kernel socket goes on listening while its supervisor restarts this child.
 *
 * Returns: whether it is kept open
 *
 * Since: 0.1
 */
gboolean
usher_listen_socket_get_keep_open (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), FALSE);

  return self->keep_open;
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
 * The errors name the address and say what to do. They are %USHER_ERROR_INVALID_ADDRESS, and those
 * of %G_IO_ERROR that stand for what the kernel says: %G_IO_ERROR_ADDRESS_IN_USE,
 * %G_IO_ERROR_PERMISSION_DENIED, %G_IO_ERROR_TOO_MANY_OPEN_FILES, %G_IO_ERROR_NOT_FOUND,
 * %G_IO_ERROR_EXISTS (the path of a Unix socket is something else) and others; and
 * %G_IO_ERROR_BUSY in a handler of [signal@Usher.ListenSocket::down], if it cannot be accepted from
 * any more.
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

  if (self->state == USHER_LISTEN_SOCKET_UP)
    return TRUE;
  if (self->state == USHER_LISTEN_SOCKET_FAILING)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   "Cannot listen on “%s”: its broken socket is being closed; open it when the handlers of “down” have returned",
                   self->address);
      return FALSE;
    }
  if (self->state == USHER_LISTEN_SOCKET_CLOSED &&
      !usher_kernel_socket_open (&self->kernel_socket, self->address, self->backlog, error))
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

int
usher_listen_socket_get_fd (UsherListenSocket *self)
{
  return self->kernel_socket.fd;
}

void
usher_listen_socket_fail (UsherListenSocket *self,
                          const GError *error)
{
  g_autoptr (UsherExit) exit = usher_exit_new_error (error);

  usher_life_end (&self->life, exit);
  usher_listen_socket_go_down (self, USHER_LISTEN_SOCKET_FAILING, USHER_DOWN_FAILED, error);
}
