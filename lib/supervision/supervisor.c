/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/supervisor.h"
#include "supervision/supervisor-private.h"

#include "supervision/child-private.h"
#include "supervision/child-spec-private.h"
#include "usher/error.h"

#define DEFAULT_INTENSITY 1
#define DEFAULT_PERIOD_MSEC 5000
#define USEC_PER_MSEC 1000

/**
 * UsherSupervisor:
 *
 * A node of the supervision tree, after OTP's `supervisor`.
 *
 * It starts its children in the order in which they were added, restarts those that exit when
 * their [enum@Usher.Restart] says so, and stops them in reverse order. A supervisor is a
 * [iface@Usher.Child] itself, so supervisors nest. The life of the root, in order:
 *
 * 1. [ctor@Usher.Supervisor.new], [method@Usher.Supervisor.add_child].
 * 2. [method@Usher.Child.start_async] starts the children, one after the other. If one of them
 *    fails to start, those before it are stopped, and the start fails.
 * 3. When a child exits and has to be restarted, that is charged to the budget: at most
 *    [property@Usher.Supervisor:intensity] restarts within any
 *    [property@Usher.Supervisor:period-msec]. Then the [enum@Usher.Strategy] says which children
 *    are stopped and started again. A restart that fails is tried again, and charged again.
 * 4. Over budget the supervisor stops its children and exits with [error@Usher.Error] code
 *    `MAX_INTENSITY`, so that its own supervisor can act.
 * 5. [method@Usher.Child.shutdown] stops the children and ends the supervisor. Either way the
 *    signal [signal@Usher.Child::exited] says that it is over.
 *
 * Exits are handled one at a time, in the order in which they arrived, like the messages of an
 * Erlang process: while a restart is under way, later exits wait for it.
 *
 * What happens is told by [signal@Usher.Supervisor::report].
 *
 * Threading: a supervisor belongs to the thread-default main context at its construction. All its
 * functions are called there, and all its signals are emitted there. While it runs it holds a
 * reference on itself.
 *
 * Since: 0.1
 */

typedef enum
{
  PROP_STRATEGY = 1,
  PROP_NAME,
  PROP_INTENSITY,
  PROP_PERIOD_MSEC,
} UsherSupervisorProperty;

static GParamSpec *props[PROP_PERIOD_MSEC + 1];

static void usher_supervisor_child_iface_init (UsherChildInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherSupervisor, usher_supervisor, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_CHILD,
                                                      usher_supervisor_child_iface_init))

static void
run_free_slot (gpointer data)
{
  usher_slot_free (data);
}

UsherSlot *
usher_supervisor_append_slot (UsherSupervisor *self,
                              const UsherChildSpec *spec)
{
  UsherSlot *slot = usher_slot_new (&self->desk, spec);

  g_queue_push_tail_link (&self->slots, &slot->link);
  g_hash_table_insert (self->ids, (char *) usher_slot_get_id (slot), slot);

  return slot;
}

static void
unlink_slot (UsherSupervisor *self,
             UsherSlot *slot)
{
  UsherRound *round = &self->round;

  if (round->cursor == &slot->link)
    round->cursor = NULL;
  if (round->first == &slot->link)
    round->first = slot->link.next;
  if (round->last == &slot->link)
    round->last = slot->link.prev;
  g_queue_unlink (&self->slots, &slot->link);
  g_hash_table_remove (self->ids, usher_slot_get_id (slot));
}

void
usher_supervisor_drop_slot (UsherSupervisor *self,
                            UsherSlot *slot)
{
  unlink_slot (self, slot);
  usher_slot_release (slot);
  usher_desk_send (&self->desk, run_free_slot, slot);
}

static gboolean
is_configured (UsherSupervisor *self,
               const char *id)
{
  for (guint i = 0; i < self->specs->len; i++)
    if (g_str_equal (usher_child_spec_get_id (g_ptr_array_index (self->specs, i)), id))
      return TRUE;

  return FALSE;
}

/* Every life begins with the children that were added, in their order; those that the last life
 * has left are used again. */
