/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* How a GMainContext polls whose only descriptors are a reactor's epoll set, and the one by which GLib wakes
 * it up: with epoll_wait (), which tells at once what is ready, where poll () would tell only that something
 * is. Other contexts, and contexts with a poll function of their own, poll as before. */
typedef struct
{
  UsherReactor *reactor; /* (unowned) */
  GMainContext *context; /* (unowned) */
  int wake_fd;           /* (unowned): GLib's; -1 until it polls this way */
  int epoll_fd;          /* (unowned): -1 until it polls this way */
} UsherPoll;

void usher_poll_init (UsherPoll *self,
                      UsherReactor *reactor,
                      GMainContext *context);
void usher_poll_clear (UsherPoll *self);
/* There is something in the reactor's set, which is in the context. Harmless if it polls this way by now. */
void usher_poll_begin (UsherPoll *self,
                       int epoll_fd);
/* `self` is (nullable): the next poll of this thread is this one, or none of these. Every reactor says so
 * whenever its context is about to be polled. */
void usher_poll_expect (const UsherPoll *self);
/* It is not this one. */
void usher_poll_forget (const UsherPoll *self);

G_END_DECLS
