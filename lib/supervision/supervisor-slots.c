/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "supervision/child-private.h"

static void
run_free_slot (gpointer data)
{
  usher_slot_free (data);
}

UsherSlot *
usher_supervisor_append_slot (UsherSupervisor *self,
                              UsherChildSpec *spec)
{
  UsherSlot *slot = usher_slot_new (&self->desk, &self->n_active, spec);

  g_queue_push_tail_link (&self->slots, &slot->link);
  if (!usher_supervisor_is_simple (self))
    g_hash_table_insert (self->ids, (char *) usher_slot_get_id (slot), slot);

  return slot;
}

void
usher_supervisor_unlink_slot (UsherSupervisor *self,
                              UsherSlot *slot)
{
  usher_round_forget (&self->round, &slot->link);
  g_queue_unlink (&self->slots, &slot->link);
  g_hash_table_remove (self->ids, usher_slot_get_id (slot));
}

void
usher_supervisor_drop_slot (UsherSupervisor *self,
                            UsherSlot *slot)
{
  usher_supervisor_unlink_slot (self, slot);
  usher_slot_release (slot);
  usher_desk_send (&self->desk, run_free_slot, slot);
}

void
usher_supervisor_drop_dynamic_slots (UsherSupervisor *self)
{
  GList *previous;

  for (GList *link = self->slots.tail; link != NULL; link = previous)
    {
      UsherSlot *slot = link->data;

      previous = link->prev;
      if (slot->is_dynamic)
        usher_supervisor_drop_slot (self, slot);
    }
}

/* Those that the last life has left are used again. A simple-one-for-one supervisor begins with
 * none. */
void
usher_supervisor_restore_slots (UsherSupervisor *self)
{
  if (usher_supervisor_is_simple (self))
    return;

  for (guint i = 0; i < self->specs->len; i++)
    {
      UsherChildSpec *spec = g_ptr_array_index (self->specs, i);
      UsherSlot *slot = g_hash_table_lookup (self->ids, usher_child_spec_get_id (spec));

      if (slot == NULL)
        {
          usher_supervisor_append_slot (self, spec);
          continue;
        }

      usher_backoff_reset (&slot->backoff);
      g_queue_unlink (&self->slots, &slot->link);
      g_queue_push_tail_link (&self->slots, &slot->link);
    }
}

static void
change_named_slots (UsherSupervisor *self)
{
  GQueue others = self->slots;
  GList *link;

  g_queue_init (&self->slots);
  for (guint i = 0; i < self->specs->len; i++)
    {
      UsherChildSpec *spec = g_ptr_array_index (self->specs, i);
      UsherSlot *slot = usher_supervisor_find_slot (self, usher_child_spec_get_id (spec));

      if (slot == NULL)
        {
          usher_supervisor_append_slot (self, spec);
          continue;
        }

      g_queue_unlink (&others, &slot->link);
      g_queue_push_tail_link (&self->slots, &slot->link);
      usher_slot_change (slot, spec);
      g_hash_table_replace (self->ids, (char *) usher_slot_get_id (slot), slot);
      slot->is_dynamic = FALSE;
    }

  while ((link = g_queue_pop_head_link (&others)) != NULL)
    {
      UsherSlot *slot = link->data;

      slot->is_dynamic = TRUE;
      g_queue_push_tail_link (&self->slots, link);
    }
}

static void
run_free_specs (gpointer data)
{
  g_ptr_array_unref (data);
}

void
usher_supervisor_change_slots (UsherSupervisor *self,
                               GPtrArray *specs)
{
  usher_desk_send (&self->desk, run_free_specs, self->specs);
  self->specs = specs;

  if (!usher_supervisor_is_simple (self))
    change_named_slots (self);
  else
    for (GList *link = self->slots.head; link != NULL; link = link->next)
      usher_slot_change (link->data, usher_supervisor_get_template (self));
  if (self->state == USHER_SUPERVISOR_DOWN)
    usher_supervisor_drop_dynamic_slots (self);
}

UsherSlot *
usher_supervisor_find_slot (UsherSupervisor *self,
                            const char *id)
{
  return g_hash_table_lookup (self->ids, id);
}

UsherSlot *
usher_supervisor_find_slot_of (UsherSupervisor *self,
                               UsherChild *child)
{
  UsherSlot *slot = usher_child_get_place (child);

  return slot != NULL && slot->desk == &self->desk ? slot : NULL;
}

gboolean
usher_supervisor_keep_child (UsherSupervisor *self,
                             UsherChild *child)
{
  UsherSlot *slot = usher_supervisor_find_slot_of (self, child);

  if (slot == NULL)
    return FALSE;

  if (slot->is_dynamic)
    g_ptr_array_add (self->specs, usher_child_spec_copy (slot->spec));
  slot->is_dynamic = FALSE;
  return TRUE;
}

gboolean
usher_supervisor_forgets (const UsherSupervisor *self,
                          const UsherSlot *slot)
{
  return usher_supervisor_is_simple (self) ||
         usher_child_spec_get_restart (slot->spec) == USHER_RESTART_TEMPORARY;
}
