/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/peer-counts-private.h"

#include <netinet/in.h>

/* Whoever has one IPv6 address has the whole subnet. */
#define IPV6_SUBNET_BYTES 8

static guint
key_hash (gconstpointer data)
{
  const UsherPeerKey *key = data;
  guint hash = key->family;

  for (guint i = 0; i < sizeof key->bytes; i++)
    hash = hash * 31 + key->bytes[i];
  return hash;
}

static gboolean
key_equal (gconstpointer a,
           gconstpointer b)
{
  const UsherPeerKey *key = a, *other = b;

  return key->family == other->family && memcmp (key->bytes, other->bytes, sizeof key->bytes) == 0;
}

void
usher_peer_counts_init (UsherPeerCounts *self)
{
  g_mutex_init (&self->lock);
  self->max_per_address = G_MAXUINT;
  self->max_per_user = G_MAXUINT;
}

void
usher_peer_counts_clear (UsherPeerCounts *self)
{
  g_clear_pointer (&self->counts, g_hash_table_unref);
  g_mutex_clear (&self->lock);
}

void
usher_peer_counts_set_limits (UsherPeerCounts *self,
                              guint max_per_address,
                              guint max_per_user)
{
  g_atomic_int_set (&self->max_per_address, max_per_address);
  g_atomic_int_set (&self->max_per_user, max_per_user);
}

static UsherPeerKey
key_from_ipv6 (const struct sockaddr_in6 *address)
{
  UsherPeerKey key = { .family = AF_INET6 };

  if (IN6_IS_ADDR_V4MAPPED (&address->sin6_addr))
    {
      key.family = AF_INET;
      memcpy (key.bytes, &address->sin6_addr.s6_addr[12], sizeof (struct in_addr));
    }
  else
    memcpy (key.bytes, &address->sin6_addr, IPV6_SUBNET_BYTES);

  return key;
}

static UsherPeerKey
key_from_user (int fd)
{
  UsherPeerKey key = { 0 };
  struct ucred credentials;
  socklen_t length = sizeof credentials;

  if (getsockopt (fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0)
    {
      key.family = AF_UNIX;
      memcpy (key.bytes, &credentials.uid, sizeof credentials.uid);
    }

  return key;
}

static UsherPeerKey
key_from_peer (const UsherPeer *peer,
               int fd)
{
  UsherPeerKey key = { 0 };

  if (peer->address.ss_family == AF_INET6)
    return key_from_ipv6 ((const struct sockaddr_in6 *) &peer->address);
  if (peer->address.ss_family == AF_UNIX)
    return key_from_user (fd);

  key.family = AF_INET;
  memcpy (key.bytes, &((const struct sockaddr_in *) &peer->address)->sin_addr, sizeof (struct in_addr));
  return key;
}

gboolean
usher_peer_counts_add (UsherPeerCounts *self,
                       const UsherPeer *peer,
                       int fd,
                       UsherPeerKey *key)
{
  const guint *limit = peer->address.ss_family == AF_UNIX ? &self->max_per_user : &self->max_per_address;
  guint max = g_atomic_int_get (limit);
  g_autoptr (GMutexLocker) locker = NULL;
  guint n;

  *key = (UsherPeerKey){ 0 };
  if (max == G_MAXUINT)
    return TRUE;

  *key = key_from_peer (peer, fd);
  if (key->family == 0)
    return TRUE;

  locker = g_mutex_locker_new (&self->lock);
  if (self->counts == NULL)
    self->counts = g_hash_table_new_full (key_hash, key_equal, g_free, NULL);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, key));
  if (n >= max)
    return FALSE;

  g_hash_table_replace (self->counts, g_memdup2 (key, sizeof *key), GUINT_TO_POINTER (n + 1));
  return TRUE;
}

void
usher_peer_counts_remove (UsherPeerCounts *self,
                          const UsherPeerKey *key)
{
  g_autoptr (GMutexLocker) locker = NULL;
  guint n;

  if (key->family == 0)
    return;

  locker = g_mutex_locker_new (&self->lock);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (self->counts, key));
  if (n > 1)
    g_hash_table_replace (self->counts, g_memdup2 (key, sizeof *key), GUINT_TO_POINTER (n - 1));
  else
    g_hash_table_remove (self->counts, key);
}
