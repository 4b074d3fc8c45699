/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/func-acceptor-private.h"

struct _UsherFunc
{
  UsherHandler handler;
  gpointer user_data;
  GDestroyNotify destroy; /* (nullable) */
};

struct _UsherFuncAcceptor
{
  GObject parent_instance;

  UsherFunc *func; /* (owned) */
};

static gboolean
usher_func_acceptor_acceptor_continue (UsherAcceptor *acceptor,
                                       UsherConnection *connection,
                                       GError **error)
{
  UsherFuncAcceptor *self = USHER_FUNC_ACCEPTOR (acceptor);

  return self->func->handler (connection, self->func->user_data, error);
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
  g_clear_pointer (&USHER_FUNC_ACCEPTOR (object)->func, usher_func_unref);

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

UsherAcceptor *
usher_func_acceptor_make (gpointer pool,
                          gpointer func,
                          GError **error)
{
  UsherFuncAcceptor *self = g_object_new (USHER_TYPE_FUNC_ACCEPTOR, NULL);

  self->func = g_atomic_rc_box_acquire (func);
  return USHER_ACCEPTOR (self);
}

UsherFunc *
usher_func_new (UsherHandler handler,
                gpointer user_data,
                GDestroyNotify destroy)
{
  UsherFunc *self = g_atomic_rc_box_new (UsherFunc);

  self->handler = handler;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}

static void
func_clear (UsherFunc *self)
{
  if (self->destroy != NULL)
    self->destroy (self->user_data);
}

void
usher_func_unref (UsherFunc *self)
{
  g_atomic_rc_box_release_full (self, (GDestroyNotify) func_clear);
}
