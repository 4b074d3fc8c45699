/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/clock-private.h"
#include "runtime/reactor-private.h"
#include "support/fake-clock.h"
#include "support/iterate.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

typedef struct
{
  GMainContext *context;
  UsherReactor *reactor;
} Fixture;

static void
set_up (Fixture *fixture,
        gconstpointer user_data)
{
  fake_clock_install ();
  fixture->context = g_main_context_new ();
  fixture->reactor = usher_reactor_ref_for_context (fixture->context);
}

static void
tear_down (Fixture *fixture,
           gconstpointer user_data)
{
  g_clear_pointer (&fixture->reactor, usher_reactor_unref);
  g_clear_pointer (&fixture->context, g_main_context_unref);
  g_assert_cmpuint (fake_clock_get_n_armed (), ==, 0);
  fake_clock_remove ();
}

/* An eventfd that counts what its watch tells. */
typedef struct
{
  UsherWatch watch;
  int fd;
  guint n_calls;
  guint32 events;
} Probe;

static void
probe_ready (UsherWatch *watch,
             guint32 events)
{
  Probe *probe = (Probe *) watch;

  probe->n_calls++;
  probe->events = events;
}

static void
probe_start (Probe *probe,
             UsherReactor *reactor,
             guint32 events)
{
  g_autoptr (GError) error = NULL;

  *probe = (Probe){ .fd = eventfd (0, EFD_CLOEXEC | EFD_NONBLOCK) };
  usher_watch_add (&probe->watch, reactor, probe->fd, events, probe_ready, &error);
  g_assert_no_error (error);
}

static void
probe_signal (Probe *probe)
{
  g_assert_cmpint (eventfd_write (probe->fd, 1), ==, 0);
}

static void
probe_stop (Probe *probe)
{
  usher_watch_remove (&probe->watch);
  close (probe->fd);
}

static void
test_level (Fixture *fixture,
            gconstpointer user_data)
{
  Probe probe;

  probe_start (&probe, fixture->reactor, EPOLLIN);
  g_assert_false (g_main_context_iteration (fixture->context, FALSE));

  probe_signal (&probe);
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_true (g_main_context_iteration (fixture->context, FALSE));
  g_assert_cmpuint (probe.n_calls, ==, 2);
  g_assert_cmpuint (probe.events, ==, EPOLLIN);

  probe_stop (&probe);
}

/* A timer or a message that writes its letter down. */
typedef struct
{
  UsherTimer timer;
  UsherMessage message;
  GString *log; /* (unowned) */
  char letter;
} Letter;

static void
letter_timer (UsherTimer *timer)
{
  Letter *letter = (Letter *) timer;

  g_string_append_c (letter->log, letter->letter);
}

static void
letter_message (UsherMessage *message)
{
  Letter *letter = (Letter *) ((char *) message - G_STRUCT_OFFSET (Letter, message));

  g_string_append_c (letter->log, letter->letter);
}

static void
test_timer_order (Fixture *fixture,
                  gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  gint64 now_usec = usher_clock_now_usec ();
  Letter a = { .log = log, .letter = 'a' };
  Letter b = { .log = log, .letter = 'b' };
  Letter c = { .log = log, .letter = 'c' };

  usher_timer_start (&a.timer, fixture->reactor, now_usec + 20, letter_timer);
  usher_timer_start (&b.timer, fixture->reactor, now_usec + 10, letter_timer);
  usher_timer_start (&c.timer, fixture->reactor, now_usec + 20, letter_timer);

  iterate_pending (fixture->context);
  g_assert_cmpstr (log->str, ==, "");

  fake_clock_advance_usec (10);
  iterate_pending (fixture->context);
  g_assert_cmpstr (log->str, ==, "b");
  g_assert_true (usher_timer_is_started (&a.timer));
  g_assert_false (usher_timer_is_started (&b.timer));

  fake_clock_advance_usec (100);
  iterate_pending (fixture->context);
  g_assert_cmpstr (log->str, ==, "bac");
}

static void
test_message_order (Fixture *fixture,
                    gconstpointer user_data)
{
  g_autoptr (GString) log = g_string_new (NULL);
  Letter a = { .log = log, .letter = 'a' };
  Letter b = { .log = log, .letter = 'b' };

  usher_reactor_post (fixture->reactor, &a.message, letter_message);
  usher_reactor_post (fixture->reactor, &b.message, letter_message);
  g_assert_cmpstr (log->str, ==, "");

  iterate_pending (fixture->context);
  g_assert_cmpstr (log->str, ==, "ab");
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add ("/reactor/watch/level-triggered-goes-on", Fixture, NULL, set_up, test_level, tear_down);
  g_test_add ("/reactor/timer/fires-in-order", Fixture, NULL, set_up, test_timer_order, tear_down);
  g_test_add ("/reactor/message/runs-in-order", Fixture, NULL, set_up, test_message_order, tear_down);

  return g_test_run ();
}
