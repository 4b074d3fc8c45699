/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/flow-switch-private.h"

gboolean
usher_flow_switch_is_supported (void)
{
  return FALSE;
}

gpointer
usher_flow_switch_prepare (gpointer top,
                           gsize size,
                           UsherFlowEntry entry)
{
  g_return_val_if_reached (NULL);
}

void
usher_flow_switch (gpointer *from,
                   gpointer to)
{
  g_return_if_reached ();
}
