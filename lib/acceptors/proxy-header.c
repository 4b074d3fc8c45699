/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/proxy-header-private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

static UsherProxyHeaderResult
bad (UsherProxyHeader *header,
     const char *problem)
{
  header->problem = problem;
  return USHER_PROXY_HEADER_BAD;
}

static UsherProxyHeaderResult
complete (UsherProxyHeader *header,
          gsize length)
{
  header->length = length;
  return USHER_PROXY_HEADER_COMPLETE;
}

static guint
get_u16 (const guint8 *bytes)
{
  return bytes[0] << 8 | bytes[1];
}

/* Version 1: a line of text. */

#define V1_SIGNATURE "PROXY "
#define V1_MAX 107

static gboolean
parse_port (const char *text,
            in_port_t *port)
{
  guint64 value;

  if ((text[0] == '0' && text[1] != '\0') || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT16, &value, NULL))
    return FALSE;

  *port = htons (value);
  return TRUE;
}

static gboolean
parse_endpoint (int family,
                const char *host,
                const char *port,
                struct sockaddr_storage *address)
{
  struct sockaddr_in *ipv4 = (struct sockaddr_in *) address;
  struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *) address;

  address->ss_family = family;
  if (family == AF_INET)
    return inet_pton (AF_INET, host, &ipv4->sin_addr) == 1 && parse_port (port, &ipv4->sin_port);

  return inet_pton (AF_INET6, host, &ipv6->sin6_addr) == 1 && parse_port (port, &ipv6->sin6_port);
}

/* Without the end of the line. */
static UsherProxyHeaderResult
parse_v1_line (const char *line,
               gsize length,
               UsherProxyHeader *header)
{
  g_auto (GStrv) words = g_strsplit (line, " ", -1);
  gboolean is_ipv4 = g_str_equal (words[1], "TCP4");
  int family = is_ipv4 ? AF_INET : AF_INET6;

  if (g_str_equal (words[1], "UNKNOWN"))
    return complete (header, length);
  if (!is_ipv4 && !g_str_equal (words[1], "TCP6"))
    return bad (header, "it is of version 1, and neither for TCP4 nor TCP6 nor UNKNOWN");
  if (g_strv_length (words) != 6)
    return bad (header, "it is of version 1, and does not have two addresses and two ports");
  if (!parse_endpoint (family, words[2], words[4], &header->source) ||
      !parse_endpoint (family, words[3], words[5], &header->destination))
    return bad (header, "it is of version 1, and an address or a port is malformed");

  header->has_addresses = TRUE;
  return complete (header, length);
}

static UsherProxyHeaderResult
parse_v1 (const guint8 *bytes,
          gsize length,
          UsherProxyHeader *header)
{
  const guint8 *end = memchr (bytes, '\n', MIN (length, V1_MAX));
  char line[V1_MAX];
  gsize line_length;

  if (end == NULL && length < V1_MAX)
    return USHER_PROXY_HEADER_INCOMPLETE;
  if (end == NULL)
    return bad (header, "it is of version 1, and its line is longer than 107 bytes");

  line_length = end - bytes;
  memcpy (line, bytes, line_length);
  if (line[line_length - 1] != '\r')
    return bad (header, "it is of version 1, and its line does not end with CR and LF");

  line[line_length - 1] = '\0';
  if (strlen (line) != line_length - 1)
    return bad (header, "it is of version 1, and there is a zero byte in it");

  return parse_v1_line (line, line_length + 1, header);
}

/* Version 2: binary. */

#define V2_SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V2_SIGNATURE_LENGTH 12
#define V2_FIXED_LENGTH 16

#define V2_LOCAL 0
#define V2_PROXY 1

#define TLV_HEAD_LENGTH 3
#define TLV_CRC32C 0x03
#define CRC_LENGTH 4

typedef struct
{
  int family;
  guint host_length;
  gsize host_offset; /* in the socket address */
  gsize port_offset; /* 0 if it has none */
} V2Family;

static const V2Family v2_families[] = {
  [1] = { AF_INET, 4, offsetof (struct sockaddr_in, sin_addr), offsetof (struct sockaddr_in, sin_port) },
  [2] = { AF_INET6, 16, offsetof (struct sockaddr_in6, sin6_addr), offsetof (struct sockaddr_in6, sin6_port) },
  [3] = { AF_UNIX, 108, offsetof (struct sockaddr_un, sun_path), 0 },
};

/* Castagnoli's, bit by bit: a header is short. The checksum itself counts as zeros. */
static guint32
compute_crc (const guint8 *bytes,
             gsize length,
             const guint8 *checksum)
{
  guint32 crc = G_MAXUINT32;

  for (const guint8 *p = bytes; p < bytes + length; p++)
    {
      crc ^= p >= checksum && p < checksum + CRC_LENGTH ? 0 : *p;
      for (guint bit = 0; bit < 8; bit++)
        crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
    }

  return ~crc;
}

static gboolean
is_crc_right (const guint8 *bytes,
              gsize length,
              const guint8 *checksum)
{
  guint32 said = (guint32) get_u16 (checksum) << 16 | get_u16 (checksum + 2);

  return compute_crc (bytes, length, checksum) == said;
}

