/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include "support/fake-clock.h"
#include "support/fault.h"
#include "support/iterate.h"

#include <errno.h>

/* How a run of the work ends. */
typedef enum
{
  JOB_SUCCEED,
  JOB_FAIL,
  JOB_FAIL_SILENTLY,
  JOB_CANCELLED,  /* it says so, though nobody has cancelled it */
  JOB_UNTIL_TOLD, /* it fails with what its cancellable says */
  JOB_STUBBORN,   /* it succeeds when it is released, whatever else happens */
  JOB_FAIL_TWICE, /* and then again, but not before it is released */
} Job;

typedef struct
{
  gboolean is_thread;
  Job job;         /* changed only while nothing runs */
  UsherTask *task; /* (owned) (nullable) */
  GMutex lock;
  GCond released;
  gboolean is_released; /* (locked-by lock) */
  GTask *work;          /* (owned) (nullable): unanswered, on the loop */
  guint n_runs;         /* (atomic) */
  guint n_destroyed;    /* (atomic) */
  GString *events;      /* "s" for a start's callback, "e" for an exit */
  GError *start_error;  /* (nullable) */
  UsherExit *exit;      /* (nullable): the latest */
  guint n_exits;
} Fixture;

static void
wait_for_release (Fixture *fixture)
{
  g_mutex_lock (&fixture->lock);
  while (!fixture->is_released)
    g_cond_wait (&fixture->released, &fixture->lock);
  g_mutex_unlock (&fixture->lock);
}

static void
wait_for_cancel (GCancellable *cancellable)
{
  GPollFD fd;

  g_assert_true (g_cancellable_make_pollfd (cancellable, &fd));
  g_poll (&fd, 1, -1);
  g_cancellable_release_fd (cancellable);
}

/* What every run ends with, once it has waited for what it waits for. */
static gboolean
job_end (Job job,
         GCancellable *cancellable,
         GError **error)
{
  if (job == JOB_FAIL || job == JOB_FAIL_TWICE)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BUSY, "there is a queue");
  if (job == JOB_CANCELLED)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "somebody else was cancelled");
  if (job == JOB_UNTIL_TOLD)
    g_assert_true (g_cancellable_set_error_if_cancelled (cancellable, error));

  return job == JOB_SUCCEED || job == JOB_STUBBORN;
}

/* Counts a run, and says whether it has to wait. */
static gboolean
begin_run (Fixture *fixture)
{
  int n_before = g_atomic_int_add (&fixture->n_runs, 1);

  g_main_context_wakeup (NULL);

  return fixture->job == JOB_STUBBORN || (fixture->job == JOB_FAIL_TWICE && n_before == 2);
}

static gboolean
work_in_thread (GCancellable *cancellable,
                gpointer user_data,
                GError **error)
{
  Fixture *fixture = user_data;

  if (begin_run (fixture))
    wait_for_release (fixture);
  if (fixture->job == JOB_UNTIL_TOLD)
    wait_for_cancel (cancellable);

  return job_end (fixture->job, cancellable, error);
}

static void
answer (GTask *work,
        Job job)
{
  GError *error = NULL;

  if (job_end (job, g_task_get_cancellable (work), &error) || error == NULL)
    g_task_return_boolean (work, job != JOB_FAIL_SILENTLY);
  else
    g_task_return_error (work, error);
}

static void
on_cancelled (GCancellable *cancellable,
              Fixture *fixture)
{
  g_autoptr (GTask) work = g_steal_pointer (&fixture->work);

  answer (work, JOB_UNTIL_TOLD);
}

static void
work_on_loop (GTask *work,
              gpointer user_data)
{
  Fixture *fixture = user_data;

  gboolean waits = begin_run (fixture);

  if (fixture->job == JOB_UNTIL_TOLD)
    g_signal_connect (g_task_get_cancellable (work), "cancelled", G_CALLBACK (on_cancelled), fixture);
  if (waits || fixture->job == JOB_UNTIL_TOLD)
    g_set_object (&fixture->work, work);
  else
    answer (work, fixture->job);
}

/* Lets a stubborn run end. */
static void
release (Fixture *fixture)
{
  g_autoptr (GTask) work = g_steal_pointer (&fixture->work);

  if (work != NULL)
    answer (work, fixture->job);
  g_mutex_lock (&fixture->lock);
  fixture->is_released = TRUE;
  g_cond_broadcast (&fixture->released);
  g_mutex_unlock (&fixture->lock);
}

