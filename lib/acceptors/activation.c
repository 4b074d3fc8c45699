/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/activation-private.h"

#define FIRST_FD 3

/* More than a process may have. */
#define MAX_FDS (1 << 20)

#define MAX_NAMES_SHOWN 8

/* The name of a socket that was passed without one. */
#define NO_NAME "unknown"

static gboolean
refuse_missing (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                       "systemd has passed no sockets to this process; have its socket unit start it, or, to try it out, "
                       "systemd-socket-activate with --fdname");
  return FALSE;
}

static gboolean
read_number (char **environment,
             const char *variable,
             guint64 *number,
             GError **error)
{
  const char *text = g_environ_getenv (environment, variable);

  if (text == NULL)
    return refuse_missing (error);
  if (g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT, number, NULL))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "the environment variable %s is “%s”, and not a number; leave it to systemd to set it", variable, text);
  return FALSE;
}

/* A variable that came down from a parent speaks of the parent's descriptors. */
static gboolean
count_fds (char **environment,
           pid_t pid,
           guint64 *n_fds,
           GError **error)
{
  guint64 listen_pid;

  if (!read_number (environment, "LISTEN_PID", &listen_pid, error) ||
      !read_number (environment, "LISTEN_FDS", n_fds, error))
    return FALSE;

  if (listen_pid != (guint64) pid)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   "systemd has passed its sockets to process %" G_GUINT64_FORMAT " (LISTEN_PID), and this is process %d; "
                   "have it started directly, or with exec, and not as a child of what systemd starts",
                   listen_pid, pid);
      return FALSE;
    }
  if (*n_fds == 0 || *n_fds > MAX_FDS)
    return refuse_missing (error);

  return TRUE;
}

static const char *
nth_name (char **names,
          guint n_names,
          guint i)
{
  return i < n_names ? names[i] : NO_NAME;
}

static void
refuse_name (char **names,
             guint n_names,
             guint n_fds,
             const char *name,
             GError **error)
{
  g_autoptr (GString) known = g_string_new (NULL);

  for (guint i = 0; i < MIN (n_fds, MAX_NAMES_SHOWN); i++)
    g_string_append_printf (known, "%s“%s”", i == 0 ? "" : ", ", nth_name (names, n_names, i));
  if (n_fds > MAX_NAMES_SHOWN)
    g_string_append (known, ", …");
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
               "systemd has passed no socket named “%s”, but %s; correct the address, or FileDescriptorName= of the socket unit",
               name, known->str);
}

GArray *
usher_activation_find (char **environment,
                       pid_t pid,
                       const char *name,
                       GError **error)
{
  const char *text = g_environ_getenv (environment, "LISTEN_FDNAMES");
  g_auto (GStrv) names = g_strsplit (text != NULL ? text : "", ":", -1);
  g_autoptr (GArray) fds = g_array_new (FALSE, FALSE, sizeof (int));
  guint n_names = g_strv_length (names);
  guint64 n_fds;

  if (!count_fds (environment, pid, &n_fds, error))
    return NULL;

  for (int i = 0; i < (int) n_fds; i++)
    if (g_str_equal (nth_name (names, n_names, i), name))
      g_array_append_vals (fds, &(int){ FIRST_FD + i }, 1);

  if (fds->len == 0)
    {
      refuse_name (names, n_names, n_fds, name, error);
      return NULL;
    }

  return g_steal_pointer (&fds);
}
