/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/service-private.h"

#include "acceptors/inherited-socket-private.h"
#include "usher/error.h"

static void
address_free (gpointer data)
{
  UsherServiceAddress *self = data;

  g_clear_pointer (&self->sockets, g_ptr_array_unref);
  g_free (self->text);
  g_free (self);
}

UsherServicePool *
usher_service_pool_new (UsherAcceptorPool *pool)
{
  UsherServicePool *self = g_new0 (UsherServicePool, 1);

  self->pool = g_object_ref (pool);
  self->addresses = g_ptr_array_new_with_free_func (address_free);

  return self;
}

void
usher_service_pool_free (UsherServicePool *self)
{
  g_object_unref (self->pool);
  g_ptr_array_unref (self->addresses);
  g_clear_pointer (&self->overridden, g_ptr_array_unref);
  g_clear_object (&self->supervisor);
  g_free (self);
}

UsherServiceAddress *
usher_service_pool_add_address (UsherServicePool *self,
                                const char *address,
                                guint n_acceptors)
{
  UsherServiceAddress *added = g_new0 (UsherServiceAddress, 1);

  added->text = g_strdup (address);
  added->n_acceptors = n_acceptors;
  if (self->n_acceptors == 0)
    self->n_acceptors = n_acceptors;
  g_ptr_array_add (self->addresses, added);
  return added;
}

UsherServiceAddress *
usher_service_pool_find_address (UsherServicePool *self,
                                 const char *address)
{
  for (guint i = 0; i < self->addresses->len; i++)
    {
      UsherServiceAddress *found = self->addresses->pdata[i];

      if (g_str_equal (found->text, address))
        return found;
    }

  return NULL;
}

void
usher_service_pool_override_address (UsherServicePool *self,
                                     const char *address)
{
  if (self->overridden == NULL)
    {
      self->overridden = g_steal_pointer (&self->addresses);
      self->addresses = g_ptr_array_new_with_free_func (address_free);
    }
  usher_service_pool_add_address (self, address, self->n_acceptors);
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

  if (usher_service_pool_find_address (self, address) != NULL)
    return TRUE;

  fds = usher_inherited_socket_find (address, NULL);
  if (fds == NULL)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "systemd has passed a socket named “%s”, but the command line has it listen on %s instead; say %s there, "
               "or have the socket unit pass none",
               name, ((UsherServiceAddress *) self->addresses->pdata[0])->text, address);
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
      const UsherServiceAddress *address = self->overridden->pdata[i];

      if (g_str_has_prefix (address->text, "systemd:") && !check_address (self, address->text, error))
        return FALSE;
    }

  return check_address (self, own, error);
}
