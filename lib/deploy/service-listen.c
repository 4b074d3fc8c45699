/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/service-private.h"

#include "acceptors/acceptor-pool-private.h"
#include "supervision/supervisor-private.h"
#include "usher/child-info.h"
#include "usher/error.h"
#include "usher/listen-socket.h"

/* Addresses that come and go while the service is up. Their listen sockets stand in the tree behind
 * the others of their pool. */

typedef struct
{
  UsherServicePool *entry;      /* (unowned) */
  UsherServiceAddress *address; /* (unowned): it stays while it is changing */
  guint n_started;
  char *id;      /* (owned) (nullable): the child that is being taken away */
  GError *error; /* (owned) (nullable): why what was opened is closed again */
} Change;

static void
change_free (gpointer data)
{
  Change *self = data;

  g_clear_error (&self->error);
  g_free (self->id);
  g_free (self);
}

/* From here on nobody else changes the address. */
static void
begin_change (GTask *task,
              UsherServicePool *entry,
              UsherServiceAddress *address)
{
  Change *change = g_new0 (Change, 1);

  change->entry = entry;
  change->address = address;
  address->is_changing = TRUE;
  g_task_set_task_data (task, change, change_free);
}

/* What stands against it. */

static gboolean
check_up (UsherService *self,
          const char *address,
          GError **error)
{
  static const char *const refusals[] = {
    [USHER_SERVICE_DOWN] = "it does not run; before it starts, usher_service_add_pool() says where it listens",
    [USHER_SERVICE_STARTING] = "it has not started yet; wait until it is up",
    [USHER_SERVICE_LAME_DUCK] = "it is ending, and closes whatever it listens on",
    [USHER_SERVICE_DRAINING] = "it is ending, and has closed whatever it listened on",
  };

  if (self->state == USHER_SERVICE_UP)
    return TRUE;

  g_set_error (error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_RUNNING, "service “%s”, address “%s”: %s",
               self->name, address, refusals[self->state]);
  return FALSE;
}

static gboolean
check_unchanged (UsherService *self,
                 const UsherServiceAddress *address,
                 GError **error)
{
  if (!address->is_changing)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_PENDING,
               "service “%s”, address “%s”: it is being opened or closed already; wait until that is done", self->name,
               address->text);
  return FALSE;
}

/* (nullable) */
static UsherServiceAddress *
find_address (UsherService *self,
              const char *text,
              UsherServicePool **entry)
{
  UsherServiceAddress *address = NULL;

  for (guint i = 0; i < self->pools->len && address == NULL; i++)
    {
      *entry = self->pools->pdata[i];
      address = usher_service_pool_find_address (*entry, text);
    }

  return address;
}

/* An address is known by its text, here and in a hand-over. */
static gboolean
check_new (UsherService *self,
           const char *text,
           GError **error)
{
  UsherServicePool *entry;
  UsherServiceAddress *address = find_address (self, text, &entry);

  if (address == NULL)
    return TRUE;
  if (!check_unchanged (self, address, error))
    return FALSE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE,
               "service “%s”, address “%s”: its pool “%s” listens there already; choose another address, or stop that first",
               self->name, text, usher_acceptor_pool_get_name (entry->pool));
  return FALSE;
}

static UsherServicePool *
find_entry (UsherService *self,
            UsherAcceptorPool *pool,
            GError **error)
{
  UsherServicePool *entry = usher_service_find_pool (self, usher_acceptor_pool_get_name (pool));

  if (entry != NULL && entry->pool == pool)
    return entry;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "service “%s”: pool “%s” is none of its pools; add it with usher_service_add_pool() before the service "
               "starts",
               self->name, usher_acceptor_pool_get_name (pool));
  return NULL;
}

/* Closing. */

static void close_next (GTask *task);

/* Those who were in its queue are being served. */
static void
drop_last (Change *change)
{
  GPtrArray *sockets = change->address->sockets;

  usher_acceptor_pool_retire_socket (change->entry->pool, sockets->pdata[sockets->len - 1]);
  g_ptr_array_set_size (sockets, sockets->len - 1);
}

static void
end_closing (GTask *task)
{
  Change *change = g_task_get_task_data (task);

  g_ptr_array_remove (change->entry->addresses, change->address);
  if (change->error != NULL)
    g_task_return_error (task, g_steal_pointer (&change->error));
  else
    g_task_return_boolean (task, TRUE);
}

/* What an opening that has failed leaves behind is forgotten with the life of its supervisor, which is
 * ending. What is to be closed stays, and may be tried again. */
static void
fail_to_close (GTask *task,
               GError *error)
{
  Change *change = g_task_get_task_data (task);

  if (change->error != NULL)
    {
      g_error_free (error);
      drop_last (change);
      close_next (task);
      return;
    }

  change->address->is_changing = FALSE;
  g_prefix_error (&error, "“%s” stays open; try again: ", change->address->text);
  g_task_return_error (task, error);
}

