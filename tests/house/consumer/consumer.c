/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#if !USHER_CHECK_VERSION(0, 1, 0)
#error "Older than the first version"
#endif

int
main (void)
{
  g_autoptr (UsherExit) exit = usher_exit_new_normal ();
  g_autofree char *text = usher_exit_to_string (exit);

  g_print ("%s\n", text);
  return 0;
}
