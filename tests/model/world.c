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
  UsherChild *child;    /* (owned) (nullable): of those that are alike the latest */
  UsherChildSpec *spec; /* (owned) (nullable) */

  /* Those that are alike. */
  GPtrArray *made;      /* (owned) (element-type UsherChild) */
  TestStart next_start; /* of the next ones */
  guint n_next_starts;
  TestStop stop;
  gboolean is_called; /* there is a call to start it */
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
  if (usher_report_get_n_children (report) > 1)
    seen_add (place->world->seen->deeds[place->index], "*%u", usher_report_get_n_children (report));
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
finish_call_by_object (const Call *call,
                       UsherSupervisor *supervisor,
                       GAsyncResult *result,
                       GError **error)
{
  UsherStartResult answer;

  switch (call->event.kind)
    {
    case EVENT_TERMINATE:
      return usher_supervisor_terminate_child_object_finish (supervisor, result, error) ? "done" : NULL;
    case EVENT_START:
      answer = usher_supervisor_start_child_with_argument_finish (supervisor, result, NULL, error);
      return get_nick (USHER_TYPE_START_RESULT, answer);
    case EVENT_DELETE:
      return usher_supervisor_delete_child_finish (supervisor, result, error) ? "done" : NULL;
    default:
      answer = usher_supervisor_restart_child_finish (supervisor, result, error);
      return get_nick (USHER_TYPE_START_RESULT, answer);
    }
}

static const char *
finish_call (const Call *call,
             UsherSupervisor *supervisor,
             GAsyncResult *result,
             GError **error)
{
  UsherStartResult answer;

  if (sequence_is_alike (call->world->sequence, call->event.node))
    return finish_call_by_object (call, supervisor, result, error);

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

  if (call->event.kind == EVENT_START)
    call->world->places[call->event.node].is_called = FALSE;
  sequence_print_event (sequence, &call->event, line);
  seen_add (call->world->seen->answers[sequence->nodes[call->event.node].parent], "%s: %s.",
            line->str, error != NULL ? name_error (error) : answer);
}

/* (nullable): the one that has the place now, or else the latest. */
static UsherChild *
find_alike (const World *self,
            guint index,
            gboolean *is_there)
{
  const Place *place = &self->places[index];
  UsherSupervisor *supervisor = USHER_SUPERVISOR (self->places[self->sequence->nodes[index].parent].child);

  *is_there = FALSE;
  for (guint i = place->made->len; i-- > 0;)
    {
      UsherChild *child = g_ptr_array_index (place->made, i);
      g_autoptr (UsherChildInfo) info = usher_supervisor_get_child_object (supervisor, child, NULL);

      if (info == NULL)
        continue;
      *is_there = TRUE;
      return child;
    }

  return place->child;
}

