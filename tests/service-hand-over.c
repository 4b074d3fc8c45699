/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/service.h"

#include <glib/gstdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/async-echo.h"
#include "support/client.h"
#include "support/fake-clock.h"
#include "support/iterate.h"
#include "support/sockets.h"
#include "usher/error.h"

/* What systemd passes is here; a test is the first to open a descriptor. */
#define FIRST_FD 3

/* One generation of a service with one pool. */
typedef struct
{
  UsherService *service;   /* (owned) */
  UsherAcceptorPool *pool; /* (owned) */
  gboolean is_answered;
  GError *error;   /* (owned) (nullable) */
  UsherExit *exit; /* (owned) (nullable) */
} Generation;

typedef struct
{
  char *directory;    /* (owned) */
  char *path;         /* (owned) */
  char *unix_address; /* (owned) */
  Generation *old;
  Generation *new;
} Fixture;

static void
on_exited (UsherService *service,
           UsherExit *exit,
           Generation *self)
{
  g_clear_pointer (&self->exit, usher_exit_unref);
  self->exit = usher_exit_ref (exit);
}

static Generation *
generation_new (Fixture *fixture,
                const char *address)
{
  Generation *self = g_new0 (Generation, 1);

  self->service = usher_service_new ("shop");
  self->pool = usher_acceptor_pool_new ("web", TEST_TYPE_ASYNC_ECHO);
  usher_service_set_hand_over_path (self->service, fixture->path);
  usher_service_add_pool (self->service, self->pool, address, 2);
  g_signal_connect (self->service, "exited", G_CALLBACK (on_exited), self);
  return self;
}

