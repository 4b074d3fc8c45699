/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* Where there is no assembly for the machine. swapcontext () makes a system call, so that it is used
 * once, to get to a new stack; sigsetjmp () and siglongjmp () switch from then on. The C library's
 * hardened siglongjmp () would take them for an error. */
#undef _FORTIFY_SOURCE

#include "runtime/flow-switch-private.h"

#include <setjmp.h>
#include <ucontext.h>

/* What a new stack, which cannot be given arguments, has to know. */
typedef struct
{
  UsherFlowEntry entry;
  gpointer frame; /* (unowned): what the new stack answers */
  ucontext_t here;
  ucontext_t there;
} Boot;

static __thread Boot *booting; /* (unowned) (nullable) */

gboolean
usher_flow_switch_is_supported (void)
{
  return TRUE;
}

/* Called on the new stack; goes on when it is switched to for the first time. */
static void
boot (void)
{
  UsherFlowEntry entry = booting->entry;
  sigjmp_buf frame;

  booting->frame = frame;
  if (sigsetjmp (frame, 0) == 0)
    setcontext (&booting->here);
  entry ();
}

gpointer
usher_flow_switch_prepare (gpointer top,
                           gsize size,
                           UsherFlowEntry entry)
{
  Boot self = { .entry = entry };

  booting = &self;
  getcontext (&self.there);
  self.there.uc_stack.ss_sp = (char *) top - size;
  self.there.uc_stack.ss_size = size;
  makecontext (&self.there, boot, 0);
  swapcontext (&self.here, &self.there);
  booting = NULL;

  return self.frame;
}

void
usher_flow_switch (gpointer *from,
                   gpointer to)
{
  sigjmp_buf frame;

  *from = frame;
  if (sigsetjmp (frame, 0) == 0)
    siglongjmp (to, 1);
}
