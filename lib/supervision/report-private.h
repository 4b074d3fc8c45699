/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/report.h"

G_BEGIN_DECLS

typedef struct
{
  const char *supervisor; /* the name of the supervisor or pool */
  UsherReportContext context;
  UsherExit *reason;
  const char *offender; /* the child's id */
  const char *detail;   /* (nullable): tells the offender from its siblings: a peer's address */
  guint n_children;     /* how many children the report speaks for; 1 for most */
} UsherReportFields;

/* Tells of an event of supervision, once: emits the signal “report” (UsherReport) of `object`, and
 * writes one structured log entry. Calls out, so the caller's own state is settled before. */
void usher_report_emit (gpointer object,
                        const UsherReportFields *fields);

G_END_DECLS
