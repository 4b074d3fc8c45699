/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/strategy-private.h"

G_DEFINE_ENUM_TYPE (UsherStrategy, usher_strategy,
                    G_DEFINE_ENUM_VALUE (USHER_STRATEGY_ONE_FOR_ONE, "one-for-one"),
                    G_DEFINE_ENUM_VALUE (USHER_STRATEGY_ONE_FOR_ALL, "one-for-all"),
                    G_DEFINE_ENUM_VALUE (USHER_STRATEGY_REST_FOR_ONE, "rest-for-one"),
                    G_DEFINE_ENUM_VALUE (USHER_STRATEGY_SIMPLE_ONE_FOR_ONE, "simple-one-for-one"))

static const struct
{
  gboolean earlier_too;
  gboolean later_too;
} strategies[] = {
  [USHER_STRATEGY_ONE_FOR_ONE] = { .earlier_too = FALSE, .later_too = FALSE },
  [USHER_STRATEGY_ONE_FOR_ALL] = { .earlier_too = TRUE, .later_too = TRUE },
  [USHER_STRATEGY_REST_FOR_ONE] = { .earlier_too = FALSE, .later_too = TRUE },
  [USHER_STRATEGY_SIMPLE_ONE_FOR_ONE] = { .earlier_too = FALSE, .later_too = FALSE },
};

UsherStrategyRange
usher_strategy_choose (UsherStrategy strategy,
                       const GQueue *slots,
                       UsherSlot *exited)
{
  return (UsherStrategyRange){
    .first = strategies[strategy].earlier_too ? slots->head : &exited->link,
    .last = strategies[strategy].later_too ? slots->tail : &exited->link,
  };
}
