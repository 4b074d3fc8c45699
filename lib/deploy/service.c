/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/service-private.h"

#include "runtime/clock-private.h"
#include "usher/error.h"
#include "usher/listen-socket.h"

/**
 * UsherService:
 *
 * A whole daemon: pools and their addresses in, a supervision tree out, with a command line, signals
 * and a drain.
 *
 * It is made of public parts only, and does not hide them. Under its supervisor, which is
 * one-for-one, each pool has a supervisor of its own, rest-for-one, with the pool and behind it its
 * listen sockets; these keep listening while the pool is restarted. Further children can be added
 * to [method@Usher.Service.get_supervisor] before it starts. Which pools there are is settled then;
 * where they listen may change while it is up, with [method@Usher.Service.listen_async] and
 * [method@Usher.Service.stop_listening_async].
 *
 * A program that is nothing else calls [method@Usher.Service.run]. Inside a [class@Gio.Application],
 * or any other main loop, it is [method@Usher.Service.start_async] and [method@Usher.Service.drain].
 *
 * Load balancers ask it whether it is ready, where [method@Usher.Service.add_health] says.
 *
 * A drain has three phases. As *lame duck* the service still accepts, while load balancers learn
 * that they should go elsewhere. Then all listen sockets are closed, and the pools drain, all at the
 * same time: each gives its connections its grace, and then its shutdown. A deadline for all of it
 * can be set; what does not fit is refused at the start.
 *
 * With [method@Usher.Service.set_hand_over_path] it hands its listen sockets over to its next version
 * without losing a client.
 *
 * It belongs to the context in which it was made. What would change it while it runs, and is called while
 * another thread iterates that context, does nothing but say so, as a programmer's error: an acceptor in
 * a thread of its own asks for a drain with `g_main_context_invoke ()`.
 *
 * Since: 0.1
 */

typedef enum
{
  PROP_NAME = 1,
  PROP_VERSION,
  PROP_SUPERVISOR,
  PROP_LAME_DUCK_MSEC,
  PROP_DRAIN_DEADLINE_MSEC,
  PROP_HAND_OVER_PATH,
  PROP_MAINTENANCE,
  PROP_READINESS,
  PROP_STATE,
  PROP_STATUS,
} UsherServiceProperty;

static GParamSpec *props[PROP_STATUS + 1];

G_DEFINE_ENUM_TYPE (UsherServiceState, usher_service_state,
                    G_DEFINE_ENUM_VALUE (USHER_SERVICE_DOWN, "down"),
                    G_DEFINE_ENUM_VALUE (USHER_SERVICE_STARTING, "starting"),
                    G_DEFINE_ENUM_VALUE (USHER_SERVICE_UP, "up"),
                    G_DEFINE_ENUM_VALUE (USHER_SERVICE_LAME_DUCK, "lame-duck"),
                    G_DEFINE_ENUM_VALUE (USHER_SERVICE_DRAINING, "draining"))

G_DEFINE_FINAL_TYPE (UsherService, usher_service, G_TYPE_OBJECT)

