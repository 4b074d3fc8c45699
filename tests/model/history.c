/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/history.h"

/* How many orders are tried, at one moment and in all, before something counts as impossible. */
#define MAX_ORDERS 2000
#define MAX_ATTEMPTS 40000

static void
moment_free (gpointer data)
{
  Moment *self = data;

  g_free (self->seen);
  g_free (self);
}

/* What is being recorded. */
typedef struct
{
  const Sequence *sequence;
  World *world;
  Seen *seen;
  GPtrArray *moments;
  gboolean is_quiet; /* everybody has reacted */
  guint busy;        /* which supervisor has not, if somebody has not */
} Recorder;

static void
record (Recorder *self,
        const Event *event)
{
  Moment *moment = g_new0 (Moment, 1);

  moment->event = *event;
  world_do (self->world, event);
  g_ptr_array_add (self->moments, moment);
  self->is_quiet = !event->is_hasty;
  if (event->is_hasty)
    return;

  world_settle (self->world);
  moment->seen = seen_take (self->seen, self->sequence);
}

static void
pause_for (Recorder *self,
           gint64 usec)
{
  const Event event = { .kind = EVENT_ADVANCE, .argument = usec };

  if (usec > 0)
    record (self, &event);
}

/* Stops when something happens by itself, and just before. */
static void
advance (Recorder *self,
         gint64 usec)
{
  gint64 pause_usec;

  while ((pause_usec = world_get_pause_usec (self->world)) <= usec)
    {
      pause_for (self, pause_usec - 1);
      pause_for (self, 1);
      usec -= pause_usec;
    }
  pause_for (self, usec);
}

/* What several supervisors do at the same time has too many orders. */
static gboolean
has_to_wait (Recorder *self,
             const Event *event)
{
  guint busy = self->busy;

  self->busy = sequence_find_supervisor (self->sequence, event);
  return !self->is_quiet && (self->busy != busy || world_needs_quiet (self->world, event));
}

static void
happen (Recorder *self,
        const Event *event)
{
  const Event nothing = { .kind = EVENT_NOTHING };

  if (has_to_wait (self, event))
    record (self, &nothing);
  if (!world_accepts (self->world, event))
    return;

  if (event->kind == EVENT_ADVANCE)
    advance (self, event->argument);
  else
    record (self, event);
}

static void
bring_down (Recorder *self)
{
  const Event nothing = { .kind = EVENT_NOTHING };
  const Event kill = { .kind = EVENT_KILL };
  const Event release = { .kind = EVENT_SHUTDOWN, .argument = USHER_STOP_FINAL };

  if (!self->is_quiet)
    record (self, &nothing);
  happen (self, &kill);
  for (guint i = 0; i < self->sequence->n_nodes; i++)
    {
      const Event answer = { .kind = EVENT_ANSWER, .node = i };

      if (!self->sequence->nodes[i].is_supervisor)
        happen (self, &answer);
    }
  happen (self, &release);
}

GPtrArray *
history_play (const Sequence *sequence,
              World *world,
              Seen *seen)
{
  Recorder recorder = {
    .sequence = sequence,
    .world = world,
    .seen = seen,
    .moments = g_ptr_array_new_with_free_func (moment_free),
    .is_quiet = TRUE,
  };

  for (guint i = 0; i < sequence->n_events; i++)
    if (sequence->events[i].kind != EVENT_NOTHING)
      happen (&recorder, &sequence->events[i]);
  bring_down (&recorder);

  return recorder.moments;
}

typedef struct
{
  guint order;
  gboolean is_free; /* there is more than one */
} Choice;

/* The same events, in a model. */
typedef struct
{
  const Sequence *sequence;
  GPtrArray *moments;
  GArray *choices; /* (element-type Choice): at each moment */
  guint n_agreed;  /* how far it agrees */
  char *expected;  /* (owned): what the model does then */
} Attempt;

static void
attempt (Attempt *self)
{
  Seen seen;
  Model *model;

  seen_init (&seen);
  model = model_new (self->sequence, &seen);
  g_clear_pointer (&self->expected, g_free);
  for (self->n_agreed = 0; self->n_agreed < self->moments->len; self->n_agreed++)
    {
      const Moment *moment = g_ptr_array_index (self->moments, self->n_agreed);
      Choice *choice = &g_array_index (self->choices, Choice, self->n_agreed);

      model_do (model, &moment->event);
      if (moment->seen == NULL)
        continue;
      choice->is_free = model_settle (model, choice->order);
      g_free (self->expected);
      self->expected = seen_take (&seen, self->sequence);
      if (!g_str_equal (self->expected, moment->seen))
        break;
    }
  model_free (model);
  seen_clear (&seen);
}

static void
tell (const Attempt *self,
      GString *story)
{
  for (guint i = 0; i <= self->n_agreed; i++)
    {
      const Moment *moment = g_ptr_array_index (self->moments, i);

      if (moment->event.kind == EVENT_NOTHING)
        continue;
      g_string_append (story, "  ");
      sequence_print_event (self->sequence, &moment->event, story);
      g_string_append_c (story, '\n');
    }

  const Moment *moment = g_ptr_array_index (self->moments, self->n_agreed);

  g_string_append_printf (story, "  the model:\n%s  the library:\n%s", self->expected, moment->seen);
}

/* Chooses another order at the latest moment that had a choice. */
static gboolean
choose_again (Attempt *self)
{
  for (guint i = self->n_agreed + 1; i-- > 0;)
    {
      Choice *choice = &g_array_index (self->choices, Choice, i);

      if (choice->is_free && choice->order < MAX_ORDERS)
        {
          choice->order++;
          return TRUE;
        }
      *choice = (Choice){ 0 };
    }

  return FALSE;
}

gboolean
history_is_possible (GPtrArray *self,
                     const Sequence *sequence,
                     GString *story)
{
  Attempt attempted = {
    .sequence = sequence,
    .moments = self,
    .choices = g_array_new (FALSE, TRUE, sizeof (Choice)),
  };
  gboolean is_possible = FALSE;

  g_array_set_size (attempted.choices, self->len);
  for (guint i = 0; i < MAX_ATTEMPTS && !is_possible; i++)
    {
      attempt (&attempted);
      is_possible = attempted.n_agreed == self->len;
      if (!is_possible && !choose_again (&attempted))
        break;
    }

  if (!is_possible && story != NULL)
    tell (&attempted, story);
  g_free (attempted.expected);
  g_array_unref (attempted.choices);

  return is_possible;
}
