/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/handover-private.h"

#include "usher/error.h"

/**
 * UsherHandover:
 *
 * Passes the listen sockets of a program to its next version, so that nobody notices.
 *
 * [class@Usher.Service] does all of this by itself, if it has a path for it
 * ([method@Usher.Service.set_hand_over_path], `--hand-over=PATH`). In a program that builds its tree by
 * itself, every generation does the same:
 *
 * 1. Make the pools and their listen sockets, and [method@Usher.Handover.add_pool] each.
 * 2. [method@Usher.Handover.take_async]: if a process serves at the path, this gets its listen sockets,
 *    by their addresses; if none does, this is the first one.
 * 3. Start the tree. What was not handed over is opened now. In a successor nothing is accepted yet.
 * 4. [method@Usher.Handover.ready_async]: from now on this process accepts, and the other does not.
 * 5. In [signal@Usher.Handover::superseded], shut the tree down, with %USHER_STOP_FINAL. Connections
 *    finish within their grace. Several old processes may be draining at the same time.
 * 6. Call [method@Usher.Handover.stop] before the tree is shut down for any other reason, and after it
 *    is down in any case.
 *
 * The next process is started by whoever likes to: by [method@Usher.Handover.start_successor_async], by
 * an operator, or by a unit. It only has to be given the same path.
 *
 * # What is promised
 *
 * Until the successor has said that it is ready, the old process serves as if nothing happened, whatever
 * the other does: it may crash, hang, or talk nonsense. Only one can take over at a time. Clients in the
 * accept queues are neither lost nor refused, since the kernel sockets themselves are passed.
 *
 * Listen sockets that the successor does not ask for are closed as at any final stop. Those that a
 * program was given by systemd are passed on under the same address (`systemd:NAME`); those that were
 * made of a [class@Gio.Socket] are passed on, but one that has such a socket does not ask for another.
 * Whoever owns the path of a Unix socket owns it until the successor is ready; then that one does.
 *
 * # The path
 *
 * It is that of a Unix socket, with mode 0600, that only the newest generation serves; it is handed over
 * as well. Whoever may connect to it can take all listen sockets. Peers that are neither this user nor
 * root are refused, on both sides.
 *
 * # Threading
 *
 * A hand-over belongs to one main context, the one of its pools: it is made there, all functions are
 * called there, and all signals are emitted there. Nothing in it blocks.
 *
 * Since: 0.1
 */

typedef enum
{
  PROP_PATH = 1,
  PROP_VERSION,
  PROP_TIMEOUT_MSEC,
  PROP_STATE,
} UsherHandoverProperty;

enum
{
  SIGNAL_SUPERSEDED,
  SIGNAL_FAILED,
  N_SIGNALS,
};

static GParamSpec *props[PROP_STATE + 1];
static guint signals[N_SIGNALS];

G_DEFINE_ENUM_TYPE (UsherHandoverState, usher_handover_state,
                    G_DEFINE_ENUM_VALUE (USHER_HANDOVER_IDLE, "idle"),
                    G_DEFINE_ENUM_VALUE (USHER_HANDOVER_TAKING, "taking"),
                    G_DEFINE_ENUM_VALUE (USHER_HANDOVER_TAKEN, "taken"),
                    G_DEFINE_ENUM_VALUE (USHER_HANDOVER_SERVING, "serving"),
                    G_DEFINE_ENUM_VALUE (USHER_HANDOVER_GIVING, "giving"),
                    G_DEFINE_ENUM_VALUE (USHER_HANDOVER_SUPERSEDED, "superseded"))

G_DEFINE_FINAL_TYPE (UsherHandover, usher_handover, G_TYPE_OBJECT)

#define DEFAULT_TIMEOUT_MSEC (60 * 1000)

static UsherKernelSocket
make_control (void)
{
  UsherKernelSocket control = USHER_KERNEL_SOCKET_INIT;

  control.type = SOCK_SEQPACKET;
  control.access.mode = 0600;
  return control;
}

void
usher_handover_reset_control (UsherHandover *self)
{
  usher_watch_remove (&self->control_watch);
  usher_kernel_socket_clear (&self->control);
  self->control = make_control ();
}

