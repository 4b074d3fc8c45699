/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/model.h"
#include "model/world.h"

/* Random sequences of events happen to a supervisor and to a plain model of OTP's, which have to be
 * seen to do the same. `--sequences N` says how many, `--seed N` takes one alone. */

#ifdef __SANITIZE_ADDRESS__
#define N_SEQUENCES 2000
#else
#define N_SEQUENCES 20000
#endif

static int n_sequences = N_SEQUENCES;
static int only_seed = -1;

/* One sequence in both, side by side. */
typedef struct
{
  Seen expected;
  Seen seen;
  Model *model;
  World *world;
  GString *story; /* (nullable): what is to be told of it */
  gboolean is_equal;
} Run;

static void
tell (Run *run,
      const Event *event)
{
  if (run->story == NULL)
    return;

  g_string_append (run->story, "  ");
  event_print (event, run->story);
  g_string_append_c (run->story, '\n');
}

static void
tell_difference (Run *run)
{
  if (run->story == NULL)
    return;

  g_string_append (run->story, "  the model:\n");
  seen_print (&run->expected, run->story);
  g_string_append (run->story, "  the library:\n");
  seen_print (&run->seen, run->story);
}

static void
compare (Run *run)
{
  model_settle (run->model);
  world_settle (run->world);
  if (!seen_is_equal (&run->expected, &run->seen))
    {
      if (run->is_equal)
        tell_difference (run);
      run->is_equal = FALSE;
    }
  seen_reset (&run->expected);
  seen_reset (&run->seen);
}

/* Nobody can have reacted in the library to what the model does at once. */
static gboolean
needs_quiet (const Event *event)
{
  return event->kind == EVENT_CANCEL || event->kind == EVENT_ANSWER || event->kind == EVENT_ADVANCE;
}

static void
happen (Run *run,
        const Event *event)
{
  if (event->kind == EVENT_NOTHING)
    return;
  if (needs_quiet (event))
    compare (run);
  if (!run->is_equal || !model_accepts (run->model, event))
    return;

  tell (run, event);
  model_do (run->model, event);
  world_do (run->world, event);
  if (!event->is_hasty)
    compare (run);
}

static void
bring_down (Run *run)
{
  const Event kill = { .kind = EVENT_KILL };
  const Event release = { .kind = EVENT_SHUTDOWN, .argument = USHER_STOP_FINAL };

  compare (run);
  happen (run, &kill);
  for (guint i = 0; i < MAX_CHILDREN; i++)
    {
      const Event answer = { .kind = EVENT_ANSWER, .child = i };

      happen (run, &answer);
    }
  happen (run, &release);
}

static gboolean
run_sequence (const Sequence *sequence,
              GString *story)
{
  Run run = { .story = story, .is_equal = TRUE };

  seen_init (&run.expected);
  seen_init (&run.seen);
  run.model = model_new (sequence, &run.expected);
  run.world = world_new (sequence, &run.seen);
  for (guint i = 0; i < MAX_EVENTS && run.is_equal; i++)
    happen (&run, &sequence->events[i]);
  bring_down (&run);
  model_free (run.model);
  if (run.is_equal)
    world_free (run.world);
  else
    world_abandon (run.world);
  seen_clear (&run.seen);
  seen_clear (&run.expected);

  return run.is_equal;
}

/* Keeps the change if the sequence still fails. */
static gboolean
keeps_failing (Sequence *sequence,
               const Sequence *smaller)
{
  if (memcmp (sequence, smaller, sizeof *sequence) == 0 || run_sequence (smaller, NULL))
    return FALSE;

  *sequence = *smaller;
  return TRUE;
}

static gboolean
shrink_events (Sequence *sequence)
{
  gboolean is_smaller = FALSE;

  for (guint i = 0; i < MAX_EVENTS; i++)
    {
      Sequence smaller = *sequence;

      smaller.events[i] = (Event){ .kind = EVENT_NOTHING };
      is_smaller |= keeps_failing (sequence, &smaller);
      smaller = *sequence;
      smaller.events[i].is_hasty = FALSE;
      is_smaller |= keeps_failing (sequence, &smaller);
    }

  return is_smaller;
}

static gboolean
shrink_plan (Sequence *sequence)
{
  gboolean is_smaller = FALSE;

  for (guint i = 0; i < MAX_CHILDREN; i++)
    {
      Sequence smaller = *sequence;

      smaller.children[i].restart = USHER_RESTART_PERMANENT;
      is_smaller |= keeps_failing (sequence, &smaller);
      smaller = *sequence;
      smaller.children[i].shutdown_msec = USHER_SHUTDOWN_INFINITY;
      is_smaller |= keeps_failing (sequence, &smaller);
      smaller = *sequence;
      smaller.n_static = i;
      if (i < sequence->n_static)
        is_smaller |= keeps_failing (sequence, &smaller);
    }

  return is_smaller;
}

static void
fail (Sequence *sequence,
      guint32 seed)
{
  g_autoptr (GString) story = g_string_new (NULL);

  while (shrink_events (sequence) || shrink_plan (sequence))
    continue;

  sequence_print_plan (sequence, story);
  run_sequence (sequence, story);
  g_test_message ("--seed %u, at its shortest:\n%s", seed, story->str);
  g_test_fail ();
}

static void
test_sequences (void)
{
  guint32 first = only_seed >= 0 ? (guint32) only_seed : g_test_rand_int () & G_MAXINT32;

  for (int i = 0; i < (only_seed >= 0 ? 1 : n_sequences) && !g_test_failed (); i++)
    {
      guint32 seed = (first + i) & G_MAXINT32;
      Sequence sequence;

      sequence_generate (&sequence, seed);
      if (!run_sequence (&sequence, NULL))
        fail (&sequence, seed);
    }
}

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
  const GOptionEntry entries[] = {
    { "sequences", 0, 0, G_OPTION_ARG_INT, &n_sequences, "How many sequences to try", "N" },
    { "seed", 0, 0, G_OPTION_ARG_INT, &only_seed, "The one sequence to try", "N" },
    G_OPTION_ENTRY_NULL,
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);

  g_option_context_add_main_entries (context, entries, NULL);
  g_option_context_set_ignore_unknown_options (context, TRUE);
  g_option_context_parse (context, &argc, &argv, NULL);
  g_test_init (&argc, &argv, NULL);
  g_log_set_writer_func (be_silent, NULL, NULL);

  g_test_add_func ("/supervisor-mailbox/does-as-otp-does", test_sequences);

  return g_test_run ();
}
