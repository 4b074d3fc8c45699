/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>
#include <sys/epoll.h>

G_BEGIN_DECLS

/* epoll's system calls, with errors that say what to do. They are G_IO_ERROR, from errno. */

/* For `fd`, the first descriptor to be watched. Returns -1 on failure. */
int usher_epoll_new (int fd,
                     GError **error);

/* `event` says what is watched for, and what epoll_wait() shall tell. */
gboolean usher_epoll_add (int epoll_fd,
                          int fd,
                          struct epoll_event event,
                          GError **error);

/* Harmless if `fd` is not watched, or closed. */
void usher_epoll_remove (int epoll_fd,
                         int fd);

G_END_DECLS
