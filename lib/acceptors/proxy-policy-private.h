/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/connection-private.h"
#include "usher/listen-socket.h"

G_BEGIN_DECLS

/* Who sends PROXY headers to a listen socket. Immutable, so that any thread may ask. */
typedef struct _UsherProxyPolicy UsherProxyPolicy;

/* `trusted` is (nullable) (element-type utf8): networks. If it can be understood. The error is
 * USHER_ERROR_INVALID_ARGUMENT. */
UsherProxyPolicy *usher_proxy_policy_new (UsherProxyProtocol protocol,
                                          const char *const *trusted,
                                          guint timeout_msec,
                                          GError **error);
UsherProxyPolicy *usher_proxy_policy_ref (UsherProxyPolicy *self);
void usher_proxy_policy_unref (UsherProxyPolicy *self);

gboolean usher_proxy_policy_is_required (const UsherProxyPolicy *self);
gboolean usher_proxy_policy_trusts_anybody (const UsherProxyPolicy *self);
/* Whoever may connect to a Unix socket is trusted. */
gboolean usher_proxy_policy_trusts (const UsherProxyPolicy *self,
                                    GSocketAddress *peer);
guint usher_proxy_policy_get_timeout_msec (const UsherProxyPolicy *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherProxyPolicy, usher_proxy_policy_unref)

G_END_DECLS
