/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include <sys/socket.h>

static GParamSpec *props[USHER_LISTEN_PROP_FIRST_OPTION + USHER_N_SOCKET_OPTIONS];

static void
listen_socket_set_option (UsherListenSocket *self,
                          guint property_id,
                          const GValue *value)
{
  if (usher_socket_options_set_value (&self->kernel_socket.options, property_id - USHER_LISTEN_PROP_FIRST_OPTION, value))
    g_object_notify_by_pspec (G_OBJECT (self), props[property_id]);
}

static void
listen_socket_set_unix_mode (UsherListenSocket *self,
                             int mode)
{
  if (self->kernel_socket.access.mode == mode)
    return;

  self->kernel_socket.access.mode = mode;
  g_object_notify_by_pspec (G_OBJECT (self), props[USHER_LISTEN_PROP_UNIX_MODE]);
}

/* Nobody has the name that is empty. */
static void
listen_socket_set_account (UsherListenSocket *self,
                           char **account,
                           const char *name,
                           UsherListenSocketProperty property)
{
  if (name != NULL && name[0] == '\0')
    name = NULL;
  if (g_strcmp0 (*account, name) == 0)
    return;

  g_free (*account);
  *account = g_strdup (name);
  g_object_notify_by_pspec (G_OBJECT (self), props[property]);
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
    case USHER_LISTEN_PROP_ADDRESS:
      self->address = g_value_dup_string (value);
      break;
    case USHER_LISTEN_PROP_BACKLOG:
      usher_listen_socket_set_backlog (self, g_value_get_int (value));
      break;
    case USHER_LISTEN_PROP_KEEP_OPEN:
      usher_listen_socket_set_keep_open (self, g_value_get_boolean (value));
      break;
    case USHER_LISTEN_PROP_UNIX_MODE:
      listen_socket_set_unix_mode (self, g_value_get_int (value));
      break;
    case USHER_LISTEN_PROP_UNIX_USER:
      listen_socket_set_account (self, &self->kernel_socket.access.user, g_value_get_string (value), USHER_LISTEN_PROP_UNIX_USER);
      break;
    case USHER_LISTEN_PROP_UNIX_GROUP:
      listen_socket_set_account (self, &self->kernel_socket.access.group, g_value_get_string (value), USHER_LISTEN_PROP_UNIX_GROUP);
      break;
    case USHER_LISTEN_PROP_PRESSURE_WATERMARK:
      usher_listen_socket_set_pressure_watermark (self, g_value_get_uint (value));
      break;
    case USHER_LISTEN_PROP_PROXY_PROTOCOL:
      usher_listen_socket_set_proxy_protocol (self, g_value_get_enum (value));
      break;
    case USHER_LISTEN_PROP_PROXY_TRUSTED:
      usher_listen_socket_set_proxy_trusted (self, g_value_get_boxed (value));
      break;
    case USHER_LISTEN_PROP_PROXY_TIMEOUT_MSEC:
      usher_listen_socket_set_proxy_timeout_msec (self, g_value_get_uint (value));
      break;
    case USHER_LISTEN_PROP_LOCAL_ADDRESS:
    case USHER_LISTEN_PROP_IS_UP:
    case USHER_LISTEN_PROP_QUEUE_DEPTH:
    case USHER_LISTEN_PROP_QUEUE_LIMIT:
    case USHER_LISTEN_PROP_N_DROPPED:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
      break;
    case USHER_LISTEN_PROP_FIRST_OPTION:
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
    case USHER_LISTEN_PROP_ADDRESS:
      g_value_set_string (value, self->address);
      break;
    case USHER_LISTEN_PROP_LOCAL_ADDRESS:
      g_value_set_string (value, self->kernel_socket.local_address);
      break;
    case USHER_LISTEN_PROP_BACKLOG:
      g_value_set_int (value, self->backlog);
      break;
    case USHER_LISTEN_PROP_KEEP_OPEN:
      g_value_set_boolean (value, self->keep_open);
      break;
    case USHER_LISTEN_PROP_IS_UP:
      g_value_set_boolean (value, usher_listen_socket_is_up (self));
      break;
    case USHER_LISTEN_PROP_UNIX_MODE:
      g_value_set_int (value, self->kernel_socket.access.mode);
      break;
    case USHER_LISTEN_PROP_UNIX_USER:
      g_value_set_string (value, self->kernel_socket.access.user);
      break;
    case USHER_LISTEN_PROP_UNIX_GROUP:
      g_value_set_string (value, self->kernel_socket.access.group);
      break;
    case USHER_LISTEN_PROP_QUEUE_DEPTH:
      g_value_set_int (value, usher_listen_socket_get_queue_depth (self));
      break;
    case USHER_LISTEN_PROP_QUEUE_LIMIT:
      g_value_set_int (value, usher_listen_socket_get_queue_limit (self));
      break;
    case USHER_LISTEN_PROP_N_DROPPED:
      g_value_set_int64 (value, usher_listen_socket_get_n_dropped (self));
      break;
    case USHER_LISTEN_PROP_PRESSURE_WATERMARK:
      g_value_set_uint (value, self->pressure.watermark);
      break;
    case USHER_LISTEN_PROP_PROXY_PROTOCOL:
      g_value_set_enum (value, self->proxy_protocol);
      break;
    case USHER_LISTEN_PROP_PROXY_TRUSTED:
      g_value_set_boxed (value, self->proxy_trusted);
      break;
    case USHER_LISTEN_PROP_PROXY_TIMEOUT_MSEC:
      g_value_set_uint (value, self->proxy_timeout_msec);
      break;
    case USHER_LISTEN_PROP_FIRST_OPTION:
    default:
      usher_socket_options_get_value (&self->kernel_socket.options, property_id - USHER_LISTEN_PROP_FIRST_OPTION, value);
    }
}

