/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "support/iterate.h"

#define PATIENCE_SEC 30

static gboolean
give_up (gpointer user_data)
{
  g_assertion_message (G_LOG_DOMAIN, __FILE__, __LINE__, G_STRFUNC,
                       "iterate_until: the condition did not come true in time");
  return G_SOURCE_REMOVE;
}

static GSource *
attach_guard (GMainContext *context)
{
  GSource *guard = g_timeout_source_new_seconds (PATIENCE_SEC);

  g_source_set_static_name (guard, "iterate_until guard");
  g_source_set_callback (guard, give_up, NULL, NULL);
  g_source_attach (guard, context);

  return guard;
}

void
iterate_until (GMainContext *context,
               IterateCondition condition,
               gpointer user_data)
{
  g_autoptr (GSource) guard = attach_guard (context);

  while (!condition (user_data))
    g_main_context_iteration (context, TRUE);

  g_source_destroy (guard);
}

static gboolean
look_again (gpointer user_data)
{
  return G_SOURCE_CONTINUE;
}

void
iterate_and_look_until (IterateCondition condition,
                        gpointer user_data)
{
  g_autoptr (GSource) source = g_timeout_source_new (1);

  g_source_set_static_name (source, "look again");
  g_source_set_callback (source, look_again, NULL, NULL);
  g_source_attach (source, NULL);
  iterate_until (NULL, condition, user_data);
  g_source_destroy (source);
}

void
iterate_pending (GMainContext *context)
{
  while (g_main_context_iteration (context, FALSE))
    continue;
}
