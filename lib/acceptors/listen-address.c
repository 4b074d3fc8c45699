/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/listen-address-private.h"

#include <gio/gunixsocketaddress.h>
#include <net/if.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#include "usher/error.h"

#define TCP_SCHEME "tcp://"
#define UNIX_SCHEME "unix:"
#define ABSTRACT_SCHEME "unix-abstract:"

#define LETTERS G_CSET_A_2_Z G_CSET_a_2_z
#define DIGITS "0123456789"

/* What the kernel keeps, less the zero that ends a path, or begins an abstract name. */
#define MAX_UNIX_PATH (sizeof ((struct sockaddr_un *) NULL)->sun_path - 1)

static gboolean G_GNUC_PRINTF (2, 3)
    refuse (GError **error,
            const char *format,
            ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (USHER_ERROR, USHER_ERROR_INVALID_ADDRESS, format, args);
  va_end (args);

  return FALSE;
}

/* Splits `[host]:port` or `host:port` at its last colon. */
static gboolean
split_port (const char *text,
            char **host,
            const char **port,
            GError **error)
{
  gboolean is_bracketed = text[0] == '[';
  const char *end = strrchr (text, is_bracketed ? ']' : ':');

  if (is_bracketed && end == NULL)
    return refuse (error, "the bracket is not closed; write tcp://[::1]:7000");
  if (is_bracketed)
    end++;
  if (end == NULL || end[0] == '\0')
    return refuse (error, "the port is missing; write tcp://%s:7000, or port 0 to let the kernel choose",
                   text[0] != '\0' ? text : "127.0.0.1");
  if (end[0] != ':')
    return refuse (error, "after the bracket there has to be a colon and the port, as in tcp://[::1]:7000");

  *host = g_strndup (text, end - text);
  *port = end + 1;
  return TRUE;
}

static gboolean
parse_port (const char *text,
            guint16 *port,
            GError **error)
{
  guint64 value;

  if (text[0] == '\0')
    return refuse (error, "the port is missing after the last colon; write a number from 0 to 65535, 0 lets the kernel choose");
  if (!g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT16, &value, NULL))
    return refuse (error, "the port “%s” is not a number from 0 to 65535; write for instance 7000, or 0 to let the kernel choose", text);

  *port = value;
  return TRUE;
}

static gboolean
parse_scope (const char *text,
             guint32 *scope_id,
             GError **error)
{
  guint64 value;

  if (g_ascii_string_to_unsigned (text, 10, 1, G_MAXUINT32, &value, NULL))
    {
      *scope_id = value;
      return TRUE;
    }

  *scope_id = if_nametoindex (text);
  if (*scope_id == 0)
    return refuse (error, "there is no network interface “%s”; after the %% write the name of one, as “ip link” prints it", text);

  return TRUE;
}

/* `text` is what stands between the brackets. */
static GInetAddress *
parse_ipv6 (const char *text,
            guint32 *scope_id,
            GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, "%", 2);
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (parts[0] != NULL ? parts[0] : "");

  if (address == NULL || g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6)
    {
      refuse (error, "“%s” in the brackets is not an IPv6 address; write tcp://[::1]:7000 or, for IPv4, tcp://127.0.0.1:7000", text);
      return NULL;
    }
  if (parts[1] != NULL && !parse_scope (parts[1], scope_id, error))
    return NULL;
  if (parts[1] == NULL && g_inet_address_get_is_link_local (address))
    {
      refuse (error, "a link-local address needs its interface; write tcp://[%s%%eth0]:7000", text);
      return NULL;
    }

  return g_steal_pointer (&address);
}

static gboolean
is_name (const char *host)
{
  return host[strspn (host, LETTERS DIGITS ".-_")] == '\0' && host[strcspn (host, LETTERS)] != '\0';
}

static GInetAddress *
parse_ipv4 (const char *text,
            GError **error)
{
  g_autoptr (GInetAddress) address = NULL;

  if (text[0] == '\0')
    {
      refuse (error, "the address is missing; write [::] for all addresses, or 127.0.0.1 for this machine only");
      return NULL;
    }
  if (strchr (text, ':') != NULL)
    {
      refuse (error, "an IPv6 address has to be in brackets; write tcp://[::1]:7000");
      return NULL;
    }

  if (is_name (text))
    {
      refuse (error, "“%s” is a name, which can stand for several addresses; write a numeric one, "
                     "or have usher_listen_sockets_new_for_address() look it up",
              text);
      return NULL;
    }

  address = g_inet_address_new_from_string (text);
  if (address == NULL)
    refuse (error, "“%s” is not a numeric address; write [::] for all addresses, or 127.0.0.1 for this machine only",
            text);

  return g_steal_pointer (&address);
}

