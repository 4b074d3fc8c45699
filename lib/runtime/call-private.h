/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* What is to be done elsewhere: `func` frees the data, if that is to be freed. */
typedef void (*UsherCallFunc) (gpointer data);

/* Any thread. Calls a function in the reactor's context, soon, and in the order of the calls. It is
 * for those who have no message of their own to embed. */
void usher_call_soon (UsherReactor *reactor,
                      UsherCallFunc func,
                      gpointer data);

G_END_DECLS
