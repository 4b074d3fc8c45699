/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/handover-private.h"

#include <errno.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <sys/socket.h>

#include "acceptors/inherited-socket-private.h"
#include "usher/acceptor-pool.h"
#include "usher/error.h"

/* The newer of the two processes. */

/* Returns -1 with errno set. Never waits. */
static int
connect_to (const char *path)
{
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  struct sockaddr_storage native = { 0 };
  gssize length = g_socket_address_get_native_size (address);
  int fd = socket (AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0)
    return -1;

  g_socket_address_to_native (address, &native, sizeof native, NULL);
  if (connect (fd, (struct sockaddr *) &native, length) != 0)
    {
      int errsv = errno;

      g_close (fd, NULL);
      fd = -1;
      errno = errsv;
    }

  return fd;
}

static void
refuse_path (UsherHandover *self,
             int errsv,
             GError **error)
{
  const char *remedy = errsv == EPROTOTYPE ? "somebody listens there who does not hand over; choose another path"
                                           : "stop who listens there, or choose another path";

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errsv), "Cannot take over at %s: %s; %s", self->path,
               g_strerror (errsv), remedy);
}

static gboolean
begin_asking (UsherHandover *self,
              int fd,
              GError **error)
{
  GVariantDict fields;

  if (!usher_handover_channel_open (&self->channel, fd, usher_handover_on_message, error))
    return FALSE;

  self->predecessor_pid = usher_handover_channel_get_peer (&self->channel);
  if (self->predecessor_pid == 0)
    {
      usher_handover_channel_close (&self->channel);
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                   "Cannot take over at %s: another user listens there; choose a path in a directory that only this user "
                   "may write",
                   self->path);
      return FALSE;
    }

  g_variant_dict_init (&fields, NULL);
  g_variant_dict_insert (&fields, "version", "s", self->version);
  usher_handover_say (self, USHER_HANDOVER_HELLO, g_variant_dict_end (&fields), USHER_HANDOVER_STEP_ASKING);
  return TRUE;
}

/**
 * usher_handover_take_async:
 * @self: a hand-over that is idle
 * @callback: (scope async): called when it has what there is to take
 * @user_data: given to @callback
 *
 * Asks the process that serves at the path for the listen sockets of the pools, by their addresses.
 * What it does not have, and what nobody has if no process serves there, is opened by this process when
 * its tree starts. The listen sockets have to be closed, and the pools down.
 *
 * Until [method@Usher.Handover.ready_async] has succeeded the other process serves on, and the pools of
 * this one are suspended: a connection that this one had accepted would be lost if it fails.
 *
 * Since: 0.1
 */
void
usher_handover_take_async (UsherHandover *self,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = NULL;
  GError *error = NULL;
  int fd;

  g_return_if_fail (USHER_IS_HANDOVER (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, usher_handover_take_async);
  if (self->step != USHER_HANDOVER_STEP_IDLE)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_PENDING,
                               "The hand-over at %s was begun already; stop it first", self->path);
      return;
    }

  g_clear_error (&self->failure);
  fd = connect_to (self->path);
  if (fd >= 0)
    {
      self->task = g_object_ref (task);
      if (begin_asking (self, fd, &error))
        return;
      g_clear_object (&self->task);
    }
  else if (errno != ENOENT && errno != ECONNREFUSED)
    refuse_path (self, errno, &error);
  else if (usher_handover_listen (self, &error))
    {
      usher_handover_set_step (self, USHER_HANDOVER_STEP_TAKEN);
      g_task_return_boolean (task, TRUE);
      return;
    }

  g_task_return_error (task, error);
}

/**
 * usher_handover_take_finish:
 * @self: a hand-over
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. [method@Usher.Handover.get_predecessor_pid] says whether there was somebody to take
 * from.
 *
 * The errors are those of the other process's refusal (%G_IO_ERROR_BUSY, if another hand-over is under
 * way, say), %USHER_ERROR_TIMED_OUT, %G_IO_ERROR_INVALID_DATA if it does not keep to the protocol,
 * %G_IO_ERROR_PERMISSION_DENIED if it is another user's, %USHER_ERROR_INVALID_ARGUMENT if systemd has
 * passed a socket as well, and those of [method@Usher.ListenSocket.open] for the path.
 *
 * Returns: whether the program may start
 *
 * Since: 0.1
 */
