/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A GSource without a descriptor, which somebody makes ready from whatever thread. */

/* `wait` is called, in the source's context, whenever the source begins to wait: it is to see to
 * it that usher_ready_source_set() is called some time later, perhaps at once. */
GSource *usher_ready_source_new (GSourceFunc wait,
                                 gpointer user_data,
                                 GDestroyNotify destroy);

/* Any thread, while the source has not been finalized. */
void usher_ready_source_set (GSource *source);

G_END_DECLS
