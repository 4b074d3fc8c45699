/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/supervisor.h"
#include "supervision/supervisor-private.h"

#define DEFAULT_INTENSITY 1
#define DEFAULT_PERIOD_MSEC 5000
#define USEC_PER_MSEC 1000

/**
 * UsherSupervisor:
 *
 * A node of the supervision tree, after OTP's `supervisor`.
 *
 * It starts its children in the order in which they were added, restarts those that exit when
 * their [enum@Usher.Restart] says so, and stops them in reverse order. A supervisor is a
 * [iface@Usher.Child] itself, so supervisors nest. The life of the root, in order:
 *
 * 1. [ctor@Usher.Supervisor.new], [method@Usher.Supervisor.add_child].
 * 2. [method@Usher.Child.start_async] starts the children, one after the other. If one of them
 *    fails to start, those before it are stopped, and the start fails.
 * 3. When a child exits and has to be restarted, that is charged to the budget: at most
 *    [property@Usher.Supervisor:intensity] restarts within any
 *    [property@Usher.Supervisor:period-msec]. Then the [enum@Usher.Strategy] says which children
 *    are stopped and started again. A restart that fails is tried again, and charged again.
 * 4. Over budget the supervisor stops its children and exits with [error@Usher.Error] code
 *    `MAX_INTENSITY`, so that its own supervisor can act.
 * 5. [method@Usher.Child.shutdown] stops the children and ends the supervisor. Either way the
 *    signal [signal@Usher.Child::exited] says that it is over.
 *
 * Exits are handled one at a time, in the order in which they arrived, like the messages of an
 * Erlang process: while a restart is under way, later exits wait for it.
 *
 * A supervisor with strategy [enum@Usher.Strategy.SIMPLE_ONE_FOR_ONE] is for any number of children
 * that are alike, such as one for each visitor. It has one specification, with a factory, and begins
 * without children; [method@Usher.Supervisor.start_child_with_argument_async] starts one more. They
 * have no ids, and are named by themselves:
 * [method@Usher.Supervisor.terminate_child_object_async]. One that is not restarted is forgotten.
 * When the supervisor ends, they are all told at once, and have one limit in common.
 *
 * What goes wrong is told by [signal@Usher.Supervisor::report], and which children were started by
 * [signal@Usher.Supervisor::progress].
 *
 * Threading: a supervisor belongs to the thread-default main context at its construction. All its
 * functions are called there, and all its signals are emitted there. While it runs it holds a
 * reference on itself, and what would change it, if it is called while another thread iterates the
 * context, does nothing but say so, as a programmer's error.
 *
 * Since: 0.1
 */

typedef enum
{
  PROP_STRATEGY = 1,
  PROP_NAME,
  PROP_INTENSITY,
  PROP_PERIOD_MSEC,
  PROP_AUTO_SHUTDOWN,
} UsherSupervisorProperty;

static GParamSpec *props[PROP_AUTO_SHUTDOWN + 1];

G_DEFINE_ENUM_TYPE (UsherAutoShutdown, usher_auto_shutdown,
                    G_DEFINE_ENUM_VALUE (USHER_AUTO_SHUTDOWN_NEVER, "never"),
                    G_DEFINE_ENUM_VALUE (USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, "any-significant"),
                    G_DEFINE_ENUM_VALUE (USHER_AUTO_SHUTDOWN_ALL_SIGNIFICANT, "all-significant"))

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherSupervisor, usher_supervisor, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_CHILD,
                                                      usher_supervisor_child_iface_init))

