/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/unix-access-private.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "acceptors/listen-socket-private.h"
#include "support/fault.h"
#include "support/listen-fixture.h"
#include "support/sockets.h"
#include "usher/error.h"

static struct stat
get_status (ListenFixture *fixture)
{
  struct stat status;

  g_assert_cmpint (lstat (fixture->unix_path, &status), ==, 0);
  return status;
}

static void
open_it (ListenFixture *fixture)
{
  listen_socket_assert_opens (fixture->socket);
  listen_fixture_assert_up (fixture);
}

static void
close_it (ListenFixture *fixture)
{
  usher_listen_socket_close (fixture->socket);
  listen_fixture_assert_down (fixture, USHER_DOWN_CLOSED);
}

/* Root may give files away. */
static guint
other_id (guint own)
{
  return geteuid () == 0 ? 12345 : own;
}

static void
test_mode (ListenFixture *fixture,
           gconstpointer data)
{
  static const int modes[] = { 0600, 0660, 0666, 0777, 0 };

  for (guint i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_object_set (fixture->socket, "unix-mode", modes[i], NULL);
      open_it (fixture);
      g_assert_cmpint (get_status (fixture).st_mode & 0777, ==, modes[i]);
      close_it (fixture);
    }
}

static void
test_umask (ListenFixture *fixture,
            gconstpointer data)
{
  mode_t mask = umask (027);

  fault_clear ();
  open_it (fixture);
  umask (mask);
  g_assert_cmpint (get_status (fixture).st_mode & 0777, ==, 0750);
  g_assert_cmpuint (get_status (fixture).st_uid, ==, geteuid ());
  g_assert_cmpuint (fault_get_n_calls (FAULT_CHMOD) + fault_get_n_calls (FAULT_FCHOWNAT), ==, 0);
  close_it (fixture);
}

static void
test_numbers (ListenFixture *fixture,
              gconstpointer data)
{
  g_autofree char *user = g_strdup_printf ("%u", other_id (getuid ()));
  g_autofree char *group = g_strdup_printf ("%u", other_id (getgid ()));

  g_object_set (fixture->socket, "unix-user", user, NULL);
  open_it (fixture);
  g_assert_cmpuint (get_status (fixture).st_uid, ==, other_id (getuid ()));
  g_assert_cmpuint (get_status (fixture).st_gid, ==, getegid ());
  close_it (fixture);

  g_object_set (fixture->socket, "unix-user", NULL, "unix-group", group, "unix-mode", 0620, NULL);
  open_it (fixture);
  g_assert_cmpuint (get_status (fixture).st_uid, ==, geteuid ());
  g_assert_cmpuint (get_status (fixture).st_gid, ==, other_id (getgid ()));
  g_assert_cmpint (get_status (fixture).st_mode & 0777, ==, 0620);
  close_it (fixture);
}

