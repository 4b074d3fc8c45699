/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/stack-guard-private.h"

#include <errno.h>
#include <sys/mman.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define MAX_MAP_COUNT_PATH "/proc/sys/vm/max_map_count"
#define DEFAULT_MAX_MAP_COUNT 65530

static int n_protected; /* (atomic): guards of this process that are mappings */
static int known_limit; /* (atomic): how many of them there may be, when last looked at */

static guint
read_max_map_count (void)
{
  g_autofree char *text = NULL;
  guint64 count;

  if (!g_file_get_contents (MAX_MAP_COUNT_PATH, &text, NULL, NULL))
    return DEFAULT_MAX_MAP_COUNT;

  count = g_ascii_strtoull (text, NULL, 10);
  return count > 0 ? (guint) MIN (count, G_MAXUINT) : DEFAULT_MAX_MAP_COUNT;
}

/* A guard splits its surroundings: there is a mapping for it, and one for the stack above it. An
 * eighth is left to the rest of the process, which could not even load a library otherwise. */
guint
usher_stack_guard_get_limit (UsherStackGuard self)
{
  guint max_map_count;

  if (self != USHER_STACK_GUARD_PROTECT)
    return G_MAXUINT;

  max_map_count = read_max_map_count ();
  return (max_map_count - max_map_count / 8) / 2;
}

static gboolean
install_mark (gpointer page,
              gsize page_size)
{
  return madvise (page, page_size, MADV_GUARD_INSTALL) == 0;
}

static UsherStackGuard
probe (gpointer page,
       gsize page_size)
{
  if (install_mark (page, page_size) || errno != EINVAL)
    return USHER_STACK_GUARD_MARK;

  return USHER_STACK_GUARD_PROTECT;
}

static gboolean
mark (gpointer page,
      gsize page_size,
      GError **error)
{
  if (install_mark (page, page_size))
    return TRUE;

  g_set_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN, "No guard page for one more stack: %s",
               g_strerror (errno));
  return FALSE;
}

/* The limit may have been raised, so that it is read again before it is met. */
static gboolean
is_within_limit (int n)
{
  if (n >= g_atomic_int_get (&known_limit))
    g_atomic_int_set (&known_limit, (int) usher_stack_guard_get_limit (USHER_STACK_GUARD_PROTECT));

  return n < g_atomic_int_get (&known_limit);
}

static gboolean
protect (gpointer page,
         gsize page_size,
         GError **error)
{
  if (is_within_limit (g_atomic_int_add (&n_protected, 1)) && mprotect (page, page_size, PROT_NONE) == 0)
    return TRUE;

  g_atomic_int_add (&n_protected, -1);
  g_set_error (error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN,
               "No guard page for one more stack: this kernel's vm.max_map_count allows for %u stacks; "
               "raise it (sysctl vm.max_map_count), or use Linux 6.13, which does not count them",
               usher_stack_guard_get_limit (USHER_STACK_GUARD_PROTECT));
  return FALSE;
}

gboolean
usher_stack_guard_install (UsherStackGuard *self,
                           gpointer page,
                           gsize page_size,
                           GError **error)
{
  if (*self == USHER_STACK_GUARD_UNKNOWN)
    *self = probe (page, page_size);

  return *self == USHER_STACK_GUARD_MARK ? mark (page, page_size, error) : protect (page, page_size, error);
}

void
usher_stack_guard_forget (UsherStackGuard self,
                          guint n_guards)
{
  if (self == USHER_STACK_GUARD_PROTECT)
    g_atomic_int_add (&n_protected, -(int) n_guards);
}
