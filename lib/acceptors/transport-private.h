/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* The accepted descriptor, and everybody who waits on it: the handler's own thread in poll(), or
 * an asynchronous transfer in the reactor, at most one of either in each direction.
 *
 * Reference-counted, because streams outlive their connection when the user keeps them. Any
 * thread may call anything here, except where it says otherwise. */
typedef struct _UsherTransport UsherTransport;
typedef struct _UsherTransfer UsherTransfer;

typedef enum
{
  USHER_TRANSPORT_READ,
  USHER_TRANSPORT_WRITE,
} UsherDirection;

/* `n` is the number of bytes, or -1 with an error (transfer full). `is_early` while
 * usher_transport_transfer_async() has not returned. Called in the reactor's context. */
typedef void (*UsherTransferFunc) (UsherTransfer *transfer,
                                   gssize n,
                                   GError *error,
                                   gboolean is_early);

/* One read, or one write: what is given to the kernel. Reading ends when something has come,
 * writing when everything has gone. */
struct _UsherTransfer
{
  UsherDirection direction;
  const GOutputVector *vectors; /* (unowned) (array length=n_vectors) */
  guint n_vectors;
  GCancellable *cancellable; /* (unowned) (nullable) */
  UsherTransferFunc done;    /* (nullable): of an asynchronous transfer */

  gsize n_sent;
  gulong cancelled_id;
};

UsherTransport *usher_transport_new (UsherReactor *reactor,
                                     int fd);
UsherTransport *usher_transport_ref (UsherTransport *self);
void usher_transport_unref (UsherTransport *self);
/* (transfer none) */
UsherReactor *usher_transport_get_reactor (UsherTransport *self);

/* Blocks the calling thread. Returns what read() and write() of a stream return. */
gssize usher_transport_transfer (UsherTransport *self,
                                 UsherTransfer *transfer,
                                 GError **error);
/* The caller keeps the transfer until it is done. */
void usher_transport_transfer_async (UsherTransport *self,
                                     UsherTransfer *transfer);
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

/* (transfer none): made when first asked for; cancelled with the transport's exit or drain. */
GCancellable *usher_transport_get_exit_cancellable (UsherTransport *self);
GCancellable *usher_transport_get_drain_cancellable (UsherTransport *self);

/* Whether `error` is the one that this transport returned last: the peer's failure then, and
 * nobody else's. */
gboolean usher_transport_is_own_error (UsherTransport *self,
                                       const GError *error);

G_END_DECLS
