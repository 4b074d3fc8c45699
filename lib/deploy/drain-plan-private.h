/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* How long a service may take to end: lame duck, then the grace and the shutdown of its slowest
 * pool, since all pools drain in parallel. Times are in milliseconds; -1 is infinity. */
typedef struct
{
  gint64 lame_duck_msec;
  gint64 grace_msec;
  gint64 shutdown_msec;
  const char *slowest; /* (unowned) (nullable): the pool that the latter two are of */
} UsherDrainPlan;

/* `name` is the pool's. */
void usher_drain_plan_add (UsherDrainPlan *self,
                           const char *name,
                           gint64 grace_msec,
                           gint64 shutdown_msec);
/* -1 if there is no end to it. */
gint64 usher_drain_plan_get_total_msec (const UsherDrainPlan *self);
/* Whether it fits into a deadline, -1 for none. */
gboolean usher_drain_plan_check (const UsherDrainPlan *self,
                                 const char *service_name,
                                 gint64 deadline_msec,
                                 GError **error);

G_END_DECLS
