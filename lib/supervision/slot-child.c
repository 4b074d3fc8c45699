/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/slot-private.h"

#include "supervision/child-private.h"
#include "supervision/child-spec-private.h"
#include "usher/error.h"

/* Which child stands in the slot. One that is given stays; those that a factory makes come and go,
 * one for every start. */

UsherChildType
usher_slot_get_child_type (const UsherSlot *self)
{
  UsherChild *child = self->child != NULL ? self->child : self->former;

  return child != NULL ? usher_child_get_child_type (child) : USHER_CHILD_WORKER;
}

gint64
usher_slot_get_limit_msec (const UsherSlot *self)
{
  return usher_child_spec_resolve_shutdown_msec (self->spec, self->child);
}

/* It may be the last reference, and freeing a child calls user code. */
static void
retire (UsherSlot *self,
        UsherChild *child)
{
  usher_child_retire (child);
  usher_desk_send (self->desk, g_object_unref, child);
}

/* The place is kept for the child that stands in the specification, though another one may be in
 * it until the next start. */
void
usher_slot_reserve (UsherSlot *self,
                    const UsherChildSpec *former_spec)
{
  UsherChild *child = usher_child_spec_get_child (self->spec);
  UsherChild *former = usher_child_spec_get_child (former_spec);

  if (former != NULL && former != self->child && former != child)
    usher_child_set_place (former, NULL);
  if (child != NULL)
    usher_child_set_place (child, self);
}

void
usher_slot_vacate (UsherSlot *self)
{
  if (self->child == NULL || self->child == usher_child_spec_get_child (self->spec))
    return;

  usher_slot_release (self);
  self->former = g_steal_pointer (&self->child);
}

/* (transfer full) (nullable): one that does not come back does not need it again. */
static GVariant *
take_argument (UsherSlot *self)
{
  if (usher_child_spec_get_restart (self->spec) == USHER_RESTART_TEMPORARY)
    return g_steal_pointer (&self->argument);

  return self->argument != NULL ? g_variant_ref (self->argument) : NULL;
}

UsherChild *
usher_slot_make_child (UsherSlot *self,
                       GError **error)
{
  g_autoptr (GVariant) argument = take_argument (self);

  UsherChild *child = usher_child_spec_get_child (self->spec);

  return child != NULL ? g_object_ref (child)
                       : usher_child_spec_make_child (self->spec, argument, error);
}

static gboolean
check_place (UsherSlot *self,
             UsherChild *child,
             GError **error)
{
  UsherChild *supervisor = USHER_CHILD (self->desk->owner);
  gboolean is_made = usher_child_spec_has_factory (self->spec);

  if (!is_made && usher_child_get_place (child) != self)
    g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                 "child “%s”: it stands under another supervisor by now; a child has one parent",
                 usher_slot_get_id (self));
  else if (is_made && (usher_child_get_place (child) != NULL || usher_child_is_above (child, supervisor)))
    g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                 "child “%s”: its factory returned one that stands under a supervisor already, or "
                 "above this one; it has to make a new one for every start",
                 usher_slot_get_id (self));
  else
    return TRUE;

  return FALSE;
}

gboolean
usher_slot_adopt_child (UsherSlot *self,
                        UsherChild *child,
                        GError **error)
{
  if (!check_place (self, child, error))
    return FALSE;

  if (usher_child_is_busy (child))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
                   "child “%s”: it is starting or runs already: somebody else has started it, or it "
                   "was abandoned because it did not end when it was killed",
                   usher_slot_get_id (self));
      return FALSE;
    }
  if (!usher_child_spec_check (self->spec, child, error))
    return FALSE;

  if (self->child == NULL)
    {
      self->child = g_object_ref (child);
      usher_child_set_place (child, self);
    }
  return TRUE;
}

void
usher_slot_confirm_child (UsherSlot *self)
{
  if (self->former != NULL)
    retire (self, g_steal_pointer (&self->former));
}

void
usher_slot_dismiss_child (UsherSlot *self)
{
  if (!usher_child_spec_has_factory (self->spec))
    {
      usher_slot_confirm_child (self);
      return;
    }

  usher_slot_release (self);
  if (self->child != NULL)
    retire (self, g_steal_pointer (&self->child));
  self->child = g_steal_pointer (&self->former);
}

void
usher_slot_lose_child (UsherSlot *self)
{
  UsherChild *given = usher_child_spec_get_child (self->spec);

  if (given != NULL && given != self->child && usher_child_get_place (given) == self)
    usher_child_set_place (given, NULL);
  if (self->child == NULL || usher_child_get_place (self->child) != self)
    return;

  if (usher_child_spec_has_factory (self->spec))
    usher_child_retire (self->child);
  else
    usher_child_set_place (self->child, NULL);
}
