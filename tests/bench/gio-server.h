/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* (transfer full): service. Listens on a port of the loopback device, says which, and serves until
 * it is killed. */
int gio_server_run (GSocketService *service);

G_END_DECLS
