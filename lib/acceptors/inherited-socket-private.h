/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Sockets that somebody else has made and this process was started with: `fd:3`, and `systemd:http`
 * for one that systemd has passed. They are shared with whoever else has them. Any thread. */

/* Whether that is what the address means, right or wrong. */
gboolean usher_inherited_socket_is_meant (const char *address);

/* Whether it can be understood. The error is USHER_ERROR_INVALID_ADDRESS. */
gboolean usher_inherited_socket_check (const char *address,
                                       GError **error);

/* All that the address stands for; at least one. They are not taken yet. The errors say as well
 * that systemd has passed none. (element-type int) (transfer container) */
GArray *usher_inherited_socket_find (const char *address,
                                     GError **error);

/* The descriptor that the address stands for, which no two listen sockets can have: it is the
 * caller's until it is released. -1 with an error set. */
int usher_inherited_socket_take (const char *address,
                                 GError **error);

/* Before it is closed. Harmless if it was not taken. */
void usher_inherited_socket_release (int fd);

/* Says what is wrong with a descriptor that should be a stream socket which listens, or which could:
 * one that is bound. The error is USHER_ERROR_INVALID_ARGUMENT. */
gboolean usher_inherited_socket_check_fd (int fd,
                                          gboolean has_to_listen,
                                          GError **error);

gboolean usher_inherited_socket_listens (int fd);

/* So that it neither blocks nor leaks into programs that are executed. Returns 0 or an errno. */
int usher_inherited_socket_prepare (int fd);

G_END_DECLS
