/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Reads a time as people write it, such as 5s, 500ms, 2min, 1h; a number alone is seconds;
 * `infinity` gives -1. */
gboolean usher_duration_parse (const char *text,
                               gint64 *msec,
                               GError **error);

G_END_DECLS
