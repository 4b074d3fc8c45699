/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/send-queue-private.h"
#include "acceptors/tls-session-private.h"
#include "acceptors/transport-private.h"

G_BEGIN_DECLS

/* What the parts of the transport share, and nobody else sees. */

/* What a connection may be told, bit by bit. */
typedef enum
{
  USHER_TOLD_TO_DRAIN = 1 << 0,
  USHER_TOLD_TO_EXIT = 1 << 1,
  USHER_TOLD_TO_END_IDLE_READS = 1 << 2, /* once it drains */
} UsherTold;

/* How long a connection may wait. Most may for ever, and have none. */
typedef struct
{
  UsherTransport *transport; /* (unowned) */
  gint64 read_usec;          /* (locked-by lock): 0 is no limit, as for the other two */
  gint64 write_usec;         /* (locked-by lock) */
  gint64 idle_usec;          /* (locked-by lock) */
  gint64 quiet_usec;         /* (locked-by lock): since when it waits without hearing of the peer; 0 if not */
  UsherTimer timer;          /* (main-context): for those that wait in the reactor; it may ring too early */
  gboolean is_timed;         /* written (main-context) (locked-by lock): the timer is started */
} UsherTransportTimeouts;

/* There is one for each connection, so that it is packed: no field leaves a hole. What comes first it
 * keeps when it is used again; the rest is all zero for a new descriptor, but for what is -1. */
struct _UsherTransport
{
  int ref_count; /* (atomic) */
  int fd;        /* (locked-by lock): -1 once closed; stays while there are users */
  GMutex lock;
  GMutex output_lock;              /* never taken with the other lock held */
  UsherReactor *reactor;           /* (owned) */
  gpointer spare;                  /* (owned) (nullable) (main-context) */
  GCancellable *exit_cancellable;  /* (owned) (nullable) (locked-by lock): made when asked for */
  GCancellable *drain_cancellable; /* (owned) (nullable) (locked-by lock): made when asked for */
  UsherMessage message;

  int users;              /* (atomic): who uses the descriptor, twice; and 1 once it is to be closed */
  gboolean is_duplicated; /* (locked-by lock): somebody has a descriptor of the same socket */
  guint told;             /* (atomic): UsherTold */
  int received;           /* (atomic): something, since the last write */
  int posted;             /* (atomic): the message is on its way */
  int n_wakes;            /* (atomic): how often all who wait had to look again */
  guint64 n_bytes[2];     /* (atomic): received and sent so far */

  UsherFiber *fiber; /* (unowned) (nullable) (atomic): whose connection it is; the lock keeps it from being over */
  guint64 error;     /* (atomic): the last transport error, packed; 0 for none */

  UsherTransportTimeouts *timeouts; /* (owned) (nullable) (atomic): from the first limit on */
  gsize max_queued_bytes;           /* (locked-by lock): 0 is no limit */

  UsherTlsSession *tls; /* (owned) (nullable) (atomic): from its start on */

  UsherSendQueue *queue;  /* (owned) (nullable) (locked-by output_lock): made with the first bytes */
  UsherTransfer *writer;  /* (unowned) (nullable) (locked-by output_lock): the write that has begun */
  int is_queueing;        /* (atomic): whether there is something in the queue */
  gboolean is_write_shut; /* (locked-by output_lock): as soon as the queue is empty */

  UsherTransfer *polls;        /* (unowned) (nullable) (atomic), written (locked-by lock): those without vectors */
  int wake_fds[2];             /* written (locked-by lock): eventfds that end a poll (), -1 until one waits */
  UsherTransfer *transfers[2]; /* (unowned) (nullable) (atomic): those that wait in the reactor */

  UsherWatch watch;       /* (main-context): the reactor's */
  guint32 watched_events; /* written (main-context) (locked-by lock): 0 while the descriptor is not watched */
  guint is_dry : 1;       /* (main-context): nothing to read before the watch tells of it */
  guint is_hung_up : 1;   /* (main-context): it tells of nothing more */
  guint has_begun : 1;    /* (main-context): to be read from */
  guint is_testing : 1;   /* (main-context): a hunch, by what the next read finds */
  guint tested : 1;       /* (main-context): which, an UsherHunchKind */
};

/* Of `users`. */
#define USHER_TRANSPORT_CLOSING 1
#define USHER_TRANSPORT_USER 2

/* Keeps the descriptor from being closed. Fails if it is closed, or about to be. */
gboolean usher_transport_enter (UsherTransport *self,
                                GError **error);
void usher_transport_leave (UsherTransport *self);
/* Closes the descriptor if that is due, here or in the reactor's context. */
void usher_transport_close_if_unused (UsherTransport *self);

/* Does what can be done without waiting: returns a number of bytes, -1 with an error set, or
 * USHER_WOULD_BLOCK. */
