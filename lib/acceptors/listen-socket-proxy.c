/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-socket-private.h"

#include "acceptors/listen-address-private.h"
#include "usher/error.h"

G_DEFINE_ENUM_TYPE (UsherProxyProtocol, usher_proxy_protocol,
                    G_DEFINE_ENUM_VALUE (USHER_PROXY_PROTOCOL_OFF, "off"),
                    G_DEFINE_ENUM_VALUE (USHER_PROXY_PROTOCOL_OPTIONAL, "optional"),
                    G_DEFINE_ENUM_VALUE (USHER_PROXY_PROTOCOL_REQUIRED, "required"))

UsherProxyPolicy *
usher_listen_socket_get_proxy_policy (UsherListenSocket *self)
{
  return self->proxy_policy;
}

static gboolean
check_policy (UsherListenSocket *self,
              UsherProxyPolicy *policy,
              GError **error)
{
  if (usher_proxy_policy_trusts_anybody (policy) || !usher_kernel_socket_is_tcp (&self->kernel_socket))
    return TRUE;

  g_set_error_literal (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                       "“proxy-protocol” is not off, but nobody is trusted to send PROXY headers; set “proxy-trusted” to the "
                       "networks of the proxies, such as 10.0.0.0/8");
  return FALSE;
}

gboolean
usher_listen_socket_apply_proxy_policy (UsherListenSocket *self,
                                        GError **error)
{
  g_autoptr (UsherProxyPolicy) policy = NULL;
  g_autoptr (GError) local_error = NULL;

  g_clear_pointer (&self->proxy_policy, usher_proxy_policy_unref);
  if (self->proxy_protocol == USHER_PROXY_PROTOCOL_OFF)
    return TRUE;

  policy = usher_proxy_policy_new (self->proxy_protocol, (const char *const *) self->proxy_trusted,
                                   self->proxy_timeout_msec, &local_error);
  if (policy != NULL && check_policy (self, policy, &local_error))
    {
      self->proxy_policy = g_steal_pointer (&policy);
      return TRUE;
    }

  usher_listen_address_prefix_error (local_error, self->address);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

void
usher_listen_socket_clear_proxy (UsherListenSocket *self)
{
  g_clear_pointer (&self->proxy_policy, usher_proxy_policy_unref);
  g_clear_pointer (&self->proxy_trusted, g_strfreev);
}

/**
 * usher_listen_socket_set_proxy_protocol:
 * @self: a listen socket
 * @protocol: whether connections begin with a PROXY header
 *
 * Sets whether connections begin with a PROXY header. It has effect at the next open.
 *
 * Since: 0.1
 */
void
usher_listen_socket_set_proxy_protocol (UsherListenSocket *self,
                                        UsherProxyProtocol protocol)
{
  g_return_if_fail (USHER_IS_LISTEN_SOCKET (self));
  g_return_if_fail (protocol <= USHER_PROXY_PROTOCOL_REQUIRED);
  usher_return_if_elsewhere (self->life.reactor);

  if (self->proxy_protocol == protocol)
    return;

  self->proxy_protocol = protocol;
  usher_listen_socket_notify (self, USHER_LISTEN_PROP_PROXY_PROTOCOL);
}

/**
 * usher_listen_socket_get_proxy_protocol:
 * @self: a listen socket
 *
 * Gets whether connections begin with a PROXY header.
 *
 * Returns: whether they do
 *
 * Since: 0.1
 */
UsherProxyProtocol
usher_listen_socket_get_proxy_protocol (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), USHER_PROXY_PROTOCOL_OFF);

  return self->proxy_protocol;
}

static gboolean
is_equal (const char *const *one,
          const char *const *other)
{
  return one == other || (one != NULL && other != NULL && g_strv_equal (one, other));
}

/**
 * usher_listen_socket_set_proxy_trusted:
 * @self: a listen socket
 * @networks: (nullable) (array zero-terminated=1): the networks of the proxies, such as `10.0.0.0/8`
 *   and `2001:db8::/32`; an address without a length is just that one
 *
 * Sets whose PROXY headers are believed. It has effect at the next open, which says if one of them
 * cannot be understood.
 *
 * Since: 0.1
 */
void
usher_listen_socket_set_proxy_trusted (UsherListenSocket *self,
                                       const char *const *networks)
{
  g_return_if_fail (USHER_IS_LISTEN_SOCKET (self));
  usher_return_if_elsewhere (self->life.reactor);

  if (is_equal ((const char *const *) self->proxy_trusted, networks))
    return;

  g_strfreev (self->proxy_trusted);
  self->proxy_trusted = g_strdupv ((char **) networks);
  usher_listen_socket_notify (self, USHER_LISTEN_PROP_PROXY_TRUSTED);
}

/**
 * usher_listen_socket_get_proxy_trusted:
 * @self: a listen socket
 *
 * Gets whose PROXY headers are believed.
 *
 * Returns: (transfer none) (nullable) (array zero-terminated=1): the networks
 *
 * Since: 0.1
 */
const char *const *
usher_listen_socket_get_proxy_trusted (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), NULL);

  return (const char *const *) self->proxy_trusted;
}

/**
 * usher_listen_socket_set_proxy_timeout_msec:
 * @self: a listen socket
 * @timeout_msec: milliseconds, at least 1
 *
 * Sets how long a connection's PROXY header may take to come. It has effect at the next open.
 *
 * Since: 0.1
 */
void
usher_listen_socket_set_proxy_timeout_msec (UsherListenSocket *self,
                                            guint timeout_msec)
{
  g_return_if_fail (USHER_IS_LISTEN_SOCKET (self));
  g_return_if_fail (timeout_msec > 0 && timeout_msec <= G_MAXINT32);
  usher_return_if_elsewhere (self->life.reactor);

  if (self->proxy_timeout_msec == timeout_msec)
    return;

  self->proxy_timeout_msec = timeout_msec;
  usher_listen_socket_notify (self, USHER_LISTEN_PROP_PROXY_TIMEOUT_MSEC);
}

/**
 * usher_listen_socket_get_proxy_timeout_msec:
 * @self: a listen socket
 *
 * Gets how long a connection's PROXY header may take to come.
 *
 * Returns: milliseconds
 *
 * Since: 0.1
 */
guint
usher_listen_socket_get_proxy_timeout_msec (UsherListenSocket *self)
{
  g_return_val_if_fail (USHER_IS_LISTEN_SOCKET (self), 0);

  return self->proxy_timeout_msec;
}
