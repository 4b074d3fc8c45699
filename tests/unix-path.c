/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/unix-path-private.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acceptors/kernel-socket-private.h"
#include "support/fault.h"
#include "support/sockets.h"

#define N_RACES 300

typedef struct
{
  char *directory;  /* (owned) */
  char *address;    /* (owned) */
  const char *path; /* in address */
  guint n_fds;
  UsherKernelSocket socket;
} Fixture;

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  fixture->directory = g_dir_make_tmp ("usher-XXXXXX", NULL);
  fixture->address = g_strdup_printf ("unix:%s/socket", fixture->directory);
  fixture->path = fixture->address + strlen ("unix:");
  fixture->socket = (UsherKernelSocket) USHER_KERNEL_SOCKET_INIT;
  fixture->n_fds = sockets_count_fds ();
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  fault_clear ();
  usher_kernel_socket_close (&fixture->socket);
  g_assert_cmpuint (sockets_count_fds (), ==, fixture->n_fds);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->directory);
  g_free (fixture->address);
}

static void
assert_opens (UsherKernelSocket *socket,
              const char *address)
{
  g_autoptr (GError) error = NULL;
  gboolean is_open = usher_kernel_socket_open (socket, address, 16, &error);

  g_assert_no_error (error);
  g_assert_true (is_open);
}

static void
assert_refuses (const char *address,
                GIOErrorEnum code,
                const char *words)
{
  UsherKernelSocket socket = USHER_KERNEL_SOCKET_INIT;
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_kernel_socket_open (&socket, address, 16, &error));
  g_assert_error (error, G_IO_ERROR, (int) code);
  g_assert_nonnull (strstr (error->message, address));
  g_assert_nonnull (strstr (error->message, words));
}

static gboolean
path_exists (Fixture *fixture)
{
  struct stat status;

  return lstat (fixture->path, &status) == 0;
}

static void
test_unlinks (Fixture *fixture,
              gconstpointer data)
{
  assert_opens (&fixture->socket, fixture->address);
  g_assert_true (path_exists (fixture));
  usher_kernel_socket_close (&fixture->socket);
  g_assert_false (path_exists (fixture));
}

static void
test_reclaims (Fixture *fixture,
               gconstpointer data)
{
  sockets_make_stale_path (fixture->path);
  assert_opens (&fixture->socket, fixture->address);
  sockets_assert_serves (fixture->socket.fd, fixture->address);
}

static void
test_live (Fixture *fixture,
           gconstpointer data)
{
  assert_opens (&fixture->socket, fixture->address);
  assert_refuses (fixture->address, G_IO_ERROR_ADDRESS_IN_USE, "something already listens on that path");
  sockets_assert_accepted (fixture->address, TRUE);
}

static void
test_live_with_full_queue (Fixture *fixture,
                           gconstpointer data)
{
  g_autoptr (GArray) clients = g_array_new (FALSE, FALSE, sizeof (int));
  int client;

  assert_opens (&fixture->socket, fixture->address);
  while ((client = sockets_try_connect (fixture->address)) >= 0)
    g_array_append_val (clients, client);
  assert_refuses (fixture->address, G_IO_ERROR_ADDRESS_IN_USE, "something already listens on that path");
  g_assert_true (path_exists (fixture));

  for (guint i = 0; i < clients->len; i++)
    g_close (g_array_index (clients, int, i), NULL);
}

static void
test_no_socket (Fixture *fixture,
                gconstpointer data)
{
  g_assert_true (g_file_set_contents (fixture->path, "precious", -1, NULL));
  assert_refuses (fixture->address, G_IO_ERROR_EXISTS, "is no socket, so it is left alone");
  g_assert_true (path_exists (fixture));
  g_unlink (fixture->path);
}

static void
test_symbolic_link (Fixture *fixture,
                    gconstpointer data)
{
  g_autofree char *target = g_build_filename (fixture->directory, "target", NULL);

  sockets_make_stale_path (target);
  g_assert_cmpint (symlink (target, fixture->path), ==, 0);
  assert_refuses (fixture->address, G_IO_ERROR_EXISTS, "is no socket, so it is left alone");
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  g_assert_cmpint (g_unlink (target), ==, 0);
}

static void
test_missing_directory (Fixture *fixture,
                        gconstpointer data)
{
  g_autofree char *address = g_strdup_printf ("unix:%s/missing/socket", fixture->directory);

  assert_refuses (address, G_IO_ERROR_NOT_FOUND, "its directory does not exist; create it");
}

static void
test_directory_is_a_file (Fixture *fixture,
                          gconstpointer data)
{
  g_autofree char *address = g_strconcat (fixture->address, "/socket", NULL);

  g_assert_true (g_file_set_contents (fixture->path, "", -1, NULL));
  assert_refuses (address, G_IO_ERROR_NOT_DIRECTORY, "correct the path");
  g_unlink (fixture->path);
}

static void
test_probe_fails (Fixture *fixture,
                  gconstpointer data)
{
  sockets_make_stale_path (fixture->path);
  fault_inject (FAULT_SOCKET, 1, 1, EMFILE);
  assert_refuses (fixture->address, G_IO_ERROR_TOO_MANY_OPEN_FILES, "RLIMIT_NOFILE");
  g_assert_true (path_exists (fixture));
  g_unlink (fixture->path);
}

static void
test_second_bind_fails (Fixture *fixture,
                        gconstpointer data)
{
  sockets_make_stale_path (fixture->path);
  fault_inject (FAULT_BIND, 1, 1, EACCES);
  assert_refuses (fixture->address, G_IO_ERROR_PERMISSION_DENIED, "the directory");
}

