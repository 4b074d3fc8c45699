/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/child-spec.h"

G_BEGIN_DECLS

/* What the shutdown limit means for this child: USHER_SHUTDOWN_DEFAULT is resolved. */
gint64 usher_child_spec_resolve_shutdown_msec (const UsherChildSpec *self);

/* Whether the child's own configuration fits under its shutdown limit; it may change while the
 * child stands in a tree. Sets USHER_ERROR_INVALID_ARGUMENT. */
gboolean usher_child_spec_check (const UsherChildSpec *self,
                                 GError **error);

G_END_DECLS
