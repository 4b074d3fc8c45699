/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <glib-unix.h>
#include <locale.h>
#include <unistd.h>

#include <usher/usher.h>

/* A small application that is nothing but its tree, and shows it while it works:
 *
 *   tree            rest for one: what stands below depends on what stands above
 *     screen        draws the tree, from first to last
 *     timer         significant: when the time is over, the tree has nothing more to do
 *     config        reads what the workers need to know; again on SIGHUP
 *     workers       one for one, with a budget of its own
 *       worker-1    does jobs, and fails at random
 *       …
 */

typedef struct
{
  UsherSupervisor *root; /* (unowned) */
  GHashTable *exits;     /* (owned) (element-type Usher.Child utf8): how each ended last */
  GPtrArray *rows;       /* (owned) (element-type utf8): what is on the screen */
  UsherChild *exiting;   /* (unowned) (nullable): it ends at this moment */
  gboolean is_terminal;
  int n_failures;
} App;

/* The options. */

#define REDRAW_MSEC 100

static int n_workers = 3;
static double failure_rate = 0.05;
static int job_msec = 500;
static int seed = -1;
static int intensity = 3;
static int period_msec = 5000;
static int delay_msec = 0;
static int max_failures = -1;
static int duration_msec = -1;
static char *config_path = NULL;

static const GOptionEntry entries[] = {
  { "workers", 'w', 0, G_OPTION_ARG_INT, &n_workers, "Have N workers (3)", "N" },
  { "rate", 'r', 0, G_OPTION_ARG_DOUBLE, &failure_rate, "Let a job fail with the probability P (0.05)", "P" },
  { "job", 'j', 0, G_OPTION_ARG_INT, &job_msec, "Let a job take MSEC (500)", "MSEC" },
  { "seed", 's', 0, G_OPTION_ARG_INT, &seed, "Fail in the same way as last time", "N" },
  { "intensity", 'i', 0, G_OPTION_ARG_INT, &intensity, "Allow N restarts of workers in a period (3)", "N" },
  { "period", 'p', 0, G_OPTION_ARG_INT, &period_msec, "Count the restarts of the last MSEC (5000)", "MSEC" },
  { "delay", 'D', 0, G_OPTION_ARG_INT, &delay_msec, "Wait before a restart, for MSEC at first (0)", "MSEC" },
  { "failures", 'f', 0, G_OPTION_ARG_INT, &max_failures, "End with the Nth failure of a worker", "N" },
  { "duration", 'd', 0, G_OPTION_ARG_INT, &duration_msec, "End after MSEC", "MSEC" },
  { "config", 'c', 0, G_OPTION_ARG_FILENAME, &config_path, "Read rate= of [workers] from FILE, again on SIGHUP", "FILE" },
  G_OPTION_ENTRY_NULL
};

static gboolean
check_options (GError **error)
{
  if (n_workers >= 0 && job_msec >= 0 && intensity >= 0 && period_msec > 0 && delay_msec >= 0)
    return TRUE;

  g_set_error_literal (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                       "The period has to be positive, and the other numbers cannot be negative");
  return FALSE;
}

/* Drawing. On a terminal the picture is drawn over the last one; elsewhere a row is printed
 * whenever it changes. */

static const char *const states[] = {
  [USHER_CHILD_STOPPED] = "stopped",
  [USHER_CHILD_STARTING] = "starting",
  [USHER_CHILD_RUNNING] = "running",
  [USHER_CHILD_STOPPING] = "stopping",
  [USHER_CHILD_RESTARTING] = "restarting",
};

static char *
describe (App *app,
          UsherChildInfo *info,
          int indent)
{
  UsherChild *child = usher_child_info_get_child (info);
  const char *state = child == app->exiting ? "exited" : states[usher_child_info_get_state (info)];
  const char *exit = g_hash_table_lookup (app->exits, child);

  return g_strdup_printf ("%*s%-*s %-10s  starts: %" G_GUINT64_FORMAT "%s%s", indent, "", 16 - indent,
                          usher_child_info_get_id (info), state, usher_child_get_serial (child),
                          exit != NULL ? "\tlast exit: " : "", exit != NULL ? exit : "");
}