/* Returns what is wrong, or NULL. */
static const char *
check_tlvs (const guint8 *bytes,
            const UsherProxyHeader *header)
{
  const guint8 *p = header->tlvs;
  const guint8 *end = bytes + header->length;

  while (p < end)
    {
      gsize rest = end - p;
      gsize length = rest >= TLV_HEAD_LENGTH ? get_u16 (p + 1) : 0;

      if (rest < TLV_HEAD_LENGTH + length)
        return "it is of version 2, and its extensions are cut off";
      if (p[0] == TLV_CRC32C &&
          (length != CRC_LENGTH || !is_crc_right (bytes, header->length, p + TLV_HEAD_LENGTH)))
        return "it is of version 2, and its checksum is wrong";

      p += TLV_HEAD_LENGTH + length;
    }

  return NULL;
}

static void
read_v2_addresses (const V2Family *row,
                   const guint8 *p,
                   UsherProxyHeader *header)
{
  struct sockaddr_storage *addresses[] = { &header->source, &header->destination };

  for (guint i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      char *native = (char *) addresses[i];
      const guint8 *ports = p + 2 * row->host_length;

      addresses[i]->ss_family = row->family;
      memcpy (native + row->host_offset, p + i * row->host_length, row->host_length);
      if (row->port_offset != 0)
        memcpy (native + row->port_offset, ports + 2 * i, 2);
    }

  header->has_addresses = TRUE;
}

/* `length` is that of the whole header. */
static UsherProxyHeaderResult
parse_v2_proxied (const guint8 *bytes,
                  gsize length,
                  UsherProxyHeader *header)
{
  guint family = bytes[13] >> 4;
  guint transport = bytes[13] & 0xf;
  const V2Family *row = family < G_N_ELEMENTS (v2_families) ? &v2_families[family] : NULL;
  gsize addresses_length;

  if (row == NULL || transport > 2)
    return bad (header, "it is of version 2, and for an unknown family or transport");

  addresses_length = 2 * row->host_length + (row->port_offset != 0 ? 4 : 0);
  if (V2_FIXED_LENGTH + addresses_length > length)
    return bad (header, "it is of version 2, and too short for its addresses");

  /* Those of datagrams cannot be meant. */
  if (family != 0 && transport == 1)
    read_v2_addresses (row, bytes + V2_FIXED_LENGTH, header);

  header->length = length;
  header->tlvs = bytes + V2_FIXED_LENGTH + addresses_length;
  header->tlvs_length = length - V2_FIXED_LENGTH - addresses_length;
  header->problem = check_tlvs (bytes, header);
  return header->problem == NULL ? USHER_PROXY_HEADER_COMPLETE : USHER_PROXY_HEADER_BAD;
}

static UsherProxyHeaderResult
parse_v2 (const guint8 *bytes,
          gsize length,
          UsherProxyHeader *header)
{
  guint version, command;
  gsize total;

  if (length < V2_FIXED_LENGTH)
    return USHER_PROXY_HEADER_INCOMPLETE;

  version = bytes[12] >> 4;
  command = bytes[12] & 0xf;
  total = V2_FIXED_LENGTH + get_u16 (bytes + 14);
  if (version != 2 || command > V2_PROXY)
    return bad (header, "its version or its command is unknown");
  if (total > USHER_PROXY_HEADER_MAX)
    return bad (header, "it is of version 2, and longer than 4096 bytes");
  if (length < total)
    return USHER_PROXY_HEADER_INCOMPLETE;

  return command == V2_LOCAL ? complete (header, total) : parse_v2_proxied (bytes, total, header);
}

/* Both. */

static gboolean
begins_with (const guint8 *bytes,
             gsize length,
             const char *signature,
             gsize signature_length)
{
  return memcmp (bytes, signature, MIN (length, signature_length)) == 0;
}

UsherProxyHeaderResult
usher_proxy_header_parse (const guint8 *bytes,
                          gsize length,
                          UsherProxyHeader *header)
{
  *header = (UsherProxyHeader){ 0 };

  if (begins_with (bytes, length, V2_SIGNATURE, V2_SIGNATURE_LENGTH))
    return parse_v2 (bytes, length, header);
  if (!begins_with (bytes, length, V1_SIGNATURE, strlen (V1_SIGNATURE)))
    return USHER_PROXY_HEADER_NONE;

  return length < strlen (V1_SIGNATURE) ? USHER_PROXY_HEADER_INCOMPLETE : parse_v1 (bytes, length, header);
}

const guint8 *
usher_proxy_header_find_tlv (const guint8 *tlvs,
                             gsize tlvs_length,
                             guint8 type,
                             gsize *value_length)
{
  const guint8 *end = tlvs + tlvs_length;

  for (const guint8 *p = tlvs; p < end; p += TLV_HEAD_LENGTH + get_u16 (p + 1))
    if (p[0] == type)
      {
        *value_length = get_u16 (p + 1);
        return p + TLV_HEAD_LENGTH;
      }

  return NULL;
}