static void
restore_slots (UsherSupervisor *self)
{
  for (guint i = 0; i < self->specs->len; i++)
    {
      const UsherChildSpec *spec = g_ptr_array_index (self->specs, i);
      UsherSlot *slot = g_hash_table_lookup (self->ids, usher_child_spec_get_id (spec));

      if (slot == NULL)
        {
          usher_supervisor_append_slot (self, spec);
          continue;
        }

      g_queue_unlink (&self->slots, &slot->link);
      g_queue_push_tail_link (&self->slots, &slot->link);
    }
}

static void
on_start_cancelled_message (UsherSupervisor *self)
{
  g_autoptr (UsherExit) exit = usher_exit_new_shutdown (NULL);

  if (self->start_task != NULL &&
      g_cancellable_is_cancelled (g_task_get_cancellable (self->start_task)))
    usher_supervisor_end (self, exit, USHER_STOP_RESTART);
}

typedef struct
{
  UsherMessage message;
  UsherSupervisor *supervisor; /* (owned) */
} Cancellation;

static void
on_cancellation (UsherMessage *message)
{
  Cancellation *cancellation = (Cancellation *) message;

  on_start_cancelled_message (cancellation->supervisor);
  g_object_unref (cancellation->supervisor);
  g_free (cancellation);
}

/* Any thread. */
static void
on_start_cancelled (GCancellable *cancellable,
                    UsherSupervisor *self)
{
  Cancellation *cancellation = g_new0 (Cancellation, 1);

  cancellation->supervisor = g_object_ref (self);
  usher_reactor_post (self->desk.reactor, &cancellation->message, on_cancellation);
}

static void
usher_supervisor_start_async (UsherChild *child,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  UsherSupervisor *self = USHER_SUPERVISOR (child);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, usher_supervisor_start_async);
  /* Once it has started it has an exit to tell of. */
  g_task_set_check_cancellable (task, FALSE);

  if (self->state != USHER_SUPERVISOR_DOWN || usher_life_is_begun (&self->life))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_PENDING,
                               "supervisor “%s” was started already; it can be started again when "
                               "it has exited",
                               self->name);
      return;
    }

  usher_life_begin (&self->life, task);
  restore_slots (self);
  usher_supervisor_begin (self, task);
  if (cancellable != NULL)
    self->cancelled_handler =
        g_cancellable_connect (cancellable, G_CALLBACK (on_start_cancelled), self, NULL);
}

static UsherStartResult
usher_supervisor_start_finish (UsherChild *child,
                               GAsyncResult *result,
                               GError **error)
{
  gssize answer = g_task_propagate_int (G_TASK (result), error);

  return answer < 0 ? USHER_START_FAILED : (UsherStartResult) answer;
}

static void
release_slots (UsherSupervisor *self)
{
  for (GList *link = self->slots.tail; link != NULL; link = link->prev)
    usher_slot_release (link->data);

  usher_desk_run (&self->desk);
}

static void
usher_supervisor_shutdown (UsherChild *child,
                           UsherStop why)
{
  g_autoptr (UsherSupervisor) self = g_object_ref (USHER_SUPERVISOR (child));
  g_autoptr (UsherExit) exit = usher_exit_new_shutdown (NULL);

  if (self->state != USHER_SUPERVISOR_DOWN)
    usher_supervisor_end (self, exit, why);
  else if (why == USHER_STOP_FINAL)
    release_slots (self);
}

static void
usher_supervisor_kill (UsherChild *child)
{
  UsherSupervisor *self = USHER_SUPERVISOR (child);

  if (self->state != USHER_SUPERVISOR_DOWN && self->state != USHER_SUPERVISOR_KILLING)
    usher_supervisor_end_by_kill (self);
}

static UsherChildType
usher_supervisor_get_child_type (UsherChild *child)
{
  return USHER_CHILD_SUPERVISOR;
}

static guint64
get_stop_time_msec (const UsherChildSpec *spec)
{
  gint64 limit_msec = usher_child_spec_resolve_shutdown_msec (spec);

  if (limit_msec == USHER_SHUTDOWN_INFINITY)
    return usher_child_get_shutdown_time_msec (usher_child_spec_get_child (spec));

  return MAX (limit_msec, 0);
}

