/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* A thread that does nothing but iterate a context of its own, which is its thread-default one. What
 * it does comes to it by the reactor of that context. */
typedef struct _UsherWorker UsherWorker;

/* The error is G_THREAD_ERROR_AGAIN. What is longer of the name than the kernel shows is left out. */
UsherWorker *usher_worker_new (const char *name,
                               guint number,
                               GError **error);
/* (transfer none) */
UsherReactor *usher_worker_get_reactor (UsherWorker *self);

/* Any thread, once. The thread ends when it has done what it was told to do before. With a message,
 * that is posted as the last thing it does. */
void usher_worker_quit (UsherWorker *self,
                        UsherReactor *reactor,
                        UsherMessage *message,
                        UsherMessageFunc func);

/* Waits until it has ended, which it was told to do. */
void usher_worker_join (UsherWorker *self);
/* Nobody waits for its end. */
void usher_worker_detach (UsherWorker *self);

G_END_DECLS