static void
test_replaced (Fixture *fixture,
               gconstpointer data)
{
  UsherKernelSocket successor = USHER_KERNEL_SOCKET_INIT;

  assert_opens (&fixture->socket, fixture->address);
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  assert_opens (&successor, fixture->address);

  usher_kernel_socket_close (&fixture->socket);
  sockets_assert_serves (successor.fd, fixture->address);
  usher_kernel_socket_close (&successor);
  g_assert_false (path_exists (fixture));
}

static void
test_gone (Fixture *fixture,
           gconstpointer data)
{
  assert_opens (&fixture->socket, fixture->address);
  g_assert_cmpint (g_unlink (fixture->path), ==, 0);
  usher_kernel_socket_close (&fixture->socket);
}

static void
test_relative (Fixture *fixture,
               gconstpointer data)
{
  g_autofree char *old_directory = g_get_current_dir ();

  g_assert_cmpint (g_chdir (fixture->directory), ==, 0);
  assert_opens (&fixture->socket, "unix:socket");
  g_assert_true (path_exists (fixture));
  g_assert_cmpint (g_chdir (old_directory), ==, 0);

  usher_kernel_socket_close (&fixture->socket);
  g_assert_false (path_exists (fixture));
}

static void
test_longest (Fixture *fixture,
              gconstpointer data)
{
  g_autofree char *name = g_strnfill (107 - strlen (fixture->directory) - 1, 'x');
  g_autofree char *address = g_strdup_printf ("unix:%s/%s", fixture->directory, name);

  assert_opens (&fixture->socket, address);
  g_assert_cmpstr (fixture->socket.local_address, ==, address);
  sockets_assert_serves (fixture->socket.fd, address);
}

/* The lock. */

static gpointer
open_in_thread (gpointer data)
{
  Fixture *fixture = data;

  assert_opens (&fixture->socket, fixture->address);
  return NULL;
}

static gboolean
somebody_waits_for_lock (void)
{
  g_autofree char *locks = NULL;

  g_assert_true (g_file_get_contents ("/proc/locks", &locks, NULL, NULL));
  return strstr (locks, "-> FLOCK") != NULL;
}

static void
test_lock (Fixture *fixture,
           gconstpointer data)
{
  int directory_fd = open (fixture->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  g_autoptr (GThread) thread = NULL;

  g_assert_cmpint (flock (directory_fd, LOCK_EX), ==, 0);
  thread = g_thread_new ("open", open_in_thread, fixture);
  while (!somebody_waits_for_lock () && !path_exists (fixture))
    g_thread_yield ();
  g_assert_false (path_exists (fixture));

  g_assert_cmpint (flock (directory_fd, LOCK_UN), ==, 0);
  g_thread_join (g_steal_pointer (&thread));
  g_assert_true (path_exists (fixture));

  /* Whoever has opened it does not keep it. */
  g_assert_cmpint (flock (directory_fd, LOCK_EX | LOCK_NB), ==, 0);
  g_close (directory_fd, NULL);
}

typedef struct
{
  const char *address;
  UsherKernelSocket socket;
  int *n_ready; /* (atomic) */
} Racer;

static gpointer
race (gpointer data)
{
  Racer *racer = data;
  g_autoptr (GError) error = NULL;

  g_atomic_int_inc (racer->n_ready);
  while (g_atomic_int_get (racer->n_ready) < 2)
    g_thread_yield ();

  if (!usher_kernel_socket_open (&racer->socket, racer->address, 16, &error))
    g_assert_error (error, G_IO_ERROR, G_IO_ERROR_ADDRESS_IN_USE);

  return NULL;
}

static void
run_race (Fixture *fixture)
{
  int n_ready = 0;
  Racer racers[2];
  GThread *threads[2];

  for (guint i = 0; i < 2; i++)
    {
      racers[i] = (Racer){ fixture->address, USHER_KERNEL_SOCKET_INIT, &n_ready };
      threads[i] = g_thread_new ("race", race, &racers[i]);
    }
  for (guint i = 0; i < 2; i++)
    g_thread_join (threads[i]);

  g_assert_true ((racers[0].socket.fd >= 0) != (racers[1].socket.fd >= 0));
  sockets_assert_accepted (fixture->address, TRUE);
  for (guint i = 0; i < 2; i++)
    usher_kernel_socket_close (&racers[i].socket);
}

static void
test_race (Fixture *fixture,
           gconstpointer data)
{
  for (guint i = 0; i < N_RACES; i++)
    {
      sockets_make_stale_path (fixture->path);
      run_race (fixture);
    }
}

#define ADD(path, func) \
  g_test_add ("/unix-path/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("is-unlinked-by-its-owner", test_unlinks);
  ADD ("is-reclaimed-when-stale", test_reclaims);
  ADD ("is-left-alone-when-live", test_live);
  ADD ("is-left-alone-when-live-with-a-full-queue", test_live_with_full_queue);
  ADD ("is-left-alone-when-it-is-no-socket", test_no_socket);
  ADD ("is-left-alone-when-it-is-a-symbolic-link", test_symbolic_link);
  ADD ("needs-a-directory/missing", test_missing_directory);
  ADD ("needs-a-directory/file", test_directory_is_a_file);
  ADD ("is-left-alone-when-nothing-is-known", test_probe_fails);
  ADD ("may-be-reclaimed-and-not-bound", test_second_bind_fails);
  ADD ("is-not-unlinked-when-replaced", test_replaced);
  ADD ("may-be-gone-already", test_gone);
  ADD ("may-be-relative", test_relative);
  ADD ("may-be-107-bytes-long", test_longest);
  ADD ("is-bound-under-a-lock", test_lock);
  ADD ("is-reclaimed-by-one-only", test_race);

  return g_test_run ();
}
