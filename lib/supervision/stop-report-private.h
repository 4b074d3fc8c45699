/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/child-spec.h"
#include "usher/exit.h"

G_BEGIN_DECLS

/* Whether an exit differs from what was asked for, so that it is reported. `brutal`: the child was
 * killed and not asked first. The rules are OTP's, its asymmetries included. */
gboolean usher_stop_report_is_due (gboolean brutal,
                                   UsherRestart restart,
                                   const UsherExit *exit);

G_END_DECLS
