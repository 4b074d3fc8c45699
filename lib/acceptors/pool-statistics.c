/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/pool-statistics.h"

#include "acceptors/acceptor-pool-private.h"

/**
 * UsherPoolStatistics:
 *
 * What an acceptor pool has done since it was made, over all its lives, and what it is doing, at one
 * moment.
 *
 * It is immutable and reference-counted, and may be used from any thread.
 *
 * Since: 0.1
 */
struct _UsherPoolStatistics
{
  UsherPoolCounters counters;
  guint n_connections;
  guint n_counted;
  guint n_waiting;
  guint n_held;
  guint queue_depth;
};

G_DEFINE_ENUM_TYPE (UsherRefusal, usher_refusal,
                    G_DEFINE_ENUM_VALUE (USHER_REFUSAL_LIMIT, "limit"),
                    G_DEFINE_ENUM_VALUE (USHER_REFUSAL_PEER, "peer"),
                    G_DEFINE_ENUM_VALUE (USHER_REFUSAL_USER, "user"),
                    G_DEFINE_ENUM_VALUE (USHER_REFUSAL_DRAINING, "draining"))

G_DEFINE_ENUM_TYPE (UsherAcceptFailure, usher_accept_failure,
                    G_DEFINE_ENUM_VALUE (USHER_ACCEPT_FAILURE_PEER, "peer"),
                    G_DEFINE_ENUM_VALUE (USHER_ACCEPT_FAILURE_RESOURCE, "resource"),
                    G_DEFINE_ENUM_VALUE (USHER_ACCEPT_FAILURE_LISTEN_SOCKET, "listen-socket"))

G_DEFINE_BOXED_TYPE (UsherPoolStatistics, usher_pool_statistics, usher_pool_statistics_ref,
                     usher_pool_statistics_unref)

/* A shutdown that nobody asked for is the peer's. */
void
usher_pool_counters_count_exit (UsherPoolCounters *self,
                                UsherExit *exit)
{
  self->n_exits[usher_exit_get_kind (exit)]++;
  if (usher_exit_get_kind (exit) == USHER_EXIT_SHUTDOWN && usher_exit_get_error (exit) != NULL)
    self->n_peer_failures++;
}

static void
add (guint64 *counters,
     const guint64 *others,
     gsize n)
{
  for (gsize i = 0; i < n; i++)
    counters[i] += others[i];
}

void
usher_pool_counters_add (UsherPoolCounters *self,
                         const UsherPoolCounters *other)
{
  G_STATIC_ASSERT (sizeof (UsherPoolCounters) % sizeof (guint64) == 0);

  add ((guint64 *) self, (const guint64 *) other, sizeof *self / sizeof (guint64));
}

static guint64
sum (const guint64 *counters,
     gsize n)
{
  guint64 total = 0;

  for (gsize i = 0; i < n; i++)
    total += counters[i];
  return total;
}

guint64
usher_pool_statistics_sum_refused (const UsherPoolStatistics *self)
{
  return sum (self->counters.n_refused, G_N_ELEMENTS (self->counters.n_refused));
}

guint64
usher_pool_statistics_sum_accept_errors (const UsherPoolStatistics *self)
{
  return sum (self->counters.n_accept_errors, G_N_ELEMENTS (self->counters.n_accept_errors));
}

static guint
pool_sum_queues (UsherAcceptorPool *self)
{
  guint depth = 0;

  for (guint i = 0; i < self->sockets->len; i++)
    depth += MAX (usher_listen_socket_get_queue_depth (((UsherPoolSocket *) self->sockets->pdata[i])->listen_socket), 0);

  return depth;
}

/**
 * usher_acceptor_pool_get_statistics:
 * @self: a pool
 *
 * Gets what the pool has done and what it is doing. It looks at every acceptor once, and asks the
 * kernel about the queue of every listen socket.
 *
 * Returns: (transfer full): the statistics
 *
 * Since: 0.1
 */
UsherPoolStatistics *
usher_acceptor_pool_get_statistics (UsherAcceptorPool *self)
{
  UsherPoolStatistics *statistics;
  UsherCrewFigures figures;

  g_return_val_if_fail (USHER_IS_ACCEPTOR_POOL (self), NULL);

  statistics = g_atomic_rc_box_new0 (UsherPoolStatistics);
  statistics->counters = self->counters;
  for (guint i = 0; i < self->crews->len; i++)
    usher_crew_add_counters (self->crews->pdata[i], &statistics->counters);
  figures = usher_acceptor_pool_sum_figures (self);
  statistics->n_connections = figures.n_connections;
  statistics->n_counted = g_atomic_int_get (&self->n_counted);
  statistics->n_waiting = figures.n_waiting;
  statistics->n_held = figures.n_held;
  statistics->queue_depth = pool_sum_queues (self);

  return statistics;
}

/**
 * usher_pool_statistics_ref:
 * @self: statistics
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
UsherPoolStatistics *
usher_pool_statistics_ref (UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

/**
 * usher_pool_statistics_unref:
 * @self: (transfer full): statistics
 *
 * Drops a reference.
 *
 * Since: 0.1
 */
