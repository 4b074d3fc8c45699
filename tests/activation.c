/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/activation-private.h"

#include <string.h>

#define PID 4321

typedef struct
{
  const char *pid;
  const char *fds;
  const char *names;
} Environment;

static char **
make_environment (Environment values)
{
  char **environment = g_environ_setenv (NULL, "HOME", "/", TRUE);

  if (values.pid != NULL)
    environment = g_environ_setenv (environment, "LISTEN_PID", values.pid, TRUE);
  if (values.fds != NULL)
    environment = g_environ_setenv (environment, "LISTEN_FDS", values.fds, TRUE);
  if (values.names != NULL)
    environment = g_environ_setenv (environment, "LISTEN_FDNAMES", values.names, TRUE);

  return environment;
}

/* What systemd passes, which sockets have the name, and how many there are of it. */
static const struct
{
  Environment environment;
  const char *name;
  int first;
  guint n;
} found[] = {
  { { "4321", "1", "http" }, "http", 3, 1 },
  { { "4321", "3", "http:https:admin" }, "http", 3, 1 },
  { { "4321", "3", "http:https:admin" }, "admin", 5, 1 },
  { { "4321", "3", "a:http:http" }, "http", 4, 2 },
  { { "4321", "2", "example.socket:example.socket" }, "example.socket", 3, 2 },
  { { "4321", "2", NULL }, "unknown", 3, 2 },
  { { "4321", "2", "http" }, "unknown", 4, 1 },
  { { "4321", "2", "http:" }, "", 4, 1 },
  { { "4321", "1", "http:https" }, "http", 3, 1 },
};

static const struct
{
  Environment environment;
  const char *words;
} missing[] = {
  { { NULL, NULL, NULL }, "systemd has passed no sockets to this process" },
  { { "4321", NULL, "http" }, "systemd has passed no sockets to this process" },
  { { NULL, "1", "http" }, "systemd has passed no sockets to this process" },
  { { "4321", "0", "" }, "systemd has passed no sockets to this process" },
  { { "4322", "1", "http" }, "to process 4322 (LISTEN_PID), and this is process 4321" },
  { { "self", "1", "http" }, "LISTEN_PID is “self”, and not a number" },
  { { "4321", "-1", "http" }, "LISTEN_FDS is “-1”, and not a number" },
  { { "4321", "1 ", "http" }, "LISTEN_FDS is “1 ”, and not a number" },
  { { "4321", "2000000", "http" }, "systemd has passed no sockets to this process" },
  { { "4321", "2", "a:b" }, "no socket named “http”, but “a”, “b”" },
  { { "4321", "1", "https" }, "no socket named “http”, but “https”" },
  { { "4321", "1", "a:http" }, "no socket named “http”, but “a”" },
  { { "4321", "9", NULL }, "“unknown”, …" },
};

static void
test_found (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (found); i++)
    {
      g_auto (GStrv) environment = make_environment (found[i].environment);
      g_autoptr (GError) error = NULL;
      g_autoptr (GArray) fds = usher_activation_find (environment, PID, found[i].name, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (fds->len, ==, found[i].n);
      for (guint n = 0; n < fds->len; n++)
        g_assert_cmpint (g_array_index (fds, int, n), ==, found[i].first + (int) n);
    }
}

static void
test_missing (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (missing); i++)
    {
      g_auto (GStrv) environment = make_environment (missing[i].environment);
      g_autoptr (GError) error = NULL;

      g_assert_null (usher_activation_find (environment, PID, "http", &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, missing[i].words));
      g_assert_null (usher_activation_find (environment, PID, "http", NULL));
    }
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/activation/finds-sockets-by-name", test_found);
  g_test_add_func ("/activation/says-why-there-are-none", test_missing);

  return g_test_run ();
}
