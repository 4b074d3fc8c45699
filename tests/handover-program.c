/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <glib/gstdio.h>
#include <unistd.h>

#include "support/handover-fixture.h"

static const char *program;

static void
on_start_over (GObject *object,
               GAsyncResult *result,
               gpointer user_data)
{
  Generation *self = user_data;

  self->is_answered = TRUE;
  usher_handover_start_successor_finish (USHER_HANDOVER (object), result, &self->error);
}

static void
begin_starting (Generation *self,
                const char *const *argv)
{
  g_clear_error (&self->error);
  self->is_answered = FALSE;
  usher_handover_start_successor_async (self->handover, argv, on_start_over, self);
}

static void
test_program_exits (HandoverFixture *fixture,
                    gconstpointer data)
{
  const char *argv[] = { "sh", "-c", "exit 3", NULL };

  begin_starting (fixture->first, argv);
  iterate_until (NULL, generation_is_answered, fixture->first);
  g_assert_error (fixture->first->error, USHER_ERROR, USHER_ERROR_FAILED);
  g_assert_nonnull (strstr (fixture->first->error->message, "code 3"));
  generation_assert_serves (fixture->first);
}

static void
test_no_program (HandoverFixture *fixture,
                 gconstpointer data)
{
  const char *argv[] = { "/nonexistent/program", NULL };

  begin_starting (fixture->first, argv);
  iterate_until (NULL, generation_is_answered, fixture->first);
  g_assert_error (fixture->first->error, G_SPAWN_ERROR, G_SPAWN_ERROR_NOENT);
  generation_assert_serves (fixture->first);
}

static void
test_program_hangs (HandoverFixture *fixture,
                    gconstpointer data)
{
  const char *argv[] = { "sleep", "1000", NULL };
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);

  begin_starting (fixture->first, argv);
  fake_clock_advance_usec (60 * G_TIME_SPAN_SECOND);
  iterate_until (NULL, generation_is_answered, fixture->first);
  g_assert_error (fixture->first->error, USHER_ERROR, USHER_ERROR_FAILED);
  g_assert_nonnull (strstr (fixture->first->error->message, "signal 9"));
  g_assert_nonnull (strstr (fixture->first->error->message, "60000 ms"));
  generation_take_over (second);
  generation_free (second);
}

static void
test_one_program_at_a_time (HandoverFixture *fixture,
                            gconstpointer data)
{
  const char *argv[] = { "sleep", "1000", NULL };
  Generation other = { 0 };

  begin_starting (fixture->first, argv);
  other.handover = fixture->first->handover;
  begin_starting (&other, argv);
  iterate_until (NULL, generation_is_answered, &other);
  g_assert_error (other.error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&other.error);
  usher_handover_cancel (fixture->first->handover);
  iterate_until (NULL, generation_is_answered, fixture->first);
  g_assert_error (fixture->first->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* This program itself, as a successor; `when` is at which point it ends. */
static int
be_successor (const char *path,
              const char *when)
{
  HandoverFixture fixture = { .path = (char *) path };
  Generation *self = generation_new (&fixture, "program", ANY_TCP_PORT, NULL);

  if (g_str_equal (when, "at-once"))
    return 4;
  generation_begin_taking (self);
  if (g_str_equal (when, "asking"))
    return 5;
  iterate_until (NULL, generation_is_answered, self);
  if (self->error != NULL)
    return 1;
  if (g_str_equal (when, "taken"))
    return 6;
  generation_start_tree (self);
  generation_be_ready (self);
  return self->error != NULL;
}

static void
test_program_dies (HandoverFixture *fixture,
                   gconstpointer when)
{
  const char *argv[] = { program, "--succeed", fixture->path, when, NULL };
  static const char *const codes[][2] = { { "at-once", "code 4" }, { "asking", "code 5" }, { "taken", "code 6" } };

  begin_starting (fixture->first, argv);
  iterate_until (NULL, generation_is_answered, fixture->first);
  g_assert_error (fixture->first->error, USHER_ERROR, USHER_ERROR_FAILED);
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (g_str_equal (codes[i][0], when))
      g_assert_nonnull (strstr (fixture->first->error->message, codes[i][1]));
  generation_assert_serves (fixture->first);
}

static void
count_superseded (UsherHandover *handover,
                  gint64 pid,
                  const char *version,
                  gint64 *superseded_by)
{
  g_assert_cmpstr (version, ==, "program");
  *superseded_by = pid;
}

static void
test_program_succeeds (HandoverFixture *fixture,
                       gconstpointer data)
{
  const char *argv[] = { program, "--succeed", fixture->path, "never", NULL };
  gint64 pid = 0;

  g_signal_handlers_disconnect_by_data (fixture->first->handover, fixture->first);
  g_signal_connect (fixture->first->handover, "superseded", G_CALLBACK (count_superseded), &pid);
  begin_starting (fixture->first, argv);
  iterate_until (NULL, generation_is_answered, fixture->first);
  g_assert_no_error (fixture->first->error);
  g_assert_cmpint (pid, !=, 0);
  g_assert_cmpint (pid, !=, getpid ());
  g_assert_cmpint (usher_handover_get_successor_pid (fixture->first->handover), ==, pid);
  g_unlink (fixture->path);
}

#define CASE(name, function) \
  g_test_add ("/handover-program/" name, HandoverFixture, NULL, handover_fixture_set_up, function, handover_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  if (argc == 4 && g_str_equal (argv[1], "--succeed"))
    return be_successor (argv[2], argv[3]);

  program = argv[0];
  g_test_init (&argc, &argv, NULL);

  CASE ("tells-how-it-has-exited", test_program_exits);
  CASE ("may-be-missing", test_no_program);
  CASE ("is-killed-if-it-hangs", test_program_hangs);
  CASE ("is-one-at-a-time", test_one_program_at_a_time);
  for (guint i = 0; i < 3; i++)
    {
      static const char *const moments[] = { "at-once", "asking", "taken" };
      g_autofree char *path = g_strconcat ("/handover-program/may-die/", moments[i], NULL);

      g_test_add (path, HandoverFixture, moments[i], handover_fixture_set_up, test_program_dies, handover_fixture_tear_down);
    }
  CASE ("takes-over", test_program_succeeds);

  return g_test_run ();
}
