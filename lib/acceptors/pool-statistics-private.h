/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/pool-statistics.h"

G_BEGIN_DECLS

/* What has happened. Counting is all that is done on the way. All of them are 64 bits. */
typedef struct
{
  guint64 n_accepted;
  guint64 n_refused[USHER_REFUSAL_DRAINING + 1];
  guint64 n_accept_errors[USHER_ACCEPT_FAILURE_LISTEN_SOCKET + 1];
  guint64 n_exits[USHER_EXIT_KILLED + 1];
  guint64 n_peer_failures;
  guint64 n_start_errors;
  guint64 n_ignored;
  guint64 n_accept_timeouts;
  guint64 n_restarts;
  guint64 bytes_received; /* by the connections that are over */
  guint64 bytes_sent;
} UsherPoolCounters;

void usher_pool_counters_count_exit (UsherPoolCounters *self,
                                     UsherExit *exit);
void usher_pool_counters_add (UsherPoolCounters *self,
                              const UsherPoolCounters *other);

/* For whatever reason. */
guint64 usher_pool_statistics_sum_refused (const UsherPoolStatistics *self);
guint64 usher_pool_statistics_sum_accept_errors (const UsherPoolStatistics *self);

G_END_DECLS
