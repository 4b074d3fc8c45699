/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/task.h"
#include "supervision/child-private.h"
#include "supervision/life-private.h"

/**
 * UsherTask:
 *
 * A function as a child, so that any part of a program can stand in the tree.
 *
 * Every start runs the function once more: in a thread of its own, or on the loop of the
 * supervisor. How it ends decides how the task exits:
 *
 * - it succeeds: [enum@Usher.ExitKind.NORMAL];
 * - it fails: [enum@Usher.ExitKind.ERROR], with its error;
 * - after [method@Usher.Child.shutdown] it succeeds, or fails with %G_IO_ERROR_CANCELLED:
 *   [enum@Usher.ExitKind.SHUTDOWN];
 * - it is killed: [enum@Usher.ExitKind.KILLED].
 *
 * The life of a task:
 *
 * 1. The start succeeds as soon as the function has its thread, or was called on the loop. It
 *    fails if no thread is to be had.
 * 2. A shutdown cancels the function's [class@Gio.Cancellable]. The task exits when the function
 *    has ended, so a supervisor waits for it up to the limit of its
 *    [struct@Usher.ChildSpec].
 * 3. A kill cancels it as well, but waits for nothing: the task exits, and abandons the function.
 *    How that ends later is not heard. Nobody can end a thread from outside: one that does not
 *    return keeps what it uses, the user data among it, and a restart runs the function a second
 *    time beside it.
 * 4. Dropping the last reference on a task that runs kills it.
 *
 * Which restart type fits depends on the work. A cache is warmed once, and again only if that
 * failed: it is transient. The function returns when it is done.
 *
 * ```c
 * static gboolean
 * warm_cache (GCancellable *cancellable,
 *             gpointer user_data,
 *             GError **error)
 * {
 *   Cache *cache = user_data;
 *
 *   for (guint i = 0; i < cache_get_n_pages (cache); i++)
 *     if (!cache_load_page (cache, i, cancellable, error))
 *       return FALSE;
 *
 *   return TRUE;
 * }
 *
 * …
 *   g_autoptr (UsherTask) task = usher_task_new_for_thread ("warm", warm_cache, cache_ref (cache), cache_unref);
 *   g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("warm", USHER_CHILD (task));
 *
 *   usher_child_spec_set_restart (spec, USHER_RESTART_TRANSIENT);
 *   usher_supervisor_add_child (supervisor, spec, &error);
 * ```
 *
 * A periodic job never returns by itself: it is permanent. It waits for its next turn where its
 * cancellable wakes it.
 *
 * ```c
 * static gboolean
 * collect_garbage (GCancellable *cancellable,
 *                  gpointer user_data,
 *                  GError **error)
 * {
 *   while (usher_sleep_msec (60 * 1000, cancellable, error))
 *     if (!store_collect (user_data, cancellable, error))
 *       return FALSE;
 *
 *   return FALSE;
 * }
 * ```
 *
 * Threading: a task belongs to the context in which it is started. Only the function of
 * [ctor@Usher.Task.new_for_thread] runs elsewhere.
 *
 * Since: 0.1
 */

/* What every run of a task shares. An abandoned run may outlive the task. */
typedef struct
{
  UsherTaskFunc thread_func;     /* (nullable) */
  UsherTaskAsyncFunc async_func; /* (nullable) */
  gpointer user_data;
  GDestroyNotify destroy; /* (nullable) */
} Work;

/* One run of the function. It is freed when the function has ended. */
typedef struct
{
  UsherTask *task;           /* (unowned) (nullable): NULL once it is abandoned; touched by the context only */
  Work *work;                /* (owned) */
  GCancellable *cancellable; /* (owned) */
  UsherReactor *reactor;     /* (owned) */
  UsherMessage message;
  gboolean is_shutting_down;
  gboolean succeeded;
  GError *error; /* (owned) (nullable) */
} Run;

struct _UsherTask
{
  GObject parent_instance;

  char *name; /* (owned) (nullable) */
  Work *work; /* (owned) (nullable) */
  Run *run;   /* (unowned) (nullable): until its function ends or is abandoned */
  UsherLife life;
};

static void
work_clear (Work *work)
{
  if (work->destroy != NULL)
    work->destroy (work->user_data);
}

static void
work_unref (Work *work)
{
  g_atomic_rc_box_release_full (work, (GDestroyNotify) work_clear);
}

static Run *
run_new (UsherTask *self)
{
  Run *run = g_new0 (Run, 1);

  run->task = self;
  run->work = g_atomic_rc_box_acquire (self->work);
  run->cancellable = g_cancellable_new ();
  run->reactor = usher_reactor_ref (self->life.reactor);

  return run;
}

