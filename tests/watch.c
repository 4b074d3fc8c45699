/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/reactor-private.h"
#include "support/fault.h"
#include "support/iterate.h"
#include "support/reactor-fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define MAX_EVENTS 256

typedef struct _Probe Probe;
typedef void (*ProbeFunc) (Probe *probe);

/* An eventfd that is watched, counts what it is told, and then does what the test wants. */
struct _Probe
{
  UsherWatch watch;
  int fd;
  guint n_calls;
  guint32 events;
  ProbeFunc func;        /* (nullable) */
  Probe *other;          /* (unowned) (nullable) */
  GMainContext *context; /* (unowned) */
};

static void
probe_ready (UsherWatch *watch,
             guint32 events)
{
  Probe *probe = (Probe *) watch;

  probe->n_calls++;
  probe->events = events;

  if (probe->func != NULL)
    probe->func (probe);
}

static void
probe_add (Probe *probe,
           UsherReactor *reactor,
           guint32 events)
{
  g_autoptr (GError) error = NULL;

  usher_watch_add (&probe->watch, reactor, probe->fd, events, probe_ready, &error);
  g_assert_no_error (error);
  g_assert_true (usher_watch_is_added (&probe->watch));
}

static void
probe_init (Probe *probe,
            UsherReactor *reactor,
            guint32 events)
{
  *probe = (Probe){
    .fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK),
    .context = usher_reactor_get_context (reactor),
  };
  probe_add (probe, reactor, events);
}

static void
probe_signal (Probe *probe)
{
  g_assert_no_errno (eventfd_write (probe->fd, 1));
}

static void
probe_calm (Probe *probe)
{
  eventfd_t value;

  g_assert_no_errno (eventfd_read (probe->fd, &value));
}

static void
probe_clear (Probe *probe)
{
  usher_watch_remove (&probe->watch);
  g_assert_false (usher_watch_is_added (&probe->watch));
  g_assert_no_errno (close (probe->fd));
}

/* (transfer full) (array length=n_probes): probes that are ready; free with probes_free(). */
static Probe *
probes_new (UsherReactor *reactor,
            gsize n_probes,
            guint32 events)
{
  Probe *probes = g_new (Probe, n_probes);

  for (gsize i = 0; i < n_probes; i++)
    {
      probe_init (&probes[i], reactor, events);
      probe_signal (&probes[i]);
    }

  return probes;
}

static void
probes_free (Probe *probes,
             gsize n_probes)
{
  for (gsize i = 0; i < n_probes; i++)
    probe_clear (&probes[i]);

  g_free (probes);
}

static guint
probes_count_calls (const Probe *probes,
                    gsize n_probes)
{
  guint n_calls = 0;

  for (gsize i = 0; i < n_probes; i++)
    n_calls += probes[i].n_calls;

  return n_calls;
}

static gboolean
iterate (ReactorFixture *fixture)
{
  return g_main_context_iteration (fixture->context, FALSE);
}

static void
test_level (ReactorFixture *fixture,
            gconstpointer user_data)
{
  Probe probe;

  probe_init (&probe, fixture->reactor, EPOLLIN);
  g_assert_false (iterate (fixture));

  probe_signal (&probe);
  g_assert_true (iterate (fixture));
  g_assert_true (iterate (fixture));
  g_assert_cmpuint (probe.n_calls, ==, 2);
  g_assert_cmpuint (probe.events, ==, EPOLLIN);

  probe_calm (&probe);
  g_assert_false (iterate (fixture));

  probe_clear (&probe);
}

static void
test_edge (ReactorFixture *fixture,
           gconstpointer user_data)
{
  Probe probe;

  probe_init (&probe, fixture->reactor, EPOLLIN | EPOLLET);

  probe_signal (&probe);
  g_assert_true (iterate (fixture));
  g_assert_false (iterate (fixture));
  g_assert_cmpuint (probe.n_calls, ==, 1);

  probe_signal (&probe);
  g_assert_true (iterate (fixture));
  g_assert_false (iterate (fixture));
  g_assert_cmpuint (probe.n_calls, ==, 2);

  probe_clear (&probe);
}

