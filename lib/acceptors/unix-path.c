/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/unix-path-private.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int
unix_path_flock (UsherUnixPath *self)
{
  return TEMP_FAILURE_RETRY (flock (self->directory_fd, LOCK_EX)) == 0 ? 0 : errno;
}

static int
unix_path_open_directory (UsherUnixPath *self,
                          const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);
  const char *slash = strrchr (path, '/');

  self->directory_fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (self->directory_fd < 0)
    return errno;

  self->name = g_strdup (slash != NULL ? slash + 1 : path);
  return 0;
}

int
usher_unix_path_lock (UsherUnixPath *self,
                      const char *path)
{
  int errsv = unix_path_open_directory (self, path);

  return errsv != 0 ? errsv : unix_path_flock (self);
}

void
usher_unix_path_unlock (UsherUnixPath *self)
{
  flock (self->directory_fd, LOCK_UN);
}

/* Returns what connect() says, 0 if it succeeds. It does not block: a full queue is EAGAIN. */
static int
probe (const struct sockaddr *address,
       socklen_t length)
{
  int fd = socket (AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int errsv;

  if (fd < 0)
    return errno;

  errsv = connect (fd, address, length) == 0 ? 0 : errno;
  g_close (fd, NULL);
  return errsv;
}

static int
unix_path_stat (UsherUnixPath *self,
                struct stat *status)
{
  return fstatat (self->directory_fd, self->name, status, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

static int
unix_path_unlink (UsherUnixPath *self)
{
  return unlinkat (self->directory_fd, self->name, 0) == 0 ? 0 : errno;
}

int
usher_unix_path_reclaim (UsherUnixPath *self,
                         const struct sockaddr *address,
                         socklen_t length)
{
  struct stat status;
  int errsv = unix_path_stat (self, &status);

  if (errsv != 0)
    return errsv == ENOENT ? 0 : errsv;
  if (!S_ISSOCK (status.st_mode))
    return EEXIST;

  errsv = probe (address, length);
  if (errsv == EMFILE || errsv == ENFILE)
    return errsv;

  return errsv == ECONNREFUSED ? unix_path_unlink (self) : EADDRINUSE;
}

int
usher_unix_path_own (UsherUnixPath *self)
{
  struct stat status;
  int errsv = unix_path_stat (self, &status);

  if (errsv != 0)
    return errsv;

  self->is_owned = TRUE;
  self->file = (UsherUnixFile){ status.st_dev, status.st_ino };
  return 0;
}

int
usher_unix_path_adopt (UsherUnixPath *self,
                       const char *path,
                       const UsherUnixFile *file)
{
  int errsv = unix_path_open_directory (self, path);

  if (errsv != 0)
    return errsv;

  self->is_owned = TRUE;
  self->file = *file;
  return 0;
}

static gboolean
is_same_file (UsherUnixPath *self,
              const struct stat *status)
{
  return status->st_dev == self->file.device && status->st_ino == self->file.inode;
}

/* Returns -1 with errno set. */
static int
unix_path_open_file (UsherUnixPath *self)
{
  int fd = openat (self->directory_fd, self->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  struct stat status;

  if (fd < 0 || (fstat (fd, &status) == 0 && is_same_file (self, &status)))
    return fd;

  g_close (fd, NULL);
  errno = EADDRINUSE;
  return -1;
}

/* A descriptor that only names a file has no other way to its mode. */
static int
set_mode (int fd,
          mode_t mode)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);

  return chmod (path, mode) == 0 ? 0 : errno;
}

/* The mode comes first: that of another user's file would take another capability. */
static int
grant_to_file (int fd,
               const UsherUnixGrant *grant)
{
  int errsv = grant->mode == (mode_t) -1 ? 0 : set_mode (fd, grant->mode);

  if (errsv != 0 || (grant->uid == (uid_t) -1 && grant->gid == (gid_t) -1))
    return errsv;

  return fchownat (fd, "", grant->uid, grant->gid, AT_EMPTY_PATH) == 0 ? 0 : errno;
}

int
usher_unix_path_grant (UsherUnixPath *self,
                       const UsherUnixGrant *grant)
{
  int fd = unix_path_open_file (self);
  int errsv;

  if (fd < 0)
    return errno;

  errsv = grant_to_file (fd, grant);
  g_close (fd, NULL);
  return errsv;
}

static gboolean
unix_path_is_unchanged (UsherUnixPath *self)
{
  struct stat status;

  return unix_path_stat (self, &status) == 0 && is_same_file (self, &status);
}

void
usher_unix_path_release (UsherUnixPath *self)
{
  if (self->is_owned && unix_path_flock (self) == 0 && unix_path_is_unchanged (self))
    unix_path_unlink (self);

  /* This gives the lock back. */
  if (self->directory_fd >= 0)
    g_close (self->directory_fd, NULL);
  g_free (self->name);
  *self = (UsherUnixPath) USHER_UNIX_PATH_INIT;
}
