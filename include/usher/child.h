/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/exit.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherStop:
 * @USHER_STOP_RESTART: the supervisor stops this child only to start it again
 * @USHER_STOP_FINAL: the tree's owner, or an administrative call, wants it gone
 *
 * Why a child is asked to shut down.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_STOP_RESTART,
  USHER_STOP_FINAL,
} UsherStop;

/**
 * UsherStartResult:
 * @USHER_START_FAILED: the start failed; the error says why
 * @USHER_START_STARTED: the child runs, and will emit [signal@Usher.Child::exited] once
 * @USHER_START_IGNORED: the child has nothing to do; it does not run and will not exit
 *
 * The answer of a start.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_START_FAILED = 0,
  USHER_START_STARTED,
  USHER_START_IGNORED,
} UsherStartResult;

/**
 * UsherChildType:
 * @USHER_CHILD_WORKER: it does the work
 * @USHER_CHILD_SUPERVISOR: it supervises others, so it needs the time that they need
 *
 * What a child is, which decides how long it may take to shut down by default.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_CHILD_WORKER,
  USHER_CHILD_SUPERVISOR,
} UsherChildType;

/**
 * USHER_KILL_LIMIT_MSEC:
 *
 * How long a supervisor waits, in milliseconds, for a child that does work to exit after it was
 * killed. One that has not is abandoned and reported: nobody waits for it any more, and it cannot be
 * started again before it has exited after all. In Erlang a process that is killed has no say.
 *
 * Since: 0.1
 */
#define USHER_KILL_LIMIT_MSEC 5000

#define USHER_TYPE_STOP (usher_stop_get_type ())
#define USHER_TYPE_START_RESULT (usher_start_result_get_type ())
#define USHER_TYPE_CHILD_TYPE (usher_child_type_get_type ())
#define USHER_TYPE_CHILD (usher_child_get_type ())

USHER_AVAILABLE_IN_0_1
G_DECLARE_INTERFACE (UsherChild, usher_child, USHER, CHILD, GObject)

/**
 * UsherChildInterface:
 * @g_iface: the parent interface
 * @start_async: begins a start; it may be called again after the child has exited
 * @start_finish: ends a start
 * @shutdown: asks the child to exit, in its own time
 * @kill: makes the child exit now, without clean-up
 * @get_child_type: (nullable): worker or supervisor; without it the child is a worker
 * @get_shutdown_time_msec: (nullable): the time in milliseconds that an orderly shutdown of the
 *   child may take by its own configuration; without it 0, which says nothing
 *
 * The virtual functions of a child. Only the first four must be implemented.
 *
 * All are called in the context that the supervisor runs in. @shutdown and @kill must not block,
 * and are answered by [signal@Usher.Child::exited]. @shutdown is called for a child that runs;
 * with [enum@Usher.Stop.FINAL] also for one that is stopping or has exited, to tell it that nobody
 * will start it again. @kill is called for a child that is starting or runs.
 *
 * Since: 0.1
 */
struct _UsherChildInterface
{
  GTypeInterface g_iface;

  void (*start_async) (UsherChild *self,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data);
  UsherStartResult (*start_finish) (UsherChild *self,
                                    GAsyncResult *result,
                                    GError **error);
  void (*shutdown) (UsherChild *self,
                    UsherStop why);
  void (*kill) (UsherChild *self);
  UsherChildType (*get_child_type) (UsherChild *self);
  guint64 (*get_shutdown_time_msec) (UsherChild *self);
};

USHER_AVAILABLE_IN_0_1
GType usher_stop_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_start_result_get_type (void);
USHER_AVAILABLE_IN_0_1
GType usher_child_type_get_type (void);
USHER_AVAILABLE_IN_0_1
void usher_child_start_async (UsherChild *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
USHER_AVAILABLE_IN_0_1
UsherStartResult usher_child_start_finish (UsherChild *self,
                                           GAsyncResult *result,
                                           GError **error);
USHER_AVAILABLE_IN_0_1
void usher_child_shutdown (UsherChild *self,
                           UsherStop why);
USHER_AVAILABLE_IN_0_1
void usher_child_kill (UsherChild *self);
USHER_AVAILABLE_IN_0_1
UsherChildType usher_child_get_child_type (UsherChild *self);
USHER_AVAILABLE_IN_0_1
guint64 usher_child_get_shutdown_time_msec (UsherChild *self);
USHER_AVAILABLE_IN_0_1
guint64 usher_child_get_serial (UsherChild *self);
USHER_AVAILABLE_IN_0_1
void usher_child_emit_exited (UsherChild *self,
                              guint64 serial,
                              UsherExit *exit);

G_END_DECLS
