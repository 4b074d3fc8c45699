/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/slot-private.h"

#include "runtime/clock-private.h"
#include "supervision/child-private.h"
#include "supervision/child-spec-private.h"
#include "usher/error.h"

#define BIT(state) (1u << (state))

/* One start that is under way. It outlives the slot if it is abandoned. */
struct _UsherSlotStart
{
  UsherSlot *slot;           /* (unowned) (nullable): NULL once nobody waits for it */
  GCancellable *cancellable; /* (owned) */
};

static const guint transitions[USHER_SLOT_N_STATES] = {
  [USHER_SLOT_DOWN] = BIT (USHER_SLOT_STARTING) | BIT (USHER_SLOT_RESTARTING),
  [USHER_SLOT_STARTING] = BIT (USHER_SLOT_RUNNING) | BIT (USHER_SLOT_EXITED) |
                          BIT (USHER_SLOT_DOWN) | BIT (USHER_SLOT_CANCELLING) |
                          BIT (USHER_SLOT_KILLING),
  [USHER_SLOT_CANCELLING] = BIT (USHER_SLOT_DOWN) | BIT (USHER_SLOT_STOPPING) |
                            BIT (USHER_SLOT_KILLING),
  [USHER_SLOT_RUNNING] = BIT (USHER_SLOT_EXITED) | BIT (USHER_SLOT_STOPPING) |
                         BIT (USHER_SLOT_KILLING),
  [USHER_SLOT_EXITED] = BIT (USHER_SLOT_DOWN),
  [USHER_SLOT_STOPPING] = BIT (USHER_SLOT_DOWN) | BIT (USHER_SLOT_KILLING),
  [USHER_SLOT_KILLING] = BIT (USHER_SLOT_DOWN),
  [USHER_SLOT_RESTARTING] = BIT (USHER_SLOT_DOWN),
};

static const char *const state_names[USHER_SLOT_N_STATES] = {
  [USHER_SLOT_DOWN] = "down",
  [USHER_SLOT_STARTING] = "starting",
  [USHER_SLOT_CANCELLING] = "cancelling",
  [USHER_SLOT_RUNNING] = "running",
  [USHER_SLOT_EXITED] = "exited",
  [USHER_SLOT_STOPPING] = "stopping",
  [USHER_SLOT_KILLING] = "killing",
  [USHER_SLOT_RESTARTING] = "restarting",
};

static const gboolean is_active[USHER_SLOT_N_STATES] = {
  [USHER_SLOT_DOWN] = FALSE,
  [USHER_SLOT_STARTING] = FALSE,
  [USHER_SLOT_CANCELLING] = FALSE,
  [USHER_SLOT_RUNNING] = TRUE,
  [USHER_SLOT_EXITED] = FALSE,
  [USHER_SLOT_STOPPING] = TRUE,
  [USHER_SLOT_KILLING] = TRUE,
  [USHER_SLOT_RESTARTING] = FALSE,
};

static void
set_state (UsherSlot *self,
           UsherSlotState state)
{
  g_return_if_fail ((transitions[self->state] & BIT (state)) != 0);

  g_debug ("child “%s”: %s → %s", usher_slot_get_id (self), state_names[self->state],
           state_names[state]);
  *self->n_active -= is_active[self->state];
  *self->n_active += is_active[state];
  self->state = state;
}

static void
go_down (UsherSlot *self)
{
  usher_timer_stop (&self->timer);
  self->is_due = FALSE;
  self->serial = 0;
  usher_desk_withdraw (self->desk, &self->exit_letter);
  set_state (self, USHER_SLOT_DOWN);
  usher_desk_wake (self->desk);
}

static void
run_shutdown (gpointer data)
{
  UsherSlot *self = data;

  if (self->state != USHER_SLOT_STOPPING)
    return;

  self->may_keep = self->told == USHER_STOP_RESTART;
  usher_child_shutdown (self->child, self->told);
}

static void
run_release (gpointer data)
{
  g_autoptr (UsherChild) child = data;

  usher_child_shutdown (child, USHER_STOP_FINAL);
}

/* A start that does not even end when it is killed is nobody's any more. */
static void
abandon_start (UsherSlot *self)
{
  self->start->slot = NULL;
  self->start = NULL;
  if (self->exit == NULL)
    self->exit = usher_exit_new_killed ();
  go_down (self);
  usher_slot_dismiss_child (self);
}

