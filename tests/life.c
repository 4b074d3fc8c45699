/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "supervision/child-private.h"
#include "supervision/life-private.h"

#include "support/iterate.h"

/* A child that does nothing but live. */

#define TEST_TYPE_CHILD (test_child_get_type ())
G_DECLARE_FINAL_TYPE (TestChild, test_child, TEST, CHILD, GObject)

struct _TestChild
{
  GObject parent_instance;
  UsherLife life;
};

static void
test_child_start_async (UsherChild *child,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (child, cancellable, callback, user_data);

  usher_life_begin (&TEST_CHILD (child)->life, task);
  g_task_return_int (task, USHER_START_STARTED);
}

static UsherStartResult
test_child_start_finish (UsherChild *child,
                         GAsyncResult *result,
                         GError **error)
{
  return usher_child_propagate_start (result, error);
}

static void
test_child_iface_init (UsherChildInterface *iface)
{
  iface->start_async = test_child_start_async;
  iface->start_finish = test_child_start_finish;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestChild, test_child, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_CHILD, test_child_iface_init))

static void
test_child_class_init (TestChildClass *klass)
{
}

static void
test_child_init (TestChild *self)
{
}

/* The fixture: in the order in which it happened, "s" for a start's callback and "e" for an exit. */

typedef struct
{
  TestChild *child; /* (owned) */
  GString *events;  /* (owned) */
  guint64 serial;
  UsherExit *exit; /* (owned) (nullable): the latest */
} Fixture;

static void
on_exited (UsherChild *child,
           guint64 serial,
           UsherExit *exit,
           gpointer user_data)
{
  Fixture *fixture = user_data;

  g_assert_null (fixture->child->life.reactor);
  g_string_append_c (fixture->events, 'e');
  fixture->serial = serial;
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  fixture->exit = usher_exit_ref (exit);
}

static void
on_started (GObject *object,
            GAsyncResult *result,
            gpointer user_data)
{
  Fixture *fixture = user_data;

  usher_child_start_finish (USHER_CHILD (object), result, NULL);
  g_string_append_c (fixture->events, 's');
}

static void
set_up (Fixture *fixture,
        gconstpointer data)
{
  fixture->events = g_string_new (NULL);
  fixture->child = g_object_new (TEST_TYPE_CHILD, NULL);
  g_signal_connect (fixture->child, "exited", G_CALLBACK (on_exited), fixture);
}

static void
tear_down (Fixture *fixture,
           gconstpointer data)
{
  g_assert_finalize_object (fixture->child);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  g_string_free (fixture->events, TRUE);
}

static void
start (Fixture *fixture)
{
  usher_child_start_async (USHER_CHILD (fixture->child), NULL, on_started, fixture);
}

static void
end (Fixture *fixture)
{
  g_autoptr (UsherExit) exit = usher_exit_new_normal ();

  usher_life_end (&fixture->child->life, exit);
}

static void
test_end (Fixture *fixture,
          gconstpointer data)
{
  for (guint64 serial = 1; serial <= 3; serial++)
    {
      g_string_truncate (fixture->events, 0);
      start (fixture);
      iterate_pending (NULL);
      g_assert_cmpstr (fixture->events->str, ==, "s");
      g_assert_nonnull (fixture->child->life.reactor);

      end (fixture);
      g_assert_cmpstr (fixture->events->str, ==, "s");
      iterate_pending (NULL);
      g_assert_cmpstr (fixture->events->str, ==, "se");
      g_assert_cmpuint (fixture->serial, ==, serial);
      g_assert_cmpint (usher_exit_get_kind (fixture->exit), ==, USHER_EXIT_NORMAL);
    }
}

static void
test_end_while_starting (Fixture *fixture,
                         gconstpointer data)
{
  start (fixture);
  end (fixture);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "se");
}

static void
end_in_callback (GObject *object,
                 GAsyncResult *result,
                 gpointer user_data)
{
  Fixture *fixture = user_data;

  end (fixture);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_cmpstr (fixture->events->str, ==, "");
  g_string_append_c (fixture->events, 's');
}

static void
test_end_in_callback (Fixture *fixture,
                      gconstpointer data)
{
  usher_child_start_async (USHER_CHILD (fixture->child), NULL, end_in_callback, fixture);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "se");
}

static void
test_end_twice (Fixture *fixture,
                gconstpointer data)
{
  g_autoptr (UsherExit) killed = usher_exit_new_killed ();

  start (fixture);
  iterate_pending (NULL);
  end (fixture);
  usher_life_end (&fixture->child->life, killed);
  usher_life_end_now (&fixture->child->life, killed);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "se");
  g_assert_cmpint (usher_exit_get_kind (fixture->exit), ==, USHER_EXIT_NORMAL);
  end (fixture);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "se");
}

static void
test_never_begun (Fixture *fixture,
                  gconstpointer data)
{
  end (fixture);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "");
}

static void
test_forget (Fixture *fixture,
             gconstpointer data)
{
  start (fixture);
  end (fixture);
  usher_life_forget (&fixture->child->life);
  g_assert_null (fixture->child->life.reactor);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "s");
}

static void
test_end_now (Fixture *fixture,
              gconstpointer data)
{
  g_autoptr (UsherExit) killed = usher_exit_new_killed ();

  start (fixture);
  iterate_pending (NULL);
  usher_life_end_now (&fixture->child->life, killed);
  g_assert_cmpstr (fixture->events->str, ==, "se");
  g_assert_cmpint (usher_exit_get_kind (fixture->exit), ==, USHER_EXIT_KILLED);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "se");
}

static void
test_context (Fixture *fixture,
              gconstpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  start (fixture);
  g_main_context_pop_thread_default (context);

  iterate_pending (context);
  end (fixture);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "s");
  iterate_pending (context);
  g_assert_cmpstr (fixture->events->str, ==, "se");
}

static void
restart_once (UsherChild *child,
              guint64 serial,
              UsherExit *exit,
              gpointer user_data)
{
  if (serial == 1)
    start (user_data);
}

static void
test_restart_in_exited (Fixture *fixture,
                        gconstpointer data)
{
  g_signal_connect (fixture->child, "exited", G_CALLBACK (restart_once), fixture);
  start (fixture);
  end (fixture);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "ses");
  end (fixture);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "sese");
  g_assert_cmpuint (fixture->serial, ==, 2);
}

#define ADD(path, func) \
  g_test_add ("/life/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  ADD ("ends-with-one-exit", test_end);
  ADD ("may-end-while-it-starts", test_end_while_starting);
  ADD ("does-not-exit-before-the-callback-is-over", test_end_in_callback);
  ADD ("ends-once", test_end_twice);
  ADD ("does-not-end-before-it-begins", test_never_begun);
  ADD ("is-forgotten-when-the-start-fails", test_forget);
  ADD ("can-end-now", test_end_now);
  ADD ("exits-in-the-context-of-the-start", test_context);
  ADD ("may-begin-again-in-a-handler-of-its-exit", test_restart_in_exited);

  return g_test_run ();
}
