/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/child-spec.h"
#include "supervision/child-spec-private.h"

#include "usher/error.h"

#define DEFAULT_SHUTDOWN_MSEC 5000

/* Shared by all copies of a specification. */
typedef struct
{
  UsherChildFactory func;
  gpointer user_data;     /* (owned) */
  GDestroyNotify destroy; /* (nullable) */
} Factory;

/**
 * UsherChildSpec:
 *
 * How a child is supervised: its id, when it is restarted, and how long it may take to shut down.
 *
 * It holds either the child itself, which is started again and again, or a function that makes a
 * new child for every start: a factory.
 *
 * A supervisor copies the specification it is given, so it can be changed and used again.
 *
 * Since: 0.1
 */
struct _UsherChildSpec
{
  char *id;          /* (owned) */
  UsherChild *child; /* (owned) (nullable): or there is */
  Factory *factory;  /* (owned) (nullable) */
  UsherRestart restart;
  gint64 shutdown_msec; /* or USHER_SHUTDOWN_* */
  gboolean is_significant;
  guint restart_delay_msec;
  guint restart_delay_max_msec;
  double restart_jitter;
};

G_DEFINE_ENUM_TYPE (UsherRestart, usher_restart,
                    G_DEFINE_ENUM_VALUE (USHER_RESTART_PERMANENT, "permanent"),
                    G_DEFINE_ENUM_VALUE (USHER_RESTART_TRANSIENT, "transient"),
                    G_DEFINE_ENUM_VALUE (USHER_RESTART_TEMPORARY, "temporary"))

G_DEFINE_BOXED_TYPE (UsherChildSpec, usher_child_spec, usher_child_spec_copy, usher_child_spec_free)

static void
factory_clear (gpointer data)
{
  Factory *factory = data;

  if (factory->destroy != NULL)
    factory->destroy (factory->user_data);
}

static void
spec_clear (gpointer data)
{
  UsherChildSpec *self = data;

  g_free (self->id);
  g_clear_object (&self->child);
  if (self->factory != NULL)
    g_atomic_rc_box_release_full (self->factory, factory_clear);
}

static UsherChildSpec *
spec_new (const char *id)
{
  UsherChildSpec *self = g_atomic_rc_box_new0 (UsherChildSpec);

  self->id = g_strdup (id);
  self->restart = USHER_RESTART_PERMANENT;
  self->shutdown_msec = USHER_SHUTDOWN_DEFAULT;

  return self;
}

/**
 * usher_child_spec_new:
 * @id: the child's name; unique among its siblings
 * @child: the child
 *
 * Makes the specification of a permanent child with the default shutdown limit, as in OTP.
 *
 * Returns: (transfer full): a new specification
 *
 * Since: 0.1
 */
UsherChildSpec *
usher_child_spec_new (const char *id,
                      UsherChild *child)
{
  g_return_val_if_fail (id != NULL && *id != '\0', NULL);
  g_return_val_if_fail (USHER_IS_CHILD (child), NULL);

  UsherChildSpec *self = spec_new (id);

  self->child = g_object_ref (child);

  return self;
}

/**
 * usher_child_spec_new_with_factory:
 * @id: the child's name; unique among its siblings
 * @factory: (scope notified) (closure user_data) (destroy destroy): makes the child
 * @user_data: data for @factory
 * @destroy: (nullable): frees @user_data, when the last copy of the specification is gone
 *
 * Makes the specification of a permanent child that is made anew for every start. The default
 * shutdown limit is that of what @factory has made.
 *
 * A child that has exited, or that did not start, is not started again. Its supervisor lets go of
 * it when the next one has started, or when none will be.
 *
 * Returns: (transfer full): a new specification
 *
 * Since: 0.1
 */
UsherChildSpec *
usher_child_spec_new_with_factory (const char *id,
                                   UsherChildFactory factory,
                                   gpointer user_data,
                                   GDestroyNotify destroy)
{
  g_return_val_if_fail (id != NULL && *id != '\0', NULL);
  g_return_val_if_fail (factory != NULL, NULL);

  UsherChildSpec *self = spec_new (id);

  self->factory = g_atomic_rc_box_new0 (Factory);
  self->factory->func = factory;
  self->factory->user_data = user_data;
  self->factory->destroy = destroy;

  return self;
}

/**
 * usher_child_spec_copy:
 * @self: a specification
 *
 * Copies the specification. The copy refers to the same child, or factory.
 *
 * Returns: (transfer full): a copy
 *
 * Since: 0.1
 */
