/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <errno.h>
#include <glib/gstdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/fault.h"
#include "support/handover-fixture.h"

/* When all goes well. */

static void
test_first (HandoverFixture *fixture,
            gconstpointer data)
{
  struct stat status;

  g_assert_cmpint (usher_handover_get_predecessor_pid (fixture->first->handover), ==, 0);
  g_assert_null (usher_handover_get_predecessor_version (fixture->first->handover));
  g_assert_no_errno (g_stat (fixture->path, &status));
  g_assert_cmpint (status.st_mode & 0777, ==, 0600);
  generation_assert_serves (fixture->first);
}

static void
test_passes (HandoverFixture *fixture,
             gconstpointer data)
{
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);

  generation_take (second);
  g_assert_no_error (second->error);
  g_assert_cmpint (usher_handover_get_state (fixture->first->handover), ==, USHER_HANDOVER_GIVING);
  g_assert_cmpint (usher_handover_get_state (second->handover), ==, USHER_HANDOVER_TAKEN);
  generation_start_tree (second);

  /* Both have the sockets now, and only the first one accepts. */
  generation_assert_serves (fixture->first);
  generation_be_ready (second);
  g_assert_no_error (second->error);
  generation_assert_serves (second);

  g_assert_cmpuint (fixture->first->n_superseded, ==, 1);
  g_assert_cmpint (usher_handover_get_state (fixture->first->handover), ==, USHER_HANDOVER_SUPERSEDED);
  g_assert_cmpint (usher_handover_get_predecessor_pid (second->handover), ==, getpid ());
  g_assert_cmpstr (usher_handover_get_predecessor_version (second->handover), ==, "first");
  g_assert_cmpstr (usher_handover_get_successor_version (fixture->first->handover), ==, "second");
  generation_free (second);
}

/* Whoever is in the queue in the moment in which nobody accepts. */
static void
test_queue (HandoverFixture *fixture,
            gconstpointer data)
{
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);
  TestClient *clients[100];

  generation_take (second);
  generation_start_tree (second);
  usher_acceptor_pool_suspend (fixture->first->pool);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    clients[i] = generation_connect (fixture->first, i % 2);
  generation_be_ready (second);
  for (guint i = 0; i < G_N_ELEMENTS (clients); i++)
    generation_assert_greets (clients[i], second);
  generation_free (second);
}

/* The old socket that nobody wants serves its queue, the new one is opened. */
static void
test_other_sockets (HandoverFixture *fixture,
                    gconstpointer data)
{
  g_autofree char *other = g_strdup_printf ("unix:%s/other", fixture->directory);
  Generation *second = generation_new (fixture, "second", other, fixture->unix_address, NULL);
  TestClient *client;

  generation_take (second);
  generation_start_tree (second);
  client = generation_connect (fixture->first, 0);
  generation_be_ready (second);
  generation_assert_greets (client, fixture->first);
  g_assert_false (usher_listen_socket_is_up (fixture->first->sockets->pdata[0]));
  generation_assert_serves (second);
  generation_free (second);
}

/* Two ports that the kernel chooses have the same address. */
static void
test_same_address (HandoverFixture *fixture,
                   gconstpointer data)
{
  g_autofree char *path = g_build_filename (fixture->directory, "twins", NULL);
  g_autofree char *own_path = g_steal_pointer (&fixture->path);
  Generation *one, *two;

  fixture->path = path;
  one = generation_new (fixture, "one", ANY_TCP_PORT, ANY_TCP_PORT, NULL);
  two = generation_new (fixture, "two", ANY_TCP_PORT, ANY_TCP_PORT, NULL);
  generation_take_over (one);
  generation_take (two);
  generation_start_tree (two);
  for (guint i = 0; i < 2; i++)
    {
      g_autofree char *old = usher_listen_socket_dup_local_address (one->sockets->pdata[i]);
      g_autofree char *new = usher_listen_socket_dup_local_address (two->sockets->pdata[i]);

      g_assert_cmpstr (old, ==, new);
    }
  generation_be_ready (two);
  generation_free (one);
  generation_free (two);
  fixture->path = g_steal_pointer (&own_path);
}