static void
run_free (Run *run)
{
  work_unref (run->work);
  g_object_unref (run->cancellable);
  usher_reactor_unref (run->reactor);
  g_clear_error (&run->error);
  g_free (run);
}

static UsherExit *
run_make_exit (Run *run)
{
  gboolean obeys = run->succeeded || g_error_matches (run->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  if (run->is_shutting_down && obeys)
    return usher_exit_new_shutdown ();
  if (run->succeeded)
    return usher_exit_new_normal ();
  if (run->error == NULL)
    run->error = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED,
                              "The function of the task %s failed without an error; it has to set one",
                              run->task->name);

  return usher_exit_new_error (run->error);
}

/* Called in the task's context, when the function has ended. */
static void
run_end (Run *run)
{
  UsherTask *self = run->task;

  if (self != NULL)
    {
      g_autoptr (UsherExit) exit = run_make_exit (run);

      self->run = NULL;
      usher_life_end (&self->life, exit);
    }

  run_free (run);
}

/* Called in the task's context. */
static void
on_returned (UsherMessage *message)
{
  run_end (USHER_OWNER (Run, message, message));
}

/* Called in the task's thread. */
static gpointer
run_main (gpointer user_data)
{
  Run *run = user_data;

  run->succeeded = run->work->thread_func (run->cancellable, run->work->user_data, &run->error);
  usher_reactor_post (run->reactor, &run->message, on_returned);

  return NULL;
}

/* Called in the task's context. */
static void
on_answered (GObject *object,
             GAsyncResult *result,
             gpointer user_data)
{
  Run *run = user_data;

  run->succeeded = g_task_propagate_boolean (G_TASK (result), &run->error);
  run_end (run);
}

static gboolean
run_start_thread (Run *run,
                  GError **error)
{
  /* What Linux has room for; it would refuse a longer name. */
  g_autofree char *thread_name = g_strndup (run->task->name, 15);
  GThread *thread = g_thread_try_new (thread_name, run_main, run, error);

  if (thread == NULL)
    return FALSE;

  g_thread_unref (thread);
  return TRUE;
}

static void
run_start_async (Run *run)
{
  g_autoptr (GTask) work = g_task_new (NULL, run->cancellable, on_answered, run);

  g_task_set_source_tag (work, run_start_async);
  /* What the function answers counts, as it does in a thread. */
  g_task_set_check_cancellable (work, FALSE);
  run->work->async_func (work, run->work->user_data);
}

/* The function goes on without us. */
static void
task_abandon (UsherTask *self,
              void (*end) (UsherLife *life, UsherExit *exit))
{
  Run *run = g_steal_pointer (&self->run);

  if (run == NULL)
    return;

  g_autoptr (GCancellable) cancellable = g_object_ref (run->cancellable);
  g_autoptr (UsherExit) exit = usher_exit_new_killed ();

  run->task = NULL;
  end (&self->life, exit);
  g_cancellable_cancel (cancellable);
}

static gboolean
task_check_start (UsherTask *self,
                  GError **error)
{
  if (self->work != NULL)
    return TRUE;

  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_INITIALIZED,
                       "The task has no function; make it with one of its constructors");
  return FALSE;
}

static gboolean
task_begin_thread (UsherTask *self,
                   GError **error)
{
  if (run_start_thread (self->run, error))
    return TRUE;

  g_prefix_error (error, "The task %s gets no thread: ", self->name);
  g_clear_pointer (&self->run, run_free);
  usher_life_forget (&self->life);
  return FALSE;
}

