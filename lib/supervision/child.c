/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "usher/child.h"
#include "supervision/child-private.h"
#include "supervision/slot-private.h"

/**
 * UsherChild:
 *
 * What a supervisor supervises: something that is started, exits for a reason, and may be started
 * again.
 *
 * A child is a restartable unit with at most one parent. What configures it stays; what belongs to
 * one of its lives ends with it. The life of a child, in order:
 *
 * 1. [method@Usher.Child.start_async] begins a start and gives it a new *serial*.
 * 2. The start fails, or is ignored, and that was all; or it succeeds.
 * 3. After the start's callback was dispatched, and in the context that started it, the child
 *    emits [signal@Usher.Child::exited] exactly once, with that serial. It does so by itself when
 *    it has done its work or failed; soon after [method@Usher.Child.shutdown]; and at once after
 *    [method@Usher.Child.kill].
 * 4. It may be started again.
 *
 * Threading: all functions are called in the context that the supervisor runs in.
 *
 * Since: 0.1
 */

G_DEFINE_ENUM_TYPE (UsherStop, usher_stop,
                    G_DEFINE_ENUM_VALUE (USHER_STOP_RESTART, "restart"),
                    G_DEFINE_ENUM_VALUE (USHER_STOP_FINAL, "final"))

G_DEFINE_ENUM_TYPE (UsherStartResult, usher_start_result,
                    G_DEFINE_ENUM_VALUE (USHER_START_FAILED, "failed"),
                    G_DEFINE_ENUM_VALUE (USHER_START_STARTED, "started"),
                    G_DEFINE_ENUM_VALUE (USHER_START_IGNORED, "ignored"))

G_DEFINE_ENUM_TYPE (UsherChildType, usher_child_type,
                    G_DEFINE_ENUM_VALUE (USHER_CHILD_WORKER, "worker"),
                    G_DEFINE_ENUM_VALUE (USHER_CHILD_SUPERVISOR, "supervisor"))

G_DEFINE_INTERFACE (UsherChild, usher_child, G_TYPE_OBJECT)

static guint exited_signal;

typedef enum
{
  LIFE_NONE,
  LIFE_STARTING, /* until the start was finished */
  LIFE_BEGUN,    /* until the exit was emitted */
  LIFE_HASTY,    /* the exit came first; until the start was finished */
} Life;

/* What supervision notes about a child. */
typedef struct
{
  guint64 serial;
  Life life;        /* of the latest start */
  UsherSlot *place; /* (unowned) (nullable) */
  gboolean is_retired;
} Record;

static G_DEFINE_QUARK (usher_child_record, record);

static const Record *
peek_record (UsherChild *self)
{
  static const Record nothing = { 0 };
  const Record *record = g_object_get_qdata (G_OBJECT (self), record_quark ());

  return record != NULL ? record : &nothing;
}

static Record *
get_record (UsherChild *self)
{
  Record *record = g_object_get_qdata (G_OBJECT (self), record_quark ());

  if (record == NULL)
    {
      record = g_new0 (Record, 1);
      g_object_set_qdata_full (G_OBJECT (self), record_quark (), record, g_free);
    }

  return record;
}

/* The first to hear of it is the place that the child has. No handler is connected for that: one a
 * child would be dear. */
static void
note_exit (UsherChild *self,
           guint64 serial,
           UsherExit *exit)
{
  Record *record = get_record (self);

  if (serial == record->serial)
    record->life = record->life == LIFE_STARTING ? LIFE_HASTY : LIFE_NONE;
  if (record->place != NULL)
    usher_slot_note_exit (record->place, self, serial, exit);
}

static void
usher_child_default_init (UsherChildInterface *iface)
{
  /**
   * UsherChild::exited:
   * @self: the child
   * @serial: which start it was that has now come to its end
   * @exit: why it ended
   *
   * Emitted once for every successful start, after the start's callback was dispatched, in the
   * context that started the child. Implementations emit it by
   * [method@Usher.Child.emit_exited].
   *
   * Since: 0.1
   */
  exited_signal = g_signal_new_class_handler ("exited", USHER_TYPE_CHILD, G_SIGNAL_RUN_FIRST,
                                              G_CALLBACK (note_exit), NULL, NULL, NULL,
                                              G_TYPE_NONE, 2, G_TYPE_UINT64, USHER_TYPE_EXIT);
}

