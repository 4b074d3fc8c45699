/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <locale.h>
#include <string.h>

#include <usher/usher.h>

/* An echo server for people: it reads lines, knows `quit` and `crash`, and says goodbye to those
 * who wait when it goes down.
 *
 * The acceptor is a class with all three callbacks. Its object is what Erlang calls the state. */

#define MAX_LINE 512

#define TELNET_TYPE_ECHO (telnet_echo_get_type ())

G_DECLARE_FINAL_TYPE (TelnetEcho, telnet_echo, TELNET, ECHO, GObject)

struct _TelnetEcho
{
  GObject parent_instance;

  char *greeting;          /* (owned): ready before a client waits for it */
  char received[MAX_LINE]; /* what came after the last line */
  gsize n_received;
};

static gboolean
say (UsherConnection *connection,
     const char *text,
     GError **error)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));

  return g_output_stream_write_all (out, text, strlen (text), NULL, NULL, error);
}

/* Waiting for the next line may be interrupted by the drain, waiting for the rest of one may not:
 * who has begun to type may finish. */
static gssize
receive (TelnetEcho *self,
         UsherConnection *connection,
         GError **error)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (connection));
  GCancellable *drain = usher_connection_get_drain_cancellable (connection);
  gssize n = g_input_stream_read (in, self->received + self->n_received, MAX_LINE - self->n_received,
                                  self->n_received == 0 ? drain : NULL, error);

  if (n > 0)
    self->n_received += n;
  return n;
}

/* Returns NULL with no error at the end of the conversation. */
static char *
read_line (TelnetEcho *self,
           UsherConnection *connection,
           GError **error)
{
  char *end, *line;

  while ((end = memchr (self->received, '\n', self->n_received)) == NULL && self->n_received < MAX_LINE)
    if (receive (self, connection, error) <= 0)
      return NULL;

  if (end == NULL)
    end = self->received + MAX_LINE - 1;
  line = g_strndup (self->received, end + 1 - self->received);
  self->n_received -= end + 1 - self->received;
  memmove (self->received, end + 1, self->n_received);

  return g_strchomp (line);
}

static gboolean
answer (UsherConnection *connection,
        const char *line,
        gboolean *is_over,
        GError **error)
{
  g_autofree char *echo = g_strconcat (line, "\r\n", NULL);

  if (g_str_equal (line, "crash"))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "The client asked for a crash");
      return FALSE;
    }

  *is_over = g_str_equal (line, "quit");
  return say (connection, *is_over ? "bye\r\n" : echo, error);
}

static gboolean
converse (TelnetEcho *self,
          UsherConnection *connection,
          GError **error)
{
  gboolean is_over = FALSE;

  if (!say (connection, self->greeting, error))
    return FALSE;

  while (!is_over)
    {
      g_autoptr (GError) read_error = NULL;
      g_autofree char *line = read_line (self, connection, &read_error);

      if (g_error_matches (read_error, G_IO_ERROR, G_IO_ERROR_CANCELLED) &&
          usher_connection_is_draining (connection))
        return say (connection, "goodbye, the server is going down\r\n", error);

      if (read_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&read_error));
          return FALSE;
        }

      if (line == NULL)
        return TRUE;

      if (!answer (connection, line, &is_over, error))
        return FALSE;
    }

  return TRUE;
}

static UsherAcceptorInit
telnet_echo_acceptor_init (UsherAcceptor *acceptor,
                           UsherListenSocket *listen_socket,
                           int *accept_timeout_msec,
                           GError **error)
{
  TelnetEcho *self = TELNET_ECHO (acceptor);
  g_autofree char *address = usher_listen_socket_dup_local_address (listen_socket);

  self->greeting = g_strdup_printf ("welcome to %s; say quit to leave\r\n", address);
  return USHER_ACCEPTOR_READY;
}

static gboolean
telnet_echo_acceptor_continue (UsherAcceptor *acceptor,
                               UsherConnection *connection,
                               GError **error)
{
  return converse (TELNET_ECHO (acceptor), connection, error);
}

static void
telnet_echo_acceptor_terminate (UsherAcceptor *acceptor,
                                UsherExit *reason)
{
  g_autofree char *text = usher_exit_to_string (reason);

  g_debug ("an acceptor ends without a connection: %s", text);
}

static void
telnet_echo_acceptor_iface_init (UsherAcceptorInterface *iface)
{
  iface->acceptor_init = telnet_echo_acceptor_init;
  iface->acceptor_continue = telnet_echo_acceptor_continue;
  iface->acceptor_terminate = telnet_echo_acceptor_terminate;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TelnetEcho, telnet_echo, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, telnet_echo_acceptor_iface_init))

static void
telnet_echo_finalize (GObject *object)
{
  g_free (TELNET_ECHO (object)->greeting);

  G_OBJECT_CLASS (telnet_echo_parent_class)->finalize (object);
}

static void
telnet_echo_class_init (TelnetEchoClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = telnet_echo_finalize;
}

static void
telnet_echo_init (TelnetEcho *self)
{
}

/* The tree. */

static char *default_addresses[] = { (char *) "tcp://127.0.0.1:7000", NULL };