/* Its children are stopped one after the other. */
static guint64
usher_supervisor_get_shutdown_time_msec (UsherChild *child)
{
  UsherSupervisor *self = USHER_SUPERVISOR (child);
  guint64 total_msec = 0;

  for (guint i = 0; i < self->specs->len; i++)
    {
      guint64 time_msec = get_stop_time_msec (g_ptr_array_index (self->specs, i));

      total_msec += MIN (time_msec, G_MAXUINT64 - total_msec);
    }

  return total_msec;
}

static void
usher_supervisor_child_iface_init (UsherChildInterface *iface)
{
  iface->start_async = usher_supervisor_start_async;
  iface->start_finish = usher_supervisor_start_finish;
  iface->shutdown = usher_supervisor_shutdown;
  iface->kill = usher_supervisor_kill;
  iface->get_child_type = usher_supervisor_get_child_type;
  iface->get_shutdown_time_msec = usher_supervisor_get_shutdown_time_msec;
}

static void
usher_supervisor_get_property (GObject *object,
                               guint property_id,
                               GValue *value,
                               GParamSpec *pspec)
{
  UsherSupervisor *self = USHER_SUPERVISOR (object);

  switch ((UsherSupervisorProperty) property_id)
    {
    case PROP_STRATEGY:
      g_value_set_enum (value, usher_supervisor_get_strategy (self));
      break;
    case PROP_NAME:
      g_value_set_string (value, usher_supervisor_get_name (self));
      break;
    case PROP_INTENSITY:
      g_value_set_uint (value, usher_supervisor_get_intensity (self));
      break;
    case PROP_PERIOD_MSEC:
      g_value_set_uint (value, usher_supervisor_get_period_msec (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_supervisor_set_property (GObject *object,
                               guint property_id,
                               const GValue *value,
                               GParamSpec *pspec)
{
  UsherSupervisor *self = USHER_SUPERVISOR (object);

  switch ((UsherSupervisorProperty) property_id)
    {
    case PROP_STRATEGY:
      self->strategy = g_value_get_enum (value);
      break;
    case PROP_NAME:
      usher_supervisor_set_name (self, g_value_get_string (value));
      break;
    case PROP_INTENSITY:
      usher_supervisor_set_intensity (self, g_value_get_uint (value));
      break;
    case PROP_PERIOD_MSEC:
      usher_supervisor_set_period_msec (self, g_value_get_uint (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, property_id, pspec);
    }
}

static void
usher_supervisor_dispose (GObject *object)
{
  UsherSupervisor *self = USHER_SUPERVISOR (object);
  UsherSlot *slot;

  while ((slot = g_queue_peek_tail (&self->slots)) != NULL)
    {
      unlink_slot (self, slot);
      usher_slot_free (slot);
    }
  for (guint i = 0; i < self->specs->len; i++)
    usher_child_set_parent (usher_child_spec_get_child (g_ptr_array_index (self->specs, i)), NULL);
  g_ptr_array_set_size (self->specs, 0);

  G_OBJECT_CLASS (usher_supervisor_parent_class)->dispose (object);
}

static void
usher_supervisor_finalize (GObject *object)
{
  UsherSupervisor *self = USHER_SUPERVISOR (object);

  usher_desk_clear (&self->desk);
  usher_budget_clear (&self->budget);
  g_hash_table_unref (self->ids);
  g_ptr_array_unref (self->specs);
  g_clear_error (&self->start_error);
  g_free (self->name);

  G_OBJECT_CLASS (usher_supervisor_parent_class)->finalize (object);
}

static void
install_properties (GObjectClass *object_class)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  /**
   * UsherSupervisor:strategy:
   *
   * What is restarted when a child exits.
   *
   * Since: 0.1
   */
  props[PROP_STRATEGY] =
      g_param_spec_enum ("strategy", NULL, NULL, USHER_TYPE_STRATEGY, USHER_STRATEGY_ONE_FOR_ONE,
                         flags | G_PARAM_CONSTRUCT_ONLY);
  /**
   * UsherSupervisor:name:
   *
   * What the supervisor is called in its reports.
   *
   * Since: 0.1
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, "supervisor", flags);
  /**
   * UsherSupervisor:intensity:
   *
   * How many restarts are allowed within [property@Usher.Supervisor:period-msec].
   *
   * Since: 0.1
   */
  props[PROP_INTENSITY] =
      g_param_spec_uint ("intensity", NULL, NULL, 0, G_MAXUINT, DEFAULT_INTENSITY, flags);
  /**
   * UsherSupervisor:period-msec:
   *
   * The length of the window, in milliseconds, in which restarts are counted.
   *
   * Since: 0.1
   */
  props[PROP_PERIOD_MSEC] =
      g_param_spec_uint ("period-msec", NULL, NULL, 0, G_MAXUINT, DEFAULT_PERIOD_MSEC, flags);

  g_object_class_install_properties (object_class, G_N_ELEMENTS (props), props);
}

static void
usher_supervisor_class_init (UsherSupervisorClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = usher_supervisor_dispose;
  object_class->finalize = usher_supervisor_finalize;
  object_class->get_property = usher_supervisor_get_property;
  object_class->set_property = usher_supervisor_set_property;

  install_properties (object_class);

  /**
   * UsherSupervisor::report:
   * @self: the supervisor
   * @report: what happened
   *
   * Emitted for every event that OTP's supervisor reports: a child that failed to start, that
   * exited by itself and should not have, or that did not shut down as asked; and the end of the
   * supervisor over its budget. The handler may do anything, stopping the tree included.
   *
   * Since: 0.1
   */
  g_signal_new ("report", USHER_TYPE_SUPERVISOR, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 1, USHER_TYPE_REPORT);
}

static void
usher_supervisor_init (UsherSupervisor *self)
{
  self->name = g_strdup ("supervisor");
  self->specs = g_ptr_array_new_with_free_func ((GDestroyNotify) usher_child_spec_free);
  self->ids = g_hash_table_new (g_str_hash, g_str_equal);
  usher_budget_init (&self->budget, DEFAULT_INTENSITY, DEFAULT_PERIOD_MSEC * USEC_PER_MSEC);
  usher_desk_init (&self->desk, self, usher_supervisor_step);
}

/**
 * usher_supervisor_new:
 * @strategy: what is restarted when a child exits
 *
 * Makes a supervisor without children, with OTP's defaults: one restart within 5 seconds.
 *
 * Returns: (transfer full): a new supervisor
 *
 * Since: 0.1
 */
UsherSupervisor *
usher_supervisor_new (UsherStrategy strategy)
{
  return g_object_new (USHER_TYPE_SUPERVISOR, "strategy", strategy, NULL);
}

/**
 * usher_supervisor_get_strategy:
 * @self: a supervisor
 *
 * Gets what is restarted when a child exits.
 *
 * Returns: the strategy
 *
 * Since: 0.1
 */
UsherStrategy
usher_supervisor_get_strategy (UsherSupervisor *self)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), USHER_STRATEGY_ONE_FOR_ONE);

  return self->strategy;
}

/**
 * usher_supervisor_set_name:
 * @self: a supervisor
 * @name: a name
 *
 * Sets what the supervisor is called in its reports. The default is `supervisor`.
 *
 * Since: 0.1
 */
void
usher_supervisor_set_name (UsherSupervisor *self,
                           const char *name)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));
  g_return_if_fail (name != NULL && *name != '\0');

  if (g_str_equal (self->name, name))
    return;

  g_free (self->name);
  self->name = g_strdup (name);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_NAME]);
}

