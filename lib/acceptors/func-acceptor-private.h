/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/acceptor-pool.h"

G_BEGIN_DECLS

/* The acceptor of a pool for a function. It has no state, so that one of them serves all connections; it outlives
 * its pool if an acceptor does not return. */
#define USHER_TYPE_FUNC_ACCEPTOR (usher_func_acceptor_get_type ())
#define USHER_TYPE_BLOCKING_FUNC_ACCEPTOR (usher_blocking_func_acceptor_get_type ())
#define USHER_TYPE_ASYNC_FUNC_ACCEPTOR (usher_async_func_acceptor_get_type ())

G_DECLARE_DERIVABLE_TYPE (UsherFuncAcceptor, usher_func_acceptor, USHER, FUNC_ACCEPTOR, GObject)

struct _UsherFuncAcceptorClass
{
  GObjectClass parent_class;
};

GType usher_blocking_func_acceptor_get_type (void);
GType usher_async_func_acceptor_get_type (void);

/* `func` is an UsherHandler or an UsherAsyncHandler, as `type` has it. */
UsherFuncAcceptor *usher_func_acceptor_new (GType type,
                                            GCallback func,
                                            gpointer user_data,
                                            GDestroyNotify destroy);

/* Calls an UsherAsyncHandler. */
void usher_async_func_acceptor_serve (UsherAcceptor *acceptor,
                                      UsherConnection *connection);

/* An UsherAcceptorFactory; `func_acceptor` is what it makes, over and over. */
UsherAcceptor *usher_func_acceptor_make (gpointer pool,
                                         gpointer func_acceptor,
                                         GError **error);

G_END_DECLS
