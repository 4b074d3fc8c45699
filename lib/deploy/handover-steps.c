/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/handover-private.h"

/* For what takes no time in a process that is well. */
#define STEP_MSEC 5000

#define EDGE(step) (1u << USHER_HANDOVER_STEP_##step)
#define VERB(verb) (1u << USHER_HANDOVER_##verb)

/* All that there is to say about a step but what is done in it. */
static const struct
{
  const char *nick;
  UsherHandoverState state;
  guint edges;
  guint expected; /* verbs */
  gboolean is_timed;
} steps[] = {
  [USHER_HANDOVER_STEP_IDLE] = {
      .nick = "idle",
      .state = USHER_HANDOVER_IDLE,
      .edges = EDGE (ASKING) | EDGE (TAKEN),
  },
  [USHER_HANDOVER_STEP_ASKING] = {
      .nick = "asking",
      .state = USHER_HANDOVER_TAKING,
      .edges = EDGE (IDLE) | EDGE (RECEIVING),
      .expected = VERB (OFFER),
      .is_timed = TRUE,
  },
  [USHER_HANDOVER_STEP_RECEIVING] = {
      .nick = "receiving",
      .state = USHER_HANDOVER_TAKING,
      .edges = EDGE (IDLE) | EDGE (RECEIVING) | EDGE (TAKEN),
      .expected = VERB (SOCKET),
      .is_timed = TRUE,
  },
  [USHER_HANDOVER_STEP_TAKEN] = {
      .nick = "taken",
      .state = USHER_HANDOVER_TAKEN,
      .edges = EDGE (IDLE) | EDGE (CONFIRMING) | EDGE (SERVING),
  },
  [USHER_HANDOVER_STEP_CONFIRMING] = {
      .nick = "confirming",
      .state = USHER_HANDOVER_TAKEN,
      .edges = EDGE (IDLE) | EDGE (SERVING),
      .expected = VERB (YOURS),
      .is_timed = TRUE,
  },
  [USHER_HANDOVER_STEP_SERVING] = {
      .nick = "serving",
      .state = USHER_HANDOVER_SERVING,
      .edges = EDGE (IDLE) | EDGE (GREETING),
  },
  [USHER_HANDOVER_STEP_GREETING] = {
      .nick = "greeting",
      .state = USHER_HANDOVER_GIVING,
      .edges = EDGE (SERVING) | EDGE (OFFERING),
      .expected = VERB (HELLO),
      .is_timed = TRUE,
  },
  [USHER_HANDOVER_STEP_OFFERING] = {
      .nick = "offering",
      .state = USHER_HANDOVER_GIVING,
      .edges = EDGE (SERVING) | EDGE (PASSING),
      .expected = VERB (WANT),
      .is_timed = TRUE,
  },
  [USHER_HANDOVER_STEP_PASSING] = {
      .nick = "passing",
      .state = USHER_HANDOVER_GIVING,
      .edges = EDGE (SERVING) | EDGE (PASSING) | EDGE (WARMING),
      .expected = VERB (GOT),
      .is_timed = TRUE,
  },
  [USHER_HANDOVER_STEP_WARMING] = {
      .nick = "warming",
      .state = USHER_HANDOVER_GIVING,
      .edges = EDGE (SERVING) | EDGE (SUPERSEDED),
      .expected = VERB (READY),
  },
  [USHER_HANDOVER_STEP_SUPERSEDED] = {
      .nick = "superseded",
      .state = USHER_HANDOVER_SUPERSEDED,
      .edges = EDGE (IDLE),
  },
};

typedef void (*Handler) (UsherHandover *self,
                         UsherHandoverMessage *message);

static const Handler handlers[] = {
  [USHER_HANDOVER_HELLO] = usher_handover_on_hello,
  [USHER_HANDOVER_OFFER] = usher_handover_on_offer,
  [USHER_HANDOVER_WANT] = usher_handover_on_want,
  [USHER_HANDOVER_SOCKET] = usher_handover_on_socket,
  [USHER_HANDOVER_GOT] = usher_handover_on_got,
  [USHER_HANDOVER_READY] = usher_handover_on_ready,
  [USHER_HANDOVER_YOURS] = usher_handover_on_yours,
};

static gint64
get_limit_msec (UsherHandover *self)
{
  if (self->step == USHER_HANDOVER_STEP_WARMING)
    return self->timeout_msec;

  return steps[self->step].is_timed ? STEP_MSEC : -1;
}

void
usher_handover_set_step (UsherHandover *self,
                         UsherHandoverStep step)
{
  UsherHandoverState old_state = steps[self->step].state;

  g_assert (steps[self->step].edges & (1u << step));

  g_debug ("hand-over at %s: %s → %s", self->path, steps[self->step].nick, steps[step].nick);
  self->step = step;
  if (usher_handover_channel_is_open (&self->channel))
    usher_handover_channel_set_limit (&self->channel, get_limit_msec (self));
  if (step == USHER_HANDOVER_STEP_SERVING)
    usher_handover_poll_control (self);
  if (steps[step].state != old_state)
    usher_handover_notify_state (self);
}

