/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "supervision/child-private.h"
#include "supervision/child-spec-private.h"
#include "usher/error.h"

typedef struct
{
  GTask *task; /* (owned) */
  UsherStartResult result;
  UsherChild *child; /* (owned) (nullable) */
  GError *error;     /* (owned) (nullable) */
} Answer;

static void
run_answer (gpointer data)
{
  Answer *answer = data;

  if (answer->child != NULL)
    g_task_set_task_data (answer->task, answer->child, g_object_unref);
  if (answer->error != NULL)
    g_task_return_error (answer->task, answer->error);
  else
    g_task_return_int (answer->task, answer->result);
  g_object_unref (answer->task);
  g_free (answer);
}

void
usher_supervisor_answer (UsherSupervisor *self,
                         UsherCall *call,
                         UsherStartResult result,
                         GError *error)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->task = g_steal_pointer (&call->task);
  answer->result = result;
  answer->child = g_steal_pointer (&call->child);
  answer->error = error;
  usher_desk_send (&self->desk, run_answer, answer);

  g_clear_pointer (&call->spec, usher_child_spec_free);
  g_clear_pointer (&call->argument, g_variant_unref);
  g_free (call->id);
  g_free (call);
}

static const char *const refusals[] = {
  [USHER_SUPERVISOR_ERROR_ALREADY_STARTED] = "it runs already",
  [USHER_SUPERVISOR_ERROR_ALREADY_PRESENT] = "it is there already; restart it, or delete it first",
  [USHER_SUPERVISOR_ERROR_NOT_FOUND] = "there is no such child",
  [USHER_SUPERVISOR_ERROR_RUNNING] = "it runs; terminate it first",
  [USHER_SUPERVISOR_ERROR_RESTARTING] = "it waits to be restarted; terminate it first",
  [USHER_SUPERVISOR_ERROR_NOT_RUNNING] = "the supervisor does not run",
  [USHER_SUPERVISOR_ERROR_SIMPLE_ONE_FOR_ONE] =
      "it is simple-one-for-one; start children with an argument, and name them by the child itself",
  [USHER_SUPERVISOR_ERROR_NOT_SIMPLE_ONE_FOR_ONE] =
      "it is not simple-one-for-one; start children by a specification, and name them by their id",
};

GError *
usher_supervisor_new_refusal (UsherSupervisor *self,
                              const char *id,
                              UsherSupervisorError code)
{
  if (id == NULL)
    return g_error_new (USHER_SUPERVISOR_ERROR, code, "supervisor “%s”: %s", self->name,
                        refusals[code]);

  return g_error_new (USHER_SUPERVISOR_ERROR, code, "supervisor “%s”, child “%s”: %s", self->name, id,
                      refusals[code]);
}

static void
refuse_with (UsherSupervisor *self,
             UsherCall *call,
             UsherSupervisorError code)
{
  usher_supervisor_answer (self, call, USHER_START_FAILED,
                           usher_supervisor_new_refusal (self, call->id, code));
}

void
usher_supervisor_refuse (UsherSupervisor *self,
                         UsherCall *call)
{
  refuse_with (self, call, USHER_SUPERVISOR_ERROR_NOT_RUNNING);
}

static void
handle_start (UsherSupervisor *self,
              UsherCall *call)
{
  UsherSlot *slot = usher_supervisor_find_slot (self, call->id);
  UsherChild *child = usher_child_spec_get_child (call->spec);
  GError *error = NULL;

  if (slot != NULL)
    {
      refuse_with (self, call,
                   usher_slot_is_down (slot) ? USHER_SUPERVISOR_ERROR_ALREADY_PRESENT
                                             : USHER_SUPERVISOR_ERROR_ALREADY_STARTED);
      return;
    }
  if (!usher_supervisor_check_spec (self, call->spec, self->auto_shutdown, &error))
    {
      usher_supervisor_answer (self, call, USHER_START_FAILED, error);
      return;
    }
  if (child != NULL && usher_child_is_busy (child))
    {
      refuse_with (self, call, USHER_SUPERVISOR_ERROR_ALREADY_STARTED);
      return;
    }

  slot = usher_supervisor_append_slot (self, call->spec);
  slot->is_dynamic = TRUE;
  usher_supervisor_call_start (self, slot, call);
}

static void
handle_start_with_argument (UsherSupervisor *self,
                            UsherCall *call)
{
  UsherSlot *slot = usher_supervisor_append_slot (self, usher_supervisor_get_template (self));

  slot->is_dynamic = TRUE;
  slot->argument = g_steal_pointer (&call->argument);
  usher_supervisor_call_start (self, slot, call);
}