/* A life that does not end when it is killed is nobody's either. Its exit will not be heard. */
static void
on_kill_limit (UsherTimer *timer)
{
  UsherSlot *self = USHER_OWNER (UsherSlot, timer, timer);
  g_autoptr (GError) error =
      g_error_new (USHER_ERROR, USHER_ERROR_TIMED_OUT,
                   "child “%s”: it has not exited within %d ms after it was killed, and is abandoned",
                   usher_slot_get_id (self), USHER_KILL_LIMIT_MSEC);

  self->exit = usher_exit_new_error (error);
  go_down (self);
}

/* Those that supervise others wait for them, and give them up by themselves. */
static void
start_kill_limit (UsherSlot *self)
{
  if (usher_slot_get_child_type (self) == USHER_CHILD_WORKER)
    usher_timer_start (&self->timer, self->desk->reactor,
                       usher_clock_now_usec () + USHER_KILL_LIMIT_MSEC * 1000, on_kill_limit);
}

static void
run_kill (gpointer data)
{
  UsherSlot *self = data;

  /* While a factory makes it, there is no child to kill. */
  if (self->state == USHER_SLOT_KILLING && self->child != NULL)
    usher_child_kill (self->child);
  if (self->state == USHER_SLOT_KILLING && self->start != NULL)
    abandon_start (self);
  else if (self->state == USHER_SLOT_KILLING)
    start_kill_limit (self);
}

static void
run_cancel (gpointer data)
{
  UsherSlot *self = data;

  if (self->start != NULL)
    g_cancellable_cancel (self->start->cancellable);
}

static void
begin_kill (UsherSlot *self)
{
  usher_timer_stop (&self->timer);
  set_state (self, USHER_SLOT_KILLING);
  usher_desk_send (self->desk, run_cancel, self);
  usher_desk_send (self->desk, run_kill, self);
}

static void
on_limit (UsherTimer *timer)
{
  UsherSlot *self = USHER_OWNER (UsherSlot, timer, timer);

  begin_kill (self);
}

static void
start_limit (UsherSlot *self)
{
  gint64 limit_msec = usher_slot_get_limit_msec (self);

  if (limit_msec >= 0 && !self->has_common_limit && !usher_timer_is_started (&self->timer))
    usher_timer_start (&self->timer, self->desk->reactor,
                       usher_clock_now_usec () + limit_msec * 1000, on_limit);
}

static gboolean
is_killed_at_once (UsherSlot *self)
{
  return usher_slot_get_limit_msec (self) == USHER_SHUTDOWN_BRUTAL_KILL;
}

static void
begin_stop (UsherSlot *self,
            UsherStop why)
{
  self->told = why;
  self->was_brutal = is_killed_at_once (self);

  if (self->was_brutal)
    {
      self->may_keep = why == USHER_STOP_RESTART;
      begin_kill (self);
      return;
    }

  set_state (self, USHER_SLOT_STOPPING);
  start_limit (self);
  usher_desk_send (self->desk, run_shutdown, self);
}

static void
begin_cancel (UsherSlot *self,
              UsherStop why)
{
  self->told = why;
  self->was_brutal = is_killed_at_once (self);
  if (self->was_brutal)
    {
      begin_kill (self);
      return;
    }

  set_state (self, USHER_SLOT_CANCELLING);
  usher_desk_send (self->desk, run_cancel, self);
  start_limit (self);
}

/* OTP asks, or kills, without knowing that the child is gone, and judges its exit accordingly. */
static void
overtake_exit (UsherSlot *self)
{
  self->was_brutal = is_killed_at_once (self);
  go_down (self);
}

void
usher_slot_release (UsherSlot *self)
{
  if (!self->may_keep || self->state != USHER_SLOT_DOWN)
    return;

  self->may_keep = FALSE;
  usher_desk_send (self->desk, run_release, g_object_ref (self->child));
}

/* What a supervisor had started before it failed was stopped to be started again. */
static void
settle_failed_start (UsherSlot *self)
{
  gboolean is_final = self->state != USHER_SLOT_STARTING && self->told == USHER_STOP_FINAL;

  if (self->child != NULL && usher_slot_get_child_type (self) == USHER_CHILD_SUPERVISOR)
    self->may_keep = TRUE;
  go_down (self);
  if (is_final)
    usher_slot_release (self);
  usher_slot_dismiss_child (self);
}

