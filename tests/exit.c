/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

static void
test_kinds (void)
{
  g_autoptr (GError) error = g_error_new (USHER_ERROR, USHER_ERROR_FAILED, "no\nluck");
  g_autoptr (UsherExit) normal = usher_exit_new_normal ();
  g_autoptr (UsherExit) shutdown = usher_exit_new_shutdown ();
  g_autoptr (UsherExit) closed = usher_exit_new_shutdown_with_error (error);
  g_autoptr (UsherExit) failed = usher_exit_new_error (error);
  g_autoptr (UsherExit) killed = usher_exit_new_killed ();
  const struct
  {
    const UsherExit *exit;
    UsherExitKind kind;
    gboolean abnormal;
    gboolean has_error;
    const char *line;
  } cases[] = {
    { normal, USHER_EXIT_NORMAL, FALSE, FALSE, "normal" },
    { shutdown, USHER_EXIT_SHUTDOWN, FALSE, FALSE, "shutdown" },
    { closed, USHER_EXIT_SHUTDOWN, FALSE, TRUE, "shutdown: no luck" },
    { failed, USHER_EXIT_ERROR, TRUE, TRUE, "error: no luck" },
    { killed, USHER_EXIT_KILLED, TRUE, FALSE, "killed" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *line = usher_exit_to_string (cases[i].exit);

      g_assert_cmpint (usher_exit_get_kind (cases[i].exit), ==, cases[i].kind);
      g_assert_cmpint (usher_exit_is_abnormal (cases[i].exit), ==, cases[i].abnormal);
      g_assert_cmpint (usher_exit_get_error (cases[i].exit) != NULL, ==, cases[i].has_error);
      g_assert_cmpstr (line, ==, cases[i].line);
    }
}

static void
test_keeps_its_own_error (void)
{
  GError *error = g_error_new (USHER_ERROR, USHER_ERROR_CLOSED, "gone");
  g_autoptr (UsherExit) exit = usher_exit_new_error (error);
  g_autoptr (UsherExit) copy = g_boxed_copy (USHER_TYPE_EXIT, exit);

  g_error_free (error);

  g_assert_true (copy == exit);
  g_assert_error (usher_exit_get_error (exit), USHER_ERROR, USHER_ERROR_CLOSED);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/exit/has-a-kind-and-prints-as-one-line", test_kinds);
  g_test_add_func ("/exit/keeps-its-own-error", test_keeps_its_own_error);

  return g_test_run ();
}
