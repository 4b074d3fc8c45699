/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/error.h"

/**
 * usher_error_quark:
 *
 * The quark of [error@Usher.Error].
 *
 * Returns: the quark
 *
 * Since: 0.1
 */
G_DEFINE_QUARK (usher_error, usher_error)

G_DEFINE_ENUM_TYPE (UsherError, usher_error,
                    G_DEFINE_ENUM_VALUE (USHER_ERROR_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (USHER_ERROR_INVALID_ADDRESS, "invalid-address"),
                    G_DEFINE_ENUM_VALUE (USHER_ERROR_INVALID_ARGUMENT, "invalid-argument"),
                    G_DEFINE_ENUM_VALUE (USHER_ERROR_MAX_INTENSITY, "max-intensity"),
                    G_DEFINE_ENUM_VALUE (USHER_ERROR_CLOSED, "closed"),
                    G_DEFINE_ENUM_VALUE (USHER_ERROR_TIMED_OUT, "timed-out"),
                    G_DEFINE_ENUM_VALUE (USHER_ERROR_QUEUE_FULL, "queue-full"))

/**
 * usher_supervisor_error_quark:
 *
 * The quark of [error@Usher.SupervisorError].
 *
 * Returns: the quark
 *
 * Since: 0.1
 */
G_DEFINE_QUARK (usher_supervisor_error, usher_supervisor_error)

G_DEFINE_ENUM_TYPE (UsherSupervisorError, usher_supervisor_error,
                    G_DEFINE_ENUM_VALUE (USHER_SUPERVISOR_ERROR_ALREADY_STARTED, "already-started"),
                    G_DEFINE_ENUM_VALUE (USHER_SUPERVISOR_ERROR_ALREADY_PRESENT, "already-present"),
                    G_DEFINE_ENUM_VALUE (USHER_SUPERVISOR_ERROR_NOT_FOUND, "not-found"),
                    G_DEFINE_ENUM_VALUE (USHER_SUPERVISOR_ERROR_RUNNING, "running"),
                    G_DEFINE_ENUM_VALUE (USHER_SUPERVISOR_ERROR_RESTARTING, "restarting"),
                    G_DEFINE_ENUM_VALUE (USHER_SUPERVISOR_ERROR_NOT_RUNNING, "not-running"),
                    G_DEFINE_ENUM_VALUE (USHER_SUPERVISOR_ERROR_SIMPLE_ONE_FOR_ONE, "simple-one-for-one"),
                    G_DEFINE_ENUM_VALUE (USHER_SUPERVISOR_ERROR_NOT_SIMPLE_ONE_FOR_ONE, "not-simple-one-for-one"))
