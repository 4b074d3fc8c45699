/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/acceptor-private.h"

G_BEGIN_DECLS

/* What the class of an acceptor implements, for those who call one acceptor after the other: most are of the
 * same class, and to look that up costs more than many an acceptor_init. All zero at first. */
typedef struct
{
  GTypeClass *klass; /* (owned) (nullable): of the latest acceptor */
  const UsherAcceptorInterface *iface;
  const UsherAsyncAcceptorInterface *async_iface; /* (nullable) */
  gboolean is_async_func;
} UsherAcceptorKind;

void usher_acceptor_kind_look_up (UsherAcceptorKind *self,
                                  UsherAcceptor *acceptor);
void usher_acceptor_kind_clear (UsherAcceptorKind *self);

/* (transfer none): it lasts until the next look at the acceptor of another class. */
static inline const UsherAcceptorKind *
usher_acceptor_kind_get (UsherAcceptorKind *self,
                         UsherAcceptor *acceptor)
{
  if (self->klass != (gpointer) G_OBJECT_GET_CLASS (acceptor))
    usher_acceptor_kind_look_up (self, acceptor);

  return self;
}

G_END_DECLS
