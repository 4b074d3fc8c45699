/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The forms are `tcp://192.0.2.1:7000`, `tcp://[2001:db8::1]:7000`, `tcp://[fe80::1%eth0]:7000`,
 * `unix:/run/example.sock` and `unix-abstract:example`. Anything else is USHER_ERROR_INVALID_ADDRESS.
 * Nothing is looked up but the index of the interface. Any thread. */
GSocketAddress *usher_listen_address_parse (const char *address,
                                            GError **error);

/* A TCP address whose host is a name, to be looked up. */
typedef struct
{
  char *host; /* (owned) */
  guint16 port;
} UsherListenName;

/* Returns whether it is one; then it has to be cleared. */
gboolean usher_listen_address_parse_name (const char *address,
                                          UsherListenName *name);
void usher_listen_name_clear (UsherListenName *name);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsherListenName, usher_listen_name_clear)

/* A TCP address with another port. */
char *usher_listen_address_set_port (const char *address,
                                     guint16 port);

/* Puts “Cannot listen on …” before the message, which is UTF-8 then, as a path need not be. */
void usher_listen_address_prefix_error (GError *error,
                                        const char *address);

/* The same forms again; the interface as its index. Only for TCP and Unix sockets. */
char *usher_listen_address_format (GSocketAddress *address);

/* The same, if it is an address that can be listened on, and the text says all of it. */
char *usher_listen_address_from_socket_address (GSocketAddress *address,
                                                GError **error);

/* `192.0.2.1:5123` or `[2001:db8::1]:5123`. Only for TCP. An IPv4 peer of an IPv6 socket is written
 * as IPv4. */
char *usher_listen_address_format_peer (GSocketAddress *address);

/* What an IPv4-mapped address stands for, or the same address. (transfer full) */
GInetAddress *usher_listen_address_unmap (GInetAddress *address);

G_END_DECLS
