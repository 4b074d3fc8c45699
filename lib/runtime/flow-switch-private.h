/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The machine's part of a switch. A flow that does not run is known by one pointer into its stack,
 * where its registers are. One of flow-switch.S, flow-switch-ucontext.c and flow-switch-none.c is
 * compiled, and says how. */

typedef void (*UsherFlowEntry) (void);

/* Whether the calling thread can switch its stack. */
gboolean usher_flow_switch_is_supported (void);

/* Makes `entry`, which never returns, the first thing to run on a stack. `top` is aligned to 16.
 * Returns what to switch to. */
gpointer usher_flow_switch_prepare (gpointer top,
                                    gsize size,
                                    UsherFlowEntry entry);

/* Goes on with `to`, and returns when somebody switches to what `from` was set to. */
void usher_flow_switch (gpointer *from,
                        gpointer to);

G_END_DECLS
