/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/listen-socket.h"

G_BEGIN_DECLS

/* -1 if the kernel socket is closed. It belongs to the listen socket. In a handler of `down` this
 * is still the one that was accepted from. */
int usher_listen_socket_get_fd (UsherListenSocket *self);

/* The kernel socket cannot be accepted from any more: closes it, and exits with the error. Does
 * nothing if the listen socket is not up. */
void usher_listen_socket_fail (UsherListenSocket *self,
                               const GError *error);

G_END_DECLS