static void
test_tells_all_events (ReactorFixture *fixture,
                       gconstpointer user_data)
{
  Probe probe;

  probe_init (&probe, fixture->reactor, EPOLLIN | EPOLLOUT | EPOLLET);
  iterate_pending (fixture->context);
  g_assert_cmpuint (probe.events, ==, EPOLLOUT);

  probe_signal (&probe);
  iterate_pending (fixture->context);
  g_assert_cmpuint (probe.events, ==, EPOLLIN | EPOLLOUT);

  probe_clear (&probe);
}

static gboolean
is_called (gpointer user_data)
{
  return ((Probe *) user_data)->n_calls > 0;
}

static gpointer
signal_in_thread (gpointer data)
{
  probe_signal (data);
  return NULL;
}

static void
test_wakes (ReactorFixture *fixture,
            gconstpointer user_data)
{
  Probe probe;
  GThread *thread;

  probe_init (&probe, fixture->reactor, EPOLLIN);
  thread = g_thread_new ("signal", signal_in_thread, &probe);
  iterate_until (fixture->context, is_called, &probe);
  g_thread_join (thread);

  probe_clear (&probe);
}

static void
test_lazy (ReactorFixture *fixture,
           gconstpointer user_data)
{
  Probe first;
  Probe second;

  fault_clear ();
  iterate_pending (fixture->context);
  g_assert_cmpuint (fault_get_n_calls (FAULT_EPOLL_CREATE1), ==, 0);

  probe_init (&first, fixture->reactor, EPOLLIN);
  probe_init (&second, fixture->reactor, EPOLLIN);
  g_assert_cmpuint (fault_get_n_calls (FAULT_EPOLL_CREATE1), ==, 1);

  probe_clear (&first);
  probe_clear (&second);
  probe_init (&first, fixture->reactor, EPOLLIN);
  g_assert_cmpuint (fault_get_n_calls (FAULT_EPOLL_CREATE1), ==, 1);

  probe_clear (&first);
}

static void
remove_other (Probe *probe)
{
  usher_watch_remove (&probe->other->watch);
}

static void
test_removes_ready (ReactorFixture *fixture,
                    gconstpointer user_data)
{
  Probe *probes = probes_new (fixture->reactor, 3, EPOLLIN);

  for (gsize i = 0; i < 2; i++)
    {
      probes[i].func = remove_other;
      probes[i].other = &probes[1 - i];
    }

  g_assert_true (iterate (fixture));
  g_assert_cmpuint (probes_count_calls (probes, 2), ==, 1);
  g_assert_cmpuint (probes[2].n_calls, ==, 1);

  probes_free (probes, 3);
}

static void
free_probe (Probe *probe)
{
  probe_clear (probe);
  g_free (probe);
}

static void
test_frees_owner (ReactorFixture *fixture,
                  gconstpointer user_data)
{
  Probe *probe = probes_new (fixture->reactor, 1, EPOLLIN);

  probe->func = free_probe;
  g_assert_true (iterate (fixture));
  g_assert_false (iterate (fixture));
}

static void
free_probe_and_other (Probe *probe)
{
  free_probe (probe->other);
  free_probe (probe);
}

static void
test_frees_other (ReactorFixture *fixture,
                  gconstpointer user_data)
{
  Probe *first = probes_new (fixture->reactor, 1, EPOLLIN);
  Probe *second = probes_new (fixture->reactor, 1, EPOLLIN);

  first->func = second->func = free_probe_and_other;
  first->other = second;
  second->other = first;

  g_assert_true (iterate (fixture));
  g_assert_false (iterate (fixture));
}

static void
add_again (Probe *probe)
{
  UsherReactor *reactor = probe->watch.reactor;

  probe->func = NULL;
  usher_watch_remove (&probe->watch);
  probe_add (probe, reactor, EPOLLIN);
}

static void
test_adds_again (ReactorFixture *fixture,
                 gconstpointer user_data)
{
  Probe *probe = probes_new (fixture->reactor, 1, EPOLLIN);

  probe->func = add_again;
  g_assert_true (iterate (fixture));
  g_assert_cmpuint (probe->n_calls, ==, 1);
  g_assert_true (iterate (fixture));
  g_assert_cmpuint (probe->n_calls, ==, 2);

  probes_free (probe, 1);
}

