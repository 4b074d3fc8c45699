/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/acceptor-pool.h"

G_BEGIN_DECLS

/* The acceptor of a pool for a function: its `acceptor_continue` is the function. It has no state, so
 * that one of them serves all connections; it outlives its pool if an acceptor does not return. */
#define USHER_TYPE_FUNC_ACCEPTOR (usher_func_acceptor_get_type ())

G_DECLARE_FINAL_TYPE (UsherFuncAcceptor, usher_func_acceptor, USHER, FUNC_ACCEPTOR, GObject)

UsherFuncAcceptor *usher_func_acceptor_new (UsherHandler handler,
                                            gpointer user_data,
                                            GDestroyNotify destroy);

/* An UsherAcceptorFactory; `func_acceptor` is what it makes, over and over. */
UsherAcceptor *usher_func_acceptor_make (gpointer pool,
                                         gpointer func_acceptor,
                                         GError **error);

G_END_DECLS
