/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/child-info.h"

G_BEGIN_DECLS

UsherChildInfo *usher_child_info_new (const char *id,
                                      UsherChild *child,
                                      UsherChildType child_type,
                                      UsherChildState state);

G_END_DECLS
