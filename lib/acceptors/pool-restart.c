/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/pool-properties-private.h"

/**
 * usher_acceptor_pool_set_restart: (set-property restart)
 * @self: a pool
 * @restart: the new value
 *
 * Sets whether the failure of a connection's acceptor is charged to the restart budget: yes if
 * transient, no if temporary. Either way it is reported, and a connection is never restarted.
 * Permanent has no meaning for a pool, and is refused. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_restart (UsherAcceptorPool *self,
                                 UsherRestart restart)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (restart != USHER_RESTART_PERMANENT);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->restart == restart)
    return;

  self->restart = restart;
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_RESTART);
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
 * Sets how many charges the pool survives within its period. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_intensity (UsherAcceptorPool *self,
                                   guint intensity)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->intensity == intensity)
    return;

  self->intensity = intensity;
  usher_budget_set (&self->budget, self->intensity, self->period_msec * G_TIME_SPAN_MILLISECOND);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_INTENSITY);
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
 * Sets the period of the restart budget, in milliseconds. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_period_msec (UsherAcceptorPool *self,
                                     guint period_msec)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (period_msec > 0);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->period_msec == period_msec)
    return;

  self->period_msec = period_msec;
  usher_budget_set (&self->budget, self->intensity, self->period_msec * G_TIME_SPAN_MILLISECOND);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_PERIOD_MSEC);
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
