/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/model-private.h"

/* Things that can happen next; each is a node and what happens to it. */
typedef struct
{
  Node *node;
  void (*happen) (Node *node);
} Happening;

typedef struct
{
  Happening all[MAX_NODES * 9];
  guint n;
} Agenda;

static void
go_on (Node *node)
{
  supervisor_speak (node);
  if (!process_is_ready (node->process))
    return;

  node->is_awake = TRUE;
  process_run (node->process);
}

static void
return_start (Node *node)
{
  node->news &= ~NEWS_RETURN;
  if (node->parent == NULL)
    seen_add (node->model->seen->boot, "%s", node->has_started ? "started" : "failed");
  child_return (node);
}

static void
cancel_start (Node *node)
{
  node->news &= ~NEWS_CANCEL;
  supervisor_cancel (node);
}

static void
exit_supervisor (Node *node)
{
  node->news &= ~NEWS_EXIT;
  seen_add (node->model->seen->deeds[node->index], "exit/%s", reason_get_name (node->reason));
  child_exit (node, node->reason);
}

static void
kill_late (Node *node)
{
  node->news &= ~NEWS_LATE;
  seen_add (node->model->seen->deeds[node->plan->parent], "!%c",
            sequence_get_name (node->model->sequence, node->index));
}

static void
end_delay (Node *node)
{
  node->due_usec = NEVER;
  node->is_due = TRUE;
  letter_send (node->parent, LETTER_RETRY, node);
}

static void
note_if (Agenda *agenda,
         Node *node,
         gboolean can_happen,
         void (*happen) (Node *node))
{
  if (can_happen)
    agenda->all[agenda->n++] = (Happening){ .node = node, .happen = happen };
}

static void
look_around (Model *self,
             Agenda *agenda)
{
  agenda->n = 0;
  for (guint i = 0; i < self->n_nodes; i++)
    {
      Node *node = &self->nodes[i];

      note_if (agenda, node, node->process != NULL && process_is_ready (node->process), go_on);
      note_if (agenda, node, node->words.head != NULL, supervisor_speak);
      note_if (agenda, node, node->limit_usec <= self->now_usec, child_kill);
      note_if (agenda, node, node->common_limit_usec <= self->now_usec, supervisor_expire);
      note_if (agenda, node, node->due_usec <= self->now_usec, end_delay);
    }
  for (guint i = 0; i < self->n_nodes; i++)
    {
      Node *node = &self->nodes[i];

      note_if (agenda, node, (node->news & NEWS_CANCEL) != 0, cancel_start);
      note_if (agenda, node, (node->news & NEWS_LATE) != 0, kill_late);
      note_if (agenda, node, (node->news & NEWS_RETURN) != 0, return_start);
      /* An exit is told after the start has returned. */
      note_if (agenda, node, (node->news & (NEWS_EXIT | NEWS_RETURN)) == NEWS_EXIT, exit_supervisor);
    }
}

static void
describe (Model *self,
          Node *supervisor)
{
  static const char *const views[] = {
    [VIEW_DOWN] = "stopped",
    [VIEW_STARTING] = "starting",
    [VIEW_CANCELLING] = "stopping",
    [VIEW_RUNNING] = "running",
    [VIEW_STOPPING] = "stopping",
    [VIEW_KILLING] = "stopping",
    [VIEW_RESTARTING] = "restarting",
  };
  GString *states = self->seen->states;
  guint n_active = 0;
  guint n_supervisors = 0;
  guint n_specs;

  seen_add (states, "%c:", sequence_get_name (self->sequence, supervisor->index));
  for (GList *link = supervisor->known.tail; link != NULL; link = link->prev)
    {
      const Node *child = link->data;

      n_active += (child->view == VIEW_RUNNING || child->view == VIEW_STOPPING || child->view == VIEW_KILLING) && !child->has_exit;
      n_supervisors += child->plan->is_supervisor;
      seen_add (states, "%c %s,",
                child_is_alike (child) && child->view == VIEW_DOWN ? TEMPLATE : sequence_get_name (self->sequence, child->index),
                views[child->view]);
    }
  n_specs = supervisor->plan->strategy == USHER_STRATEGY_SIMPLE_ONE_FOR_ONE ? 1 : supervisor->known.length;
  seen_add (states, "%u %u %u %u;", n_specs, n_active, n_supervisors,
            supervisor->known.length - n_supervisors);
}

