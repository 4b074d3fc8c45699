/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/exit.h"

G_BEGIN_DECLS

/* The same as those that copy it. (transfer full): error */
UsherExit *usher_exit_new_take (UsherExitKind kind,
                                GError *error);

/* What went wrong, in words; the kind if there is no error. */
const char *usher_exit_get_text (const UsherExit *self);

G_END_DECLS
