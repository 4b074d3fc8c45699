/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */
#include <usher/usher.h>

/* A generic echo server: this function is the user's part of it. */
static gboolean
echo (UsherConnection *connection, gpointer user_data, GError **error)
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

static void
on_up (UsherListenSocket *socket)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (socket);
  g_print ("listening on %s\n", address);
}

static void
add_socket (UsherSupervisor *root, UsherAcceptorPool *pool, const char *address, GError **error)
{
  g_autoptr (UsherListenSocket) socket = usher_listen_socket_new_for_address (address, error);
  g_autoptr (UsherChildSpec) spec = socket ? usher_child_spec_new (address, USHER_CHILD (socket)) : NULL;

  if (socket == NULL || !usher_acceptor_pool_accept_socket (pool, socket, 10, error))
    return;
  g_signal_connect (socket, "up", G_CALLBACK (on_up), NULL);
  usher_supervisor_add_child (root, spec, error);
}

int
main (int argc, char *argv[])
{
  static char *default_addresses[] = { (char *) "tcp://127.0.0.1:7000", NULL }, **addresses = default_addresses;
  const GOptionEntry entries[] = { { "listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &addresses, "Listen on ADDRESS; may be repeated", "ADDRESS" }, { NULL } };
  g_autoptr (GOptionContext) options = g_option_context_new ("- a generic echo server");
  g_autoptr (UsherAcceptorPool) pool = usher_acceptor_pool_new_for_func ("echo", echo, NULL, NULL);
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_REST_FOR_ONE);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("pool", USHER_CHILD (pool));
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (options, entries, NULL);
  if (g_option_context_parse (options, &argc, &argv, &error))
    usher_supervisor_add_child (root, spec, &error);
  for (guint i = 0; error == NULL && addresses[i] != NULL; i++)
    add_socket (root, pool, addresses[i], &error);
  if (error == NULL && usher_supervisor_run (root, &error))
    return 0;
  g_printerr ("echo: %s\n", error->message);
  return 1;
}
