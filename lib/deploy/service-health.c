/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/service-private.h"

#include "deploy/health-acceptor-private.h"

/* Who asks has one short question. That many at once are no load balancers any more. */
#define N_ACCEPTORS 2
#define MAX_CONNECTIONS 256

/* Who asks how a service is that has ended is not worth any time of the drain, but for what it takes to
 * leave. In a hand-over nobody should notice. */
#define LAST_GRACE_MSEC 100
#define HAND_OVER_GRACE_MSEC 3000
#define HAND_OVER_PATIENCE_MSEC 2000

G_DEFINE_ENUM_TYPE (UsherReadiness, usher_readiness,
                    G_DEFINE_ENUM_VALUE (USHER_READINESS_STARTING, "starting"),
                    G_DEFINE_ENUM_VALUE (USHER_READINESS_READY, "ready"),
                    G_DEFINE_ENUM_VALUE (USHER_READINESS_DRAINING, "draining"),
                    G_DEFINE_ENUM_VALUE (USHER_READINESS_MAINTENANCE, "maintenance"))

/* The service outlives its pools' lives. */
static UsherAcceptor *
make_acceptor (gpointer pool,
               gpointer service,
               GError **error)
{
  return USHER_ACCEPTOR (usher_health_acceptor_new (service));
}

static UsherServicePool *
make_health (UsherService *self)
{
  g_autoptr (UsherAcceptorPool) pool = usher_acceptor_pool_new_with_factory ("health", make_acceptor, self, NULL);

  usher_acceptor_pool_set_max_connections (pool, MAX_CONNECTIONS);
  /* Whoever has not asked by then has to ask elsewhere. */
  usher_acceptor_pool_set_drain_patience_msec (pool, 0);
  usher_acceptor_pool_set_shutdown_msec (pool, USHER_SHUTDOWN_BRUTAL_KILL);
  return usher_service_pool_new (pool);
}

/**
 * usher_service_add_health:
 * @self: a service that is down
 * @address: where it says how it is, as for [func@Usher.listen_sockets_new_for_address]
 *
 * Lets the service say to load balancers and others whether connections should be sent to it. It can
 * be called again for more addresses. They belong to the load balancers: they are not for clients,
 * and count for none of the limits and figures of the service.
 *
 * Each address answers two protocols. To HTTP, `/readyz` is `200` if the service is ready, else `503`,
 * with the nick of the [enum@Usher.Readiness] in the body; `/livez` is `200` as long as the main loop
 * runs. To everybody else, who sends some other line, or nothing for a second, it says one line
 * of HAProxy's agent-check: `ready`, `drain` or `maint`.
 *
 * It answers from before the pools start until all of them have ended: it stands in the tree before
 * the pools, as the child `health`, which is no name for a pool then.
 *
 * Since: 0.1
 */
void
usher_service_add_health (UsherService *self,
                          const char *address)
{
  g_return_if_fail (USHER_IS_SERVICE (self));
  g_return_if_fail (address != NULL);
  g_return_if_fail (self->state == USHER_SERVICE_DOWN);
  g_return_if_fail (self->health == NULL || self->health->supervisor == NULL);

  if (self->health == NULL)
    self->health = make_health (self);
  usher_service_pool_add_address (self->health, address, N_ACCEPTORS);
}

void
usher_service_prepare_health (UsherService *self)
{
  gboolean is_superseded = usher_service_is_superseded (self);

  if (self->health == NULL)
    return;

  usher_acceptor_pool_set_grace_msec (self->health->pool, is_superseded ? HAND_OVER_GRACE_MSEC : LAST_GRACE_MSEC);
  usher_acceptor_pool_set_drain_patience_msec (self->health->pool, is_superseded ? HAND_OVER_PATIENCE_MSEC : 0);
}

/* Pools that accept nothing are as good as none, unless there is one that does. */
static gboolean
are_all_suspended (UsherService *self)
{
  for (guint i = 0; i < self->pools->len; i++)
    {
      const UsherServicePool *entry = g_ptr_array_index (self->pools, i);

      if (!usher_acceptor_pool_is_suspended (entry->pool))
        return FALSE;
    }

  return self->pools->len > 0;
}

/* In a hand-over it accepts a moment before it is told that it does. */
static gboolean
is_up (UsherService *self)
{
  return self->state == USHER_SERVICE_UP ||
         (self->state == USHER_SERVICE_STARTING && self->handover != NULL &&
          usher_handover_get_state (self->handover) == USHER_HANDOVER_SERVING);
}

/**
 * usher_service_get_readiness: (get-property readiness)
 * @self: a service
 *
 * Gets whether connections should be sent to the service.
 *
 * Returns: its readiness
 *
 * Since: 0.1
 */
UsherReadiness
usher_service_get_readiness (UsherService *self)
{
  g_return_val_if_fail (USHER_IS_SERVICE (self), USHER_READINESS_STARTING);

  if (usher_service_is_ending (self))
    return USHER_READINESS_DRAINING;
  if (!is_up (self))
    return USHER_READINESS_STARTING;

  return self->is_maintained || are_all_suspended (self) ? USHER_READINESS_MAINTENANCE : USHER_READINESS_READY;
}

/**
 * usher_service_set_maintenance: (set-property maintenance)
 * @self: a service
 * @maintenance: true or false
 *
 * Sets whether the program wants no connections to be sent to it, for reasons of its own: what it
 * needs is not there, or somebody works on it. It goes on to serve those that come. It may change at
 * any time.
 *
 * Since: 0.1
 */
void
usher_service_set_maintenance (UsherService *self,
                               gboolean maintenance)
{
  g_return_if_fail (USHER_IS_SERVICE (self));
  usher_return_if_elsewhere (usher_service_get_place (self));

  maintenance = !!maintenance;
  if (self->is_maintained == maintenance)
    return;

  self->is_maintained = maintenance;
  usher_service_notify_maintenance (self);
}

/**
 * usher_service_get_maintenance: (get-property maintenance)
 * @self: a service
 *
 * Gets whether the program wants no connections to be sent to it.
 *
 * Returns: whether it is so
 *
 * Since: 0.1
 */
gboolean
usher_service_get_maintenance (UsherService *self)
{
  g_return_val_if_fail (USHER_IS_SERVICE (self), FALSE);

  return self->is_maintained;
}
