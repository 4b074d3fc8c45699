/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/message-queue-private.h"

static void
test_order (void)
{
  UsherMessageQueue queue;
  UsherMessage messages[3] = { 0 };

  usher_message_queue_init (&queue);

  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    usher_message_queue_push (&queue, &messages[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    g_assert_true (usher_message_queue_pop (&queue, G_MAXUINT64) == &messages[i]);
  g_assert_null (usher_message_queue_pop (&queue, G_MAXUINT64));

  usher_message_queue_clear (&queue);
}

static void
test_limit (void)
{
  UsherMessageQueue queue;
  UsherMessage messages[2] = { 0 };
  guint64 limit;

  usher_message_queue_init (&queue);

  usher_message_queue_push (&queue, &messages[0]);
  limit = usher_message_queue_get_n_pushed (&queue);
  usher_message_queue_push (&queue, &messages[1]);

  g_assert_true (usher_message_queue_pop (&queue, limit) == &messages[0]);
  g_assert_null (usher_message_queue_pop (&queue, limit));

  usher_message_queue_push (&queue, &messages[0]);
  limit = usher_message_queue_get_n_pushed (&queue);
  g_assert_true (usher_message_queue_pop (&queue, limit) == &messages[1]);
  g_assert_true (usher_message_queue_pop (&queue, limit) == &messages[0]);
  g_assert_null (usher_message_queue_pop (&queue, limit));

  usher_message_queue_clear (&queue);
}

static void
test_sleeper (void)
{
  UsherMessageQueue queue;
  UsherMessage messages[3] = { 0 };

  usher_message_queue_init (&queue);

  g_assert_true (usher_message_queue_fall_asleep (&queue));
  g_assert_true (usher_message_queue_push (&queue, &messages[0]));
  g_assert_false (usher_message_queue_push (&queue, &messages[1]));

  g_assert_false (usher_message_queue_fall_asleep (&queue));
  g_assert_false (usher_message_queue_push (&queue, &messages[2]));
  g_assert_true (usher_message_queue_wake_up (&queue));

  usher_message_queue_clear (&queue);
}

static void
test_awake (void)
{
  UsherMessageQueue queue;
  UsherMessage message = { 0 };

  usher_message_queue_init (&queue);

  g_assert_true (usher_message_queue_fall_asleep (&queue));
  g_assert_false (usher_message_queue_wake_up (&queue));
  g_assert_false (usher_message_queue_push (&queue, &message));

  usher_message_queue_clear (&queue);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/message-queue/keeps-the-order", test_order);
  g_test_add_func ("/message-queue/pops-no-later-message-than-asked-for", test_limit);
  g_test_add_func ("/message-queue/has-a-sleeping-receiver-woken-once", test_sleeper);
  g_test_add_func ("/message-queue/leaves-a-receiver-that-is-awake-alone", test_awake);

  return g_test_run ();
}
