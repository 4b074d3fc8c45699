/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "acceptors/unix-access-private.h"

G_BEGIN_DECLS

/* Whose a Unix socket's path is. Whoever binds it owns it, and only an owner whose file is still
 * the one at that path unlinks it. A path that nobody listens on any more is reclaimed, a live one
 * never.
 *
 * Those who bind, reclaim and unlink hold a lock on the directory, so that no two of them take the
 * same stale path. The directory stays open: neither a change of the working directory nor a lack
 * of descriptors keeps the path from being unlinked. */
typedef struct
{
  dev_t device;
  ino_t inode;
} UsherUnixFile;

typedef struct
{
  int directory_fd; /* -1 while there is no path */
  char *name;       /* (owned) (nullable): in the directory */
  gboolean is_owned;
  UsherUnixFile file;
} UsherUnixPath;

#define USHER_UNIX_PATH_INIT \
  {                          \
    .directory_fd = -1       \
  }

/* These return 0 or an errno. */

/* Opens the directory, and waits for its lock. */
int usher_unix_path_lock (UsherUnixPath *self,
                          const char *path);

/* Unlinks the path if it is a socket that nobody listens on. Returns EADDRINUSE if somebody does,
 * and EEXIST if it is no socket. Only under the lock. */
int usher_unix_path_reclaim (UsherUnixPath *self,
                             const struct sockaddr *address,
                             socklen_t length);

/* After bind(): remembers the file. Only under the lock. */
int usher_unix_path_own (UsherUnixPath *self);

/* Instead of binding it: from now on it is this process that owns the file, which another has bound. */
int usher_unix_path_adopt (UsherUnixPath *self,
                           const char *path,
                           const UsherUnixFile *file);

/* Only of the owned file, and never of what somebody may have put in its place. Until it is listened
 * on nobody can connect, so nobody can before this. */
int usher_unix_path_grant (UsherUnixPath *self,
                           const UsherUnixGrant *grant);

void usher_unix_path_unlock (UsherUnixPath *self);

/* Before the descriptor is closed: as long as it is open, no other file can get the inode's number.
 * Unlinks the path if it is still the owned one. Harmless if there is no path. */
void usher_unix_path_release (UsherUnixPath *self);

G_END_DECLS