UsherChildSpec *
usher_child_spec_copy (const UsherChildSpec *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  UsherChildSpec *copy = g_atomic_rc_box_new (UsherChildSpec);

  *copy = *self;
  copy->id = g_strdup (self->id);
  if (self->child != NULL)
    g_object_ref (self->child);
  if (self->factory != NULL)
    g_atomic_rc_box_acquire (self->factory);

  return copy;
}

/**
 * usher_child_spec_free:
 * @self: (transfer full): a specification
 *
 * Frees the specification.
 *
 * Since: 0.1
 */
void
usher_child_spec_free (UsherChildSpec *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, spec_clear);
}

/**
 * usher_child_spec_get_id:
 * @self: a specification
 *
 * Gets the child's name.
 *
 * Returns: (transfer none): the name
 *
 * Since: 0.1
 */
const char *
usher_child_spec_get_id (const UsherChildSpec *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->id;
}

/**
 * usher_child_spec_get_child:
 * @self: a specification
 *
 * Gets the child.
 *
 * Returns: (transfer none) (nullable): the child, or %NULL if a factory makes it
 *
 * Since: 0.1
 */
UsherChild *
usher_child_spec_get_child (const UsherChildSpec *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->child;
}

/**
 * usher_child_spec_set_restart:
 * @self: a specification
 * @restart: when to restart
 *
 * Sets when the child is restarted.
 *
 * Since: 0.1
 */
void
usher_child_spec_set_restart (UsherChildSpec *self,
                              UsherRestart restart)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (restart <= USHER_RESTART_TEMPORARY);

  self->restart = restart;
}

/**
 * usher_child_spec_get_restart:
 * @self: a specification
 *
 * Gets when the child is restarted.
 *
 * Returns: when to restart
 *
 * Since: 0.1
 */
UsherRestart
usher_child_spec_get_restart (const UsherChildSpec *self)
{
  g_return_val_if_fail (self != NULL, USHER_RESTART_PERMANENT);

  return self->restart;
}

/**
 * usher_child_spec_set_shutdown_msec:
 * @self: a specification
 * @shutdown_msec: a time in milliseconds, or %USHER_SHUTDOWN_DEFAULT,
 *   %USHER_SHUTDOWN_BRUTAL_KILL, or %USHER_SHUTDOWN_INFINITY
 *
 * Sets how long the child may take to shut down before it is killed. How long it may take to exit
 * then is %USHER_KILL_LIMIT_MSEC.
 *
 * A supervisor refuses a time that is shorter than what the child needs by its own configuration:
 * [method@Usher.Child.get_shutdown_time_msec].
 *
 * Since: 0.1
 */
void
usher_child_spec_set_shutdown_msec (UsherChildSpec *self,
                                    gint64 shutdown_msec)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (shutdown_msec >= USHER_SHUTDOWN_DEFAULT);

  self->shutdown_msec = shutdown_msec;
}

/**
 * usher_child_spec_get_shutdown_msec:
 * @self: a specification
 *
 * Gets how long the child may take to shut down, as it was set.
 *
 * Returns: a time in milliseconds, or one of the `USHER_SHUTDOWN_*` values
 *
 * Since: 0.1
 */
gint64
usher_child_spec_get_shutdown_msec (const UsherChildSpec *self)
{
  g_return_val_if_fail (self != NULL, USHER_SHUTDOWN_DEFAULT);

  return self->shutdown_msec;
}

/**
 * usher_child_spec_set_significant:
 * @self: a specification
 * @significant: whether the child is significant
 *
 * Sets whether the supervisor ends when this child has ended by itself, as its
 * [property@Usher.Supervisor:auto-shutdown] says. Only transient and temporary children can be
 * significant. The default is that it is not.
 *
 * Since: 0.1
 */
void
usher_child_spec_set_significant (UsherChildSpec *self,
                                  gboolean significant)
{
  g_return_if_fail (self != NULL);

  self->is_significant = significant;
}

/**
 * usher_child_spec_get_significant:
 * @self: a specification
 *
 * Gets whether the child is significant.
 *
 * Returns: whether it is
 *
 * Since: 0.1
 */
gboolean
usher_child_spec_get_significant (const UsherChildSpec *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->is_significant;
}

