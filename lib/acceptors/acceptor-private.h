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
gboolean usher_async_acceptor_lacks_continue (GType type);

/* For those who know what its class implements. Whether its acceptor_init does nothing; and as
 * usher_acceptor_acceptor_init (). */
gboolean usher_acceptor_lacks_init (const UsherAcceptorInterface *iface);
UsherAcceptorInit usher_acceptor_init_by (const UsherAcceptorInterface *iface,
                                          UsherAcceptor *self,
                                          UsherListenSocket *listen_socket,
                                          int *accept_timeout_msec,
                                          GError **error);

G_END_DECLS