static void
add_other_again (Probe *probe)
{
  probe->func = NULL;
  add_again (probe->other);
}

static void
test_forgets_events (ReactorFixture *fixture,
                     gconstpointer user_data)
{
  Probe *probes = probes_new (fixture->reactor, 2, EPOLLIN);

  for (gsize i = 0; i < 2; i++)
    {
      probes[i].func = add_other_again;
      probes[i].other = &probes[1 - i];
    }

  g_assert_true (iterate (fixture));
  g_assert_cmpuint (probes_count_calls (probes, 2), ==, 1);
  g_assert_true (iterate (fixture));
  g_assert_cmpuint (probes_count_calls (probes, 2), ==, 3);

  probes_free (probes, 2);
}

static void
test_removes_harmlessly (ReactorFixture *fixture,
                         gconstpointer user_data)
{
  UsherWatch never_added = { 0 };
  Probe probe;

  usher_watch_remove (&never_added);

  probe_init (&probe, fixture->reactor, EPOLLIN);
  close (probe.fd);
  usher_watch_remove (&probe.watch);
  usher_watch_remove (&probe.watch);

  probe_init (&probe, fixture->reactor, EPOLLIN);
  probe_signal (&probe);
  g_assert_true (iterate (fixture));
  g_assert_cmpuint (probe.n_calls, ==, 1);

  probe_clear (&probe);
}

/* Whoever has the file as well keeps it in the epoll set. */
static void
test_forgotten (ReactorFixture *fixture,
                gconstpointer user_data)
{
  Probe *forgotten = g_new0 (Probe, 1);
  Probe successor;
  int copy, fd;

  probe_init (forgotten, fixture->reactor, EPOLLIN | EPOLLET);
  fd = forgotten->fd;
  copy = dup (fd);
  usher_watch_forget (&forgotten->watch);
  g_assert_false (usher_watch_is_added (&forgotten->watch));
  usher_watch_forget (&forgotten->watch);
  g_assert_no_errno (close (fd));
  g_free (forgotten);
  g_assert_no_errno (eventfd_write (copy, 1));
  iterate_pending (fixture->context);

  probe_init (&successor, fixture->reactor, EPOLLIN | EPOLLET);
  g_assert_cmpint (successor.fd, ==, fd);
  g_assert_no_errno (eventfd_write (copy, 1));
  iterate_pending (fixture->context);
  g_assert_cmpuint (successor.n_calls, ==, 0);
  probe_signal (&successor);
  iterate_pending (fixture->context);
  g_assert_cmpuint (successor.n_calls, ==, 1);

  probe_clear (&successor);
  g_assert_no_errno (close (copy));
}

static void
forget_other (Probe *probe)
{
  usher_watch_forget (&probe->other->watch);
}

static void
test_forgotten_while_ready (ReactorFixture *fixture,
                            gconstpointer user_data)
{
  Probe *probes = probes_new (fixture->reactor, 2, EPOLLIN | EPOLLET);

  for (gsize i = 0; i < 2; i++)
    {
      probes[i].func = forget_other;
      probes[i].other = &probes[1 - i];
    }

  iterate_pending (fixture->context);
  g_assert_cmpuint (probes_count_calls (probes, 2), ==, 1);

  probes_free (probes, 2);
}

/* GLib's own wake-up may be one of the events. */
static void
test_bounded (ReactorFixture *fixture,
              gconstpointer user_data)
{
  gsize n_probes = 3 * MAX_EVENTS - 1;
  Probe *probes = probes_new (fixture->reactor, n_probes, EPOLLIN | EPOLLET);

  for (gsize i = 1; i <= 2; i++)
    {
      g_assert_true (iterate (fixture));
      g_assert_cmpuint (probes_count_calls (probes, n_probes), <=, i * MAX_EVENTS);
      g_assert_cmpuint (probes_count_calls (probes, n_probes), >=, i * MAX_EVENTS - 1);
    }

  g_assert_true (iterate (fixture));
  g_assert_cmpuint (probes_count_calls (probes, n_probes), ==, n_probes);
  g_assert_false (iterate (fixture));

  probes_free (probes, n_probes);
}

