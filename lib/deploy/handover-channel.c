/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/handover-channel-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/clock-private.h"
#include "usher/error.h"

/* Both sides of a hand-over may be of different versions of Usher. What a message means does not change
 * within one of these; fields may be added to it. */
#define PROTOCOL 0x55486f01 /* "UHo", and a number */
#define FORMAT "(uua{sv})"

#define MAX_SIZE (64 * 1024)

static const char *const verbs[] = {
  [USHER_HANDOVER_HELLO] = "HELLO",
  [USHER_HANDOVER_OFFER] = "OFFER",
  [USHER_HANDOVER_WANT] = "WANT",
  [USHER_HANDOVER_SOCKET] = "SOCKET",
  [USHER_HANDOVER_GOT] = "GOT",
  [USHER_HANDOVER_READY] = "READY",
  [USHER_HANDOVER_YOURS] = "YOURS",
  [USHER_HANDOVER_REFUSED] = "REFUSED",
};

typedef union
{
  struct cmsghdr header;
  char bytes[CMSG_SPACE (sizeof (int))];
} Ancillary;

/* Messages. */

static void
message_clear (UsherHandoverMessage *self)
{
  g_clear_pointer (&self->fields, g_variant_unref);
  if (self->fd >= 0)
    g_close (self->fd, NULL);
  self->fd = -1;
}

const char *
usher_handover_message_get_string (const UsherHandoverMessage *self,
                                   const char *field)
{
  const char *text = "";

  g_variant_lookup (self->fields, field, "&s", &text);
  return text;
}

const char **
usher_handover_message_get_names (const UsherHandoverMessage *self)
{
  const char **names = NULL;

  g_variant_lookup (self->fields, "names", "^a&s", &names);
  return names != NULL ? names : g_new0 (const char *, 1);
}

gboolean
usher_handover_message_check (const UsherHandoverMessage *self,
                              guint expected,
                              GError **error)
{
  if (self->verb == USHER_HANDOVER_REFUSED)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY, "the other process refuses: %s",
                   usher_handover_message_get_string (self, "reason"));
      return FALSE;
    }
  if ((expected & (1u << self->verb)) != 0 && (self->fd >= 0) == (self->verb == USHER_HANDOVER_SOCKET))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               "the other process said %s%s, which was not its turn to say", verbs[self->verb],
               self->fd >= 0 ? " with a descriptor" : "");
  return FALSE;
}

static gboolean
message_parse (UsherHandoverMessage *self,
               GBytes *bytes,
               GError **error)
{
  g_autoptr (GVariant) packet = g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (FORMAT), bytes, FALSE));
  guint32 protocol, verb;

  g_variant_get (packet, "(uu@a{sv})", &protocol, &verb, &self->fields);
  if (g_variant_is_normal_form (packet) && protocol == PROTOCOL && verb > 0 && verb <= USHER_HANDOVER_LAST)
    {
      self->verb = verb;
      return TRUE;
    }

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                       "what the other process says is no message of this version of the hand-over protocol; "
                       "stop it, and start the new one then");
  return FALSE;
}

/* Receiving. */

static void
take_fd (struct msghdr *header,
         UsherHandoverMessage *message)
{
  struct cmsghdr *ancillary = CMSG_FIRSTHDR (header);

  if (ancillary != NULL && ancillary->cmsg_level == SOL_SOCKET && ancillary->cmsg_type == SCM_RIGHTS &&
      ancillary->cmsg_len == CMSG_LEN (sizeof (int)))
    memcpy (&message->fd, CMSG_DATA (ancillary), sizeof (int));
}

/* An end that was closed with something unread is told first, and only then what was said before. */
static gssize
receive_message (int fd,
                 struct msghdr *header)
{
  gssize n = recvmsg (fd, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

  return n < 0 && errno == ECONNRESET ? recvmsg (fd, header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) : n;
}

static gboolean
check_received (gssize n,
                int flags,
                GError **error)
{
  if (n == 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "the other process has ended the connection");
  else if (n < 0)
    g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot hear the other process: %s", g_strerror (errno));
  else if ((flags & MSG_TRUNC) != 0)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_MESSAGE_TOO_LARGE, "the other process said more than %d bytes at once", MAX_SIZE);
  else if ((flags & MSG_CTRUNC) != 0)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES,
                         "a descriptor that was passed is lost, as there is no room for it; raise the limit of this "
                         "process (RLIMIT_NOFILE)");
  else
    return TRUE;

  return FALSE;
}

