/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What makes a reactor's source ready when its first deadline has come: a timerfd in its epoll set. A timeout is
 * set up by the kernel anew for each poll that sleeps; this only when it changes. Where there is no epoll set, no
 * descriptor left, or another clock than the kernel's, it is the source's ready time. */
typedef struct
{
  int fd;            /* (owned): -1 before it is needed */
  gint64 ready_usec; /* the source's ready time, or USHER_NEVER */
} UsherAlarm;

void usher_alarm_init (UsherAlarm *self);
void usher_alarm_clear (UsherAlarm *self);

/* In the source's context. `epoll_fd` is -1 if there is none; `deadline_usec` may be USHER_NEVER. What has rung
 * rings until it is set again. */
void usher_alarm_set (UsherAlarm *self,
                      GSource *source,
                      int epoll_fd,
                      gint64 deadline_usec);

G_END_DECLS
