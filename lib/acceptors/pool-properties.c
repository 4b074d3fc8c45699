/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

typedef enum
{
  PROP_NAME = 1,
  PROP_RESTART,
  PROP_INTENSITY,
  PROP_PERIOD_MSEC,
  PROP_GRACE_MSEC,
  PROP_SHUTDOWN_MSEC,
  PROP_ESCALATION_GRACE_MSEC,
  PROP_DRAIN_ON_FAILURE,
  PROP_DRAIN_IDLE_READS,
  PROP_N_WAITING,
  PROP_N_CONNECTIONS,
} UsherAcceptorPoolProperty;

static GParamSpec *props[PROP_N_CONNECTIONS + 1];

static void
usher_acceptor_pool_get_property (GObject *object,
                                  guint property_id,
                                  GValue *value,
                                  GParamSpec *pspec)
{
  UsherAcceptorPool *self = USHER_ACCEPTOR_POOL (object);

  switch ((UsherAcceptorPoolProperty) property_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_RESTART:
      g_value_set_enum (value, self->restart);
      break;
    case PROP_INTENSITY:
      g_value_set_uint (value, self->intensity);
      break;
    case PROP_PERIOD_MSEC:
      g_value_set_uint (value, self->period_msec);
      break;
    case PROP_GRACE_MSEC:
      g_value_set_int64 (value, self->grace_msec);
      break;
    case PROP_SHUTDOWN_MSEC:
      g_value_set_int64 (value, self->shutdown_msec);
      break;
    case PROP_ESCALATION_GRACE_MSEC:
      g_value_set_uint (value, self->escalation_grace_msec);
      break;
    case PROP_DRAIN_ON_FAILURE:
      g_value_set_boolean (value, self->drain_on_failure);
      break;
    case PROP_DRAIN_IDLE_READS:
      g_value_set_boolean (value, self->drain_idle_reads);
      break;
    case PROP_N_WAITING:
      g_value_set_uint (value, usher_acceptor_pool_get_n_waiting (self));
      break;
    case PROP_N_CONNECTIONS:
      g_value_set_uint (value, self->n_connections);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_acceptor_pool_set_property (GObject *object,
                                  guint property_id,
                                  const GValue *value,
                                  GParamSpec *pspec)
{
  UsherAcceptorPool *self = USHER_ACCEPTOR_POOL (object);

  switch ((UsherAcceptorPoolProperty) property_id)
    {
    case PROP_RESTART:
      usher_acceptor_pool_set_restart (self, g_value_get_enum (value));
      break;
    case PROP_INTENSITY:
      usher_acceptor_pool_set_intensity (self, g_value_get_uint (value));
      break;
    case PROP_PERIOD_MSEC:
      usher_acceptor_pool_set_period_msec (self, g_value_get_uint (value));
      break;
    case PROP_GRACE_MSEC:
      usher_acceptor_pool_set_grace_msec (self, g_value_get_int64 (value));
      break;
    case PROP_SHUTDOWN_MSEC:
      usher_acceptor_pool_set_shutdown_msec (self, g_value_get_int64 (value));
      break;
    case PROP_ESCALATION_GRACE_MSEC:
      usher_acceptor_pool_set_escalation_grace_msec (self, g_value_get_uint (value));
      break;
    case PROP_DRAIN_ON_FAILURE:
      usher_acceptor_pool_set_drain_on_failure (self, g_value_get_boolean (value));
      break;
    case PROP_DRAIN_IDLE_READS:
      usher_acceptor_pool_set_drain_idle_reads (self, g_value_get_boolean (value));
      break;
    case PROP_NAME:
    case PROP_N_WAITING:
    case PROP_N_CONNECTIONS:
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
install_budget (void)
{
  /**
   * UsherAcceptorPool:restart:
   *
   * Whether the failure of a connection's acceptor is charged to the restart budget: yes if
   * transient, no if temporary. Either way it is reported, and a connection is never restarted.
   * Permanent has no meaning for a pool, and is refused.
   *
   * The default is temporary.
   *
   * Since: 0.1
   */
  props[PROP_RESTART] =
      g_param_spec_enum ("restart", NULL, NULL, USHER_TYPE_RESTART, USHER_RESTART_TEMPORARY,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:intensity:
   *
   * How many charges the pool survives within its period.
   *
   * The default is 1, as in OTP.
   *
   * Since: 0.1
   */
  props[PROP_INTENSITY] =
      g_param_spec_uint ("intensity", NULL, NULL, 0, G_MAXUINT, 1,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:period-msec:
   *
   * The period of the restart budget, in milliseconds.
   *
   * The default is 5000, as in OTP.
   *
   * Since: 0.1
   */
  props[PROP_PERIOD_MSEC] =
      g_param_spec_uint ("period-msec", NULL, NULL, 1, G_MAXUINT, 5000,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_time_limits (void)
{
  /**
   * UsherAcceptorPool:grace-msec:
   *
   * How long connections that were told to leave may take, in milliseconds; -1 is
   * for ever.
   *
   * The default is 5000.
   *
   * Since: 0.1
   */
  props[PROP_GRACE_MSEC] =
      g_param_spec_int64 ("grace-msec", NULL, NULL, -1, G_MAXINT32, 5000,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:shutdown-msec:
   *
   * How long acceptors whose I/O was cancelled may take to unwind, in milliseconds;
   * %USHER_SHUTDOWN_INFINITY is for ever, and with %USHER_SHUTDOWN_BRUTAL_KILL nobody waits for them.
   *
   * The default is 5000.
   *
   * Since: 0.1
   */
  props[PROP_SHUTDOWN_MSEC] =
      g_param_spec_int64 ("shutdown-msec", NULL, NULL, USHER_SHUTDOWN_BRUTAL_KILL, G_MAXINT32, 5000,
                          G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:escalation-grace-msec:
   *
   * The longest grace, in milliseconds, of a pool that ends over its restart budget: its
   * clients wait for it to come back.
   *
   * The default is 5000.
   *
   * Since: 0.1
   */
  props[PROP_ESCALATION_GRACE_MSEC] =
      g_param_spec_uint ("escalation-grace-msec", NULL, NULL, 0, G_MAXINT32, 5000,
                         G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_drain (void)
{
  /**
   * UsherAcceptorPool:drain-on-failure:
   *
   * Whether connections are told to leave also when their listen socket failed or is
   * being restarted.
   *
   * The default is FALSE.
   *
   * Since: 0.1
   */
  props[PROP_DRAIN_ON_FAILURE] =
      g_param_spec_boolean ("drain-on-failure", NULL, NULL, FALSE,
                            G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:drain-idle-reads:
   *
   * Whether a read that waits on a connection that was told to leave returns end-of-file if
   * nothing was received since the last write. It makes code that knows nothing of draining leave
   * when it is idle.
   *
   * The default is TRUE for a pool made with [ctor@Usher.AcceptorPool.new_for_func], else FALSE.
   *
   * Since: 0.1
   */
  props[PROP_DRAIN_IDLE_READS] =
      g_param_spec_boolean ("drain-idle-reads", NULL, NULL, FALSE,
                            G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
}

static void
install_figures (void)
{
  /**
   * UsherAcceptorPool:name:
   *
   * The name of the pool, for reports.
   *
   * Since: 0.1
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, NULL,
                                          G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:n-waiting:
   *
   * How many acceptors wait for a connection. Changes are not notified.
   *
   * Since: 0.1
   */
  props[PROP_N_WAITING] = g_param_spec_uint ("n-waiting", NULL, NULL, 0, G_MAXUINT, 0,
                                             G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:n-connections:
   *
   * How many acceptors serve a connection. Changes are not notified.
   *
   * Since: 0.1
   */
  props[PROP_N_CONNECTIONS] = g_param_spec_uint ("n-connections", NULL, NULL, 0, G_MAXUINT, 0,
                                                 G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
}

void
usher_acceptor_pool_install_properties (GObjectClass *object_class)
{
  object_class->get_property = usher_acceptor_pool_get_property;
  object_class->set_property = usher_acceptor_pool_set_property;

  install_budget ();
  install_time_limits ();
  install_drain ();
  install_figures ();
  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

/**
 * usher_acceptor_pool_set_restart: (set-property restart)
 * @self: a pool
 * @restart: the new value
 *
 * Sets whether the failure of a connection's acceptor is charged to the restart budget: yes if
 * transient, no if temporary. Either way it is reported, and a connection is never restarted.
 * Permanent has no meaning for a pool, and is refused. It may change
 * at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_restart (UsherAcceptorPool *self,
                                 UsherRestart restart)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (restart != USHER_RESTART_PERMANENT);

  if (self->restart == restart)
    return;

  self->restart = restart;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RESTART]);
}

/**
 * usher_acceptor_pool_get_restart: (get-property restart)
 * @self: a pool
 *
 * Gets whether the failure of a connection's acceptor is charged to the restart budget: yes if
 * transient, no if temporary. Either way it is reported, and a connection is never restarted.
 * Permanent has no meaning for a pool, and is refused.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
UsherRestart
usher_acceptor_pool_get_restart (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), USHER_RESTART_TEMPORARY);

  return self->restart;
}

/**
 * usher_acceptor_pool_set_intensity: (set-property intensity)
 * @self: a pool
 * @intensity: the new value
 *
 * Sets how many charges the pool survives within its period. It may change
 * at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_intensity (UsherAcceptorPool *self,
                                   guint intensity)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));

  if (self->intensity == intensity)
    return;

  self->intensity = intensity;
  usher_budget_set (&self->budget, self->intensity, self->period_msec * G_TIME_SPAN_MILLISECOND);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_INTENSITY]);
}

/**
 * usher_acceptor_pool_get_intensity: (get-property intensity)
 * @self: a pool
 *
 * Gets how many charges the pool survives within its period.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_intensity (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->intensity;
}

/**
 * usher_acceptor_pool_set_period_msec: (set-property period-msec)
 * @self: a pool
 * @period_msec: the new value
 *
 * Sets the period of the restart budget, in milliseconds. It may change
 * at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_period_msec (UsherAcceptorPool *self,
                                     guint period_msec)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (period_msec > 0);

  if (self->period_msec == period_msec)
    return;

  self->period_msec = period_msec;
  usher_budget_set (&self->budget, self->intensity, self->period_msec * G_TIME_SPAN_MILLISECOND);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PERIOD_MSEC]);
}

/**
 * usher_acceptor_pool_get_period_msec: (get-property period-msec)
 * @self: a pool
 *
 * Gets the period of the restart budget, in milliseconds.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_period_msec (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->period_msec;
}

/**
 * usher_acceptor_pool_set_grace_msec: (set-property grace-msec)
 * @self: a pool
 * @grace_msec: the new value
 *
 * Sets how long connections that were told to leave may take, in milliseconds; -1 is
 * for ever. It may change
 * at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_grace_msec (UsherAcceptorPool *self,
                                    gint64 grace_msec)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (grace_msec >= -1 && grace_msec <= G_MAXINT32);

  if (self->grace_msec == grace_msec)
    return;

  self->grace_msec = grace_msec;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_GRACE_MSEC]);
}

/**
 * usher_acceptor_pool_get_grace_msec: (get-property grace-msec)
 * @self: a pool
 *
 * Gets how long connections that were told to leave may take, in milliseconds; -1 is
 * for ever.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
gint64
usher_acceptor_pool_get_grace_msec (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->grace_msec;
}

/**
 * usher_acceptor_pool_set_shutdown_msec: (set-property shutdown-msec)
 * @self: a pool
 * @shutdown_msec: the new value
 *
 * Sets how long acceptors whose I/O was cancelled may take to unwind, in milliseconds;
 * %USHER_SHUTDOWN_INFINITY is for ever, and with %USHER_SHUTDOWN_BRUTAL_KILL nobody waits for them. It may change
 * at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_shutdown_msec (UsherAcceptorPool *self,
                                       gint64 shutdown_msec)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (shutdown_msec >= USHER_SHUTDOWN_BRUTAL_KILL && shutdown_msec <= G_MAXINT32);

  if (self->shutdown_msec == shutdown_msec)
    return;

  self->shutdown_msec = shutdown_msec;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_SHUTDOWN_MSEC]);
}

/**
 * usher_acceptor_pool_get_shutdown_msec: (get-property shutdown-msec)
 * @self: a pool
 *
 * Gets how long acceptors whose I/O was cancelled may take to unwind, in milliseconds;
 * %USHER_SHUTDOWN_INFINITY is for ever, and with %USHER_SHUTDOWN_BRUTAL_KILL nobody waits for them.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
gint64
usher_acceptor_pool_get_shutdown_msec (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->shutdown_msec;
}

/**
 * usher_acceptor_pool_set_escalation_grace_msec: (set-property escalation-grace-msec)
 * @self: a pool
 * @escalation_grace_msec: the new value
 *
 * Sets the longest grace, in milliseconds, of a pool that ends over its restart budget: its
 * clients wait for it to come back. It may change
 * at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_escalation_grace_msec (UsherAcceptorPool *self,
                                               guint escalation_grace_msec)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (escalation_grace_msec <= G_MAXINT32);

  if (self->escalation_grace_msec == escalation_grace_msec)
    return;

  self->escalation_grace_msec = escalation_grace_msec;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_ESCALATION_GRACE_MSEC]);
}

/**
 * usher_acceptor_pool_get_escalation_grace_msec: (get-property escalation-grace-msec)
 * @self: a pool
 *
 * Gets the longest grace, in milliseconds, of a pool that ends over its restart budget: its
 * clients wait for it to come back.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_escalation_grace_msec (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->escalation_grace_msec;
}

/**
 * usher_acceptor_pool_set_drain_on_failure: (set-property drain-on-failure)
 * @self: a pool
 * @drain_on_failure: true or false
 *
 * Sets whether connections are told to leave also when their listen socket failed or is
 * being restarted. It may change
 * at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_drain_on_failure (UsherAcceptorPool *self,
                                          gboolean drain_on_failure)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));

  drain_on_failure = !!drain_on_failure;
  if (self->drain_on_failure == drain_on_failure)
    return;

  self->drain_on_failure = drain_on_failure;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DRAIN_ON_FAILURE]);
}

/**
 * usher_acceptor_pool_get_drain_on_failure: (get-property drain-on-failure)
 * @self: a pool
 *
 * Gets whether connections are told to leave also when their listen socket failed or is
 * being restarted.
 *
 * Returns: whether it is so
 *
 * Since: 0.1
 */
gboolean
usher_acceptor_pool_get_drain_on_failure (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), FALSE);

  return self->drain_on_failure;
}

/**
 * usher_acceptor_pool_set_drain_idle_reads: (set-property drain-idle-reads)
 * @self: a pool
 * @drain_idle_reads: true or false
 *
 * Sets whether a read that waits on a connection that was told to leave returns end-of-file if
 * nothing was received since the last write. It makes code that knows nothing of draining leave
 * when it is idle. It may change
 * at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_drain_idle_reads (UsherAcceptorPool *self,
                                          gboolean drain_idle_reads)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));

  drain_idle_reads = !!drain_idle_reads;
  if (self->drain_idle_reads == drain_idle_reads)
    return;

  self->drain_idle_reads = drain_idle_reads;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DRAIN_IDLE_READS]);
}

/**
 * usher_acceptor_pool_get_drain_idle_reads: (get-property drain-idle-reads)
 * @self: a pool
 *
 * Gets whether a read that waits on a connection that was told to leave returns end-of-file if
 * nothing was received since the last write. It makes code that knows nothing of draining leave
 * when it is idle.
 *
 * Returns: whether it is so
 *
 * Since: 0.1
 */
gboolean
usher_acceptor_pool_get_drain_idle_reads (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), FALSE);

  return self->drain_idle_reads;
}
