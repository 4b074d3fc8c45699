/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/reactor-fixture.h"

#include "support/fake-clock.h"

void
reactor_fixture_set_up (ReactorFixture *self,
                        gconstpointer user_data)
{
  fake_clock_install ();
  self->context = g_main_context_new ();
  self->reactor = usher_reactor_ref_for_context (self->context);
}

/* Nothing is left behind that could call anybody. */
void
reactor_fixture_tear_down (ReactorFixture *self,
                           gconstpointer user_data)
{
  g_clear_pointer (&self->reactor, usher_reactor_unref);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  g_assert_false (g_main_context_pending (self->context));

  g_clear_pointer (&self->context, g_main_context_unref);
  fake_clock_remove ();
}

void
reactor_fixture_add_test (const char *path,
                          ReactorFixtureFunc test)
{
  g_test_add (path, ReactorFixture, NULL, reactor_fixture_set_up, test, reactor_fixture_tear_down);
}
