/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/acceptor-pool.h"

G_BEGIN_DECLS

/* The acceptor of a pool for a function: it has no state, and its `acceptor_continue` is the
 * function. */
#define USHER_TYPE_FUNC_ACCEPTOR (usher_func_acceptor_get_type ())

G_DECLARE_FINAL_TYPE (UsherFuncAcceptor, usher_func_acceptor, USHER, FUNC_ACCEPTOR, GObject)

/* A function with its data. Each acceptor holds a reference, because an acceptor that does not
 * return outlives its pool. */
typedef struct _UsherFunc UsherFunc;

UsherFunc *usher_func_new (UsherHandler handler,
                           gpointer user_data,
                           GDestroyNotify destroy);
void usher_func_unref (UsherFunc *func);

/* An UsherAcceptorFactory; `func` is an UsherFunc. */
UsherAcceptor *usher_func_acceptor_make (gpointer pool,
                                         gpointer func,
                                         GError **error);

G_END_DECLS
