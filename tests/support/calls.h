/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <usher/usher.h>

#include "support/supervisor-fixture.h"

G_BEGIN_DECLS

/* One call and its answer. */
typedef struct
{
  gboolean is_answered;
  int answer;
  GError *error;     /* (owned) (nullable) */
  UsherChild *child; /* (owned) (nullable) */
} Call;

UsherChildSpec *make_spec (SupervisorFixture *fixture, guint index, UsherRestart restart);
void begin_start_spec (SupervisorFixture *fixture, const UsherChildSpec *spec, Call *call);
void begin_start_child (SupervisorFixture *fixture, guint index, UsherRestart restart, Call *call);
void begin_restart (SupervisorFixture *fixture, const char *id, Call *call);
void begin_terminate (SupervisorFixture *fixture, const char *id, Call *call);
void begin_delete (SupervisorFixture *fixture, const char *id, Call *call);
/* `flags` and `specs` (transfer full) are nullable. */
void begin_change (SupervisorFixture *fixture, const UsherSupervisorFlags *flags, GPtrArray *specs, Call *call);
/* (transfer full): an array of children, `specs` (transfer full), ended by NULL */
GPtrArray *collect_specs (UsherChildSpec *first, ...);
/* It was refused, with that in the message. */
void assert_invalid (Call *call, const char *text);
/* `code` is a USHER_SUPERVISOR_ERROR_*, or -1 for an `answer`. */
void assert_answer (Call *call, int code, int answer);
void assert_started (Call *call);
void assert_done (Call *call);
void assert_refused (Call *call, UsherSupervisorError code);
void assert_failed (Call *call, int io_code);
/* `id state`, with – for no id, the last child first; then specs, active, supervisors and workers. */
void assert_children (SupervisorFixture *fixture, const char *expected);

G_END_DECLS
