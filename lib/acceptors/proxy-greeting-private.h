/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "acceptors/proxy-policy-private.h"

G_BEGIN_DECLS

/* Waits, in the reactor, for the PROXY header of a connection that was just accepted, and takes it,
 * and not a byte more, out of what the peer has sent. Everything here belongs to the connection's
 * context. */
typedef struct _UsherProxyGreeting UsherProxyGreeting;

/* The connection can be served; or `error` (nullable) says why not: G_IO_ERROR_CANCELLED if it has to
 * exit. It may free the greeting. */
typedef void (*UsherProxyGreetingFunc) (gpointer user_data,
                                        const GError *error);

UsherProxyGreeting *usher_proxy_greeting_new (UsherReactor *reactor,
                                              UsherConnection *connection,
                                              UsherProxyPolicy *policy);

/* Calls back once, perhaps before it returns. */
void usher_proxy_greeting_begin (UsherProxyGreeting *self,
                                 UsherProxyGreetingFunc func,
                                 gpointer user_data);

/* Before the connection is closed. Nobody is called back any more. */
void usher_proxy_greeting_free (UsherProxyGreeting *self);

G_END_DECLS
