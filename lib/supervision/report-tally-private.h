/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/exit.h"

G_BEGIN_DECLS

/* Children that ended alike, and are reported together. */
typedef struct
{
  UsherExit *reason; /* (owned): of the first */
  guint n_children;
  GString *names; /* (owned) (nullable): of the first few that have one */
} UsherTallied;

/* Counts one, whose `name` is (nullable). `tally` (inout) (nullable) (element-type UsherTallied) is in the order in which the
 * reasons came first. Exits are alike if their kind, and the domain and code of their error, are:
 * so there are few, whatever the messages tell of single children. */
void usher_report_tally_add (GPtrArray **tally,
                             UsherExit *reason,
                             const char *name);

G_END_DECLS