static void
on_destroy (gpointer data)
{
  g_atomic_int_inc (&((Fixture *) data)->n_destroyed);
}

static void
on_exited (UsherChild *child,
           guint64 serial,
           UsherExit *exit,
           gpointer data)
{
  Fixture *fixture = data;

  g_assert_cmpuint (serial, ==, usher_child_get_serial (child));
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  fixture->exit = usher_exit_ref (exit);
  fixture->n_exits++;
  g_string_append_c (fixture->events, 'e');
}

static void
on_started (GObject *object,
            GAsyncResult *result,
            gpointer data)
{
  Fixture *fixture = data;
  UsherStartResult answer;

  g_clear_error (&fixture->start_error);
  answer = usher_child_start_finish (USHER_CHILD (object), result, &fixture->start_error);
  g_assert_cmpint (answer, ==, fixture->start_error == NULL ? USHER_START_STARTED : USHER_START_FAILED);
  g_string_append_c (fixture->events, 's');
}

static void
set_up (Fixture *fixture,
        gconstpointer is_thread)
{
  g_mutex_init (&fixture->lock);
  g_cond_init (&fixture->released);
  fixture->events = g_string_new (NULL);
  fixture->is_thread = GPOINTER_TO_INT (is_thread);
  fixture->task = fixture->is_thread ? usher_task_new_for_thread ("job", work_in_thread, fixture, on_destroy)
                                     : usher_task_new_for_async ("job", work_on_loop, fixture, on_destroy);
  g_signal_connect (fixture->task, "exited", G_CALLBACK (on_exited), fixture);
}

static gboolean
is_destroyed (gpointer data)
{
  return g_atomic_int_get (&((Fixture *) data)->n_destroyed) > 0;
}

static void
tear_down (Fixture *fixture,
           gconstpointer is_thread)
{
  if (fixture->task != NULL)
    g_assert_finalize_object (g_steal_pointer (&fixture->task));
  iterate_until (NULL, is_destroyed, fixture);
  iterate_pending (NULL);
  g_assert_cmpuint (fixture->n_destroyed, ==, 1);
  g_assert_null (fixture->work);
  g_clear_error (&fixture->start_error);
  g_clear_pointer (&fixture->exit, usher_exit_unref);
  g_string_free (fixture->events, TRUE);
  g_cond_clear (&fixture->released);
  g_mutex_clear (&fixture->lock);
}

static void
begin_start (Fixture *fixture,
             GCancellable *cancellable)
{
  g_string_truncate (fixture->events, 0);
  usher_child_start_async (USHER_CHILD (fixture->task), cancellable, on_started, fixture);
}

static void
start (Fixture *fixture,
       Job job)
{
  fixture->job = job;
  begin_start (fixture, NULL);
  iterate_pending (NULL);
  g_assert_no_error (fixture->start_error);
  g_assert_cmpint (fixture->events->str[0], ==, 's');
}

static gboolean
has_exited (gpointer data)
{
  return strchr (((Fixture *) data)->events->str, 'e') != NULL;
}

static void
assert_exits (Fixture *fixture,
              const char *expected)
{
  g_autofree char *line = NULL;

  iterate_until (NULL, has_exited, fixture);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "se");
  line = usher_exit_to_string (fixture->exit);
  g_assert_cmpstr (line, ==, expected);
}

static void
test_succeeds (Fixture *fixture,
               gconstpointer is_thread)
{
  for (guint i = 1; i <= 3; i++)
    {
      start (fixture, JOB_SUCCEED);
      assert_exits (fixture, "normal");
      g_assert_cmpuint (fixture->n_runs, ==, i);
    }
}

static void
test_fails (Fixture *fixture,
            gconstpointer is_thread)
{
  start (fixture, JOB_FAIL);
  assert_exits (fixture, "error: there is a queue");
  g_assert_error (usher_exit_get_error (fixture->exit), G_IO_ERROR, G_IO_ERROR_BUSY);
}

static void
test_fails_silently (Fixture *fixture,
                     gconstpointer is_thread)
{
  start (fixture, JOB_FAIL_SILENTLY);
  assert_exits (fixture, "error: The function of the task job failed without an error; it has to set one");
}

