/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/drain-watchdog-private.h"

#include <signal.h>

/* A signal that nobody looks out for would end this program. Whether the thread sees it before its
 * end is left to chance. */
static void
test_signal_meets_the_end (void)
{
  g_autoptr (UsherService) service = usher_service_new ("test");

  for (guint i = 0; i < 300; i++)
    {
      UsherDrainWatchdog *watchdog = usher_drain_watchdog_new (service);

      g_assert_no_errno (raise (SIGTERM));
      usher_drain_watchdog_free (watchdog);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/drain-watchdog/looks-out-for-signals-at-once-and-to-its-end", test_signal_meets_the_end);

  return g_test_run ();
}