void
usher_pool_statistics_unref (UsherPoolStatistics *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release (self);
}

/**
 * usher_pool_statistics_get_n_accepted:
 * @self: statistics
 *
 * Gets how many connections were given to an acceptor.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
usher_pool_statistics_get_n_accepted (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->counters.n_accepted;
}

/**
 * usher_pool_statistics_get_n_refused:
 * @self: statistics
 * @reason: why
 *
 * Gets how many connections were accepted and closed without being served.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
usher_pool_statistics_get_n_refused (const UsherPoolStatistics *self,
                                     UsherRefusal reason)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (reason <= USHER_REFUSAL_DRAINING, 0);

  return self->counters.n_refused[reason];
}

/**
 * usher_pool_statistics_get_n_accept_errors:
 * @self: statistics
 * @failure: whose fault it was
 *
 * Gets how many attempts to accept a connection failed.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
usher_pool_statistics_get_n_accept_errors (const UsherPoolStatistics *self,
                                           UsherAcceptFailure failure)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (failure <= USHER_ACCEPT_FAILURE_LISTEN_SOCKET, 0);

  return self->counters.n_accept_errors[failure];
}

/**
 * usher_pool_statistics_get_n_exits:
 * @self: statistics
 * @kind: how
 *
 * Gets how many connections exited in one way. Those that were abandoned count as killed.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
usher_pool_statistics_get_n_exits (const UsherPoolStatistics *self,
                                   UsherExitKind kind)
{
  g_return_val_if_fail (self != NULL, 0);
  g_return_val_if_fail (kind <= USHER_EXIT_KILLED, 0);

  return self->counters.n_exits[kind];
}

/**
 * usher_pool_statistics_get_n_peer_failures:
 * @self: statistics
 *
 * Gets how many of the exits of kind %USHER_EXIT_SHUTDOWN were the failure of a peer: a reset, a
 * broken pipe, a time limit.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
usher_pool_statistics_get_n_peer_failures (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->counters.n_peer_failures;
}

/**
 * usher_pool_statistics_get_n_start_errors:
 * @self: statistics
 *
 * Gets how many acceptors failed before they had a connection.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
usher_pool_statistics_get_n_start_errors (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->counters.n_start_errors;
}

/**
 * usher_pool_statistics_get_n_ignored:
 * @self: statistics
 *
 * Gets how many acceptors had nothing to do: their `acceptor_init` answered
 * %USHER_ACCEPTOR_IGNORE.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
usher_pool_statistics_get_n_ignored (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->counters.n_ignored;
}

/**
 * usher_pool_statistics_get_n_accept_timeouts:
 * @self: statistics
 *
 * Gets how many acceptors waited for a connection for as long as they would.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
usher_pool_statistics_get_n_accept_timeouts (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->counters.n_accept_timeouts;
}

/**
 * usher_pool_statistics_get_n_restarts:
 * @self: statistics
 *
 * Gets how many failures were charged to the restart budget.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
usher_pool_statistics_get_n_restarts (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->counters.n_restarts;
}

/**
 * usher_pool_statistics_get_bytes_received:
 * @self: statistics
 *
 * Gets how many bytes the connections have received, those that are there now included.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
usher_pool_statistics_get_bytes_received (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->counters.bytes_received;
}

/**
 * usher_pool_statistics_get_bytes_sent:
 * @self: statistics
 *
 * Gets how many bytes the connections have sent, those that are there now included.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint64
usher_pool_statistics_get_bytes_sent (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->counters.bytes_sent;
}

/**
 * usher_pool_statistics_get_n_connections:
 * @self: statistics
 *
 * Gets how many connections are served now.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
usher_pool_statistics_get_n_connections (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_connections;
}

/**
 * usher_pool_statistics_get_n_counted:
 * @self: statistics
 *
 * Gets how many connections count against [property@Usher.AcceptorPool:max-connections] now: those
 * that are served, without those that were taken out by
 * [method@Usher.AcceptorPool.remove_connection].
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
usher_pool_statistics_get_n_counted (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_counted;
}

/**
 * usher_pool_statistics_get_n_waiting:
 * @self: statistics
 *
 * Gets how many acceptors wait for a connection now.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
usher_pool_statistics_get_n_waiting (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_waiting;
}

/**
 * usher_pool_statistics_get_n_held:
 * @self: statistics
 *
 * Gets how many accepted connections wait for a place now; see %USHER_AT_LIMIT_WAIT.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
usher_pool_statistics_get_n_held (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->n_held;
}

/**
 * usher_pool_statistics_get_queue_depth:
 * @self: statistics
 *
 * Gets how many connections wait in the kernel's queues of all listen sockets now.
 *
 * Returns: the number
 *
 * Since: 0.1
 */
guint
usher_pool_statistics_get_queue_depth (const UsherPoolStatistics *self)
{
  g_return_val_if_fail (self != NULL, 0);

  return self->queue_depth;
}
