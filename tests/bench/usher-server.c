/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher-server.h"

#include <glib-unix.h>
#include <stdio.h>
#include <stdlib.h>

static GMutex lock;
static GPtrArray *counters;  /* (element-type int) (locked-by lock): one for each thread that serves */
static __thread int *n_here; /* (atomic): this thread's */

static void
add_counter (void)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  n_here = g_new0 (int, 1);
  g_ptr_array_add (counters, n_here);
}

void
usher_server_count_connection (void)
{
  if (n_here == NULL)
    add_counter ();
  g_atomic_int_inc (n_here);
}

static gboolean
on_asked (gpointer user_data)
{
  g_autoptr (GMutexLocker) locker = g_mutex_locker_new (&lock);

  printf ("served");
  for (guint i = 0; i < counters->len; i++)
    printf (" %d", g_atomic_int_get ((int *) counters->pdata[i]));
  printf ("\n");
  fflush (stdout);

  return G_SOURCE_CONTINUE;
}

static void
die (const GError *error)
{
  g_printerr ("%s\n", error->message);
  exit (1);
}

static void
on_started (GObject *source_object,
            GAsyncResult *result,
            gpointer user_data)
{
  UsherListenSocket *listen_socket = user_data;
  g_autofree char *address = usher_listen_socket_dup_local_address (listen_socket);
  g_autoptr (GError) error = NULL;

  if (usher_child_start_finish (USHER_CHILD (source_object), result, &error) != USHER_START_STARTED)
    die (error);

  printf ("listening on %s\n", address);
  fflush (stdout);
}

static void
parse (UsherAcceptorPool *pool,
       int argc,
       char *argv[])
{
  int n_workers = 0;
  const GOptionEntry entries[] = {
    { "workers", 'w', 0, G_OPTION_ARG_INT, &n_workers, "How many threads it has", "N" },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    die (error);
  usher_acceptor_pool_set_workers (pool, n_workers);
}

int
usher_server_run (UsherAcceptorPool *pool,
                  int argc,
                  char *argv[])
{
  g_autoptr (UsherAcceptorPool) owned = pool;
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GError) error = NULL;
  g_autoptr (UsherListenSocket) listen_socket =
      usher_listen_socket_new_for_address ("tcp://127.0.0.1:0", &error);

  parse (pool, argc, argv);
  if (listen_socket == NULL || !usher_listen_socket_open (listen_socket, &error) ||
      !usher_acceptor_pool_accept_socket (pool, listen_socket, 10, &error))
    die (error);

  counters = g_ptr_array_new_with_free_func (g_free);
  g_unix_signal_add (SIGUSR1, on_asked, NULL);
  usher_child_start_async (USHER_CHILD (pool), NULL, on_started, listen_socket);
  g_main_loop_run (loop);
  return 0;
}
