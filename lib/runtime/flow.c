/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/flow-private.h"

#include "runtime/flow-switch-private.h"
#include "runtime/sanitizers-private.h"

#ifdef USHER_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#ifdef USHER_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

#ifdef USHER_HAVE_VALGRIND
#include <valgrind/valgrind.h>
#endif

/* One switch of this thread, for the side on which it ends. */
typedef struct
{
  UsherFlow *from; /* (unowned) */
  UsherFlow *to;   /* (unowned) */
} Switch;

static __thread Switch latest;

/* What the tools want to know. */

static void
annotate_new (UsherFlow *self)
{
#ifdef USHER_THREAD_SANITIZER
  self->tsan_fiber = __tsan_create_fiber (0);
#endif
#ifdef USHER_HAVE_VALGRIND
  self->valgrind_id = VALGRIND_STACK_REGISTER (self->stack, (const char *) self->stack + self->stack_size);
#endif
}

static void
annotate_clear (UsherFlow *self)
{
#ifdef USHER_ADDRESS_SANITIZER
  __asan_unpoison_memory_region (self->stack, self->stack_size);
#endif
#ifdef USHER_THREAD_SANITIZER
  __tsan_destroy_fiber (self->tsan_fiber);
#endif
#ifdef USHER_HAVE_VALGRIND
  VALGRIND_STACK_DEREGISTER (self->valgrind_id);
#endif
}

/* `fake_stack` is (nullable): where to keep what `latest.from` needs when it goes on. */
static void
annotate_start (gpointer *fake_stack)
{
#ifdef USHER_ADDRESS_SANITIZER
  __sanitizer_start_switch_fiber (fake_stack, latest.to->stack, latest.to->stack_size);
#endif
#ifdef USHER_THREAD_SANITIZER
  latest.from->tsan_fiber = __tsan_get_current_fiber ();
  __tsan_switch_to_fiber (latest.to->tsan_fiber, 0);
#endif
}

static void
annotate_finish (void)
{
#ifdef USHER_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber (latest.to->fake_stack, &latest.from->stack, &latest.from->stack_size);
#endif
}

/* The first function on a stack. */
static void
flow_enter (void)
{
  UsherFlow *self = latest.to;

  annotate_finish ();
  self->func (self);
}

gboolean
usher_flow_is_supported (void)
{
  return usher_flow_switch_is_supported ();
}

void
usher_flow_init (UsherFlow *self,
                 gpointer stack,
                 gsize stack_size,
                 UsherFlowFunc func)
{
  *self = (UsherFlow){ .func = func, .stack = stack, .stack_size = stack_size };
  annotate_new (self);
  self->frame = usher_flow_switch_prepare ((char *) stack + stack_size, stack_size, flow_enter);
}

void
usher_flow_clear (UsherFlow *self)
{
  annotate_clear (self);
}

void
usher_flow_switch_to (UsherFlow *self,
                      UsherFlow *to)
{
  latest = (Switch){ self, to };
  annotate_start (&self->fake_stack);
  usher_flow_switch (&self->frame, to->frame);
  annotate_finish ();
}

void
usher_flow_leave_to (UsherFlow *self,
                     UsherFlow *to)
{
  latest = (Switch){ self, to };
  annotate_start (NULL);
  usher_flow_switch (&self->frame, to->frame);
}
