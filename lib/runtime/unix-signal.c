/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/unix-signal-private.h"

#include <glib-unix.h>

GSource *
usher_unix_signal_attach (GMainContext *context,
                          int signum,
                          GSourceFunc func,
                          gpointer data)
{
  GSource *source = g_unix_signal_source_new (signum);

  g_source_set_static_name (source, "usher signal");
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, context);

  return source;
}

void
usher_unix_signal_detach (GSource *source)
{
  g_source_destroy (source);
  g_source_unref (source);
}