static void
test_fair (ReactorFixture *fixture,
           gconstpointer user_data)
{
  gsize n_probes = 3 * MAX_EVENTS;
  Probe *probes = probes_new (fixture->reactor, n_probes, EPOLLIN);

  /* GLib's own wake-up takes a place the first time. */
  g_main_context_wakeup (fixture->context);
  for (int i = 0; i < 6; i++)
    g_assert_true (iterate (fixture));
  g_assert_cmpuint (probes_count_calls (probes, n_probes), ==, 6 * MAX_EVENTS - 1);
  for (gsize i = 0; i < n_probes; i++)
    g_assert_cmpuint (ABS ((int) probes[i].n_calls - 2), <=, 1);

  probes_free (probes, n_probes);
}

static void
iterate_inside (Probe *probe)
{
  probe->other->func = NULL;
  iterate_until (probe->context, is_called, probe->other);
}

static void
expect_other_before (Probe *probe)
{
  g_assert_cmpuint (probe->other->n_calls, ==, 1);
}

static void
test_patient (ReactorFixture *fixture,
              gconstpointer data)
{
  const gsize n_probes = 3;
  Probe *probes = probes_new (fixture->reactor, n_probes, EPOLLIN | EPOLLET);

  usher_watch_set_patient (&probes[0].watch);
  probes[0].func = expect_other_before;
  probes[0].other = &probes[2];
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  for (gsize i = 0; i < n_probes; i++)
    g_assert_cmpuint (probes[i].n_calls, ==, 1);

  probes_free (probes, n_probes);
}

static void
test_inner_loop (ReactorFixture *fixture,
                 gconstpointer user_data)
{
  Probe *probes = probes_new (fixture->reactor, 2, EPOLLIN | EPOLLET);

  for (gsize i = 0; i < 2; i++)
    {
      probes[i].func = iterate_inside;
      probes[i].other = &probes[1 - i];
    }

  g_assert_true (iterate (fixture));
  g_assert_cmpuint (probes[0].n_calls, ==, 1);
  g_assert_cmpuint (probes[1].n_calls, ==, 1);
  g_assert_false (iterate (fixture));

  probes_free (probes, 2);
}

static void
iterate_inside_on_news (Probe *probe)
{
  probe->func = NULL;
  probe_signal (probe);
  g_assert_true (g_main_context_iteration (probe->context, FALSE));
  g_assert_cmpuint (probe->n_calls, ==, 2);
}

static void
test_inner_loop_on_news (ReactorFixture *fixture,
                         gconstpointer user_data)
{
  Probe *probe = probes_new (fixture->reactor, 1, EPOLLIN | EPOLLET);

  probe->func = iterate_inside_on_news;
  g_assert_true (iterate (fixture));
  g_assert_cmpuint (probe->n_calls, ==, 2);
  g_assert_false (iterate (fixture));

  probes_free (probe, 1);
}

static void
assert_fails (ReactorFixture *fixture,
              int fd,
              int errno_value,
              const char *advice)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *start = g_strdup_printf ("Cannot watch descriptor %d: ", fd);
  UsherWatch watch = { 0 };

  g_assert_false (usher_watch_add (&watch, fixture->reactor, fd, EPOLLIN, probe_ready, &error));
  g_assert_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errno_value));
  g_assert_true (g_str_has_prefix (error->message, start));
  g_assert_nonnull (strstr (error->message, advice));
  g_assert_false (usher_watch_is_added (&watch));
  usher_watch_remove (&watch);
}

