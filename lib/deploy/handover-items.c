/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/handover-private.h"

#include <glib/gstdio.h>
#include <sys/socket.h>

#include "acceptors/listen-socket-private.h"
#include "usher/acceptor-pool.h"

static void
item_free (gpointer data)
{
  UsherHandoverItem *self = data;

  if (self->fd >= 0)
    g_close (self->fd, NULL);
  g_clear_object (&self->listen_socket);
  g_free (self->name);
  g_free (self);
}

/* 0 if the kernel does not say. */
static guint64
get_cookie (int fd)
{
  guint64 cookie = 0;
  socklen_t length = sizeof cookie;

  getsockopt (fd, SOL_SOCKET, SO_COOKIE, &cookie, &length);
  return cookie;
}

UsherHandoverItem *
usher_handover_item_new (const char *name,
                         UsherListenSocket *listen_socket,
                         UsherKernelSocket *kernel_socket)
{
  UsherHandoverItem *self = g_new0 (UsherHandoverItem, 1);

  self->name = g_strdup (name);
  self->listen_socket = listen_socket != NULL ? g_object_ref (listen_socket) : NULL;
  self->kernel_socket = kernel_socket;
  self->cookie = kernel_socket->fd >= 0 ? get_cookie (kernel_socket->fd) : 0;
  self->fd = -1;
  return self;
}

gboolean
usher_handover_item_is_the_same (const UsherHandoverItem *self)
{
  return self->kernel_socket->fd >= 0 && get_cookie (self->kernel_socket->fd) == self->cookie;
}

UsherHandoverItem *
usher_handover_find_item (GPtrArray *items,
                          const char *name)
{
  for (guint i = 0; i < items->len; i++)
    {
      UsherHandoverItem *item = items->pdata[i];

      if (g_str_equal (item->name, name))
        return item;
    }

  return NULL;
}

static gboolean
is_listed (GPtrArray *items,
           UsherListenSocket *listen_socket)
{
  for (guint i = 0; i < items->len; i++)
    if (((UsherHandoverItem *) items->pdata[i])->listen_socket == listen_socket)
      return TRUE;

  return FALSE;
}

/* Those who leave the port to the kernel have the same address. They are told apart by their order. */
static char *
make_name (GPtrArray *items,
           const char *address)
{
  char *name = g_strdup (address);

  for (guint n = 2; usher_handover_find_item (items, name) != NULL; n++)
    {
      g_free (name);
      name = g_strdup_printf ("%s#%u", address, n);
    }

  return name;
}

static void
list_pool (GPtrArray *items,
           UsherAcceptorPool *pool)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (pool);

  for (guint i = 0; i < sockets->len; i++)
    {
      UsherListenSocket *socket = sockets->pdata[i];
      g_autofree char *name = make_name (items, usher_listen_socket_get_address (socket));

      if (!is_listed (items, socket))
        g_ptr_array_add (items, usher_handover_item_new (name, socket, usher_listen_socket_get_kernel_socket (socket)));
    }
}

GPtrArray *
usher_handover_list_items (UsherHandover *self)
{
  GPtrArray *items = g_ptr_array_new_with_free_func (item_free);

  for (guint i = 0; i < self->pools->len; i++)
    list_pool (items, self->pools->pdata[i]);

  return items;
}

GVariant *
usher_handover_name_items (GPtrArray *items)
{
  GVariantBuilder names;

  g_variant_builder_init (&names, G_VARIANT_TYPE ("as"));
  for (guint i = 0; i < items->len; i++)
    g_variant_builder_add (&names, "s", ((UsherHandoverItem *) items->pdata[i])->name);

  return g_variant_builder_end (&names);
}
