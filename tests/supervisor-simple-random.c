/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/iterate.h"
#include "support/nursery.h"
#include "support/supervisor-fixture.h"
#include "support/test-child.h"

typedef NurseryFixture Fixture;

static TestChild *
pick (Fixture *fixture)
{
  return fixture->nursery.n_made > 0 ? fixture->nursery.children[g_test_rand_int_range (0, fixture->nursery.n_made)] : NULL;
}

static void
on_any_answer (GObject *object,
               GAsyncResult *result,
               gpointer data)
{
  guint *n_unanswered = data;

  (*n_unanswered)--;
}

static void
start_any (Fixture *fixture,
           guint *n_unanswered)
{
  /* Restarts make children, too. */
  if (fixture->nursery.n_made >= MAX_NURSERY / 2)
    return;

  (*n_unanswered)++;
  usher_supervisor_start_child_with_argument_async (fixture->base.supervisor, NULL, NULL,
                                                    on_any_answer, n_unanswered);
}

static void
disturb (Fixture *fixture,
         TestChild *child,
         guint *n_unanswered)
{
  if (child == NULL)
    return;

  if (g_test_rand_bit ())
    {
      (*n_unanswered)++;
      usher_supervisor_terminate_child_object_async (fixture->base.supervisor, USHER_CHILD (child),
                                                     NULL, on_any_answer, n_unanswered);
    }
  else if (test_child_is_starting (child))
    test_child_answer_start (child);
  else if (test_child_is_running (child))
    test_child_exit (child, g_test_rand_int_range (USHER_EXIT_NORMAL, USHER_EXIT_KILLED + 1));
}

static void
do_anything (Fixture *fixture,
             guint *n_unanswered)
{
  UsherChild *supervisor = USHER_CHILD (fixture->base.supervisor);

  fixture->nursery.start = g_test_rand_int_range (TEST_START_OK, TEST_START_STUBBORN + 1);
  fixture->nursery.stop = g_test_rand_int_range (TEST_STOP_SHUTDOWN, TEST_STOP_REFUSE + 1);
  fixture->nursery.n_failures = g_test_rand_int_range (0, 8) == 0;

  switch (g_test_rand_int_range (0, 16))
    {
    case 0:
      usher_child_shutdown (supervisor, g_test_rand_bit () ? USHER_STOP_FINAL : USHER_STOP_RESTART);
      break;
    case 1:
      advance_msec (g_test_rand_int_range (0, 120));
      break;
    case 2:
    case 3:
    case 4:
    case 5:
      start_any (fixture, n_unanswered);
      break;
    default:
      disturb (fixture, pick (fixture), n_unanswered);
    }
  if (g_test_rand_bit ())
    iterate_pending (NULL);
}

/* Whatever was done, one kill ends it, and late starts are all that may be left. */
static void
bring_down (Fixture *fixture)
{
  iterate_pending (NULL);
  if (fixture->base.exit == NULL)
    usher_child_kill (USHER_CHILD (fixture->base.supervisor));
  iterate_pending (NULL);
  g_assert_nonnull (fixture->base.exit);
  for (guint i = 0; i < fixture->nursery.n_made; i++)
    {
      TestChild *child = fixture->nursery.children[i];

      if (child != NULL && test_child_is_starting (child))
        test_child_answer_start (child);
    }
  iterate_pending (NULL);
  usher_child_shutdown (USHER_CHILD (fixture->base.supervisor), USHER_STOP_FINAL);
  iterate_pending (NULL);
}

static void
test_nothing_is_left_of_it (Fixture *fixture,
                            gconstpointer data)
{
  UsherRestart restart = g_test_rand_int_range (USHER_RESTART_PERMANENT, USHER_RESTART_TEMPORARY + 1);

  nursery_fixture_add (fixture, restart);
  usher_supervisor_set_intensity (fixture->base.supervisor, 4);
  for (guint life = 0; life < 200; life++)
    {
      guint n_unanswered = 0;

      g_string_truncate (fixture->base.trace, 0);
      supervisor_fixture_start (&fixture->base, "");
      for (guint i = 0; i < 40; i++)
        do_anything (fixture, &n_unanswered);
      bring_down (fixture);
      g_assert_cmpuint (n_unanswered, ==, 0);
      assert_children (&fixture->base, "1 0 0 0");
      nursery_assert_empty (&fixture->nursery);
      fixture->nursery.n_made = 0;
    }
}

/* There is much to report. */
static GLogWriterOutput
be_silent (GLogLevelFlags level,
           const GLogField *fields,
           gsize n_fields,
           gpointer user_data)
{
  return (level & G_LOG_LEVEL_MASK) > G_LOG_LEVEL_WARNING ? G_LOG_WRITER_HANDLED : g_log_writer_default (level, fields, n_fields, user_data);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (be_silent, NULL, NULL);

  for (guint i = 0; i < 8; i++)
    {
      g_autofree char *path = g_strdup_printf ("/supervisor-simple-random/nothing-is-left-of-it/%u", i);

      NURSERY_CASE (path, USHER_STRATEGY_SIMPLE_ONE_FOR_ONE, test_nothing_is_left_of_it);
    }

  return g_test_run ();
}