static void
settle_started (UsherSlot *self)
{
  self->may_keep = FALSE;
  self->up_usec = usher_clock_now_usec ();
  usher_slot_confirm_child (self);

  if (self->exit != NULL && self->state != USHER_SLOT_STARTING)
    go_down (self);
  else if (self->exit != NULL)
    {
      set_state (self, USHER_SLOT_EXITED);
      usher_desk_post (self->desk, &self->exit_letter, USHER_LETTER_EXIT);
    }
  else if (self->state == USHER_SLOT_STARTING)
    set_state (self, USHER_SLOT_RUNNING);
  else if (self->state == USHER_SLOT_CANCELLING)
    begin_stop (self, self->told);
}

static void
start_free (UsherSlotStart *start)
{
  g_object_unref (start->cancellable);
  g_free (start);
}

/* It came too late for anybody to want it. */
static void
end_abandoned (UsherSlotStart *start,
               UsherChild *child,
               GAsyncResult *result)
{
  if (usher_child_start_finish (child, result, NULL) == USHER_START_STARTED)
    usher_child_kill (child);
  start_free (start);
}

/* `error` (transfer full) (nullable) */
static void
settle (UsherSlot *self,
        UsherStartResult answer,
        GError *error)
{
  start_free (g_steal_pointer (&self->start));
  self->start_result = answer;
  self->start_error = error;

  if (answer == USHER_START_STARTED)
    settle_started (self);
  else
    settle_failed_start (self);
  usher_desk_wake (self->desk);
}

static void
on_started (GObject *object,
            GAsyncResult *result,
            gpointer data)
{
  UsherSlotStart *start = data;
  UsherSlot *self = start->slot;

  if (self == NULL)
    {
      end_abandoned (start, USHER_CHILD (object), result);
      return;
    }

  GError *error = NULL;
  UsherStartResult answer = usher_child_start_finish (USHER_CHILD (object), result, &error);

  settle (self, answer, error);
}

static void
run_start (gpointer data)
{
  UsherSlotStart *start = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (UsherChild) child = usher_slot_make_child (start->slot, &error);
  UsherSlot *self = start->slot;

  if (self == NULL)
    {
      start_free (start);
      return;
    }
  if (child == NULL || !usher_slot_adopt_child (self, child, &error))
    {
      settle (self, USHER_START_FAILED, g_steal_pointer (&error));
      return;
    }

  /* A careless child may exit before it has started. */
  self->serial = usher_child_get_serial (child) + 1;
  usher_child_start_async (child, start->cancellable, on_started, start);
}

static void
init_backoff (UsherSlot *self)
{
  guint max_msec;
  double jitter;
  guint delay_msec = usher_child_spec_get_restart_delay (self->spec, &max_msec, &jitter);

  usher_backoff_init (&self->backoff, (gint64) delay_msec * 1000, (gint64) max_msec * 1000);
  usher_backoff_set_jitter (&self->backoff, jitter);
}

UsherSlot *
usher_slot_new (UsherDesk *desk,
                guint *n_active,
                UsherChildSpec *spec)
{
  UsherSlot *self = g_new0 (UsherSlot, 1);

  self->link.data = self;
  self->desk = desk;
  self->n_active = n_active;
  self->spec = usher_child_spec_ref (spec);
  g_set_object (&self->child, usher_child_spec_get_child (spec));
  if (self->child != NULL && usher_child_get_place (self->child) == NULL)
    usher_child_set_place (self->child, self);
  init_backoff (self);

  return self;
}

void
usher_slot_free (UsherSlot *self)
{
  g_return_if_fail (usher_slot_is_down (self));

  usher_desk_withdraw (self->desk, &self->retry_letter);
  usher_timer_stop (&self->timer);
  g_clear_error (&self->start_error);
  g_clear_pointer (&self->exit, usher_exit_unref);
  g_clear_pointer (&self->failure, usher_exit_unref);
  g_clear_pointer (&self->argument, g_variant_unref);
  usher_slot_lose_child (self);
  usher_child_spec_free (self->spec);
  g_clear_object (&self->child);
  g_free (self);
}

/* User code frees what a factory needs. */
static void
run_free_spec (gpointer data)
{
  usher_child_spec_free (data);
}

void
usher_slot_change (UsherSlot *self,
                   UsherChildSpec *spec)
{
  UsherChildSpec *former = self->spec;

  self->spec = usher_child_spec_ref (spec);
  usher_slot_reserve (self, former);
  if (!usher_child_spec_has_same_delay (spec, former))
    init_backoff (self);
  usher_desk_send (self->desk, run_free_spec, former);
}

const char *
usher_slot_get_id (const UsherSlot *self)
{
  return usher_child_spec_get_id (self->spec);
}

gboolean
usher_slot_is_down (const UsherSlot *self)
{
  return self->state == USHER_SLOT_DOWN || self->state == USHER_SLOT_RESTARTING;
}

