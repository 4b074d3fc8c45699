/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/world.h"

#include "model/model.h"
#include "support/fake-clock.h"
#include "support/iterate.h"

/* One place of the tree. */
typedef struct
{
  World *world;
  guint index;
  UsherChild *child;    /* (owned) */
  UsherChildSpec *spec; /* (owned) (nullable) */
} Place;

struct _World
{
  const Sequence *sequence;
  Seen *seen;
  GCancellable *cancellable; /* (owned) (nullable) */
  gboolean is_booting;
  gboolean is_down;
  Place places[MAX_NODES];
};

typedef struct
{
  World *world;
  Event event;
} Call;

/* The library's chance is no chance here. */
double
g_random_double (void)
{
  return DICE;
}

static const char *
get_nick (GType type,
          int value)
{
  g_autoptr (GEnumClass) values = g_type_class_ref (type);

  return g_enum_get_value (values, value)->value_nick;
}

static Reason
find_reason (UsherExit *exit)
{
  static const Reason reasons[] = {
    [USHER_EXIT_NORMAL] = REASON_NORMAL,
    [USHER_EXIT_SHUTDOWN] = REASON_SHUTDOWN,
    [USHER_EXIT_ERROR] = REASON_ERROR,
    [USHER_EXIT_KILLED] = REASON_KILLED,
  };
  UsherExitKind kind = usher_exit_get_kind (exit);
  const GError *error = usher_exit_get_error (exit);

  if (kind != USHER_EXIT_SHUTDOWN || error == NULL)
    return reasons[kind];

  return g_error_matches (error, USHER_ERROR, USHER_ERROR_MAX_INTENSITY) ? REASON_OVER_BUDGET
                                                                         : REASON_SHUTDOWN_ERROR;
}

static void
on_report (UsherSupervisor *supervisor,
           UsherReport *report,
           Place *place)
{
  seen_add (place->world->seen->deeds[place->index], "%s/%s/%s",
            get_nick (USHER_TYPE_REPORT_CONTEXT, usher_report_get_context (report)),
            usher_report_get_offender (report), reason_get_name (find_reason (usher_report_get_reason (report))));
}

static void
on_exited (UsherChild *supervisor,
           guint64 serial,
           UsherExit *exit,
           Place *place)
{
  g_assert_cmpuint (serial, ==, usher_child_get_serial (supervisor));
  if (place->index == ROOT)
    place->world->is_down = TRUE;
  seen_add (place->world->seen->deeds[place->index], "exit/%s", reason_get_name (find_reason (exit)));
}

static void
on_root_started (GObject *object,
                 GAsyncResult *result,
                 gpointer data)
{
  World *self = data;
  UsherStartResult answer = usher_child_start_finish (USHER_CHILD (object), result, NULL);

  self->is_booting = FALSE;
  self->is_down = answer != USHER_START_STARTED;
  seen_add (self->seen->boot, "%s", get_nick (USHER_TYPE_START_RESULT, answer));
}

static const char *
name_error (const GError *error)
{
  if (error->domain == USHER_SUPERVISOR_ERROR)
    return get_nick (USHER_TYPE_SUPERVISOR_ERROR, error->code);

  return strstr (error->message, "terminated while") != NULL ? "cancelled" : "failed";
}

static const char *
finish_call (const Call *call,
             UsherSupervisor *supervisor,
             GAsyncResult *result,
             GError **error)
{
  UsherStartResult answer;

  switch (call->event.kind)
    {
    case EVENT_TERMINATE:
      return usher_supervisor_terminate_child_finish (supervisor, result, error) ? "done" : NULL;
    case EVENT_DELETE:
      return usher_supervisor_delete_child_finish (supervisor, result, error) ? "done" : NULL;
    case EVENT_RESTART:
      answer = usher_supervisor_restart_child_finish (supervisor, result, error);
      break;
    default:
      answer = usher_supervisor_start_child_finish (supervisor, result, error);
    }

  return get_nick (USHER_TYPE_START_RESULT, answer);
}

static void
on_answered (GObject *object,
             GAsyncResult *result,
             gpointer data)
{
  g_autofree Call *call = data;
  const Sequence *sequence = call->world->sequence;
  g_autoptr (GError) error = NULL;
  g_autoptr (GString) line = g_string_new (NULL);
  const char *answer = finish_call (call, USHER_SUPERVISOR (object), result, &error);

  sequence_print_event (sequence, &call->event, line);
  seen_add (call->world->seen->answers[sequence->nodes[call->event.node].parent], "%s: %s.",
            line->str, error != NULL ? name_error (error) : answer);
}

