/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/drain-plan-private.h"

#include "usher/error.h"

/* With infinity above all. */
static gint64
add_msec (gint64 a,
          gint64 b)
{
  return a < 0 || b < 0 ? -1 : a + b;
}

static gboolean
is_longer (gint64 a,
           gint64 b)
{
  return b >= 0 && (a < 0 || a > b);
}

void
usher_drain_plan_add (UsherDrainPlan *self,
                      const char *name,
                      gint64 grace_msec,
                      gint64 shutdown_msec)
{
  gboolean is_first = self->slowest == NULL;

  if (!is_first && !is_longer (add_msec (grace_msec, shutdown_msec),
                               add_msec (self->grace_msec, self->shutdown_msec)))
    return;

  self->grace_msec = grace_msec;
  self->shutdown_msec = shutdown_msec;
  self->slowest = name;
}

gint64
usher_drain_plan_get_total_msec (const UsherDrainPlan *self)
{
  return add_msec (self->lame_duck_msec, add_msec (self->grace_msec, self->shutdown_msec));
}

static char *
format_msec (gint64 msec)
{
  return msec < 0 ? g_strdup ("infinity") : g_strdup_printf ("%" G_GINT64_FORMAT " ms", msec);
}

gboolean
usher_drain_plan_check (const UsherDrainPlan *self,
                        const char *service_name,
                        gint64 deadline_msec,
                        GError **error)
{
  gint64 total_msec = usher_drain_plan_get_total_msec (self);
  g_autofree char *grace = format_msec (self->grace_msec);
  g_autofree char *shutdown = format_msec (self->shutdown_msec);
  g_autofree char *total = format_msec (total_msec);

  if (deadline_msec < 0 || !is_longer (total_msec, deadline_msec))
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "service “%s”: lame duck %" G_GINT64_FORMAT " ms + grace %s + shutdown %s (of the pool “%s”) "
               "= %s, but the drain deadline is %" G_GINT64_FORMAT " ms; raise the deadline, or lower the others",
               service_name, self->lame_duck_msec, grace, shutdown,
               self->slowest != NULL ? self->slowest : "", total, deadline_msec);
  return FALSE;
}
