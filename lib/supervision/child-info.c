/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/child-info.h"
#include "supervision/child-info-private.h"

/**
 * UsherChildInfo:
 *
 * What a supervisor says about one of its children, at one moment.
 *
 * It is immutable and reference-counted.
 *
 * Since: 0.1
 */
struct _UsherChildInfo
{
  char *id;          /* (owned) (nullable) */
  UsherChild *child; /* (owned) (nullable) */
  UsherChildType child_type;
  UsherChildState state;
};

G_DEFINE_ENUM_TYPE (UsherChildState, usher_child_state,
                    G_DEFINE_ENUM_VALUE (USHER_CHILD_STOPPED, "stopped"),
                    G_DEFINE_ENUM_VALUE (USHER_CHILD_STARTING, "starting"),
                    G_DEFINE_ENUM_VALUE (USHER_CHILD_RUNNING, "running"),
                    G_DEFINE_ENUM_VALUE (USHER_CHILD_STOPPING, "stopping"),
                    G_DEFINE_ENUM_VALUE (USHER_CHILD_RESTARTING, "restarting"))

G_DEFINE_BOXED_TYPE (UsherChildInfo, usher_child_info, usher_child_info_ref, usher_child_info_unref)

UsherChildInfo *
usher_child_info_new (const char *id,
                      UsherChild *child,
                      UsherChildType child_type,
                      UsherChildState state)
{
  UsherChildInfo *self = g_rc_box_new0 (UsherChildInfo);

  self->id = g_strdup (id);
  self->child = child != NULL ? g_object_ref (child) : NULL;
  self->child_type = child_type;
  self->state = state;

  return self;
}

static void
info_clear (gpointer data)
{
  UsherChildInfo *self = data;

  g_free (self->id);
  g_clear_object (&self->child);
}

/**
 * usher_child_info_ref:
 * @self: an info
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
UsherChildInfo *
usher_child_info_ref (UsherChildInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_rc_box_acquire (self);
}

/**
 * usher_child_info_unref:
 * @self: (transfer full): an info
 *
 * Drops a reference.
 *
 * Since: 0.1
 */
void
usher_child_info_unref (UsherChildInfo *self)
{
  g_return_if_fail (self != NULL);

  g_rc_box_release_full (self, info_clear);
}

/**
 * usher_child_info_get_id:
 * @self: an info
 *
 * Gets the child's name.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL under a simple-one-for-one supervisor
 *
 * Since: 0.1
 */
const char *
usher_child_info_get_id (const UsherChildInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->id;
}

/**
 * usher_child_info_get_child:
 * @self: an info
 *
 * Gets the child, whether it runs or not. If a factory makes the children, it is the one that was
 * made last; while that did not start, the one before it.
 *
 * Returns: (transfer none) (nullable): the child, or %NULL if the factory has made none yet
 *
 * Since: 0.1
 */
UsherChild *
usher_child_info_get_child (const UsherChildInfo *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->child;
}

/**
 * usher_child_info_get_child_type:
 * @self: an info
 *
 * Gets whether the child works or supervises others.
 *
 * Returns: the type
 *
 * Since: 0.1
 */
UsherChildType
usher_child_info_get_child_type (const UsherChildInfo *self)
{
  g_return_val_if_fail (self != NULL, USHER_CHILD_WORKER);

  return self->child_type;
}

/**
 * usher_child_info_get_state:
 * @self: an info
 *
 * Gets what the child was doing.
 *
 * Returns: the state
 *
 * Since: 0.1
 */
UsherChildState
usher_child_info_get_state (const UsherChildInfo *self)
{
  g_return_val_if_fail (self != NULL, USHER_CHILD_STOPPED);

  return self->state;
}
