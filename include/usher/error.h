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
} UsherError;

#define USHER_TYPE_ERROR (usher_error_get_type ())

USHER_AVAILABLE_IN_0_1
GType usher_error_get_type (void);
USHER_AVAILABLE_IN_0_1
GQuark usher_error_quark (void);

G_END_DECLS
