/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/service-private.h"

#include "acceptors/acceptor-pool-private.h"
#include "usher/listen-socket.h"

/* What systemd has passed to a predecessor is taken from there. If it is not, opening it will say why. */
static GPtrArray *
make_sockets (UsherService *self,
              const char *address,
              GError **error)
{
  g_autoptr (GPtrArray) sockets = NULL;
  UsherListenSocket *socket;

  if (self->handover == NULL || !g_str_has_prefix (address, "systemd:"))
    return usher_listen_sockets_new_for_address (address, NULL, error);

  sockets = usher_listen_sockets_new_for_address (address, NULL, NULL);
  if (sockets != NULL)
    return g_steal_pointer (&sockets);

  socket = usher_listen_socket_new_for_address (address, error);
  if (socket == NULL)
    return NULL;

  sockets = g_ptr_array_new_with_free_func (g_object_unref);
  g_ptr_array_add (sockets, socket);
  return g_steal_pointer (&sockets);
}

/* Whoever hears of it may do anything. */
static void
service_announce (UsherService *self,
                  UsherServicePool *entry,
                  GPtrArray *sockets)
{
  g_autoptr (GPtrArray) held = g_ptr_array_ref (sockets);
  g_autoptr (UsherAcceptorPool) pool = g_object_ref (entry->pool);

  if (entry == self->health)
    return;

  for (guint i = 0; i < held->len; i++)
    g_signal_emit_by_name (self, "listen-socket-added", pool, held->pdata[i]);
}

gboolean
usher_service_serve_address (UsherService *self,
                             UsherServicePool *entry,
                             const UsherServiceAddress *address,
                             GPtrArray *served,
                             GError **error)
{
  if (!usher_acceptor_pool_serve_sockets (entry->pool, address->sockets, address->n_acceptors, served, error))
    return FALSE;

  service_announce (self, entry, address->sockets);
  return TRUE;
}

static gboolean
serve_addresses (UsherService *self,
                 UsherServicePool *entry,
                 GPtrArray *served,
                 GError **error)
{
  for (guint i = 0; i < entry->addresses->len; i++)
    {
      UsherServiceAddress *address = entry->addresses->pdata[i];

      g_clear_pointer (&address->sockets, g_ptr_array_unref);
      address->sockets = make_sockets (self, address->text, error);
      if (address->sockets == NULL ||
          !usher_service_serve_address (self, entry, address, served, error))
        return FALSE;
    }

  return TRUE;
}

static gboolean
build_pool (UsherService *self,
            UsherServicePool *entry,
            GError **error)
{
  g_autoptr (GPtrArray) sockets = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (UsherChildSpec) spec = NULL;

  if (!usher_service_pool_check_activation (entry, error) || !serve_addresses (self, entry, sockets, error))
    return FALSE;

  entry->supervisor = usher_acceptor_pool_make_tree (entry->pool, sockets, error);
  if (entry->supervisor == NULL)
    return FALSE;

  entry->n_sockets = sockets->len;
  spec = usher_child_spec_new (usher_acceptor_pool_get_name (entry->pool), USHER_CHILD (entry->supervisor));
  return usher_supervisor_add_child (self->root, spec, error);
}

/* What is half built takes no part in the next attempt. */
static void
forget_pool (UsherServicePool *entry)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (entry->pool);

  for (guint i = 0; i < sockets->len; i++)
    usher_acceptor_pool_remove_socket (entry->pool, g_ptr_array_index (sockets, i), NULL);
  g_clear_object (&entry->supervisor);
}

static gboolean
build_once (UsherService *self,
            UsherServicePool *entry,
            GError **error)
{
  if (entry->supervisor != NULL || build_pool (self, entry, error))
    return TRUE;

  g_prefix_error (error, "service “%s”, pool “%s”: ", self->name, usher_acceptor_pool_get_name (entry->pool));
  forget_pool (entry);
  return FALSE;
}

/* Who says how the service is comes before the pools, so that it ends behind them. */
gboolean
usher_service_build_tree (UsherService *self,
                          GError **error)
{
  if (self->health != NULL && !build_once (self, self->health, error))
    return FALSE;

  for (guint i = 0; i < self->pools->len; i++)
    if (!build_once (self, g_ptr_array_index (self->pools, i), error))
      return FALSE;

  return TRUE;
}

UsherDrainPlan
usher_service_plan_drain (UsherService *self)
{
  UsherDrainPlan plan = { .lame_duck_msec = self->lame_duck_msec };

  for (guint i = 0; i < self->pools->len; i++)
    {
      UsherServicePool *entry = g_ptr_array_index (self->pools, i);
      gint64 shutdown_msec = usher_acceptor_pool_get_shutdown_msec (entry->pool);

      usher_drain_plan_add (&plan, usher_acceptor_pool_get_name (entry->pool),
                            usher_acceptor_pool_get_grace_msec (entry->pool),
                            shutdown_msec == USHER_SHUTDOWN_BRUTAL_KILL ? 0 : shutdown_msec);
    }

  return plan;
}
