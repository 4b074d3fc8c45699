/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>
#include <time.h>

G_BEGIN_DECLS

/* The server, seen from outside: a process that costs processor time and memory. */
typedef struct
{
  int pid;
  clockid_t cpu_clock; /* of all its threads, ended ones too */
} ServerProcess;

gboolean server_process_init (ServerProcess *self,
                              int pid);
/* Waits until it has nothing left to do. */
gint64 server_process_wait_for_rest (const ServerProcess *self);
gint64 server_process_get_rss_bytes (const ServerProcess *self);
/* What the kernel keeps for everybody: slabs, kernel stacks and page tables of the whole machine. */
gint64 server_process_get_kernel_bytes (void);
/* Returns when nothing of it runs any more. */
void server_process_stop (const ServerProcess *self);
void server_process_go_on (const ServerProcess *self);

G_END_DECLS
