/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/clock-private.h"
#include "support/fake-clock.h"
#include "support/iterate.h"

static gboolean
mark (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

static gboolean
is_marked (gpointer user_data)
{
  return *(gboolean *) user_data;
}

static gboolean
dispatch_mark (GSource *source,
               GSourceFunc callback,
               gpointer user_data)
{
  return callback (user_data);
}

static GSourceFuncs funcs = { .dispatch = dispatch_mark };

/* (transfer full): a source that sets `marked` when it is dispatched, attached to `context`. */
static GSource *
attach_source (GMainContext *context,
               gboolean *marked)
{
  GSource *source = g_source_new (&funcs, sizeof (GSource));

  g_source_set_callback (source, mark, marked, NULL);
  g_source_attach (source, context);

  return source;
}

static void
test_monotonic (void)
{
  gint64 before = g_get_monotonic_time ();
  gint64 now = usher_clock_now_usec ();

  g_assert_cmpint (now, >=, before);
  g_assert_cmpint (now, <=, g_get_monotonic_time ());
}

static void
test_arms_monotonic (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  gboolean marked = FALSE;
  g_autoptr (GSource) source = attach_source (context, &marked);
  gint64 deadline_usec = usher_clock_now_usec () + 1000;

  iterate_pending (context);
  g_assert_false (marked);

  usher_clock_arm (source, deadline_usec);
  iterate_until (context, is_marked, &marked);
  g_assert_cmpint (g_get_monotonic_time (), >=, deadline_usec);
}

static void
test_replaced (void)
{
  gint64 start_usec;

  fake_clock_install ();
  start_usec = usher_clock_now_usec ();
  g_assert_cmpint (usher_clock_now_usec (), ==, start_usec);

  fake_clock_advance_usec (17);
  g_assert_cmpint (usher_clock_now_usec (), ==, start_usec + 17);

  fake_clock_remove ();
  test_monotonic ();
}

static void
test_fake_rings_when_due (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  gboolean marked = FALSE;
  g_autoptr (GSource) source = NULL;

  fake_clock_install ();
  source = attach_source (context, &marked);

  usher_clock_arm (source, usher_clock_now_usec () + 100);
  fake_clock_advance_usec (99);
  iterate_pending (context);
  g_assert_false (marked);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 1);

  fake_clock_advance_usec (1);
  iterate_pending (context);
  g_assert_true (marked);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);

  fake_clock_remove ();
}

static void
test_fake_rings_at_once (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  gboolean marked = FALSE;
  g_autoptr (GSource) source = NULL;

  fake_clock_install ();
  source = attach_source (context, &marked);

  usher_clock_arm (source, usher_clock_now_usec ());
  iterate_pending (context);
  g_assert_true (marked);

  fake_clock_remove ();
}

static void
test_fake_forgets (void)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  gboolean disarmed_marked = FALSE;
  gboolean destroyed_marked = FALSE;
  g_autoptr (GSource) disarmed = NULL;
  g_autoptr (GSource) destroyed = NULL;

  fake_clock_install ();
  disarmed = attach_source (context, &disarmed_marked);
  destroyed = attach_source (context, &destroyed_marked);

  usher_clock_arm (disarmed, usher_clock_now_usec () + 1);
  usher_clock_arm (disarmed, -1);
  usher_clock_arm (destroyed, usher_clock_now_usec () + 1);
  g_source_destroy (destroyed);
  g_clear_pointer (&destroyed, g_source_unref);

  fake_clock_advance_usec (1);
  iterate_pending (context);
  g_assert_false (disarmed_marked);
  g_assert_false (destroyed_marked);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);

  fake_clock_remove ();
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/clock/is-monotonic", test_monotonic);
  g_test_add_func ("/clock/readies-a-source-at-its-deadline", test_arms_monotonic);
  g_test_add_func ("/clock/can-be-replaced-and-brought-back", test_replaced);
  g_test_add_func ("/clock/fake/readies-a-source-when-it-is-due", test_fake_rings_when_due);
  g_test_add_func ("/clock/fake/readies-a-source-at-once-if-due", test_fake_rings_at_once);
  g_test_add_func ("/clock/fake/forgets-disarmed-and-destroyed", test_fake_forgets);

  return g_test_run ();
}
