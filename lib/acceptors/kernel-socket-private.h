/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>
#include <sys/socket.h>

#include "acceptors/socket-options-private.h"
#include "acceptors/unix-path-private.h"

G_BEGIN_DECLS

/* The port of several sockets that are to have the same one: 0 until the kernel has chosen it for
 * the first of them. (atomic) */
typedef guint UsherSharedPort;

/* A socket of the kernel that listens, or none. It is made here, or it is given: inherited, handed
 * over, or configured by the user. A given one is shared with whoever else has it, and cannot be opened
 * again once it is closed. */
typedef struct
{
  int type;     /* SOCK_STREAM or SOCK_SEQPACKET */
  int fd;       /* -1 while closed */
  int given_fd; /* (owned): -1 if there is none, or it was opened */
  gboolean is_given;
  gboolean is_disowned;         /* made here, and somebody else's by now */
  UsherSharedPort *shared_port; /* (owned) (nullable) */
  char *local_address;          /* (owned) (nullable): NULL while closed */
  UsherUnixPath path;
  UsherSocketOptions options; /* applied when it is opened */
  UsherUnixAccess access;     /* the same */
} UsherKernelSocket;

#define USHER_KERNEL_SOCKET_INIT                                                                                                                        \
  {                                                                                                                                                     \
    .type = SOCK_STREAM, .fd = -1, .given_fd = -1, .path = USHER_UNIX_PATH_INIT, .options = USHER_SOCKET_OPTIONS_INIT, .access = USHER_UNIX_ACCESS_INIT \
  }

/* Before it is opened for the first time: it will be this one, whatever the address. Takes the
 * descriptor, which was checked. */
void usher_kernel_socket_give (UsherKernelSocket *self,
                               int fd);

UsherSharedPort *usher_shared_port_new (void);

/* Before it is opened: its address is one of TCP, with port 0. */
void usher_kernel_socket_share_port (UsherKernelSocket *self,
                                     UsherSharedPort *port);

/* Only while it is closed; it stays so if there is an error. The errors are
 * USHER_ERROR_INVALID_ADDRESS, USHER_ERROR_INVALID_ARGUMENT and USHER_ERROR_CLOSED for a given one,
 * and those of G_IO_ERROR, from errno. */
gboolean usher_kernel_socket_open (UsherKernelSocket *self,
                                   const char *address,
                                   int backlog,
                                   GError **error);

/* As if it had not been opened: a given one can be opened again. */
void usher_kernel_socket_undo_open (UsherKernelSocket *self);

/* Only while it is open. */
gboolean usher_kernel_socket_is_tcp (UsherKernelSocket *self);

/* Another process has it now, and decides what becomes of it and of its path: here it is only closed.
 * Only while it is open. */
void usher_kernel_socket_disown (UsherKernelSocket *self);

/* The other side of that, for a given one: from now on it is as if it had been made here. `file` is
 * what its maker has bound, if it has a path. Only while it is open. */
void usher_kernel_socket_adopt (UsherKernelSocket *self,
                                const UsherUnixFile *file);

/* Whether nobody else has it. Only while it is open. */
gboolean usher_kernel_socket_is_exclusive (UsherKernelSocket *self);

/* Nobody joins the queue any more, as far as the kernel can do that: for Unix sockets. Who waits in it
 * can still be accepted, as with a TCP socket, which goes on listening. Only if it is exclusive: it
 * would happen to all who share it. */
void usher_kernel_socket_refuse_more (UsherKernelSocket *self);

/* Harmless if it is closed. */
void usher_kernel_socket_close (UsherKernelSocket *self);

/* Closes what it is and what it was given. */
void usher_kernel_socket_clear (UsherKernelSocket *self);

/* Only while it is open. Returns 0 or an errno. */
int usher_kernel_socket_set_backlog (UsherKernelSocket *self,
                                     int backlog);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherSharedPort, g_atomic_rc_box_release)

G_END_DECLS
