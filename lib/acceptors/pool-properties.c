/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/pool-properties-private.h"

/* Numbers, one line each. */
static const struct
{
  UsherPoolProperty property;
  guint (*get) (UsherAcceptorPool *self);
  void (*set) (UsherAcceptorPool *self,
               guint value); /* (nullable) */
} numbers[] = {
  { USHER_POOL_PROP_WORKERS, usher_acceptor_pool_get_workers, usher_acceptor_pool_set_workers },
  { USHER_POOL_PROP_INTENSITY, usher_acceptor_pool_get_intensity, usher_acceptor_pool_set_intensity },
  { USHER_POOL_PROP_PERIOD_MSEC, usher_acceptor_pool_get_period_msec, usher_acceptor_pool_set_period_msec },
  { USHER_POOL_PROP_ESCALATION_GRACE_MSEC, usher_acceptor_pool_get_escalation_grace_msec,
    usher_acceptor_pool_set_escalation_grace_msec },
  { USHER_POOL_PROP_DRAIN_SPREAD_MSEC, usher_acceptor_pool_get_drain_spread_msec,
    usher_acceptor_pool_set_drain_spread_msec },
  { USHER_POOL_PROP_DRAIN_PATIENCE_MSEC, usher_acceptor_pool_get_drain_patience_msec,
    usher_acceptor_pool_set_drain_patience_msec },
  { USHER_POOL_PROP_READ_TIMEOUT_MSEC, usher_acceptor_pool_get_read_timeout_msec,
    usher_acceptor_pool_set_read_timeout_msec },
  { USHER_POOL_PROP_WRITE_TIMEOUT_MSEC, usher_acceptor_pool_get_write_timeout_msec,
    usher_acceptor_pool_set_write_timeout_msec },
  { USHER_POOL_PROP_IDLE_TIMEOUT_MSEC, usher_acceptor_pool_get_idle_timeout_msec,
    usher_acceptor_pool_set_idle_timeout_msec },
  { USHER_POOL_PROP_MAX_CONNECTIONS, usher_acceptor_pool_get_max_connections,
    usher_acceptor_pool_set_max_connections },
  { USHER_POOL_PROP_LOW_WATERMARK, usher_acceptor_pool_get_low_watermark, usher_acceptor_pool_set_low_watermark },
  { USHER_POOL_PROP_AT_LIMIT_WAIT_MSEC, usher_acceptor_pool_get_at_limit_wait_msec,
    usher_acceptor_pool_set_at_limit_wait_msec },
  { USHER_POOL_PROP_MAX_CONNECTIONS_PER_PEER, usher_acceptor_pool_get_max_connections_per_peer,
    usher_acceptor_pool_set_max_connections_per_peer },
  { USHER_POOL_PROP_MAX_CONNECTIONS_PER_USER, usher_acceptor_pool_get_max_connections_per_user,
    usher_acceptor_pool_set_max_connections_per_user },
  { USHER_POOL_PROP_MAX_HANDSHAKES, usher_acceptor_pool_get_max_handshakes, usher_acceptor_pool_set_max_handshakes },
  { USHER_POOL_PROP_N_WAITING, usher_acceptor_pool_get_n_waiting, NULL },
  { USHER_POOL_PROP_N_CONNECTIONS, usher_acceptor_pool_get_n_connections, NULL },
};

static gboolean
pool_get_number (UsherAcceptorPool *self,
                 guint property,
                 GValue *value)
{
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (numbers[i].property == property)
      {
        g_value_set_uint (value, numbers[i].get (self));
        return TRUE;
      }

  return FALSE;
}

static gboolean
pool_set_number (UsherAcceptorPool *self,
                 guint property,
                 const GValue *value)
{
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (numbers[i].property == property && numbers[i].set != NULL)
      {
        numbers[i].set (self, g_value_get_uint (value));
        return TRUE;
      }

  return FALSE;
}

