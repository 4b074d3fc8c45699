/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"
#include "acceptors/pool-properties-private.h"
#include "runtime/fiber-private.h"

G_DEFINE_ENUM_TYPE (UsherExecution, usher_execution,
                    G_DEFINE_ENUM_VALUE (USHER_EXECUTION_THREAD, "thread"),
                    G_DEFINE_ENUM_VALUE (USHER_EXECUTION_FIBER, "fiber"))

gboolean
usher_acceptor_pool_check_execution (UsherAcceptorPool *self,
                                     GError **error)
{
  if (self->terms.execution != USHER_EXECUTION_FIBER || usher_fiber_is_supported (error))
    return TRUE;

  g_prefix_error (error, "The pool %s: ", self->name);
  return FALSE;
}

/**
 * usher_acceptor_pool_set_execution: (set-property execution)
 * @self: a pool
 * @execution: the new value
 *
 * Sets where the code of blocking acceptors runs. It may change at any time, for the acceptors that are
 * made from then on.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_execution (UsherAcceptorPool *self,
                                   UsherExecution execution)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (execution == USHER_EXECUTION_THREAD || execution == USHER_EXECUTION_FIBER);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->terms.execution == execution)
    return;

  self->terms.execution = execution;
  usher_acceptor_pool_apply_terms (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_EXECUTION);
}

/**
 * usher_acceptor_pool_get_execution: (get-property execution)
 * @self: a pool
 *
 * Gets where the code of blocking acceptors runs.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
UsherExecution
usher_acceptor_pool_get_execution (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), USHER_EXECUTION_THREAD);

  return self->terms.execution;
}

/**
 * usher_acceptor_pool_set_workers: (set-property workers)
 * @self: a pool
 * @workers: how many threads; 0 for none, 1024 at most
 *
 * Sets how many threads of its own the pool has for its acceptors. It may change at any time, and has
 * effect when the pool is started the next time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_workers (UsherAcceptorPool *self,
                                 guint workers)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (workers <= USHER_MAX_WORKERS);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->n_workers == workers)
    return;

  self->n_workers = workers;
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_WORKERS);
}

/**
 * usher_acceptor_pool_get_workers: (get-property workers)
 * @self: a pool
 *
 * Gets how many threads of its own the pool has for its acceptors.
 *
 * Returns: the number of threads; 0 for none
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_workers (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->n_workers;
}