/**
 * usher_supervisor_get_name:
 * @self: a supervisor
 *
 * Gets what the supervisor is called in its reports.
 *
 * Returns: (transfer none): the name
 *
 * Since: 0.1
 */
const char *
usher_supervisor_get_name (UsherSupervisor *self)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), NULL);

  return self->name;
}

/**
 * usher_supervisor_set_intensity:
 * @self: a supervisor
 * @intensity: a number of restarts
 *
 * Sets how many restarts are allowed within any period. It may be changed at any time; restarts
 * that were charged already still count.
 *
 * Since: 0.1
 */
void
usher_supervisor_set_intensity (UsherSupervisor *self,
                                guint intensity)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));

  if (self->budget.intensity == intensity)
    return;

  usher_budget_set (&self->budget, intensity, self->budget.period_usec);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_INTENSITY]);
}

/**
 * usher_supervisor_get_intensity:
 * @self: a supervisor
 *
 * Gets how many restarts are allowed within any period.
 *
 * Returns: a number of restarts
 *
 * Since: 0.1
 */
guint
usher_supervisor_get_intensity (UsherSupervisor *self)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), 0);

  return self->budget.intensity;
}

/**
 * usher_supervisor_set_period_msec:
 * @self: a supervisor
 * @period_msec: a time in milliseconds
 *
 * Sets the length of the window in which restarts are counted; both its ends belong to it. It may
 * be changed at any time.
 *
 * Since: 0.1
 */