static void
describe_children (App *app,
                   GPtrArray *rows,
                   UsherSupervisor *supervisor,
                   int indent)
{
  g_autoptr (GPtrArray) children = usher_supervisor_which_children (supervisor);

  /* Who was added last comes first. */
  for (guint i = children->len; i > 0; i--)
    {
      UsherChildInfo *info = children->pdata[i - 1];
      UsherChild *child = usher_child_info_get_child (info);

      g_ptr_array_add (rows, describe (app, info, indent));
      if (USHER_IS_SUPERVISOR (child))
        describe_children (app, rows, USHER_SUPERVISOR (child), indent + 2);
    }
}

static void
draw (App *app)
{
  g_autoptr (GPtrArray) before = g_steal_pointer (&app->rows);

  app->rows = g_ptr_array_new_with_free_func (g_free);
  describe_children (app, app->rows, app->root, 0);

  /* Back to the first row, and do not wrap long ones. */
  if (app->is_terminal && before->len > 0)
    g_print ("\033[%uA", before->len);
  for (guint i = 0; i < app->rows->len; i++)
    if (app->is_terminal)
      g_print ("\033[?7l%s\033[K\033[?7h\n", (char *) app->rows->pdata[i]);
    else if (i >= before->len || !g_str_equal (app->rows->pdata[i], before->pdata[i]))
      g_print ("%s\n", (char *) app->rows->pdata[i]);
}

static void
on_exited (UsherChild *child,
           guint64 serial,
           UsherExit *exit,
           App *app)
{
  g_hash_table_replace (app->exits, child, usher_exit_to_string (exit));
  app->exiting = child;
  draw (app);
  app->exiting = NULL;

  if (usher_exit_is_abnormal (exit) && ++app->n_failures == max_failures)
    usher_child_shutdown (USHER_CHILD (app->root), USHER_STOP_FINAL);
}

/* Reports would be scribbled over the picture, which shows the same. */
static GLogWriterOutput
write_log (GLogLevelFlags level,
           const GLogField *fields,
           gsize n_fields,
           gpointer user_data)
{
  if (level == G_LOG_LEVEL_MESSAGE && isatty (STDERR_FILENO))
    return G_LOG_WRITER_HANDLED;

  return g_log_writer_default (level, fields, n_fields, user_data);
}

/* Tasks on the loop. They must not block, and answer when they have done their work. */

/* Calls `func` when the source is ready, or the task is asked to shut down. */
static void
await (GTask *work,
       GSource *source,
       GSourceFunc func)
{
  g_autoptr (GSource) cancelled = g_cancellable_source_new (g_task_get_cancellable (work));

  g_source_set_dummy_callback (cancelled);
  g_source_add_child_source (source, cancelled);
  g_task_attach_source (work, source, func);
  g_source_unref (source);
}

static gboolean
on_redraw (gpointer work)
{
  if (g_task_return_error_if_cancelled (work))
    return G_SOURCE_REMOVE;

  draw (g_task_get_task_data (work));
  return G_SOURCE_CONTINUE;
}

static void
show (GTask *work,
      gpointer user_data)
{
  g_task_set_task_data (work, user_data, NULL);
  await (work, g_timeout_source_new (REDRAW_MSEC), on_redraw);
}

static gboolean
on_over (gpointer work)
{
  if (!g_task_return_error_if_cancelled (work))
    g_task_return_boolean (work, TRUE);

  return G_SOURCE_REMOVE;
}

static void
wait_for_the_end (GTask *work,
                  gpointer user_data)
{
  await (work, g_timeout_source_new (duration_msec), on_over);
}

static void
read_config (GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  if (g_key_file_load_from_file (file, config_path, G_KEY_FILE_NONE, error))
    failure_rate = g_key_file_get_double (file, "workers", "rate", error);
}

/* It needs no lock: the workers start after this has returned, and have ended before it is called
 * again. */
static void
configure (GTask *work,
           gpointer user_data)
{
  GError *error = NULL;

  if (config_path != NULL)
    read_config (&error);

  if (error != NULL)
    g_task_return_error (work, error);
  else
    await (work, g_unix_signal_source_new (SIGHUP), on_over);
}

/* A task in a thread. It may block, but not where its cancellable cannot wake it. */

typedef struct
{
  GRand *random; /* (owned) */
  guint n_jobs;
} Worker;

static void
worker_free (gpointer data)
{
  Worker *worker = data;

  g_rand_free (worker->random);
  g_free (worker);
}