gboolean
usher_handover_take_finish (UsherHandover *self,
                            GAsyncResult *result,
                            GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* What is wanted of what is offered. */

/* From two sides, and nobody knows which one is meant. */
static gboolean
check_not_inherited (const char *address,
                     GError **error)
{
  g_autoptr (GArray) fds = NULL;

  if (!g_str_has_prefix (address, "systemd:"))
    return TRUE;

  fds = usher_inherited_socket_find (address, NULL);
  if (fds == NULL)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "systemd has passed %s, and the running process has it as well; start this one without the socket unit, or "
               "without a hand-over",
               address);
  return FALSE;
}

static gboolean
check_wanted (const UsherHandoverItem *item,
              GError **error)
{
  const char *address = usher_listen_socket_get_address (item->listen_socket);

  if (item->kernel_socket->fd < 0)
    return check_not_inherited (address, error);

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "%s is open already; take over before the listen sockets are opened", address);
  return FALSE;
}

/* In the order in which they will come. */
static GPtrArray *
choose_items (UsherHandover *self,
              const char *const *offered,
              GError **error)
{
  g_autoptr (GPtrArray) items = usher_handover_list_items (self);

  for (guint i = items->len; i-- > 0;)
    {
      UsherHandoverItem *item = items->pdata[i];

      if (!g_strv_contains (offered, item->name) || item->kernel_socket->is_given)
        g_ptr_array_remove_index (items, i);
      else if (!check_wanted (item, error))
        return NULL;
    }

  return g_steal_pointer (&items);
}

void
usher_handover_on_offer (UsherHandover *self,
                         UsherHandoverMessage *message)
{
  g_autofree const char **offered = usher_handover_message_get_names (message);
  g_autoptr (GError) error = NULL;
  GVariantDict fields;

  g_free (self->predecessor_version);
  self->predecessor_version = g_strdup (usher_handover_message_get_string (message, "version"));
  self->items = choose_items (self, offered, &error);
  if (self->items == NULL)
    {
      usher_handover_fail (self, error);
      return;
    }

  g_variant_dict_init (&fields, NULL);
  g_variant_dict_insert_value (&fields, "names", usher_handover_name_items (self->items));
  g_ptr_array_add (self->items, usher_handover_item_new (USHER_HANDOVER_CONTROL, NULL, &self->control));
  self->n_passed = 0;
  usher_handover_say (self, USHER_HANDOVER_WANT, g_variant_dict_end (&fields), USHER_HANDOVER_STEP_RECEIVING);
}

/* Receiving. */

static gboolean
check_received (const UsherHandoverItem *item,
                UsherHandoverMessage *message,
                GError **error)
{
  if (!g_str_equal (usher_handover_message_get_string (message, "name"), item->name))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the other process has passed “%s”, and not “%s”",
                   usher_handover_message_get_string (message, "name"), item->name);
      return FALSE;
    }
  if (item->listen_socket != NULL)
    return usher_inherited_socket_check_fd (message->fd, TRUE, error);
  if (usher_inherited_socket_listens (message->fd))
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "the control socket that was passed does not listen");
  return FALSE;
}

static gboolean
receive_item (UsherHandoverItem *item,
              UsherHandoverMessage *message,
              GError **error)
{
  guint64 device = 0, inode = 0;

  if (!check_received (item, message, error))
    return FALSE;

  item->fd = g_steal_fd (&message->fd);
  g_variant_lookup (message->fields, "is-owned", "b", &item->is_owned);
  g_variant_lookup (message->fields, "device", "t", &device);
  g_variant_lookup (message->fields, "inode", "t", &inode);
  item->file = (UsherUnixFile){ device, inode };
  return TRUE;
}

static void
suspend_pools (UsherHandover *self)
{
  for (guint i = 0; i < self->pools->len; i++)
    if (!usher_acceptor_pool_is_suspended (self->pools->pdata[i]))
      {
        usher_acceptor_pool_suspend (self->pools->pdata[i]);
        g_ptr_array_add (self->suspended, g_object_ref (self->pools->pdata[i]));
      }
}