static gboolean
has_come_back (const GError *error)
{
  return g_error_matches (error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_RUNNING) ||
         g_error_matches (error, USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_RESTARTING);
}

/* A restart of the pool in between may have started it again. */
static void
on_deleted (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  g_autoptr (GError) error = NULL;

  if (usher_supervisor_delete_child_finish (USHER_SUPERVISOR (source_object), result, &error))
    drop_last (g_task_get_task_data (task));
  if (error == NULL || has_come_back (error))
    close_next (task);
  else
    fail_to_close (task, g_steal_pointer (&error));
}

static void
on_terminated (GObject *source_object,
               GAsyncResult *result,
               gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  UsherSupervisor *supervisor = USHER_SUPERVISOR (source_object);
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;

  if (usher_supervisor_terminate_child_finish (supervisor, result, &error))
    usher_supervisor_delete_child_async (supervisor, change->id, NULL, on_deleted, g_object_ref (task));
  else
    fail_to_close (task, error);
}

/* NULL if it has not got into the tree. (transfer full) */
static char *
find_id (Change *change,
         UsherChild *child)
{
  g_autoptr (UsherChildInfo) info = usher_supervisor_get_child_object (change->entry->supervisor, child, NULL);

  return info != NULL ? g_strdup (usher_child_info_get_id (info)) : NULL;
}

static void
close_next (GTask *task)
{
  Change *change = g_task_get_task_data (task);
  GPtrArray *sockets = change->address->sockets;

  g_clear_pointer (&change->id, g_free);
  while (sockets != NULL && sockets->len > 0)
    {
      change->id = find_id (change, sockets->pdata[sockets->len - 1]);
      if (change->id != NULL)
        break;

      drop_last (change);
    }

  if (change->id != NULL)
    usher_supervisor_terminate_child_async (change->entry->supervisor, change->id, NULL, on_terminated,
                                            g_object_ref (task));
  else
    end_closing (task);
}

/* Opening. */

/* It is as if nothing had been asked for. (transfer full): error */
static void
fail_to_open (GTask *task,
              GError *error)
{
  UsherService *self = g_task_get_source_object (task);
  Change *change = g_task_get_task_data (task);

  change->error = error;
  g_prefix_error (&change->error, "service “%s”, pool “%s”: ", self->name,
                  usher_acceptor_pool_get_name (change->entry->pool));
  close_next (task);
}

static GPtrArray *
dup_sockets (GPtrArray *sockets)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < sockets->len; i++)
    g_ptr_array_add (copy, g_object_ref (sockets->pdata[i]));

  return copy;
}

/* The next life of their supervisor begins with them, too. */
static void
end_opening (GTask *task)
{
  Change *change = g_task_get_task_data (task);
  GPtrArray *sockets = change->address->sockets;

  for (guint i = 0; i < sockets->len; i++)
    if (!usher_supervisor_keep_child (change->entry->supervisor, sockets->pdata[i]))
      {
        fail_to_open (task, g_error_new (USHER_SUPERVISOR_ERROR, USHER_SUPERVISOR_ERROR_NOT_RUNNING,
                                         "it ended while it was opening “%s”; try again", change->address->text));
        return;
      }

  change->address->is_changing = FALSE;
  g_task_return_pointer (task, dup_sockets (sockets), (GDestroyNotify) g_ptr_array_unref);
}

static void start_next (GTask *task);

static void
on_started (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;

  usher_supervisor_start_child_finish (USHER_SUPERVISOR (source_object), result, &error);
  if (error != NULL)
    {
      fail_to_open (task, error);
      return;
    }

  change->n_started++;
  start_next (task);
}

static void
start_next (GTask *task)
{
  Change *change = g_task_get_task_data (task);
  UsherServicePool *entry = change->entry;
  g_autoptr (UsherChildSpec) spec = NULL;

  if (change->n_started == change->address->sockets->len)
    {
      end_opening (task);
      return;
    }

  spec = usher_acceptor_pool_make_socket_spec (entry->n_sockets++, change->address->sockets->pdata[change->n_started]);
  usher_supervisor_start_child_async (entry->supervisor, spec, NULL, on_started, g_object_ref (task));
}

static gboolean
serve_sockets (UsherService *self,
               Change *change,
               GError **error)
{
  g_autoptr (GPtrArray) served = g_ptr_array_new_with_free_func (g_object_unref);

  return usher_service_serve_address (self, change->entry, change->address, served, error);
}

static void
on_looked_up (GObject *source_object,
              GAsyncResult *result,
              gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  UsherService *self = g_task_get_source_object (task);
  Change *change = g_task_get_task_data (task);
  GError *error = NULL;

  change->address->sockets = usher_listen_sockets_new_for_address_finish (result, &error);
  if (change->address->sockets != NULL && check_up (self, change->address->text, &error) &&
      serve_sockets (self, change, &error))
    start_next (task);
  else
    fail_to_open (task, error);
}

