/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/connection-info.h"

G_BEGIN_DECLS

UsherConnectionInfo *usher_connection_info_new (UsherConnection *connection,
                                                UsherConnectionState state,
                                                gint64 age_usec);

G_END_DECLS
