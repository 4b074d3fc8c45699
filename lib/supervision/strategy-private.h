/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "supervision/slot-private.h"
#include "usher/supervisor.h"

G_BEGIN_DECLS

/* Which of a supervisor's children a restart is about: those from `first` to `last` in the order of
 * their start. They are stopped from last to first, and started from first to last. */
typedef struct
{
  GList *first; /* (element-type UsherSlot) */
  GList *last;
} UsherStrategyRange;

UsherStrategyRange usher_strategy_choose (UsherStrategy strategy,
                                          const GQueue *slots,
                                          UsherSlot *exited);

G_END_DECLS
