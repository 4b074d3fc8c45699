/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/connection-fixture.h"
#include "usher/tls-settings.h"

static void
on_started (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  ConnectionFixture *fixture = user_data;

  g_assert_false (usher_connection_start_tls_finish (USHER_CONNECTION (source_object), result, &fixture->error));
  fixture->is_done = TRUE;
}

static void
test_says_what_is_missing (ConnectionFixture *fixture,
                           gconstpointer data)
{
  g_autoptr (UsherTlsSettings) settings = usher_tls_settings_new (NULL);

  usher_connection_start_tls_async (fixture->connection, settings, NULL, on_started, fixture);
  iterate_until (NULL, connection_fixture_is_done, fixture);
  g_assert_error (fixture->error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
  g_assert_nonnull (strstr (fixture->error->message, "glib-networking"));

  connection_fixture_say (fixture, "hello");
  connection_fixture_begin_read (fixture, NULL);
  connection_fixture_expect_read (fixture, "hello");
}

int
main (int argc,
      char *argv[])
{
  g_setenv ("GIO_USE_TLS", "dummy", TRUE);
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/no-tls/says-what-is-missing", ConnectionFixture, NULL, connection_fixture_set_up, test_says_what_is_missing,
              connection_fixture_tear_down);

  return g_test_run ();
}
