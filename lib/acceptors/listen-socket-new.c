/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include <errno.h>
#include <fcntl.h>

#include "acceptors/inherited-socket-private.h"
#include "acceptors/listen-address-private.h"

static gboolean
check_address (const char *address,
               GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GSocketAddress) parsed = NULL;

  if (!usher_inherited_socket_is_meant (address))
    return (parsed = usher_listen_address_parse (address, error)) != NULL;
  if (usher_inherited_socket_check (address, &local_error))
    return TRUE;

  usher_listen_address_prefix_error (local_error, address);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static UsherListenSocket *
make_unchecked (const char *address)
{
  return g_object_new (USHER_TYPE_LISTEN_SOCKET, "address", address, NULL);
}

/**
 * usher_listen_socket_new_for_address:
 * @address: the address to listen on
 * @error: return location for a #GError
 *
 * Makes a listen socket. Nothing is opened yet. Any thread may call this.
 *
 * The error is %USHER_ERROR_INVALID_ADDRESS; its message says what to write instead.
 *
 * Returns: (transfer full): the listen socket, or %NULL with @error set
 *
 * Since: 0.1
 */
UsherListenSocket *
usher_listen_socket_new_for_address (const char *address,
                                     GError **error)
{
  g_return_val_if_fail (address != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return check_address (address, error) ? make_unchecked (address) : NULL;
}

/**
 * usher_listen_socket_new_for_socket_address:
 * @address: a [class@Gio.InetSocketAddress] or [class@Gio.UnixSocketAddress]
 * @error: return location for a #GError
 *
 * Makes a listen socket. Nothing is opened yet. Any thread may call this.
 *
 * The error is %USHER_ERROR_INVALID_ADDRESS, if nobody could listen on @address, or it is of another
 * class; its message says what to give instead.
 *
 * Returns: (transfer full): the listen socket, or %NULL with @error set
 *
 * Since: 0.1
 */
UsherListenSocket *
usher_listen_socket_new_for_socket_address (GSocketAddress *address,
                                            GError **error)
{
  g_autofree char *text = NULL;

  g_return_val_if_fail (G_IS_SOCKET_ADDRESS (address), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  text = usher_listen_address_from_socket_address (address, error);
  return text != NULL ? make_unchecked (text) : NULL;
}

/* Returns -1 with the error set. */
static int
dup_fd (GSocket *socket,
        GError **error)
{
  int fd = fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 0);

  if (fd < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno),
                 "Cannot make a listen socket of a GSocket: %s; give one that is not closed", g_strerror (errno));

  return fd;
}

/**
 * usher_listen_socket_new_for_socket:
 * @socket: a socket that is bound
 * @error: return location for a #GError
 *
 * Makes a listen socket of one that the caller has made, for options of the kernel socket that are
 * no properties. It need not listen yet; it does when it is opened. Any thread may call this.
 *
 * The listen socket has a descriptor of its own. As long as the caller has the other, the kernel
 * socket listens even if the listen socket is closed: let go of @socket.
 *
 * The errors are %USHER_ERROR_INVALID_ARGUMENT if @socket is no stream socket for TCP or Unix, is
 * connected, or is not bound; and those of %G_IO_ERROR, if there is no descriptor left, say.
 *
 * Returns: (transfer full): the listen socket, or %NULL with @error set
 *
 * Since: 0.1
 */
UsherListenSocket *
usher_listen_socket_new_for_socket (GSocket *socket,
                                    GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;
  g_autofree char *text = NULL;
  UsherListenSocket *self;
  int fd;

  g_return_val_if_fail (G_IS_SOCKET (socket), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!usher_inherited_socket_check_fd (g_socket_get_fd (socket), FALSE, error))
    return NULL;
  address = g_socket_get_local_address (socket, error);
  if (address == NULL)
    return NULL;

  fd = dup_fd (socket, error);
  if (fd < 0)
    return NULL;

  text = usher_listen_address_format (address);
  self = make_unchecked (text);
  usher_kernel_socket_give (&self->kernel_socket, fd);
  return self;
}

/* Several at once. */

static GPtrArray *
make_array (void)
{
  return g_ptr_array_new_with_free_func (g_object_unref);
}

static GPtrArray *
make_one (const char *address)
{
  GPtrArray *sockets = make_array ();

  g_ptr_array_add (sockets, make_unchecked (address));
  return sockets;
}

/* From here on they are known by their descriptors. */
static GPtrArray *
make_inherited (const char *address,
                GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GArray) fds = usher_inherited_socket_find (address, &local_error);
  GPtrArray *sockets;

  if (fds == NULL)
    {
      usher_listen_address_prefix_error (local_error, address);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  if (fds->len == 1)
    return make_one (address);

  sockets = make_array ();
  for (guint i = 0; i < fds->len; i++)
    {
      g_autofree char *text = g_strdup_printf ("fd:%d", g_array_index (fds, int, i));

      g_ptr_array_add (sockets, make_unchecked (text));
    }

  return sockets;
}

