/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include <usher/usher.h>

#include <malloc.h>
#include <time.h>

/* What a child of a simple-one-for-one supervisor costs, with few of them and with many: to start
 * it, to have it exit by itself, to stop it with all the others, and in memory. The child itself does
 * nothing, so that the cost is the supervisor's. */

#define N_COUNTS 1000
#define N_AT_ONCE 64

#define TYPE_LEAF (leaf_get_type ())
G_DECLARE_FINAL_TYPE (Leaf, leaf, LEAF, LEAF, GObject)

struct _Leaf
{
  GObject parent_instance;
};

static void
leaf_start_async (UsherChild *child,
                  GCancellable *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (child, NULL, callback, user_data);

  g_task_return_int (task, USHER_START_STARTED);
}

static UsherStartResult
leaf_start_finish (UsherChild *child,
                   GAsyncResult *result,
                   GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static void
leaf_exit (UsherChild *child)
{
  g_autoptr (UsherExit) exit = usher_exit_new_shutdown ();

  usher_child_emit_exited (child, usher_child_get_serial (child), exit);
}

static void
leaf_shutdown (UsherChild *child,
               UsherStop why)
{
  leaf_exit (child);
}

static void
leaf_child_iface_init (UsherChildInterface *iface)
{
  iface->start_async = leaf_start_async;
  iface->start_finish = leaf_start_finish;
  iface->shutdown = leaf_shutdown;
  iface->kill = leaf_exit;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (Leaf, leaf, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_CHILD, leaf_child_iface_init))

static void
leaf_class_init (LeafClass *klass)
{
}

static void
leaf_init (Leaf *self)
{
}

static UsherChild *
make_leaf (GVariant *argument,
           gpointer data,
           GError **error)
{
  return g_object_new (TYPE_LEAF, NULL);
}

typedef enum
{
  COST_START,
  COST_COUNT,
  COST_EXIT,
  COST_STOP,
  N_COSTS,
} Cost;

/* Nanoseconds a child; to count, nanoseconds. */
typedef double Costs[N_COSTS];

/* One supervisor, from its start to its end. */
typedef struct
{
  UsherSupervisor *supervisor; /* (owned) */
  GPtrArray *children;         /* (element-type UsherChild) (unowned) */
  guint n_children;
  gboolean is_up;
  double *costs; /* are added to */
  double bytes;  /* a child, of those that were started first */
} Run;

static gint64
cpu_nsec (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);

  return now.tv_sec * G_GINT64_CONSTANT (1000000000) + now.tv_nsec;
}

static double
used_bytes (void)
{
  struct mallinfo2 info = mallinfo2 ();

  return info.uordblks + info.hblkhd;
}

static void
on_up (GObject *object,
       GAsyncResult *result,
       gpointer data)
{
  Run *run = data;

  run->is_up = usher_child_start_finish (USHER_CHILD (object), result, NULL) == USHER_START_STARTED;
}

static void
on_exited (UsherChild *child,
           guint64 serial,
           UsherExit *exit,
           Run *run)
{
  run->is_up = FALSE;
}

static void on_child_started (GObject *object,
                              GAsyncResult *result,
                              gpointer data);

static void
start_next (Run *run)
{
  usher_supervisor_start_child_with_argument_async (run->supervisor, NULL, NULL, on_child_started, run);
}

static void
on_child_started (GObject *object,
                  GAsyncResult *result,
                  gpointer data)
{
  Run *run = data;
  g_autoptr (UsherChild) child = NULL;

  usher_supervisor_start_child_with_argument_finish (run->supervisor, result, &child, NULL);
  g_ptr_array_add (run->children, child);
  if (run->children->len < run->n_children)
    start_next (run);
}

static void
start_children (Run *run)
{
  double before = used_bytes ();
  gint64 begin = cpu_nsec ();

  g_ptr_array_set_size (run->children, 0);
  start_next (run);
  while (run->children->len < run->n_children)
    g_main_context_iteration (NULL, TRUE);
  run->costs[COST_START] += (double) (cpu_nsec () - begin) / run->n_children;
  if (run->bytes == 0)
    run->bytes = (used_bytes () - before) / run->n_children;
}

/* The children that are left. */
static guint
count (Run *run)
{
  UsherChildCounts counts;

  usher_supervisor_count_children (run->supervisor, &counts);

  return counts.n_workers;
}

static void
count_children (Run *run)
{
  gint64 begin = cpu_nsec ();

  for (guint i = 0; i < N_COUNTS; i++)
    g_assert_cmpuint (count (run), ==, run->n_children);
  run->costs[COST_COUNT] += (double) (cpu_nsec () - begin) / N_COUNTS;
}

