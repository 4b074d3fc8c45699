/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* Who may connect to a Unix socket with a path, as the user says it. */
typedef struct
{
  int mode;    /* -1 to leave it to the umask */
  char *user;  /* (owned) (nullable): NULL to leave it; a name or a number */
  char *group; /* (owned) (nullable): the same */
} UsherUnixAccess;

#define USHER_UNIX_ACCESS_INIT \
  {                            \
    .mode = -1                 \
  }

/* The same, as the kernel takes it: -1 for what is left as it is. */
typedef struct
{
  mode_t mode;
  uid_t uid;
  gid_t gid;
} UsherUnixGrant;

/* Looks the names up. The error is USHER_ERROR_INVALID_ARGUMENT. */
gboolean usher_unix_access_resolve (const UsherUnixAccess *self,
                                    UsherUnixGrant *grant,
                                    GError **error);

/* What to do if the kernel does not grant it. (transfer full) */
char *usher_unix_access_explain (const UsherUnixAccess *self,
                                 int errsv);

void usher_unix_access_clear (UsherUnixAccess *self);

G_END_DECLS