static void
test_cancelled_by_others (Fixture *fixture,
                          gconstpointer is_thread)
{
  start (fixture, JOB_CANCELLED);
  assert_exits (fixture, "error: somebody else was cancelled");
}

static void
test_shutdown (Fixture *fixture,
               gconstpointer is_thread)
{
  start (fixture, JOB_UNTIL_TOLD);
  g_assert_cmpstr (fixture->events->str, ==, "s");
  usher_child_shutdown (USHER_CHILD (fixture->task), USHER_STOP_RESTART);
  usher_child_shutdown (USHER_CHILD (fixture->task), USHER_STOP_FINAL);
  assert_exits (fixture, "shutdown");
  usher_child_shutdown (USHER_CHILD (fixture->task), USHER_STOP_FINAL);

  start (fixture, JOB_SUCCEED);
  assert_exits (fixture, "normal");
}

static void
test_shutdown_while_starting (Fixture *fixture,
                              gconstpointer is_thread)
{
  fixture->job = JOB_UNTIL_TOLD;
  begin_start (fixture, NULL);
  usher_child_shutdown (USHER_CHILD (fixture->task), USHER_STOP_FINAL);
  assert_exits (fixture, "shutdown");
}

static void
test_finishes_during_shutdown (Fixture *fixture,
                               gconstpointer is_thread)
{
  start (fixture, JOB_STUBBORN);
  usher_child_shutdown (USHER_CHILD (fixture->task), USHER_STOP_FINAL);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "s");
  release (fixture);
  assert_exits (fixture, "shutdown");
}

static void
test_kill (Fixture *fixture,
           gconstpointer is_thread)
{
  start (fixture, JOB_STUBBORN);
  usher_child_kill (USHER_CHILD (fixture->task));
  assert_exits (fixture, "killed");
  usher_child_kill (USHER_CHILD (fixture->task));
  g_assert_finalize_object (g_steal_pointer (&fixture->task));
  iterate_pending (NULL);
  g_assert_cmpuint (g_atomic_int_get (&fixture->n_destroyed), ==, 0);

  release (fixture);
  iterate_until (NULL, is_destroyed, fixture);
  g_assert_cmpuint (fixture->n_exits, ==, 1);
}

static gboolean
has_run_twice (gpointer data)
{
  return g_atomic_int_get (&((Fixture *) data)->n_runs) == 2;
}

static void
test_restart_beside_abandoned (Fixture *fixture,
                               gconstpointer is_thread)
{
  g_autoptr (GTask) abandoned = NULL;

  start (fixture, JOB_STUBBORN);
  abandoned = g_steal_pointer (&fixture->work);
  usher_child_kill (USHER_CHILD (fixture->task));
  assert_exits (fixture, "killed");

  begin_start (fixture, NULL);
  iterate_pending (NULL);
  if (abandoned != NULL)
    answer (abandoned, JOB_FAIL);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "s");
  release (fixture);
  assert_exits (fixture, "normal");
  iterate_until (NULL, has_run_twice, fixture);
}

static void
test_last_reference (Fixture *fixture,
                     gconstpointer is_thread)
{
  start (fixture, JOB_UNTIL_TOLD);
  g_assert_finalize_object (g_steal_pointer (&fixture->task));
  g_assert_cmpstr (fixture->events->str, ==, "se");
  g_assert_cmpint (usher_exit_get_kind (fixture->exit), ==, USHER_EXIT_KILLED);
}

static void
test_started_twice (Fixture *fixture,
                    gconstpointer is_thread)
{
  start (fixture, JOB_STUBBORN);
  begin_start (fixture, NULL);
  iterate_pending (NULL);
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_PENDING);
  /* The serial is the second start's by now. */
  g_signal_handlers_disconnect_by_data (fixture->task, fixture);
  release (fixture);
  g_assert_finalize_object (g_steal_pointer (&fixture->task));
}

static void
test_start_cancelled (Fixture *fixture,
                      gconstpointer is_thread)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  g_cancellable_cancel (cancellable);
  begin_start (fixture, cancellable);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "s");
  g_assert_error (fixture->start_error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (fixture->n_runs, ==, 0);
}

