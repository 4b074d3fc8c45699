/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/nursery.h"

static TestChild *
make_test_child (Nursery *self,
                 GVariant *argument)
{
  const char *stem = argument != NULL ? g_variant_get_string (argument, NULL) : "x";
  g_autofree char *name = g_strdup_printf ("%s%u", stem, self->n_made + 1);
  TestChild *child = test_child_new (name, self->trace);

  test_child_set_start (child, self->start);
  test_child_set_stop (child, self->stop);
  test_child_set_shutdown_time_msec (child, self->shutdown_time_msec);
  g_assert_cmpuint (self->n_made, <, MAX_NURSERY);
  self->children[self->n_made] = child;
  g_object_add_weak_pointer (G_OBJECT (child), (gpointer *) &self->children[self->n_made]);
  self->n_made++;

  return child;
}

UsherChild *
nursery_make (GVariant *argument,
              gpointer nursery,
              GError **error)
{
  Nursery *self = nursery;

  if (self->meddle != NULL)
    self->meddle (self->meddle_data);
  if (self->n_failures > 0)
    {
      self->n_failures--;
      if (!self->is_silent)
        g_set_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE, "no room");
      return NULL;
    }
  if (self->stranger != NULL)
    return g_object_ref (self->stranger);

  return USHER_CHILD (make_test_child (self, argument));
}

UsherChildSpec *
nursery_spec_new (Nursery *self,
                  UsherRestart restart)
{
  UsherChildSpec *spec = usher_child_spec_new_with_factory ("x", nursery_make, self, NULL);

  usher_child_spec_set_restart (spec, restart);
  usher_child_spec_set_shutdown_msec (spec, 100);
  return spec;
}

void
nursery_assert_empty (Nursery *self)
{
  for (guint i = 0; i < self->n_made; i++)
    g_assert_null (self->children[i]);
}