/**
 * usher_child_spec_set_restart_delay:
 * @self: a specification
 * @delay_msec: the first delay in milliseconds; 0 restarts at once, as OTP does
 * @max_msec: the longest delay in milliseconds, not below @delay_msec
 * @jitter: the fraction of each delay, 0 to 1, that chance may take away
 *
 * Sets how long the supervisor waits before it restarts the child. Every restart doubles the
 * delay, up to the longest one; it is the first one again after the child has stayed up for the
 * longest delay, and in the next life of the supervisor. The default is 0.
 *
 * A restart is charged when the wait begins. While it waits the child is *restarting*: it can be
 * terminated, its siblings run on, and the strategy is carried out when the wait is over.
 *
 * Since: 0.1
 */
void
usher_child_spec_set_restart_delay (UsherChildSpec *self,
                                    guint delay_msec,
                                    guint max_msec,
                                    double jitter)
{
  g_return_if_fail (self != NULL);
  g_return_if_fail (delay_msec <= max_msec);
  g_return_if_fail (jitter >= 0 && jitter <= 1);

  self->restart_delay_msec = delay_msec;
  self->restart_delay_max_msec = max_msec;
  self->restart_jitter = jitter;
}

/**
 * usher_child_spec_get_restart_delay:
 * @self: a specification
 * @max_msec: (out) (optional): return location for the longest delay in milliseconds
 * @jitter: (out) (optional): return location for the fraction that chance may take away
 *
 * Gets how long the supervisor waits before it restarts the child.
 *
 * Returns: the first delay in milliseconds
 *
 * Since: 0.1
 */
guint
usher_child_spec_get_restart_delay (const UsherChildSpec *self,
                                    guint *max_msec,
                                    double *jitter)
{
  g_return_val_if_fail (self != NULL, 0);

  if (max_msec != NULL)
    *max_msec = self->restart_delay_max_msec;
  if (jitter != NULL)
    *jitter = self->restart_jitter;
  return self->restart_delay_msec;
}

UsherChildSpec *
usher_child_spec_ref (UsherChildSpec *self)
{
  return g_atomic_rc_box_acquire (self);
}

gboolean
usher_child_spec_has_factory (const UsherChildSpec *self)
{
  return self->factory != NULL;
}

gboolean
usher_child_spec_has_same_delay (const UsherChildSpec *self,
                                 const UsherChildSpec *other)
{
  return self->restart_delay_msec == other->restart_delay_msec &&
         self->restart_delay_max_msec == other->restart_delay_max_msec &&
         self->restart_jitter == other->restart_jitter;
}

UsherChild *
usher_child_spec_make_child (UsherChildSpec *self,
                             GVariant *argument,
                             GError **error)
{
  g_autoptr (UsherChildSpec) spec = usher_child_spec_ref (self);
  g_autoptr (GError) factory_error = NULL;
  UsherChild *child = spec->factory->func (argument, spec->factory->user_data, &factory_error);

  if (child == NULL && factory_error == NULL)
    g_set_error (&factory_error, USHER_ERROR, USHER_ERROR_FAILED,
                 "child “%s”: its factory made no child and did not say why; it has to return a "
                 "child or set an error",
                 spec->id);
  if (child == NULL)
    g_propagate_error (error, g_steal_pointer (&factory_error));

  return child;
}

gint64
usher_child_spec_resolve_shutdown_msec (const UsherChildSpec *self,
                                        UsherChild *child)
{
  if (self->shutdown_msec != USHER_SHUTDOWN_DEFAULT)
    return self->shutdown_msec;
  if (child != NULL && usher_child_get_child_type (child) == USHER_CHILD_SUPERVISOR)
    return USHER_SHUTDOWN_INFINITY;

  return DEFAULT_SHUTDOWN_MSEC;
}

gboolean
usher_child_spec_check (const UsherChildSpec *self,
                        UsherChild *child,
                        GError **error)
{
  gint64 limit_msec = usher_child_spec_resolve_shutdown_msec (self, child);
  guint64 needed_msec = usher_child_get_shutdown_time_msec (child);

  if (limit_msec < 0 || needed_msec <= (guint64) limit_msec)
    return TRUE;

  g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
               "child “%s”: its shutdown limit of %" G_GINT64_FORMAT " ms is %" G_GUINT64_FORMAT
               " ms below the %" G_GUINT64_FORMAT " ms that its own shutdown may take; raise the "
               "limit, or make it infinite",
               self->id, limit_msec, needed_msec - (guint64) limit_msec, needed_msec);
  return FALSE;
}
