/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/flow-switch-private.h"

#include <string.h>

/* The half of flow-switch.S that can be said in C. */

void usher_flow_switch_start (void);

#if defined(__x86_64__)

/* As the kernel starts a process: round to nearest, all exceptions masked. */
#define MXCSR 0x1f80
#define X87_CONTROL_WORD 0x037f

/* What usher_flow_switch () pops. */
typedef struct
{
  guint32 mxcsr;
  guint32 x87_control_word;
  gpointer r15, r14, r13, r12;
  UsherFlowEntry rbx;
  gpointer rbp;
  UsherFlowEntry return_address;
} Frame;

static void
frame_init (Frame *self,
            UsherFlowEntry entry)
{
  *self = (Frame){
    .mxcsr = MXCSR,
    .x87_control_word = X87_CONTROL_WORD,
    .rbx = entry,
    .return_address = usher_flow_switch_start,
  };
}

/* The instruction does nothing where there is no shadow stack. */
gboolean
usher_flow_switch_is_supported (void)
{
  guint64 shadow_stack_pointer = 0;

  __asm__("rdsspq %0"
          : "+r"(shadow_stack_pointer));
  return shadow_stack_pointer == 0;
}

#else /* __aarch64__ */

/* What usher_flow_switch () pops. */
typedef struct
{
  UsherFlowEntry x19;
  gpointer x20_to_x29[10];
  UsherFlowEntry x30;
  double d8_to_d15[8];
  guint64 fpcr;
  guint64 padding;
} Frame;

G_STATIC_ASSERT (sizeof (Frame) == 176);

static void
frame_init (Frame *self,
            UsherFlowEntry entry)
{
  *self = (Frame){ .x19 = entry, .x30 = usher_flow_switch_start };
}

/* CHKFEAT clears the bit if there is a guarded control stack, and does nothing on older machines. */
gboolean
usher_flow_switch_is_supported (void)
{
  register guint64 features __asm__("x16") = 1;

  __asm__("hint #40"
          : "+r"(features));
  return features == 1;
}

#endif

gpointer
usher_flow_switch_prepare (gpointer top,
                           gsize size,
                           UsherFlowEntry entry)
{
  Frame *frame = (Frame *) top - 1;

  frame_init (frame, entry);
  return frame;
}