static char **addresses = default_addresses;
static int n_acceptors = 10;
static int intensity = 1;
static int period_msec = 5000;
static int grace_msec = 5000;
static int shutdown_msec = 5000;
static UsherRestart restart = USHER_RESTART_TEMPORARY;

static gboolean
parse_restart (const char *option_name,
               const char *value,
               gpointer user_data,
               GError **error)
{
  if (!g_str_equal (value, "temporary") && !g_str_equal (value, "transient"))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "“%s” is no restart type of a pool; it is temporary or transient", value);
      return FALSE;
    }

  restart = g_str_equal (value, "transient") ? USHER_RESTART_TRANSIENT : USHER_RESTART_TEMPORARY;
  return TRUE;
}

static const GOptionEntry entries[] = {
  { "listen", 'l', 0, G_OPTION_ARG_STRING_ARRAY, &addresses,
    "Listen on ADDRESS; may be repeated (tcp://127.0.0.1:7000)", "ADDRESS" },
  { "acceptors", 'a', 0, G_OPTION_ARG_INT, &n_acceptors, "Keep N acceptors waiting on each address (10)", "N" },
  { "restart", 'r', 0, G_OPTION_ARG_CALLBACK, parse_restart,
    "Whether crashes count: transient, or temporary (the default)", "TYPE" },
  { "intensity", 'i', 0, G_OPTION_ARG_INT, &intensity, "Survive N crashes in a period (1)", "N" },
  { "period", 'p', 0, G_OPTION_ARG_INT, &period_msec, "Count the crashes of the last MSEC (5000)", "MSEC" },
  { "grace", 'g', 0, G_OPTION_ARG_INT, &grace_msec, "Let conversations finish for MSEC (5000)", "MSEC" },
  { "shutdown", 's', 0, G_OPTION_ARG_INT, &shutdown_msec, "Then wait for acceptors for MSEC (5000)", "MSEC" },
  G_OPTION_ENTRY_NULL
};

static gboolean
check_options (GError **error)
{
  if (n_acceptors > 0 && intensity >= 0 && period_msec > 0 && grace_msec >= 0 && shutdown_msec >= 0)
    return TRUE;

  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "The numbers of acceptors and of the period have to be positive, and the others cannot be "
                       "negative");
  return FALSE;
}

static UsherAcceptorPool *
make_pool (void)
{
  UsherAcceptorPool *pool = usher_acceptor_pool_new ("telnet-echo", TELNET_TYPE_ECHO);

  usher_acceptor_pool_set_restart (pool, restart);
  usher_acceptor_pool_set_intensity (pool, intensity);
  usher_acceptor_pool_set_period_msec (pool, period_msec);
  usher_acceptor_pool_set_grace_msec (pool, grace_msec);
  usher_acceptor_pool_set_shutdown_msec (pool, shutdown_msec);

  return pool;
}

static void
on_up (UsherListenSocket *listen_socket)
{
  g_autofree char *address = usher_listen_socket_dup_local_address (listen_socket);

  g_print ("listening on %s\n", address);
}

/* With keep-open, a restart of the pool refuses nobody: clients wait in the kernel's queue. */
static gboolean
add_listen_socket (UsherSupervisor *root,
                   UsherAcceptorPool *pool,
                   const char *address,
                   GError **error)
{
  g_autoptr (UsherListenSocket) listen_socket = usher_listen_socket_new_for_address (address, error);
  g_autoptr (UsherChildSpec) spec = NULL;

  if (listen_socket == NULL || !usher_acceptor_pool_accept_socket (pool, listen_socket, n_acceptors, error))
    return FALSE;

  usher_listen_socket_set_keep_open (listen_socket, TRUE);
  g_signal_connect (listen_socket, "up", G_CALLBACK (on_up), NULL);
  spec = usher_child_spec_new (address, USHER_CHILD (listen_socket));

  return usher_supervisor_add_child (root, spec, error);
}

/* Children stop in reverse: the listen sockets close first, and the pool waits for its
 * conversations. When the pool ends over its budget, rest-for-one restarts them all. */
static UsherSupervisor *
make_tree (GError **error)
{
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_REST_FOR_ONE);
  g_autoptr (UsherAcceptorPool) pool = make_pool ();
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("pool", USHER_CHILD (pool));

  usher_supervisor_set_name (root, "telnet-echo");
  if (!usher_supervisor_add_child (root, spec, error))
    return NULL;

  for (guint i = 0; addresses[i] != NULL; i++)
    if (!add_listen_socket (root, pool, addresses[i], error))
      return NULL;

  return g_steal_pointer (&root);
}

int
main (int argc, char *argv[])
{
  g_autoptr (GOptionContext) options = g_option_context_new ("- an echo server for people");
  g_autoptr (UsherSupervisor) root = NULL;
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (options, entries, NULL);
  if (g_option_context_parse (options, &argc, &argv, &error) && check_options (&error))
    root = make_tree (&error);

  if (root == NULL || !usher_supervisor_run (root, &error))
    {
      g_printerr ("telnet-echo: %s\n", error->message);
      return 1;
    }

  return 0;
}