static void
usher_task_start_async (UsherChild *child,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  UsherTask *self = USHER_TASK (child);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  g_autoptr (GError) error = NULL;

  g_task_set_source_tag (task, usher_task_start_async);
  /* Once the function runs the task has started, and has an exit to tell of. */
  g_task_set_check_cancellable (task, FALSE);

  if (g_task_return_error_if_cancelled (task))
    return;
  if (!task_check_start (self, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  usher_life_begin (&self->life, task);
  self->run = run_new (self);
  if (self->work->thread_func != NULL && !task_begin_thread (self, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  g_task_return_int (task, USHER_START_STARTED);
  if (self->work->async_func != NULL)
    run_start_async (self->run);
}

static UsherStartResult
usher_task_start_finish (UsherChild *child,
                         GAsyncResult *result,
                         GError **error)
{
  return usher_child_propagate_start (result, error);
}

static void
usher_task_shutdown (UsherChild *child,
                     UsherStop why)
{
  Run *run = USHER_TASK (child)->run;

  if (run == NULL)
    return;

  g_autoptr (GCancellable) cancellable = g_object_ref (run->cancellable);

  run->is_shutting_down = TRUE;
  g_cancellable_cancel (cancellable);
}

static void
usher_task_kill (UsherChild *child)
{
  task_abandon (USHER_TASK (child), usher_life_end);
}

static void
usher_task_child_iface_init (UsherChildInterface *iface)
{
  iface->start_async = usher_task_start_async;
  iface->start_finish = usher_task_start_finish;
  iface->shutdown = usher_task_shutdown;
  iface->kill = usher_task_kill;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherTask, usher_task, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_CHILD, usher_task_child_iface_init))

static void
usher_task_dispose (GObject *object)
{
  task_abandon (USHER_TASK (object), usher_life_end_now);

  G_OBJECT_CLASS (usher_task_parent_class)->dispose (object);
}

static void
usher_task_finalize (GObject *object)
{
  UsherTask *self = USHER_TASK (object);

  g_clear_pointer (&self->work, work_unref);
  g_free (self->name);

  G_OBJECT_CLASS (usher_task_parent_class)->finalize (object);
}

static void
usher_task_class_init (UsherTaskClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = usher_task_dispose;
  object_class->finalize = usher_task_finalize;
}

static void
usher_task_init (UsherTask *self)
{
}

static UsherTask *
task_new (const char *name,
          gpointer user_data,
          GDestroyNotify destroy)
{
  UsherTask *self = g_object_new (USHER_TYPE_TASK, NULL);

  self->name = g_strdup (name);
  self->work = g_atomic_rc_box_new0 (Work);
  self->work->user_data = user_data;
  self->work->destroy = destroy;

  return self;
}

/**
 * usher_task_new_for_thread:
 * @name: what it is called in errors, not empty; its threads have the first 15 bytes as their name
 * @func: (scope notified) (closure user_data) (destroy destroy): the work
 * @user_data: given to @func
 * @destroy: (nullable): frees @user_data, when the task is gone and no thread uses it any more
 *
 * Makes a task whose function runs in a new thread for every start. A start fails with the
 * #GThreadError if there is no thread to be had.
 *
 * Returns: (transfer full): a task that does not run
 *
 * Since: 0.1
 */
UsherTask *
usher_task_new_for_thread (const char *name,
                           UsherTaskFunc func,
                           gpointer user_data,
                           GDestroyNotify destroy)
{
  g_return_val_if_fail (name != NULL && *name != '\0', NULL);
  g_return_val_if_fail (func != NULL, NULL);

  UsherTask *self = task_new (name, user_data, destroy);

  self->work->thread_func = func;
  return self;
}

/**
 * usher_task_new_for_async:
 * @name: what it is called in errors; not empty
 * @func: (scope notified) (closure user_data) (destroy destroy): begins the work
 * @user_data: given to @func
 * @destroy: (nullable): frees @user_data, when the task is gone and no run is unanswered
 *
 * Makes a task whose function works on the loop, in the context in which the task is started.
 *
 * @func is given a #GTask to answer to, so that it can call any asynchronous function, and one
 * more callback is all that it needs.
 *
 * ```c
 * static void
 * on_fetched (GObject *object,
 *             GAsyncResult *result,
 *             gpointer user_data)
 * {
 *   g_autoptr (GTask) work = user_data;
 *   GError *error = NULL;
 *
 *   if (feed_fetch_finish (FEED (object), result, &error))
 *     g_task_return_boolean (work, TRUE);
 *   else
 *     g_task_return_error (work, error);
 * }
 *
 * static void
 * fetch (GTask *work,
 *        gpointer user_data)
 * {
 *   feed_fetch_async (user_data, g_task_get_cancellable (work), on_fetched, g_object_ref (work));
 * }
 * ```
 *
 * Returns: (transfer full): a task that does not run
 *
 * Since: 0.1
 */
UsherTask *
usher_task_new_for_async (const char *name,
                          UsherTaskAsyncFunc func,
                          gpointer user_data,
                          GDestroyNotify destroy)
{
  g_return_val_if_fail (name != NULL && *name != '\0', NULL);
  g_return_val_if_fail (func != NULL, NULL);

  UsherTask *self = task_new (name, user_data, destroy);

  self->work->async_func = func;
  return self;
}

/**
 * usher_task_get_name:
 * @self: a task
 *
 * Gets the name that the task was made with.
 *
 * Returns: (nullable): the name; %NULL for a task that was made without a constructor
 *
 * Since: 0.1
 */
const char *
usher_task_get_name (UsherTask *self)
{
  g_return_val_if_fail (USHER_IS_TASK (self), NULL);

  return self->name;
}
