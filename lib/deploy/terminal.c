/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/terminal-private.h"

#include <unistd.h>

/* A line that has not ended. */
static gboolean is_line_open;

void
usher_terminal_announce (const char *news)
{
  g_print ("%s\n", news);
}

void
usher_terminal_complain (const char *message)
{
  g_printerr ("%s: %s\n", g_get_prgname () != NULL ? g_get_prgname () : "usher", message);
}

void
usher_terminal_show_status (const char *status)
{
  if (!isatty (STDERR_FILENO))
    return;

  g_printerr ("\r\033[K%s", status);
  is_line_open = TRUE;
}

void
usher_terminal_end_status (void)
{
  if (is_line_open)
    g_printerr ("\n");
  is_line_open = FALSE;
}
