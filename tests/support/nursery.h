/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <usher/usher.h>

#include "support/calls.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

G_BEGIN_DECLS

#define MAX_NURSERY 64

/* A factory of test children: x1, x2 and so on, or named after the argument (a string) that it is
 * given, x1 with the argument `red` being `red1`. */
typedef struct
{
  GString *trace; /* (unowned) */
  guint n_made;
  TestChild *children[MAX_NURSERY]; /* (unowned) (nullable): NULL when it is gone */

  /* What the next children are like. */
  TestStart start;
  TestStop stop;
  guint64 shutdown_time_msec;

  /* What the next calls do instead. */
  guint n_failures;
  gboolean is_silent;
  UsherChild *stranger;                  /* (unowned) (nullable): is returned */
  void (*meddle) (gpointer meddle_data); /* (nullable): is called first */
  gpointer meddle_data;
} Nursery;

/* A supervisor with children of a nursery. */
typedef struct
{
  SupervisorFixture base;
  Nursery nursery;
} NurseryFixture;

#define NURSERY_CASE(path, strategy, func)                                              \
  g_test_add (path, NurseryFixture, GINT_TO_POINTER (strategy), nursery_fixture_set_up, \
              func, nursery_fixture_tear_down)

/* A factory; `nursery` is a Nursery. */
UsherChild *nursery_make (GVariant *argument, gpointer nursery, GError **error);
/* The specification of x, with a shutdown limit of 100 ms. */
UsherChildSpec *nursery_spec_new (Nursery *self, UsherRestart restart);
/* Nothing is left of what was made. */
void nursery_assert_empty (Nursery *self);

void nursery_fixture_set_up (NurseryFixture *fixture, gconstpointer strategy);
void nursery_fixture_tear_down (NurseryFixture *fixture, gconstpointer strategy);
/* Adds x. */
void nursery_fixture_add (NurseryFixture *fixture, UsherRestart restart);
/* Adds x, and starts the supervisor and some children; nothing of that is traced. */
void nursery_fixture_start_with (NurseryFixture *fixture, UsherRestart restart, guint n_children);
TestChild *nursery_fixture_get_test_child (NurseryFixture *fixture, guint index);
UsherChild *nursery_fixture_get (NurseryFixture *fixture, guint index);
/* Calls to a simple-one-for-one supervisor; `argument` is nullable. */
void begin_start_with_argument (NurseryFixture *fixture, const char *argument, Call *call);
void begin_terminate_object (NurseryFixture *fixture, UsherChild *child, Call *call);
/* Starts some children, one after the other. */
void nursery_fixture_start_children (NurseryFixture *fixture, guint n_children);

G_END_DECLS
