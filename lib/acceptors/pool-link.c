/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/pool-link-private.h"

struct _UsherPoolLink
{
  GWeakRef pool;
  UsherTurnstile *handshakes; /* (owned) */
};

UsherPoolLink *
usher_pool_link_new (gpointer pool)
{
  UsherPoolLink *self = g_atomic_rc_box_new0 (UsherPoolLink);

  g_weak_ref_init (&self->pool, pool);
  self->handshakes = usher_turnstile_new (USHER_DEFAULT_MAX_HANDSHAKES);
  return self;
}

UsherPoolLink *
usher_pool_link_ref (UsherPoolLink *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
link_clear (gpointer data)
{
  UsherPoolLink *self = data;

  g_weak_ref_clear (&self->pool);
  usher_turnstile_unref (self->handshakes);
}

void
usher_pool_link_unref (UsherPoolLink *self)
{
  g_atomic_rc_box_release_full (self, link_clear);
}

gpointer
usher_pool_link_dup_pool (UsherPoolLink *self)
{
  return g_weak_ref_get (&self->pool);
}

UsherTurnstile *
usher_pool_link_get_handshakes (UsherPoolLink *self)
{
  return self->handshakes;
}