void
usher_slot_start (UsherSlot *self)
{
  g_clear_error (&self->start_error);
  g_clear_pointer (&self->exit, usher_exit_unref);
  self->start_result = USHER_START_FAILED;
  self->told = USHER_STOP_RESTART;
  self->was_brutal = FALSE;
  usher_slot_vacate (self);
  set_state (self, USHER_SLOT_STARTING);

  self->start = g_new0 (UsherSlotStart, 1);
  self->start->slot = self;
  self->start->cancellable = g_cancellable_new ();
  usher_desk_send (self->desk, run_start, self->start);
}

void
usher_slot_tell_final (UsherSlot *self)
{
  if (self->state == USHER_SLOT_DOWN)
    {
      usher_slot_release (self);
      return;
    }
  if (self->told == USHER_STOP_FINAL)
    return;

  self->told = USHER_STOP_FINAL;
  if (self->state == USHER_SLOT_STOPPING)
    usher_desk_send (self->desk, run_shutdown, self);
}

void
usher_slot_stop (UsherSlot *self,
                 UsherStop why)
{
  if (self->state == USHER_SLOT_STARTING)
    begin_cancel (self, why);
  else if (self->state == USHER_SLOT_RUNNING)
    begin_stop (self, why);
  else if (self->state == USHER_SLOT_EXITED)
    overtake_exit (self);
  else if (self->state == USHER_SLOT_RESTARTING)
    go_down (self);

  if (why == USHER_STOP_FINAL)
    usher_slot_tell_final (self);
}

void
usher_slot_kill (UsherSlot *self)
{
  /* One that has stopped already was asked. */
  if (self->state == USHER_SLOT_DOWN)
    return;

  self->was_brutal = TRUE;
  if (self->state == USHER_SLOT_EXITED || self->state == USHER_SLOT_RESTARTING)
    go_down (self);
  else if (self->state != USHER_SLOT_KILLING)
    begin_kill (self);
}

void
usher_slot_expire (UsherSlot *self)
{
  gboolean is_stopping =
      self->state == USHER_SLOT_STOPPING || self->state == USHER_SLOT_CANCELLING;

  if (is_stopping && usher_slot_get_limit_msec (self) >= 0)
    begin_kill (self);
}

void
usher_slot_note_exit (UsherSlot *self,
                      UsherChild *child,
                      guint64 serial,
                      UsherExit *exit)
{
  if (child != self->child || serial != self->serial || self->exit != NULL)
    return;

  self->exit = usher_exit_ref (exit);
  self->may_keep = usher_slot_get_child_type (self) == USHER_CHILD_SUPERVISOR || self->may_keep;

  if (self->state == USHER_SLOT_RUNNING)
    {
      set_state (self, USHER_SLOT_EXITED);
      usher_desk_post (self->desk, &self->exit_letter, USHER_LETTER_EXIT);
    }
  else if (self->start == NULL)
    go_down (self);
}

static void
on_delay_over (UsherTimer *timer)
{
  UsherSlot *self = USHER_OWNER (UsherSlot, timer, timer);

  self->is_due = TRUE;
  usher_desk_post (self->desk, &self->retry_letter, USHER_LETTER_RETRY);
}

gboolean
usher_slot_delay (UsherSlot *self)
{
  gint64 now_usec = usher_clock_now_usec ();

  if (usher_child_spec_get_restart_delay (self->spec, NULL, NULL) == 0)
    return FALSE;

  if (self->start_result == USHER_START_STARTED && now_usec - self->up_usec >= self->backoff.max_usec)
    usher_backoff_reset (&self->backoff);
  if (self->state == USHER_SLOT_DOWN)
    set_state (self, USHER_SLOT_RESTARTING);
  usher_timer_start (&self->timer, self->desk->reactor,
                     now_usec + usher_backoff_next (&self->backoff, g_random_double ()),
                     on_delay_over);
  return TRUE;
}

void
usher_slot_retry (UsherSlot *self,
                  UsherExit *failure)
{
  usher_exit_ref (failure);
  g_clear_pointer (&self->failure, usher_exit_unref);
  self->failure = failure;
  set_state (self, USHER_SLOT_RESTARTING);
  usher_desk_post (self->desk, &self->retry_letter, USHER_LETTER_RETRY);
}

UsherExit *
usher_slot_take_exit (UsherSlot *self)
{
  if (self->state == USHER_SLOT_EXITED)
    go_down (self);

  return g_steal_pointer (&self->exit);
}
