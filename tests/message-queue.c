/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/message-queue-private.h"

static void
test_order (void)
{
  UsherMessageQueue queue = { 0 };
  UsherMessage messages[3] = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    usher_message_queue_push (&queue, &messages[i]);
  usher_message_queue_take (&queue);
  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    g_assert_true (usher_message_queue_pop (&queue) == &messages[i]);
  g_assert_null (usher_message_queue_pop (&queue));
}

static void
test_taken (void)
{
  UsherMessageQueue queue = { 0 };
  UsherMessage messages[4] = { 0 };

  usher_message_queue_push (&queue, &messages[0]);
  usher_message_queue_push (&queue, &messages[1]);
  usher_message_queue_take (&queue);
  usher_message_queue_push (&queue, &messages[2]);

  g_assert_true (usher_message_queue_pop (&queue) == &messages[0]);
  usher_message_queue_push (&queue, &messages[3]);
  g_assert_true (usher_message_queue_pop (&queue) == &messages[1]);
  g_assert_null (usher_message_queue_pop (&queue));

  usher_message_queue_take (&queue);
  g_assert_true (usher_message_queue_pop (&queue) == &messages[2]);
  g_assert_true (usher_message_queue_pop (&queue) == &messages[3]);
  g_assert_null (usher_message_queue_pop (&queue));
}

/* As an inner loop does, while the outer one is not through with its own. */
static void
test_taken_behind (void)
{
  UsherMessageQueue queue = { 0 };
  UsherMessage messages[3] = { 0 };

  usher_message_queue_push (&queue, &messages[0]);
  usher_message_queue_take (&queue);
  usher_message_queue_push (&queue, &messages[1]);
  usher_message_queue_push (&queue, &messages[2]);
  g_assert_false (usher_message_queue_fall_asleep (&queue));
  usher_message_queue_take (&queue);

  for (gsize i = 0; i < G_N_ELEMENTS (messages); i++)
    g_assert_true (usher_message_queue_pop (&queue) == &messages[i]);
  g_assert_null (usher_message_queue_pop (&queue));
}

/* It may not sleep over what it has taken and not yet looked at. */
static void
test_taken_awake (void)
{
  UsherMessageQueue queue = { 0 };
  UsherMessage message = { 0 };

  usher_message_queue_push (&queue, &message);
  usher_message_queue_take (&queue);
  g_assert_false (usher_message_queue_fall_asleep (&queue));
  g_assert_true (usher_message_queue_wake_up (&queue));

  g_assert_true (usher_message_queue_pop (&queue) == &message);
  g_assert_true (usher_message_queue_fall_asleep (&queue));
}

static void
test_sleeper (void)
{
  UsherMessageQueue queue = { 0 };
  UsherMessage messages[3] = { 0 };

  g_assert_true (usher_message_queue_fall_asleep (&queue));
  g_assert_true (usher_message_queue_push (&queue, &messages[0]));
  g_assert_false (usher_message_queue_push (&queue, &messages[1]));

  g_assert_false (usher_message_queue_fall_asleep (&queue));
  g_assert_false (usher_message_queue_push (&queue, &messages[2]));
  g_assert_true (usher_message_queue_wake_up (&queue));
}

/* GLib does not ask a source that is due whether it is ready. */
static void
test_taken_asleep (void)
{
  UsherMessageQueue queue = { 0 };
  UsherMessage message = { 0 };

  g_assert_true (usher_message_queue_fall_asleep (&queue));
  g_assert_true (usher_message_queue_fall_asleep (&queue));
  usher_message_queue_take (&queue);
  g_assert_null (usher_message_queue_pop (&queue));

  g_assert_true (usher_message_queue_push (&queue, &message));
  usher_message_queue_take (&queue);
  g_assert_true (usher_message_queue_pop (&queue) == &message);
}

static void
test_awake (void)
{
  UsherMessageQueue queue = { 0 };
  UsherMessage message = { 0 };

  g_assert_true (usher_message_queue_fall_asleep (&queue));
  g_assert_false (usher_message_queue_wake_up (&queue));
  g_assert_false (usher_message_queue_push (&queue, &message));
}

#define N_PUSHERS 3
#define N_EACH 20000

typedef struct
{
  UsherMessage message;
  int pusher;
  int number;
} Numbered;

typedef struct
{
  UsherMessageQueue *queue;
  GAsyncQueue *bell;
  int pusher;
} Pusher;

static gpointer
push_all (gpointer data)
{
  Pusher *self = data;

  for (int i = 0; i < N_EACH; i++)
    {
      Numbered *numbered = g_new0 (Numbered, 1);

      numbered->pusher = self->pusher;
      numbered->number = i;
      if (usher_message_queue_push (self->queue, &numbered->message))
        g_async_queue_push (self->bell, self);
    }

  return NULL;
}

/* Returns how many there were. */
static int
pop_all (UsherMessageQueue *queue,
         int next[N_PUSHERS])
{
  UsherMessage *message;
  int n = 0;

  usher_message_queue_take (queue);
  for (; (message = usher_message_queue_pop (queue)) != NULL; n++)
    {
      Numbered *numbered = USHER_OWNER (Numbered, message, message);

      g_assert_cmpint (numbered->number, ==, next[numbered->pusher]++);
      g_free (numbered);
    }

  return n;
}

/* A wake-up that is lost would let it hang. */
static void
test_threads (void)
{
  g_autoptr (GAsyncQueue) bell = g_async_queue_new ();
  UsherMessageQueue queue = { 0 };
  Pusher pushers[N_PUSHERS];
  GThread *threads[N_PUSHERS];
  int next[N_PUSHERS] = { 0 };
  int n_left = N_PUSHERS * N_EACH;

  for (int i = 0; i < N_PUSHERS; i++)
    {
      pushers[i] = (Pusher){ &queue, bell, i };
      threads[i] = g_thread_new ("pusher", push_all, &pushers[i]);
    }

  while (n_left > 0)
    {
      if (usher_message_queue_fall_asleep (&queue))
        g_async_queue_pop (bell);
      g_assert_true (usher_message_queue_wake_up (&queue));
      n_left -= pop_all (&queue, next);
    }

  for (int i = 0; i < N_PUSHERS; i++)
    g_thread_join (threads[i]);
  g_assert_cmpint (g_async_queue_length (bell), ==, 0);
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/message-queue/keeps-the-order", test_order);
  g_test_add_func ("/message-queue/pops-what-was-taken", test_taken);
  g_test_add_func ("/message-queue/takes-behind-what-was-taken", test_taken_behind);
  g_test_add_func ("/message-queue/does-not-sleep-over-what-was-taken", test_taken_awake);
  g_test_add_func ("/message-queue/has-a-sleeping-receiver-woken-once", test_sleeper);
  g_test_add_func ("/message-queue/leaves-a-receiver-that-is-awake-alone", test_awake);

  g_test_add_func ("/message-queue/takes-nothing-in-its-sleep", test_taken_asleep);
  g_test_add_func ("/message-queue/loses-nothing-of-several-threads", test_threads);

  return g_test_run ();
}
