/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef gboolean (*IterateCondition) (gpointer user_data);

/* Iterates `context` (nullable: the default one) until the condition holds; aborts after 30 s of
 * real time. It only looks again when the context wakes up: another thread that makes the
 * condition true has to wake it. */
void iterate_until (GMainContext *context,
                    IterateCondition condition,
                    gpointer user_data);

/* The same for the default context, for what another thread, or the kernel, makes true without waking
 * it. */
void iterate_and_look_until (IterateCondition condition,
                             gpointer user_data);

/* Iterates `context` for as long as something is ready, without waiting. */
void iterate_pending (GMainContext *context);

G_END_DECLS
