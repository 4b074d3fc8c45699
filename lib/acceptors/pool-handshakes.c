/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/pool-properties-private.h"

/**
 * usher_acceptor_pool_set_max_handshakes: (set-property max-handshakes)
 * @self: a pool
 * @max_handshakes: the new value
 *
 * Sets how many TLS handshakes of the pool's connections are under way at once. The others wait for their
 * turn, in order. A pool with a limit of 0 is refused when it is started. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_max_handshakes (UsherAcceptorPool *self,
                                        guint max_handshakes)
{
  UsherTurnstile *handshakes;

  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (max_handshakes > 0 || self->state == USHER_POOL_DOWN);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  handshakes = usher_pool_link_get_handshakes (self->link);
  if (usher_turnstile_get_max (handshakes) == max_handshakes)
    return;

  usher_turnstile_set_max (handshakes, max_handshakes);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_MAX_HANDSHAKES);
}

/**
 * usher_acceptor_pool_get_max_handshakes: (get-property max-handshakes)
 * @self: a pool
 *
 * Gets how many TLS handshakes of the pool's connections are under way at once.
 *
 * Returns: the value
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_max_handshakes (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return usher_turnstile_get_max (usher_pool_link_get_handshakes (self->link));
}
