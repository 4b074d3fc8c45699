/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/sequence.h"

static const struct
{
  const char *name;
  guint weight;
  guint n_arguments; /* 0: it has none */
  gboolean has_child;
  gboolean may_be_hasty; /* what it does at once is seen by nobody else */
} kinds[] = {
  [EVENT_NOTHING] = { "nothing", 0, 0, FALSE, FALSE },
  [EVENT_BOOT] = { "boot", 3, 0, FALSE, TRUE },
  [EVENT_SHUTDOWN] = { "shutdown", 1, 2, FALSE, FALSE },
  [EVENT_KILL] = { "kill", 1, 0, FALSE, FALSE },
  [EVENT_CANCEL] = { "cancel", 1, 0, FALSE, FALSE },
  [EVENT_SET_START] = { "set-start", 12, 6, TRUE, TRUE },
  [EVENT_SET_STOP] = { "set-stop", 8, 4, TRUE, TRUE },
  [EVENT_ANSWER] = { "answer", 8, 0, TRUE, FALSE },
  [EVENT_EXIT] = { "exit", 24, 4, TRUE, TRUE },
  [EVENT_START] = { "start", 6, 0, TRUE, TRUE },
  [EVENT_RESTART] = { "restart", 5, 0, TRUE, TRUE },
  [EVENT_TERMINATE] = { "terminate", 8, 0, TRUE, TRUE },
  [EVENT_DELETE] = { "delete", 3, 0, TRUE, TRUE },
  [EVENT_ADVANCE] = { "advance", 10, 5, FALSE, FALSE },
};

static const char *const starts[] = { "ok", "fail", "ignore", "exit", "hang", "stubborn" };
static const char *const stops[] = { "shutdown", "normal", "error", "refuse" };
static const char *const exits[] = { "normal", "shutdown", "error", "killed" };
static const char *const whys[] = { "restart", "final" };
static const char *const restarts[] = { "permanent", "transient", "temporary" };
static const char *const strategies[] = { "one-for-one", "one-for-all", "rest-for-one" };
static const guint steps_msec[] = { 1, 50, 100, 101, 1000 };
static const gint64 limits_msec[] = { USHER_SHUTDOWN_BRUTAL_KILL, USHER_SHUTDOWN_INFINITY, 100, 1000 };

static EventKind
choose_kind (GRand *rand)
{
  guint total = 0;
  guint choice;

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    total += kinds[i].weight;

  choice = g_rand_int_range (rand, 0, total);
  for (guint i = 0;; i++)
    {
      if (choice < kinds[i].weight)
        return i;
      choice -= kinds[i].weight;
    }
}

static guint
choose (GRand *rand,
        guint n)
{
  return g_rand_int_range (rand, 0, n);
}

static Event
choose_event (GRand *rand)
{
  Event event = { .kind = choose_kind (rand) };

  if (kinds[event.kind].has_child)
    event.child = choose (rand, MAX_CHILDREN);
  if (kinds[event.kind].n_arguments > 0)
    event.argument = choose (rand, kinds[event.kind].n_arguments);
  if (event.kind == EVENT_ADVANCE)
    event.argument = steps_msec[event.argument];
  event.is_hasty = kinds[event.kind].may_be_hasty && choose (rand, 4) == 0;

  return event;
}

void
sequence_generate (Sequence *self,
                   guint32 seed)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
  guint n_events = 1 + choose (rand, MAX_EVENTS - 1);

  *self = (Sequence){
    .strategy = choose (rand, G_N_ELEMENTS (strategies)),
    .intensity = choose (rand, 4),
    .period_msec = choose (rand, 2) == 0 ? 100 : 1000,
    .n_static = 1 + choose (rand, MAX_CHILDREN),
  };
  for (guint i = 0; i < MAX_CHILDREN; i++)
    {
      self->children[i].restart = choose (rand, G_N_ELEMENTS (restarts));
      self->children[i].shutdown_msec = limits_msec[choose (rand, G_N_ELEMENTS (limits_msec))];
    }
  for (guint i = 0; i < n_events; i++)
    self->events[i] = choose_event (rand);
  if (choose (rand, 4) != 0)
    self->events[0] = (Event){ .kind = EVENT_BOOT };
}

static const char *
name_argument (const Event *event)
{
  switch (event->kind)
    {
    case EVENT_SHUTDOWN:
      return whys[event->argument];
    case EVENT_SET_START:
      return starts[event->argument];
    case EVENT_SET_STOP:
      return stops[event->argument];
    case EVENT_EXIT:
      return exits[event->argument];
    default:
      return NULL;
    }
}

void
event_print (const Event *event,
             GString *text)
{
  g_string_append (text, kinds[event->kind].name);
  if (kinds[event->kind].has_child)
    g_string_append_printf (text, " %c", 'a' + event->child);
  if (event->kind == EVENT_ADVANCE)
    g_string_append_printf (text, " %u ms", event->argument);
  else if (name_argument (event) != NULL)
    g_string_append_printf (text, " %s", name_argument (event));
  if (event->is_hasty)
    g_string_append (text, " and at once");
}

void
sequence_print_plan (const Sequence *self,
                     GString *text)
{
  g_string_append_printf (text, "%s, %u in %u ms\n", strategies[self->strategy], self->intensity, self->period_msec);
  for (guint i = 0; i < MAX_CHILDREN; i++)
    g_string_append_printf (text, "%c %s, %s, limit %" G_GINT64_FORMAT " ms\n", 'a' + i,
                            i < self->n_static ? "static" : "dynamic",
                            restarts[self->children[i].restart], self->children[i].shutdown_msec);
}
