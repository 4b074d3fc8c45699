/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/connection.h"

G_BEGIN_DECLS

/* An echo on the loop: what it does is that of examples/async-echo.c. */
typedef struct
{
  UsherConnection *connection; /* (unowned): the pool keeps it until it has been served */
  GCancellable *cancellable;   /* (unowned) (nullable): of its reads */
  void (*end) (gpointer user_data,
               GError *error);
  gpointer user_data;
  char buffer[512];
} LoopEcho;

/* Serves `connection`, with reads that can be cancelled, and calls `end` then: all are set. */
void loop_echo_begin (LoopEcho *self);

/* An UsherAsyncHandler, for pools with drain-idle-reads. */
void loop_echo (UsherConnection *connection,
                gpointer user_data);

G_END_DECLS
