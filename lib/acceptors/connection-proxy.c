/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/connection-parts-private.h"

#include <gio/gunixsocketaddress.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

/* What the connection's header has said. */

/* The kernel's paths end where they are full, or with a zero; an abstract one begins with that. */
static GSocketAddress *
make_unix_address (const struct sockaddr_un *native)
{
  gsize length = strnlen (native->sun_path, sizeof native->sun_path);

  return g_unix_socket_address_new_with_type (native->sun_path, length,
                                              length > 0 ? G_UNIX_SOCKET_ADDRESS_PATH : G_UNIX_SOCKET_ADDRESS_ANONYMOUS);
}

static GSocketAddress *
make_address (const struct sockaddr_storage *native)
{
  if (native->ss_family == AF_UNIX)
    return make_unix_address ((const struct sockaddr_un *) native);

  return g_socket_address_new_from_native ((gpointer) native,
                                           native->ss_family == AF_INET ? sizeof (struct sockaddr_in) : sizeof (struct sockaddr_in6));
}

void
usher_connection_set_proxied (UsherConnection *self,
                              const UsherProxyHeader *header)
{
  UsherProxied *proxied = g_new0 (UsherProxied, 1);

  if (header->has_addresses)
    {
      proxied->peer = make_address (&header->source);
      proxied->local = make_address (&header->destination);
    }
  proxied->tlvs = g_bytes_new (header->tlvs, header->tlvs_length);
  self->proxied = proxied;
}

int
usher_connection_get_fd (UsherConnection *self)
{
  return usher_transport_get_fd (self->transport);
}

void
usher_proxied_free (UsherProxied *self)
{
  g_clear_object (&self->peer);
  g_clear_object (&self->local);
  g_bytes_unref (self->tlvs);
  g_free (self);
}

/**
 * usher_connection_is_proxied:
 * @self: a connection
 *
 * Gets whether the connection came with a PROXY header, see
 * [property@Usher.ListenSocket:proxy-protocol]. Any thread may call this.
 *
 * Returns: whether there was one
 *
 * Since: 0.1
 */
gboolean
usher_connection_is_proxied (UsherConnection *self)
{
  g_return_val_if_fail (USHER_IS_CONNECTION (self), FALSE);

  return self->proxied != NULL;
}

/**
 * usher_connection_lookup_proxy_value:
 * @self: a connection
 * @type: the type of the extension, a `PP2_TYPE_*` of the PROXY protocol
 *
 * Gets what the PROXY header of the connection says in an extension, such as `0x02`
 * (`PP2_TYPE_AUTHORITY`), the host that the client asked for. Of several of the same type this is the
 * first. A version 1 header has none. Any thread may call this.
 *
 * Returns: (transfer full) (nullable): the value; %NULL if the header does not have it, or there was
 *   no header
 *
 * Since: 0.1
 */
GBytes *
usher_connection_lookup_proxy_value (UsherConnection *self,
                                     guint8 type)
{
  const guint8 *tlvs, *value;
  gsize length, value_length;

  g_return_val_if_fail (USHER_IS_CONNECTION (self), NULL);

  if (self->proxied == NULL)
    return NULL;

  tlvs = g_bytes_get_data (self->proxied->tlvs, &length);
  value = usher_proxy_header_find_tlv (tlvs, length, type, &value_length);
  return value != NULL ? g_bytes_new_from_bytes (self->proxied->tlvs, value - tlvs, value_length) : NULL;
}
