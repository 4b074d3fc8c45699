/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/service.h"

G_BEGIN_DECLS

/* Says to one peer how a service is, on the loop. */
#define USHER_TYPE_HEALTH_ACCEPTOR (usher_health_acceptor_get_type ())

G_DECLARE_FINAL_TYPE (UsherHealthAcceptor, usher_health_acceptor, USHER, HEALTH_ACCEPTOR, GObject)

/* The service outlives it. */
UsherHealthAcceptor *usher_health_acceptor_new (UsherService *service);

G_END_DECLS
