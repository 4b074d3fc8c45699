/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/fiber-private.h"
#include "support/reactor-fixture.h"

G_BEGIN_DECLS

typedef struct _TestFiber TestFiber;
typedef void (*TestFiberFunc) (TestFiber *self);

/* A fiber that does what the test wants. Zero-initialise it. */
struct _TestFiber
{
  UsherFiber *fiber; /* (owned) (nullable) */
  TestFiberFunc func;
  gpointer data; /* (unowned) (nullable): the test's own */
  gboolean has_finished;
};

/* It runs until it suspends. */
void test_fiber_start (TestFiber *self,
                       UsherReactor *reactor,
                       TestFiberFunc func,
                       gpointer data);
void test_fiber_clear (TestFiber *self);

/* An IterateCondition. */
gboolean test_fiber_has_finished (gpointer user_data);

/* Like reactor_fixture_add_test (), for tests that need fibers: skipped where there are none. */
void fiber_add_test (const char *path,
                     ReactorFixtureFunc test);

G_END_DECLS
