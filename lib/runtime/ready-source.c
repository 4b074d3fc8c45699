/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/ready-source-private.h"

#define NOW 0
#define NEVER -1

typedef struct
{
  GSource source;
  GSourceFunc wait;
  gpointer user_data;     /* (owned) */
  GDestroyNotify destroy; /* (nullable) */
  gboolean is_waiting;
} ReadySource;

static gboolean
ready_source_prepare (GSource *source,
                      int *timeout_msec)
{
  ReadySource *self = (ReadySource *) source;

  *timeout_msec = -1;
  if (!self->is_waiting)
    {
      self->is_waiting = TRUE;
      self->wait (self->user_data);
    }

  return FALSE;
}

static gboolean
ready_source_dispatch (GSource *source,
                       GSourceFunc callback,
                       gpointer user_data)
{
  ReadySource *self = (ReadySource *) source;

  g_source_set_ready_time (source, NEVER);
  self->is_waiting = FALSE;

  return callback != NULL ? callback (user_data) : G_SOURCE_CONTINUE;
}

static void
ready_source_finalize (GSource *source)
{
  ReadySource *self = (ReadySource *) source;

  if (self->destroy != NULL)
    self->destroy (self->user_data);
}

static GSourceFuncs ready_source_funcs = {
  .prepare = ready_source_prepare,
  .dispatch = ready_source_dispatch,
  .finalize = ready_source_finalize,
};

GSource *
usher_ready_source_new (GSourceFunc wait,
                        gpointer user_data,
                        GDestroyNotify destroy)
{
  GSource *source = g_source_new (&ready_source_funcs, sizeof (ReadySource));
  ReadySource *self = (ReadySource *) source;

  self->wait = wait;
  self->user_data = user_data;
  self->destroy = destroy;
  g_source_set_static_name (source, "usher ready");
  return source;
}

void
usher_ready_source_set (GSource *source)
{
  g_source_set_ready_time (source, NOW);
}
