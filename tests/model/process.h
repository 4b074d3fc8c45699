/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* A flow of control that can wait in the middle of a function, like an Erlang process. */
typedef struct _Process Process;

typedef void (*ProcessMain) (gpointer data);
typedef gboolean (*ProcessCondition) (gpointer data);

/* `main` never returns: it waits for what will not come. */
Process *process_new (ProcessMain main, gpointer data);
void process_free (Process *self);
/* Called by the process itself. */
void process_wait_until (Process *self, ProcessCondition condition);
/* Whether what it waits for has come. */
gboolean process_is_ready (const Process *self);
/* Lets it go on until it waits again. */
void process_run (Process *self);

G_END_DECLS