/* `host` still has its brackets. */
static GInetAddress *
parse_host (char *host,
            guint32 *scope_id,
            GError **error)
{
  if (host[0] != '[')
    return parse_ipv4 (host, error);

  host[strlen (host) - 1] = '\0';
  return parse_ipv6 (host + 1, scope_id, error);
}

static GSocketAddress *
parse_tcp (const char *text,
           GError **error)
{
  g_autofree char *host = NULL;
  g_autoptr (GInetAddress) inet_address = NULL;
  const char *port_text;
  guint16 port = 0;
  guint32 scope_id = 0;

  if (!split_port (text, &host, &port_text, error))
    return NULL;

  /* To those who look names up, only the port can be wrong. */
  if (is_name (host) && !parse_port (port_text, &port, error))
    return NULL;

  inet_address = parse_host (host, &scope_id, error);
  if (inet_address == NULL || !parse_port (port_text, &port, error))
    return NULL;

  return g_object_new (G_TYPE_INET_SOCKET_ADDRESS,
                       "address", inet_address,
                       "port", (guint) port,
                       "scope-id", scope_id,
                       NULL);
}

static GSocketAddress *
parse_unix (const char *path,
            GError **error)
{
  gsize length = strlen (path);

  if (length == 0)
    {
      refuse (error, "the path is missing; write unix:/run/example.sock");
      return NULL;
    }
  if (path[length - 1] == '/')
    {
      refuse (error, "the path is that of a directory; write for instance unix:%sexample.sock", path);
      return NULL;
    }
  if (length > MAX_UNIX_PATH)
    {
      refuse (error, "the path is %" G_GSIZE_FORMAT " bytes long, and a Unix socket's may have at most %" G_GSIZE_FORMAT "; choose a shorter one",
              length, MAX_UNIX_PATH);
      return NULL;
    }

  return g_unix_socket_address_new (path);
}

static GSocketAddress *
parse_abstract (const char *name,
                GError **error)
{
  gsize length = strlen (name);

  if (length == 0)
    {
      refuse (error, "the name is missing; write for instance unix-abstract:example");
      return NULL;
    }
  if (length > MAX_UNIX_PATH)
    {
      refuse (error, "the name is %" G_GSIZE_FORMAT " bytes long, and an abstract Unix socket's may have at most %" G_GSIZE_FORMAT "; choose a shorter one",
              length, MAX_UNIX_PATH);
      return NULL;
    }

  return g_unix_socket_address_new_with_type (name, length, G_UNIX_SOCKET_ADDRESS_ABSTRACT);
}

static const struct
{
  const char *scheme;
  GSocketAddress *(*parse) (const char *rest,
                            GError **error);
} schemes[] = {
  { TCP_SCHEME, parse_tcp },
  { UNIX_SCHEME, parse_unix },
  { ABSTRACT_SCHEME, parse_abstract },
};

static GSocketAddress *
parse_scheme (const char *address,
              GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_str_has_prefix (address, schemes[i].scheme))
      return schemes[i].parse (address + strlen (schemes[i].scheme), error);

  if (address[0] == '/')
    refuse (error, "it does not say what it is; write unix:%s", address);
  else
    refuse (error, "it begins with neither tcp:// nor unix:; write tcp://ADDRESS:PORT, unix:PATH, unix-abstract:NAME, "
                   "fd:NUMBER or systemd:NAME");

  return NULL;
}

void
usher_listen_address_prefix_error (GError *error,
                                   const char *address)
{
  g_autofree char *message = g_strdup_printf ("Cannot listen on “%s”: %s", address, error->message);

  g_free (error->message);
  error->message = g_utf8_make_valid (message, -1);
}

