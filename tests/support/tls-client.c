/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/tls-client.h"

#include <fcntl.h>

#include "support/iterate.h"

char *
test_tls_path (const char *name)
{
  return g_strconcat (TEST_TLS_DIRECTORY, "/", name, ".pem", NULL);
}

GTlsCertificate *
test_tls_certificate (const char *name)
{
  g_autofree char *path = test_tls_path (name);
  g_autoptr (GError) error = NULL;
  GTlsCertificate *certificate = g_tls_certificate_new_from_file (path, &error);

  g_assert_no_error (error);
  return certificate;
}

GTlsDatabase *
test_tls_database (void)
{
  g_autofree char *path = test_tls_path ("ca");
  g_autoptr (GError) error = NULL;
  GTlsDatabase *database = g_tls_file_database_new (path, &error);

  g_assert_no_error (error);
  return database;
}

gboolean
test_tls_is_missing (void)
{
  if (g_tls_backend_supports_tls (g_tls_backend_get_default ()))
    return FALSE;

  g_print ("1..0 # SKIP GIO has no TLS: install glib-networking\n");
  return TRUE;
}

gboolean
test_tls_is_old (void)
{
  return g_getenv ("G_TLS_GNUTLS_PRIORITY") != NULL;
}

/* What the server shows is the tests' own business. */
static gboolean
on_accept_certificate (GTlsConnection *tls,
                       GTlsCertificate *certificate,
                       GTlsCertificateFlags errors,
                       gpointer user_data)
{
  return TRUE;
}

TestTlsClient *
test_tls_client_new (int fd,
                     const char *server_name,
                     const char *certificate)
{
  TestTlsClient *self = g_new0 (TestTlsClient, 1);
  g_autoptr (GSocketConnection) base = NULL;
  g_autoptr (GSocketConnectable) identity = server_name != NULL ? g_network_address_new (server_name, 0) : NULL;
  g_autoptr (GTlsCertificate) own = certificate != NULL ? test_tls_certificate (certificate) : NULL;
  GIOStream *tls;

  self->socket = g_socket_new_from_fd (fcntl (fd, F_DUPFD_CLOEXEC, 0), &self->error);
  g_assert_no_error (self->error);
  base = g_socket_connection_factory_create_connection (self->socket);
  tls = g_tls_client_connection_new (G_IO_STREAM (base), identity, &self->error);
  g_assert_no_error (self->error);
  self->is_done = TRUE;
  self->tls = G_TLS_CONNECTION (tls);
  self->in = g_io_stream_get_input_stream (tls);
  self->out = g_io_stream_get_output_stream (tls);
  g_signal_connect (tls, "accept-certificate", G_CALLBACK (on_accept_certificate), NULL);
  if (own != NULL)
    g_tls_connection_set_certificate (self->tls, own);

  return self;
}

gboolean
test_tls_client_is_done (gpointer client)
{
  return ((TestTlsClient *) client)->is_done;
}

void
test_tls_client_free (TestTlsClient *self)
{
  if (!self->is_done)
    g_socket_shutdown (self->socket, TRUE, TRUE, NULL);
  iterate_until (NULL, test_tls_client_is_done, self);

  g_clear_error (&self->error);
  g_clear_object (&self->tls);
  g_clear_object (&self->socket);
  g_free (self);
}

static void
client_begin (TestTlsClient *self)
{
  self->is_done = FALSE;
  g_clear_error (&self->error);
}

static void
on_handshaken (GObject *source_object,
               GAsyncResult *result,
               gpointer user_data)
{
  TestTlsClient *self = user_data;

  g_tls_connection_handshake_finish (self->tls, result, &self->error);
  self->is_done = TRUE;
}

void
test_tls_client_shake_hands (TestTlsClient *self)
{
  client_begin (self);
  g_tls_connection_handshake_async (self->tls, G_PRIORITY_DEFAULT, NULL, on_handshaken, self);
}

static void
on_read (GObject *source_object,
         GAsyncResult *result,
         gpointer user_data)
{
  TestTlsClient *self = user_data;

  self->n = g_input_stream_read_finish (self->in, result, &self->error);
  self->is_done = TRUE;
}

void
test_tls_client_read (TestTlsClient *self)
{
  client_begin (self);
  g_input_stream_read_async (self->in, self->buffer, sizeof self->buffer, G_PRIORITY_DEFAULT, NULL, on_read, self);
}

static void
on_closed (GObject *source_object,
           GAsyncResult *result,
           gpointer user_data)
{
  TestTlsClient *self = user_data;

  g_io_stream_close_finish (G_IO_STREAM (source_object), result, &self->error);
  self->is_done = TRUE;
}

void
test_tls_client_close (TestTlsClient *self)
{
  client_begin (self);
  g_io_stream_close_async (G_IO_STREAM (self->tls), G_PRIORITY_DEFAULT, NULL, on_closed, self);
}

void
test_tls_client_send (TestTlsClient *self,
                      const char *text)
{
  g_autoptr (GError) error = NULL;

  g_output_stream_write_all (self->out, text, strlen (text), NULL, NULL, &error);
  g_assert_no_error (error);
}

void
test_tls_client_expect_done (TestTlsClient *self)
{
  iterate_until (NULL, test_tls_client_is_done, self);
  g_assert_no_error (self->error);
}

void
test_tls_client_expect (TestTlsClient *self,
                        const char *text)
{
  g_autoptr (GString) received = g_string_new (NULL);

  while (received->len < strlen (text))
    {
      test_tls_client_read (self);
      test_tls_client_expect_done (self);
      g_assert_cmpint (self->n, >, 0);
      g_string_append_len (received, self->buffer, self->n);
    }

  g_assert_cmpstr (received->str, ==, text);
}

void
test_tls_client_expect_end (TestTlsClient *self)
{
  test_tls_client_read (self);
  test_tls_client_expect_done (self);
  g_assert_cmpint (self->n, ==, 0);
}

void
test_tls_client_expect_error (TestTlsClient *self,
                              GQuark domain,
                              int code)
{
  iterate_until (NULL, test_tls_client_is_done, self);
  g_assert_error (self->error, domain, code);
}
