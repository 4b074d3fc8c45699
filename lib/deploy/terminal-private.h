/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What a program says to whoever has started it: news on its standard output, the rest on its
 * standard error. */
void usher_terminal_announce (const char *news);
void usher_terminal_complain (const char *message);
/* One line that the next one replaces, if it is a terminal. */
void usher_terminal_show_status (const char *status);
/* The last one stays. */
void usher_terminal_end_status (void);

G_END_DECLS
