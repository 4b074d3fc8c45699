/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#if !defined(USHER_INSIDE) && !defined(USHER_COMPILATION)
#error "Only <usher/usher.h> can be included directly."
#endif

#include <gio/gio.h>
#include <usher/version.h>

G_BEGIN_DECLS

/**
 * UsherExecution:
 * @USHER_EXECUTION_THREAD: in a thread for each acceptor, for any code in any language
 * @USHER_EXECUTION_FIBER: in a fiber for each acceptor, on the pool's context or in one of its
 *   [property@Usher.AcceptorPool:workers], for C and C++ code that serves very many connections
 *
 * Where the code of a blocking acceptor runs; all three of its functions run in the same place.
 *
 * A fiber is blocking code that gives its thread away whenever it waits: in the blocking functions of
 * its connection's streams, in [func@Usher.await], and in [func@Usher.sleep_msec]. All else that blocks
 * holds up that context and everybody in it. The interpreters of Python and JavaScript crash in a
 * fiber: they do not expect that their stack is exchanged. It has a stack of 64 KiB; it must not hold a lock
 * that others want while it waits, nor iterate the context that it runs in. What it pushes as
 * thread-default context or current cancellable is its own.
 *
 * A pool that shall run fibers where the machine has none fails to start, with
 * %G_IO_ERROR_NOT_SUPPORTED.
 *
 * Since: 0.1
 */
typedef enum
{
  USHER_EXECUTION_THREAD,
  USHER_EXECUTION_FIBER,
} UsherExecution;

#define USHER_TYPE_EXECUTION (usher_execution_get_type ())

USHER_AVAILABLE_IN_0_1
GType usher_execution_get_type (void) G_GNUC_CONST;

G_END_DECLS
