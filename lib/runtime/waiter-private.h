/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/fiber-private.h"

G_BEGIN_DECLS

/* Code that waits until its thread's sources have brought what it waits for: in a fiber, which
 * suspends; elsewhere in its thread, which iterates a context of its own meanwhile. */
typedef struct
{
  UsherFiber *fiber;     /* (unowned) (nullable): NULL outside a fiber */
  GMainContext *context; /* (owned) (nullable): NULL in a fiber */
} UsherWaiter;

/* The caller. Until it is cleared, its thread-default context is the one in which it waits. */
void usher_waiter_init (UsherWaiter *self);
void usher_waiter_clear (UsherWaiter *self);

/* (transfer full): whose timers and watches can be waited for. */
UsherReactor *usher_waiter_ref_reactor (UsherWaiter *self);

/* Returns whenever something may have come. */
void usher_waiter_wait (UsherWaiter *self);

/* Called by a source that the waiter waits for: something has come. */
void usher_waiter_resume (UsherWaiter *self);

/* Any thread: something has come. */
void usher_waiter_wake (UsherWaiter *self);

G_END_DECLS