gssize usher_transport_try (UsherTransport *self,
                            UsherTransfer *transfer,
                            GError **error);
/* What the peer, or the kernel, has done to this connection. */
void usher_transport_record_error (UsherTransport *self,
                                   const GError *error);

/* The waiting points: one blocks the calling thread until the transfer should be tried again, and may
 * return early; the other suspends the calling fiber until the transfer is done. */
void usher_transport_wait (UsherTransport *self,
                           UsherTransfer *transfer);
gssize usher_transport_transfer_in_fiber (UsherTransport *self,
                                          UsherTransfer *transfer,
                                          GError **error);
/* Whether `cancellable` has to be listened to: the transport's own tell it anyway. */
gboolean usher_transport_is_foreign_cancellable (UsherTransport *self,
                                                 GCancellable *cancellable);

/* The transfer has nothing more to do with the queue. */
void usher_transport_end_write (UsherTransport *self,
                                UsherTransfer *transfer);
gssize usher_transport_try_writing (UsherTransport *self,
                                    UsherTransfer *transfer,
                                    GError **error);
/* Sends what is queued and may go. Returns FALSE if it has to wait. */
gboolean usher_transport_flush (UsherTransport *self);
void usher_transport_drop_queue (UsherTransport *self);

gssize usher_transport_failed (UsherTransport *self,
                               UsherTransfer *transfer,
                               int errsv,
                               GError **error);

void usher_transport_count (UsherTransport *self,
                            UsherDirection direction,
                            gsize n);
/* The kernel's recv () and send (), for those who have entered. */
gssize usher_transport_receive_raw (UsherTransport *self,
                                    void *buffer,
                                    gsize size);
gssize usher_transport_send_raw (UsherTransport *self,
                                 const GOutputVector *vectors,
                                 guint n_vectors);

/* TLS. (transfer none) (nullable): from now on. */
UsherTlsSession *usher_transport_add_tls (UsherTransport *self,
                                          GError **error);
/* Any thread. */
gboolean usher_transport_is_shaking_hands (UsherTransport *self);
/* There is something that TLS has still to send: it goes as far as it may, and the rest in the reactor. */
void usher_transport_send_later (UsherTransport *self);
/* Whoever has begun to write does not come again. */
void usher_transport_abandon_write (UsherTransport *self);
/* The peer learns that nothing more will come, if all has gone. */
void usher_transport_say_goodbye (UsherTransport *self);
/* Nobody blocks any more. */
void usher_transport_forget_waiters (UsherTransport *self);
/* Nobody has sent a word since we last answered, so nobody waits for an answer. */
gboolean usher_transport_is_idle_and_draining (UsherTransport *self);

/* Whether it reads what the kernel has: with TLS that is not what there is to read, and without vectors nothing is
 * taken. */
static inline gboolean
usher_transport_reads_raw (UsherTransport *self,
                           const UsherTransfer *transfer)
{
  return transfer->direction == USHER_TRANSPORT_READ && transfer->n_vectors > 0 && self->tls == NULL;
}

/* Whether it is open, and has been told nothing. */
static inline gboolean
usher_transport_is_undisturbed (UsherTransport *self)
{
  return (g_atomic_int_get (&self->told) & (USHER_TOLD_TO_DRAIN | USHER_TOLD_TO_EXIT)) == 0 &&
         (g_atomic_int_get (&self->users) & USHER_TRANSPORT_CLOSING) == 0;
}

/* What is read, and written, orders itself. */
static inline void
usher_transport_set_received (UsherTransport *self,
                              gboolean received)
{
  __atomic_store_n (&self->received, received, __ATOMIC_RELAXED);
}

/* The time limits. */
void usher_transport_heard (UsherTransport *self);
/* Called when nothing can be done without waiting. Returns FALSE if it has waited for too long. */
gboolean usher_transport_may_wait (UsherTransport *self,
                                   UsherTransfer *transfer,
                                   GError **error);

/* Whether the reactor watches it, or has its timer. The lock is held. */
gboolean usher_transport_is_in_reactor (UsherTransport *self);
/* Whether anybody is listed who waits in the reactor. */
gboolean usher_transport_has_transfers (UsherTransport *self);
/* Whether anybody may be waiting there, or be about to. The lock is held. */
gboolean usher_transport_has_waiters (UsherTransport *self);
/* Everybody who waits looks again. */
void usher_transport_wake (UsherTransport *self);
/* Looks at the asynchronous transfers again, in the reactor's context. */
void usher_transport_post (UsherTransport *self);
/* Stops the timer and the watch, before the descriptor is closed. Called in the reactor's context, with
 * the lock held. */
void usher_transport_leave_reactor (UsherTransport *self);

G_END_DECLS
