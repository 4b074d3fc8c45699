/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/iterate.h"
#include "support/test-child.h"

static void
count_exit (UsherChild *child,
            guint64 serial,
            UsherExit *exit,
            guint64 *last_serial)
{
  g_assert_cmpint (usher_exit_get_kind (exit), ==, USHER_EXIT_SHUTDOWN);
  *last_serial = serial;
}

static void
test_starts_are_counted (void)
{
  g_autoptr (GString) trace = g_string_new (NULL);
  g_autoptr (TestChild) child = test_child_new ("a", trace);
  guint64 last_serial = 0;

  g_signal_connect (child, "exited", G_CALLBACK (count_exit), &last_serial);
  g_assert_cmpuint (usher_child_get_serial (USHER_CHILD (child)), ==, 0);

  for (guint64 serial = 1; serial <= 3; serial++)
    {
      usher_child_start_async (USHER_CHILD (child), NULL, NULL, NULL);
      iterate_pending (NULL);
      g_assert_cmpuint (usher_child_get_serial (USHER_CHILD (child)), ==, serial);
      usher_child_shutdown (USHER_CHILD (child), USHER_STOP_FINAL);
      g_assert_cmpuint (last_serial, ==, serial);
    }
}

static void
on_started (GObject *object,
            GAsyncResult *result,
            gpointer data)
{
  GError **error = data;

  usher_child_start_finish (USHER_CHILD (object), result, error);
}

static void
assert_refused (TestChild *child)
{
  g_autoptr (GError) error = NULL;

  usher_child_start_async (USHER_CHILD (child), NULL, on_started, &error);
  iterate_pending (NULL);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
}

/* The child does not hear of it, and goes on with the life that it has. */
static void
test_refused_start_is_not_counted (void)
{
  g_autoptr (GString) trace = g_string_new (NULL);
  g_autoptr (TestChild) child = test_child_new ("a", trace);
  guint64 last_serial = 0;

  g_signal_connect (child, "exited", G_CALLBACK (count_exit), &last_serial);
  test_child_set_next_starts (child, TEST_START_FAIL, 1);
  usher_child_start_async (USHER_CHILD (child), NULL, NULL, NULL);
  iterate_pending (NULL);
  test_child_set_start (child, TEST_START_STUBBORN);
  usher_child_start_async (USHER_CHILD (child), NULL, NULL, NULL);
  assert_refused (child);
  test_child_answer_start (child);
  assert_refused (child);
  assert_refused (child);
  g_assert_cmpuint (usher_child_get_serial (USHER_CHILD (child)), ==, 2);
  usher_child_shutdown (USHER_CHILD (child), USHER_STOP_FINAL);
  g_assert_cmpuint (last_serial, ==, 2);
  usher_child_start_async (USHER_CHILD (child), NULL, NULL, NULL);
  g_assert_cmpuint (usher_child_get_serial (USHER_CHILD (child)), ==, 3);
  g_assert_cmpstr (trace->str, ==, "+a +a =a +a");
  test_child_answer_start (child);
  iterate_pending (NULL);
  usher_child_shutdown (USHER_CHILD (child), USHER_STOP_FINAL);
}

/* An exit before the start was finished does not make room for another start. */
static void
test_hasty_exit (void)
{
  g_autoptr (GString) trace = g_string_new (NULL);
  g_autoptr (TestChild) child = test_child_new ("a", trace);
  guint64 last_serial = 0;

  g_signal_connect (child, "exited", G_CALLBACK (count_exit), &last_serial);
  usher_child_start_async (USHER_CHILD (child), NULL, NULL, NULL);
  usher_child_shutdown (USHER_CHILD (child), USHER_STOP_FINAL);
  g_assert_cmpuint (last_serial, ==, 1);
  assert_refused (child);
  usher_child_start_async (USHER_CHILD (child), NULL, NULL, NULL);
  iterate_pending (NULL);
  usher_child_shutdown (USHER_CHILD (child), USHER_STOP_FINAL);
  g_assert_cmpuint (last_serial, ==, 2);
}

static void
test_defaults (void)
{
  g_autoptr (GString) trace = g_string_new (NULL);
  g_autoptr (TestChild) child = test_child_new ("a", trace);
  g_autoptr (UsherSupervisor) supervisor = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);

  g_assert_cmpint (usher_child_get_child_type (USHER_CHILD (child)), ==, USHER_CHILD_WORKER);
  g_assert_cmpuint (usher_child_get_shutdown_time_msec (USHER_CHILD (child)), ==, 0);
  g_assert_cmpint (usher_child_get_child_type (USHER_CHILD (supervisor)), ==, USHER_CHILD_SUPERVISOR);
}

/* The time of a supervisor is the sum over its children: they are stopped one after the other. */
static void
test_supervisor_needs_the_time_of_its_children (void)
{
  g_autoptr (GString) trace = g_string_new (NULL);
  g_autoptr (UsherSupervisor) supervisor = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  const gint64 limits_msec[] = { 100, USHER_SHUTDOWN_DEFAULT, USHER_SHUTDOWN_BRUTAL_KILL, USHER_SHUTDOWN_INFINITY };

  for (guint i = 0; i < G_N_ELEMENTS (limits_msec); i++)
    {
      g_autofree char *id = g_strdup_printf ("child-%u", i);
      g_autoptr (TestChild) child = test_child_new (id, trace);
      g_autoptr (UsherChildSpec) spec = usher_child_spec_new (id, USHER_CHILD (child));

      test_child_set_shutdown_time_msec (child, i == 3 ? 7 : 0);
      usher_child_spec_set_shutdown_msec (spec, limits_msec[i]);
      g_assert_true (usher_supervisor_add_child (supervisor, spec, NULL));
    }

  g_assert_cmpuint (usher_child_get_shutdown_time_msec (USHER_CHILD (supervisor)), ==, 100 + 5000 + 0 + 7);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/child/starts-are-counted", test_starts_are_counted);
  g_test_add_func ("/child/a-refused-start-is-not-counted", test_refused_start_is_not_counted);
  g_test_add_func ("/child/a-hasty-exit-waits-for-its-start", test_hasty_exit);
  g_test_add_func ("/child/is-a-worker-by-default", test_defaults);
  g_test_add_func ("/child/a-supervisor-needs-the-time-of-its-children",
                   test_supervisor_needs_the_time_of_its_children);

  return g_test_run ();
}