static void
test_no_thread (Fixture *fixture,
                gconstpointer is_thread)
{
  fault_clear ();
  fault_inject (FAULT_PTHREAD_CREATE, 0, 1, EAGAIN);
  begin_start (fixture, NULL);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "s");
  g_assert_error (fixture->start_error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
  g_assert_true (g_str_has_prefix (fixture->start_error->message, "The task job gets no thread: "));
  fault_clear ();

  start (fixture, JOB_SUCCEED);
  assert_exits (fixture, "normal");
}

static void
test_without_function (void)
{
  g_autoptr (UsherTask) task = g_object_new (USHER_TYPE_TASK, NULL);
  Fixture fixture = { .events = g_string_new (NULL) };

  g_assert_null (usher_task_get_name (task));
  usher_child_start_async (USHER_CHILD (task), NULL, on_started, &fixture);
  iterate_pending (NULL);
  g_assert_error (fixture.start_error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED);
  g_clear_error (&fixture.start_error);
  g_string_free (fixture.events, TRUE);
}

static gboolean
has_run_thrice (gpointer data)
{
  return g_atomic_int_get (&((Fixture *) data)->n_runs) == 3;
}

/* With an intensity of 2 in 5 s, two failures are forgiven when the period is over; the third one
 * within it is one too many. */
static void
test_budget (Fixture *fixture,
             gconstpointer is_thread)
{
  g_autoptr (UsherSupervisor) supervisor = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("job", USHER_CHILD (fixture->task));
  g_autoptr (GError) error = NULL;

  fake_clock_install ();
  fixture->job = JOB_FAIL_TWICE;
  usher_supervisor_set_intensity (supervisor, 2);
  usher_supervisor_add_child (supervisor, spec, &error);
  g_assert_no_error (error);
  g_signal_handlers_disconnect_by_data (fixture->task, fixture);
  g_signal_connect (supervisor, "exited", G_CALLBACK (on_exited), fixture);
  usher_child_start_async (USHER_CHILD (supervisor), NULL, on_started, fixture);
  iterate_until (NULL, has_run_thrice, fixture);
  iterate_pending (NULL);
  g_assert_cmpstr (fixture->events->str, ==, "s");

  fake_clock_advance_usec (6 * G_USEC_PER_SEC);
  release (fixture);
  assert_exits (fixture, "shutdown: supervisor “supervisor”: more than 2 restarts within 5 s; "
                         "the latest failure: child “job”: there is a queue");
  g_assert_cmpuint (fixture->n_runs, ==, 5);

  g_clear_pointer (&spec, usher_child_spec_free);
  g_assert_finalize_object (g_steal_pointer (&supervisor));
  fake_clock_remove ();
}

#define ADD(path, func)                                                                          \
  G_STMT_START                                                                                   \
  {                                                                                              \
    g_test_add ("/task/thread/" path, Fixture, GINT_TO_POINTER (TRUE), set_up, func, tear_down); \
    g_test_add ("/task/async/" path, Fixture, GINT_TO_POINTER (FALSE), set_up, func, tear_down); \
  }                                                                                              \
  G_STMT_END

int
main (int argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);

  ADD ("exits-normally-and-runs-again", test_succeeds);
  ADD ("exits-with-its-error", test_fails);
  ADD ("exits-with-an-error-even-if-none-is-set", test_fails_silently);
  ADD ("cancelled-without-shutdown-is-an-error", test_cancelled_by_others);
  ADD ("shutdown-cancels", test_shutdown);
  ADD ("shutdown-while-starting-exits-after-the-start", test_shutdown_while_starting);
  ADD ("may-finish-during-shutdown", test_finishes_during_shutdown);
  ADD ("kill-abandons", test_kill);
  ADD ("restarts-beside-an-abandoned-run", test_restart_beside_abandoned);
  ADD ("last-reference-kills", test_last_reference);
  ADD ("does-not-start-twice", test_started_twice);
  ADD ("does-not-start-cancelled", test_start_cancelled);
  ADD ("restarts-within-the-budget", test_budget);
  g_test_add ("/task/thread/start-fails-without-a-thread", Fixture, GINT_TO_POINTER (TRUE), set_up, test_no_thread, tear_down);
  g_test_add_func ("/task/start-fails-without-a-function", test_without_function);

  return g_test_run ();
}
