/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/pool-properties-private.h"

#define DEFAULT_NAME "acceptor-pool"

static GParamSpec *props[USHER_POOL_PROP_LAST + 1];

static void
usher_acceptor_pool_get_property (GObject *object,
                                  guint property_id,
                                  GValue *value,
                                  GParamSpec *pspec)
{
  UsherAcceptorPool *self = USHER_ACCEPTOR_POOL (object);

  switch ((UsherPoolProperty) property_id)
    {
    case USHER_POOL_PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case USHER_POOL_PROP_RESTART:
      g_value_set_enum (value, self->restart);
      break;
    case USHER_POOL_PROP_INTENSITY:
      g_value_set_uint (value, self->intensity);
      break;
    case USHER_POOL_PROP_PERIOD_MSEC:
      g_value_set_uint (value, self->period_msec);
      break;
    case USHER_POOL_PROP_GRACE_MSEC:
      g_value_set_int64 (value, self->grace_msec);
      break;
    case USHER_POOL_PROP_SHUTDOWN_MSEC:
      g_value_set_int64 (value, self->shutdown_msec);
      break;
    case USHER_POOL_PROP_ESCALATION_GRACE_MSEC:
      g_value_set_uint (value, self->escalation_grace_msec);
      break;
    case USHER_POOL_PROP_DRAIN_ON_FAILURE:
      g_value_set_boolean (value, self->drain_on_failure);
      break;
    case USHER_POOL_PROP_DRAIN_IDLE_READS:
      g_value_set_boolean (value, self->drain_idle_reads);
      break;
    case USHER_POOL_PROP_N_WAITING:
      g_value_set_uint (value, usher_acceptor_pool_get_n_waiting (self));
      break;
    case USHER_POOL_PROP_N_CONNECTIONS:
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

  switch ((UsherPoolProperty) property_id)
    {
    case USHER_POOL_PROP_NAME:
      self->name = g_strdup (g_value_get_string (value) != NULL ? g_value_get_string (value) : DEFAULT_NAME);
      break;
    case USHER_POOL_PROP_RESTART:
      usher_acceptor_pool_set_restart (self, g_value_get_enum (value));
      break;
    case USHER_POOL_PROP_INTENSITY:
      usher_acceptor_pool_set_intensity (self, g_value_get_uint (value));
      break;
    case USHER_POOL_PROP_PERIOD_MSEC:
      usher_acceptor_pool_set_period_msec (self, g_value_get_uint (value));
      break;
    case USHER_POOL_PROP_GRACE_MSEC:
      usher_acceptor_pool_set_grace_msec (self, g_value_get_int64 (value));
      break;
    case USHER_POOL_PROP_SHUTDOWN_MSEC:
      usher_acceptor_pool_set_shutdown_msec (self, g_value_get_int64 (value));
      break;
    case USHER_POOL_PROP_ESCALATION_GRACE_MSEC:
      usher_acceptor_pool_set_escalation_grace_msec (self, g_value_get_uint (value));
      break;
    case USHER_POOL_PROP_DRAIN_ON_FAILURE:
      usher_acceptor_pool_set_drain_on_failure (self, g_value_get_boolean (value));
      break;
    case USHER_POOL_PROP_DRAIN_IDLE_READS:
      usher_acceptor_pool_set_drain_idle_reads (self, g_value_get_boolean (value));
      break;
    case USHER_POOL_PROP_N_WAITING:
    case USHER_POOL_PROP_N_CONNECTIONS:
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
  props[USHER_POOL_PROP_RESTART] =
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
  props[USHER_POOL_PROP_INTENSITY] =
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
  props[USHER_POOL_PROP_PERIOD_MSEC] =
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
  props[USHER_POOL_PROP_GRACE_MSEC] =
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
  props[USHER_POOL_PROP_SHUTDOWN_MSEC] =
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
  props[USHER_POOL_PROP_ESCALATION_GRACE_MSEC] =
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
  props[USHER_POOL_PROP_DRAIN_ON_FAILURE] =
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
  props[USHER_POOL_PROP_DRAIN_IDLE_READS] =
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
  props[USHER_POOL_PROP_NAME] = g_param_spec_string ("name", NULL, NULL, DEFAULT_NAME,
                                                     G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:n-waiting:
   *
   * How many acceptors wait for a connection. Changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_N_WAITING] = g_param_spec_uint ("n-waiting", NULL, NULL, 0, G_MAXUINT, 0,
                                                        G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);

  /**
   * UsherAcceptorPool:n-connections:
   *
   * How many acceptors serve a connection. Changes are not notified.
   *
   * Since: 0.1
   */
  props[USHER_POOL_PROP_N_CONNECTIONS] = g_param_spec_uint ("n-connections", NULL, NULL, 0, G_MAXUINT, 0,
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

void
usher_acceptor_pool_notify (UsherAcceptorPool *self,
                            UsherPoolProperty property)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[property]);
}
