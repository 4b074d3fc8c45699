/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/child.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherRestart:
 * @USHER_RESTART_PERMANENT: always restarted
 * @USHER_RESTART_TRANSIENT: restarted after an abnormal exit only
 * @USHER_RESTART_TEMPORARY: never restarted
 *
 * When a child is restarted, as in OTP.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_RESTART_PERMANENT,
  USHER_RESTART_TRANSIENT,
  USHER_RESTART_TEMPORARY,
} UsherRestart;

/**
 * USHER_SHUTDOWN_DEFAULT:
 *
 * A shutdown limit that follows from what the child is: %USHER_SHUTDOWN_INFINITY for one that
 * supervises, 5000 ms for any other.
 *
 * Since: 0.1
 */
#define USHER_SHUTDOWN_DEFAULT (-3)

/**
 * USHER_SHUTDOWN_BRUTAL_KILL:
 *
 * A shutdown limit: the child is killed without being asked first.
 *
 * Since: 0.1
 */
#define USHER_SHUTDOWN_BRUTAL_KILL (-2)

/**
 * USHER_SHUTDOWN_INFINITY:
 *
 * A shutdown limit: the child is waited for as long as it takes.
 *
 * Since: 0.1
 */
#define USHER_SHUTDOWN_INFINITY (-1)

/**
 * UsherChildFactory:
 * @argument: (nullable): what the start was asked for with
 * @user_data: what was given with the function
 * @error: return location for a #GError
 *
 * Makes the child for one start. It is called in the supervisor's context, once for every start;
 * each call has to make a new child, that stands under no supervisor. It may call any function,
 * those of the supervisor included.
 *
 * @argument is that of [method@Usher.Supervisor.start_child_with_argument_async]. Every restart of a
 * permanent or transient child gets it again, as in OTP. With other strategies than
 * [enum@Usher.Strategy.SIMPLE_ONE_FOR_ONE] it is %NULL.
 *
 * Returns: (transfer full) (nullable): a child, or %NULL with @error set, which fails the start
 *
 * Since: 0.1
 */
typedef UsherChild *(*UsherChildFactory) (GVariant *argument,
                                          gpointer user_data,
                                          GError **error);

#define USHER_TYPE_RESTART (usher_restart_get_type ())
#define USHER_TYPE_CHILD_SPEC (usher_child_spec_get_type ())

typedef struct _UsherChildSpec UsherChildSpec;

USHER_AVAILABLE_IN_0_1
GType usher_restart_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_child_spec_get_type (void) G_GNUC_CONST;
USHER_AVAILABLE_IN_0_1
UsherChildSpec *usher_child_spec_new (const char *id,
                                      UsherChild *child);
USHER_AVAILABLE_IN_0_1
UsherChildSpec *usher_child_spec_new_with_factory (const char *id,
                                                   UsherChildFactory factory,
                                                   gpointer user_data,
                                                   GDestroyNotify destroy);
USHER_AVAILABLE_IN_0_1
UsherChildSpec *usher_child_spec_copy (const UsherChildSpec *self);
USHER_AVAILABLE_IN_0_1
void usher_child_spec_free (UsherChildSpec *self);
USHER_AVAILABLE_IN_0_1
const char *usher_child_spec_get_id (const UsherChildSpec *self);
USHER_AVAILABLE_IN_0_1
UsherChild *usher_child_spec_get_child (const UsherChildSpec *self);
USHER_AVAILABLE_IN_0_1
void usher_child_spec_set_restart (UsherChildSpec *self,
                                   UsherRestart restart);
USHER_AVAILABLE_IN_0_1
UsherRestart usher_child_spec_get_restart (const UsherChildSpec *self);
USHER_AVAILABLE_IN_0_1
void usher_child_spec_set_shutdown_msec (UsherChildSpec *self,
                                         gint64 shutdown_msec);
USHER_AVAILABLE_IN_0_1
gint64 usher_child_spec_get_shutdown_msec (const UsherChildSpec *self);
USHER_AVAILABLE_IN_0_1
void usher_child_spec_set_significant (UsherChildSpec *self,
                                       gboolean significant);
USHER_AVAILABLE_IN_0_1
gboolean usher_child_spec_get_significant (const UsherChildSpec *self);
USHER_AVAILABLE_IN_0_1
void usher_child_spec_set_restart_delay (UsherChildSpec *self,
                                         guint delay_msec,
                                         guint max_msec,
                                         double jitter);
USHER_AVAILABLE_IN_0_1
guint usher_child_spec_get_restart_delay (const UsherChildSpec *self,
                                          guint *max_msec,
                                          double *jitter);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsherChildSpec, usher_child_spec_free)

G_END_DECLS
