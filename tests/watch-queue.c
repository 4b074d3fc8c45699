/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/watch-queue-private.h"

#include <sys/epoll.h>

static void
assert_pops (UsherWatchQueue *queue,
             UsherWatch *expected,
             guint32 expected_events)
{
  guint32 events = 0;

  g_assert_true (usher_watch_queue_pop (queue, &events) == expected);
  g_assert_cmpuint (events, ==, expected_events);

  if (expected != NULL)
    g_assert_cmpuint (expected->ready_events, ==, 0);
}

static void
push_all (UsherWatchQueue *queue,
          UsherWatch *watches,
          gsize n_watches)
{
  for (gsize i = 0; i < n_watches; i++)
    usher_watch_queue_push (queue, &watches[i], EPOLLIN);
}

static void
test_order (void)
{
  UsherWatchQueue queue = { 0 };
  UsherWatch watches[3] = { 0 };

  g_assert_true (usher_watch_queue_is_empty (&queue));
  push_all (&queue, watches, G_N_ELEMENTS (watches));
  g_assert_false (usher_watch_queue_is_empty (&queue));

  assert_pops (&queue, &watches[0], EPOLLIN);
  assert_pops (&queue, &watches[1], EPOLLIN);
  assert_pops (&queue, &watches[2], EPOLLIN);
  assert_pops (&queue, NULL, 0);
  g_assert_true (usher_watch_queue_is_empty (&queue));
}

static void
test_joins (void)
{
  UsherWatchQueue queue = { 0 };
  UsherWatch watches[2] = { 0 };

  push_all (&queue, watches, G_N_ELEMENTS (watches));
  usher_watch_queue_push (&queue, &watches[0], EPOLLOUT);

  assert_pops (&queue, &watches[0], EPOLLIN | EPOLLOUT);
  assert_pops (&queue, &watches[1], EPOLLIN);
  assert_pops (&queue, NULL, 0);
}

static void
test_no_events (void)
{
  UsherWatchQueue queue = { 0 };
  UsherWatch watch = { 0 };

  usher_watch_queue_push (&queue, &watch, 0);
  g_assert_true (usher_watch_queue_is_empty (&queue));
}

static void
test_removes (void)
{
  for (gsize removed = 0; removed < 3; removed++)
    {
      UsherWatchQueue queue = { 0 };
      UsherWatch watches[3] = { 0 };

      push_all (&queue, watches, G_N_ELEMENTS (watches));
      usher_watch_queue_remove (&queue, &watches[removed]);
      usher_watch_queue_remove (&queue, &watches[removed]);
      usher_watch_queue_push (&queue, &watches[removed], EPOLLOUT);

      for (gsize i = 0; i < G_N_ELEMENTS (watches); i++)
        if (i != removed)
          assert_pops (&queue, &watches[i], EPOLLIN);

      assert_pops (&queue, &watches[removed], EPOLLOUT);
      assert_pops (&queue, NULL, 0);
    }
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/watch-queue/keeps-the-order", test_order);
  g_test_add_func ("/watch-queue/joins-the-events-of-one-watch", test_joins);
  g_test_add_func ("/watch-queue/takes-no-watch-without-events", test_no_events);
  g_test_add_func ("/watch-queue/removes-any-watch", test_removes);

  return g_test_run ();
}