void
usher_supervisor_set_period_msec (UsherSupervisor *self,
                                  guint period_msec)
{
  g_return_if_fail (USHER_IS_SUPERVISOR (self));

  gint64 period_usec = (gint64) period_msec * USEC_PER_MSEC;

  if (self->budget.period_usec == period_usec)
    return;

  usher_budget_set (&self->budget, self->budget.intensity, period_usec);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PERIOD_MSEC]);
}

/**
 * usher_supervisor_get_period_msec:
 * @self: a supervisor
 *
 * Gets the length of the window in which restarts are counted.
 *
 * Returns: a time in milliseconds
 *
 * Since: 0.1
 */
guint
usher_supervisor_get_period_msec (UsherSupervisor *self)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), 0);

  return self->budget.period_usec / USEC_PER_MSEC;
}

static gboolean
check_parent (UsherSupervisor *self,
              const UsherChildSpec *spec,
              GError **error)
{
  UsherChild *child = usher_child_spec_get_child (spec);
  const char *id = usher_child_spec_get_id (spec);

  if (usher_child_get_parent (child) != NULL)
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "child “%s”: it stands under another supervisor, or under this one by another "
                   "id; a child has one parent",
                   id);
      return FALSE;
    }

  for (UsherChild *node = USHER_CHILD (self); node != NULL; node = usher_child_get_parent (node))
    if (node == child)
      {
        g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                     "child “%s”: supervisor “%s” stands under it; a tree has no circles", id,
                     self->name);
        return FALSE;
      }

  return TRUE;
}

/**
 * usher_supervisor_add_child:
 * @self: a supervisor
 * @spec: (transfer none): how the child is supervised; it is copied
 * @error: return location for a #GError
 *
 * Adds a child behind those that were added before. Every start of the supervisor begins with the
 * children that were added. If it runs already, the child is not started now, as with OTP's code
 * change.
 *
 * Fails with [error@Usher.Error] code `INVALID_ARGUMENT` if the id is taken, the child has a
 * parent, or the shutdown limit is shorter than what the child needs.
 *
 * Returns: whether the child was added
 *
 * Since: 0.1
 */
gboolean
usher_supervisor_add_child (UsherSupervisor *self,
                            const UsherChildSpec *spec,
                            GError **error)
{
  g_return_val_if_fail (USHER_IS_SUPERVISOR (self), FALSE);
  g_return_val_if_fail (spec != NULL, FALSE);

  if (is_configured (self, usher_child_spec_get_id (spec)))
    {
      g_set_error (error, USHER_ERROR, USHER_ERROR_INVALID_ARGUMENT,
                   "child “%s”: supervisor “%s” has a child with that id; choose another id",
                   usher_child_spec_get_id (spec), self->name);
      return FALSE;
    }
  if (!check_parent (self, spec, error) || !usher_child_spec_check (spec, error))
    return FALSE;

  usher_child_set_parent (usher_child_spec_get_child (spec), USHER_CHILD (self));
  g_ptr_array_add (self->specs, usher_child_spec_copy (spec));
  usher_supervisor_append_slot (self, spec);
  return TRUE;
}
