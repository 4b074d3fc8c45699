/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/child-spec.h"

G_BEGIN_DECLS

/* For one that nobody changes any more: takes a reference. It is released by
 * usher_child_spec_free(). */
UsherChildSpec *usher_child_spec_ref (UsherChildSpec *self);

gboolean usher_child_spec_has_factory (const UsherChildSpec *self);
gboolean usher_child_spec_has_same_delay (const UsherChildSpec *self,
                                          const UsherChildSpec *other);
/* (transfer full) (nullable): what the factory makes. Calls user code. */
UsherChild *usher_child_spec_make_child (UsherChildSpec *self,
                                         GVariant *argument,
                                         GError **error);

/* What the shutdown limit means for this child (nullable): USHER_SHUTDOWN_DEFAULT is resolved. */
gint64 usher_child_spec_resolve_shutdown_msec (const UsherChildSpec *self,
                                               UsherChild *child);

/* Whether the child's own configuration fits under its shutdown limit; it may change while the
 * child stands in a tree. Sets USHER_ERROR_INVALID_ARGUMENT. */
gboolean usher_child_spec_check (const UsherChildSpec *self,
                                 UsherChild *child,
                                 GError **error);

G_END_DECLS