static void
usher_supervisor_get_property (GObject *object,
                               guint property_id,
                               GValue *value,
                               GParamSpec *pspec)
{
  UsherSupervisor *self = USHER_SUPERVISOR (object);

  switch ((UsherSupervisorProperty) property_id)
    {
    case PROP_STRATEGY:
      g_value_set_enum (value, usher_supervisor_get_strategy (self));
      break;
    case PROP_NAME:
      g_value_set_string (value, usher_supervisor_get_name (self));
      break;
    case PROP_INTENSITY:
      g_value_set_uint (value, usher_supervisor_get_intensity (self));
      break;
    case PROP_PERIOD_MSEC:
      g_value_set_uint (value, usher_supervisor_get_period_msec (self));
      break;
    case PROP_AUTO_SHUTDOWN:
      g_value_set_enum (value, usher_supervisor_get_auto_shutdown (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_supervisor_set_property (GObject *object,
                               guint property_id,
                               const GValue *value,
                               GParamSpec *pspec)
{
  UsherSupervisor *self = USHER_SUPERVISOR (object);

  switch ((UsherSupervisorProperty) property_id)
    {
    case PROP_STRATEGY:
      usher_supervisor_set_strategy (self, g_value_get_enum (value));
      break;
    case PROP_NAME:
      usher_supervisor_set_name (self, g_value_get_string (value));
      break;
    case PROP_INTENSITY:
      usher_supervisor_set_intensity (self, g_value_get_uint (value));
      break;
    case PROP_PERIOD_MSEC:
      usher_supervisor_set_period_msec (self, g_value_get_uint (value));
      break;
    case PROP_AUTO_SHUTDOWN:
      usher_supervisor_set_auto_shutdown (self, g_value_get_enum (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_supervisor_dispose (GObject *object)
{
  UsherSupervisor *self = USHER_SUPERVISOR (object);
  UsherSlot *slot;

  while ((slot = g_queue_peek_tail (&self->slots)) != NULL)
    {
      usher_supervisor_unlink_slot (self, slot);
      usher_slot_free (slot);
    }
  g_ptr_array_set_size (self->specs, 0);

  G_OBJECT_CLASS (usher_supervisor_parent_class)->dispose (object);
}

static void
usher_supervisor_finalize (GObject *object)
{
  UsherSupervisor *self = USHER_SUPERVISOR (object);

  usher_desk_clear (&self->desk);
  usher_budget_clear (&self->budget);
  g_hash_table_unref (self->ids);
  g_ptr_array_unref (self->specs);
  g_clear_error (&self->start_error);
  g_free (self->name);

  G_OBJECT_CLASS (usher_supervisor_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * UsherSupervisor:strategy:
   *
   * What is restarted when a child exits. It may be changed at any time, but for
   * [enum@Usher.Strategy.SIMPLE_ONE_FOR_ONE], which is for good once there are children.
   *
   * Since: 0.1
   */
  props[PROP_STRATEGY] =
      g_param_spec_enum ("strategy", NULL, NULL, USHER_TYPE_STRATEGY, USHER_STRATEGY_ONE_FOR_ONE,
                         flags);
  /**
   * UsherSupervisor:name:
   *
   * What the supervisor is called in its reports.
   *
   * Since: 0.1
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, "supervisor", flags);
  /**
   * UsherSupervisor:intensity:
   *
   * How many restarts are allowed within [property@Usher.Supervisor:period-msec].
   *
   * Since: 0.1
   */
  props[PROP_INTENSITY] =
      g_param_spec_uint ("intensity", NULL, NULL, 0, G_MAXUINT, DEFAULT_INTENSITY, flags);
  /**
   * UsherSupervisor:period-msec:
   *
   * The length of the window, in milliseconds, in which restarts are counted.
   *
   * Since: 0.1
   */
  props[PROP_PERIOD_MSEC] =
      g_param_spec_uint ("period-msec", NULL, NULL, 1, G_MAXUINT, DEFAULT_PERIOD_MSEC, flags);
  /**
   * UsherSupervisor:auto-shutdown:
   *
   * Whether the supervisor ends when its significant children have ended.
   *
   * Since: 0.1
   */
  props[PROP_AUTO_SHUTDOWN] =
      g_param_spec_enum ("auto-shutdown", NULL, NULL, USHER_TYPE_AUTO_SHUTDOWN,
                         USHER_AUTO_SHUTDOWN_NEVER, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
usher_supervisor_class_init (UsherSupervisorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = usher_supervisor_dispose;
  object_class->finalize = usher_supervisor_finalize;
  object_class->get_property = usher_supervisor_get_property;
  object_class->set_property = usher_supervisor_set_property;

  install_properties (object_class);

  /**
   * UsherSupervisor::report:
   * @self: the supervisor
   * @report: what happened
   *
   * Emitted for every event that OTP's supervisor reports: a child that failed to start, that
   * exited by itself and should not have, or that did not shut down as asked; and the end of the
   * supervisor over its budget. The handler may do anything, stopping the tree included.
   *
   * Since: 0.1
   */
  g_signal_new ("report", USHER_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, USHER_TYPE_REPORT);

  /**
   * UsherSupervisor::progress:
   * @self: the supervisor
   * @report: which child was started
   *
   * Emitted when the supervisor has started a child: in its own start, and by a restart. As OTP's
   * progress report it is not emitted for a child that was started by a call, which is answered.
   * The handler may do anything.
   *
   * Since: 0.1
   */
  g_signal_new ("progress", USHER_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, USHER_TYPE_REPORT);
}

static void
usher_supervisor_init (UsherSupervisor *self)
{
  self->name = g_strdup ("supervisor");
  self->specs = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_child_spec_free);
  self->ids = g_hash_table_new (g_str_hash, g_str_equal);
  usher_budget_init (&self->budget, DEFAULT_INTENSITY, DEFAULT_PERIOD_MSEC * USEC_PER_MSEC);
  usher_desk_init (&self->desk, self, usher_supervisor_step);
}

/**
 * usher_supervisor_new:
 * @strategy: what is restarted when a child exits
 *
 * Makes a supervisor without children, with OTP's defaults: one restart within 5 seconds.
 *
 * Returns: (transfer full): a new supervisor
 *
 * Since: 0.1
 */
UsherSupervisor *
usher_supervisor_new (UsherStrategy strategy)
{
  return g_object_new (USHER_TYPE_SUPERVISOR, "strategy", strategy, NULL);
}

/**
 * usher_supervisor_set_strategy:
 * @self: a supervisor
 * @strategy: what is restarted when a child exits
 *
 * Sets what is restarted when a child exits. It may be changed at any time, and holds from the next
 * restart on; one that is under way goes on as it began. Only a supervisor without children can
 * become, or cease to be, simple-one-for-one.
 *
 * Since: 0.1
 */
void
usher_supervisor_set_strategy (UsherSupervisor *self,
                               UsherStrategy strategy)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (strategy == self->strategy || usher_supervisor_can_be (self, strategy));
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  if (self->strategy == strategy)
    return;

  self->strategy = strategy;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STRATEGY]);
}

/**
 * usher_supervisor_get_strategy:
 * @self: a supervisor
 *
 * Gets what is restarted when a child exits.
 *
 * Returns: the strategy
 *
 * Since: 0.1
 */
UsherStrategy
usher_supervisor_get_strategy (UsherSupervisor *self)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), USHER_STRATEGY_ONE_FOR_ONE);

  return self->strategy;
}

/**
 * usher_supervisor_set_name:
 * @self: a supervisor
 * @name: a name
 *
 * Sets what the supervisor is called in its reports. The default is `supervisor`.
 *
 * Since: 0.1
 */
void
usher_supervisor_set_name (UsherSupervisor *self,
                           const char *name)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (name != NULL && *name != '\0');
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  if (g_str_equal (self->name, name))
    return;

  g_free (self->name);
  self->name = g_strdup (name);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NAME]);
}

/**
 * usher_supervisor_get_name:
 * @self: a supervisor
 *
 * Gets what the supervisor is called in its reports.
 *
 * Returns: (transfer none): the name
 *
 * Since: 0.1
 */
const char *
usher_supervisor_get_name (UsherSupervisor *self)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), NULL);

  return self->name;
}

