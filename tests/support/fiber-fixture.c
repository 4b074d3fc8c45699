/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/fiber-fixture.h"

static void
test_fiber_run (gpointer user_data)
{
  TestFiber *self = user_data;

  g_assert_true (usher_fiber_get_current () == self->fiber);
  self->func (self);
}

static void
test_fiber_finished (gpointer user_data)
{
  TestFiber *self = user_data;

  g_assert_true (usher_fiber_get_current () != self->fiber);
  self->has_finished = TRUE;
}

static char *
test_fiber_dup_name (gpointer user_data)
{
  return g_strdup ("of the test");
}

static const UsherFiberCode code = {
  .run = test_fiber_run,
  .finished = test_fiber_finished,
  .dup_name = test_fiber_dup_name,
};

void
test_fiber_start (TestFiber *self,
                  UsherReactor *reactor,
                  TestFiberFunc func,
                  gpointer data)
{
  g_autoptr (GError) error = NULL;

  *self = (TestFiber){ .func = func, .data = data };
  self->fiber = usher_fiber_new (reactor, &code, self, &error);
  g_assert_no_error (error);
  usher_fiber_resume (self->fiber);
}

void
test_fiber_clear (TestFiber *self)
{
  g_assert_true (self->has_finished);
  g_clear_pointer (&self->fiber, usher_fiber_unref);
}

gboolean
test_fiber_has_finished (gpointer user_data)
{
  TestFiber *self = user_data;

  return self->has_finished;
}

void
fiber_add_test (const char *path,
                ReactorFixtureFunc test)
{
  if (usher_fiber_is_supported (NULL))
    reactor_fixture_add_test (path, test);
}
