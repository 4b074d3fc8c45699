/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/desk-private.h"

/* How many decisions and errands one dispatch may take, so that a large tree leaves the context to
 * others in between. */
#define MAX_STEPS 256

typedef struct
{
  GList link;
  UsherErrandFunc func;
  gpointer data;
} Errand;

static gboolean
run_errand (UsherDesk *self)
{
  GList *link = g_queue_pop_head_link (&self->errands);

  if (link == NULL)
    return FALSE;

  g_autofree Errand *errand = link->data;

  errand->func (errand->data);
  return TRUE;
}

static void
on_message (UsherMessage *message)
{
  UsherDesk *self = USHER_OWNER (UsherDesk, message, message);
  g_autoptr (GObject) owner = self->owner;

  self->is_awake = FALSE;
  usher_desk_run (self);
}

void
usher_desk_init (UsherDesk *self,
                 gpointer owner,
                 UsherDeskStep step)
{
  *self = (UsherDesk){
    .owner = owner,
    .reactor = usher_reactor_ref_for_caller (),
    .step = step,
  };
}

void
usher_desk_clear (UsherDesk *self)
{
  g_assert (self->letters.length == 0 && self->errands.length == 0);

  g_clear_pointer (&self->reactor, usher_reactor_unref);
}

void
usher_desk_wake (UsherDesk *self)
{
  if (self->is_awake)
    return;

  self->is_awake = TRUE;
  g_object_ref (self->owner);
  usher_reactor_post (self->reactor, &self->message, on_message);
}

void
usher_desk_run (UsherDesk *self)
{
  for (guint i = 0; i < MAX_STEPS; i++)
    if (!run_errand (self) && !self->step (self->owner) && self->errands.length == 0)
      return;

  usher_desk_wake (self);
}

void
usher_desk_post (UsherDesk *self,
                 UsherLetter *letter,
                 UsherLetterKind kind)
{
  if (letter->is_queued)
    return;

  letter->link.data = letter;
  letter->kind = kind;
  letter->is_queued = TRUE;
  g_queue_push_tail_link (&self->letters, &letter->link);
  usher_desk_wake (self);
}

void
usher_desk_post_urgent (UsherDesk *self,
                        UsherLetter *letter,
                        UsherLetterKind kind)
{
  usher_desk_post (self, letter, kind);
  g_queue_unlink (&self->letters, &letter->link);
  g_queue_push_head_link (&self->letters, &letter->link);
}

void
usher_desk_withdraw (UsherDesk *self,
                     UsherLetter *letter)
{
  if (!letter->is_queued)
    return;

  letter->is_queued = FALSE;
  g_queue_unlink (&self->letters, &letter->link);
}

UsherLetter *
usher_desk_next_letter (UsherDesk *self)
{
  GList *link = g_queue_peek_head_link (&self->letters);

  if (link == NULL)
    return NULL;

  usher_desk_withdraw (self, link->data);
  return link->data;
}

void
usher_desk_send (UsherDesk *self,
                 UsherErrandFunc func,
                 gpointer data)
{
  Errand *errand = g_new0 (Errand, 1);

  errand->link.data = errand;
  errand->func = func;
  errand->data = data;
  g_queue_push_tail_link (&self->errands, &errand->link);
  usher_desk_wake (self);
}