/**
 * usher_supervisor_set_intensity:
 * @self: a supervisor
 * @intensity: a number of restarts
 *
 * Sets how many restarts are allowed within any period. It may be changed at any time; restarts
 * that were charged already still count.
 *
 * Since: 0.1
 */
void
usher_supervisor_set_intensity (UsherSupervisor *self,
                                guint intensity)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  if (self->budget.intensity == intensity)
    return;

  usher_budget_set (&self->budget, intensity, self->budget.period_usec);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_INTENSITY]);
}

/**
 * usher_supervisor_get_intensity:
 * @self: a supervisor
 *
 * Gets how many restarts are allowed within any period.
 *
 * Returns: a number of restarts
 *
 * Since: 0.1
 */
guint
usher_supervisor_get_intensity (UsherSupervisor *self)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), 0);

  return self->budget.intensity;
}

/**
 * usher_supervisor_set_period_msec:
 * @self: a supervisor
 * @period_msec: a time in milliseconds, at least 1
 *
 * Sets the length of the window in which restarts are counted; both its ends belong to it. It may
 * be changed at any time.
 *
 * Since: 0.1
 */
void
usher_supervisor_set_period_msec (UsherSupervisor *self,
                                  guint period_msec)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (period_msec > 0);
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  gint64 period_usec = (gint64) period_msec * USEC_PER_MSEC;

  if (self->budget.period_usec == period_usec)
    return;

  usher_budget_set (&self->budget, self->budget.intensity, period_usec);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PERIOD_MSEC]);
}

/**
 * usher_supervisor_get_period_msec:
 * @self: a supervisor
 *
 * Gets the length of the window in which restarts are counted.
 *
 * Returns: a time in milliseconds
 *
 * Since: 0.1
 */
guint
usher_supervisor_get_period_msec (UsherSupervisor *self)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), 0);

  return self->budget.period_usec / USEC_PER_MSEC;
}

/**
 * usher_supervisor_set_auto_shutdown:
 * @self: a supervisor
 * @auto_shutdown: when to end
 *
 * Sets whether the supervisor ends when its significant children have ended. It may be changed at
 * any time; it is looked at when a significant child ends by itself. With
 * [enum@Usher.AutoShutdown.NEVER], which is the default, no significant child can be added. With
 * [enum@Usher.Strategy.SIMPLE_ONE_FOR_ONE] no other value makes sense: the start fails.
 *
 * Since: 0.1
 */
void
usher_supervisor_set_auto_shutdown (UsherSupervisor *self,
                                    UsherAutoShutdown auto_shutdown)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  usher_return_if_elsewhere (usher_supervisor_get_place (self));

  if (self->auto_shutdown == auto_shutdown)
    return;

  self->auto_shutdown = auto_shutdown;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_AUTO_SHUTDOWN]);
}

/**
 * usher_supervisor_get_auto_shutdown:
 * @self: a supervisor
 *
 * Gets whether the supervisor ends when its significant children have ended.
 *
 * Returns: when it ends
 *
 * Since: 0.1
 */
UsherAutoShutdown
usher_supervisor_get_auto_shutdown (UsherSupervisor *self)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), USHER_AUTO_SHUTDOWN_NEVER);

  return self->auto_shutdown;
}
