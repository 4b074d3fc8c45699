/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/async-acceptor.h"

G_BEGIN_DECLS

/* Whether acceptors of this type can serve a connection. The error is
 * USHER_ERROR_INVALID_ARGUMENT, and says what to implement. */
gboolean usher_acceptor_check_type (GType type,
                                    GError **error);

/* Whether the interface is as it was before anybody implemented it. */
gboolean usher_acceptor_lacks_continue (GType type);
/* Whether its acceptor_init does nothing. */
gboolean usher_acceptor_lacks_init (UsherAcceptor *self);
gboolean usher_async_acceptor_lacks_continue (GType type);

G_END_DECLS