static void
test_generations (HandoverFixture *fixture,
                  gconstpointer data)
{
  Generation *generations[5] = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (generations); i++)
    {
      g_autofree char *name = g_strdup_printf ("no. %u", i);

      generations[i] = generation_new (fixture, name, ANY_TCP_PORT, fixture->unix_address, NULL);
      generation_take_over (generations[i]);
      generation_assert_serves (generations[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (generations); i++)
    generation_free (generations[i]);
}

/* From one that accepts in its own context to one that has workers, and to the next. */
static void
test_workers (HandoverFixture *fixture,
              gconstpointer data)
{
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);
  Generation *third = generation_new (fixture, "third", ANY_TCP_PORT, fixture->unix_address, NULL);

  usher_acceptor_pool_set_workers (second->pool, 2);
  generation_take_over (second);
  generation_assert_serves (second);

  /* Their threads accept nothing before they may. */
  usher_acceptor_pool_set_workers (third->pool, 2);
  generation_take (third);
  generation_start_tree (third);
  for (guint i = 0; i < 20; i++)
    generation_assert_serves (second);
  generation_be_ready (third);
  generation_assert_serves (third);
  generation_free (second);
  generation_free (third);
}

/* As if it had made them itself: closing is final, and they can be opened again. */
static void
test_owns_what_it_has_taken (HandoverFixture *fixture,
                             gconstpointer data)
{
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);
  TestClient *client;

  generation_take_over (second);
  client = generation_connect (second, 1);
  usher_listen_socket_close (second->sockets->pdata[1]);
  generation_assert_greets (client, second);
  g_assert_false (g_file_test (fixture->unix_address + strlen ("unix:"), G_FILE_TEST_EXISTS));
  g_assert_true (usher_listen_socket_open (second->sockets->pdata[1], NULL));
  generation_assert_serves (second);
  generation_free (second);
}

/* When it does not. */

static void
test_one_at_a_time (HandoverFixture *fixture,
                    gconstpointer data)
{
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);
  Generation *third = generation_new (fixture, "third", ANY_TCP_PORT, fixture->unix_address, NULL);

  generation_take (second);
  generation_take (third);
  g_assert_error (third->error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (third->error->message, "is under way"));
  generation_start_tree (second);
  generation_be_ready (second);
  g_assert_no_error (second->error);
  generation_take_over (third);
  generation_assert_serves (third);
  generation_free (second);
  generation_free (third);
}

static void
test_closed_meanwhile (HandoverFixture *fixture,
                       gconstpointer data)
{
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);

  generation_take (second);
  generation_start_tree (second);
  usher_listen_socket_close (fixture->first->sockets->pdata[0]);
  g_assert_true (usher_listen_socket_open (fixture->first->sockets->pdata[0], NULL));
  generation_be_ready (second);
  g_assert_error (second->error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (second->error->message, "closed meanwhile"));
  g_assert_cmpuint (fixture->first->failures->len, ==, 1);
  generation_free (second);
  generation_assert_serves (fixture->first);
}

static void
test_predecessor_stops (HandoverFixture *fixture,
                        gconstpointer data)
{
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);

  generation_take (second);
  generation_start_tree (second);
  usher_handover_stop (fixture->first->handover);
  iterate_pending (NULL);
  g_assert_cmpint (usher_handover_get_state (second->handover), ==, USHER_HANDOVER_IDLE);
  generation_be_ready (second);
  g_assert_error (second->error, G_IO_ERROR, G_IO_ERROR_BUSY);
  generation_free (second);
}

static void
test_successor_gives_up (HandoverFixture *fixture,
                         gconstpointer data)
{
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);

  generation_begin_taking (second);
  usher_handover_cancel (second->handover);
  iterate_until (NULL, generation_is_answered, second);
  g_assert_error (second->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  iterate_pending (NULL);
  generation_take_over (second);
  generation_assert_serves (second);
  generation_free (second);
}

static void
test_another_user (HandoverFixture *fixture,
                   gconstpointer data)
{
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);

  /* The question who is at the other end has no answer. */
  fault_inject (FAULT_GETSOCKOPT, 0, 1, ENOPROTOOPT);
  generation_take (second);
  g_assert_error (second->error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  iterate_pending (NULL);

  fault_inject (FAULT_GETSOCKOPT, 1, 1, ENOPROTOOPT);
  generation_take (second);
  g_assert_error (second->error, G_IO_ERROR, G_IO_ERROR_BUSY);
  g_assert_nonnull (strstr (second->error->message, "another user"));
  fault_clear ();
  generation_take_over (second);
  generation_free (second);
}