static void
call_by_object (World *self,
                const Event *event)
{
  const char name[] = { sequence_get_name (self->sequence, event->node), '\0' };
  UsherSupervisor *supervisor = USHER_SUPERVISOR (self->places[self->sequence->nodes[event->node].parent].child);
  gboolean is_there;
  Call *call = g_new0 (Call, 1);

  call->world = self;
  call->event = *event;
  self->places[event->node].is_called = event->kind == EVENT_START || self->places[event->node].is_called;
  if (event->kind == EVENT_START)
    usher_supervisor_start_child_with_argument_async (supervisor, g_variant_new_string (name), NULL, on_answered, call);
  else if (event->kind == EVENT_TERMINATE)
    usher_supervisor_terminate_child_object_async (supervisor, find_alike (self, event->node, &is_there), NULL, on_answered, call);
  else if (event->kind == EVENT_RESTART)
    usher_supervisor_restart_child_async (supervisor, name, NULL, on_answered, call);
  else
    usher_supervisor_delete_child_async (supervisor, name, NULL, on_answered, call);
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

/* One place is for one child at a time, and the one before leaves nothing behind. */
static gboolean
accepts_alike (const World *self,
               const Event *event)
{
  const Place *place = &self->places[event->node];
  gboolean is_there;

  if (event->kind == EVENT_SET_START)
    return event->argument != TEST_START_STUBBORN;
  if (event->kind == EVENT_START)
    return !place->is_called && (find_alike (self, event->node, &is_there), !is_there);

  return place->child != NULL || event->kind == EVENT_SET_STOP || event->kind == EVENT_ADVANCE;
}

gboolean
world_accepts (const World *self,
               const Event *event)
{
  UsherChild *child = self->places[event->node].child;

  if (sequence_is_alike (self->sequence, event->node) && !accepts_alike (self, event))
    return FALSE;

  switch (event->kind)
    {
    case EVENT_BOOT:
      return self->is_down;
    case EVENT_CANCEL:
      return self->is_booting;
    case EVENT_ANSWER:
      return child != NULL && test_child_is_starting (TEST_CHILD (child));
    case EVENT_EXIT:
      return child != NULL && test_child_is_running (TEST_CHILD (child));
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
  return event->kind == EVENT_ADVANCE || event->kind == EVENT_ANSWER ||
         (event->kind == EVENT_TERMINATE && sequence_is_alike (self->sequence, event->node)) || (event->kind == EVENT_SHUTDOWN && is_down (self, event->node));
}

static void
set_next_starts (Place *place,
                 const Event *event)
{
  place->next_start = event->argument;
  place->n_next_starts = event->times;
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
      if (sequence_is_alike (self->sequence, event->node))
        set_next_starts (&self->places[event->node], event);
      else
        test_child_set_next_starts (TEST_CHILD (child), event->argument, event->times);
      break;
    case EVENT_SET_STOP:
      self->places[event->node].stop = event->argument;
      if (child != NULL)
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
      if (sequence_is_alike (self->sequence, event->node))
        call_by_object (self, event);
      else
        call (self, event);
    }
}

/* One of those that are alike may have been a start only. */
static char
get_name (const UsherChildInfo *info)
{
  const char *id = usher_child_info_get_id (info);

  if (id != NULL)
    return id[0];
  if (usher_child_info_get_state (info) == USHER_CHILD_STOPPED)
    return TEMPLATE;

  return test_child_get_name (TEST_CHILD (usher_child_info_get_child (info)))[0];
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

      seen_add (self->seen->states, "%c %s,", get_name (info),
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

static void
configure_spec (UsherChildSpec *spec,
                const NodePlan *plan)
{
  usher_child_spec_set_restart (spec, plan->restart);
  usher_child_spec_set_shutdown_msec (spec, plan->shutdown_msec);
  usher_child_spec_set_significant (spec, plan->is_significant);
  usher_child_spec_set_restart_delay (spec, plan->delay_msec, plan->delay_max_msec,
                                      plan->has_jitter ? JITTER : 0);
}

static Place *
find_place (World *self,
            const char *name)
{
  guint index = 0;

  while (sequence_get_name (self->sequence, index) != name[0])
    index++;

  return &self->places[index];
}

/* The factory of those that are alike. */
static UsherChild *
make_alike (GVariant *argument,
            gpointer world,
            GError **error)
{
  World *self = world;
  const char *name = g_variant_get_string (argument, NULL);
  Place *place = find_place (self, name);
  TestChild *child = test_child_new (name, self->seen->deeds[self->sequence->nodes[place->index].parent]);

  test_child_set_next_starts (child, place->next_start, MIN (place->n_next_starts, 1));
  test_child_set_stop (child, place->stop);
  place->n_next_starts -= MIN (place->n_next_starts, 1);
  place->child = USHER_CHILD (child);
  g_ptr_array_add (place->made, g_object_ref (child));

  return USHER_CHILD (child);
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
  else if (sequence_is_alike (self->sequence, index))
    place->made = g_ptr_array_new ();
  else
    place->child = USHER_CHILD (test_child_new (name, self->seen->deeds[plan->parent]));
  if (index != ROOT && place->child != NULL)
    {
      place->spec = usher_child_spec_new (name, place->child);
      configure_spec (place->spec, plan);
    }
}

static void
add_spec (World *self,
          guint supervisor,
          const UsherChildSpec *spec)
{
  g_autoptr (GError) error = NULL;

  usher_supervisor_add_child (USHER_SUPERVISOR (self->places[supervisor].child), spec, &error);
  g_assert_no_error (error);
}

/* The first of those that are alike brings the template. */
static void
add_template (World *self,
              guint index)
{
  const char id[] = { TEMPLATE, '\0' };
  const NodePlan *plan = &self->sequence->nodes[index];
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new_with_factory (id, make_alike, self, NULL);

  for (guint i = 1; i < index; i++)
    if (self->sequence->nodes[i].parent == plan->parent)
      return;

  configure_spec (spec, plan);
  add_spec (self, plan->parent, spec);
}

/* A supervisor is whole before it is put under another one: that looks at its children's limits. */
static void
put_under_parent (World *self,
                  guint index)
{
  const NodePlan *plan = &self->sequence->nodes[index];

  if (sequence_is_alike (self->sequence, index))
    add_template (self, index);
  else if (plan->is_static)
    add_spec (self, plan->parent, self->places[index].spec);
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
free_place (Place *place,
            void (*let_go) (GObject *object))
{
  g_clear_pointer (&place->spec, usher_child_spec_free);
  if (place->made == NULL)
    {
      let_go (G_OBJECT (place->child));
      return;
    }

  for (guint i = 0; i < place->made->len; i++)
    let_go (g_ptr_array_index (place->made, i));
  g_ptr_array_unref (place->made);
}

static void
free_all (World *self,
          void (*let_go) (GObject *object))
{
  g_clear_object (&self->cancellable);
  for (guint i = 1; i < self->sequence->n_nodes; i++)
    g_clear_pointer (&self->places[i].spec, usher_child_spec_free);
  for (guint i = 0; i < self->sequence->n_nodes; i++)
    free_place (&self->places[i], let_go);
}

static void
finalize (GObject *object)
{
  g_assert_finalize_object (object);
}

static void
unref (GObject *object)
{
  g_object_unref (object);
}

void
world_free (World *self)
{
  free_all (self, finalize);
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
    if (TEST_IS_CHILD (self->places[i].child) && test_child_is_starting (TEST_CHILD (self->places[i].child)))
      test_child_answer_start (TEST_CHILD (self->places[i].child));
  iterate_pending (NULL);

  free_all (self, unref);
  fake_clock_remove ();
  g_free (self);
}
