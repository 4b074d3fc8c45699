/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/test-child.h"

struct _TestChild
{
  GObject parent_instance;

  char *name;         /* (owned) */
  GString *trace;     /* (unowned) */
  TestChildHook hook; /* (nullable) */
  gpointer hook_data;
  TestStart start;
  TestStart next_start;
  guint n_next_starts;
  TestStart answer; /* of the latest start */
  TestStop stop;
  guint64 shutdown_time_msec;

  GTask *start_task; /* (owned) (nullable): while it hangs */
  gboolean is_running;
  gboolean is_asked; /* in this life */
  guint64 serial;
};

static void test_child_child_iface_init (UsherChildInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestChild, test_child, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_CHILD,
                                                      test_child_child_iface_init))

static void
trace (TestChild *self,
       char mark)
{
  g_string_append_printf (self->trace, "%s%c%s", self->trace->len > 0 ? " " : "", mark, self->name);
  if (self->hook != NULL)
    self->hook (self, mark, self->hook_data);
}

static void
end_life (TestChild *self,
          UsherExit *exit)
{
  self->is_running = FALSE;
  usher_child_emit_exited (USHER_CHILD (self), self->serial, exit);
}

static UsherExit *
make_exit (TestChild *self,
           UsherExitKind kind)
{
  g_autoptr (GError) error = g_error_new (USHER_ERROR, USHER_ERROR_FAILED, "%s broke", self->name);

  if (kind == USHER_EXIT_NORMAL)
    return usher_exit_new_normal ();
  if (kind == USHER_EXIT_SHUTDOWN)
    return usher_exit_new_shutdown ();
  if (kind == USHER_EXIT_ERROR)
    return usher_exit_new_error (error);

  return usher_exit_new_killed ();
}

static void
on_completed (TestChild *self)
{
  if (self->is_running)
    test_child_exit (self, USHER_EXIT_ERROR);
}

static void
succeed (TestChild *self,
         GTask *task)
{
  self->is_running = TRUE;
  self->is_asked = FALSE;
  g_task_return_int (task, USHER_START_STARTED);
}

static void
on_cancelled (GCancellable *cancellable,
              TestChild *self)
{
  if (self->start_task == NULL)
    return;

  trace (self, '~');
  if (self->answer == TEST_START_STUBBORN)
    return;

  g_autoptr (GTask) task = g_steal_pointer (&self->start_task);

  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "%s was cancelled", self->name);
}

static TestStart
take_answer (TestChild *self)
{
  self->answer = self->n_next_starts > 0 ? self->next_start : self->start;
  self->n_next_starts -= MIN (self->n_next_starts, 1);

  return self->answer;
}

static void
test_child_start_async (UsherChild *child,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  TestChild *self = TEST_CHILD (child);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_assert_false (self->is_running);
  g_assert_null (self->start_task);

  g_task_set_check_cancellable (task, FALSE);
  self->serial = usher_child_get_serial (child);
  trace (self, '+');

  switch (take_answer (self))
    {
    case TEST_START_OK:
      succeed (self, task);
      break;
    case TEST_START_FAIL:
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED, "%s does not start", self->name);
      break;
    case TEST_START_IGNORE:
      g_task_return_int (task, USHER_START_IGNORED);
      break;
    case TEST_START_EXIT:
      g_signal_connect_swapped (task, "notify::completed", G_CALLBACK (on_completed), self);
      succeed (self, task);
      break;
    case TEST_START_HANG:
    case TEST_START_STUBBORN:
    default:
      self->start_task = g_steal_pointer (&task);
      if (cancellable != NULL)
        g_signal_connect_object (cancellable, "cancelled", G_CALLBACK (on_cancelled), self, 0);
    }
}

static UsherStartResult
test_child_start_finish (UsherChild *child,
                         GAsyncResult *result,
                         GError **error)
{
  gssize answer = g_task_propagate_int (G_TASK (result), error);

  return answer < 0 ? USHER_START_FAILED : (UsherStartResult) answer;
}

