/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

#include "acceptors/socket-options-private.h"
#include "acceptors/unix-path-private.h"

G_BEGIN_DECLS

/* A socket of the kernel that listens, or none. */
typedef struct
{
  int fd;              /* -1 while closed */
  char *local_address; /* (owned) (nullable): NULL while closed */
  UsherUnixPath path;
  UsherSocketOptions options; /* applied when it is opened */
} UsherKernelSocket;

#define USHER_KERNEL_SOCKET_INIT                                                 \
  {                                                                              \
    .fd = -1, .path = USHER_UNIX_PATH_INIT, .options = USHER_SOCKET_OPTIONS_INIT \
  }

/* Only while it is closed; it stays so if there is an error. The errors are USHER_ERROR_INVALID_ADDRESS, and
 * those of G_IO_ERROR, from errno. */
gboolean usher_kernel_socket_open (UsherKernelSocket *self,
                                   const char *address,
                                   int backlog,
                                   GError **error);

/* Harmless if it is closed. */
void usher_kernel_socket_close (UsherKernelSocket *self);

/* Only while it is open. Returns 0 or an errno. */
int usher_kernel_socket_set_backlog (UsherKernelSocket *self,
                                     int backlog);

G_END_DECLS
