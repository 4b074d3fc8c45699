/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* Connections that are being refused. A socket that is closed while something that its peer has
 * sent is unread takes the goodbye back by a reset; so it is read off, for a moment. Only a bounded
 * number stays for that; zero-initialise it. */
typedef GQueue UsherFarewells; /* (element-type Farewell) (owned) */

/* Takes the descriptor. `goodbye` is (nullable): then it is closed at once. */
void usher_farewells_say (UsherFarewells *self,
                          UsherReactor *reactor,
                          int fd,
                          GBytes *goodbye);
void usher_farewells_clear (UsherFarewells *self);

G_END_DECLS