static gboolean
receive (UsherHandoverChannel *self,
         UsherHandoverMessage *message,
         GError **error)
{
  g_autofree char *buffer = g_malloc (MAX_SIZE);
  struct iovec vector = { buffer, MAX_SIZE };
  Ancillary ancillary;
  struct msghdr header = {
    .msg_iov = &vector,
    .msg_iovlen = 1,
    .msg_control = &ancillary,
    /* No room for a second one, which nobody would close. */
    .msg_controllen = CMSG_LEN (sizeof (int)),
  };
  g_autoptr (GBytes) bytes = NULL;
  gssize n = receive_message (self->fd, &header);

  if (n >= 0)
    take_fd (&header, message);
  if (!check_received (n, header.msg_flags, error))
    return FALSE;

  bytes = g_bytes_new (buffer, n);
  return message_parse (message, bytes, error);
}

static void
on_readable (UsherWatch *watch,
             guint32 events)
{
  UsherHandoverChannel *self = USHER_OWNER (UsherHandoverChannel, watch, watch);
  UsherHandoverMessage message = { .fd = -1 };
  g_autoptr (GError) error = NULL;

  if (receive (self, &message, &error))
    {
      usher_timer_stop (&self->timer);
      self->func (self, &message, NULL);
    }
  else if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    self->func (self, NULL, error);

  message_clear (&message);
}

static void
on_time_out (UsherTimer *timer)
{
  UsherHandoverChannel *self = USHER_OWNER (UsherHandoverChannel, timer, timer);
  g_autoptr (GError) error = g_error_new_literal (USHER_ERROR, USHER_ERROR_TIMED_OUT,
                                                  "the other process did not answer in time");

  self->func (self, NULL, error);
}

/* Sending. */

gboolean
usher_handover_channel_send (UsherHandoverChannel *self,
                             UsherHandoverVerb verb,
                             GVariant *fields,
                             int fd,
                             GError **error)
{
  g_autoptr (GVariant) packet =
      g_variant_ref_sink (g_variant_new ("(uu@a{sv})", PROTOCOL, verb,
                                         fields != NULL ? fields : g_variant_new ("a{sv}", NULL)));
  struct iovec vector = { (void *) g_variant_get_data (packet), g_variant_get_size (packet) };
  Ancillary ancillary = { .header = {
                              .cmsg_len = CMSG_LEN (sizeof fd),
                              .cmsg_level = SOL_SOCKET,
                              .cmsg_type = SCM_RIGHTS,
                          } };
  struct msghdr header = { .msg_iov = &vector, .msg_iovlen = 1 };

  if (fd >= 0)
    {
      memcpy (CMSG_DATA (&ancillary.header), &fd, sizeof fd);
      header.msg_control = &ancillary;
      header.msg_controllen = sizeof ancillary;
    }
  if (sendmsg (self->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
    return TRUE;

  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "cannot say %s to the other process: %s", verbs[verb],
               g_strerror (errno));
  return FALSE;
}

void
usher_handover_channel_refuse (UsherHandoverChannel *self,
                               const char *reason)
{
  GVariantDict fields;

  g_variant_dict_init (&fields, NULL);
  g_variant_dict_insert (&fields, "reason", "s", reason);
  usher_handover_channel_send (self, USHER_HANDOVER_REFUSED, g_variant_dict_end (&fields), -1, NULL);
}

/* The connection. */

gboolean
usher_handover_channel_open (UsherHandoverChannel *self,
                             int fd,
                             UsherHandoverFunc func,
                             GError **error)
{
  self->fd = fd;
  self->func = func;
  self->reactor = usher_reactor_ref_for_caller ();
  if (usher_watch_add (&self->watch, self->reactor, fd, EPOLLIN, on_readable, error))
    return TRUE;

  usher_handover_channel_close (self);
  return FALSE;
}

void
usher_handover_channel_close (UsherHandoverChannel *self)
{
  if (!usher_handover_channel_is_open (self))
    return;

  usher_watch_remove (&self->watch);
  usher_timer_stop (&self->timer);
  g_close (self->fd, NULL);
  g_clear_pointer (&self->reactor, usher_reactor_unref);
}

gboolean
usher_handover_channel_is_open (const UsherHandoverChannel *self)
{
  return self->reactor != NULL;
}

void
usher_handover_channel_set_limit (UsherHandoverChannel *self,
                                  gint64 limit_msec)
{
  if (limit_msec < 0)
    usher_timer_stop (&self->timer);
  else
    usher_timer_start (&self->timer, self->reactor, usher_clock_now_usec () + limit_msec * G_TIME_SPAN_MILLISECOND,
                       on_time_out);
}

pid_t
usher_handover_channel_get_peer (UsherHandoverChannel *self)
{
  struct ucred credentials = { 0 };
  socklen_t length = sizeof credentials;

  if (getsockopt (self->fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0 ||
      (credentials.uid != geteuid () && credentials.uid != 0))
    return 0;

  return credentials.pid > 0 ? credentials.pid : -1;
}
