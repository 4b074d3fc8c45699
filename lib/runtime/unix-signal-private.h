/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Calls `func` in the context for every such signal of the process, until it is detached. */
GSource *usher_unix_signal_attach (GMainContext *context,
                                   int signum,
                                   GSourceFunc func,
                                   gpointer data);
void usher_unix_signal_detach (GSource *source);

G_END_DECLS
