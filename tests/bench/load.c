/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* Loads an echo server in one of several ways, and prints what that cost the server, as one line
 * of JSON. */

#include "clients.h"
#include "server-process.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

typedef struct
{
  ServerProcess server;
  Clients clients;
  guint n;
  guint n_in_flight;
  guint n_busy;
  gint64 duration_usec;

  gint64 cpu_nsec;     /* of the server, when the measurement began; then, what it took */
  gint64 own_cpu_nsec; /* the same, of this process */
  gint64 rss_bytes;    /* the same */
  gint64 kernel_bytes; /* the same, of the whole machine */
} Load;

static gint64
get_own_cpu_nsec (void)
{
  struct timespec spent;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &spent);
  return spent.tv_sec * G_GINT64_CONSTANT (1000000000) + spent.tv_nsec;
}

static void
load_begin (Load *self)
{
  self->cpu_nsec = server_process_wait_for_rest (&self->server);
  self->own_cpu_nsec = get_own_cpu_nsec ();
  self->rss_bytes = server_process_get_rss_bytes (&self->server);
  self->kernel_bytes = server_process_get_kernel_bytes ();
}

static void
load_end (Load *self)
{
  self->own_cpu_nsec = get_own_cpu_nsec () - self->own_cpu_nsec;
  self->cpu_nsec = server_process_wait_for_rest (&self->server) - self->cpu_nsec;
  self->rss_bytes = server_process_get_rss_bytes (&self->server) - self->rss_bytes;
  self->kernel_bytes = server_process_get_kernel_bytes () - self->kernel_bytes;
}

static ClientsPlan
load_plan (const Load *self,
           guint n_in_flight,
           gboolean keep)
{
  return (ClientsPlan){ self->n, n_in_flight, keep, self->duration_usec };
}

static void
load_hold (Load *self)
{
  load_begin (self);
  clients_begin (&self->clients, load_plan (self, self->n_in_flight, TRUE));
  clients_wait_until_answered (&self->clients);
  load_end (self);
}

static void
load_churn (Load *self)
{
  load_begin (self);
  clients_begin (&self->clients, load_plan (self, self->n_in_flight, FALSE));
  clients_wait_until_answered (&self->clients);
  load_end (self);
}

static void
load_storm (Load *self)
{
  load_begin (self);
  clients_begin (&self->clients, load_plan (self, self->n, TRUE));
  clients_wait_until_answered (&self->clients);
  load_end (self);
}

static void
load_burst (Load *self)
{
  load_begin (self);
  server_process_stop (&self->server);
  clients_begin (&self->clients, load_plan (self, self->n, FALSE));
  clients_wait_until_asked (&self->clients);
  clients_restart_clock (&self->clients);
  self->own_cpu_nsec = get_own_cpu_nsec ();
  server_process_go_on (&self->server);
  clients_wait_until_answered (&self->clients);
  load_end (self);
}

static void
load_ping_pong (Load *self)
{
  clients_begin (&self->clients, (ClientsPlan){ self->n_busy, self->n_busy, TRUE, self->duration_usec });
  clients_wait_until_answered (&self->clients);
  load_begin (self);
  clients_exchange (&self->clients, self->n, self->duration_usec);
  load_end (self);
}

static void
wait_for_end_of_input (void)
{
  char ignored[64];

  while (read (STDIN_FILENO, ignored, sizeof ignored) > 0)
    continue;
}

static gpointer
end_with_input (gpointer clients)
{
  wait_for_end_of_input ();
  clients_end (clients);
  return NULL;
}

/* Which process serves may change. */
static void
load_press (Load *self)
{
  GThread *thread = g_thread_new ("input", end_with_input, &self->clients);

  clients_begin (&self->clients, load_plan (self, self->n_in_flight, FALSE));
  clients_wait_until_answered (&self->clients);
  g_thread_join (thread);
}

static const struct
{
  const char *name;
  void (*run) (Load *self);
  const char *summary;
} modes[] = {
  { "hold", load_hold, "connect -n clients and keep them until standard input ends" },
  { "churn", load_churn, "-n clients, -p at a time: connect, echo, reset" },
  { "press", load_press, "as churn, until standard input ends, whoever is the server" },
  { "storm", load_storm, "-n clients at once, each is answered" },
  { "burst", load_burst, "-n clients connect and send while the server is stopped; then it goes on" },
  { "ping-pong", load_ping_pong, "-n bytes back and forth over -b connections" },
};

