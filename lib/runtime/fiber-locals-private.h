/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What GLib keeps for each thread, and a fiber takes along: the thread-default contexts and the
 * current cancellables that were pushed in it and not popped yet. Most fibers have none of either
 * when they suspend; then this costs two comparisons.
 *
 * GLib tells only which is on top, so that what was pushed is popped until what lay on top before
 * is there again. Zero-initialise it. */
typedef struct
{
  GPtrArray *contexts;     /* (element-type GMainContext) (owned) (nullable): top first */
  GPtrArray *cancellables; /* (element-type GCancellable) (owned) (nullable): top first; not owned */
} UsherFiberLocals;

/* What lies on top in the thread that resumes the fiber. */
typedef struct
{
  GMainContext *context;     /* (unowned) (nullable) */
  GCancellable *cancellable; /* (unowned) (nullable) */
} UsherFiberBase;

/* Before the fiber runs. Returns what leave needs. */
UsherFiberBase usher_fiber_locals_enter (UsherFiberLocals *self);

/* After the fiber has run. */
void usher_fiber_locals_leave (UsherFiberLocals *self,
                               UsherFiberBase base);

void usher_fiber_locals_clear (UsherFiberLocals *self);

G_END_DECLS