static void
add_unless_known (GPtrArray *sockets,
                  const char *address)
{
  for (guint i = 0; i < sockets->len; i++)
    if (g_str_equal (usher_listen_socket_get_address (sockets->pdata[i]), address))
      return;

  g_ptr_array_add (sockets, make_unchecked (address));
}

static void
share_port (GPtrArray *sockets)
{
  g_autoptr (UsherSharedPort) port = usher_shared_port_new ();

  for (guint i = 0; i < sockets->len; i++)
    usher_kernel_socket_share_port (&USHER_LISTEN_SOCKET (sockets->pdata[i])->kernel_socket, port);
}

static GPtrArray *
make_resolved (GList *inet_addresses,
               guint16 port,
               GError **error)
{
  g_autoptr (GPtrArray) sockets = make_array ();

  for (GList *l = inet_addresses; l != NULL; l = l->next)
    {
      g_autoptr (GSocketAddress) address = g_inet_socket_address_new (l->data, port);
      g_autofree char *text = usher_listen_address_from_socket_address (address, error);

      if (text == NULL)
        return NULL;
      add_unless_known (sockets, text);
    }

  if (port == 0)
    share_port (sockets);
  return g_steal_pointer (&sockets);
}

static GPtrArray *
look_up (const char *address,
         const UsherListenName *name,
         GCancellable *cancellable,
         GError **error)
{
  g_autoptr (GResolver) resolver = g_resolver_get_default ();
  g_autoptr (GError) local_error = NULL;
  GList *inet_addresses = g_resolver_lookup_by_name (resolver, name->host, cancellable, &local_error);
  GPtrArray *sockets;

  if (inet_addresses == NULL)
    {
      usher_listen_address_prefix_error (local_error, address);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  sockets = make_resolved (inet_addresses, name->port, error);
  g_resolver_free_addresses (inet_addresses);
  return sockets;
}

/**
 * usher_listen_sockets_new_for_address:
 * @address: the address, or addresses, to listen on
 * @cancellable: (nullable): a #GCancellable, or %NULL
 * @error: return location for a #GError
 *
 * Makes as many listen sockets as @address stands for: one for each numeric address of a name, as in
 * `tcp://localhost:7000`; one for each socket that systemd has passed under the same name, as in
 * `systemd:example.socket`; and one for any other address. Nothing is opened yet.
 *
 * If the port is 0, all of them listen on the one that the kernel chooses for the first to be
 * opened, also when they are opened again.
 *
 * A name is looked up while the calling thread waits; to go on meanwhile, use
 * [func@Usher.listen_sockets_new_for_address_async]. Any thread may call this.
 *
 * The errors are %USHER_ERROR_INVALID_ADDRESS, whose message says what to write instead; those of
 * %G_RESOLVER_ERROR; %G_IO_ERROR_CANCELLED; and %G_IO_ERROR_NOT_FOUND if systemd has passed none.
 *
 * Returns: (transfer container) (element-type UsherListenSocket): the listen sockets, at least one,
 *   or %NULL with @error set
 *
 * Since: 0.1
 */
GPtrArray *
usher_listen_sockets_new_for_address (const char *address,
                                      GCancellable *cancellable,
                                      GError **error)
{
  g_auto (UsherListenName) name = { 0 };

  g_return_val_if_fail (address != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (usher_inherited_socket_is_meant (address))
    return make_inherited (address, error);
  if (usher_listen_address_parse_name (address, &name))
    return look_up (address, &name, cancellable, error);

  return check_address (address, error) ? make_one (address) : NULL;
}

static void
make_in_thread (GTask *task,
                gpointer source_object,
                gpointer address,
                GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *sockets = usher_listen_sockets_new_for_address (address, cancellable, &error);

  if (sockets != NULL)
    g_task_return_pointer (task, sockets, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/**
 * usher_listen_sockets_new_for_address_async:
 * @address: the address, or addresses, to listen on
 * @cancellable: (nullable): a #GCancellable, or %NULL
 * @callback: (scope async): called when they are made
 * @user_data: what to call it with
 *
 * Does what [func@Usher.listen_sockets_new_for_address] does without letting the calling thread wait.
 * Any thread may call this; @callback is called in its thread-default context.
 *
 * Since: 0.1
 */
void
usher_listen_sockets_new_for_address_async (const char *address,
                                            GCancellable *cancellable,
                                            GAsyncReadyCallback callback,
                                            gpointer user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (address != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, usher_listen_sockets_new_for_address_async);
  g_task_set_task_data (task, g_strdup (address), g_free);
  g_task_run_in_thread (task, make_in_thread);
}

/**
 * usher_listen_sockets_new_for_address_finish:
 * @result: what the callback was called with
 * @error: return location for a #GError
 *
 * Gets what [func@Usher.listen_sockets_new_for_address_async] has made. The errors are those of
 * [func@Usher.listen_sockets_new_for_address].
 *
 * Returns: (transfer container) (element-type UsherListenSocket): the listen sockets, at least one,
 *   or %NULL with @error set
 *
 * Since: 0.1
 */
GPtrArray *
usher_listen_sockets_new_for_address_finish (GAsyncResult *result,
                                             GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