/* What the snapshot has to sum up. */
static gboolean
pool_get_figure (UsherAcceptorPool *self,
                 guint property,
                 GValue *value)
{
  g_autoptr (UsherPoolStatistics) statistics = usher_acceptor_pool_get_statistics (self);

  switch (property)
    {
    case USHER_POOL_PROP_N_ACCEPTED:
      g_value_set_uint64 (value, usher_pool_statistics_get_n_accepted (statistics));
      break;
    case USHER_POOL_PROP_N_REFUSED:
      g_value_set_uint64 (value, usher_pool_statistics_sum_refused (statistics));
      break;
    case USHER_POOL_PROP_N_FAILED:
      g_value_set_uint64 (value, usher_pool_statistics_get_n_exits (statistics, USHER_EXIT_ERROR) +
                                     usher_pool_statistics_get_n_exits (statistics, USHER_EXIT_KILLED));
      break;
    case USHER_POOL_PROP_N_PEER_FAILURES:
      g_value_set_uint64 (value, usher_pool_statistics_get_n_peer_failures (statistics));
      break;
    case USHER_POOL_PROP_N_ACCEPT_ERRORS:
      g_value_set_uint64 (value, usher_pool_statistics_sum_accept_errors (statistics));
      break;
    case USHER_POOL_PROP_N_RESTARTS:
      g_value_set_uint64 (value, usher_pool_statistics_get_n_restarts (statistics));
      break;
    case USHER_POOL_PROP_BYTES_RECEIVED:
      g_value_set_uint64 (value, usher_pool_statistics_get_bytes_received (statistics));
      break;
    case USHER_POOL_PROP_BYTES_SENT:
      g_value_set_uint64 (value, usher_pool_statistics_get_bytes_sent (statistics));
      break;
    case USHER_POOL_PROP_QUEUE_DEPTH:
      g_value_set_uint (value, usher_pool_statistics_get_queue_depth (statistics));
      break;
    default:
      return FALSE;
    }

  return TRUE;
}

static void
usher_acceptor_pool_get_property (GObject *object,
                                  guint property_id,
                                  GValue *value,
                                  GParamSpec *pspec)
{
  UsherAcceptorPool *self = USHER_ACCEPTOR_POOL (object);

  switch (property_id)
    {
    case USHER_POOL_PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case USHER_POOL_PROP_EXECUTION:
      g_value_set_enum (value, self->terms.execution);
      break;
    case USHER_POOL_PROP_RESTART:
      g_value_set_enum (value, self->restart);
      break;
    case USHER_POOL_PROP_GRACE_MSEC:
      g_value_set_int64 (value, self->grace_msec);
      break;
    case USHER_POOL_PROP_SHUTDOWN_MSEC:
      g_value_set_int64 (value, self->shutdown_msec);
      break;
    case USHER_POOL_PROP_DRAIN_ON_FAILURE:
      g_value_set_boolean (value, self->drain_on_failure);
      break;
    case USHER_POOL_PROP_DRAIN_IDLE_READS:
      g_value_set_boolean (value, self->terms.drain_idle_reads);
      break;
    case USHER_POOL_PROP_MAX_QUEUED_BYTES:
      g_value_set_uint64 (value, self->terms.limits.max_queued_bytes);
      break;
    case USHER_POOL_PROP_AT_LIMIT:
      g_value_set_enum (value, self->terms.at_limit);
      break;
    case USHER_POOL_PROP_GOODBYE:
      g_value_set_boxed (value, self->terms.goodbye);
      break;
    case USHER_POOL_PROP_SUSPENDED:
      g_value_set_boolean (value, self->terms.is_suspended);
      break;
    default:
      if (!pool_get_number (self, property_id, value) && !pool_get_figure (self, property_id, value))
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

  switch (property_id)
    {
    case USHER_POOL_PROP_NAME:
      self->name = g_strdup (g_value_get_string (value) != NULL ? g_value_get_string (value) : USHER_DEFAULT_POOL_NAME);
      break;
    case USHER_POOL_PROP_EXECUTION:
      usher_acceptor_pool_set_execution (self, g_value_get_enum (value));
      break;
    case USHER_POOL_PROP_RESTART:
      usher_acceptor_pool_set_restart (self, g_value_get_enum (value));
      break;
    case USHER_POOL_PROP_GRACE_MSEC:
      usher_acceptor_pool_set_grace_msec (self, g_value_get_int64 (value));
      break;
    case USHER_POOL_PROP_SHUTDOWN_MSEC:
      usher_acceptor_pool_set_shutdown_msec (self, g_value_get_int64 (value));
      break;
    case USHER_POOL_PROP_DRAIN_ON_FAILURE:
      usher_acceptor_pool_set_drain_on_failure (self, g_value_get_boolean (value));
      break;
    case USHER_POOL_PROP_DRAIN_IDLE_READS:
      usher_acceptor_pool_set_drain_idle_reads (self, g_value_get_boolean (value));
      break;
    case USHER_POOL_PROP_MAX_QUEUED_BYTES:
      usher_acceptor_pool_set_max_queued_bytes (self, g_value_get_uint64 (value));
      break;
    case USHER_POOL_PROP_AT_LIMIT:
      usher_acceptor_pool_set_at_limit (self, g_value_get_enum (value));
      break;
    case USHER_POOL_PROP_GOODBYE:
      usher_acceptor_pool_set_goodbye (self, g_value_get_boxed (value));
      break;
    default:
      if (!pool_set_number (self, property_id, value))
        G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

void
usher_acceptor_pool_install_properties (GObjectClass *object_class)
{
  object_class->get_property = usher_acceptor_pool_get_property;
  object_class->set_property = usher_acceptor_pool_set_property;
  usher_acceptor_pool_install_property_specs (object_class);
}
