/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

#include "runtime/fiber-private.h"

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

/* Instead of a number of bytes. */
#define USHER_WOULD_BLOCK (-2)

/* `n` is the number of bytes, or -1 with an error (transfer full). Called in the reactor's context. */
typedef void (*UsherTransferFunc) (UsherTransfer *transfer,
                                   gssize n,
                                   GError *error);

/* One read, or one write: what is given to the kernel. Reading ends when something has come,
 * writing when everything has gone; without vectors, both end when they could have been begun. */
struct _UsherTransfer
{
  UsherDirection direction : 1;
  guint is_placed : 1; /* the transport's own: among what is queued */
  guint n_vectors;
  const GOutputVector *vectors; /* (unowned) (array length=n_vectors) */
  GCancellable *cancellable;    /* (unowned) (nullable) */
  UsherTransferFunc done;       /* (nullable): of an asynchronous transfer */

  /* The transport's own. */
  gsize n_sent;
  guint64 n_ahead;        /* what goes out before it: the first so many of all bytes ever queued */
  gint64 waiting_usec;    /* since when it waits for the peer; 0 if it does not */
  gint64 wait_until_usec; /* when it is too late; G_MAXINT64 is never */
  gulong cancelled_id;
  UsherTransfer *next; /* (unowned) (nullable) */
};

/* 0 is no limit. */
typedef struct
{
  gint64 read_timeout_usec;
  gint64 write_timeout_usec;
  gint64 idle_timeout_usec;
  gsize max_queued_bytes;
} UsherTransportLimits;

UsherTransport *usher_transport_new (UsherReactor *reactor,
                                     int fd);
UsherTransport *usher_transport_ref (UsherTransport *self);
void usher_transport_unref (UsherTransport *self);

/* What its users have left with its cancellables goes, and so does what they keep, or have cancelled. Whoever has
 * left it may be called for that. */
void usher_transport_drop_handlers (UsherTransport *self);
/* After that, once it is closed. Returns FALSE if others have a reference, besides the caller's `n_refs`, or if it
 * cannot be used again for another reason; else nothing is left of what it was used for. */
gboolean usher_transport_retire (UsherTransport *self,
                                 int n_refs);
/* A retired one, for another descriptor. */
void usher_transport_reopen (UsherTransport *self,
                             int fd);

/* (transfer none) */
UsherReactor *usher_transport_get_reactor (UsherTransport *self);

/* One GObject, for those who call asynchronously alone, that is of use in the reactor's context; elsewhere none is
 * found, and none kept. Takes: (transfer full) (nullable). */
gpointer usher_transport_take_spare (UsherTransport *self);
void usher_transport_keep_spare (UsherTransport *self,
                                 gpointer object);

/* Blocks the calling fiber, or thread. Returns what read() and write() of a stream return. */
gssize usher_transport_transfer (UsherTransport *self,
                                 UsherTransfer *transfer,
                                 GError **error);
/* Does not wait: what is possible at once, or G_IO_ERROR_WOULD_BLOCK. */
gssize usher_transport_transfer_nonblocking (UsherTransport *self,
                                             UsherTransfer *transfer,
                                             GError **error);
/* Returns what could be done at once, a number of bytes or -1 with an error set; or USHER_WOULD_BLOCK, and calls
 * the transfer's `done` later, perhaps before it returns if this is not the reactor's context. The caller keeps the
 * transfer until then. Of those with vectors there is one at a time in each direction. */
gssize usher_transport_transfer_async (UsherTransport *self,
                                       UsherTransfer *transfer,
                                       GError **error);
/* What is queued is sent as far as that needs no waiting. */
void usher_transport_close (UsherTransport *self);
/* -1 once closed. */
int usher_transport_get_fd (UsherTransport *self);
/* (transfer full): another descriptor of the same socket; -1 on failure, with errno set. */
int usher_transport_duplicate_fd (UsherTransport *self);

/* For one that nobody else knows yet. */
void usher_transport_begin_limits (UsherTransport *self,
                                   const UsherTransportLimits *limits);
/* Those who wait follow the new limits at once. */
void usher_transport_set_limits (UsherTransport *self,
                                 const UsherTransportLimits *limits);
UsherTransportLimits usher_transport_get_limits (UsherTransport *self);

/* Sends `bytes`, whole, behind what is queued and behind a write that has begun, without waiting. */
gboolean usher_transport_queue_bytes (UsherTransport *self,
                                      GBytes *bytes,
                                      GError **error);
gsize usher_transport_get_n_queued_bytes (UsherTransport *self);

/* Half-closes; what is queued goes out before that. */
gboolean usher_transport_shutdown (UsherTransport *self,
                                   gboolean shutdown_read,
                                   gboolean shutdown_write,
                                   GError **error);

/* Ends the connection for the peer too, while somebody may still be using the descriptor. */
void usher_transport_shut (UsherTransport *self);

/* All I/O, that which waits and that which is to come, returns G_IO_ERROR_CANCELLED. */
void usher_transport_exit (UsherTransport *self);
gboolean usher_transport_is_exiting (UsherTransport *self);
gboolean usher_transport_set_error_if_exiting (UsherTransport *self,
                                               GError **error);
/* (transfer none): the fiber that is cancelled with the transport's exit, until it leaves. */
void usher_transport_enter_fiber (UsherTransport *self,
                                  UsherFiber *fiber);
void usher_transport_leave_fiber (UsherTransport *self);

/* Told to leave. With `drain_idle_reads`, a read that would wait although nothing was received
 * since the last write returns end-of-file. */
void usher_transport_drain (UsherTransport *self);
gboolean usher_transport_is_draining (UsherTransport *self);
void usher_transport_set_drain_idle_reads (UsherTransport *self,
                                           gboolean drain_idle_reads);

/* (transfer none): made when first asked for; cancelled with the transport's exit or drain. */
GCancellable *usher_transport_get_exit_cancellable (UsherTransport *self);
GCancellable *usher_transport_get_drain_cancellable (UsherTransport *self);

/* How much has gone through so far. */
guint64 usher_transport_get_n_bytes (UsherTransport *self,
                                     UsherDirection direction);

/* Whether `error` is the one that this transport returned last: the peer's failure then, and
 * nobody else's. */
gboolean usher_transport_is_own_error (UsherTransport *self,
                                       const GError *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherTransport, usher_transport_unref)

G_END_DECLS
