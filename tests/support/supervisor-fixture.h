/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <usher/usher.h>

#include "support/test-child.h"

G_BEGIN_DECLS

/* A supervisor with the children a, b, c and d, and one line for all that happens: what the
 * children are told, and `context/offender/reason` for reports, with ×2 for one that speaks for two. */
typedef struct
{
  UsherSupervisor *supervisor;
  TestChild *children[4];
  GString *trace;
  UsherExit *exit; /* (nullable): of the supervisor */
  UsherStartResult started;
  GError *start_error; /* (nullable) */
  gboolean is_started;
} SupervisorFixture;

enum
{
  A,
  B,
  C,
  D,
};

#define SUPERVISOR_CASE(path, strategy, func)                                                 \
  g_test_add (path, SupervisorFixture, GINT_TO_POINTER (strategy), supervisor_fixture_set_up, \
              func, supervisor_fixture_tear_down)

void supervisor_fixture_on_report (UsherSupervisor *supervisor, UsherReport *report, SupervisorFixture *fixture);
void supervisor_fixture_on_exited (UsherChild *child, guint64 serial, UsherExit *exit, SupervisorFixture *fixture);
void supervisor_fixture_add (SupervisorFixture *fixture, guint index, UsherRestart restart, gint64 shutdown_msec);
void supervisor_fixture_set_up (SupervisorFixture *fixture, gconstpointer strategy);
void supervisor_fixture_add_four (SupervisorFixture *fixture);
void supervisor_fixture_tear_down (SupervisorFixture *fixture, gconstpointer strategy);
void supervisor_fixture_on_started (GObject *object, GAsyncResult *result, gpointer data);
void supervisor_fixture_begin_start (SupervisorFixture *fixture, GCancellable *cancellable);
void supervisor_fixture_assert_trace (SupervisorFixture *fixture, const char *expected);
void supervisor_fixture_start (SupervisorFixture *fixture, const char *expected);
void supervisor_fixture_assert_exited (SupervisorFixture *fixture, const char *expected);
void supervisor_fixture_stop (SupervisorFixture *fixture, const char *expected);
void advance_msec (gint64 msec);

G_END_DECLS
