/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The forms are `tcp://192.0.2.1:7000`, `tcp://[2001:db8::1]:7000`, `tcp://[fe80::1%eth0]:7000` and
 * `unix:/run/example.sock`. Anything else is USHER_ERROR_INVALID_ADDRESS. Nothing is looked up but
 * the index of the interface. Any thread. */
GSocketAddress *usher_listen_address_parse (const char *address,
                                            GError **error);

/* Puts “Cannot listen on …” before the message, which is UTF-8 then, as a path need not be. */
void usher_listen_address_prefix_error (GError *error,
                                        const char *address);

/* The same forms again; the interface as its index. Only for TCP, and Unix sockets with a path. */
char *usher_listen_address_format (GSocketAddress *address);

/* `192.0.2.1:5123` or `[2001:db8::1]:5123`. Only for TCP. An IPv4 peer of an IPv6 socket is written
 * as IPv4. */
char *usher_listen_address_format_peer (GSocketAddress *address);

G_END_DECLS