/* If it does not listen any more, it has said why before: that is heard next. */
void
usher_handover_say (UsherHandover *self,
                    UsherHandoverVerb verb,
                    GVariant *fields,
                    UsherHandoverStep next)
{
  const UsherHandoverItem *item = verb == USHER_HANDOVER_SOCKET ? self->items->pdata[self->n_passed] : NULL;
  g_autoptr (GError) error = NULL;

  usher_handover_set_step (self, next);
  if (!usher_handover_channel_send (&self->channel, verb, fields, item != NULL ? item->kernel_socket->fd : -1, &error) &&
      !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED))
    usher_handover_fail (self, error);
}

void
usher_handover_on_message (UsherHandoverChannel *channel,
                           UsherHandoverMessage *message,
                           const GError *error)
{
  g_autoptr (UsherHandover) self = g_object_ref (USHER_OWNER (UsherHandover, channel, channel));
  g_autoptr (GError) unexpected = NULL;

  if (error != NULL)
    usher_handover_fail (self, error);
  else if (!usher_handover_message_check (message, steps[self->step].expected, &unexpected))
    usher_handover_fail (self, unexpected);
  else
    handlers[message->verb](self, message);
}

void
usher_handover_end_attempt (UsherHandover *self)
{
  usher_handover_channel_close (&self->channel);
  g_clear_pointer (&self->items, g_ptr_array_unref);
}

/* As predecessor: it serves on. */
static void
fail_to_give (UsherHandover *self,
              const GError *error)
{
  g_autoptr (GError) failure = NULL;

  usher_handover_set_step (self, USHER_HANDOVER_STEP_SERVING);
  if (usher_handover_start_failed (self, error))
    return;

  failure = g_error_new (error->domain, error->code,
                         "Process %" G_GINT64_FORMAT " (version “%s”) did not take over at %s: %s", self->successor_pid,
                         self->successor_version != NULL ? self->successor_version : "", self->path, error->message);
  usher_handover_emit_failed (self, failure);
}

/* As successor: the other one serves on, so the pools stay suspended. */
static void
fail_to_take (UsherHandover *self,
              const GError *error)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->task);
  GError *failure = g_error_new (error->domain, error->code, "Cannot take over from process %" G_GINT64_FORMAT " at %s: %s",
                                 self->predecessor_pid, self->path, error->message);

  usher_handover_reset_control (self);
  usher_handover_set_step (self, USHER_HANDOVER_STEP_IDLE);
  if (task != NULL)
    g_task_return_error (task, failure);
  else
    self->failure = failure;
}

void
usher_handover_fail (UsherHandover *self,
                     const GError *error)
{
  g_object_ref (self);
  usher_handover_channel_refuse (&self->channel, error->message);
  usher_handover_end_attempt (self);
  if (self->step > USHER_HANDOVER_STEP_SERVING)
    fail_to_give (self, error);
  else
    fail_to_take (self, error);
  g_object_unref (self);
}

/**
 * usher_handover_get_state:
 * @self: a hand-over
 *
 * Gets what it is doing.
 *
 * Returns: its state
 *
 * Since: 0.1
 */
UsherHandoverState
usher_handover_get_state (UsherHandover *self)
{
  g_return_val_if_fail (USHER_IS_HANDOVER (self), USHER_HANDOVER_IDLE);

  return steps[self->step].state;
}

/**
 * usher_handover_cancel:
 * @self: a hand-over
 *
 * Gives up what is under way: a process that is taking over is refused, and killed if this one has
 * started it; or this one stops taking over, and its call fails with %G_IO_ERROR_CANCELLED.
 *
 * Since: 0.1
 */
void
usher_handover_cancel (UsherHandover *self)
{
  g_autoptr (GError) error = NULL;

  g_return_if_fail (USHER_IS_HANDOVER (self));

  g_object_ref (self);
  error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "it was given up");
  if (usher_handover_channel_is_open (&self->channel))
    usher_handover_fail (self, error);
  usher_handover_give_up_start (self);
  g_object_unref (self);
}

/**
 * usher_handover_stop:
 * @self: a hand-over
 *
 * Ends it: nobody can take over from this process any more. It may begin anew.
 *
 * Since: 0.1
 */
void
usher_handover_stop (UsherHandover *self)
{
  g_return_if_fail (USHER_IS_HANDOVER (self));

  usher_handover_cancel (self);
  g_clear_error (&self->failure);
  if (self->step == USHER_HANDOVER_STEP_IDLE)
    return;

  usher_handover_reset_control (self);
  usher_handover_set_step (self, USHER_HANDOVER_STEP_IDLE);
}
