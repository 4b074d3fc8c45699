/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/report-tally-private.h"

/* How many of those that ended alike are named. */
#define MAX_NAMES 8

static gboolean
is_alike (const UsherExit *a,
          const UsherExit *b)
{
  const GError *error = usher_exit_get_error (a);
  const GError *other = usher_exit_get_error (b);

  if (usher_exit_get_kind (a) != usher_exit_get_kind (b))
    return FALSE;
  if (error == NULL || other == NULL)
    return error == other;

  return g_error_matches (error, other->domain, other->code);
}

static void
tallied_free (gpointer data)
{
  UsherTallied *tallied = data;

  usher_exit_unref (tallied->reason);
  if (tallied->names != NULL)
    g_string_free (tallied->names, TRUE);
  g_free (tallied);
}

static UsherTallied *
find_alike (GPtrArray *tally,
            const UsherExit *reason)
{
  for (guint i = 0; i < tally->len; i++)
    {
      UsherTallied *tallied = g_ptr_array_index (tally, i);

      if (is_alike (tallied->reason, reason))
        return tallied;
    }

  return NULL;
}

/* Before it is counted. */
static void
add_name (UsherTallied *self,
          const char *name)
{
  if (self->names == NULL)
    self->names = g_string_new (NULL);

  if (self->n_children < MAX_NAMES)
    g_string_append_printf (self->names, "%s%s", self->n_children == 0 ? "" : ", ", name);
  else if (self->n_children == MAX_NAMES)
    g_string_append (self->names, ", …");
}

void
usher_report_tally_add (GPtrArray **tally,
                        UsherExit *reason,
                        const char *name)
{
  UsherTallied *tallied;

  if (*tally == NULL)
    *tally = g_ptr_array_new_with_free_func (tallied_free);

  tallied = find_alike (*tally, reason);
  if (tallied == NULL)
    {
      tallied = g_new0 (UsherTallied, 1);
      tallied->reason = usher_exit_ref (reason);
      g_ptr_array_add (*tally, tallied);
    }
  if (name != NULL)
    add_name (tallied, name);
  tallied->n_children++;
}