static void
test_names (void)
{
  UsherUnixAccess access = { .mode = 0600, .user = (char *) "root", .group = (char *) "root" };
  UsherUnixGrant grant;
  g_autoptr (GError) error = NULL;

  g_assert_true (usher_unix_access_resolve (&access, &grant, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (grant.uid, ==, 0);
  g_assert_cmpuint (grant.gid, ==, 0);
  g_assert_cmpuint (grant.mode, ==, 0600);
}

static void
assert_does_not_open (ListenFixture *fixture,
                      const char *words)
{
  g_autofree char *beginning = g_strdup_printf ("Cannot listen on “%s”: ", fixture->unix_address);
  g_autoptr (GError) error = NULL;

  g_assert_false (usher_listen_socket_open (fixture->socket, &error));
  g_test_message ("%s", error->message);
  g_assert_true (g_str_has_prefix (error->message, beginning));
  g_assert_nonnull (strstr (error->message, words));
  g_assert_cmpint (g_access (fixture->unix_path, F_OK), ==, -1);
  listen_socket_assert_closed (fixture->socket);
}

static const char *const strangers[] = { "no such account", "-1", "4294967295", "4294967296", "1 " };

static void
test_unknown (ListenFixture *fixture,
              gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (strangers); i++)
    {
      g_autofree char *user = g_strdup_printf ("there is no user “%s”; create it", strangers[i]);
      g_autofree char *group = g_strdup_printf ("there is no group “%s”; create it", strangers[i]);

      g_object_set (fixture->socket, "unix-user", strangers[i], "unix-group", NULL, NULL);
      assert_does_not_open (fixture, user);
      g_object_set (fixture->socket, "unix-user", NULL, "unix-group", strangers[i], NULL);
      assert_does_not_open (fixture, group);
    }
}

static void
test_ignored_elsewhere (ListenFixture *fixture,
                        gconstpointer data)
{
  g_object_set (fixture->socket, "unix-mode", 0600, "unix-user", "no such account", NULL);
  open_it (fixture);
  close_it (fixture);
}

/* What is not granted was never listened on. */
static void
test_faults (ListenFixture *fixture,
             gconstpointer data)
{
  static const FaultCall calls[] = { FAULT_OPENAT, FAULT_CHMOD, FAULT_FCHOWNAT };
  static const int errors[] = { EPERM, ENOENT, EMFILE, EIO };

  g_object_set (fixture->socket, "unix-mode", 0660, "unix-user", "0", "unix-group", "root", NULL);
  for (guint i = 0; i < G_N_ELEMENTS (calls); i++)
    for (guint j = 0; j < G_N_ELEMENTS (errors); j++)
      {
        fault_clear ();
        fault_inject (calls[i], 0, 1, errors[j]);
        assert_does_not_open (fixture, g_strerror (errors[j]));
        g_assert_cmpuint (fault_get_n_calls (calls[i]), ==, 1);
        g_assert_cmpuint (fault_get_n_calls (FAULT_LISTEN), ==, 0);
        g_assert_cmpuint (sockets_count_fds (), ==, fixture->n_fds);
      }

  fault_inject (FAULT_FCHOWNAT, 0, 1, EPERM);
  assert_does_not_open (fixture, "the path cannot be given mode 0660, user “0”, group “root”: for another user the process needs CAP_CHOWN");
  fault_clear ();
}

/* Somebody has put another file there, perhaps for the sake of its getting another owner. */
static void
test_replaced (void)
{
  g_autofree char *directory = g_dir_make_tmp ("usher-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "socket", NULL);
  g_autofree char *moved = g_build_filename (directory, "moved", NULL);
  UsherUnixPath unix_path = USHER_UNIX_PATH_INIT;
  UsherUnixGrant grant = { .mode = 0777, .uid = -1, .gid = -1 };
  struct stat status;

  sockets_make_stale_path (path);
  g_assert_cmpint (usher_unix_path_lock (&unix_path, path), ==, 0);
  g_assert_cmpint (usher_unix_path_own (&unix_path), ==, 0);
  g_assert_cmpint (g_rename (path, moved), ==, 0);
  g_assert_true (g_file_set_contents (path, "precious", -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);

  g_assert_cmpint (usher_unix_path_grant (&unix_path, &grant), ==, EADDRINUSE);
  g_assert_cmpint (lstat (path, &status), ==, 0);
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);

  usher_unix_path_release (&unix_path);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_unlink (moved), ==, 0);
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

static void
test_properties (ListenFixture *fixture,
                 gconstpointer data)
{
  g_autofree char *user = NULL;
  g_autofree char *group = NULL;
  int mode;

  g_object_get (fixture->socket, "unix-mode", &mode, "unix-user", &user, "unix-group", &group, NULL);
  g_assert_cmpint (mode, ==, -1);
  g_assert_null (user);
  g_assert_null (group);

  gt_signal_logger_connect (fixture->logger, fixture->socket, "notify");
  g_object_set (fixture->socket, "unix-mode", 0660, NULL);
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "unix-mode");
  g_object_set (fixture->socket, "unix-user", "www", NULL);
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "unix-user");
  g_object_set (fixture->socket, "unix-group", "web", NULL);
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "unix-group");
  g_object_set (fixture->socket, "unix-mode", 0660, "unix-user", "www", "unix-group", "web", NULL);
  gt_signal_logger_assert_no_emissions (fixture->logger);
  g_object_set (fixture->socket, "unix-user", "", NULL);
  gt_signal_logger_assert_notify_emission_pop (fixture->logger, fixture->socket, "unix-user");

  g_object_get (fixture->socket, "unix-mode", &mode, "unix-user", &user, "unix-group", &group, NULL);
  g_assert_cmpint (mode, ==, 0660);
  g_assert_null (user);
  g_assert_cmpstr (group, ==, "web");
}

#define ADD(path, address, func) \
  g_test_add ("/unix-access/" path, ListenFixture, address, listen_fixture_set_up, func, listen_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("sets-the-mode-whatever-the-umask", NULL, test_mode);
  ADD ("leaves-it-to-the-umask-if-nothing-is-said", NULL, test_umask);
  ADD ("sets-user-and-group-by-number", NULL, test_numbers);
  g_test_add_func ("/unix-access/finds-user-and-group-by-name", test_names);
  ADD ("names-accounts-that-do-not-exist", NULL, test_unknown);
  ADD ("means-nothing-for-tcp", ANY_PORT, test_ignored_elsewhere);
  ADD ("lets-nobody-in-if-it-is-not-granted", NULL, test_faults);
  g_test_add_func ("/unix-access/leaves-what-is-not-its-own", test_replaced);
  ADD ("has-properties", NULL, test_properties);

  return g_test_run ();
}
