/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/func-acceptor-private.h"

struct _UsherFuncAcceptor
{
  GObject parent_instance;

  UsherHandler handler;
  gpointer user_data;
  GDestroyNotify destroy; /* (nullable) */
};

static gboolean
usher_func_acceptor_acceptor_continue (UsherAcceptor *acceptor,
                                       UsherConnection *connection,
                                       GError **error)
{
  UsherFuncAcceptor *self = USHER_FUNC_ACCEPTOR (acceptor);

  return self->handler (connection, self->user_data, error);
}

static void
usher_func_acceptor_acceptor_iface_init (UsherAcceptorInterface *iface)
{
  iface->acceptor_continue = usher_func_acceptor_acceptor_continue;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherFuncAcceptor, usher_func_acceptor, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, usher_func_acceptor_acceptor_iface_init))

static void
usher_func_acceptor_finalize (GObject *object)
{
  UsherFuncAcceptor *self = USHER_FUNC_ACCEPTOR (object);

  if (self->destroy != NULL)
    self->destroy (self->user_data);

  G_OBJECT_CLASS (usher_func_acceptor_parent_class)->finalize (object);
}

static void
usher_func_acceptor_class_init (UsherFuncAcceptorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = usher_func_acceptor_finalize;
}

static void
usher_func_acceptor_init (UsherFuncAcceptor *self)
{
}

UsherFuncAcceptor *
usher_func_acceptor_new (UsherHandler handler,
                         gpointer user_data,
                         GDestroyNotify destroy)
{
  UsherFuncAcceptor *self = g_object_new (USHER_TYPE_FUNC_ACCEPTOR, NULL);

  self->handler = handler;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}

UsherAcceptor *
usher_func_acceptor_make (gpointer pool,
                          gpointer func_acceptor,
                          GError **error)
{
  return g_object_ref (func_acceptor);
}
