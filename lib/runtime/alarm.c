/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/alarm-private.h"

#include "runtime/clock-private.h"
#include "runtime/epoll-private.h"
#include "runtime/watch-table-private.h"

#include <sys/timerfd.h>
#include <unistd.h>

void
usher_alarm_init (UsherAlarm *self)
{
  *self = (UsherAlarm){ .fd = -1, .ready_usec = USHER_NEVER };
}

void
usher_alarm_clear (UsherAlarm *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static gboolean
alarm_ensure_fd (UsherAlarm *self,
                 int epoll_fd)
{
  const struct epoll_event event = { EPOLLIN, { .u64 = USHER_KEY_ALARM } };

  if (self->fd >= 0)
    return TRUE;
  if (epoll_fd < 0 || !usher_clock_is_monotonic ())
    return FALSE;

  self->fd = timerfd_create (CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  if (self->fd >= 0 && !usher_epoll_add (epoll_fd, self->fd, event, NULL))
    usher_alarm_clear (self);

  return self->fd >= 0;
}

static gboolean
alarm_set_fd (UsherAlarm *self,
              gint64 deadline_usec)
{
  struct itimerspec timer = { 0 };
  gint64 usec = MAX (deadline_usec, 1);

  /* All zero is never. */
  if (deadline_usec != USHER_NEVER)
    timer.it_value = (struct timespec){ usec / G_USEC_PER_SEC, usec % G_USEC_PER_SEC * 1000 };

  return timerfd_settime (self->fd, TFD_TIMER_ABSTIME, &timer, NULL) == 0;
}

void
usher_alarm_set (UsherAlarm *self,
                 GSource *source,
                 int epoll_fd,
                 gint64 deadline_usec)
{
  gint64 ready_usec = deadline_usec;

  if (alarm_ensure_fd (self, epoll_fd))
    {
      if (alarm_set_fd (self, deadline_usec))
        ready_usec = USHER_NEVER;
      else
        usher_alarm_clear (self);
    }

  if (self->ready_usec != ready_usec)
    usher_clock_arm (source, ready_usec);
  self->ready_usec = ready_usec;
}
