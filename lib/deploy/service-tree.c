/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/service-private.h"

#include "usher/error.h"
#include "usher/listen-socket.h"

static gboolean
add_child (UsherSupervisor *supervisor,
           const char *id,
           gpointer child,
           GError **error)
{
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new (id, child);

  return usher_supervisor_add_child (supervisor, spec, error);
}

/* Behind the pool, so that it is closed before the pool ends. While the pool is restarted it keeps
 * listening. */
static gboolean
add_socket (UsherServicePool *entry,
            guint index,
            GError **error)
{
  const char *address = g_ptr_array_index (entry->addresses, index);
  guint n_acceptors = GPOINTER_TO_UINT (g_ptr_array_index (entry->counts, index));
  g_autoptr (UsherListenSocket) listen_socket = usher_listen_socket_new_for_address (address, error);

  if (listen_socket == NULL)
    return FALSE;

  usher_listen_socket_set_keep_open (listen_socket, TRUE);
  return usher_acceptor_pool_accept_socket (entry->pool, listen_socket, n_acceptors, error) &&
         add_child (entry->supervisor, address, listen_socket, error);
}

static gboolean
build_pool (UsherService *self,
            UsherServicePool *entry,
            GError **error)
{
  const char *name = usher_acceptor_pool_get_name (entry->pool);

  entry->supervisor = usher_supervisor_new (USHER_STRATEGY_REST_FOR_ONE);
  usher_supervisor_set_name (entry->supervisor, name);
  if (!add_child (entry->supervisor, "pool", entry->pool, error))
    return FALSE;

  for (guint i = 0; i < entry->addresses->len; i++)
    if (!add_socket (entry, i, error))
      return FALSE;

  return add_child (self->root, name, entry->supervisor, error);
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

gboolean
usher_service_build_tree (UsherService *self,
                          GError **error)
{
  for (guint i = 0; i < self->pools->len; i++)
    {
      UsherServicePool *entry = g_ptr_array_index (self->pools, i);

      if (entry->supervisor != NULL || build_pool (self, entry, error))
        continue;

      g_prefix_error (error, "service “%s”, pool “%s”: ", self->name, usher_acceptor_pool_get_name (entry->pool));
      forget_pool (entry);
      return FALSE;
    }

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
