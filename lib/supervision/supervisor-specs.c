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

  if (usher_child_get_place (child) != NULL && usher_child_get_place (child) != usher_supervisor_find_slot (self, id))
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
check_significant (const UsherChildSpec *spec,
                   UsherAutoShutdown auto_shutdown,
                   GError **error)
{
  const char *reason = NULL;

  if (!usher_child_spec_get_significant (spec))
    return TRUE;

  if (usher_child_spec_get_restart (spec) == USHER_RESTART_PERMANENT)
    reason = "a permanent child never ends by itself; make it transient or temporary";
  else if (auto_shutdown == USHER_AUTO_SHUTDOWN_NEVER)
    reason = "its supervisor's auto-shutdown is “never”; change that first";
  if (reason == NULL)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "child “%s”: it cannot be significant: %s", usher_child_spec_get_id (spec), reason);
  return FALSE;
}

/* What needs to be known of nothing but the specification. */
static gboolean
check_alone (const UsherChildSpec *spec,
             UsherAutoShutdown auto_shutdown,
             GError **error)
{
  UsherChild *child = usher_child_spec_get_child (spec);

  return check_significant (spec, auto_shutdown, error) &&
         (child == NULL || usher_child_spec_check (spec, child, error));
}

gboolean
usher_supervisor_check_spec (UsherSupervisor *self,
                             const UsherChildSpec *spec,
                             UsherAutoShutdown auto_shutdown,
                             GError **error)
{
  if (usher_supervisor_is_simple (self))
    return usher_supervisor_check_template (self, spec, error);

  return check_parent (self, spec, error) && check_alone (spec, auto_shutdown, error);
}

static gboolean
check_twice (GHashTable *seen,
             gpointer key,
             const UsherChildSpec *spec,
             GError **error)
{
  if (key == NULL || g_hash_table_add (seen, key))
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "child “%s”: another specification has the same id or the same child; give each its own",
               usher_child_spec_get_id (spec));
  return FALSE;
}

/**
 * usher_supervisor_check_childspecs_with_auto_shutdown:
 * @specs: (element-type Usher.ChildSpec): specifications of children
 * @auto_shutdown: when the supervisor will end by itself
 * @error: return location for a #GError
 *
 * Checks whether a supervisor could have these children. As OTP's `check_childspecs/2`.
 *
 * It fails with [error@Usher.Error] code `INVALID_ARGUMENT`, and a message that names the child and
 * what is wrong with it: an id or a child that stands there twice, a child that cannot be
 * significant, or a shutdown limit that is shorter than what the child needs.
 *
 * Returns: whether they are right
 *
 * Since: 0.1
 */
gboolean
usher_supervisor_check_childspecs_with_auto_shutdown (GPtrArray *specs,
                                                      UsherAutoShutdown auto_shutdown,
                                                      GError **error)
{
  g_return_val_if_fail (specs != NULL, FALSE);

  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) children = g_hash_table_new (NULL, NULL);

  for (guint i = 0; i < specs->len; i++)
    {
      const UsherChildSpec *spec = g_ptr_array_index (specs, i);

      if (!check_twice (ids, (char *) usher_child_spec_get_id (spec), spec, error) ||
          !check_twice (children, usher_child_spec_get_child (spec), spec, error) ||
          !check_alone (spec, auto_shutdown, error))
        return FALSE;
    }

  return TRUE;
}

/**
 * usher_supervisor_check_childspecs:
 * @specs: (element-type Usher.ChildSpec): specifications of children
 * @error: return location for a #GError
 *
 * Checks whether a supervisor could have these children, if its
 * [property@Usher.Supervisor:auto-shutdown] allows for those that are significant. As OTP's
 * `check_childspecs/1`; the rest is as with
 * [func@Usher.Supervisor.check_childspecs_with_auto_shutdown].
 *
 * Returns: whether they are right
 *
 * Since: 0.1
 */
gboolean
usher_supervisor_check_childspecs (GPtrArray *specs,
                                   GError **error)
{
  return usher_supervisor_check_childspecs_with_auto_shutdown (specs, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT, error);
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
  usher_return_val_if_elsewhere (usher_supervisor_get_place (self), FALSE);

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
  if (!usher_supervisor_check_spec (self, spec, self->auto_shutdown, error))
    return FALSE;

  copy = usher_child_spec_copy (spec);
  g_ptr_array_add (self->specs, copy);
  if (!usher_supervisor_is_simple (self))
    usher_supervisor_append_slot (self, copy);
  return TRUE;
}