/* What stands against a call that needs a child that is down. */
static gboolean
refuse_unless_down (UsherSupervisor *self,
                    UsherCall *call,
                    UsherSlot *slot)
{
  if (slot == NULL)
    refuse_with (self, call, USHER_SUPERVISOR_ERROR_NOT_FOUND);
  else if (slot->state == USHER_SLOT_RESTARTING)
    refuse_with (self, call, USHER_SUPERVISOR_ERROR_RESTARTING);
  else if (!usher_slot_is_down (slot))
    refuse_with (self, call, USHER_SUPERVISOR_ERROR_RUNNING);
  else
    return FALSE;

  return TRUE;
}

static void
handle_restart (UsherSupervisor *self,
                UsherCall *call)
{
  UsherSlot *slot = usher_supervisor_find_slot (self, call->id);

  if (!refuse_unless_down (self, call, slot))
    usher_supervisor_call_start (self, slot, call);
}

static UsherSlot *
find_called (UsherSupervisor *self,
             const UsherCall *call)
{
  return call->child != NULL ? usher_supervisor_find_slot_of (self, call->child)
                             : usher_supervisor_find_slot (self, call->id);
}

static void
handle_terminate (UsherSupervisor *self,
                  UsherCall *call)
{
  UsherSlot *slot = find_called (self, call);
  gboolean is_gone = call->child != NULL && usher_child_is_retired (call->child);

  if (slot != NULL)
    usher_supervisor_call_stop (self, slot, call);
  else if (call->is_urgent || is_gone)
    usher_supervisor_answer (self, call, USHER_START_STARTED, NULL);
  else
    refuse_with (self, call, USHER_SUPERVISOR_ERROR_NOT_FOUND);
}

static void
handle_delete (UsherSupervisor *self,
               UsherCall *call)
{
  UsherSlot *slot = usher_supervisor_find_slot (self, call->id);

  if (refuse_unless_down (self, call, slot))
    return;

  usher_supervisor_unconfigure (self, call->id);
  usher_supervisor_drop_slot (self, slot);
  usher_supervisor_answer (self, call, USHER_START_STARTED, NULL);
}

static const struct
{
  void (*handle) (UsherSupervisor *self,
                  UsherCall *call);
  gboolean is_simple; /* for simple-one-for-one, and for nothing else */
  gboolean is_general;
  gboolean may_be_urgent;
} kinds[] = {
  [USHER_CALL_START] = { .handle = handle_start },
  [USHER_CALL_START_WITH_ARGUMENT] = { .handle = handle_start_with_argument, .is_simple = TRUE },
  [USHER_CALL_RESTART] = { .handle = handle_restart },
  [USHER_CALL_TERMINATE] = { .handle = handle_terminate, .may_be_urgent = TRUE },
  [USHER_CALL_TERMINATE_OBJECT] = {
      .handle = handle_terminate,
      .is_simple = TRUE,
      .may_be_urgent = TRUE,
  },
  [USHER_CALL_DELETE] = { .handle = handle_delete },
  [USHER_CALL_CHANGE] = { .handle = usher_supervisor_handle_change, .is_general = TRUE },
};

void
usher_supervisor_handle_call (UsherSupervisor *self,
                              UsherCall *call)
{
  gboolean is_simple = usher_supervisor_is_simple (self);

  if (kinds[call->kind].is_general || kinds[call->kind].is_simple == is_simple)
    kinds[call->kind].handle (self, call);
  else
    refuse_with (self, call,
                 is_simple ? USHER_SUPERVISOR_ERROR_SIMPLE_ONE_FOR_ONE
                           : USHER_SUPERVISOR_ERROR_NOT_SIMPLE_ONE_FOR_ONE);
}

/* (nullable): the child that is starting, and whose start the call ends. */
static UsherSlot *
find_urgent (UsherSupervisor *self,
             const UsherCall *call)
{
  UsherSlot *slot =
      kinds[call->kind].may_be_urgent && kinds[call->kind].is_simple == usher_supervisor_is_simple (self)
          ? find_called (self, call)
          : NULL;

  return slot != NULL && slot->state == USHER_SLOT_STARTING ? slot : NULL;
}

UsherCall *
usher_call_new (UsherCallKind kind,
                const char *id,
                GTask *task)
{
  UsherCall *call = g_new0 (UsherCall, 1);

  call->kind = kind;
  call->task = g_object_ref (task);
  call->id = g_strdup (id);

  return call;
}

void
usher_supervisor_post_call (UsherSupervisor *self,
                            UsherCall *call)
{
  UsherSlot *starting = find_urgent (self, call);

  if (self->state == USHER_SUPERVISOR_DOWN && kinds[call->kind].is_general)
    kinds[call->kind].handle (self, call);
  else if (self->state != USHER_SUPERVISOR_STARTING && self->state != USHER_SUPERVISOR_RUNNING)
    usher_supervisor_refuse (self, call);
  else if (starting != NULL)
    {
      call->is_urgent = TRUE;
      usher_slot_stop (starting, USHER_STOP_FINAL);
      usher_desk_post_urgent (&self->desk, &call->letter, USHER_LETTER_CALL);
    }
  else
    usher_desk_post (&self->desk, &call->letter, USHER_LETTER_CALL);
}
