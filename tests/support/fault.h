/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Calls of the C library that can be made to fail, wherever in the process they are made: in
 * Usher, in GLib, in the test itself. Any thread. */
typedef enum
{
  FAULT_ACCEPT4,
  FAULT_BIND,
  FAULT_CHMOD,
  FAULT_EPOLL_CREATE1,
  FAULT_EPOLL_CTL,
  FAULT_EVENTFD,
  FAULT_FCHOWNAT,
  FAULT_FCNTL,
  FAULT_GETPEERNAME,
  FAULT_GETSOCKNAME,
  FAULT_GETSOCKOPT,
  FAULT_LISTEN,
  FAULT_MADVISE,
  FAULT_MMAP,
  FAULT_MPROTECT,
  FAULT_OPENAT,
  FAULT_PTHREAD_CREATE,
  FAULT_RECV,
  FAULT_SEND,
  FAULT_SENDMSG,
  FAULT_SETSOCKOPT,
  FAULT_SOCKET,
  FAULT_TIMERFD_CREATE,
  FAULT_TIMERFD_SETTIME,
  FAULT_LAST = FAULT_TIMERFD_SETTIME,
} FaultCall;

#define FAULT_FOREVER G_MAXUINT

/* From now on, `n_good` calls do what they always do; then `n_bad` calls fail with `errno_value`
 * and do nothing. It replaces what was injected into the same call before. */
void fault_inject (FaultCall call,
                   guint n_good,
                   guint n_bad,
                   int errno_value);

/* What happens just before the next call: nobody can have known of it. */
void fault_precede (FaultCall call,
                    void (*func) (gpointer data),
                    gpointer data);

/* Nothing fails any more, and nothing has been called. */
void fault_clear (void);

/* How often it has been called, whether it failed or not. */
guint fault_get_n_calls (FaultCall call);

G_END_DECLS
