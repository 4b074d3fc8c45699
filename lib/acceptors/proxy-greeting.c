/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/proxy-greeting-private.h"

#include <errno.h>
#include <sys/epoll.h>

#include "acceptors/proxied-private.h"
#include "acceptors/proxy-header-private.h"
#include "runtime/clock-private.h"

struct _UsherProxyGreeting
{
  gatomicrefcount ref_count;
  UsherReactor *reactor;       /* (owned) */
  UsherConnection *connection; /* (owned) */
  UsherProxyPolicy *policy;    /* (owned) */
  UsherProxyGreetingFunc func;
  gpointer user_data;
  UsherWatch watch;
  UsherTimer timer;
  gulong exit_id;
  UsherMessage exit_message;
  gboolean is_over;
};

UsherProxyGreeting *
usher_proxy_greeting_new (UsherReactor *reactor,
                          UsherConnection *connection,
                          UsherProxyPolicy *policy)
{
  UsherProxyGreeting *self = g_new0 (UsherProxyGreeting, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->reactor = usher_reactor_ref (reactor);
  self->connection = g_object_ref (connection);
  self->policy = usher_proxy_policy_ref (policy);

  return self;
}

static UsherProxyGreeting *
greeting_ref (UsherProxyGreeting *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* Any thread. */
static void
greeting_unref (gpointer data)
{
  UsherProxyGreeting *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  usher_proxy_policy_unref (self->policy);
  g_object_unref (self->connection);
  usher_reactor_unref (self->reactor);
  g_free (self);
}

/* The handler of the cancellable may be running further up the stack, so that
 * g_cancellable_disconnect() would wait for itself; and it has a reference. */
static void
greeting_stop (UsherProxyGreeting *self)
{
  self->is_over = TRUE;
  usher_watch_remove (&self->watch);
  usher_timer_stop (&self->timer);
  if (self->exit_id != 0)
    g_clear_signal_handler (&self->exit_id, usher_connection_get_exit_cancellable (self->connection));
}

void
usher_proxy_greeting_free (UsherProxyGreeting *self)
{
  greeting_stop (self);
  greeting_unref (self);
}

/* Endings. Nothing may be touched after any of them. */

static void
greeting_succeed (UsherProxyGreeting *self)
{
  greeting_stop (self);
  self->func (self->user_data, NULL);
}

static void G_GNUC_PRINTF (3, 4)
    greeting_fail (UsherProxyGreeting *self,
                   GIOErrorEnum code,
                   const char *format,
                   ...)
{
  g_autofree char *peer = usher_connection_dup_transport_peer_name (self->connection);
  g_autoptr (GError) error = NULL;
  va_list args;

  va_start (args, format);
  error = g_error_new_valist (G_IO_ERROR, code, format, args);
  va_end (args);
  g_prefix_error (&error, "The connection from %s was not served: ", peer);

  greeting_stop (self);
  self->func (self->user_data, error);
}

static void
greeting_go_without (UsherProxyGreeting *self,
                     GIOErrorEnum code,
                     const char *problem)
{
  if (usher_proxy_policy_is_required (self->policy))
    greeting_fail (self, code, "%s", problem);
  else
    greeting_succeed (self);
}

static void
greeting_take (UsherProxyGreeting *self,
               guint8 *bytes,
               const UsherProxyHeader *header)
{
  gssize n = TEMP_FAILURE_RETRY (recv (usher_connection_get_fd (self->connection), bytes, header->length, MSG_DONTWAIT));

  if (n != (gssize) header->length)
    {
      greeting_fail (self, G_IO_ERROR_FAILED, "the kernel does not give what it has shown of the PROXY header");
      return;
    }

  usher_connection_set_proxied (self->connection, header);
  greeting_succeed (self);
}

/* Looking at what has come. */

/* `bytes` are those that were parsed. */
static void
greeting_judge (UsherProxyGreeting *self,
                UsherProxyHeaderResult result,
                guint8 *bytes,
                const UsherProxyHeader *header)
{
  switch (result)
    {
    case USHER_PROXY_HEADER_COMPLETE:
      greeting_take (self, bytes, header);
      break;
    case USHER_PROXY_HEADER_BAD:
      greeting_fail (self, G_IO_ERROR_INVALID_DATA, "its PROXY header is broken: %s", header->problem);
      break;
    case USHER_PROXY_HEADER_NONE:
      greeting_go_without (self, G_IO_ERROR_INVALID_DATA,
                           "it does not begin with a PROXY header; have the proxy send one, or make “proxy-protocol” optional");
      break;
    case USHER_PROXY_HEADER_INCOMPLETE:
    default:
      greeting_go_without (self, G_IO_ERROR_CONNECTION_CLOSED, "it ended before its PROXY header was complete");
    }
}

/* The header is left in the kernel until it is all there: what is none is for the acceptor. */
static void
greeting_look (UsherProxyGreeting *self,
               gboolean is_at_end)
{
  guint8 bytes[USHER_PROXY_HEADER_MAX];
  UsherProxyHeader header;
  UsherProxyHeaderResult result;
  gssize n = TEMP_FAILURE_RETRY (recv (usher_connection_get_fd (self->connection), bytes, sizeof bytes,
                                       MSG_PEEK | MSG_DONTWAIT));

  if (n < 0 && errno == EAGAIN)
    return;
  if (n < 0)
    {
      greeting_fail (self, g_io_error_from_errno (errno), "its PROXY header cannot be read: %s", g_strerror (errno));
      return;
    }

  result = usher_proxy_header_parse (bytes, n, &header);
  if (result != USHER_PROXY_HEADER_INCOMPLETE || is_at_end || n == 0)
    greeting_judge (self, result, bytes, &header);
}

static void
on_received (UsherWatch *watch,
             guint32 events)
{
  UsherProxyGreeting *self = USHER_OWNER (UsherProxyGreeting, watch, watch);

  greeting_look (self, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0);
}

static void
on_time_over (UsherTimer *timer)
{
  UsherProxyGreeting *self = USHER_OWNER (UsherProxyGreeting, timer, timer);

  greeting_go_without (self, G_IO_ERROR_TIMED_OUT, "it did not send its PROXY header in time");
}

static void
on_exit_message (UsherMessage *message)
{
  UsherProxyGreeting *self = USHER_OWNER (UsherProxyGreeting, exit_message, message);

  if (!self->is_over)
    greeting_fail (self, G_IO_ERROR_CANCELLED, "its acceptor was asked to exit");
  greeting_unref (self);
}

/* Called in any thread, once. */
static void
on_exit_wanted (GCancellable *cancellable,
                gpointer user_data)
{
  UsherProxyGreeting *self = user_data;

  greeting_ref (self);
  usher_reactor_post (self->reactor, &self->exit_message, on_exit_message);
}

/* What is peeked at stays readable, so only what is new is worth an event. The first one tells what
 * is there already. */
static void
greeting_wait (UsherProxyGreeting *self)
{
  gint64 timeout_usec = usher_proxy_policy_get_timeout_msec (self->policy) * (gint64) G_TIME_SPAN_MILLISECOND;
  GCancellable *exit = usher_connection_get_exit_cancellable (self->connection);
  g_autoptr (GError) error = NULL;

  if (!usher_watch_add (&self->watch, self->reactor, usher_connection_get_fd (self->connection),
                        EPOLLIN | EPOLLRDHUP | EPOLLET, on_received, &error))
    {
      greeting_fail (self, error->code, "%s", error->message);
      return;
    }

  usher_timer_start (&self->timer, self->reactor, usher_clock_now_usec () + timeout_usec, on_time_over);
  self->exit_id = g_cancellable_connect (exit, G_CALLBACK (on_exit_wanted), greeting_ref (self), greeting_unref);
}

void
usher_proxy_greeting_begin (UsherProxyGreeting *self,
                            UsherProxyGreetingFunc func,
                            gpointer user_data)
{
  g_autoptr (GSocketAddress) peer = usher_connection_dup_transport_peer_address (self->connection);

  self->func = func;
  self->user_data = user_data;
  if (usher_proxy_policy_trusts (self->policy, peer))
    greeting_wait (self);
  else
    greeting_go_without (self, G_IO_ERROR_PERMISSION_DENIED,
                         "it is not trusted to send the PROXY header that is required; "
                         "if it is a proxy, add its network to “proxy-trusted”");
}
