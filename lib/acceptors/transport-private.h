/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* The accepted descriptor, and everybody who waits on it: the handler's own thread in poll(), or
 * an asynchronous operation in the reactor, at most one of either in each direction.
 *
 * Reference-counted, because streams outlive their connection when the user keeps them. Any
 * thread may call anything here, except where it says otherwise. */
typedef struct _UsherTransport UsherTransport;

typedef enum
{
  USHER_TRANSPORT_READ,
  USHER_TRANSPORT_WRITE,
} UsherDirection;

UsherTransport *usher_transport_new (UsherReactor *reactor,
                                     int fd);
UsherTransport *usher_transport_ref (UsherTransport *self);
void usher_transport_unref (UsherTransport *self);

/* Blocks the calling thread. Returns what read() and write() of a stream return. */
gssize usher_transport_transfer (UsherTransport *self,
                                 UsherDirection direction,
                                 GOutputVector vector,
                                 GCancellable *cancellable,
                                 GError **error);
/* Returns `task`, with the number of bytes, in the task's own context. (transfer full): task */
void usher_transport_transfer_async (UsherTransport *self,
                                     UsherDirection direction,
                                     GOutputVector vector,
                                     GTask *task);
void usher_transport_close (UsherTransport *self);
/* -1 once closed. */
int usher_transport_get_fd (UsherTransport *self);

/* Ends the connection for the peer too, while somebody may still be using the descriptor. */
void usher_transport_shut (UsherTransport *self);

/* All I/O, that which waits and that which is to come, returns G_IO_ERROR_CANCELLED. */
void usher_transport_exit (UsherTransport *self);
gboolean usher_transport_is_exiting (UsherTransport *self);

/* Told to leave. With `drain_idle_reads`, a read that would wait although nothing was received
 * since the last write returns end-of-file. */
void usher_transport_drain (UsherTransport *self);
gboolean usher_transport_is_draining (UsherTransport *self);
void usher_transport_set_drain_idle_reads (UsherTransport *self,
                                           gboolean drain_idle_reads);

/* Whether `error` is the one that this transport returned last: the peer's failure then, and
 * nobody else's. */
gboolean usher_transport_is_own_error (UsherTransport *self,
                                       const GError *error);

G_END_DECLS