static int
compare_latencies (gconstpointer a,
                   gconstpointer b)
{
  const gint64 *first = a, *second = b;

  return (*first > *second) - (*first < *second);
}

static double
percentile_usec (GArray *latencies,
                 double share)
{
  if (latencies->len == 0)
    return 0;

  return g_array_index (latencies, gint64, (guint) (share * (latencies->len - 1))) / 1000.0;
}

static void
load_print (Load *self)
{
  Clients *clients = &self->clients;
  GArray *latencies = clients->latencies;
  double n = MAX (1, latencies->len);

  g_array_sort (latencies, compare_latencies);
  printf ("{\"n\": %u, \"failed\": %u, \"seconds\": %.6f, \"cpu_usec\": %.3f, \"load_cpu_usec\": %.3f,"
          " \"rss_bytes\": %.1f, \"kernel_bytes\": %.1f,"
          " \"p50_usec\": %.1f, \"p99_usec\": %.1f, \"p999_usec\": %.1f, \"max_usec\": %.1f,"
          " \"refused\": %u, \"reset\": %u}\n",
          latencies->len, clients->n_failed, (clients->ended_nsec - clients->began_nsec) / 1e9,
          self->cpu_nsec / 1e3 / n, self->own_cpu_nsec / 1e3 / n, self->rss_bytes / n, self->kernel_bytes / n,
          percentile_usec (latencies, 0.5), percentile_usec (latencies, 0.99),
          percentile_usec (latencies, 0.999), percentile_usec (latencies, 1), clients->n_refused, clients->n_reset);
  fflush (stdout);
}

static gboolean
load_run (Load *self,
          const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    if (g_str_equal (modes[i].name, name))
      {
        modes[i].run (self);
        load_print (self);
        if (modes[i].run == load_hold)
          wait_for_end_of_input ();
        clients_reset_kept (&self->clients);
        return TRUE;
      }

  g_printerr ("load: no way of loading is called %s; see --help\n", name);
  return FALSE;
}

static void
raise_limit_of_files (void)
{
  struct rlimit limit;

  getrlimit (RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit (RLIMIT_NOFILE, &limit);
}

static char *
make_summary (void)
{
  GString *text = g_string_new ("MODE is one of\n");

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    g_string_append_printf (text, "  %-11s%s\n", modes[i].name, modes[i].summary);
  g_string_append (text, "\nThe server is the process PID and listens on 127.0.0.1:PORT.");

  return g_string_free (text, FALSE);
}

/* Returns whether the arguments make sense. */
static gboolean
load_parse (Load *self,
            int *argc,
            char ***argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new ("MODE PORT PID");
  g_autofree char *summary = make_summary ();
  g_autoptr (GError) error = NULL;
  double seconds = 10;
  int n = 1000, n_in_flight = 1, n_busy = 100;
  const GOptionEntry entries[] = {
    { "number", 'n', 0, G_OPTION_ARG_INT, &n, "Clients, or bytes (1000)", "N" },
    { "parallel", 'p', 0, G_OPTION_ARG_INT, &n_in_flight, "Clients at a time (1)", "N" },
    { "busy", 'b', 0, G_OPTION_ARG_INT, &n_busy, "Connections of ping-pong (100)", "N" },
    { "seconds", 's', 0, G_OPTION_ARG_DOUBLE, &seconds, "Start nothing after so long (10)", "S" },
    { NULL },
  };

  g_option_context_set_summary (context, summary);
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, argc, argv, &error) || *argc != 4 || n < 1 || n_in_flight < 1 || n_busy < 1)
    {
      g_printerr ("load: %s\n", error != NULL ? error->message : "see --help for how to use it");
      return FALSE;
    }

  self->n = n;
  self->n_in_flight = n_in_flight;
  self->n_busy = n_busy;
  self->duration_usec = seconds * G_USEC_PER_SEC;
  return TRUE;
}

int
main (int argc,
      char *argv[])
{
  Load load = { 0 };
  gboolean is_known;

  if (!load_parse (&load, &argc, &argv))
    return 2;

  if (!server_process_init (&load.server, atoi (argv[3])))
    {
      g_printerr ("load: there is no process %s\n", argv[3]);
      return 1;
    }

  raise_limit_of_files ();
  clients_init (&load.clients, atoi (argv[2]));
  is_known = load_run (&load, argv[1]);
  clients_clear (&load.clients);
  return is_known ? 0 : 2;
}
