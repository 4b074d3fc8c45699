/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <usher/usher.h>

G_BEGIN_DECLS

/* (transfer full): pool. Listens on a port of the loopback device, says which, and serves until it
 * is killed. The arguments may say --workers=N. */
int usher_server_run (UsherAcceptorPool *pool,
                      int argc,
                      char *argv[]);

/* In the thread that serves a connection: counts it there. The server says how many each thread has had
 * when it gets SIGUSR1. */
void usher_server_count_connection (void);

G_END_DECLS
