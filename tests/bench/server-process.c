/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "server-process.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A server that sleeps and used no processor for so long has nothing left to do. */
#define REST_USEC 5000
#define REST_LIMIT_USEC (2 * G_USEC_PER_SEC)

gboolean
server_process_init (ServerProcess *self,
                     int pid)
{
  self->pid = pid;
  return clock_getcpuclockid (pid, &self->cpu_clock) == 0;
}

static gint64
get_cpu_nsec (const ServerProcess *self)
{
  struct timespec spent = { 0 };

  clock_gettime (self->cpu_clock, &spent);
  return spent.tv_sec * G_GINT64_CONSTANT (1000000000) + spent.tv_nsec;
}

static char
get_state (const char *folder,
           const char *thread)
{
  g_autofree char *path = g_build_filename (folder, thread, "stat", NULL);
  g_autofree char *text = NULL;
  const char *name_end;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 'X';

  name_end = strrchr (text, ')');
  return name_end != NULL && name_end[1] == ' ' ? name_end[2] : 'X';
}

/* One letter a thread; none of a process that is gone. */
static char *
get_states (const ServerProcess *self)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/task", self->pid);
  g_autoptr (GDir) threads = g_dir_open (path, 0, NULL);
  GString *states = g_string_new (NULL);
  const char *thread;

  while (threads != NULL && (thread = g_dir_read_name (threads)) != NULL)
    g_string_append_c (states, get_state (path, thread));

  return g_string_free (states, FALSE);
}

static gboolean
server_process_is_running (const ServerProcess *self)
{
  g_autofree char *states = get_states (self);

  return strchr (states, 'R') != NULL;
}

static gboolean
server_process_is_stopped (const ServerProcess *self)
{
  g_autofree char *states = get_states (self);

  return strspn (states, "TXZ") == strlen (states);
}

gint64
server_process_wait_for_rest (const ServerProcess *self)
{
  gint64 limit_usec = g_get_monotonic_time () + REST_LIMIT_USEC;
  gint64 before_nsec;
  gint64 spent_nsec = get_cpu_nsec (self);

  do
    {
      before_nsec = spent_nsec;
      g_usleep (REST_USEC);
      spent_nsec = get_cpu_nsec (self);
    }
  while ((spent_nsec != before_nsec || server_process_is_running (self)) && g_get_monotonic_time () < limit_usec);

  return spent_nsec;
}

gint64
server_process_get_rss_bytes (const ServerProcess *self)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/statm", self->pid);
  g_autofree char *text = NULL;
  long n_pages = 0;

  if (!g_file_get_contents (path, &text, NULL, NULL) || sscanf (text, "%*s %ld", &n_pages) != 1)
    return 0;

  return (gint64) n_pages * sysconf (_SC_PAGESIZE);
}

/* One line of /proc/meminfo. */
static gint64
get_line_bytes (const char *text,
                const char *name)
{
  g_autofree char *start = g_strdup_printf ("\n%s:", name);
  const char *line = strstr (text, start);

  return line != NULL ? g_ascii_strtoll (line + strlen (start), NULL, 10) * 1024 : 0;
}

gint64
server_process_get_kernel_bytes (void)
{
  g_autofree char *text = NULL;

  if (!g_file_get_contents ("/proc/meminfo", &text, NULL, NULL))
    return 0;

  return get_line_bytes (text, "Slab") + get_line_bytes (text, "KernelStack") +
         get_line_bytes (text, "PageTables");
}

void
server_process_stop (const ServerProcess *self)
{
  kill (self->pid, SIGSTOP);
  while (!server_process_is_stopped (self))
    g_usleep (100);
}

void
server_process_go_on (const ServerProcess *self)
{
  kill (self->pid, SIGCONT);
}
