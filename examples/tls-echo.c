/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <glib-unix.h>
#include <string.h>

#include <usher/usher.h>

/* An echo server with TLS: several names, clients that have to show a certificate, certificates that are
 * renewed while it runs. Browsers talk HTTP to it, and are told what it knows of them.
 *
 *   tls-echo --certificate server.pem --name other.example=other.pem --client-ca ca.pem */

#define MAX_REQUEST 4096

static char *certificate_path;
static char *client_ca_path;
static char **names;
static int handshake_timeout_msec = 10000;

static const GOptionEntry entries[] = {
  { "certificate", 'c', 0, G_OPTION_ARG_FILENAME, &certificate_path, "The certificate and its private key", "FILE" },
  { "name", 'n', 0, G_OPTION_ARG_FILENAME_ARRAY, &names, "Another one, for those who ask for NAME; can be repeated",
    "NAME=FILE" },
  { "client-ca", 0, 0, G_OPTION_ARG_FILENAME, &client_ca_path, "Whom clients have to have a certificate from", "FILE" },
  { "handshake-timeout", 0, 0, G_OPTION_ARG_INT, &handshake_timeout_msec, "How long a handshake may take (10000)", "MSEC" },
  G_OPTION_ENTRY_NULL
};

/* Serving. */

static gboolean
echo (UsherConnection *connection,
      GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  char buffer[512];
  gssize n;

  while ((n = g_input_stream_read (in, buffer, sizeof buffer, NULL, error)) > 0)
    if (!g_output_stream_write_all (out, buffer, n, NULL, NULL, error))
      return FALSE;

  return n == 0;
}

/* Reads up to the empty line that ends a request, or to the end. */
static gboolean
skip_request (UsherConnection *connection,
              GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  g_autofree char *request = g_malloc0 (MAX_REQUEST);
  gsize length = 0;
  gssize n;

  while (strstr (request, "\r\n\r\n") == NULL && length < MAX_REQUEST - 1)
    {
      n = g_input_stream_read (in, request + length, MAX_REQUEST - 1 - length, NULL, error);
      if (n <= 0)
        return n == 0;
      length += n;
    }

  return TRUE;
}

static char *
describe (UsherConnection *connection)
{
  g_autoptr (GTlsCertificate) certificate = usher_connection_dup_tls_certificate (connection);
  g_autofree char *subject = certificate != NULL ? g_tls_certificate_get_subject_name (certificate) : NULL;
  g_autofree char *server_name = usher_connection_dup_tls_server_name (connection);
  g_autofree char *ciphersuite = usher_connection_dup_tls_ciphersuite (connection);

  return g_strdup_printf ("You are %s, asked for %s, and we talk %s.\n", subject != NULL ? subject : "unknown",
                          server_name != NULL ? server_name : "nobody", ciphersuite);
}

static gboolean
answer_request (UsherConnection *connection,
                GError **error)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autofree char *description = describe (connection);

  return skip_request (connection, error) &&
         g_output_stream_printf (out, NULL, NULL, error,
                                 "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\n"
                                 "Content-Length: %" G_GSIZE_FORMAT "\r\nConnection: close\r\n\r\n%s",
                                 strlen (description), description);
}

static gboolean
serve (UsherConnection *connection,
       gpointer settings,
       GError **error)
{
  g_autofree char *protocol = NULL;

  if (!usher_connection_start_tls (connection, settings, NULL, error))
    return FALSE;

  protocol = usher_connection_dup_tls_protocol (connection);
  return g_strcmp0 (protocol, "http/1.1") == 0 ? answer_request (connection, error) : echo (connection, error);
}

/* Certificates. */

typedef struct
{
  UsherTlsSettings *settings; /* (owned) */
  GHashTable *by_name;        /* (owned) (element-type utf8 GTlsCertificate) */
} Certificates;

static GTlsCertificate *
choose_certificate (UsherTlsSettings *settings,
                    UsherConnection *connection,
                    const char *server_name,
                    gpointer user_data)
{
  Certificates *self = user_data;
  GTlsCertificate *certificate = server_name != NULL ? g_hash_table_lookup (self->by_name, server_name) : NULL;

  return certificate != NULL ? g_object_ref (certificate) : NULL;
}

