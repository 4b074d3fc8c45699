/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/handover-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "acceptors/listen-socket-private.h"
#include "usher/error.h"

/* The older of the two processes. */

static void
refuse (int fd,
        const char *reason)
{
  UsherHandoverChannel channel = { .fd = fd };

  usher_handover_channel_refuse (&channel, reason);
  g_close (fd, NULL);
}

/* Somebody has connected. */
static void
greet (UsherHandover *self,
       int fd)
{
  if (self->step != USHER_HANDOVER_STEP_SERVING)
    {
      g_autofree char *reason = g_strdup_printf ("a hand-over to process %" G_GINT64_FORMAT " is under way",
                                                 self->successor_pid);

      refuse (fd, reason);
      return;
    }

  if (!usher_handover_channel_open (&self->channel, fd, usher_handover_on_message, NULL))
    return;

  self->successor_pid = usher_handover_channel_get_peer (&self->channel);
  g_clear_pointer (&self->successor_version, g_free);
  if (self->successor_pid == 0)
    {
      usher_handover_channel_refuse (&self->channel, "it is another user's");
      usher_handover_channel_close (&self->channel);
      return;
    }

  usher_handover_set_step (self, USHER_HANDOVER_STEP_GREETING);
}

static void
on_connected (UsherWatch *watch,
              guint32 events)
{
  UsherHandover *self = USHER_OWNER (UsherHandover, control_watch, watch);
  int fd = accept4 (self->control.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

  if (fd >= 0)
    greet (self, fd);
}

/* From now on they wait in its queue; they are answered when this process serves. */
gboolean
usher_handover_listen (UsherHandover *self,
                       GError **error)
{
  g_autofree char *address = g_strconcat ("unix:", self->path, NULL);

  return usher_kernel_socket_open (&self->control, address, SOMAXCONN, error);
}

void
usher_handover_poll_control (UsherHandover *self)
{
  g_autoptr (GError) error = NULL;

  if (!usher_watch_is_added (&self->control_watch) &&
      !usher_watch_add (&self->control_watch, self->reactor, self->control.fd, EPOLLIN, on_connected, &error))
    usher_handover_emit_failed (self, error);
}

void
usher_handover_on_hello (UsherHandover *self,
                         UsherHandoverMessage *message)
{
  GVariantDict fields;

  usher_handover_start_heard (self);
  self->successor_version = g_strdup (usher_handover_message_get_string (message, "version"));
  self->items = usher_handover_list_items (self);
  for (guint i = self->items->len; i-- > 0;)
    if (!usher_listen_socket_is_up (((UsherHandoverItem *) self->items->pdata[i])->listen_socket))
      g_ptr_array_remove_index (self->items, i);

  g_variant_dict_init (&fields, NULL);
  g_variant_dict_insert (&fields, "version", "s", self->version);
  g_variant_dict_insert_value (&fields, "names", usher_handover_name_items (self->items));
  usher_handover_say (self, USHER_HANDOVER_OFFER, g_variant_dict_end (&fields), USHER_HANDOVER_STEP_OFFERING);
}

/* Passing. */

static gboolean
check_the_same (const UsherHandoverItem *item,
                GError **error)
{
  if (usher_handover_item_is_the_same (item))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "“%s” was closed meanwhile", item->name);
  return FALSE;
}

static void
pass_next (UsherHandover *self)
{
  UsherHandoverItem *item = self->items->pdata[self->n_passed];
  UsherKernelSocket *kernel_socket = item->kernel_socket;
  g_autoptr (GError) error = NULL;
  GVariantDict fields;

  if (!check_the_same (item, &error))
    {
      usher_handover_fail (self, error);
      return;
    }

  g_variant_dict_init (&fields, NULL);
  g_variant_dict_insert (&fields, "name", "s", item->name);
  g_variant_dict_insert (&fields, "is-owned", "b", usher_kernel_socket_is_exclusive (kernel_socket));
  g_variant_dict_insert (&fields, "device", "t", (guint64) kernel_socket->path.file.device);
  g_variant_dict_insert (&fields, "inode", "t", (guint64) kernel_socket->path.file.inode);
  usher_handover_say (self, USHER_HANDOVER_SOCKET, g_variant_dict_end (&fields), USHER_HANDOVER_STEP_PASSING);
}

/* In the order in which they were offered, so that nobody asks for one twice. */
static gboolean
keep_wanted (UsherHandover *self,
             const char *const *wanted,
             GError **error)
{
  guint n_wanted = g_strv_length ((GStrv) wanted);

  for (guint i = self->items->len; i-- > 0;)
    if (!g_strv_contains (wanted, ((UsherHandoverItem *) self->items->pdata[i])->name))
      g_ptr_array_remove_index (self->items, i);
  if (self->items->len == n_wanted)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "it asks for sockets that were not offered");
  return FALSE;
}

void
usher_handover_on_want (UsherHandover *self,
                        UsherHandoverMessage *message)
{
  g_autofree const char **wanted = usher_handover_message_get_names (message);
  g_autoptr (GError) error = NULL;

  if (!keep_wanted (self, wanted, &error))
    {
      usher_handover_fail (self, error);
      return;
    }

  g_ptr_array_add (self->items, usher_handover_item_new (USHER_HANDOVER_CONTROL, NULL, &self->control));
  self->n_passed = 0;
  pass_next (self);
}

void
usher_handover_on_got (UsherHandover *self,
                       UsherHandoverMessage *message)
{
  const UsherHandoverItem *item = self->items->pdata[self->n_passed];
  g_autoptr (GError) error = NULL;

  if (!g_str_equal (usher_handover_message_get_string (message, "name"), item->name))
    {
      g_set_error (&error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "it did not acknowledge “%s”", item->name);
      usher_handover_fail (self, error);
    }
  else if (++self->n_passed < self->items->len)
    pass_next (self);
  else
    usher_handover_set_step (self, USHER_HANDOVER_STEP_WARMING);
}

/* The end of it. */

static gboolean
check_all_the_same (UsherHandover *self,
                    GError **error)
{
  for (guint i = 0; i < self->items->len; i++)
    if (!check_the_same (self->items->pdata[i], error))
      return FALSE;

  return TRUE;
}

static void
let_go (UsherHandover *self)
{
  for (guint i = 0; i < self->items->len; i++)
    usher_kernel_socket_disown (((UsherHandoverItem *) self->items->pdata[i])->kernel_socket);
  usher_watch_remove (&self->control_watch);
  usher_kernel_socket_close (&self->control);
}

/* Once it was told that all is its own there is no way back. */
void
usher_handover_on_ready (UsherHandover *self,
                         UsherHandoverMessage *message)
{
  g_autoptr (GError) error = NULL;

  if (!check_all_the_same (self, &error) ||
      !usher_handover_channel_send (&self->channel, USHER_HANDOVER_YOURS, NULL, -1, &error))
    {
      usher_handover_fail (self, error);
      return;
    }

  let_go (self);
  usher_handover_end_attempt (self);
  usher_handover_set_step (self, USHER_HANDOVER_STEP_SUPERSEDED);
  usher_handover_start_succeeded (self);
  usher_handover_emit_superseded (self);
}