static void
count_start (UsherChild *self)
{
  Record *record = get_record (self);

  record->serial++;
  record->life = LIFE_STARTING;
  record->is_retired = FALSE;
}

UsherSlot *
usher_child_get_place (UsherChild *self)
{
  return peek_record (self)->place;
}

void
usher_child_set_place (UsherChild *self,
                       UsherSlot *place)
{
  get_record (self)->place = place;
}

UsherChild *
usher_child_get_parent (UsherChild *self)
{
  const UsherSlot *place = usher_child_get_place (self);

  return place != NULL ? USHER_CHILD (place->desk->owner) : NULL;
}

gboolean
usher_child_is_above (UsherChild *self,
                      UsherChild *node)
{
  while (node != NULL && node != self)
    node = usher_child_get_parent (node);

  return node != NULL;
}

gboolean
usher_child_is_busy (UsherChild *self)
{
  return peek_record (self)->life != LIFE_NONE;
}

gboolean
usher_child_is_retired (UsherChild *self)
{
  return peek_record (self)->is_retired;
}

void
usher_child_retire (UsherChild *self)
{
  Record *record = get_record (self);

  record->place = NULL;
  record->is_retired = TRUE;
}

UsherStartResult
usher_child_propagate_start (GAsyncResult *result,
                             GError **error)
{
  gssize answer = g_task_propagate_int (G_TASK (result), error);

  return answer < 0 ? USHER_START_FAILED : (UsherStartResult) answer;
}

static void
refuse_start (UsherChild *self,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  const UsherSlot *place = usher_child_get_place (self);

  g_task_report_new_error (self, callback, user_data, refuse_start, G_IO_ERROR, G_IO_ERROR_PENDING,
                           "%s: it was started already; it can be started again when it has exited",
                           place != NULL ? usher_slot_get_id (place) : G_OBJECT_TYPE_NAME (self));
}

/* The caller does not want to know how it went, but the record has to. */
static void
finish_start (GObject *object,
              GAsyncResult *result,
              gpointer data)
{
  usher_child_start_finish (USHER_CHILD (object), result, NULL);
}

/**
 * usher_child_start_async:
 * @self: a child that does not run
 * @cancellable: (nullable): cancels the start
 * @callback: (scope async) (nullable): called when the start has ended
 * @user_data: given to @callback
 *
 * Begins a start. Afterwards [method@Usher.Child.get_serial] says which one it is. It has ended when
 * @callback has called [method@Usher.Child.start_finish].
 *
 * A child that is starting or runs is not asked, and does not notice: the start fails with
 * %G_IO_ERROR_PENDING, and is not counted.
 *
 * A child is normally started by its supervisor; the root of a tree is started by its owner.
 * A start that succeeds after it was cancelled must be shut down at once.
 *
 * Since: 0.1
 */
