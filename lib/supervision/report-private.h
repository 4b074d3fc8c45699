/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "usher/report.h"

G_BEGIN_DECLS

typedef struct
{
  const char *supervisor; /* the name of the supervisor or pool */
  UsherReportContext context;
  UsherExit *reason;    /* (nullable): NULL for progress */
  const char *offender; /* the child's id */
  const char *detail;   /* (nullable): tells the offender from its siblings: a peer's address */
  guint n_children;     /* how many children the report speaks for; 1 for most */
  UsherChildType child_type;
  UsherRestart restart;
  gint64 shutdown_msec; /* or USHER_SHUTDOWN_*, but not the default */
  gboolean significant;
  gboolean is_told_elsewhere; /* whoever reads the log, or asked for the start, is told by others */
} UsherReportFields;

/* Whether somebody would hear of it. Progress is cheap while nobody listens. */
gboolean usher_report_is_wanted (gpointer object,
                                 UsherReportContext context);

UsherReport *usher_report_new (const UsherReportFields *fields);
/* Tells of an event of supervision, once: writes one structured log entry, and emits the signal
 * “report” (UsherReport) of `object`, or “progress”. Calls out, so the caller's own state is
 * settled before. */
void usher_report_publish (UsherReport *self,
                           gpointer object);
/* The same, for one that is made at once. */
void usher_report_emit (gpointer object,
                        const UsherReportFields *fields);

gboolean usher_report_is_told_elsewhere (const UsherReport *self);

/* Whether the log has a place for it. */
gboolean usher_report_is_logged (UsherReportContext context);
/* Writes the entry, unless `object` has written the same line a moment ago. */
void usher_report_log (const UsherReport *self,
                       gpointer object);

/* The fields in OTP's words. */
const char *usher_report_describe_child_type (const UsherReport *self);
const char *usher_report_describe_restart (const UsherReport *self);
const char *usher_report_describe_significant (const UsherReport *self);
char *usher_report_describe_shutdown (const UsherReport *self);
/* (nullable) */
char *usher_report_describe_reason (const UsherReport *self);

G_END_DECLS