static void
generation_free (Generation *self)
{
  g_assert_finalize_object (self->service);
  g_assert_finalize_object (self->pool);
  g_clear_pointer (&self->exit, usher_exit_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static void
on_started (GObject *object,
            GAsyncResult *result,
            gpointer user_data)
{
  Generation *self = user_data;

  self->is_answered = TRUE;
  usher_service_start_finish (USHER_SERVICE (object), result, &self->error);
}

static gboolean
is_answered (gpointer self)
{
  return ((Generation *) self)->is_answered;
}

static void
begin_start (Generation *self)
{
  g_clear_error (&self->error);
  self->is_answered = FALSE;
  usher_service_start_async (self->service, NULL, on_started, self);
}

static void
start (Generation *self)
{
  begin_start (self);
  iterate_until (NULL, is_answered, self);
}

static gboolean
has_exited (gpointer self)
{
  return ((Generation *) self)->exit != NULL;
}

static void
stop (Generation *self)
{
  usher_service_drain (self->service);
  iterate_until (NULL, has_exited, self);
}

static void
assert_serves (Generation *self)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (self->pool);
  g_autoptr (TestClient) client = test_client_connect (sockets->pdata[0]);

  g_assert_cmpint (usher_service_get_state (self->service), ==, USHER_SERVICE_UP);
  test_client_send (client, "hello");
  test_client_expect (client, "hello");
  shutdown (client->fd, SHUT_WR);
  test_client_expect_end (client);
}

static void
set_up (Fixture *fixture,
        gconstpointer address)
{
  fake_clock_install ();
  fixture->directory = g_dir_make_tmp ("usher-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->directory, "hand-over", NULL);
  fixture->unix_address = g_strdup_printf ("unix:%s/web", fixture->directory);
  if (address == NULL)
    address = fixture->unix_address;
  fixture->old = generation_new (fixture, address);
  fixture->new = generation_new (fixture, address);
  start (fixture->old);
  g_assert_no_error (fixture->old->error);
}

static void
tear_down (Fixture *fixture,
           gconstpointer address)
{
  iterate_pending (NULL);
  generation_free (fixture->old);
  generation_free (fixture->new);
  g_assert_cmpint (g_rmdir (fixture->directory), ==, 0);
  g_free (fixture->unix_address);
  g_free (fixture->path);
  g_free (fixture->directory);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  fake_clock_remove ();
}

/* The lame duck is for balancers, which notice nothing of this. */
static void
test_hands_over (Fixture *fixture,
                 gconstpointer data)
{
  usher_service_set_lame_duck_msec (fixture->old->service, 60 * 1000);
  usher_service_add_health (fixture->new->service, "tcp://127.0.0.1:0");
  start (fixture->new);
  g_assert_no_error (fixture->new->error);
  iterate_until (NULL, has_exited, fixture->old);
  g_assert_false (usher_exit_is_abnormal (fixture->old->exit));
  assert_serves (fixture->new);
  g_assert_cmpint (usher_service_get_readiness (fixture->new->service), ==, USHER_READINESS_READY);

  /* And back, to the object that has handed over before. */
  g_clear_pointer (&fixture->old->exit, usher_exit_unref);
  start (fixture->old);
  g_assert_no_error (fixture->old->error);
  iterate_until (NULL, has_exited, fixture->new);
  assert_serves (fixture->old);
  usher_service_set_lame_duck_msec (fixture->old->service, 0);
  stop (fixture->old);
}

static void
on_listening (GObject *object,
              GAsyncResult *result,
              gpointer user_data)
{
  Generation *self = user_data;
  g_autoptr (GPtrArray) sockets = usher_service_listen_finish (USHER_SERVICE (object), result, &self->error);

  self->is_answered = TRUE;
}

static void
listen_on (Generation *self,
           const char *address)
{
  self->is_answered = FALSE;
  usher_service_listen_async (self->service, self->pool, address, 1, NULL, on_listening, self);
  iterate_until (NULL, is_answered, self);
  g_assert_no_error (self->error);
}

static char *
dup_last_address (Generation *self)
{
  g_autoptr (GPtrArray) sockets = usher_acceptor_pool_which_sockets (self->pool);

  return usher_listen_socket_dup_local_address (sockets->pdata[sockets->len - 1]);
}

/* What the successor listens on from its start, too, is the same kernel socket; the rest is closed. */
static void
test_passes_what_came_later (Fixture *fixture,
                             gconstpointer data)
{
  g_autofree char *dropped = NULL, *passed = NULL, *taken = NULL;

  listen_on (fixture->old, "tcp://127.0.0.2:0");
  dropped = dup_last_address (fixture->old);
  listen_on (fixture->old, "tcp://127.0.0.1:0");
  passed = dup_last_address (fixture->old);
  usher_service_add_pool (fixture->new->service, fixture->new->pool, "tcp://127.0.0.1:0", 1);
  start (fixture->new);
  g_assert_no_error (fixture->new->error);
  iterate_until (NULL, has_exited, fixture->old);
  taken = dup_last_address (fixture->new);
  g_assert_cmpstr (taken, ==, passed);
  sockets_assert_accepted (taken, TRUE);
  sockets_assert_accepted (dropped, FALSE);
  assert_serves (fixture->new);
  stop (fixture->new);
}

static void
test_new_one_fails (Fixture *fixture,
                    gconstpointer data)
{
  usher_service_add_pool (fixture->new->service, fixture->new->pool, "unix:/nonexistent/directory/web", 1);
  start (fixture->new);
  g_assert_error (fixture->new->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  iterate_pending (NULL);
  g_assert_cmpint (usher_service_get_state (fixture->new->service), ==, USHER_SERVICE_DOWN);
  g_assert_null (fixture->new->exit);
  assert_serves (fixture->old);
  stop (fixture->old);
}

static gboolean
is_taken (gpointer self)
{
  return usher_handover_get_state (usher_service_get_handover (((Generation *) self)->service)) == USHER_HANDOVER_TAKEN;
}

/* At once, and when it has the sockets. */
static void
test_new_one_is_ended_before_it_is_up (Fixture *fixture,
                                       gconstpointer data)
{
  void (*const ends[]) (UsherService * service) = { usher_service_drain, usher_service_kill };

  for (guint i = 0; i < 4; i++)
    {
      begin_start (fixture->new);
      if (i >= 2)
        iterate_until (NULL, is_taken, fixture->new);
      ends[i % 2](fixture->new->service);
      iterate_until (NULL, is_answered, fixture->new);
      g_assert_error (fixture->new->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_null (fixture->new->exit);
      iterate_pending (NULL);
      assert_serves (fixture->old);
    }
  stop (fixture->old);
}

static void
test_old_one_is_drained_meanwhile (Fixture *fixture,
                                   gconstpointer data)
{
  begin_start (fixture->new);
  iterate_until (NULL, is_taken, fixture->new);
  stop (fixture->old);
  iterate_until (NULL, is_answered, fixture->new);
  g_assert_error (fixture->new->error, G_IO_ERROR, G_IO_ERROR_BUSY);
  iterate_pending (NULL);
  g_assert_cmpint (usher_service_get_state (fixture->new->service), ==, USHER_SERVICE_DOWN);
}

static void
on_handed_over (GObject *object,
                GAsyncResult *result,
                gpointer user_data)
{
  Generation *self = user_data;

  self->is_answered = TRUE;
  usher_service_hand_over_finish (USHER_SERVICE (object), result, &self->error);
}

static void
hand_over (Generation *self)
{
  g_clear_error (&self->error);
  self->is_answered = FALSE;
  usher_service_hand_over_async (self->service, NULL, on_handed_over, self);
  iterate_until (NULL, is_answered, self);
}

static void
test_says_when_it_cannot (Fixture *fixture,
                          gconstpointer data)
{
  hand_over (fixture->new);
  g_assert_error (fixture->new->error, G_IO_ERROR, G_IO_ERROR_PENDING);
  usher_service_set_hand_over_path (fixture->new->service, NULL);
  g_assert_null (usher_service_get_handover (fixture->new->service));
  hand_over (fixture->new);
  g_assert_error (fixture->new->error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->new->error->message, "--hand-over=PATH"));
  stop (fixture->old);
}

static void
set_up_activation (Fixture *fixture,
                   gconstpointer address)
{
  g_autofree char *pid = g_strdup_printf ("%d", getpid ());
  int fd = socket (AF_INET, SOCK_STREAM, 0);

  g_assert_no_errno (listen (fd, 5));
  g_assert_cmpint (fd, ==, FIRST_FD);
  g_setenv ("LISTEN_PID", pid, TRUE);
  g_setenv ("LISTEN_FDS", "1", TRUE);
  g_setenv ("LISTEN_FDNAMES", "web", TRUE);
  set_up (fixture, address);
}

/* The successor knows it by its name, and has no variables. */
static void
test_passes_what_systemd_has_passed (Fixture *fixture,
                                     gconstpointer data)
{
  start (fixture->new);
  g_assert_error (fixture->new->error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT);
  g_assert_nonnull (strstr (fixture->new->error->message, "systemd has passed systemd:web"));
  iterate_pending (NULL);
  assert_serves (fixture->old);

  g_unsetenv ("LISTEN_PID");
  start (fixture->new);
  g_assert_no_error (fixture->new->error);
  iterate_until (NULL, has_exited, fixture->old);
  assert_serves (fixture->new);
  stop (fixture->new);
}

#define CASE(name, function) g_test_add ("/service-hand-over/" name, Fixture, NULL, set_up, function, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/service-hand-over/passes-what-systemd-has-passed", Fixture, "systemd:web", set_up_activation,
              test_passes_what_systemd_has_passed, tear_down);
  CASE ("hands-over-and-drains", test_hands_over);
  CASE ("passes-what-it-has-come-to-listen-on", test_passes_what_came_later);
  CASE ("serves-on-if-the-new-one-fails", test_new_one_fails);
  CASE ("serves-on-if-the-new-one-is-ended", test_new_one_is_ended_before_it_is_up);
  CASE ("ends-if-the-old-one-is-drained", test_old_one_is_drained_meanwhile);
  CASE ("says-when-it-cannot", test_says_when_it_cannot);

  return g_test_run ();
}
