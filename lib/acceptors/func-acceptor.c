/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/func-acceptor-private.h"

typedef struct
{
  GCallback func;
  gpointer user_data;
  GDestroyNotify destroy; /* (nullable) */
} UsherFuncAcceptorPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (UsherFuncAcceptor, usher_func_acceptor, G_TYPE_OBJECT)

static const UsherFuncAcceptorPrivate *
get_private (gpointer acceptor)
{
  return usher_func_acceptor_get_instance_private (acceptor);
}

static void
usher_func_acceptor_finalize (GObject *object)
{
  const UsherFuncAcceptorPrivate *priv = get_private (object);

  if (priv->destroy != NULL)
    priv->destroy (priv->user_data);

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
usher_func_acceptor_new (GType type,
                         GCallback func,
                         gpointer user_data,
                         GDestroyNotify destroy)
{
  UsherFuncAcceptor *self = g_object_new (type, NULL);
  UsherFuncAcceptorPrivate *priv = usher_func_acceptor_get_instance_private (self);

  *priv = (UsherFuncAcceptorPrivate){ func, user_data, destroy };
  return self;
}

UsherAcceptor *
usher_func_acceptor_make (gpointer pool,
                          gpointer func_acceptor,
                          GError **error)
{
  return g_object_ref (func_acceptor);
}

/* Blocking. */

typedef UsherFuncAcceptor UsherBlockingFuncAcceptor;
typedef UsherFuncAcceptorClass UsherBlockingFuncAcceptorClass;

static gboolean
usher_blocking_func_acceptor_acceptor_continue (UsherAcceptor *acceptor,
                                                UsherConnection *connection,
                                                GError **error)
{
  const UsherFuncAcceptorPrivate *priv = get_private (acceptor);

  return ((UsherHandler) priv->func) (connection, priv->user_data, error);
}

static void
usher_blocking_func_acceptor_acceptor_iface_init (UsherAcceptorInterface *iface)
{
  iface->acceptor_continue = usher_blocking_func_acceptor_acceptor_continue;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherBlockingFuncAcceptor, usher_blocking_func_acceptor, USHER_TYPE_FUNC_ACCEPTOR,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, usher_blocking_func_acceptor_acceptor_iface_init))

static void
usher_blocking_func_acceptor_class_init (UsherBlockingFuncAcceptorClass *klass)
{
}

static void
usher_blocking_func_acceptor_init (UsherBlockingFuncAcceptor *self)
{
}

/* On the loop: its runner calls the function. */

typedef UsherFuncAcceptor UsherAsyncFuncAcceptor;
typedef UsherFuncAcceptorClass UsherAsyncFuncAcceptorClass;

static void
usher_async_func_acceptor_acceptor_iface_init (UsherAcceptorInterface *iface)
{
}

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherAsyncFuncAcceptor, usher_async_func_acceptor, USHER_TYPE_FUNC_ACCEPTOR,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, usher_async_func_acceptor_acceptor_iface_init))

static void
usher_async_func_acceptor_class_init (UsherAsyncFuncAcceptorClass *klass)
{
}

static void
usher_async_func_acceptor_init (UsherAsyncFuncAcceptor *self)
{
}

void
usher_async_func_acceptor_serve (UsherAcceptor *acceptor,
                                 UsherConnection *connection)
{
  const UsherFuncAcceptorPrivate *priv = get_private (acceptor);

  ((UsherAsyncHandler) priv->func) (connection, priv->user_data);
}