static void
call (World *self,
      const Event *event)
{
  const Place *place = &self->places[event->node];
  UsherSupervisor *supervisor = USHER_SUPERVISOR (self->places[self->sequence->nodes[event->node].parent].child);
  const char *id = usher_child_spec_get_id (place->spec);
  Call *call = g_new0 (Call, 1);

  call->world = self;
  call->event = *event;
  if (event->kind == EVENT_START)
    usher_supervisor_start_child_async (supervisor, place->spec, NULL, on_answered, call);
  else if (event->kind == EVENT_RESTART)
    usher_supervisor_restart_child_async (supervisor, id, NULL, on_answered, call);
  else if (event->kind == EVENT_TERMINATE)
    usher_supervisor_terminate_child_async (supervisor, id, NULL, on_answered, call);
  else
    usher_supervisor_delete_child_async (supervisor, id, NULL, on_answered, call);
}

static void
boot (World *self)
{
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  self->is_booting = TRUE;
  self->is_down = FALSE;
  usher_child_start_async (self->places[ROOT].child, self->cancellable, on_root_started, self);
}

static void
make_exit (World *self,
           const Event *event)
{
  TestChild *child = TEST_CHILD (self->places[event->node].child);
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "It took too long");
  g_autoptr (UsherExit) late = usher_exit_new_shutdown_with_error (error);
  static const UsherExitKind kinds[] = {
    [REASON_NORMAL] = USHER_EXIT_NORMAL,
    [REASON_SHUTDOWN] = USHER_EXIT_SHUTDOWN,
    [REASON_ERROR] = USHER_EXIT_ERROR,
    [REASON_KILLED] = USHER_EXIT_KILLED,
  };

  if (event->argument == REASON_SHUTDOWN_ERROR)
    test_child_exit_because (child, late);
  else
    test_child_exit (child, kinds[event->argument]);
}

gboolean
world_accepts (const World *self,
               const Event *event)
{
  UsherChild *child = self->places[event->node].child;

  switch (event->kind)
    {
    case EVENT_BOOT:
      return self->is_down;
    case EVENT_CANCEL:
      return self->is_booting;
    case EVENT_ANSWER:
      return test_child_is_starting (TEST_CHILD (child));
    case EVENT_EXIT:
      return test_child_is_running (TEST_CHILD (child));
    default:
      return event->kind != EVENT_NOTHING;
    }
}

static gboolean
is_down (const World *self,
         guint index)
{
  const NodePlan *plan = &self->sequence->nodes[index];

  if (index == ROOT)
    return self->is_down;

  const char *id = usher_child_spec_get_id (self->places[index].spec);
  UsherSupervisor *parent = USHER_SUPERVISOR (self->places[plan->parent].child);
  g_autoptr (UsherChildInfo) info = usher_supervisor_get_child (parent, id, NULL);
  UsherChildState state = info != NULL ? usher_child_info_get_state (info) : USHER_CHILD_STOPPED;

  return state == USHER_CHILD_STOPPED || state == USHER_CHILD_RESTARTING;
}

/* What a supervisor that is down is told it does at once. */
gboolean
world_needs_quiet (const World *self,
                   const Event *event)
{
  return event->kind == EVENT_ADVANCE || event->kind == EVENT_ANSWER || (event->kind == EVENT_SHUTDOWN && is_down (self, event->node));
}

void
world_do (World *self,
          const Event *event)
{
  UsherChild *child = self->places[event->node].child;

  switch (event->kind)
    {
    case EVENT_BOOT:
      boot (self);
      break;
    case EVENT_CANCEL:
      g_cancellable_cancel (self->cancellable);
      break;
    case EVENT_SHUTDOWN:
      usher_child_shutdown (child, event->argument);
      break;
    case EVENT_KILL:
      usher_child_kill (child);
      break;
    case EVENT_SET_START:
      test_child_set_next_starts (TEST_CHILD (child), event->argument, event->times);
      break;
    case EVENT_SET_STOP:
      test_child_set_stop (TEST_CHILD (child), event->argument);
      break;
    case EVENT_ANSWER:
      test_child_answer_start (TEST_CHILD (child));
      break;
    case EVENT_EXIT:
      make_exit (self, event);
      break;
    case EVENT_ADVANCE:
      fake_clock_advance_usec (event->argument);
      break;
    case EVENT_NOTHING:
      break;
    default:
      call (self, event);
    }
}

