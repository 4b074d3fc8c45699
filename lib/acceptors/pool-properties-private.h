/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/acceptor-pool.h"

G_BEGIN_DECLS

/* The pool's properties. Those who set one tell it by its number. */
typedef enum
{
  USHER_POOL_PROP_NAME = 1,
  USHER_POOL_PROP_RESTART,
  USHER_POOL_PROP_INTENSITY,
  USHER_POOL_PROP_PERIOD_MSEC,
  USHER_POOL_PROP_GRACE_MSEC,
  USHER_POOL_PROP_SHUTDOWN_MSEC,
  USHER_POOL_PROP_ESCALATION_GRACE_MSEC,
  USHER_POOL_PROP_DRAIN_ON_FAILURE,
  USHER_POOL_PROP_DRAIN_IDLE_READS,
  USHER_POOL_PROP_N_WAITING,
  USHER_POOL_PROP_N_CONNECTIONS,
  USHER_POOL_PROP_LAST = USHER_POOL_PROP_N_CONNECTIONS,
} UsherPoolProperty;

void usher_acceptor_pool_notify (UsherAcceptorPool *self,
                                 UsherPoolProperty property);

G_END_DECLS