static void
usher_service_get_property (GObject *object,
                            guint property_id,
                            GValue *value,
                            GParamSpec *pspec)
{
  UsherService *self = USHER_SERVICE (object);

  switch ((UsherServiceProperty) property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_VERSION:
      g_value_set_string (value, self->version);
      break;
    case PROP_SUPERVISOR:
      g_value_set_object (value, self->root);
      break;
    case PROP_LAME_DUCK_MSEC:
      g_value_set_uint (value, self->lame_duck_msec);
      break;
    case PROP_DRAIN_DEADLINE_MSEC:
      g_value_set_int64 (value, self->drain_deadline_msec);
      break;
    case PROP_HAND_OVER_PATH:
      g_value_set_string (value, usher_service_get_hand_over_path (self));
      break;
    case PROP_MAINTENANCE:
      g_value_set_boolean (value, self->is_maintained);
      break;
    case PROP_READINESS:
      g_value_set_enum (value, usher_service_get_readiness (self));
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_STATUS:
      g_value_take_string (value, usher_service_dup_status (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_service_set_property (GObject *object,
                            guint property_id,
                            const GValue *value,
                            GParamSpec *pspec)
{
  UsherService *self = USHER_SERVICE (object);

  switch ((UsherServiceProperty) property_id)
    {
    case PROP_NAME:
      self->name = g_value_dup_string (value);
      break;
    case PROP_VERSION:
      usher_service_set_version (self, g_value_get_string (value));
      break;
    case PROP_LAME_DUCK_MSEC:
      usher_service_set_lame_duck_msec (self, g_value_get_uint (value));
      break;
    case PROP_DRAIN_DEADLINE_MSEC:
      usher_service_set_drain_deadline_msec (self, g_value_get_int64 (value));
      break;
    case PROP_HAND_OVER_PATH:
      usher_service_set_hand_over_path (self, g_value_get_string (value));
      break;
    case PROP_MAINTENANCE:
      usher_service_set_maintenance (self, g_value_get_boolean (value));
      break;
    case PROP_SUPERVISOR:
    case PROP_READINESS:
    case PROP_STATE:
    case PROP_STATUS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_service_constructed (GObject *object)
{
  UsherService *self = USHER_SERVICE (object);

  G_OBJECT_CLASS (usher_service_parent_class)->constructed (object);

  usher_supervisor_set_name (self->root, self->name);
}

static void
usher_service_finalize (GObject *object)
{
  UsherService *self = USHER_SERVICE (object);

  g_ptr_array_unref (self->pools);
  g_clear_pointer (&self->health, usher_service_pool_free);
  g_clear_object (&self->handover);
  g_clear_error (&self->start_error);
  g_object_unref (self->root);
  usher_reactor_unref (self->reactor);
  g_free (self->version);
  g_free (self->name);

  G_OBJECT_CLASS (usher_service_parent_class)->finalize (object);
}

static void
make_names (void)
{
  /**
   * UsherService:name:
   *
   * The name of the service, and of its supervisor. The default is “service”.
   *
   * Since: 0.1
   */
  props[PROP_NAME] =
      g_param_spec_string ("name", NULL, NULL, "service",
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherService:version:
   *
   * The version of the program, which it says of itself. The default is %NULL: it says none.
   *
   * Since: 0.1
   */
  props[PROP_VERSION] =
      g_param_spec_string ("version", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
make_settings (void)
{
  /**
   * UsherService:lame-duck-msec:
   *
   * How long a drain waits, in milliseconds, before it closes the listen sockets. It is the time
   * that load balancers take to notice. The default is 0.
   *
   * Since: 0.1
   */
  props[PROP_LAME_DUCK_MSEC] =
      g_param_spec_uint ("lame-duck-msec", NULL, NULL, 0, G_MAXINT32, 0,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherService:drain-deadline-msec:
   *
   * The longest that a drain may take, in milliseconds, or -1 for as long as its phases take. A
   * service whose phases do not fit does not start. The default is -1.
   *
   * Since: 0.1
   */
  props[PROP_DRAIN_DEADLINE_MSEC] =
      g_param_spec_int64 ("drain-deadline-msec", NULL, NULL, -1, G_MAXINT32, -1,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
make_hand_over (void)
{
  /**
   * UsherService:hand-over-path:
   *
   * Where the service hands over to its next version: the path of a Unix socket. The default is %NULL:
   * it does not.
   *
   * Since: 0.1
   */
  props[PROP_HAND_OVER_PATH] =
      g_param_spec_string ("hand-over-path", NULL, NULL, NULL,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
make_readiness (void)
{
  /**
   * UsherService:maintenance:
   *
   * Whether the program wants no connections to be sent to it. The default is FALSE.
   *
   * Since: 0.1
   */
  props[PROP_MAINTENANCE] =
      g_param_spec_boolean ("maintenance", NULL, NULL, FALSE,
                            G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherService:readiness:
   *
   * Whether connections should be sent to the service: what it tells load balancers.
   *
   * Since: 0.1
   */
  props[PROP_READINESS] =
      g_param_spec_enum ("readiness", NULL, NULL, USHER_TYPE_READINESS, USHER_READINESS_STARTING,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
make_figures (void)
{
  /**
   * UsherService:supervisor:
   *
   * The root of the tree.
   *
   * Since: 0.1
   */
  props[PROP_SUPERVISOR] =
      g_param_spec_object ("supervisor", NULL, NULL, USHER_TYPE_SUPERVISOR,
                           G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherService:state:
   *
   * What the service is doing.
   *
   * Since: 0.1
   */
  props[PROP_STATE] =
      g_param_spec_enum ("state", NULL, NULL, USHER_TYPE_SERVICE_STATE, USHER_SERVICE_DOWN,
                         G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherService:status:
   *
   * The same for people, with the progress of the drain; it changes every second then.
   *
   * Since: 0.1
   */
  props[PROP_STATUS] =
      g_param_spec_string ("status", NULL, NULL, NULL, G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

static void
usher_service_class_init (UsherServiceClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = usher_service_get_property;
  object_class->set_property = usher_service_set_property;
  object_class->constructed = usher_service_constructed;
  object_class->finalize = usher_service_finalize;
  make_names ();
  make_settings ();
  make_hand_over ();
  make_readiness ();
  make_figures ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);

  /**
   * UsherService::listen-socket-added:
   * @self: the service
   * @pool: the pool that will serve it
   * @listen_socket: a listen socket
   *
   * Says that the service has made one of its listen sockets, and will open it. It is the place to set
   * the socket's properties, such as [property@Usher.ListenSocket:proxy-protocol] or
   * [property@Usher.ListenSocket:unix-mode].
   *
   * It is emitted in the service's context, for each address of a pool when the service is started for the
   * first time and when [method@Usher.Service.listen_async] adds one, however the address got there: the
   * program, the command line, systemd or a predecessor. That the service has set
   * [property@Usher.ListenSocket:keep-open] can be undone here. The socket of the health address is none of these.
   *
   * Since: 0.1
   */
  g_signal_new ("listen-socket-added", USHER_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 2,
                USHER_TYPE_ACCEPTOR_POOL, USHER_TYPE_LISTEN_SOCKET);

  /**
   * UsherService::exited:
   * @self: the service
   * @exit: how its tree ended
   *
   * Says that a service that had started is down. It may be started again.
   *
   * Since: 0.1
   */
  g_signal_new ("exited", USHER_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 1,
                USHER_TYPE_EXIT | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
usher_service_init (UsherService *self)
{
  self->root = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  self->reactor = usher_reactor_ref_for_caller ();
  self->pools = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_service_pool_free);
  self->drain_deadline_msec = -1;
}

void
usher_service_notify_hand_over_path (UsherService *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HAND_OVER_PATH]);
}

void
usher_service_notify_state (UsherService *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READINESS]);
  usher_service_notify_status (self);
}

void
usher_service_notify_status (UsherService *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATUS]);
}

void
usher_service_notify_maintenance (UsherService *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MAINTENANCE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READINESS]);
}

/**
 * usher_service_new:
 * @name: what it is called in reports; not empty
 *
 * Makes a service without pools.
 *
 * Returns: (transfer full): a new service
 *
 * Since: 0.1
 */
UsherService *
usher_service_new (const char *name)
{
  g_return_val_if_fail (name != NULL && *name != '\0', NULL);

  return g_object_new (USHER_TYPE_SERVICE, "name", name, NULL);
}

/**
 * usher_service_get_name:
 * @self: a service
 *
 * Gets the name of the service.
 *
 * Returns: (transfer none): its name
 *
 * Since: 0.1
 */
const char *
usher_service_get_name (UsherService *self)
{
  g_return_val_if_fail (USHER_IS_SERVICE (self), NULL);

  return self->name;
}

/**
 * usher_service_set_version:
 * @self: a service
 * @version: (nullable): the version of the program, such as “1.4.2”, or %NULL for none
 *
 * Sets the version of the program. One that has a version has the option `--version`, which says it,
 * together with the name of the service. It is also what the program says of itself in a hand-over:
 * the version of [method@Usher.Service.get_handover].
 *
 * Since: 0.1
 */
void
usher_service_set_version (UsherService *self,
                           const char *version)
{
  g_return_if_fail (USHER_IS_SERVICE (self));
  usher_return_if_elsewhere (usher_service_get_place (self));

  if (g_strcmp0 (self->version, version) == 0)
    return;

  g_free (self->version);
  self->version = g_strdup (version);
  usher_service_tell_version (self);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_VERSION]);
}

/**
 * usher_service_get_version:
 * @self: a service
 *
 * Gets the version of the program.
 *
 * Returns: (transfer none) (nullable): the version; %NULL if it says none
 *
 * Since: 0.1
 */
const char *
usher_service_get_version (UsherService *self)
{
  g_return_val_if_fail (USHER_IS_SERVICE (self), NULL);

  return self->version;
}

/**
 * usher_service_get_supervisor:
 * @self: a service
 *
 * Gets the root of the tree. Children that are added to it before the service starts for the first
 * time stand before the pools: they start before them, and stop after them.
 *
 * Returns: (transfer none): the supervisor
 *
 * Since: 0.1
 */
UsherSupervisor *
usher_service_get_supervisor (UsherService *self)
{
  g_return_val_if_fail (USHER_IS_SERVICE (self), NULL);

  return self->root;
}

UsherServicePool *
usher_service_find_pool (UsherService *self,
                         const char *name)
{
  for (guint i = 0; i < self->pools->len; i++)
    {
      UsherServicePool *entry = g_ptr_array_index (self->pools, i);

      if (g_str_equal (usher_acceptor_pool_get_name (entry->pool), name))
        return entry;
    }

  return NULL;
}

static void
on_suspended (UsherService *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_READINESS]);
}

static UsherServicePool *
add_entry (UsherService *self,
           UsherAcceptorPool *pool)
{
  UsherServicePool *entry = usher_service_pool_new (pool);

  g_ptr_array_add (self->pools, entry);
  g_signal_connect_object (pool, "notify::suspended", G_CALLBACK (on_suspended), self, G_CONNECT_SWAPPED);

  return entry;
}

/**
 * usher_service_add_pool:
 * @self: a service that is down
 * @pool: (transfer none): a pool; its name is that of no other pool of the service
 * @address: where it listens, as for [func@Usher.listen_sockets_new_for_address]; a name is looked
 *   up when the service starts, which blocks
 * @n_acceptors: how many acceptors wait there: 1 to 65,536
 *
 * Adds a pool, or, before the first start, one more address to a pool that was added before. What is
 * wrong with either is an error of the start.
 *
 * Since: 0.1
 */
void
usher_service_add_pool (UsherService *self,
                        UsherAcceptorPool *pool,
                        const char *address,
                        guint n_acceptors)
{
  g_return_if_fail (USHER_IS_SERVICE (self));
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (pool));
  g_return_if_fail (address != NULL);
  g_return_if_fail (self->state == USHER_SERVICE_DOWN);

  UsherServicePool *entry = usher_service_find_pool (self, usher_acceptor_pool_get_name (pool));

  gboolean name_is_free = entry == NULL || entry->pool == pool;
  gboolean was_started = entry != NULL && entry->supervisor != NULL;

  g_return_if_fail (name_is_free);
  g_return_if_fail (!was_started);

  if (entry == NULL)
    entry = add_entry (self, pool);
  usher_service_pool_add_address (entry, address, n_acceptors);
}

/**
 * usher_service_set_lame_duck_msec:
 * @self: a service
 * @lame_duck_msec: a time in milliseconds
 *
 * Sets how long a drain waits before it closes the listen sockets.
 *
 * Since: 0.1
 */
void
usher_service_set_lame_duck_msec (UsherService *self,
                                  guint lame_duck_msec)
{
  g_return_if_fail (USHER_IS_SERVICE (self));
  g_return_if_fail (lame_duck_msec <= G_MAXINT32);
  usher_return_if_elsewhere (usher_service_get_place (self));

  if (self->lame_duck_msec == lame_duck_msec)
    return;

  self->lame_duck_msec = lame_duck_msec;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_LAME_DUCK_MSEC]);
}

/**
 * usher_service_get_lame_duck_msec:
 * @self: a service
 *
 * Gets how long a drain waits before it closes the listen sockets.
 *
 * Returns: a time in milliseconds
 *
 * Since: 0.1
 */
guint
usher_service_get_lame_duck_msec (UsherService *self)
{
  g_return_val_if_fail (USHER_IS_SERVICE (self), 0);

  return self->lame_duck_msec;
}

/**
 * usher_service_set_drain_deadline_msec:
 * @self: a service
 * @drain_deadline_msec: a time in milliseconds, or -1 for none
 *
 * Sets the longest that a drain may take.
 *
 * Since: 0.1
 */
void
usher_service_set_drain_deadline_msec (UsherService *self,
                                       gint64 drain_deadline_msec)
{
  g_return_if_fail (USHER_IS_SERVICE (self));
  g_return_if_fail (drain_deadline_msec >= -1 && drain_deadline_msec <= G_MAXINT32);
  usher_return_if_elsewhere (usher_service_get_place (self));

  if (self->drain_deadline_msec == drain_deadline_msec)
    return;

  self->drain_deadline_msec = drain_deadline_msec;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DRAIN_DEADLINE_MSEC]);
}

/**
 * usher_service_get_drain_deadline_msec:
 * @self: a service
 *
 * Gets the longest that a drain may take.
 *
 * Returns: a time in milliseconds, or -1 for none
 *
 * Since: 0.1
 */
gint64
usher_service_get_drain_deadline_msec (UsherService *self)
{
  g_return_val_if_fail (USHER_IS_SERVICE (self), -1);

  return self->drain_deadline_msec;
}

/**
 * usher_service_get_state:
 * @self: a service
 *
 * Gets what the service is doing.
 *
 * Returns: its state
 *
 * Since: 0.1
 */
UsherServiceState
usher_service_get_state (UsherService *self)
{
  g_return_val_if_fail (USHER_IS_SERVICE (self), USHER_SERVICE_DOWN);

  return self->state;
}

/**
 * usher_service_get_n_connections:
 * @self: a service
 *
 * Counts the connections of all its pools.
 *
 * Returns: how many there are
 *
 * Since: 0.1
 */
guint
usher_service_get_n_connections (UsherService *self)
{
  guint n_connections = 0;

  g_return_val_if_fail (USHER_IS_SERVICE (self), 0);

  for (guint i = 0; i < self->pools->len; i++)
    {
      const UsherServicePool *entry = g_ptr_array_index (self->pools, i);

      n_connections += usher_acceptor_pool_get_n_connections (entry->pool);
    }

  return n_connections;
}

/**
 * usher_service_dup_status:
 * @self: a service
 *
 * Says in one line what the service is doing, with the progress of the drain.
 *
 * Returns: (transfer full): a line without its end
 *
 * Since: 0.1
 */
char *
usher_service_dup_status (UsherService *self)
{
  static const char *const texts[] = {
    [USHER_SERVICE_DOWN] = "down",
    [USHER_SERVICE_STARTING] = "starting",
    [USHER_SERVICE_UP] = "up",
    [USHER_SERVICE_LAME_DUCK] = "lame duck: still accepting",
  };

  g_return_val_if_fail (USHER_IS_SERVICE (self), NULL);

  if (self->state == USHER_SERVICE_DRAINING)
    return usher_service_describe_drain (self);

  return g_strdup (texts[self->state]);
}
