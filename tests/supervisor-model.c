/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/history.h"
#include "runtime/flow-private.h"

/* Random sequences of events happen to a tree of supervisors and to a plain model of OTP's, which
 * have to be seen to do the same. `--sequences N` says how many, `--only N` takes a single one. */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define N_SEQUENCES 5000
#else
#define N_SEQUENCES 20000
#endif

static int n_sequences = N_SEQUENCES;
static int only = -1;
static guint32 current;

static gboolean
run_sequence (const Sequence *sequence,
              GString *story)
{
  Seen seen;
  World *world;
  gboolean is_possible;

  seen_init (&seen);
  world = world_new (sequence, &seen);

  g_autoptr (GPtrArray) history = history_play (sequence, world, &seen);

  is_possible = history_is_possible (history, sequence, story);
  if (is_possible)
    world_free (world);
  else
    world_abandon (world);
  seen_clear (&seen);

  return is_possible;
}

/* Whether it could be made smaller, and still fails. */
static gboolean
shrink (Sequence *sequence)
{
  gboolean is_smaller = FALSE;
  Sequence smaller = *sequence;

  for (guint way = 0; sequence_simplify (&smaller, way); way++)
    {
      if (memcmp (sequence, &smaller, sizeof smaller) != 0 && !run_sequence (&smaller, NULL))
        {
          *sequence = smaller;
          is_smaller = TRUE;
        }
      smaller = *sequence;
    }

  return is_smaller;
}

static void
fail (Sequence *sequence)
{
  g_autoptr (GString) story = g_string_new (NULL);

  while (shrink (sequence))
    continue;

  sequence_print_plan (sequence, story);
  run_sequence (sequence, story);
  g_test_message ("--only %u, at its shortest:\n%s", current, story->str);
  g_test_fail ();
}

static void
test_sequences (void)
{
  if (!usher_flow_is_supported ())
    {
      g_test_skip ("the model's processes need stacks of their own");
      return;
    }

  guint32 first = only >= 0 ? (guint32) only : g_test_rand_int () & G_MAXINT32;

  for (int i = 0; i < (only >= 0 ? 1 : n_sequences) && !g_test_failed (); i++)
    {
      Sequence sequence;

      current = (first + i) & G_MAXINT32;
      sequence_generate (&sequence, current);
      if (!run_sequence (&sequence, NULL))
        fail (&sequence);
    }
}

static GLogWriterOutput
write_log (GLogLevelFlags level,
           const GLogField *fields,
           gsize n_fields,
           gpointer user_data)
{
  if ((level & G_LOG_LEVEL_MASK) > G_LOG_LEVEL_WARNING)
    return G_LOG_WRITER_HANDLED;

  g_test_message ("--only %u:", current);
  return g_log_writer_default (level, fields, n_fields, user_data);
}

int
main (int argc,
      char *argv[])
{
  const GOptionEntry entries[] = {
    { "sequences", 0, 0, G_OPTION_ARG_INT, &n_sequences, "How many sequences to try", "N" },
    { "only", 0, 0, G_OPTION_ARG_INT, &only, "The one sequence to try", "N" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_ignore_unknown_options (context, TRUE);
  g_option_context_parse (context, &argc, &argv, NULL);
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (write_log, NULL, NULL);

  g_test_add_func ("/supervisor-model/does-as-otp-does", test_sequences);

  return g_test_run ();
}
