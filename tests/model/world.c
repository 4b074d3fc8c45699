/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "model/world.h"

#include "support/fake-clock.h"
#include "support/iterate.h"

#define MSEC 1000

struct _World
{
  const Sequence *sequence;
  Seen *seen;
  UsherSupervisor *supervisor; /* (owned) */
  TestChild *children[MAX_CHILDREN];
  UsherChildSpec *specs[MAX_CHILDREN];
  GCancellable *cancellable; /* (owned) (nullable) */
};

typedef struct
{
  World *world;
  char name;
} Call;

static const char *
get_nick (GType type,
          int value)
{
  g_autoptr (GEnumClass) values = g_type_class_ref (type);

  return g_enum_get_value (values, value)->value_nick;
}

static void
on_report (UsherSupervisor *supervisor,
           UsherReport *report,
           World *self)
{
  UsherExitKind kind = usher_exit_get_kind (usher_report_get_reason (report));

  g_string_append_printf (self->seen->reports, " %s/%s/%s",
                          get_nick (USHER_TYPE_REPORT_CONTEXT, usher_report_get_context (report)),
                          usher_report_get_offender (report), get_nick (USHER_TYPE_EXIT_KIND, kind));
}

static void
on_exited (UsherChild *supervisor,
           guint64 serial,
           UsherExit *exit,
           World *self)
{
  g_assert_cmpuint (serial, ==, usher_child_get_serial (supervisor));
  g_string_append_printf (self->seen->answers, " exit: %s",
                          get_nick (USHER_TYPE_EXIT_KIND, usher_exit_get_kind (exit)));
}

static void
on_started (GObject *object,
            GAsyncResult *result,
            gpointer data)
{
  World *self = data;
  UsherStartResult answer = usher_child_start_finish (USHER_CHILD (object), result, NULL);

  g_string_append_printf (self->seen->answers, " boot: %s",
                          get_nick (USHER_TYPE_START_RESULT, answer));
}

static const char *
name_error (const GError *error)
{
  if (error->domain == USHER_SUPERVISOR_ERROR)
    return get_nick (USHER_TYPE_SUPERVISOR_ERROR, error->code);

  return strstr (error->message, "terminated while") != NULL ? "cancelled" : "failed";
}

static void
answer_call (Call *call,
             const char *name,
             const char *answer,
             const GError *error)
{
  g_string_append_printf (call->world->seen->answers, " %s %c: %s", name, call->name,
                          error != NULL ? name_error (error) : answer);
  g_free (call);
}

static void
on_child_started (GObject *object,
                  GAsyncResult *result,
                  gpointer data)
{
  g_autoptr (GError) error = NULL;
  UsherStartResult answer = usher_supervisor_start_child_finish (USHER_SUPERVISOR (object), result, &error);

  answer_call (data, "start", get_nick (USHER_TYPE_START_RESULT, answer), error);
}

static void
on_child_restarted (GObject *object,
                    GAsyncResult *result,
                    gpointer data)
{
  g_autoptr (GError) error = NULL;
  UsherStartResult answer = usher_supervisor_restart_child_finish (USHER_SUPERVISOR (object), result, &error);

  answer_call (data, "restart", get_nick (USHER_TYPE_START_RESULT, answer), error);
}

static void
on_child_terminated (GObject *object,
                     GAsyncResult *result,
                     gpointer data)
{
  g_autoptr (GError) error = NULL;

  usher_supervisor_terminate_child_finish (USHER_SUPERVISOR (object), result, &error);
  answer_call (data, "terminate", "done", error);
}

static void
on_child_deleted (GObject *object,
                  GAsyncResult *result,
                  gpointer data)
{
  g_autoptr (GError) error = NULL;

  usher_supervisor_delete_child_finish (USHER_SUPERVISOR (object), result, &error);
  answer_call (data, "delete", "done", error);
}

static void
call (World *self,
      const Event *event)
{
  const char id[] = { 'a' + event->child, '\0' };
  Call *call = g_new0 (Call, 1);

  call->world = self;
  call->name = id[0];
  if (event->kind == EVENT_START)
    usher_supervisor_start_child_async (self->supervisor, self->specs[event->child], NULL, on_child_started, call);
  else if (event->kind == EVENT_RESTART)
    usher_supervisor_restart_child_async (self->supervisor, id, NULL, on_child_restarted, call);
  else if (event->kind == EVENT_TERMINATE)
    usher_supervisor_terminate_child_async (self->supervisor, id, NULL, on_child_terminated, call);
  else
    usher_supervisor_delete_child_async (self->supervisor, id, NULL, on_child_deleted, call);
}

