/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/service.h"

G_BEGIN_DECLS

/* A thread that ends the process when a drain has not ended in time: whoever blocks the main loop
 * blocks all that the loop would do about it. Its time counts from the drain's begin, or from the
 * first SIGTERM or SIGINT. */
typedef struct _UsherDrainWatchdog UsherDrainWatchdog;

UsherDrainWatchdog *usher_drain_watchdog_new (UsherService *service);
void usher_drain_watchdog_free (UsherDrainWatchdog *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherDrainWatchdog, usher_drain_watchdog_free)

G_END_DECLS
