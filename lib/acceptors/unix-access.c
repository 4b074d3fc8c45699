/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/unix-access-private.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>

#include "usher/error.h"

/* More than any entry is long. */
#define ENTRY_SIZE (64 * 1024)

/* Returns whether there is such a user. */
static gboolean
find_user (const char *name,
           guint32 *id)
{
  g_autofree char *buffer = g_malloc (ENTRY_SIZE);
  struct passwd entry, *found = NULL;

  getpwnam_r (name, &entry, buffer, ENTRY_SIZE, &found);
  if (found != NULL)
    *id = found->pw_uid;

  return found != NULL;
}

static gboolean
find_group (const char *name,
            guint32 *id)
{
  g_autofree char *buffer = g_malloc (ENTRY_SIZE);
  struct group entry, *found = NULL;

  getgrnam_r (name, &entry, buffer, ENTRY_SIZE, &found);
  if (found != NULL)
    *id = found->gr_gid;

  return found != NULL;
}

static const struct
{
  const char *kind;
  gboolean (*find) (const char *name,
                    guint32 *id);
} accounts[] = {
  { "user", find_user },
  { "group", find_group },
};

/* As chown does it: a name that is a number is still a name first. */
static gboolean
resolve (guint account,
         const char *name,
         guint32 *id,
         GError **error)
{
  guint64 number;

  *id = G_MAXUINT32;
  if (name == NULL || accounts[account].find (name, id))
    return TRUE;
  if (!g_ascii_string_to_unsigned (name, 10, 0, G_MAXUINT32 - 1, &number, NULL))
    {
      const char *kind = accounts[account].kind;

      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "there is no %s “%s”; create it, or give the property “unix-%s” the name or number of another one",
                   kind, name, kind);
      return FALSE;
    }

  *id = number;
  return TRUE;
}

gboolean
usher_unix_access_resolve (const UsherUnixAccess *self,
                           UsherUnixGrant *grant,
                           GError **error)
{
  G_STATIC_ASSERT (sizeof (uid_t) == sizeof (guint32) && sizeof (gid_t) == sizeof (guint32));

  grant->mode = self->mode;
  return resolve (0, self->user, &grant->uid, error) && resolve (1, self->group, &grant->gid, error);
}

char *
usher_unix_access_explain (const UsherUnixAccess *self,
                           int errsv)
{
  g_autoptr (GString) wanted = g_string_new (NULL);

  if (self->mode >= 0)
    g_string_append_printf (wanted, " mode %04o", self->mode);
  if (self->user != NULL)
    g_string_append_printf (wanted, "%s user “%s”", wanted->len > 0 ? "," : "", self->user);
  if (self->group != NULL)
    g_string_append_printf (wanted, "%s group “%s”", wanted->len > 0 ? "," : "", self->group);

  return g_strdup_printf ("%s; the path cannot be given%s: for another user the process needs CAP_CHOWN, for a group it "
                          "has to be a member of it, and for a mode /proc has to be mounted",
                          g_strerror (errsv), wanted->str);
}

void
usher_unix_access_clear (UsherUnixAccess *self)
{
  g_clear_pointer (&self->user, g_free);
  g_clear_pointer (&self->group, g_free);
}