static gboolean
work (GCancellable *cancellable,
      gpointer user_data,
      GError **error)
{
  Worker *worker = user_data;

  while (usher_sleep_msec (job_msec, cancellable, error))
    {
      worker->n_jobs++;
      if (g_rand_double (worker->random) < failure_rate)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "job %u failed", worker->n_jobs);
          return FALSE;
        }
    }

  return FALSE;
}

/* The tree. */

static gboolean
add (App *app,
     UsherSupervisor *supervisor,
     const UsherChildSpec *spec,
     GError **error)
{
  g_signal_connect (usher_child_spec_get_child (spec), "exited", G_CALLBACK (on_exited), app);
  return usher_supervisor_add_child (supervisor, spec, error);
}

/* Permanent, like all that is expected to run for ever. */
static gboolean
add_task (App *app,
          const char *name,
          UsherTaskAsyncFunc func,
          GError **error)
{
  g_autoptr (UsherTask) task = usher_task_new_for_async (name, func, app, NULL);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new (name, USHER_CHILD (task));

  return add (app, app->root, spec, error);
}

static gboolean
add_worker (App *app,
            UsherSupervisor *workers,
            int number,
            GError **error)
{
  g_autofree char *name = g_strdup_printf ("worker-%d", number);
  Worker *worker = g_new0 (Worker, 1);
  g_autoptr (UsherTask) task = usher_task_new_for_thread (name, work, worker, worker_free);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new (name, USHER_CHILD (task));

  worker->random = seed < 0 ? g_rand_new () : g_rand_new_with_seed (seed + number);
  usher_child_spec_set_restart_delay (spec, delay_msec, 16 * delay_msec, 0.5);

  return add (app, workers, spec, error);
}

/* Workers that fail too often end this supervisor; the root starts it again. When that happens too
 * often, the root ends as well. */
static gboolean
add_workers (App *app,
             GError **error)
{
  g_autoptr (UsherSupervisor) workers = usher_supervisor_new (USHER_STRATEGY_ONE_FOR_ONE);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("workers", USHER_CHILD (workers));

  usher_supervisor_set_name (workers, "workers");
  usher_supervisor_set_intensity (workers, intensity);
  usher_supervisor_set_period_msec (workers, period_msec);
  for (int i = 1; i <= n_workers; i++)
    if (!add_worker (app, workers, i, error))
      return FALSE;

  return add (app, app->root, spec, error);
}

static gboolean
add_timer (App *app,
           GError **error)
{
  g_autoptr (UsherTask) task = usher_task_new_for_async ("timer", wait_for_the_end, app, NULL);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new ("timer", USHER_CHILD (task));

  usher_child_spec_set_restart (spec, USHER_RESTART_TRANSIENT);
  usher_child_spec_set_significant (spec, TRUE);
  usher_supervisor_set_auto_shutdown (app->root, USHER_AUTO_SHUTDOWN_ANY_SIGNIFICANT);

  return add (app, app->root, spec, error);
}

static gboolean
run (GError **error)
{
  g_autoptr (UsherSupervisor) root = usher_supervisor_new (USHER_STRATEGY_REST_FOR_ONE);
  g_autoptr (GHashTable) exits = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  App app = { .root = root, .exits = exits, .is_terminal = isatty (STDOUT_FILENO) };
  gboolean ok;

  app.rows = g_ptr_array_new_with_free_func (g_free);
  if (app.is_terminal)
    g_log_set_writer_func (write_log, NULL, NULL);

  usher_supervisor_set_name (root, "tree");
  ok = add_task (&app, "screen", show, error) && (duration_msec < 0 || add_timer (&app, error)) &&
       add_task (&app, "config", configure, error) && add_workers (&app, error) &&
       usher_supervisor_run (root, error);

  g_ptr_array_unref (app.rows);
  return ok;
}

int
main (int argc, char *argv[])
{
  g_autoptr (GOptionContext) options = g_option_context_new ("- a small application tree");
  g_autoptr (GError) error = NULL;

  setlocale (LC_ALL, "");
  g_option_context_add_main_entries (options, entries, NULL);
  if (g_option_context_parse (options, &argc, &argv, &error) && check_options (&error) && run (&error))
    return 0;

  g_printerr ("tree: %s\n", error->message);
  return 1;
}
