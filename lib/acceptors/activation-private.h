/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>
#include <sys/types.h>

G_BEGIN_DECLS

/* What systemd says of the sockets that it has passed to process `pid`, see sd_listen_fds(3):
 * LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES in `environment`. Returns the descriptors of that name,
 * at least one. That there is none is G_IO_ERROR_NOT_FOUND. (element-type int) (transfer container) */
GArray *usher_activation_find (char **environment,
                               pid_t pid,
                               const char *name,
                               GError **error);

G_END_DECLS
