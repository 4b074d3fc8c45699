/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  guint n_clients;
  guint n_in_flight;    /* at most so many are unanswered at once */
  gboolean keep;        /* those that were answered stay connected; else they reset */
  gint64 duration_usec; /* then no more are started */
} ClientsPlan;

/* Clients of an echo server: each connects, sends a byte and gets it back. They come from many
 * addresses of the loopback device in turn, so that ports never run out. */
typedef struct
{
  int epoll_fd;
  guint16 port;
  guint n_addresses_used;
  ClientsPlan plan;
  gint64 began_nsec;
  gint64 ended_nsec; /* when the latest answer came */

  guint n_started;
  guint n_in_flight;
  guint n_asked;
  guint n_failed;
  guint n_refused;     /* of these */
  guint n_reset;       /* of these */
  int is_over;         /* (atomic): no more are started */
  GPtrArray *kept;     /* (owned) (element-type Client) */
  GArray *latencies;   /* (owned) (element-type gint64): nanoseconds, one an answer */
  guint n_more_rounds; /* answers that are answered with another byte */
} Clients;

void clients_init (Clients *self,
                   guint16 port);
void clients_clear (Clients *self);

/* Starts what the plan says. The measurement begins. */
void clients_begin (Clients *self,
                    ClientsPlan plan);
/* The measurement begins anew, with what is going on. */
void clients_restart_clock (Clients *self);
/* Any thread: no more are started. */
void clients_end (Clients *self);
/* Until all have sent their byte. */
void clients_wait_until_asked (Clients *self);
/* Until all were answered. Those that wait for too long have failed. */
void clients_wait_until_answered (Clients *self);
/* Those that were kept send and receive so many bytes in all. The measurement begins anew. */
void clients_exchange (Clients *self,
                       guint n_messages,
                       gint64 duration_usec);
/* Those that were kept reset. */
void clients_reset_kept (Clients *self);

G_END_DECLS
