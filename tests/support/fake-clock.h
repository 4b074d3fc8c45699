/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A clock that stands still until it is told to go on. Any thread may read it and wait for it.
 * Install it before the first reactor is made and remove it after the last one is gone. */
void fake_clock_install (void);
void fake_clock_remove (void);

/* Wakes every context that waits for a moment up to and including the new one. */
void fake_clock_advance_usec (gint64 usec);

/* How long it is to the next moment that a source waits for; G_MAXINT64 if none does. */
gint64 fake_clock_get_pause_usec (void);

/* How many sources wait for a moment that has not come. */
guint fake_clock_get_n_armed (void);

G_END_DECLS