/**
 * usher_service_listen_async:
 * @self: a service that is up
 * @pool: one of its pools
 * @address: where the pool is to listen as well, as for [func@Usher.listen_sockets_new_for_address]; one
 *   that the service does not listen on yet
 * @n_acceptors: how many acceptors wait at each listen socket: 1 to 65,536
 * @cancellable: (nullable): ends the looking up of names
 * @callback: (scope async): called with the answer
 * @user_data: given to @callback
 *
 * Adds an address while the service runs. A name that has several addresses gets a listen socket for
 * each. If one of them cannot be opened none is, and everything is as it was before.
 *
 * It is an address like those of [method@Usher.Service.add_pool] from then on: it is restarted with its
 * pool, drained with the others, offered in a hand-over, and it is there when the service is started
 * again. A successor takes it over if it listens there from its start.
 *
 * To change the options of a listen socket, or who may connect to the path of a Unix socket, make the
 * socket yourself, see [method@Usher.AcceptorPool.accept_socket].
 *
 * Since: 0.1
 */
void
usher_service_listen_async (UsherService *self,
                            UsherAcceptorPool *pool,
                            const char *address,
                            guint n_acceptors,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  UsherServicePool *entry;
  GError *error = NULL;

  g_return_if_fail (USHER_IS_SERVICE (self));
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (pool));
  g_return_if_fail (address != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  usher_return_if_elsewhere (usher_service_get_place (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, usher_service_listen_async);
  /* What was opened has to be told. */
  g_task_set_check_cancellable (task, FALSE);

  entry = find_entry (self, pool, &error);
  if (entry == NULL || !check_up (self, address, &error) || !check_new (self, address, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  begin_change (task, entry, usher_service_pool_add_address (entry, address, n_acceptors));
  usher_listen_sockets_new_for_address_async (address, cancellable, on_looked_up, g_steal_pointer (&task));
}

/**
 * usher_service_listen_finish:
 * @self: a service
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. The errors are those of [func@Usher.listen_sockets_new_for_address],
 * [method@Usher.AcceptorPool.accept_socket] and [method@Usher.ListenSocket.open];
 * %G_IO_ERROR_ADDRESS_IN_USE if the service listens there already, and %G_IO_ERROR_PENDING if it is about
 * to begin or to stop; %USHER_ERROR_INVALID_ARGUMENT if it has no such pool; and
 * %USHER_SUPERVISOR_ERROR_NOT_RUNNING if it is not up, or its pool is just being restarted.
 *
 * Returns: (transfer container) (element-type Usher.ListenSocket): the listen sockets, which say for
 *   instance which port the kernel has chosen; %NULL with @error set
 *
 * Since: 0.1
 */
GPtrArray *
usher_service_listen_finish (UsherService *self,
                             GAsyncResult *result,
                             GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * usher_service_stop_listening_async:
 * @self: a service that is up
 * @address: one of its addresses, as it was given
 * @callback: (scope async): called with the answer
 * @user_data: given to @callback
 *
 * Takes an address away while the service runs, with all of its listen sockets, for good. It may be one of
 * [method@Usher.Service.listen_async], of [method@Usher.Service.add_pool], or of the command line. The
 * sockets are closed on purpose: those who wait in their queues are served, their connections are told
 * to leave, and stay as long as they like. The pool stays, and its other addresses notice nothing.
 *
 * Ports that the kernel chooses may share an address; then the one that was added first is meant.
 *
 * Since: 0.1
 */
void
usher_service_stop_listening_async (UsherService *self,
                                    const char *address,
                                    GAsyncReadyCallback callback,
                                    gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  UsherServicePool *entry;
  UsherServiceAddress *found;
  GError *error = NULL;

  g_return_if_fail (USHER_IS_SERVICE (self));
  g_return_if_fail (address != NULL);
  usher_return_if_elsewhere (usher_service_get_place (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, usher_service_stop_listening_async);
  found = find_address (self, address, &entry);
  if (found == NULL)
    error = g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                         "service “%s”, address “%s”: it does not listen there; give the address as it was given before",
                         self->name, address);
  if (found == NULL || !check_up (self, address, &error) || !check_unchanged (self, found, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  begin_change (task, entry, found);
  close_next (task);
}

/**
 * usher_service_stop_listening_finish:
 * @self: a service
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. It fails with %G_IO_ERROR_NOT_FOUND if the service does not listen there,
 * %G_IO_ERROR_PENDING if it is about to begin or to stop, and %USHER_SUPERVISOR_ERROR_NOT_RUNNING if it is
 * not up, or the pool is just being restarted; then the address stays, and the call can be repeated.
 *
 * Returns: whether nothing is accepted there any more
 *
 * Since: 0.1
 */
gboolean
usher_service_stop_listening_finish (UsherService *self,
                                     GAsyncResult *result,
                                     GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
