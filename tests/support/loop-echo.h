/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/connection.h"

G_BEGIN_DECLS

/* An echo on the loop: what it does is that of examples/async-echo.c. */
typedef struct
{
  UsherConnection *connection; /* (unowned): the pool keeps it until the task has returned */
  GCancellable *cancellable;   /* (unowned) (nullable): of its reads */
  GTask *task;                 /* (owned) (nullable) */
  char buffer[512];
} LoopEcho;

/* Serves the connection, and returns the task then. */
void loop_echo_begin (LoopEcho *self,
                      UsherConnection *connection,
                      GCancellable *cancellable,
                      GTask *task);

/* An UsherAsyncHandler, for pools with drain-idle-reads. */
void loop_echo (UsherConnection *connection,
                GTask *task,
                gpointer user_data);

G_END_DECLS