GSocketAddress *
usher_listen_address_parse (const char *address,
                            GError **error)
{
  g_autoptr (GError) local_error = NULL;
  GSocketAddress *parsed = parse_scheme (address, &local_error);

  if (parsed != NULL)
    return parsed;

  usher_listen_address_prefix_error (local_error, address);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

gboolean
usher_listen_address_parse_name (const char *address,
                                 UsherListenName *name)
{
  g_autofree char *host = NULL;
  const char *port;

  if (!g_str_has_prefix (address, TCP_SCHEME) ||
      !split_port (address + strlen (TCP_SCHEME), &host, &port, NULL) ||
      !is_name (host) || !parse_port (port, &name->port, NULL))
    return FALSE;

  name->host = g_steal_pointer (&host);
  return TRUE;
}

void
usher_listen_name_clear (UsherListenName *name)
{
  g_clear_pointer (&name->host, g_free);
}

static char *
format_inet (GInetSocketAddress *address)
{
  GInetAddress *inet_address = g_inet_socket_address_get_address (address);
  g_autofree char *host = g_inet_address_to_string (inet_address);
  guint16 port = g_inet_socket_address_get_port (address);
  guint32 scope_id;

  if (g_inet_address_get_family (inet_address) == G_SOCKET_FAMILY_IPV4)
    return g_strdup_printf ("%s:%u", host, port);

  scope_id = g_inet_socket_address_get_scope_id (address);
  if (scope_id == 0)
    return g_strdup_printf ("[%s]:%u", host, port);

  return g_strdup_printf ("[%s%%%" G_GUINT32_FORMAT "]:%u", host, scope_id, port);
}

static char *
format_unix (GUnixSocketAddress *address)
{
  GUnixSocketAddressType type = g_unix_socket_address_get_address_type (address);
  gboolean is_abstract = type == G_UNIX_SOCKET_ADDRESS_ABSTRACT || type == G_UNIX_SOCKET_ADDRESS_ABSTRACT_PADDED;

  return g_strconcat (is_abstract ? ABSTRACT_SCHEME : UNIX_SCHEME, g_unix_socket_address_get_path (address), NULL);
}

char *
usher_listen_address_format (GSocketAddress *address)
{
  g_autofree char *inet = NULL;

  if (G_IS_UNIX_SOCKET_ADDRESS (address))
    return format_unix (G_UNIX_SOCKET_ADDRESS (address));

  inet = format_inet (G_INET_SOCKET_ADDRESS (address));
  return g_strconcat (TCP_SCHEME, inet, NULL);
}

char *
usher_listen_address_set_port (const char *address,
                               guint16 port)
{
  const char *colon = strrchr (address, ':');

  return g_strdup_printf ("%.*s:%u", (int) (colon - address), address, port);
}

/* Whether there is nothing that the text would lose. */
static gboolean
check_unix (GUnixSocketAddress *address,
            GError **error)
{
  switch (g_unix_socket_address_get_address_type (address))
    {
    case G_UNIX_SOCKET_ADDRESS_PATH:
      return TRUE;
    case G_UNIX_SOCKET_ADDRESS_ABSTRACT:
      return strlen (g_unix_socket_address_get_path (address)) == g_unix_socket_address_get_path_len (address) ||
             refuse (error, "there is a zero byte in the name; give a name without, or a GSocket that is bound to it");
    case G_UNIX_SOCKET_ADDRESS_ABSTRACT_PADDED:
      return refuse (error, "its name is padded with zero bytes; make it with G_UNIX_SOCKET_ADDRESS_ABSTRACT, "
                            "or give a GSocket that is bound to it");
    case G_UNIX_SOCKET_ADDRESS_ANONYMOUS:
    case G_UNIX_SOCKET_ADDRESS_INVALID:
    default:
      return refuse (error, "nobody could connect to a Unix socket without a name; give it a path");
    }
}

char *
usher_listen_address_from_socket_address (GSocketAddress *address,
                                          GError **error)
{
  g_autofree char *text = NULL;
  g_autoptr (GSocketAddress) parsed = NULL;

  if (!G_IS_UNIX_SOCKET_ADDRESS (address) && !G_IS_INET_SOCKET_ADDRESS (address))
    {
      refuse (error, "Cannot listen on a %s: give a GInetSocketAddress or a GUnixSocketAddress", G_OBJECT_TYPE_NAME (address));
      return NULL;
    }

  text = usher_listen_address_format (address);
  if (G_IS_UNIX_SOCKET_ADDRESS (address) && !check_unix (G_UNIX_SOCKET_ADDRESS (address), error))
    {
      if (error != NULL)
        usher_listen_address_prefix_error (*error, text);
      return NULL;
    }

  parsed = usher_listen_address_parse (text, error);
  return parsed != NULL ? g_steal_pointer (&text) : NULL;
}

GInetAddress *
usher_listen_address_unmap (GInetAddress *address)
{
  const guint8 *bytes = g_inet_address_to_bytes (address);
  struct in6_addr in6;

  if (g_inet_address_get_family (address) != G_SOCKET_FAMILY_IPV6)
    return g_object_ref (address);

  memcpy (&in6, bytes, sizeof in6);
  if (!IN6_IS_ADDR_V4MAPPED (&in6))
    return g_object_ref (address);

  return g_inet_address_new_from_bytes (bytes + 12, G_SOCKET_FAMILY_IPV4);
}

char *
usher_listen_address_format_peer (GSocketAddress *address)
{
  GInetSocketAddress *inet = G_INET_SOCKET_ADDRESS (address);
  GInetAddress *inet_address = g_inet_socket_address_get_address (inet);
  g_autoptr (GInetAddress) real = usher_listen_address_unmap (inet_address);
  g_autoptr (GSocketAddress) unmapped = NULL;

  if (real == inet_address)
    return format_inet (inet);

  unmapped = g_inet_socket_address_new (real, g_inet_socket_address_get_port (inet));
  return format_inet (G_INET_SOCKET_ADDRESS (unmapped));
}