static void
usher_handover_get_property (GObject *object,
                             guint property_id,
                             GValue *value,
                             GParamSpec *pspec)
{
  UsherHandover *self = USHER_HANDOVER (object);

  switch ((UsherHandoverProperty) property_id)
    {
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    case PROP_VERSION:
      g_value_set_string (value, self->version);
      break;
    case PROP_TIMEOUT_MSEC:
      g_value_set_uint (value, self->timeout_msec);
      break;
    case PROP_STATE:
      g_value_set_enum (value, usher_handover_get_state (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_handover_set_property (GObject *object,
                             guint property_id,
                             const GValue *value,
                             GParamSpec *pspec)
{
  UsherHandover *self = USHER_HANDOVER (object);

  switch ((UsherHandoverProperty) property_id)
    {
    case PROP_PATH:
      self->path = g_value_dup_string (value);
      break;
    case PROP_VERSION:
      usher_handover_set_version (self, g_value_get_string (value));
      break;
    case PROP_TIMEOUT_MSEC:
      usher_handover_set_timeout_msec (self, g_value_get_uint (value));
      break;
    case PROP_STATE:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_handover_dispose (GObject *object)
{
  usher_handover_stop (USHER_HANDOVER (object));

  G_OBJECT_CLASS (usher_handover_parent_class)->dispose (object);
}

static void
usher_handover_finalize (GObject *object)
{
  UsherHandover *self = USHER_HANDOVER (object);

  usher_kernel_socket_clear (&self->control);
  g_ptr_array_unref (self->pools);
  g_ptr_array_unref (self->suspended);
  usher_reactor_unref (self->reactor);
  g_clear_error (&self->failure);
  g_free (self->predecessor_version);
  g_free (self->successor_version);
  g_free (self->version);
  g_free (self->path);

  G_OBJECT_CLASS (usher_handover_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  /**
   * UsherHandover:path:
   *
   * Where the processes find each other: the path of a Unix socket.
   *
   * Since: 0.1
   */
  props[PROP_PATH] = g_param_spec_string ("path", NULL, NULL, "",
                                          G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherHandover:version:
   *
   * What the program says of itself to the other process. The default is “”.
   *
   * Since: 0.1
   */
  props[PROP_VERSION] = g_param_spec_string ("version", NULL, NULL, "",
                                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherHandover:timeout-msec:
   *
   * How long a successor may take, in milliseconds, to ask for the sockets after it was started, and
   * again to start its tree when it has them. The default is 60,000. Each other step has five seconds.
   *
   * Since: 0.1
   */
  props[PROP_TIMEOUT_MSEC] =
      g_param_spec_uint ("timeout-msec", NULL, NULL, 1, G_MAXINT32, DEFAULT_TIMEOUT_MSEC,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherHandover:state:
   *
   * What it is doing.
   *
   * Since: 0.1
   */
  props[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, USHER_TYPE_HANDOVER_STATE, USHER_HANDOVER_IDLE,
                                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
usher_handover_class_init (UsherHandoverClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = usher_handover_get_property;
  object_class->set_property = usher_handover_set_property;
  object_class->dispose = usher_handover_dispose;
  object_class->finalize = usher_handover_finalize;
  install_properties (object_class);

  /**
   * UsherHandover::superseded:
   * @self: the hand-over
   * @pid: the process that has taken over
   * @version: what it says of itself
   *
   * Says that another process serves now. The handler shuts the tree down: both accept until then.
   *
   * Since: 0.1
   */
  signals[SIGNAL_SUPERSEDED] =
      g_signal_new ("superseded", USHER_TYPE_HANDOVER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                    G_TYPE_INT64, G_TYPE_STRING);

  /**
   * UsherHandover::failed:
   * @self: the hand-over
   * @error: which process, and why
   *
   * Says that a process that somebody else has started did not succeed in taking over. This one serves
   * on. Of one that this process has started, [method@Usher.Handover.start_successor_finish] tells.
   *
   * Since: 0.1
   */
  signals[SIGNAL_FAILED] = g_signal_new ("failed", USHER_TYPE_HANDOVER, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                         G_TYPE_NONE, 1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
usher_handover_init (UsherHandover *self)
{
  self->version = g_strdup ("");
  self->timeout_msec = DEFAULT_TIMEOUT_MSEC;
  self->pools = g_ptr_array_new_with_free_func (g_object_unref);
  self->suspended = g_ptr_array_new_with_free_func (g_object_unref);
  self->reactor = usher_reactor_ref_for_caller ();
  self->control = make_control ();
}

void
usher_handover_notify_state (UsherHandover *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
}

void
usher_handover_emit_superseded (UsherHandover *self)
{
  g_signal_emit (self, signals[SIGNAL_SUPERSEDED], 0, self->successor_pid, self->successor_version);
}

void
usher_handover_emit_failed (UsherHandover *self,
                            const GError *error)
{
  g_signal_emit (self, signals[SIGNAL_FAILED], 0, error);
}

/**
 * usher_handover_new:
 * @path: the path of a Unix socket, in a directory that only this user may write
 *
 * Makes a hand-over. It does nothing yet.
 *
 * Returns: (transfer full): a new hand-over
 *
 * Since: 0.1
 */
UsherHandover *
usher_handover_new (const char *path)
{
  g_return_val_if_fail (path != NULL, NULL);

  return g_object_new (USHER_TYPE_HANDOVER, "path", path, NULL);
}

/**
 * usher_handover_get_path:
 * @self: a hand-over
 *
 * Gets where the processes find each other.
 *
 * Returns: (transfer none): the path of a Unix socket
 *
 * Since: 0.1
 */
const char *
usher_handover_get_path (UsherHandover *self)
{
  g_return_val_if_fail (USHER_IS_HANDOVER (self), NULL);

  return self->path;
}

/**
 * usher_handover_set_version:
 * @self: a hand-over
 * @version: any text
 *
 * Sets what the program says of itself to the other process.
 *
 * Since: 0.1
 */
void
usher_handover_set_version (UsherHandover *self,
                            const char *version)
{
  g_return_if_fail (USHER_IS_HANDOVER (self));
  g_return_if_fail (version != NULL);

  if (g_str_equal (self->version, version))
    return;

  g_free (self->version);
  self->version = g_strdup (version);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_VERSION]);
}

/**
 * usher_handover_get_version:
 * @self: a hand-over
 *
 * Gets what the program says of itself to the other process.
 *
 * Returns: (transfer none): a text
 *
 * Since: 0.1
 */
const char *
usher_handover_get_version (UsherHandover *self)
{
  g_return_val_if_fail (USHER_IS_HANDOVER (self), NULL);

  return self->version;
}

/**
 * usher_handover_set_timeout_msec:
 * @self: a hand-over
 * @timeout_msec: a time in milliseconds
 *
 * Sets how long a successor may take to ask for the sockets, and to start its tree.
 *
 * Since: 0.1
 */
void
usher_handover_set_timeout_msec (UsherHandover *self,
                                 guint timeout_msec)
{
  g_return_if_fail (USHER_IS_HANDOVER (self));
  g_return_if_fail (timeout_msec > 0 && timeout_msec <= G_MAXINT32);

  if (self->timeout_msec == timeout_msec)
    return;

  self->timeout_msec = timeout_msec;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_TIMEOUT_MSEC]);
}

/**
 * usher_handover_get_timeout_msec:
 * @self: a hand-over
 *
 * Gets how long a successor may take to ask for the sockets, and to start its tree.
 *
 * Returns: a time in milliseconds
 *
 * Since: 0.1
 */
guint
usher_handover_get_timeout_msec (UsherHandover *self)
{
  g_return_val_if_fail (USHER_IS_HANDOVER (self), 0);

  return self->timeout_msec;
}

/**
 * usher_handover_get_predecessor_pid:
 * @self: a hand-over
 *
 * Gets the process that this one has taken over from, or tries to.
 *
 * Returns: the number of a process; 0 if there was none, and -1 if it has another PID namespace
 *
 * Since: 0.1
 */
gint64
usher_handover_get_predecessor_pid (UsherHandover *self)
{
  g_return_val_if_fail (USHER_IS_HANDOVER (self), 0);

  return self->predecessor_pid;
}

/**
 * usher_handover_get_predecessor_version:
 * @self: a hand-over
 *
 * Gets what the process that this one has taken over from says of itself.
 *
 * Returns: (transfer none) (nullable): a text; %NULL if there was none
 *
 * Since: 0.1
 */
const char *
usher_handover_get_predecessor_version (UsherHandover *self)
{
  g_return_val_if_fail (USHER_IS_HANDOVER (self), NULL);

  return self->predecessor_version;
}

/**
 * usher_handover_get_successor_pid:
 * @self: a hand-over
 *
 * Gets the process that has taken over, or the latest one that tried to.
 *
 * Returns: the number of a process; 0 if there was none, and -1 if it has another PID namespace
 *
 * Since: 0.1
 */
gint64
usher_handover_get_successor_pid (UsherHandover *self)
{
  g_return_val_if_fail (USHER_IS_HANDOVER (self), 0);

  return self->successor_pid;
}

/**
 * usher_handover_get_successor_version:
 * @self: a hand-over
 *
 * Gets what the process that has taken over, or the latest one that tried to, says of itself.
 *
 * Returns: (transfer none) (nullable): a text; %NULL if there was none
 *
 * Since: 0.1
 */
const char *
usher_handover_get_successor_version (UsherHandover *self)
{
  g_return_val_if_fail (USHER_IS_HANDOVER (self), NULL);

  return self->successor_version;
}

/**
 * usher_handover_add_pool:
 * @self: a hand-over that is idle
 * @pool: a pool
 *
 * Adds a pool, whose listen sockets change hands.
 *
 * Since: 0.1
 */
void
usher_handover_add_pool (UsherHandover *self,
                         UsherAcceptorPool *pool)
{
  g_return_if_fail (USHER_IS_HANDOVER (self));
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (pool));
  g_return_if_fail (self->step == USHER_HANDOVER_STEP_IDLE);

  if (!g_ptr_array_find (self->pools, pool, NULL))
    g_ptr_array_add (self->pools, g_object_ref (pool));
}
