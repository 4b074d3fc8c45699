/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/epoll-private.h"

#include <errno.h>

static const char *
get_advice (int errno_value)
{
  switch (errno_value)
    {
    case EBADF:
      return "watch it before it is closed";
    case EEXIST:
      return "it is watched already; remove that watch first";
    case EMFILE:
      return "raise the process's limit of open files (ulimit -n)";
    case ENFILE:
      return "raise the system's limit of open files (fs.file-max)";
    case ENOMEM:
      return "the kernel is short of memory; watch fewer descriptors";
    case ENOSPC:
      return "raise the user's limit of watches (fs.epoll.max_user_watches)";
    case EPERM:
      return "only descriptors that can be waited for, such as sockets, can be watched";
    default:
      return "this should not happen; please report it";
    }
}

static void
set_error (GError **error,
           int fd,
           int errno_value)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno_value),
               "Cannot watch descriptor %d: %s: %s",
               fd, g_strerror (errno_value), get_advice (errno_value));
}

int
usher_epoll_new (int fd,
                 GError **error)
{
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);

  if (epoll_fd < 0)
    set_error (error, fd, errno);

  return epoll_fd;
}

gboolean
usher_epoll_add (int epoll_fd,
                 int fd,
                 struct epoll_event event,
                 GError **error)
{
  if (epoll_ctl (epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0)
    return TRUE;

  set_error (error, fd, errno);
  return FALSE;
}

void
usher_epoll_remove (int epoll_fd,
                    int fd)
{
  epoll_ctl (epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}