static void
boot (World *self)
{
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  usher_child_start_async (USHER_CHILD (self->supervisor), self->cancellable, on_started, self);
}

void
world_do (World *self,
          const Event *event)
{
  TestChild *child = self->children[event->child];

  switch (event->kind)
    {
    case EVENT_BOOT:
      boot (self);
      break;
    case EVENT_SHUTDOWN:
      usher_child_shutdown (USHER_CHILD (self->supervisor), event->argument);
      break;
    case EVENT_KILL:
      usher_child_kill (USHER_CHILD (self->supervisor));
      break;
    case EVENT_CANCEL:
      g_cancellable_cancel (self->cancellable);
      break;
    case EVENT_SET_START:
      test_child_set_start (child, event->argument);
      break;
    case EVENT_SET_STOP:
      test_child_set_stop (child, event->argument);
      break;
    case EVENT_ANSWER:
      test_child_answer_start (child);
      break;
    case EVENT_EXIT:
      test_child_exit (child, event->argument);
      break;
    case EVENT_ADVANCE:
      fake_clock_advance_usec (event->argument * MSEC);
      break;
    case EVENT_NOTHING:
      break;
    default:
      call (self, event);
    }
}

static void
describe (World *self)
{
  g_autoptr (GPtrArray) infos = usher_supervisor_which_children (self->supervisor);
  UsherChildCounts counts;

  for (guint i = 0; i < infos->len; i++)
    {
      const UsherChildInfo *info = g_ptr_array_index (infos, i);

      g_string_append_printf (self->seen->states, "%s %s, ", usher_child_info_get_id (info),
                              get_nick (USHER_TYPE_CHILD_STATE, usher_child_info_get_state (info)));
    }
  usher_supervisor_count_children (self->supervisor, &counts);
  g_string_append_printf (self->seen->states, "%u %u", counts.n_specs, counts.n_active);
}

void
world_settle (World *self)
{
  iterate_pending (NULL);
  describe (self);
}

static void
add_child (World *self,
           guint index)
{
  const ChildPlan *plan = &self->sequence->children[index];
  const char id[] = { 'a' + index, '\0' };
  g_autoptr (GError) error = NULL;

  self->children[index] = test_child_new (id, self->seen->calls);
  self->specs[index] = usher_child_spec_new (id, USHER_CHILD (self->children[index]));
  usher_child_spec_set_restart (self->specs[index], plan->restart);
  usher_child_spec_set_shutdown_msec (self->specs[index], plan->shutdown_msec);
  if (index >= self->sequence->n_static)
    return;

  usher_supervisor_add_child (self->supervisor, self->specs[index], &error);
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
  self->supervisor = usher_supervisor_new (sequence->strategy);
  usher_supervisor_set_intensity (self->supervisor, sequence->intensity);
  usher_supervisor_set_period_msec (self->supervisor, sequence->period_msec);
  g_signal_connect (self->supervisor, "report", G_CALLBACK (on_report), self);
  g_signal_connect (self->supervisor, "exited", G_CALLBACK (on_exited), self);
  for (guint i = 0; i < MAX_CHILDREN; i++)
    add_child (self, i);

  return self;
}

void
world_free (World *self)
{
  g_clear_object (&self->cancellable);
  g_assert_finalize_object (self->supervisor);
  for (guint i = 0; i < MAX_CHILDREN; i++)
    {
      usher_child_spec_free (self->specs[i]);
      g_assert_finalize_object (self->children[i]);
    }
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  fake_clock_remove ();
  g_free (self);
}

void
world_abandon (World *self)
{
  usher_child_kill (USHER_CHILD (self->supervisor));
  iterate_pending (NULL);
  for (guint i = 0; i < MAX_CHILDREN; i++)
    if (test_child_is_starting (self->children[i]))
      test_child_answer_start (self->children[i]);
  iterate_pending (NULL);

  g_clear_object (&self->cancellable);
  g_object_unref (self->supervisor);
  for (guint i = 0; i < MAX_CHILDREN; i++)
    {
      usher_child_spec_free (self->specs[i]);
      g_object_unref (self->children[i]);
    }
  fake_clock_remove ();
  g_free (self);
}
