/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/connection.h"
#include "usher/tls-settings.h"

G_BEGIN_DECLS

/* `error` is NULL once the session is on. Called in the connection's context. */
typedef void (*UsherTlsFunc) (gpointer user_data,
                              const GError *error);

/* Puts TLS on a connection that nobody reads or writes. Its streams are of no use until it is there.
 * Fails if that cannot be begun; nothing has changed then, and nobody is called.
 *
 * Any thread. `func` may be called before this returns. */
gboolean usher_tls_handshake_begin (UsherConnection *connection,
                                    UsherTlsSettings *settings,
                                    GCancellable *cancellable,
                                    UsherTlsFunc func,
                                    gpointer user_data,
                                    GError **error);

G_END_DECLS
