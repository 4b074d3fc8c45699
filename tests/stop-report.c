/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "supervision/stop-report-private.h"

typedef struct
{
  const UsherExit *exit;
  gboolean asked[3];  /* reported, by restart type, if it was asked to shut down */
  gboolean brutal[3]; /* if it was killed at once */
} Row;

static void
test_rules (void)
{
  g_autoptr (GError) error = g_error_new (USHER_ERROR, USHER_ERROR_FAILED, "broke");
  g_autoptr (GError) over = g_error_new (USHER_ERROR, USHER_ERROR_MAX_INTENSITY, "over");
  g_autoptr (UsherExit) normal = usher_exit_new_normal ();
  g_autoptr (UsherExit) shutdown = usher_exit_new_shutdown ();
  g_autoptr (UsherExit) over_budget = usher_exit_new_shutdown_with_error (over);
  g_autoptr (UsherExit) reason = usher_exit_new_shutdown_with_error (error);
  g_autoptr (UsherExit) failed = usher_exit_new_error (error);
  g_autoptr (UsherExit) killed = usher_exit_new_killed ();
  const Row rows[] = {
    { normal, { TRUE, FALSE, FALSE }, { TRUE, FALSE, FALSE } },
    { shutdown, { FALSE, FALSE, FALSE }, { TRUE, FALSE, FALSE } },
    { over_budget, { FALSE, FALSE, FALSE }, { TRUE, FALSE, FALSE } },
    { reason, { TRUE, FALSE, FALSE }, { TRUE, FALSE, FALSE } },
    { failed, { TRUE, TRUE, TRUE }, { TRUE, TRUE, TRUE } },
    { killed, { TRUE, TRUE, TRUE }, { FALSE, FALSE, FALSE } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    for (UsherRestart restart = USHER_RESTART_PERMANENT; restart <= USHER_RESTART_TEMPORARY; restart++)
      {
        g_assert_cmpint (usher_stop_report_is_due (FALSE, restart, rows[i].exit), ==, rows[i].asked[restart]);
        g_assert_cmpint (usher_stop_report_is_due (TRUE, restart, rows[i].exit), ==, rows[i].brutal[restart]);
      }
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/stop-report/is-asymmetric-as-in-otp", test_rules);

  return g_test_run ();
}
