/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "support/iterate.h"
#include "support/reactor-fixture.h"

G_BEGIN_DECLS

/* What contexts are polled with. A program that looks at it has its own poll () and epoll_wait (), for Usher
 * and for GLib. */
typedef struct
{
  guint n_polls;
  guint n_epoll_waits;
  int next_errno; /* of the next epoll_wait (), which then does nothing; 0 for none */
} PollCalls;

extern PollCalls poll_calls;

/* What there is to do is done; then the context is polled once. */
void assert_polls_with_epoll (GMainContext *context);
void assert_polls_as_glib (GMainContext *context);

/* An eventfd that is watched, edge-triggered. */
typedef struct
{
  UsherWatch watch;
  int fd;
  guint n_calls;
  GMainContext *inner; /* (unowned) (nullable): iterated when it is told for the first time */
} Probe;

void probe_init (Probe *self,
                 UsherReactor *reactor);
void probe_add (Probe *self,
                UsherReactor *reactor);
void probe_signal (Probe *self);
/* It is told once more. */
void probe_assert_is_told (Probe *self,
                           GMainContext *context);
void probe_clear (Probe *self);

/* A descriptor of somebody else's in a context, that is ready until it is dispatched. */
typedef struct
{
  GSource *source; /* (owned) */
  int fd;
  guint n_calls;
} Other;

void other_init (Other *self,
                 GMainContext *context);
void other_assert_is_told (Other *self,
                           GMainContext *context);
void other_clear (Other *self);

/* Another context, with a reactor and a probe. */
typedef struct
{
  ReactorFixture fixture;
  Probe probe;
} Neighbour;

void neighbour_init (Neighbour *self);
void neighbour_clear (Neighbour *self);

G_END_DECLS
