/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "usher/error.h"

/* A pool that is being added to a tree. */
typedef struct
{
  UsherSupervisor *supervisor; /* (owned) */
  GStrv addresses;             /* (owned) */
  guint n_looked_up;
  guint n_acceptors;
  GPtrArray *sockets; /* (owned) (element-type UsherListenSocket): those that the pool serves by now */
} Listen;

static void
listen_free (gpointer data)
{
  Listen *self = data;

  g_object_unref (self->supervisor);
  g_strfreev (self->addresses);
  g_ptr_array_unref (self->sockets);
  g_free (self);
}

/* It is as if nothing had been asked for. */
static void
listen_fail (GTask *task,
             GError *error)
{
  UsherAcceptorPool *self = g_task_get_source_object (task);
  Listen *listen = g_task_get_task_data (task);

  for (guint i = 0; i < listen->sockets->len; i++)
    usher_acceptor_pool_remove_socket (self, listen->sockets->pdata[i], NULL);
  g_task_return_error (task, error);
}

static gboolean
listen_serve (GTask *task,
              GPtrArray *sockets,
              GError **error)
{
  Listen *listen = g_task_get_task_data (task);

  return usher_acceptor_pool_serve_sockets (g_task_get_source_object (task), sockets, listen->n_acceptors,
                                            listen->sockets, error);
}

gboolean
usher_acceptor_pool_serve_sockets (UsherAcceptorPool *self,
                                   GPtrArray *sockets,
                                   guint n_acceptors,
                                   GPtrArray *served,
                                   GError **error)
{
  for (guint i = 0; i < sockets->len; i++)
    {
      UsherListenSocket *socket = sockets->pdata[i];

      usher_listen_socket_set_keep_open (socket, TRUE);
      if (!usher_acceptor_pool_accept_socket (self, socket, n_acceptors, error))
        return FALSE;
      g_ptr_array_add (served, g_object_ref (socket));
    }

  return TRUE;
}

UsherChildSpec *
usher_acceptor_pool_make_socket_spec (guint n,
                                      UsherListenSocket *listen_socket)
{
  g_autofree char *id = g_strdup_printf ("%u %s", n, usher_listen_socket_get_address (listen_socket));

  return usher_child_spec_new (id, USHER_CHILD (listen_socket));
}

/* The pool, and behind it its sockets, which are closed before it ends. */
UsherSupervisor *
usher_acceptor_pool_make_tree (UsherAcceptorPool *self,
                               GPtrArray *sockets,
                               GError **error)
{
  g_autoptr (UsherSupervisor) tree = usher_supervisor_new (USHER_STRATEGY_REST_FOR_ONE);
  g_autoptr (UsherChildSpec) pool_spec = usher_child_spec_new ("pool", USHER_CHILD (self));

  usher_supervisor_set_name (tree, self->name);
  if (!usher_supervisor_add_child (tree, pool_spec, error))
    return NULL;

  for (guint i = 0; i < sockets->len; i++)
    {
      g_autoptr (UsherChildSpec) spec = usher_acceptor_pool_make_socket_spec (i, sockets->pdata[i]);

      if (!usher_supervisor_add_child (tree, spec, error))
        return NULL;
    }

  return g_steal_pointer (&tree);
}

static void
on_started (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  usher_supervisor_start_child_finish (USHER_SUPERVISOR (source_object), result, &error);
  if (error != NULL)
    listen_fail (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
listen_start (GTask *task)
{
  UsherAcceptorPool *self = g_task_get_source_object (task);
  Listen *listen = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr (UsherSupervisor) tree = usher_acceptor_pool_make_tree (self, listen->sockets, &error);
  g_autoptr (UsherChildSpec) spec = NULL;

  if (tree == NULL)
    {
      listen_fail (task, error);
      return;
    }

  /* What has begun is not taken back: a cancelled call would still start it. */
  spec = usher_child_spec_new (self->name, USHER_CHILD (tree));
  usher_supervisor_start_child_async (listen->supervisor, spec, NULL, on_started, g_object_ref (task));
}

static void listen_look_up (GTask *task);

static void
on_looked_up (GObject *source_object,
              GAsyncResult *result,
              gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;
  g_autoptr (GPtrArray) sockets = usher_listen_sockets_new_for_address_finish (result, &error);

  if (sockets != NULL && listen_serve (task, sockets, &error))
    listen_look_up (task);
  else
    listen_fail (task, error);
}

static void
listen_look_up (GTask *task)
{
  Listen *listen = g_task_get_task_data (task);
  const char *address = listen->addresses[listen->n_looked_up];

  if (address == NULL)
    {
      listen_start (task);
      return;
    }

  listen->n_looked_up++;
  usher_listen_sockets_new_for_address_async (address, g_task_get_cancellable (task), on_looked_up,
                                              g_object_ref (task));
}

/**
 * usher_acceptor_pool_listen_async:
 * @self: a pool, which is no child of anybody yet
 * @supervisor: a supervisor that runs
 * @addresses: (array zero-terminated=1): where it listens, as for
 *   [func@Usher.listen_sockets_new_for_address]; at least one
 * @n_acceptors: how many acceptors wait at each listen socket: 1 to 65,536
 * @cancellable: (nullable): ends the looking up of names
 * @callback: (scope async): called with the answer
 * @user_data: given to @callback
 *
 * Adds the pool, with listen sockets of its own, to a tree that runs: in one call, and under the
 * pool's name. It becomes a child of @supervisor with that id, which is a rest-for-one supervisor of
 * the pool and, behind it, its listen sockets. To take it away again, give the name to
 * [method@Usher.Supervisor.terminate_child_async] and
 * [method@Usher.Supervisor.delete_child_async].
 *
 * If it fails, everything is as it was before.
 *
 * This is Cessna's `add_new_pool/2`. Listen sockets with options of their own are made and added by
 * hand; see [method@Usher.AcceptorPool.accept_socket].
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_listen_async (UsherAcceptorPool *self,
                                  UsherSupervisor *supervisor,
                                  const char *const *addresses,
                                  guint n_acceptors,
                                  GCancellable *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  Listen *listen;

  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (USHER_IS_SUPERVISOR (supervisor));
  g_return_if_fail (addresses != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  listen = g_new0 (Listen, 1);
  listen->supervisor = g_object_ref (supervisor);
  listen->addresses = g_strdupv ((GStrv) addresses);
  listen->n_acceptors = n_acceptors;
  listen->sockets = g_ptr_array_new_with_free_func (g_object_unref);
  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, usher_acceptor_pool_listen_async);
  g_task_set_task_data (task, listen, listen_free);

  if (addresses[0] == NULL)
    g_task_return_new_error (task, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                             "The pool %s was given no address to listen on; give at least one", self->name);
  else
    listen_look_up (task);
}

/**
 * usher_acceptor_pool_listen_finish:
 * @self: a pool
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. The errors are those of [func@Usher.listen_sockets_new_for_address], of
 * [method@Usher.AcceptorPool.accept_socket], and of
 * [method@Usher.Supervisor.start_child_async]: %USHER_SUPERVISOR_ERROR_ALREADY_STARTED if there is a
 * child of that name.
 *
 * Returns: true if the pool and its listen sockets run; false with @error set
 *
 * Since: 0.1
 */
gboolean
usher_acceptor_pool_listen_finish (UsherAcceptorPool *self,
                                   GAsyncResult *result,
                                   GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
