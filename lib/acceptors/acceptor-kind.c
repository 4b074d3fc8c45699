/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-kind-private.h"

#include "acceptors/func-acceptor-private.h"

void
usher_acceptor_kind_look_up (UsherAcceptorKind *self,
                             UsherAcceptor *acceptor)
{
  usher_acceptor_kind_clear (self);
  self->klass = g_type_class_ref (G_OBJECT_TYPE (acceptor));
  self->iface = g_type_interface_peek (self->klass, USHER_TYPE_ACCEPTOR);
  self->async_iface = g_type_interface_peek (self->klass, USHER_TYPE_ASYNC_ACCEPTOR);
  self->is_async_func = G_OBJECT_TYPE (acceptor) == USHER_TYPE_ASYNC_FUNC_ACCEPTOR;
}

void
usher_acceptor_kind_clear (UsherAcceptorKind *self)
{
  g_clear_pointer (&self->klass, g_type_class_unref);
}
