/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/duration-private.h"

#include "usher/error.h"

static void
test_reads (void)
{
  static const struct
  {
    const char *text;
    gint64 msec;
  } cases[] = {
    { "0", 0 },
    { "5", 5000 },
    { "5s", 5000 },
    { "0.25s", 250 },
    { "500ms", 500 },
    { "2min", 120 * 1000 },
    { "1.5h", 90 * 60 * 1000 },
    { "0.0004s", 0 },
    { "0.0005s", 1 },
    { "infinity", -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 msec = -2;

      g_assert_true (usher_duration_parse (cases[i].text, &msec, &error));
      g_assert_no_error (error);
      g_assert_cmpint (msec, ==, cases[i].msec);
    }
}

static void
test_refuses (void)
{
  static const char *const texts[] = {
    "",
    "s",
    "-1s",
    "5 s",
    "5sec",
    "5s5",
    "nan",
    "inf",
    "1e300h",
    "9000h",
    "infinity ",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      gint64 msec = 7;

      g_assert_false (usher_duration_parse (texts[i], &msec, &error));
      g_assert_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
      g_assert_nonnull (strstr (error->message, texts[i]));
      g_assert_cmpint (msec, ==, 7);
    }
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/duration/reads-what-people-write", test_reads);
  g_test_add_func ("/duration/refuses-the-rest", test_refuses);

  return g_test_run ();
}
