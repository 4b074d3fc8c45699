/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * USHER_ERROR:
 *
 * The error domain of the library. Its codes are [error@Usher.Error].
 *
 * Since: 0.1
 */
#define USHER_ERROR (usher_error_quark ())

/**
 * UsherError:
 * @USHER_ERROR_FAILED: something failed that no other code describes
 * @USHER_ERROR_INVALID_ADDRESS: an address cannot be understood
 * @USHER_ERROR_INVALID_ARGUMENT: a value is refused; the message says what would be accepted
 * @USHER_ERROR_MAX_INTENSITY: a restart budget is used up
 * @USHER_ERROR_CLOSED: a listen socket was closed on purpose
 * @USHER_ERROR_TIMED_OUT: a time limit of the supervision tree ran out
 * @USHER_ERROR_QUEUE_FULL: more would be queued for a connection than it may be
 *
 * The errors of the library that no GIO code describes.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_ERROR_FAILED,
  USHER_ERROR_INVALID_ADDRESS,
  USHER_ERROR_INVALID_ARGUMENT,
  USHER_ERROR_MAX_INTENSITY,
  USHER_ERROR_CLOSED,
  USHER_ERROR_TIMED_OUT,
  USHER_ERROR_QUEUE_FULL,
} UsherError;

/**
 * USHER_SUPERVISOR_ERROR:
 *
 * The error domain of calls to a supervisor. Its codes are [error@Usher.SupervisorError].
 *
 * Since: 0.1
 */
#define USHER_SUPERVISOR_ERROR (usher_supervisor_error_quark ())

/**
 * UsherSupervisorError:
 * @USHER_SUPERVISOR_ERROR_ALREADY_STARTED: a child with that id runs, or the child itself does, in
 *   another place
 * @USHER_SUPERVISOR_ERROR_ALREADY_PRESENT: a child with that id is there, but does not run
 * @USHER_SUPERVISOR_ERROR_NOT_FOUND: there is no child with that id
 * @USHER_SUPERVISOR_ERROR_RUNNING: the child runs, and would have to be terminated first
 * @USHER_SUPERVISOR_ERROR_RESTARTING: the child waits to be restarted, and would have to be
 *   terminated first
 * @USHER_SUPERVISOR_ERROR_NOT_RUNNING: the supervisor itself does not run, or is ending
 * @USHER_SUPERVISOR_ERROR_SIMPLE_ONE_FOR_ONE: the children of this supervisor have no ids
 * @USHER_SUPERVISOR_ERROR_NOT_SIMPLE_ONE_FOR_ONE: the children of this supervisor have ids
 *
 * The answers of a supervisor to a call that it refuses: OTP's, one for a supervisor that is not
 * there, and one for calls that only a simple-one-for-one supervisor understands.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_SUPERVISOR_ERROR_ALREADY_STARTED,
  USHER_SUPERVISOR_ERROR_ALREADY_PRESENT,
  USHER_SUPERVISOR_ERROR_NOT_FOUND,
  USHER_SUPERVISOR_ERROR_RUNNING,
  USHER_SUPERVISOR_ERROR_RESTARTING,
  USHER_SUPERVISOR_ERROR_NOT_RUNNING,
  USHER_SUPERVISOR_ERROR_SIMPLE_ONE_FOR_ONE,
  USHER_SUPERVISOR_ERROR_NOT_SIMPLE_ONE_FOR_ONE,
} UsherSupervisorError;

#define USHER_TYPE_ERROR (usher_error_get_type ())
#define USHER_TYPE_SUPERVISOR_ERROR (usher_supervisor_error_get_type ())

USHER_AVAILABLE_IN_0_1
GType usher_error_get_type (void);
USHER_AVAILABLE_IN_0_1
GQuark usher_error_quark (void);
USHER_AVAILABLE_IN_0_1
GType usher_supervisor_error_get_type (void);
USHER_AVAILABLE_IN_0_1
GQuark usher_supervisor_error_quark (void);

G_END_DECLS
