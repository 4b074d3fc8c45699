/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include "acceptors/acceptor-private.h"
#include "acceptors/func-acceptor-private.h"
#include "usher/error.h"

/* What makes the acceptors. What it is told is immutable, and replaced as a whole, perhaps while it is being called. */
struct _UsherPoolFactory
{
  UsherAcceptorFactory make;
  GType acceptor_type;    /* what it makes; G_TYPE_INVALID if that is not known */
  gpointer data;          /* (owned) */
  GDestroyNotify destroy; /* (nullable) */
  gsize checked_type;     /* (atomic): the latest that was found to be able to serve connections */
};

static void
factory_clear (gpointer data)
{
  UsherPoolFactory *self = data;

  if (self->destroy != NULL)
    self->destroy (self->data);
}

UsherPoolFactory *
usher_pool_factory_ref (UsherPoolFactory *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
usher_pool_factory_unref (UsherPoolFactory *self)
{
  g_atomic_rc_box_release_full (self, factory_clear);
}

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
  if (self->terms.factory == NULL)
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "The pool %s does not know how to make acceptors: call usher_acceptor_pool_set_acceptor_type(), "
                   "usher_acceptor_pool_set_func(), usher_acceptor_pool_set_async_func() or "
                   "usher_acceptor_pool_set_factory() before it starts",
                   self->name);
      return FALSE;
    }

  return self->terms.factory->acceptor_type == G_TYPE_INVALID ||
         usher_acceptor_check_type (self->terms.factory->acceptor_type, error);
}

static gboolean
factory_check_type (UsherPoolFactory *self,
                    GType type,
                    GError **error)
{
  if (g_atomic_pointer_get (&self->checked_type) == type)
    return TRUE;

  if (!usher_acceptor_check_type (type, error))
    return FALSE;

  g_atomic_pointer_set (&self->checked_type, type);
  return TRUE;
}

UsherAcceptor *
usher_pool_factory_make (UsherPoolFactory *self,
                         UsherAcceptorPool *pool,
                         GError **error)
{
  g_autoptr (UsherAcceptor) acceptor = self->make (pool, self->data, error);

  if (acceptor == NULL && error != NULL && *error == NULL)
    g_set_error (error, USHER_ERROR, USHER_ERROR_FAILED,
                 "The factory of the pool %s made no acceptor and did not say why", pool->name);
  if (acceptor == NULL || !factory_check_type (self, G_OBJECT_TYPE (acceptor), error))
    return NULL;

  return g_steal_pointer (&acceptor);
}

static void
pool_replace_factory (UsherAcceptorPool *self,
                      UsherPoolFactory factory)
{
  g_autoptr (UsherPoolFactory) replaced = g_steal_pointer (&self->terms.factory);

  self->terms.factory = g_atomic_rc_box_dup (sizeof factory, &factory);
  usher_acceptor_pool_apply_terms (self);
}

/* What calls a function can serve connections. */
static void
pool_replace_func (UsherAcceptorPool *self,
                   GType acceptor_type,
                   GCallback func,
                   gpointer user_data,
                   GDestroyNotify destroy)
{
  UsherFuncAcceptor *acceptor = usher_func_acceptor_new (acceptor_type, func, user_data, destroy);

  pool_replace_factory (self, (UsherPoolFactory){ usher_func_acceptor_make, G_TYPE_INVALID, acceptor, g_object_unref,
                                                  .checked_type = acceptor_type });
}

/**
 * usher_acceptor_pool_set_factory:
 * @self: a pool
 * @factory: (scope notified): makes the acceptors
 * @user_data: data for @factory
 * @destroy: (nullable): frees @user_data, perhaps in one of the pool's workers
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
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (factory != NULL);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  pool_replace_factory (self, (UsherPoolFactory){ factory, G_TYPE_INVALID, user_data, destroy });
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
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  pool_replace_factory (self, (UsherPoolFactory){ make_acceptor_of_type, acceptor_type,
                                                  GSIZE_TO_POINTER (acceptor_type), NULL });
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
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  pool_replace_func (self, USHER_TYPE_BLOCKING_FUNC_ACCEPTOR, G_CALLBACK (handler), user_data, destroy);
}

/**
 * usher_acceptor_pool_set_async_func:
 * @self: a pool
 * @handler: (scope notified): serves a connection, on the loop
 * @user_data: data for @handler
 * @destroy: (nullable): frees @user_data, when no acceptor can use it any more; it may be called in
 *   any thread
 *
 * Makes the pool's acceptors call a function that runs on the loop. It may change at any time, for the
 * acceptors that are made from then on. See [ctor@Usher.AcceptorPool.new_for_async_func], which sets
 * [property@Usher.AcceptorPool:drain-idle-reads] as well.
 *
 * Since: 0.1
 */
void
usher_acceptor_pool_set_async_func (UsherAcceptorPool *self,
                                    UsherAsyncHandler handler,
                                    gpointer user_data,
                                    GDestroyNotify destroy)
{
  g_return_if_fail (USHER_IS_ACCEPTOR_POOL (self));
  g_return_if_fail (handler != NULL);
  usher_return_if_elsewhere (usher_acceptor_pool_get_place (self));

  pool_replace_func (self, USHER_TYPE_ASYNC_FUNC_ACCEPTOR, G_CALLBACK (handler), user_data, destroy);
}