static UsherExit *
make_stop_exit (TestChild *self)
{
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "%s was late", self->name);

  if (self->stop == TEST_STOP_TIMED_OUT)
    return usher_exit_new_shutdown_with_error (error);
  if (self->stop == TEST_STOP_NORMAL)
    return make_exit (self, USHER_EXIT_NORMAL);

  return make_exit (self, self->stop == TEST_STOP_ERROR ? USHER_EXIT_ERROR : USHER_EXIT_SHUTDOWN);
}

static void
test_child_shutdown (UsherChild *child,
                     UsherStop why)
{
  TestChild *self = TEST_CHILD (child);

  trace (self, why == USHER_STOP_FINAL ? '=' : '-');
  self->is_asked = TRUE;
  if (!self->is_running || self->stop >= TEST_STOP_REFUSE)
    return;

  g_autoptr (UsherExit) exit = make_stop_exit (self);

  end_life (self, exit);
}

static void
test_child_kill (UsherChild *child)
{
  TestChild *self = TEST_CHILD (child);

  trace (self, '!');
  if (self->is_running && self->stop != TEST_STOP_IMMORTAL)
    test_child_exit (self, USHER_EXIT_KILLED);
}

static guint64
test_child_get_shutdown_time_msec (UsherChild *child)
{
  return TEST_CHILD (child)->shutdown_time_msec;
}

static void
test_child_child_iface_init (UsherChildInterface *iface)
{
  iface->start_async = test_child_start_async;
  iface->start_finish = test_child_start_finish;
  iface->shutdown = test_child_shutdown;
  iface->kill = test_child_kill;
  iface->get_shutdown_time_msec = test_child_get_shutdown_time_msec;
}

static void
test_child_finalize (GObject *object)
{
  TestChild *self = TEST_CHILD (object);

  g_assert_false (self->is_running);
  g_free (self->name);

  G_OBJECT_CLASS (test_child_parent_class)->finalize (object);
}

static void
test_child_class_init (TestChildClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = test_child_finalize;
}

static void
test_child_init (TestChild *self)
{
}

TestChild *
test_child_new (const char *name,
                GString *trace_string)
{
  TestChild *self = g_object_new (TEST_TYPE_CHILD, NULL);

  self->name = g_strdup (name);
  self->trace = trace_string;

  return self;
}

void
test_child_set_start (TestChild *self,
                      TestStart start)
{
  self->start = start;
}

void
test_child_set_next_starts (TestChild *self,
                            TestStart start,
                            guint count)
{
  self->next_start = start;
  self->n_next_starts = count;
}

void
test_child_set_stop (TestChild *self,
                     TestStop stop)
{
  self->stop = stop;
}

void
test_child_set_shutdown_time_msec (TestChild *self,
                                   guint64 shutdown_time_msec)
{
  self->shutdown_time_msec = shutdown_time_msec;
}

void
test_child_set_hook (TestChild *self,
                     TestChildHook hook,
                     gpointer data)
{
  self->hook = hook;
  self->hook_data = data;
}

const char *
test_child_get_name (TestChild *self)
{
  return self->name;
}

gboolean
test_child_is_running (TestChild *self)
{
  return self->is_running;
}

gboolean
test_child_is_starting (TestChild *self)
{
  return self->start_task != NULL;
}

gboolean
test_child_is_refusing (TestChild *self)
{
  return self->is_running && self->is_asked;
}

void
test_child_answer_start (TestChild *self)
{
  g_autoptr (GTask) task = g_steal_pointer (&self->start_task);

  succeed (self, task);
}

void
test_child_exit (TestChild *self,
                 UsherExitKind kind)
{
  g_autoptr (UsherExit) exit = make_exit (self, kind);

  test_child_exit_because (self, exit);
}

void
test_child_exit_because (TestChild *self,
                         UsherExit *exit)
{
  g_assert_true (self->is_running);
  end_life (self, exit);
}
