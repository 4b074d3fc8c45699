/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "supervision/child-spec-private.h"
#include "support/test-child.h"

static void
test_defaults_are_otps (void)
{
  g_autoptr (GString) trace = g_string_new (NULL);
  g_autoptr (TestChild) child = test_child_new ("a", trace);
  g_autoptr (UsherSupervisor) supervisor = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) worker = usher_child_spec_new ("a", USHER_CHILD (child));
  g_autoptr (UsherChildSpec) inner = usher_child_spec_new ("b", USHER_CHILD (supervisor));

  g_assert_cmpstr (usher_child_spec_get_id (worker), ==, "a");
  g_assert_cmpint (usher_child_spec_get_restart (worker), ==, USHER_RESTART_PERMANENT);
  g_assert_cmpint (usher_child_spec_get_shutdown_msec (worker), ==, USHER_SHUTDOWN_DEFAULT);
  g_assert_false (usher_child_spec_get_significant (worker));
  g_assert_cmpuint (usher_child_spec_get_restart_delay (worker, NULL, NULL), ==, 0);
  g_assert_cmpint (usher_child_spec_resolve_shutdown_msec (worker, USHER_CHILD (child)), ==, 5000);
  g_assert_cmpint (usher_child_spec_resolve_shutdown_msec (inner, USHER_CHILD (supervisor)), ==, USHER_SHUTDOWN_INFINITY);
}

static void
test_copy_is_independent (void)
{
  g_autoptr (GString) trace = g_string_new (NULL);
  g_autoptr (TestChild) child = test_child_new ("a", trace);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("a", USHER_CHILD (child));
  guint max_msec;
  double jitter;

  usher_child_spec_set_restart (spec, USHER_RESTART_TEMPORARY);
  usher_child_spec_set_significant (spec, TRUE);
  usher_child_spec_set_restart_delay (spec, 10, 20, 0.5);

  g_autoptr (UsherChildSpec) copy = usher_child_spec_copy (spec);

  usher_child_spec_set_restart (spec, USHER_RESTART_PERMANENT);
  g_assert_cmpstr (usher_child_spec_get_id (copy), ==, "a");
  g_assert_true (usher_child_spec_get_child (copy) == USHER_CHILD (child));
  g_assert_cmpint (usher_child_spec_get_restart (copy), ==, USHER_RESTART_TEMPORARY);
  g_assert_true (usher_child_spec_get_significant (copy));
  g_assert_cmpuint (usher_child_spec_get_restart_delay (copy, &max_msec, &jitter), ==, 10);
  g_assert_cmpuint (max_msec, ==, 20);
  g_assert_cmpfloat (jitter, ==, 0.5);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/child-spec/defaults-are-otps", test_defaults_are_otps);
  g_test_add_func ("/child-spec/a-copy-is-independent", test_copy_is_independent);

  return g_test_run ();
}
