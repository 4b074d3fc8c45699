/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/acceptor-private.h"
#include "acceptors/func-acceptor-private.h"
#include "usher/error.h"

/* What makes the acceptors. It is replaced as a whole, perhaps while it is being called. */
struct _UsherPoolFactory
{
  UsherAcceptorFactory make;
  gpointer data;          /* (owned) */
  GDestroyNotify destroy; /* (nullable) */
  GType acceptor_type;    /* what it makes; G_TYPE_INVALID if that is not known */
};

static void
factory_clear (gpointer data)
{
  UsherPoolFactory *self = data;

  if (self->destroy != NULL)
    self->destroy (self->data);
}

void
usher_pool_factory_unref (UsherPoolFactory *self)
{
  g_rc_box_release_full (self, factory_clear);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherPoolFactory, usher_pool_factory_unref)

static UsherAcceptor *
make_acceptor_of_type (gpointer pool,
                       gpointer acceptor_type,
                       GError **error)
{
  return g_object_new (GPOINTER_TO_SIZE (acceptor_type), NULL);
}

gboolean
usher_acceptor_pool_check_factory (UsherAcceptorPool *self,
                                   GError **error)
{
  if (self->factory == NULL)
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "The pool %s does not know how to make acceptors: call usher_acceptor_pool_set_acceptor_type(), "
                   "usher_acceptor_pool_set_func() or usher_acceptor_pool_set_factory() before it starts",
                   self->name);
      return FALSE;
    }

  return self->factory->acceptor_type == G_TYPE_INVALID ||
         usher_acceptor_check_type (self->factory->acceptor_type, error);
}

UsherAcceptor *
usher_acceptor_pool_make_acceptor (UsherAcceptorPool *self,
                                   GError **error)
{
  g_autoptr (UsherPoolFactory) factory = g_rc_box_acquire (self->factory);
  g_autoptr (UsherAcceptor) acceptor = factory->make (self, factory->data, error);

  if (acceptor == NULL && error != NULL && *error == NULL)
    g_set_error (error, USHER_ERROR, USHER_ERROR_FAILED,
                 "The factory of the pool %s made no acceptor and did not say why", self->name);
  if (acceptor == NULL || !usher_acceptor_check_type (G_OBJECT_TYPE (acceptor), error))
    return NULL;

  return g_steal_pointer (&acceptor);
}

/**
 * usher_acceptor_pool_set_factory:
 * @self: a pool
 * @factory: (scope notified): makes the acceptors
 * @user_data: data for @factory
 * @destroy: (nullable): frees @user_data
 *
 * Sets the function that makes the acceptors. That an acceptor cannot be made counts as its failure
 * to start. It may change at any time, for the acceptors that are made from then on: those that
 * wait or serve already are as they were made.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_factory (UsherAcceptorPool *self,
                                 UsherAcceptorFactory factory,
                                 gpointer user_data,
                                 GDestroyNotify destroy)
{
  g_autoptr (UsherPoolFactory) replaced = NULL;

  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (factory != NULL);

  replaced = g_steal_pointer (&self->factory);
  self->factory = g_rc_box_new0 (UsherPoolFactory);
  self->factory->make = factory;
  self->factory->data = user_data;
  self->factory->destroy = destroy;
}

/**
 * usher_acceptor_pool_set_acceptor_type:
 * @self: a pool
 * @acceptor_type: a type that implements [iface@Usher.Acceptor]
 *
 * Makes the pool's acceptors objects of @acceptor_type, made without construct properties. It may
 * change at any time, for the acceptors that are made from then on. A type without an
 * `acceptor_continue` is refused when the pool is started.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_acceptor_type (UsherAcceptorPool *self,
                                       GType acceptor_type)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (g_type_is_a (acceptor_type, USHER_TYPE_ACCEPTOR));
  g_return_if_fail (!G_TYPE_IS_ABSTRACT (acceptor_type));

  usher_acceptor_pool_set_factory (self, make_acceptor_of_type, GSIZE_TO_POINTER (acceptor_type), NULL);
  self->factory->acceptor_type = acceptor_type;
}

/**
 * usher_acceptor_pool_set_func:
 * @self: a pool
 * @handler: (scope notified): serves a connection
 * @user_data: data for @handler
 * @destroy: (nullable): frees @user_data, when no acceptor can use it any more; it may be called in
 *   any thread
 *
 * Makes the pool's acceptors call a function. It may change at any time, for the acceptors that are
 * made from then on. See [ctor@Usher.AcceptorPool.new_for_func], which sets
 * [property@Usher.AcceptorPool:drain-idle-reads] as well.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_func (UsherAcceptorPool *self,
                              UsherHandler handler,
                              gpointer user_data,
                              GDestroyNotify destroy)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (handler != NULL);

  usher_acceptor_pool_set_factory (self, usher_func_acceptor_make,
                                   usher_func_acceptor_new (handler, user_data, destroy), g_object_unref);
}
