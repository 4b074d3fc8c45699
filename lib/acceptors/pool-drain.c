/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/pool-properties-private.h"
#include "usher/error.h"

gboolean
usher_acceptor_pool_check_drain (UsherAcceptorPool *self,
                                 GError **error)
{
  if (self->grace_msec < 0 || self->drain_spread_msec <= self->grace_msec)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "The pool %s would tell its connections to leave within a drain-spread of %u ms, but their grace of "
               "%" G_GINT64_FORMAT " ms is over before: raise the grace, or lower the drain-spread",
               self->name, self->drain_spread_msec, self->grace_msec);
  return FALSE;
}

/**
 * usher_acceptor_pool_set_grace_msec: (set-property grace-msec)
 * @self: a pool
 * @grace_msec: the new value
 *
 * Sets how long connections that were told to leave may take, in milliseconds; -1 is
 * for ever. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_grace_msec (UsherAcceptorPool *self,
                                    gint64 grace_msec)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (grace_msec >= -1 && grace_msec <= G_MAXINT32);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->grace_msec == grace_msec)
    return;

  self->grace_msec = grace_msec;
  usher_acceptor_pool_apply_terms (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_GRACE_MSEC);
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
 * %USHER_SHUTDOWN_INFINITY is for ever, and with %USHER_SHUTDOWN_BRUTAL_KILL nobody waits for them. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_shutdown_msec (UsherAcceptorPool *self,
                                       gint64 shutdown_msec)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (shutdown_msec >= USHER_SHUTDOWN_BRUTAL_KILL && shutdown_msec <= G_MAXINT32);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->shutdown_msec == shutdown_msec)
    return;

  self->shutdown_msec = shutdown_msec;
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_SHUTDOWN_MSEC);
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
 * clients wait for it to come back. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_escalation_grace_msec (UsherAcceptorPool *self,
                                               guint escalation_grace_msec)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (escalation_grace_msec <= G_MAXINT32);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->escalation_grace_msec == escalation_grace_msec)
    return;

  self->escalation_grace_msec = escalation_grace_msec;
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_ESCALATION_GRACE_MSEC);
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
 * usher_acceptor_pool_set_drain_spread_msec: (set-property drain-spread-msec)
 * @self: a pool
 * @drain_spread_msec: a time in milliseconds; 0 tells all at once
 *
 * Sets over which time connections are told to leave. It may change at any time, and counts for those
 * that are told from then on. In a pool that runs, the part of it that is longer than the grace has no
 * effect.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_drain_spread_msec (UsherAcceptorPool *self,
                                           guint drain_spread_msec)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (drain_spread_msec <= G_MAXINT32);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->drain_spread_msec == drain_spread_msec)
    return;

  self->drain_spread_msec = drain_spread_msec;
  usher_acceptor_pool_apply_terms (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_DRAIN_SPREAD_MSEC);
}

/**
 * usher_acceptor_pool_get_drain_spread_msec: (get-property drain-spread-msec)
 * @self: a pool
 *
 * Gets over which time connections are told to leave.
 *
 * Returns: a time in milliseconds; 0 tells all at once
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_drain_spread_msec (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->drain_spread_msec;
}

/**
 * usher_acceptor_pool_set_drain_patience_msec: (set-property drain-patience-msec)
 * @self: a pool
 * @drain_patience_msec: a time in milliseconds; 0 for none
 *
 * Sets how long a connection that has not said anything yet is not told to leave. It may change at any
 * time, and counts for those that are told from then on.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_drain_patience_msec (UsherAcceptorPool *self,
                                             guint drain_patience_msec)
{
  gint64 drain_patience_usec = drain_patience_msec * G_TIME_SPAN_MILLISECOND;

  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (drain_patience_msec <= G_MAXINT32);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  if (self->terms.drain_patience_usec == drain_patience_usec)
    return;

  self->terms.drain_patience_usec = drain_patience_usec;
  usher_acceptor_pool_apply_terms (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_DRAIN_PATIENCE_MSEC);
}

/**
 * usher_acceptor_pool_get_drain_patience_msec: (get-property drain-patience-msec)
 * @self: a pool
 *
 * Gets how long a connection that has not said anything yet is not told to leave.
 *
 * Returns: a time in milliseconds; 0 for none
 *
 * Since: 0.1
 */
guint
usher_acceptor_pool_get_drain_patience_msec (UsherAcceptorPool *self)
{
  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), 0);

  return self->terms.drain_patience_usec / G_TIME_SPAN_MILLISECOND;
}

/**
 * usher_acceptor_pool_set_drain_on_failure: (set-property drain-on-failure)
 * @self: a pool
 * @drain_on_failure: true or false
 *
 * Sets whether connections are told to leave also when their listen socket failed or is
 * being restarted. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_drain_on_failure (UsherAcceptorPool *self,
                                          gboolean drain_on_failure)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  drain_on_failure = !!drain_on_failure;
  if (self->drain_on_failure == drain_on_failure)
    return;

  self->drain_on_failure = drain_on_failure;
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_DRAIN_ON_FAILURE);
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
 * when it is idle. It may change at any time.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_drain_idle_reads (UsherAcceptorPool *self,
                                          gboolean drain_idle_reads)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  drain_idle_reads = !!drain_idle_reads;
  if (self->terms.drain_idle_reads == drain_idle_reads)
    return;

  self->terms.drain_idle_reads = drain_idle_reads;
  usher_acceptor_pool_apply_terms (self);
  usher_acceptor_pool_notify (self, USHER_POOL_PROP_DRAIN_IDLE_READS);
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

  return self->terms.drain_idle_reads;
}
