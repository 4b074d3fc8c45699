/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */
#include <usher/usher.h>

/* Answers each line with itself, behind the version of the program that serves it. */
static gboolean
answer (UsherConnection *connection, gpointer version, GError **error)
{
  g_autoptr (GDataInputStream) in = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  GError *read_error = NULL;
  char *line;

  while ((line = g_data_input_stream_read_line (in, NULL, NULL, &read_error)) != NULL)
    {
      g_autofree char *reply = g_strdup_printf ("%s: %s\n", (const char *) version, line);

      g_free (line);
      if (!g_output_stream_write_all (out, reply, strlen (reply), NULL, NULL, error))
        return FALSE;
    }

  if (read_error == NULL)
    return TRUE;

  g_propagate_error (error, read_error);
  return FALSE;
}

/* What the file “version” says that is installed beside the program. */
static char *
find_version (const char *program)
{
  g_autofree char *directory = g_path_get_dirname (program);
  g_autofree char *path = g_build_filename (directory, "version", NULL);
  char *version;

  return g_file_get_contents (path, &version, NULL, NULL) ? g_strstrip (version) : g_strdup ("unversioned");
}

int
main (int argc, char *argv[])
{
  g_autofree char *version = find_version (argv[0]);
  g_autoptr (UsherService) service = usher_service_new ("versioned-echo");
  g_autoptr (UsherAcceptorPool) pool = usher_acceptor_pool_new_for_func ("echo", answer, version, NULL);

  usher_service_set_version (service, version);
  usher_acceptor_pool_set_execution (pool, USHER_EXECUTION_FIBER);
  usher_service_add_pool (service, pool, "tcp://127.0.0.1:7001", 10);
  return usher_service_run (service, argc, argv);
}
