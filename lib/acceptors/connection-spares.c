/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-spares-private.h"

static gboolean
spares_have_room (UsherConnectionSpares *self)
{
  return self->n_over + self->n_ready < USHER_MAX_SPARE_CONNECTIONS;
}

gboolean
usher_connection_spares_add (UsherConnectionSpares *self,
                             UsherConnection *connection)
{
  if (!spares_have_room (self))
    {
      g_object_unref (connection);
      return FALSE;
    }

  self->over[self->n_over++] = connection;
  if (self->is_expecting)
    return FALSE;

  self->is_expecting = TRUE;
  return TRUE;
}

/* To retire one, or to free it, may call anything, and so have others added, and sorted. */
void
usher_connection_spares_sort (UsherConnectionSpares *self)
{
  self->is_expecting = FALSE;
  while (self->n_over > 0)
    {
      UsherConnection *connection = self->over[--self->n_over];

      if (usher_connection_retire (connection) && spares_have_room (self))
        self->ready[self->n_ready++] = connection;
      else
        g_object_unref (connection);
    }
}

UsherConnection *
usher_connection_spares_take (UsherConnectionSpares *self)
{
  return self->n_ready > 0 ? self->ready[--self->n_ready] : NULL;
}

void
usher_connection_spares_clear (UsherConnectionSpares *self)
{
  while (self->n_ready > 0)
    g_object_unref (self->ready[--self->n_ready]);
}
