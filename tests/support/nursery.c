/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/nursery.h"

#include "support/iterate.h"

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

void
nursery_fixture_set_up (NurseryFixture *fixture,
                        gconstpointer strategy)
{
  supervisor_fixture_set_up (&fixture->base, strategy);
  fixture->nursery.trace = fixture->base.trace;
}

void
nursery_fixture_tear_down (NurseryFixture *fixture,
                           gconstpointer strategy)
{
  supervisor_fixture_tear_down (&fixture->base, strategy);
  nursery_assert_empty (&fixture->nursery);
}

void
nursery_fixture_add (NurseryFixture *fixture,
                     UsherRestart restart)
{
  g_autoptr (UsherChildSpec) spec = nursery_spec_new (&fixture->nursery, restart);
  g_autoptr (GError) error = NULL;

  usher_supervisor_add_child (fixture->base.supervisor, spec, &error);
  g_assert_no_error (error);
}

UsherChild *
nursery_fixture_get (NurseryFixture *fixture,
                     guint index)
{
  return USHER_CHILD (fixture->nursery.children[index]);
}

static void
on_start_answered (GObject *object,
                   GAsyncResult *result,
                   gpointer data)
{
  Call *call = data;

  call->is_answered = TRUE;
  call->answer = usher_supervisor_start_child_with_argument_finish (USHER_SUPERVISOR (object), result,
                                                                    &call->child, &call->error);
  g_assert_true ((call->child != NULL) == (call->answer == USHER_START_STARTED));
}

static void
on_terminate_answered (GObject *object,
                       GAsyncResult *result,
                       gpointer data)
{
  Call *call = data;

  call->is_answered = TRUE;
  call->answer = usher_supervisor_terminate_child_object_finish (USHER_SUPERVISOR (object), result,
                                                                 &call->error);
}

void
begin_start_with_argument (NurseryFixture *fixture,
                           const char *argument,
                           Call *call)
{
  usher_supervisor_start_child_with_argument_async (
      fixture->base.supervisor, argument != NULL ? g_variant_new_string (argument) : NULL, NULL,
      on_start_answered, call);
  iterate_pending (NULL);
}

void
begin_terminate_object (NurseryFixture *fixture,
                        UsherChild *child,
                        Call *call)
{
  usher_supervisor_terminate_child_object_async (fixture->base.supervisor, child, NULL,
                                                 on_terminate_answered, call);
  iterate_pending (NULL);
}

void
nursery_fixture_start_children (NurseryFixture *fixture,
                                guint n_children)
{
  for (guint i = 0; i < n_children; i++)
    {
      Call call = { 0 };

      begin_start_with_argument (fixture, NULL, &call);
      assert_started (&call);
    }
}

void
nursery_fixture_start_with (NurseryFixture *fixture,
                            UsherRestart restart,
                            guint n_children)
{
  nursery_fixture_add (fixture, restart);
  supervisor_fixture_start (&fixture->base, "");
  nursery_fixture_start_children (fixture, n_children);
  g_string_truncate (fixture->base.trace, 0);
}

TestChild *
nursery_fixture_get_test_child (NurseryFixture *fixture,
                                guint index)
{
  return fixture->nursery.children[index];
}