/* Who is first when several can go on: by lot each time, or always the same one. */
typedef struct
{
  guint32 order;
  GRand *chance; /* (owned) (nullable) */
  guint ranks[MAX_NODES];
} Lot;

static void
lot_init (Lot *self,
          guint32 order)
{
  *self = (Lot){ .order = order };
  if (order == 0)
    return;

  self->chance = g_rand_new_with_seed (order);
  for (guint i = 0; i < MAX_NODES; i++)
    self->ranks[i] = g_rand_int_range (self->chance, 0, 1000);
}

static const Happening *
draw (Lot *self,
      const Agenda *agenda)
{
  const Happening *first = &agenda->all[0];

  if (self->order == 0)
    return first;
  if (self->order % 2 == 0)
    return &agenda->all[g_rand_int_range (self->chance, 0, agenda->n)];

  for (guint i = 1; i < agenda->n; i++)
    if (self->ranks[agenda->all[i].node->index] < self->ranks[first->node->index])
      first = &agenda->all[i];
  return first;
}

gboolean
model_settle (Model *self,
              guint32 order)
{
  gboolean had_choice = FALSE;
  Agenda agenda;
  Lot lot;

  lot_init (&lot, order);
  for (look_around (self, &agenda); agenda.n > 0; look_around (self, &agenda))
    {
      const Happening *next = draw (&lot, &agenda);

      had_choice = had_choice || agenda.n > 1;
      next->happen (next->node);
    }
  g_clear_pointer (&lot.chance, g_rand_free);
  for (guint i = 0; i < self->n_nodes; i++)
    if (self->nodes[i].plan->is_supervisor)
      describe (self, &self->nodes[i]);

  return had_choice;
}

void
model_do (Model *self,
          const Event *event)
{
  Node *root = &self->nodes[ROOT];
  Node *node = &self->nodes[event->node];

  switch (event->kind)
    {
    case EVENT_BOOT:
      child_start (root);
      break;
    case EVENT_CANCEL:
      child_cancel (root);
      break;
    case EVENT_SHUTDOWN:
      supervisor_shutdown (node, event->argument);
      break;
    case EVENT_KILL:
      supervisor_kill (node);
      break;
    case EVENT_SET_START:
      node->next_start = event->argument;
      node->n_next_starts = event->times;
      break;
    case EVENT_SET_STOP:
      node->stop = event->argument;
      break;
    case EVENT_ANSWER:
      child_succeed (node);
      break;
    case EVENT_EXIT:
      child_exit (node, event->argument);
      break;
    case EVENT_ADVANCE:
      self->now_usec += event->argument;
      break;
    case EVENT_NOTHING:
      break;
    default:
      supervisor_call (node->parent, node, event);
    }
}

static void
init_node (Model *self,
           guint index)
{
  const NodePlan *plan = &self->sequence->nodes[index];
  Node *node = &self->nodes[index];

  *node = (Node){
    .model = self,
    .plan = plan,
    .index = index,
    .parent = index == ROOT ? NULL : &self->nodes[plan->parent],
    .is_configured = plan->is_static,
    .limit_usec = NEVER,
    .due_usec = NEVER,
    .common_limit_usec = NEVER,
  };
  if (plan->is_supervisor)
    {
      node->process = process_new (supervisor_main, node);
      process_run (node->process);
      node->charges = g_array_new (FALSE, FALSE, sizeof (gint64));
      node->tally = g_array_new (FALSE, FALSE, sizeof (Reason));
    }
  if (node->parent != NULL && plan->is_static)
    g_queue_push_tail (&node->parent->known, node);
}

Model *
model_new (const Sequence *sequence,
           Seen *seen)
{
  Model *self = g_new0 (Model, 1);

  self->sequence = sequence;
  self->seen = seen;
  self->n_nodes = sequence->n_nodes;
  for (guint i = 0; i < self->n_nodes; i++)
    init_node (self, i);

  return self;
}

void
model_free (Model *self)
{
  for (guint i = 0; i < self->n_nodes; i++)
    {
      Node *node = &self->nodes[i];

      g_queue_clear (&node->known);
      g_queue_clear (&node->round);
      g_queue_clear_full (&node->words, g_free);
      g_queue_clear_full (&node->mailbox, g_free);
      g_free (node->call);
      g_clear_pointer (&node->charges, g_array_unref);
      g_clear_pointer (&node->tally, g_array_unref);
      g_clear_pointer (&node->process, process_free);
    }
  g_free (self);
}
