/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include "runtime/reactor-private.h"

G_BEGIN_DECLS

/* A context of the test's own, with a reactor, under the fake clock. */
typedef struct
{
  GMainContext *context; /* (owned) */
  UsherReactor *reactor; /* (owned) (nullable): the test may drop it */
} ReactorFixture;

void reactor_fixture_set_up (ReactorFixture *self,
                             gconstpointer user_data);
void reactor_fixture_tear_down (ReactorFixture *self,
                                gconstpointer user_data);

typedef void (*ReactorFixtureFunc) (ReactorFixture *self,
                                    gconstpointer user_data);
void reactor_fixture_add_test (const char *path,
                               ReactorFixtureFunc test);

G_END_DECLS
