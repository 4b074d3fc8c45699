/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/service-private.h"

#include "acceptors/inherited-socket-private.h"
#include "usher/error.h"

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
  g_clear_pointer (&self->overridden, g_ptr_array_unref);
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

  if (self->overridden == NULL)
    {
      self->overridden = g_steal_pointer (&self->addresses);
      self->addresses = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_set_size (self->counts, 0);
    }
  usher_service_pool_add_address (self, address, n_acceptors);
}

/* Fails if systemd has passed sockets for an address that the command line has taken away: their
 * clients would wait for ever. */
static gboolean
check_address (UsherServicePool *self,
               const char *address,
               GError **error)
{
  const char *name = strchr (address, ':') + 1;
  g_autoptr (GArray) fds = NULL;

  if (g_ptr_array_find_with_equal_func (self->addresses, address, g_str_equal, NULL))
    return TRUE;

  fds = usher_inherited_socket_find (address, NULL);
  if (fds == NULL)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "systemd has passed a socket named “%s”, but the command line has it listen on %s instead; say %s there, "
               "or have the socket unit pass none",
               name, (const char *) g_ptr_array_index (self->addresses, 0), address);
  return FALSE;
}

gboolean
usher_service_pool_check_activation (UsherServicePool *self,
                                     GError **error)
{
  g_autofree char *own = g_strdup_printf ("systemd:%s", usher_acceptor_pool_get_name (self->pool));

  if (self->overridden == NULL)
    return TRUE;

  for (guint i = 0; i < self->overridden->len; i++)
    {
      const char *address = g_ptr_array_index (self->overridden, i);

      if (g_str_has_prefix (address, "systemd:") && !check_address (self, address, error))
        return FALSE;
    }

  return check_address (self, own, error);
}