static void
finish_taking (UsherHandover *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  g_autofree char *address = g_strconcat ("unix:", self->path, NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < self->items->len; i++)
    {
      UsherHandoverItem *item = self->items->pdata[i];

      usher_kernel_socket_give (item->kernel_socket, g_steal_fd (&item->fd));
    }
  if (!usher_kernel_socket_open (&self->control, address, SOMAXCONN, &error))
    {
      self->task = g_steal_pointer (&task);
      usher_handover_fail (self, error);
      return;
    }

  suspend_pools (self);
  usher_handover_set_step (self, USHER_HANDOVER_STEP_TAKEN);
  g_task_return_boolean (task, TRUE);
}

void
usher_handover_on_socket (UsherHandover *self,
                          UsherHandoverMessage *message)
{
  UsherHandoverItem *item = self->items->pdata[self->n_passed];
  g_autoptr (GError) error = NULL;
  GVariantDict fields;

  if (!receive_item (item, message, &error))
    {
      usher_handover_fail (self, error);
      return;
    }

  g_variant_dict_init (&fields, NULL);
  g_variant_dict_insert (&fields, "name", "s", item->name);
  usher_handover_say (self, USHER_HANDOVER_GOT, g_variant_dict_end (&fields), USHER_HANDOVER_STEP_RECEIVING);
  if (self->step == USHER_HANDOVER_STEP_RECEIVING && ++self->n_passed == self->items->len)
    finish_taking (self);
}

/* Confirming. */

/**
 * usher_handover_ready_async:
 * @self: a hand-over that has taken what there was
 * @callback: (scope async): called when this process serves
 * @user_data: given to @callback
 *
 * Says that the program has started. The other process, if there is one, then stops accepting and
 * drains; the listen sockets and the paths are this one's, whose pools begin to accept. From now on it
 * hands over to its own successor.
 *
 * Since: 0.1
 */
void
usher_handover_ready_async (UsherHandover *self,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (USHER_IS_HANDOVER (self));

  task = g_task_new (self, NULL, callback, user_data);
  g_task_set_source_tag (task, usher_handover_ready_async);
  if (self->failure != NULL)
    g_task_return_error (task, g_steal_pointer (&self->failure));
  else if (self->step != USHER_HANDOVER_STEP_TAKEN)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_PENDING,
                             "The hand-over at %s has not taken anything; usher_handover_take_async () comes first",
                             self->path);
  else if (self->predecessor_pid == 0)
    {
      usher_handover_set_step (self, USHER_HANDOVER_STEP_SERVING);
      g_task_return_boolean (task, TRUE);
    }
  else
    {
      self->task = g_steal_pointer (&task);
      usher_handover_say (self, USHER_HANDOVER_READY, NULL, USHER_HANDOVER_STEP_CONFIRMING);
    }
}

/**
 * usher_handover_ready_finish:
 * @self: a hand-over
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends the call. If it fails the other process serves on, or has crashed, and this one should end. The
 * errors are those of [method@Usher.Handover.take_finish].
 *
 * Returns: whether this process is the one that serves
 *
 * Since: 0.1
 */
gboolean
usher_handover_ready_finish (UsherHandover *self,
                             GAsyncResult *result,
                             GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
resume_pools (UsherHandover *self)
{
  g_autoptr (GPtrArray) suspended = g_steal_pointer (&self->suspended);

  self->suspended = g_ptr_array_new_with_free_func (g_object_unref);
  for (guint i = 0; i < suspended->len; i++)
    usher_acceptor_pool_resume (suspended->pdata[i]);
}

static void
adopt (UsherHandoverItem *item)
{
  if (item->is_owned && item->kernel_socket->fd >= 0)
    usher_kernel_socket_adopt (item->kernel_socket, &item->file);
}

void
usher_handover_on_yours (UsherHandover *self,
                         UsherHandoverMessage *message)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);

  for (guint i = 0; i < self->items->len; i++)
    adopt (self->items->pdata[i]);
  /* So that the kernel names this process to whoever connects, and not the first one. */
  usher_kernel_socket_set_backlog (&self->control, SOMAXCONN);
  usher_handover_end_attempt (self);
  usher_handover_set_step (self, USHER_HANDOVER_STEP_SERVING);
  resume_pools (self);
  g_task_return_boolean (task, TRUE);
}
