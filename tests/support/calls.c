/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/calls.h"

#include "support/iterate.h"

static void
on_start_answered (GObject *object,
                   GAsyncResult *result,
                   gpointer data)
{
  Call *call = data;

  call->is_answered = TRUE;
  call->answer = usher_supervisor_start_child_finish (USHER_SUPERVISOR (object), result, &call->error);
}

static void
on_restart_answered (GObject *object,
                     GAsyncResult *result,
                     gpointer data)
{
  Call *call = data;

  call->is_answered = TRUE;
  call->answer = usher_supervisor_restart_child_finish (USHER_SUPERVISOR (object), result, &call->error);
}

static void
on_terminate_answered (GObject *object,
                       GAsyncResult *result,
                       gpointer data)
{
  Call *call = data;

  call->is_answered = TRUE;
  call->answer = usher_supervisor_terminate_child_finish (USHER_SUPERVISOR (object), result, &call->error);
}

static void
on_delete_answered (GObject *object,
                    GAsyncResult *result,
                    gpointer data)
{
  Call *call = data;

  call->is_answered = TRUE;
  call->answer = usher_supervisor_delete_child_finish (USHER_SUPERVISOR (object), result, &call->error);
}

UsherChildSpec *
make_spec (SupervisorFixture *fixture,
           guint index,
           UsherRestart restart)
{
  const char *const names[] = { "a", "b", "c", "d" };

  if (fixture->children[index] == NULL)
    fixture->children[index] = test_child_new (names[index], fixture->trace);

  UsherChildSpec *spec = usher_child_spec_new (names[index], USHER_CHILD (fixture->children[index]));

  usher_child_spec_set_restart (spec, restart);
  usher_child_spec_set_shutdown_msec (spec, 100);
  return spec;
}

void
begin_start_spec (SupervisorFixture *fixture,
                  const UsherChildSpec *spec,
                  Call *call)
{
  usher_supervisor_start_child_async (fixture->supervisor, spec, NULL, on_start_answered, call);
  iterate_pending (NULL);
}

void
begin_start_child (SupervisorFixture *fixture,
                   guint index,
                   UsherRestart restart,
                   Call *call)
{
  g_autoptr (UsherChildSpec) spec = make_spec (fixture, index, restart);

  begin_start_spec (fixture, spec, call);
}

void
begin_restart (SupervisorFixture *fixture,
               const char *id,
               Call *call)
{
  usher_supervisor_restart_child_async (fixture->supervisor, id, NULL, on_restart_answered, call);
  iterate_pending (NULL);
}

void
begin_terminate (SupervisorFixture *fixture,
                 const char *id,
                 Call *call)
{
  usher_supervisor_terminate_child_async (fixture->supervisor, id, NULL, on_terminate_answered, call);
  iterate_pending (NULL);
}

void
begin_delete (SupervisorFixture *fixture,
              const char *id,
              Call *call)
{
  usher_supervisor_delete_child_async (fixture->supervisor, id, NULL, on_delete_answered, call);
  iterate_pending (NULL);
}

static void
on_change_answered (GObject *object,
                    GAsyncResult *result,
                    gpointer data)
{
  Call *call = data;

  call->is_answered = TRUE;
  call->answer = usher_supervisor_change_finish (USHER_SUPERVISOR (object), result, &call->error);
}

void
begin_change (SupervisorFixture *fixture,
              const UsherSupervisorFlags *flags,
              GPtrArray *specs,
              Call *call)
{
  usher_supervisor_change_async (fixture->supervisor, flags, specs, NULL, on_change_answered, call);
  g_clear_pointer (&specs, g_ptr_array_unref);
  iterate_pending (NULL);
}

GPtrArray *
collect_specs (UsherChildSpec *first,
               ...)
{
  GPtrArray *specs = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_child_spec_free);
  va_list arguments;

  va_start (arguments, first);
  for (UsherChildSpec *spec = first; spec != NULL; spec = va_arg (arguments, UsherChildSpec *))
    g_ptr_array_add (specs, spec);
  va_end (arguments);

  return specs;
}

void
assert_invalid (Call *call,
                const char *text)
{
  g_assert_true (call->is_answered);
  g_assert_error (call->error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (call->error->message, text));
  g_clear_error (&call->error);
  *call = (Call){ 0 };
}

void
assert_answer (Call *call,
               int code,
               int answer)
{
  g_assert_true (call->is_answered);
  if (code < 0)
    g_assert_no_error (call->error);
  else
    g_assert_error (call->error, USHER_SUPERVISOR_ERROR, code);
  if (code < 0)
    g_assert_cmpint (call->answer, ==, answer);
  g_clear_error (&call->error);
  g_clear_object (&call->child);
  *call = (Call){ 0 };
}

void
assert_started (Call *call)
{
  assert_answer (call, -1, USHER_START_STARTED);
}

void
assert_done (Call *call)
{
  assert_answer (call, -1, TRUE);
}

void
assert_refused (Call *call,
                UsherSupervisorError code)
{
  assert_answer (call, code, 0);
}

void
assert_failed (Call *call,
               int io_code)
{
  g_assert_true (call->is_answered);
  g_assert_error (call->error, G_IO_ERROR, io_code);
  g_clear_error (&call->error);
  g_clear_object (&call->child);
  *call = (Call){ 0 };
}

void
assert_children (SupervisorFixture *fixture,
                 const char *expected)
{
  g_autoptr (GPtrArray) infos = usher_supervisor_which_children (fixture->supervisor);
  g_autoptr (GEnumClass) states = g_type_class_ref (USHER_TYPE_CHILD_STATE);
  g_autoptr (GString) line = g_string_new (NULL);
  UsherChildCounts counts;

  for (guint i = 0; i < infos->len; i++)
    {
      const UsherChildInfo *info = g_ptr_array_index (infos, i);

      g_string_append_printf (line, "%s %s, ",
                              usher_child_info_get_id (info) != NULL ? usher_child_info_get_id (info) : "–",
                              g_enum_get_value (states, usher_child_info_get_state (info))->value_nick);
    }
  usher_supervisor_count_children (fixture->supervisor, &counts);
  g_string_append_printf (line, "%u %u %u %u", counts.n_specs, counts.n_active,
                          counts.n_supervisors, counts.n_workers);
  g_assert_cmpstr (line->str, ==, expected);
}