/* They do not all exit in one moment. */
static void
exit_children (Run *run)
{
  gint64 begin = cpu_nsec ();

  for (guint i = 0; i < run->n_children; i++)
    {
      leaf_exit (g_ptr_array_index (run->children, i));
      if (i % N_AT_ONCE == 0)
        g_main_context_iteration (NULL, FALSE);
    }
  while (count (run) > 0)
    g_main_context_iteration (NULL, FALSE);
  run->costs[COST_EXIT] += (double) (cpu_nsec () - begin) / run->n_children;
}

static void
stop (Run *run)
{
  gint64 begin = cpu_nsec ();

  usher_child_shutdown (USHER_CHILD (run->supervisor), USHER_STOP_FINAL);
  while (run->is_up)
    g_main_context_iteration (NULL, TRUE);
  run->costs[COST_STOP] += (double) (cpu_nsec () - begin) / run->n_children;
}

/* Returns how many bytes a child took, the child included. */
static double
live (guint n_children,
      double *costs)
{
  g_autoptr (UsherSupervisor) supervisor = usher_supervisor_new (USHER_STRATEGY_SIMPLE_ONE_FOR_ONE);
  g_autoptr (GPtrArray) children = g_ptr_array_sized_new (n_children);
  g_autoptr (UsherChildSpec) spec = usher_child_spec_new_with_factory ("leaf", make_leaf, NULL, NULL);
  Run run = {
    .supervisor = supervisor,
    .children = children,
    .n_children = n_children,
    .costs = costs,
  };

  usher_child_spec_set_restart (spec, USHER_RESTART_TEMPORARY);
  usher_supervisor_add_child (supervisor, spec, NULL);
  g_signal_connect (supervisor, "exited", G_CALLBACK (on_exited), &run);
  usher_child_start_async (USHER_CHILD (supervisor), NULL, on_up, &run);
  while (!run.is_up)
    g_main_context_iteration (NULL, TRUE);

  start_children (&run);
  count_children (&run);
  exit_children (&run);
  start_children (&run);
  stop (&run);

  return run.bytes;
}

/* As many children in all, whatever their number at a time. */
static void
measure (guint n_children,
         guint n_all,
         double *costs)
{
  guint n_runs = MAX (n_all / n_children, 1);

  memset (costs, 0, N_COSTS * sizeof *costs);
  for (guint i = 0; i < n_runs; i++)
    live (n_children, costs);
  for (Cost cost = 0; cost < N_COSTS; cost++)
    costs[cost] /= n_runs;
  /* They were started twice. */
  costs[COST_START] /= 2;
}

static int
compare (gconstpointer a,
         gconstpointer b)
{
  const double *x = a;
  const double *y = b;

  return (*x > *y) - (*x < *y);
}

static double
get_median (double *values,
            guint n_values)
{
  qsort (values, n_values, sizeof *values, compare);

  return values[n_values / 2];
}

static void
print_cost (Cost cost,
            const Costs *few,
            const Costs *many,
            guint n_rounds)
{
  const char *const names[N_COSTS] = {
    [COST_START] = "start, ns a child",
    [COST_COUNT] = "count all of them, ns",
    [COST_EXIT] = "exit by itself, ns a child",
    [COST_STOP] = "stop with all others, ns a child",
  };
  g_autofree double *of_few = g_new (double, n_rounds);
  g_autofree double *of_many = g_new (double, n_rounds);
  g_autofree double *ratios = g_new (double, n_rounds);

  for (guint i = 0; i < n_rounds; i++)
    {
      of_few[i] = few[i][cost];
      of_many[i] = many[i][cost];
      ratios[i] = of_many[i] / of_few[i];
    }
  g_print ("%-34s %10.2f %10.2f %8.2f\n", names[cost], get_median (of_few, n_rounds),
           get_median (of_many, n_rounds), get_median (ratios, n_rounds));
}

int
main (int argc,
      char *argv[])
{
  gboolean is_smoke = argc > 1 && g_str_equal (argv[1], "--smoke");
  guint n_few = is_smoke ? 10 : 1000;
  guint n_many = is_smoke ? 1000 : 100000;
  guint n_rounds = is_smoke ? 1 : 9;
  g_autofree Costs *few = g_new0 (Costs, n_rounds);
  g_autofree Costs *many = g_new0 (Costs, n_rounds);
  double bytes;

  /* While the allocators have nothing left over. */
  bytes = live (n_many, many[0]);
  for (guint i = 0; i < n_rounds; i++)
    {
      measure (n_few, n_many, few[i]);
      measure (n_many, n_many, many[i]);
    }

  g_print ("%-34s %10u %10u %8s\n", "children", n_few, n_many, "ratio");
  for (Cost cost = 0; cost < N_COSTS; cost++)
    print_cost (cost, few, many, n_rounds);
  g_print ("%-34s %10s %10.0f\n", "memory, bytes a child", "", bytes);
  return 0;
}
