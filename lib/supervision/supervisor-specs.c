/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/supervisor-private.h"

#include "supervision/child-private.h"
#include "supervision/child-spec-private.h"
#include "usher/error.h"

/* The position of a child among those that were added. */
static gboolean
find_configured (UsherSupervisor *self,
                 const char *id,
                 guint *index)
{
  for (guint i = 0; i < self->specs->len; i++)
    if (g_str_equal (usher_child_spec_get_id (g_ptr_array_index (self->specs, i)), id))
      {
        *index = i;
        return TRUE;
      }

  return FALSE;
}

void
usher_supervisor_unconfigure (UsherSupervisor *self,
                              const char *id)
{
  guint index;

  if (find_configured (self, id, &index))
    g_ptr_array_remove_index (self->specs, index);
}

static gboolean
check_parent (UsherSupervisor *self,
              const UsherChildSpec *spec,
              GError **error)
{
  UsherChild *child = usher_child_spec_get_child (spec);
  const char *id = usher_child_spec_get_id (spec);

  if (child == NULL)
    return TRUE;

  if (usher_child_get_parent (child) != NULL)
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "child “%s”: it stands under another supervisor, or under this one by another "
                   "id; a child has one parent",
                   id);
      return FALSE;
    }

  if (!usher_child_is_above (child, USHER_CHILD (self)))
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "child “%s”: supervisor “%s” stands under it; a tree has no circles", id, self->name);
  return FALSE;
}

static gboolean
check_significant (UsherSupervisor *self,
                   const UsherChildSpec *spec,
                   GError **error)
{
  const char *reason = NULL;

  if (!usher_child_spec_get_significant (spec))
    return TRUE;

  if (usher_child_spec_get_restart (spec) == USHER_RESTART_PERMANENT)
    reason = "a permanent child never ends by itself; make it transient or temporary";
  else if (self->auto_shutdown == USHER_AUTO_SHUTDOWN_NEVER)
    reason = "its supervisor's auto-shutdown is “never”; change that first";
  if (reason == NULL)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "child “%s”: it cannot be significant: %s", usher_child_spec_get_id (spec), reason);
  return FALSE;
}

gboolean
usher_supervisor_check_spec (UsherSupervisor *self,
                             const UsherChildSpec *spec,
                             GError **error)
{
  UsherChild *child = usher_child_spec_get_child (spec);

  if (usher_supervisor_is_simple (self))
    return usher_supervisor_check_template (self, spec, error);

  return check_parent (self, spec, error) && check_significant (self, spec, error) &&
         (child == NULL || usher_child_spec_check (spec, child, error));
}

/**
 * usher_supervisor_add_child:
 * @self: a supervisor
 * @spec: (transfer none): how the child is supervised; it is copied
 * @error: return location for a #GError
 *
 * Adds a child behind those that were added before. Every start of the supervisor begins with the
 * children that were added. If it runs already, the child is not started now, as with OTP's code
 * change.
 *
 * A simple-one-for-one supervisor takes one specification, with a factory, and begins without
 * children: see [method@Usher.Supervisor.start_child_with_argument_async].
 *
 * Fails with [error@Usher.Error] code `INVALID_ARGUMENT` if the id is taken, the child has a
 * parent or cannot be significant, or the shutdown limit is shorter than what the child needs.
 *
 * Returns: whether the child was added
 *
 * Since: 0.1
 */
gboolean
usher_supervisor_add_child (UsherSupervisor *self,
                            const UsherChildSpec *spec,
                            GError **error)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), FALSE);
  g_return_val_if_fail (spec != NULL, FALSE);

  UsherChildSpec *copy;
  guint index;

  if (usher_supervisor_get_template (self) != NULL)
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "child “%s”: supervisor “%s” is simple-one-for-one and has its one specification, "
                   "“%s”; start children after it with an argument",
                   usher_child_spec_get_id (spec), self->name,
                   usher_child_spec_get_id (usher_supervisor_get_template (self)));
      return FALSE;
    }
  if (find_configured (self, usher_child_spec_get_id (spec), &index) ||
      usher_supervisor_find_slot (self, usher_child_spec_get_id (spec)) != NULL)
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "child “%s”: supervisor “%s” has a child with that id; choose another id",
                   usher_child_spec_get_id (spec), self->name);
      return FALSE;
    }
  if (!usher_supervisor_check_spec (self, spec, error))
    return FALSE;

  copy = usher_child_spec_copy (spec);
  g_ptr_array_add (self->specs, copy);
  if (!usher_supervisor_is_simple (self))
    usher_supervisor_append_slot (self, copy);
  return TRUE;
}
