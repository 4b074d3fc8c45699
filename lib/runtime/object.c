/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/object-private.h"

/* Weak references, of all kinds, the references of language bindings, closures, and what users leave with
 * an object are all in its data list. */
gboolean
usher_object_is_forgotten (gpointer object)
{
  GObject *self = object;

  return g_atomic_int_get ((int *) &self->ref_count) == 1 && self->qdata == NULL;
}

void
usher_object_drop_handlers (gpointer object)
{
  if (object != NULL && usher_object_is_forgotten (object))
    g_signal_handlers_destroy (object);
}
