/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/service-private.h"

UsherServicePool *
usher_service_pool_new (UsherAcceptorPool *pool)
{
  UsherServicePool *self = g_new0 (UsherServicePool, 1);

  self->pool = g_object_ref (pool);
  self->addresses = g_ptr_array_new_with_free_func (g_free);
  self->counts = g_ptr_array_new ();

  return self;
}

void
usher_service_pool_free (UsherServicePool *self)
{
  g_object_unref (self->pool);
  g_ptr_array_unref (self->addresses);
  g_ptr_array_unref (self->counts);
  g_clear_object (&self->supervisor);
  g_free (self);
}

void
usher_service_pool_add_address (UsherServicePool *self,
                                const char *address,
                                guint n_acceptors)
{
  g_ptr_array_add (self->addresses, g_strdup (address));
  g_ptr_array_add (self->counts, GUINT_TO_POINTER (n_acceptors));
}

void
usher_service_pool_override_address (UsherServicePool *self,
                                     const char *address)
{
  guint n_acceptors = GPOINTER_TO_UINT (g_ptr_array_index (self->counts, 0));

  if (!self->is_overridden)
    {
      g_ptr_array_set_size (self->addresses, 0);
      g_ptr_array_set_size (self->counts, 0);
    }
  self->is_overridden = TRUE;
  usher_service_pool_add_address (self, address, n_acceptors);
}