static void
describe (World *self,
          guint index)
{
  UsherSupervisor *supervisor = USHER_SUPERVISOR (self->places[index].child);
  g_autoptr (GPtrArray) infos = usher_supervisor_which_children (supervisor);
  UsherChildCounts counts;

  seen_add (self->seen->states, "%c:", sequence_get_name (self->sequence, index));
  for (guint i = 0; i < infos->len; i++)
    {
      const UsherChildInfo *info = g_ptr_array_index (infos, i);

      seen_add (self->seen->states, "%s %s,", usher_child_info_get_id (info),
                get_nick (USHER_TYPE_CHILD_STATE, usher_child_info_get_state (info)));
    }
  usher_supervisor_count_children (supervisor, &counts);
  seen_add (self->seen->states, "%u %u %u %u;", counts.n_specs, counts.n_active,
            counts.n_supervisors, counts.n_workers);
}

void
world_settle (World *self)
{
  iterate_pending (NULL);
  for (guint i = 0; i < self->sequence->n_nodes; i++)
    if (self->sequence->nodes[i].is_supervisor)
      describe (self, i);
}

gint64
world_get_pause_usec (const World *self)
{
  return fake_clock_get_pause_usec ();
}

static UsherChild *
make_supervisor (Place *place,
                 const NodePlan *plan,
                 const char *name)
{
  UsherSupervisor *supervisor = usher_supervisor_new (plan->strategy);

  usher_supervisor_set_name (supervisor, name);
  usher_supervisor_set_intensity (supervisor, plan->intensity);
  usher_supervisor_set_period_msec (supervisor, plan->period_msec);
  usher_supervisor_set_auto_shutdown (supervisor, plan->auto_shutdown);
  g_signal_connect (supervisor, "report", G_CALLBACK (on_report), place);
  g_signal_connect (supervisor, "exited", G_CALLBACK (on_exited), place);

  return USHER_CHILD (supervisor);
}

static UsherChildSpec *
make_spec (const NodePlan *plan,
           UsherChild *child,
           const char *name)
{
  UsherChildSpec *spec = usher_child_spec_new (name, child);

  usher_child_spec_set_restart (spec, plan->restart);
  usher_child_spec_set_shutdown_msec (spec, plan->shutdown_msec);
  usher_child_spec_set_significant (spec, plan->is_significant);
  usher_child_spec_set_restart_delay (spec, plan->delay_msec, plan->delay_max_msec,
                                      plan->has_jitter ? JITTER : 0);
  return spec;
}

static void
make_place (World *self,
            guint index)
{
  const NodePlan *plan = &self->sequence->nodes[index];
  const char name[] = { sequence_get_name (self->sequence, index), '\0' };
  Place *place = &self->places[index];

  place->world = self;
  place->index = index;
  if (plan->is_supervisor)
    place->child = make_supervisor (place, plan, name);
  else
    place->child = USHER_CHILD (test_child_new (name, self->seen->deeds[plan->parent]));
  if (index != ROOT)
    place->spec = make_spec (plan, place->child, name);
}

/* A supervisor is whole before it is put under another one: that looks at its children's limits. */
static void
put_under_parent (World *self,
                  guint index)
{
  const NodePlan *plan = &self->sequence->nodes[index];
  UsherSupervisor *parent = USHER_SUPERVISOR (self->places[plan->parent].child);
  g_autoptr (GError) error = NULL;

  if (!plan->is_static)
    return;

  usher_supervisor_add_child (parent, self->places[index].spec, &error);
  g_assert_no_error (error);
}

World *
world_new (const Sequence *sequence,
           Seen *seen)
{
  World *self = g_new0 (World, 1);

  fake_clock_install ();
  self->sequence = sequence;
  self->seen = seen;
  self->is_down = TRUE;
  for (guint i = 0; i < sequence->n_nodes; i++)
    make_place (self, i);
  for (guint i = 1; i < sequence->n_nodes; i++)
    put_under_parent (self, i);

  return self;
}

static void
free_all (World *self)
{
  g_clear_object (&self->cancellable);
  for (guint i = 1; i < self->sequence->n_nodes; i++)
    usher_child_spec_free (self->places[i].spec);
}

void
world_free (World *self)
{
  free_all (self);
  for (guint i = 0; i < self->sequence->n_nodes; i++)
    g_assert_finalize_object (G_OBJECT (self->places[i].child));
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  fake_clock_remove ();
  g_free (self);
}

void
world_abandon (World *self)
{
  usher_child_kill (self->places[ROOT].child);
  iterate_pending (NULL);
  for (guint i = 0; i < self->sequence->n_nodes; i++)
    if (!self->sequence->nodes[i].is_supervisor && test_child_is_starting (TEST_CHILD (self->places[i].child)))
      test_child_answer_start (TEST_CHILD (self->places[i].child));
  iterate_pending (NULL);

  free_all (self);
  for (guint i = 0; i < self->sequence->n_nodes; i++)
    g_object_unref (self->places[i].child);
  fake_clock_remove ();
  g_free (self);
}
