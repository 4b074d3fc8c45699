/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/exit-private.h"

/**
 * UsherExit:
 *
 * Why something ended: a child of a supervisor, an acceptor, a connection.
 *
 * It is immutable and reference-counted, and may be used from any thread.
 *
 * Since: 0.1
 */
struct _UsherExit
{
  UsherExitKind kind;
  GError *error; /* (owned) (nullable) */
};

G_DEFINE_ENUM_TYPE (UsherExitKind, usher_exit_kind,
                    G_DEFINE_ENUM_VALUE (USHER_EXIT_NORMAL, "normal"),
                    G_DEFINE_ENUM_VALUE (USHER_EXIT_SHUTDOWN, "shutdown"),
                    G_DEFINE_ENUM_VALUE (USHER_EXIT_ERROR, "error"),
                    G_DEFINE_ENUM_VALUE (USHER_EXIT_KILLED, "killed"))

G_DEFINE_BOXED_TYPE (UsherExit, usher_exit, usher_exit_ref, usher_exit_unref)

static const char *const kind_names[] = {
  [USHER_EXIT_NORMAL] = "normal",
  [USHER_EXIT_SHUTDOWN] = "shutdown",
  [USHER_EXIT_ERROR] = "error",
  [USHER_EXIT_KILLED] = "killed",
};

UsherExit *
usher_exit_new_take (UsherExitKind kind,
                     GError *error)
{
  UsherExit *self = g_atomic_rc_box_new (UsherExit);

  *self = (UsherExit){ .kind = kind, .error = error };

  return self;
}

const char *
usher_exit_get_text (const UsherExit *self)
{
  return self->error != NULL ? self->error->message : kind_names[self->kind];
}

static void
exit_clear (gpointer data)
{
  UsherExit *self = data;

  g_clear_pointer (&self->error, g_error_free);
}

/**
 * usher_exit_new_normal:
 *
 * Makes the exit of something that had done its work.
 *
 * Returns: (transfer full): a new exit
 *
 * Since: 0.1
 */
UsherExit *
usher_exit_new_normal (void)
{
  return usher_exit_new_take (USHER_EXIT_NORMAL, NULL);
}

/**
 * usher_exit_new_shutdown:
 *
 * Makes the exit of something that was asked to end. It is OTP's `shutdown`.
 *
 * Returns: (transfer full): a new exit
 *
 * Since: 0.1
 */
UsherExit *
usher_exit_new_shutdown (void)
{
  return usher_exit_new_take (USHER_EXIT_SHUTDOWN, NULL);
}

/**
 * usher_exit_new_shutdown_with_error:
 * @error: what caused the shutdown
 *
 * Makes the exit of something that ended for a reason that is nobody's fault. It is OTP's
 * `{shutdown, Reason}`.
 *
 * Returns: (transfer full): a new exit
 *
 * Since: 0.1
 */
UsherExit *
usher_exit_new_shutdown_with_error (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  return usher_exit_new_take (USHER_EXIT_SHUTDOWN, g_error_copy (error));
}

/**
 * usher_exit_new_error:
 * @error: what went wrong
 *
 * Makes the exit of something that failed.
 *
 * Returns: (transfer full): a new exit
 *
 * Since: 0.1
 */
UsherExit *
usher_exit_new_error (const GError *error)
{
  g_return_val_if_fail (error != NULL, NULL);

  return usher_exit_new_take (USHER_EXIT_ERROR, g_error_copy (error));
}

/**
 * usher_exit_new_killed:
 *
 * Makes the exit of something that was ended without being asked.
 *
 * Returns: (transfer full): a new exit
 *
 * Since: 0.1
 */
UsherExit *
usher_exit_new_killed (void)
{
  return usher_exit_new_take (USHER_EXIT_KILLED, NULL);
}

/**
 * usher_exit_ref:
 * @self: an exit
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 0.1
 */
UsherExit *
usher_exit_ref (UsherExit *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

/**
 * usher_exit_unref:
 * @self: (transfer full): an exit
 *
 * Drops a reference.
 *
 * Since: 0.1
 */
void
usher_exit_unref (UsherExit *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, exit_clear);
}

/**
 * usher_exit_get_kind:
 * @self: an exit
 *
 * Gets the kind of exit.
 *
 * Returns: the kind
 *
 * Since: 0.1
 */
UsherExitKind
usher_exit_get_kind (const UsherExit *self)
{
  g_return_val_if_fail (self != NULL, USHER_EXIT_NORMAL);

  return self->kind;
}

/**
 * usher_exit_get_error:
 * @self: an exit
 *
 * Gets the error that it carries. One of kind [enum@Usher.ExitKind.ERROR] always has one, one of
 * kind [enum@Usher.ExitKind.SHUTDOWN] may have one.
 *
 * Returns: (transfer none) (nullable): the error
 *
 * Since: 0.1
 */
const GError *
usher_exit_get_error (const UsherExit *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return self->error;
}

/**
 * usher_exit_is_abnormal:
 * @self: an exit
 *
 * Says whether it is abnormal: an error, or a kill. It is what a *transient* child is restarted
 * for.
 *
 * Returns: whether the exit is abnormal
 *
 * Since: 0.1
 */
gboolean
usher_exit_is_abnormal (const UsherExit *self)
{
  g_return_val_if_fail (self != NULL, FALSE);

  return self->kind == USHER_EXIT_ERROR || self->kind == USHER_EXIT_KILLED;
}

/**
 * usher_exit_to_string:
 * @self: an exit
 *
 * Describes it in one line, for people.
 *
 * Returns: (transfer full): the line, without a line end
 *
 * Since: 0.1
 */
char *
usher_exit_to_string (const UsherExit *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  if (self->error == NULL)
    return g_strdup (kind_names[self->kind]);

  char *line = g_strdup_printf ("%s: %s", kind_names[self->kind], self->error->message);

  return g_strdelimit (line, "\r\n", ' ');
}