/* The kernel drops a descriptor that does not fit. */
static void
test_no_room_for_a_descriptor (HandoverFixture *fixture,
                               gconstpointer data)
{
  Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);
  struct rlimit limit, low;

  g_assert_no_errno (getrlimit (RLIMIT_NOFILE, &limit));
  low = limit;
  low.rlim_cur = 3;
  generation_begin_taking (second);
  iterate_until (NULL, generation_is_giving, fixture->first);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &low));
  iterate_until (NULL, generation_is_answered, second);
  g_assert_no_errno (setrlimit (RLIMIT_NOFILE, &limit));
  g_assert_error (second->error, G_IO_ERROR, G_IO_ERROR_TOO_MANY_OPEN_FILES);
  generation_take_over (second);
  generation_free (second);
}

/* Whichever message is not sent, the one that serves goes on, and the next attempt succeeds. */
static void
test_any_message_may_fail (HandoverFixture *fixture,
                           gconstpointer data)
{
  guint n_failed = 0;

  for (gboolean has_failed = TRUE; has_failed; n_failed++)
    {
      Generation *second = generation_new (fixture, "second", ANY_TCP_PORT, fixture->unix_address, NULL);

      fault_inject (FAULT_SENDMSG, n_failed, 1, ENOBUFS);
      generation_take (second);
      if (second->error == NULL)
        {
          generation_start_tree (second);
          generation_be_ready (second);
        }
      fault_clear ();
      has_failed = second->error != NULL;
      iterate_pending (NULL);
      generation_assert_serves (has_failed ? fixture->first : second);
      generation_free (second);
    }

  /* HELLO, OFFER, WANT, three times SOCKET and GOT, READY and YOURS; and that all went well. */
  g_assert_cmpuint (n_failed, ==, 11 + 1);
}

static void
test_nobody_listens_for_us (HandoverFixture *fixture,
                            gconstpointer data)
{
  g_autofree char *own_path = g_steal_pointer (&fixture->path);
  Generation *generation;

  /* A stream socket. */
  fixture->path = g_strdup (fixture->unix_address + strlen ("unix:"));
  generation = generation_new (fixture, "lost", ANY_TCP_PORT, NULL);
  generation_take (generation);
  g_assert_nonnull (generation->error);
  g_assert_nonnull (strstr (generation->error->message, "choose another path"));
  generation_free (generation);

  g_free (fixture->path);
  fixture->path = g_build_filename (fixture->directory, "no-such-directory", "control", NULL);
  generation = generation_new (fixture, "lost", ANY_TCP_PORT, NULL);
  generation_take (generation);
  g_assert_error (generation->error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  generation_free (generation);
  g_free (fixture->path);
  fixture->path = g_steal_pointer (&own_path);
}

#define CASE(name, function) \
  g_test_add ("/handover/" name, HandoverFixture, NULL, handover_fixture_set_up, function, handover_fixture_tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  CASE ("begins-with-nobody-to-take-from", test_first);
  CASE ("passes-the-sockets", test_passes);
  CASE ("loses-nobody-in-the-queue", test_queue);
  CASE ("closes-what-is-not-wanted-and-opens-what-is-new", test_other_sockets);
  CASE ("tells-sockets-of-the-same-address-apart", test_same_address);
  CASE ("goes-on-over-generations", test_generations);
  CASE ("passes-to-workers-and-from-them", test_workers);
  CASE ("makes-the-sockets-its-own", test_owns_what_it_has_taken);
  CASE ("is-one-at-a-time", test_one_at_a_time);
  CASE ("fails-if-a-socket-was-closed-meanwhile", test_closed_meanwhile);
  CASE ("fails-if-the-predecessor-stops", test_predecessor_stops);
  CASE ("can-be-given-up", test_successor_gives_up);
  CASE ("refuses-another-user", test_another_user);
  CASE ("notices-that-a-descriptor-was-dropped", test_no_room_for_a_descriptor);
  CASE ("survives-the-failure-of-any-message", test_any_message_may_fail);
  CASE ("says-what-is-wrong-with-the-path", test_nobody_listens_for_us);

  return g_test_run ();
}
