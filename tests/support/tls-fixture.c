/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/tls-fixture.h"

void
tls_fixture_set_up (TlsFixture *self,
                    gconstpointer data)
{
  g_autoptr (GTlsCertificate) certificate = test_tls_certificate ("server");

  connection_fixture_set_up (&self->plain, data);
  self->settings = usher_tls_settings_new (certificate);
  self->client = test_tls_client_new (self->plain.peer, NULL, NULL);
}

/* GLib's threads of handshakes that were given up hold on to the connection, but not for long. */
static gboolean
nobody_holds_the_connection (gpointer user_data)
{
  return g_atomic_int_get (&((GObject *) user_data)->ref_count) == 1;
}

void
tls_fixture_tear_down (TlsFixture *self,
                       gconstpointer data)
{
  test_tls_client_free (self->client);
  usher_connection_close (self->plain.connection);
  iterate_until (NULL, nobody_holds_the_connection, self->plain.connection);
  g_assert_finalize_object (self->settings);
  g_clear_error (&self->error);
  connection_fixture_tear_down (&self->plain, data);
}

void
tls_fixture_replace_client (TlsFixture *self,
                            const char *server_name,
                            const char *certificate)
{
  test_tls_client_free (self->client);
  self->client = test_tls_client_new (self->plain.peer, server_name, certificate);
}

static void
on_started (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  TlsFixture *self = user_data;

  usher_connection_start_tls_finish (USHER_CONNECTION (source_object), result, &self->error);
  self->is_over = TRUE;
}

void
tls_fixture_start (TlsFixture *self,
                   GCancellable *cancellable)
{
  self->is_over = FALSE;
  g_clear_error (&self->error);
  usher_connection_start_tls_async (self->plain.connection, self->settings, cancellable, on_started, self);
  g_assert_false (self->is_over);
}

static gboolean
is_over (gpointer user_data)
{
  return ((TlsFixture *) user_data)->is_over;
}

void
tls_fixture_expect_started (TlsFixture *self)
{
  iterate_until (NULL, is_over, self);
  g_assert_no_error (self->error);
}

void
tls_fixture_expect_error (TlsFixture *self,
                          GQuark domain,
                          int code)
{
  iterate_until (NULL, is_over, self);
  g_assert_error (self->error, domain, code);
}

gboolean
tls_fixture_is_peer_failure (TlsFixture *self)
{
  g_autoptr (UsherExit) exit = usher_connection_explain (self->plain.connection, FALSE, g_error_copy (self->error));

  return usher_exit_get_kind (exit) == USHER_EXIT_SHUTDOWN;
}

void
tls_fixture_shake_hands (TlsFixture *self)
{
  tls_fixture_start (self, NULL);
  test_tls_client_shake_hands (self->client);
  tls_fixture_expect_started (self);
  test_tls_client_expect_done (self->client);
}