static gboolean
load_name (GHashTable *by_name,
           const char *name,
           GError **error)
{
  g_auto (GStrv) parts = g_strsplit (name, "=", 2);
  GTlsCertificate *certificate;

  if (g_strv_length (parts) != 2)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "“%s” is not of the form NAME=FILE", name);
      return FALSE;
    }

  certificate = g_tls_certificate_new_from_file (parts[1], error);
  if (certificate == NULL)
    return FALSE;

  g_hash_table_insert (by_name, g_ascii_strdown (parts[0], -1), certificate);
  return TRUE;
}

/* All of them, or none. */
static gboolean
certificates_load (Certificates *self,
                   GError **error)
{
  g_autoptr (GHashTable) by_name = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  g_autoptr (GTlsCertificate) certificate = g_tls_certificate_new_from_file (certificate_path, error);

  if (certificate == NULL)
    return FALSE;

  for (guint i = 0; names != NULL && names[i] != NULL; i++)
    if (!load_name (by_name, names[i], error))
      return FALSE;

  usher_tls_settings_set_certificate (self->settings, certificate);
  g_clear_pointer (&self->by_name, g_hash_table_unref);
  self->by_name = g_steal_pointer (&by_name);
  return TRUE;
}

/* They were renewed. Connections that are there keep what they have. */
static gboolean
on_hangup (gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!certificates_load (user_data, &error))
    g_printerr ("tls-echo: the certificates stay as they are: %s\n", error->message);

  return G_SOURCE_CONTINUE;
}

/* Whom clients have to have a certificate from. */
static gboolean
certificates_ask_clients (Certificates *self,
                          GError **error)
{
  g_autofree char *path = g_canonicalize_filename (client_ca_path, NULL);
  g_autoptr (GTlsDatabase) database = g_tls_file_database_new (path, error);

  usher_tls_settings_set_database (self->settings, database);
  usher_tls_settings_set_authentication_mode (self->settings, G_TLS_AUTHENTICATION_REQUIRED);
  return database != NULL;
}

static gboolean
certificates_init (Certificates *self,
                   GError **error)
{
  static const char *const protocols[] = { "http/1.1", "echo", NULL };

  if (!certificates_load (self, error))
    return FALSE;

  usher_tls_settings_set_advertised_protocols (self->settings, protocols);
  usher_tls_settings_set_handshake_timeout_msec (self->settings, handshake_timeout_msec);
  g_signal_connect (self->settings, "choose-certificate", G_CALLBACK (choose_certificate), self);
  g_unix_signal_add (SIGHUP, on_hangup, self);
  return client_ca_path == NULL || certificates_ask_clients (self, error);
}

static void
certificates_clear (Certificates *self)
{
  g_clear_pointer (&self->by_name, g_hash_table_unref);
  g_clear_object (&self->settings);
}

/* The program. */

static gboolean
check_options (GError **error)
{
  if (certificate_path != NULL && handshake_timeout_msec > 0)
    return TRUE;

  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       certificate_path == NULL ? "A server needs a certificate: give it with --certificate"
                                                : "A handshake takes some time: give more than 0");
  return FALSE;
}

static gboolean
parse (UsherService *service,
       int *argc,
       char ***argv,
       GError **error)
{
  g_autoptr (GOptionContext) options = g_option_context_new ("- an echo server with TLS");

  g_option_context_add_main_entries (options, entries, NULL);
  g_option_context_add_group (options, usher_service_get_option_group (service));
  return g_option_context_parse (options, argc, argv, error) && check_options (error);
}

int
main (int argc, char *argv[])
{
  Certificates certificates = { usher_tls_settings_new (NULL), NULL };
  g_autoptr (UsherService) service = usher_service_new ("tls-echo");
  g_autoptr (UsherAcceptorPool) pool =
      usher_acceptor_pool_new_for_func ("tls-echo", serve, certificates.settings, NULL);
  g_autoptr (GError) error = NULL;
  int code = 1;

  usher_acceptor_pool_set_execution (pool, USHER_EXECUTION_FIBER);
  usher_service_add_pool (service, pool, "tcp://127.0.0.1:7000", 10);
  if (parse (service, &argc, &argv, &error) && certificates_init (&certificates, &error))
    code = usher_service_run (service, 0, NULL);
  else
    g_printerr ("tls-echo: %s\n", error->message);

  certificates_clear (&certificates);
  return code;
}
