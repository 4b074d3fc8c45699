/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/child-spec.h>
#include <usher/exit.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherReportContext:
 * @USHER_REPORT_START_ERROR: a child failed to start
 * @USHER_REPORT_CHILD_TERMINATED: a child exited by itself
 * @USHER_REPORT_SHUTDOWN_ERROR: a child exited in another way than it was asked to
 * @USHER_REPORT_SHUTDOWN: the supervisor itself ends, over its budget
 * @USHER_REPORT_RESOURCE: descriptors, memory, threads or processes have run out, and the
 *   supervisor waits for them
 * @USHER_REPORT_PROGRESS: a child was started by its supervisor
 *
 * What a report is about. The first four, and progress, are OTP's.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_REPORT_START_ERROR,
  USHER_REPORT_CHILD_TERMINATED,
  USHER_REPORT_SHUTDOWN_ERROR,
  USHER_REPORT_SHUTDOWN,
  USHER_REPORT_RESOURCE,
  USHER_REPORT_PROGRESS,
} UsherReportContext;

/**
 * UsherReportFormat:
 * @USHER_REPORT_FORMAT_LINE: one line, for people
 * @USHER_REPORT_FORMAT_BLOCK: a line for every field, with OTP's names for them
 *
 * How a report is written down.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_REPORT_FORMAT_LINE,
  USHER_REPORT_FORMAT_BLOCK,
} UsherReportFormat;

#define USHER_TYPE_REPORT_CONTEXT (usher_report_context_get_type ())
#define USHER_TYPE_REPORT_FORMAT (usher_report_format_get_type ())
#define USHER_TYPE_REPORT (usher_report_get_type ())

typedef struct _UsherReport UsherReport;

USHER_AVAILABLE_IN_0_1
GType usher_report_context_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_report_format_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_report_get_type (void) G_GNUC_CONST;
USHER_AVAILABLE_IN_0_1
UsherReport *usher_report_ref (UsherReport *self);
USHER_AVAILABLE_IN_0_1
void usher_report_unref (UsherReport *self);
USHER_AVAILABLE_IN_0_1
const char *usher_report_get_supervisor (const UsherReport *self);
USHER_AVAILABLE_IN_0_1
UsherReportContext usher_report_get_context (const UsherReport *self);
USHER_AVAILABLE_IN_0_1
UsherExit *usher_report_get_reason (const UsherReport *self);
USHER_AVAILABLE_IN_0_1
const char *usher_report_get_offender (const UsherReport *self);
USHER_AVAILABLE_IN_0_1
const char *usher_report_get_detail (const UsherReport *self);
USHER_AVAILABLE_IN_0_1
guint usher_report_get_n_children (const UsherReport *self);
USHER_AVAILABLE_IN_0_1
UsherChildType usher_report_get_child_type (const UsherReport *self);
USHER_AVAILABLE_IN_0_1
UsherRestart usher_report_get_restart (const UsherReport *self);
USHER_AVAILABLE_IN_0_1
gint64 usher_report_get_shutdown_msec (const UsherReport *self);
USHER_AVAILABLE_IN_0_1
gboolean usher_report_get_significant (const UsherReport *self);
USHER_AVAILABLE_IN_0_1
char *usher_report_to_string (const UsherReport *self);
USHER_AVAILABLE_IN_0_1
char *usher_report_to_format (const UsherReport *self,
                              UsherReportFormat format,
                              int max_chars);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherReport, usher_report_unref)

G_END_DECLS