void
usher_child_start_async (UsherChild *self,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (USHER_IS_CHILD (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  g_return_if_fail (USHER_CHILD_GET_IFACE (self)->start_async != NULL);

  if (usher_child_is_busy (self))
    {
      refuse_start (self, callback, user_data);
      return;
    }

  count_start (self);
  USHER_CHILD_GET_IFACE (self)->start_async (self, cancellable, callback != NULL ? callback : finish_start, user_data);
}

/**
 * usher_child_start_finish:
 * @self: a child
 * @result: what the callback was given
 * @error: return location for a #GError
 *
 * Ends a start. The errors are those of the implementation, %G_IO_ERROR_CANCELLED among them, and
 * %G_IO_ERROR_PENDING.
 *
 * Returns: whether the child runs now, ignored the start, or failed with @error set
 *
 * Since: 0.1
 */
UsherStartResult
usher_child_start_finish (UsherChild *self,
                          GAsyncResult *result,
                          GError **error)
{
  g_return_val_if_fail (USHER_IS_CHILD (self), USHER_START_FAILED);
  g_return_val_if_fail (G_IS_ASYNC_RESULT (result), USHER_START_FAILED);
  g_return_val_if_fail (USHER_CHILD_GET_IFACE (self)->start_finish != NULL, USHER_START_FAILED);

  if (g_async_result_is_tagged (result, refuse_start))
    return usher_child_propagate_start (result, error);

  UsherStartResult answer = USHER_CHILD_GET_IFACE (self)->start_finish (self, result, error);
  Record *record = get_record (self);

  if (record->life == LIFE_STARTING && answer == USHER_START_STARTED)
    record->life = LIFE_BEGUN;
  else if (record->life == LIFE_STARTING || record->life == LIFE_HASTY)
    record->life = LIFE_NONE;
  return answer;
}

/**
 * usher_child_shutdown:
 * @self: a child
 * @why: whether it will be started again
 *
 * Asks the child to exit, in its own time. It answers by [signal@Usher.Child::exited]. As OTP's
 * `exit (Child, shutdown)`.
 *
 * A child that is stopping already may be asked again, with [enum@Usher.Stop.FINAL]. So may one
 * that does not run: it was stopped to be started again, or it supervises others, and now nobody
 * will start it. It lets go of what it kept for its next life, and does not answer.
 *
 * Since: 0.1
 */
void
usher_child_shutdown (UsherChild *self,
                      UsherStop why)
{
  g_return_if_fail (USHER_IS_CHILD (self));
  g_return_if_fail (USHER_CHILD_GET_IFACE (self)->shutdown != NULL);

  USHER_CHILD_GET_IFACE (self)->shutdown (self, why);
}

/**
 * usher_child_kill:
 * @self: a child that is starting or runs
 *
 * Makes the child exit now, without clean-up. One that supervises others kills them as well. It
 * answers by [signal@Usher.Child::exited], or a start that is under way by failing. As OTP's
 * `exit (Child, kill)`. A supervisor does not wait longer than %USHER_KILL_LIMIT_MSEC for the answer
 * of a child that does work.
 *
 * Since: 0.1
 */
void
usher_child_kill (UsherChild *self)
{
  g_return_if_fail (USHER_IS_CHILD (self));
  g_return_if_fail (USHER_CHILD_GET_IFACE (self)->kill != NULL);

  USHER_CHILD_GET_IFACE (self)->kill (self);
}

/**
 * usher_child_get_child_type:
 * @self: a child
 *
 * Says whether the child does work or supervises others.
 *
 * Returns: the type
 *
 * Since: 0.1
 */
UsherChildType
usher_child_get_child_type (UsherChild *self)
{
  g_return_val_if_fail (USHER_IS_CHILD (self), USHER_CHILD_WORKER);

  if (USHER_CHILD_GET_IFACE (self)->get_child_type == NULL)
    return USHER_CHILD_WORKER;

  return USHER_CHILD_GET_IFACE (self)->get_child_type (self);
}

/**
 * usher_child_get_shutdown_time_msec:
 * @self: a child
 *
 * Gets the time that an orderly shutdown of the child may take by its own configuration. A
 * supervisor refuses a finite shutdown limit below it.
 *
 * Returns: a time in milliseconds; 0 says nothing
 *
 * Since: 0.1
 */
guint64
usher_child_get_shutdown_time_msec (UsherChild *self)
{
  g_return_val_if_fail (USHER_IS_CHILD (self), 0);

  if (USHER_CHILD_GET_IFACE (self)->get_shutdown_time_msec == NULL)
    return 0;

  return USHER_CHILD_GET_IFACE (self)->get_shutdown_time_msec (self);
}

/**
 * usher_child_get_serial:
 * @self: a child
 *
 * Gets the serial of the latest start: how often the child was started.
 *
 * Returns: the serial; 0 if it was never started
 *
 * Since: 0.1
 */
guint64
usher_child_get_serial (UsherChild *self)
{
  g_return_val_if_fail (USHER_IS_CHILD (self), 0);

  return peek_record (self)->serial;
}

/**
 * usher_child_emit_exited:
 * @self: a child
 * @serial: the serial of the start that has come to its end
 * @exit: why it ended
 *
 * Emits [signal@Usher.Child::exited]. Only for those who implement the interface.
 *
 * Since: 0.1
 */
void
usher_child_emit_exited (UsherChild *self,
                         guint64 serial,
                         UsherExit *exit)
{
  g_return_if_fail (USHER_IS_CHILD (self));
  g_return_if_fail (exit != NULL);

  g_signal_emit (self, exited_signal, 0, serial, exit);
}