#define READ_ONLY (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)
#define READ_WRITE (READ_ONLY | G_PARAM_WRITABLE)

static void
install_state (void)
{
  /**
   * UsherListenSocket:address:
   *
   * The address to listen on. It is read when the socket is opened. Of one that was made of a
   * [class@Gio.Socket] it is the address of that.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_ADDRESS] =
      g_param_spec_string ("address", NULL, NULL, NULL, READ_WRITE | G_PARAM_CONSTRUCT_ONLY);

  /**
   * UsherListenSocket:local-address:
   *
   * The address that the kernel socket is bound to, with the port that it really has; %NULL while
   * there is no kernel socket.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_LOCAL_ADDRESS] =
      g_param_spec_string ("local-address", NULL, NULL, NULL, READ_ONLY);

  /**
   * UsherListenSocket:is-up: (getter is_up)
   *
   * Whether connections may be accepted from it.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_IS_UP] =
      g_param_spec_boolean ("is-up", NULL, NULL, FALSE, READ_ONLY);
}

static void
install_settings (void)
{
  /**
   * UsherListenSocket:backlog:
   *
   * How many connections may wait in the kernel to be accepted. The kernel takes no more than
   * `net.core.somaxconn`.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_BACKLOG] =
      g_param_spec_int ("backlog", NULL, NULL, 1, G_MAXINT, SOMAXCONN, READ_WRITE);

  /**
   * UsherListenSocket:keep-open:
   *
   * Whether the kernel socket goes on listening while its supervisor restarts this child. Clients
   * that come meanwhile wait instead of being refused. A socket that was made elsewhere is always
   * kept open.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_KEEP_OPEN] =
      g_param_spec_boolean ("keep-open", NULL, NULL, FALSE, READ_WRITE);
}

static void
install_unix (void)
{
  /**
   * UsherListenSocket:unix-mode:
   *
   * The permissions of a Unix socket's path, as in 0660: who has write permission may connect. -1 to
   * leave them to the umask.
   *
   * It has effect at the next open, before anybody can connect, and none on other addresses and on
   * abstract Unix sockets.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_UNIX_MODE] =
      g_param_spec_int ("unix-mode", NULL, NULL, -1, 0777, -1, READ_WRITE);

  /**
   * UsherListenSocket:unix-user:
   *
   * The user that owns a Unix socket's path, by name or number; %NULL for that of the process. Another
   * user needs `CAP_CHOWN`.
   *
   * It has effect at the next open, before anybody can connect, and none on other addresses and on
   * abstract Unix sockets.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_UNIX_USER] =
      g_param_spec_string ("unix-user", NULL, NULL, NULL, READ_WRITE);

  /**
   * UsherListenSocket:unix-group:
   *
   * The group of a Unix socket's path, by name or number; %NULL for the one that new files get there. It
   * has to be one of the process, or that needs `CAP_CHOWN`.
   *
   * It has effect at the next open, before anybody can connect, and none on other addresses and on
   * abstract Unix sockets.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_UNIX_GROUP] =
      g_param_spec_string ("unix-group", NULL, NULL, NULL, READ_WRITE);
}

static void
install_queue (void)
{
  /**
   * UsherListenSocket:queue-depth: (getter get_queue_depth)
   *
   * How many connections wait to be accepted; -1 if that is not known. Reading it asks the kernel;
   * changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_QUEUE_DEPTH] =
      g_param_spec_int ("queue-depth", NULL, NULL, -1, G_MAXINT, -1, READ_ONLY);

  /**
   * UsherListenSocket:queue-limit: (getter get_queue_limit)
   *
   * How many connections may wait to be accepted; -1 if that is not known. Reading it asks the kernel;
   * changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_QUEUE_LIMIT] =
      g_param_spec_int ("queue-limit", NULL, NULL, -1, G_MAXINT, -1, READ_ONLY);

  /**
   * UsherListenSocket:n-dropped: (getter get_n_dropped)
   *
   * How often the kernel has dropped what clients sent to connect; -1 if that is not known. Reading it
   * asks the kernel; changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_N_DROPPED] =
      g_param_spec_int64 ("n-dropped", NULL, NULL, -1, G_MAXUINT32, -1, READ_ONLY);

  /**
   * UsherListenSocket:pressure-watermark:
   *
   * How full the accept queue has to be for [signal@Usher.ListenSocket::pressure], in percent of its
   * limit; 0 for never, not even for what was dropped.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_PRESSURE_WATERMARK] =
      g_param_spec_uint ("pressure-watermark", NULL, NULL, 0, 100, USHER_DEFAULT_WATERMARK, READ_WRITE);
}

static void
install_proxy (void)
{
  /**
   * UsherListenSocket:proxy-protocol:
   *
   * Whether connections begin with a PROXY header, which says whose they are.
   *
   * It has effect at the next open.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_PROXY_PROTOCOL] =
      g_param_spec_enum ("proxy-protocol", NULL, NULL, USHER_TYPE_PROXY_PROTOCOL, USHER_PROXY_PROTOCOL_OFF, READ_WRITE);

  /**
   * UsherListenSocket:proxy-trusted:
   *
   * The networks whose PROXY headers are believed, such as `10.0.0.0/8` and `2001:db8::/32`. The others
   * are served as themselves if [property@Usher.ListenSocket:proxy-protocol] is optional, and whatever
   * they send is for the acceptor; if it is required, they are not served. There has to be one, unless
   * it is a Unix socket, where everybody is trusted.
   *
   * It has effect at the next open.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_PROXY_TRUSTED] =
      g_param_spec_boxed ("proxy-trusted", NULL, NULL, G_TYPE_STRV, READ_WRITE);

  /**
   * UsherListenSocket:proxy-timeout-msec:
   *
   * How long a PROXY header may take to come, in milliseconds. After that the connection ends; or it is
   * served without one, if [property@Usher.ListenSocket:proxy-protocol] is optional.
   *
   * It has effect at the next open.
   *
   * Since: 0.1
   */
  props[USHER_LISTEN_PROP_PROXY_TIMEOUT_MSEC] =
      g_param_spec_uint ("proxy-timeout-msec", NULL, NULL, 1, G_MAXINT32, USHER_DEFAULT_PROXY_TIMEOUT_MSEC, READ_WRITE);
}