static void
test_no_epoll (ReactorFixture *fixture,
               gconstpointer user_data)
{
  int fd = eventfd (0, EFD_CLOEXEC);
  Probe probe;

  fault_inject (FAULT_EPOLL_CREATE1, 0, 1, EMFILE);
  assert_fails (fixture, fd, EMFILE, "ulimit -n");
  fault_inject (FAULT_EPOLL_CREATE1, 0, 1, ENFILE);
  assert_fails (fixture, fd, ENFILE, "fs.file-max");
  fault_inject (FAULT_EPOLL_CREATE1, 0, 1, ENOMEM);
  assert_fails (fixture, fd, ENOMEM, "memory");

  probe_init (&probe, fixture->reactor, EPOLLIN);
  probe_signal (&probe);
  g_assert_true (iterate (fixture));
  g_assert_cmpuint (probe.n_calls, ==, 1);

  probe_clear (&probe);
  close (fd);
}

static void
test_no_room (ReactorFixture *fixture,
              gconstpointer user_data)
{
  int fd = eventfd (0, EFD_CLOEXEC);

  fault_inject (FAULT_EPOLL_CTL, 0, 2, ENOSPC);
  assert_fails (fixture, fd, ENOSPC, "fs.epoll.max_user_watches");
  assert_fails (fixture, fd, ENOSPC, "fs.epoll.max_user_watches");
  fault_inject (FAULT_EPOLL_CTL, 0, 1, ENOMEM);
  assert_fails (fixture, fd, ENOMEM, "memory");
  fault_inject (FAULT_EPOLL_CTL, 0, 1, ELOOP);
  assert_fails (fixture, fd, ELOOP, "report");

  close (fd);
}

static void
test_bad_descriptor (ReactorFixture *fixture,
                     gconstpointer user_data)
{
  int null_fd = open ("/dev/null", O_RDONLY | O_CLOEXEC);
  Probe probe;

  assert_fails (fixture, -1, EBADF, "before it is closed");
  assert_fails (fixture, null_fd, EPERM, "only descriptors that can be waited for");

  probe_init (&probe, fixture->reactor, EPOLLIN);
  assert_fails (fixture, probe.fd, EEXIST, "remove that watch first");

  probe_clear (&probe);
  close (null_fd);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  reactor_fixture_add_test ("/watch/goes-on-while-level-triggered", test_level);
  reactor_fixture_add_test ("/watch/tells-once-when-edge-triggered", test_edge);
  reactor_fixture_add_test ("/watch/tells-all-events-at-once", test_tells_all_events);
  reactor_fixture_add_test ("/watch/wakes-a-waiting-context", test_wakes);
  reactor_fixture_add_test ("/watch/makes-one-epoll-descriptor-when-needed", test_lazy);
  reactor_fixture_add_test ("/watch/may-remove-another-that-is-ready", test_removes_ready);
  reactor_fixture_add_test ("/watch/may-free-its-owner", test_frees_owner);
  reactor_fixture_add_test ("/watch/may-free-another-that-is-ready", test_frees_other);
  reactor_fixture_add_test ("/watch/may-be-added-again-in-its-callback", test_adds_again);
  reactor_fixture_add_test ("/watch/forgets-its-events-when-removed", test_forgets_events);
  reactor_fixture_add_test ("/watch/is-removed-harmlessly-at-any-time", test_removes_harmlessly);
  reactor_fixture_add_test ("/watch/is-not-taken-for-one-that-was-forgotten", test_forgotten);
  reactor_fixture_add_test ("/watch/is-forgotten-although-it-is-ready", test_forgotten_while_ready);
  reactor_fixture_add_test ("/watch/shares-dispatches-of-bounded-length", test_bounded);
  reactor_fixture_add_test ("/watch/gets-its-turn-among-many", test_fair);
  reactor_fixture_add_test ("/watch/that-is-patient-comes-last", test_patient);
  reactor_fixture_add_test ("/watch/is-served-by-an-inner-loop", test_inner_loop);
  reactor_fixture_add_test ("/watch/is-served-again-by-an-inner-loop", test_inner_loop_on_news);
  reactor_fixture_add_test ("/watch/fails-without-an-epoll-descriptor", test_no_epoll);
  reactor_fixture_add_test ("/watch/fails-when-the-kernel-has-no-room", test_no_room);
  reactor_fixture_add_test ("/watch/fails-on-a-descriptor-it-cannot-watch", test_bad_descriptor);

  return g_test_run ();
}
