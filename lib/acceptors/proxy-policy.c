/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/proxy-policy-private.h"

#include <string.h>

#include "acceptors/listen-address-private.h"
#include "usher/error.h"

struct _UsherProxyPolicy
{
  gatomicrefcount ref_count;
  gboolean is_required;
  guint timeout_msec;
  GPtrArray *trusted; /* (owned) (element-type GInetAddressMask) */
};

/* GLib takes a longer length of an IPv6 address for a bug of its caller. */
static GInetAddressMask *
parse_network (const char *text,
               GError **error)
{
  const char *slash = strchr (text, '/');

  if (slash != NULL && !g_ascii_string_to_unsigned (slash + 1, 10, 0, 128, NULL, error))
    return NULL;

  return g_inet_address_mask_new_from_string (text, error);
}

static gboolean
add_network (UsherProxyPolicy *self,
             const char *text,
             GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GInetAddressMask *mask = parse_network (text, &local_error);

  if (mask == NULL)
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "the property “proxy-trusted” has “%s”, which is no network: %s; write for instance 10.0.0.0/8 or 2001:db8::/32",
                   text, local_error->message);
      return FALSE;
    }

  g_ptr_array_add (self->trusted, mask);
  return TRUE;
}

UsherProxyPolicy *
usher_proxy_policy_new (UsherProxyProtocol protocol,
                        const char *const *trusted,
                        guint timeout_msec,
                        GError **error)
{
  g_autoptr (UsherProxyPolicy) self = g_new0 (UsherProxyPolicy, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->is_required = protocol == USHER_PROXY_PROTOCOL_REQUIRED;
  self->timeout_msec = timeout_msec;
  self->trusted = g_ptr_array_new_with_free_func (g_object_unref);
  for (gsize i = 0; trusted != NULL && trusted[i] != NULL; i++)
    if (!add_network (self, trusted[i], error))
      return NULL;

  return g_steal_pointer (&self);
}

UsherProxyPolicy *
usher_proxy_policy_ref (UsherProxyPolicy *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
usher_proxy_policy_unref (UsherProxyPolicy *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_ptr_array_unref (self->trusted);
  g_free (self);
}

gboolean
usher_proxy_policy_is_required (const UsherProxyPolicy *self)
{
  return self->is_required;
}

gboolean
usher_proxy_policy_trusts_anybody (const UsherProxyPolicy *self)
{
  return self->trusted->len > 0;
}

gboolean
usher_proxy_policy_trusts (const UsherProxyPolicy *self,
                           GSocketAddress *peer)
{
  g_autoptr (GInetAddress) address = NULL;

  if (!G_IS_INET_SOCKET_ADDRESS (peer))
    return TRUE;

  address = usher_listen_address_unmap (g_inet_socket_address_get_address (G_INET_SOCKET_ADDRESS (peer)));
  for (guint i = 0; i < self->trusted->len; i++)
    if (g_inet_address_mask_matches (self->trusted->pdata[i], address))
      return TRUE;

  return FALSE;
}

guint
usher_proxy_policy_get_timeout_msec (const UsherProxyPolicy *self)
{
  return self->timeout_msec;
}