void
usher_listen_socket_install_properties (GObjectClass *object_class)
{
  install_state ();
  install_settings ();
  install_unix ();
  install_queue ();
  install_proxy ();
  for (UsherSocketOption i = 0; i < USHER_N_SOCKET_OPTIONS; i++)
    props[USHER_LISTEN_PROP_FIRST_OPTION + i] = usher_socket_option_make_pspec (i, READ_WRITE);

  object_class->set_property = usher_listen_socket_set_property;
  object_class->get_property = usher_listen_socket_get_property;
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

void
usher_listen_socket_notify (UsherListenSocket *self,
                            UsherListenSocketProperty property)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[property]);
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
  usher_return_if_elsewhere (self->life.reactor);

  if (self->backlog == backlog)
    return;

  self->backlog = backlog;
  if (self->state == USHER_LISTEN_SOCKET_UP || self->state == USHER_LISTEN_SOCKET_PARKED)
    listen_socket_apply_backlog (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[USHER_LISTEN_PROP_BACKLOG]);
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
  usher_return_if_elsewhere (self->life.reactor);

  keep_open = !!keep_open;
  if (self->keep_open == keep_open)
    return;

  self->keep_open = keep_open;
  g_object_notify_by_pspec (G_OBJECT (self), props[USHER_LISTEN_PROP_KEEP_OPEN]);
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
