/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/stop-report-private.h"

#include "usher/error.h"

/* The ends that OTP tells apart. */
typedef enum
{
  END_NORMAL,
  END_SHUTDOWN,
  END_SHUTDOWN_REASON, /* {shutdown, Reason} */
  END_ERROR,
  END_KILLED,
  N_ENDS,
} End;

typedef enum
{
  SILENT,
  REPORTED,
  REPORTED_IF_PERMANENT,
} Rule;

static const Rule rules[2][N_ENDS] = {
  /* Asked to shut down; it is only killed when its limit has run out. */
  [FALSE] = {
      [END_NORMAL] = REPORTED_IF_PERMANENT,
      [END_SHUTDOWN] = SILENT,
      [END_SHUTDOWN_REASON] = REPORTED_IF_PERMANENT,
      [END_ERROR] = REPORTED,
      [END_KILLED] = REPORTED,
  },
  /* Killed at once; any other end is one that came before. */
  [TRUE] = {
      [END_NORMAL] = REPORTED_IF_PERMANENT,
      [END_SHUTDOWN] = REPORTED_IF_PERMANENT,
      [END_SHUTDOWN_REASON] = REPORTED_IF_PERMANENT,
      [END_ERROR] = REPORTED,
      [END_KILLED] = SILENT,
  },
};

/* A supervisor over its budget exits with plain `shutdown` in OTP; its own report has said why. */
static gboolean
is_plain (const UsherExit *exit)
{
  const GError *error = usher_exit_get_error (exit);

  return error == NULL || g_error_matches (error, USHER_ERROR, USHER_ERROR_MAX_INTENSITY);
}

static End
classify (const UsherExit *exit)
{
  switch (usher_exit_get_kind (exit))
    {
    case USHER_EXIT_NORMAL:
      return END_NORMAL;
    case USHER_EXIT_SHUTDOWN:
      return is_plain (exit) ? END_SHUTDOWN : END_SHUTDOWN_REASON;
    case USHER_EXIT_ERROR:
      return END_ERROR;
    case USHER_EXIT_KILLED:
    default:
      return END_KILLED;
    }
}

gboolean
usher_stop_report_is_due (gboolean brutal,
                          UsherRestart restart,
                          const UsherExit *exit)
{
  Rule rule = rules[brutal ? TRUE : FALSE][classify (exit)];

  return rule == REPORTED ||
         (rule == REPORTED_IF_PERMANENT && restart == USHER_RESTART_PERMANENT);
}
