/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* How many descriptors the process has open. */
guint sockets_count_fds (void);

/* Connects to a listen address. Returns a descriptor, or -1 if that fails. Never waits. */
int sockets_try_connect (const char *address);

/* The same, but it may not fail. */
int sockets_connect (const char *address);

void sockets_assert_accepted (const char *address,
                              gboolean is_accepted);

/* Connects, and accepts that connection from the listener. */
void sockets_assert_serves (int listener_fd,
                            const char *address);

/* Only for TCP. */
guint sockets_get_backlog (int listener_fd);

/* An abstract Unix address of this process. Everybody on the machine sees it. (transfer full) */
char *sockets_make_abstract_address (void);

/* Connects as often, and waits until the kernel has put all of them into the queue. (element-type int)
 * (transfer full) */
GArray *sockets_fill_queue (int listener_fd,
                            const char *address,
                            guint n);
void sockets_close_all (GArray *fds);

/* Sends as many attempts to connect as are dropped, as the queue is full. */
void sockets_overflow_queue (int listener_fd,
                             const char *address,
                             guint n);

/* Leaves a path behind that nobody listens on. */
void sockets_make_stale_path (const char *path);

G_END_DECLS
