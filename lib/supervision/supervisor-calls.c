/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "supervision/child-spec-private.h"
#include "usher/error.h"

typedef struct
{
  GTask *task; /* (owned) */
  UsherStartResult result;
  GError *error; /* (owned) (nullable) */
} Answer;

static void
run_answer (gpointer data)
{
  Answer *answer = data;

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
  answer->error = error;
  usher_desk_send (&self->desk, run_answer, answer);

  g_clear_pointer (&call->spec, usher_child_spec_free);
  g_free (call->id);
  g_free (call);
}

static const char *const refusals[] = {
  [USHER_SUPERVISOR_ERROR_ALREADY_STARTED] = "it runs already",
  [USHER_SUPERVISOR_ERROR_ALREADY_PRESENT] = "it is there already; restart it, or delete it first",
  [USHER_SUPERVISOR_ERROR_NOT_FOUND] = "there is no child with that id",
  [USHER_SUPERVISOR_ERROR_RUNNING] = "it runs; terminate it first",
  [USHER_SUPERVISOR_ERROR_RESTARTING] = "it waits to be restarted; terminate it first",
  [USHER_SUPERVISOR_ERROR_NOT_RUNNING] = "the supervisor does not run",
};

static void
refuse_with (UsherSupervisor *self,
             UsherCall *call,
             UsherSupervisorError code)
{
  GError *error = g_error_new (USHER_SUPERVISOR_ERROR, code, "supervisor “%s”, child “%s”: %s",
                               self->name, call->id, refusals[code]);

  usher_supervisor_answer (self, call, USHER_START_FAILED, error);
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
  GError *error = NULL;

  if (slot != NULL)
    {
      refuse_with (self, call,
                   usher_slot_is_down (slot) ? USHER_SUPERVISOR_ERROR_ALREADY_PRESENT
                                             : USHER_SUPERVISOR_ERROR_ALREADY_STARTED);
      return;
    }
  if (!usher_supervisor_check_spec (self, call->spec, &error))
    {
      usher_supervisor_answer (self, call, USHER_START_FAILED, error);
      return;
    }

  slot = usher_supervisor_append_slot (self, call->spec);
  slot->is_dynamic = TRUE;
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

static void
handle_terminate (UsherSupervisor *self,
                  UsherCall *call)
{
  UsherSlot *slot = usher_supervisor_find_slot (self, call->id);

  if (slot != NULL)
    usher_supervisor_call_stop (self, slot, call);
  else if (call->is_urgent)
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

void
usher_supervisor_handle_call (UsherSupervisor *self,
                              UsherCall *call)
{
  static void (*const handlers[]) (UsherSupervisor *, UsherCall *) = {
    [USHER_CALL_START] = handle_start,
    [USHER_CALL_RESTART] = handle_restart,
    [USHER_CALL_TERMINATE] = handle_terminate,
    [USHER_CALL_DELETE] = handle_delete,
  };

  handlers[call->kind](self, call);
}

static gboolean
is_starting_now (UsherSupervisor *self,
                 const char *id)
{
  UsherSlot *slot = usher_supervisor_find_slot (self, id);

  return slot != NULL && slot->state == USHER_SLOT_STARTING;
}

void
usher_supervisor_post_call (UsherSupervisor *self,
                            UsherCallKind kind,
                            const char *id,
                            GTask *task)
{
  UsherCall *call = g_new0 (UsherCall, 1);
  const UsherChildSpec *spec = g_task_get_task_data (task);

  call->kind = kind;
  call->task = g_object_ref (task);
  call->id = g_strdup (id);
  call->spec = spec != NULL ? usher_child_spec_copy (spec) : NULL;

  if (self->state != USHER_SUPERVISOR_STARTING && self->state != USHER_SUPERVISOR_RUNNING)
    usher_supervisor_refuse (self, call);
  else if (kind == USHER_CALL_TERMINATE && is_starting_now (self, id))
    {
      call->is_urgent = TRUE;
      usher_slot_stop (usher_supervisor_find_slot (self, id), USHER_STOP_FINAL);
      usher_desk_post_urgent (&self->desk, &call->letter, USHER_LETTER_CALL);
    }
  else
    usher_desk_post (&self->desk, &call->letter, USHER_LETTER_CALL);
}
