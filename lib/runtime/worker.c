/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "runtime/worker-private.h"

/* Without the zero at its end. */
#define MAX_THREAD_NAME 15

struct _UsherWorker
{
  gatomicrefcount ref_count; /* its owner's, and its thread's */
  GMainContext *context;     /* (owned) */
  UsherReactor *reactor;     /* (owned) */
  GThread *thread;           /* (owned): by its owner */

  UsherMessage quit_message;
  gboolean is_quitting;
  UsherReactor *farewell_reactor; /* (owned) (nullable) */
  UsherMessage *farewell;         /* (unowned) (nullable) */
  UsherMessageFunc farewell_func;
};

static void
worker_unref (UsherWorker *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  usher_reactor_unref (self->reactor);
  g_main_context_unref (self->context);
  g_free (self);
}

static void
worker_say_farewell (UsherWorker *self)
{
  UsherReactor *reactor = self->farewell_reactor;
  UsherMessage *message = self->farewell;
  UsherMessageFunc func = self->farewell_func;

  worker_unref (self);
  if (message == NULL)
    return;

  usher_reactor_post (reactor, message, func);
  usher_reactor_unref (reactor);
}

/* The context belongs to the thread all the time, so that the reactor is current in it. */
static gpointer
worker_run (gpointer data)
{
  UsherWorker *self = data;

  g_main_context_acquire (self->context);
  g_main_context_push_thread_default (self->context);
  while (!self->is_quitting)
    g_main_context_iteration (self->context, TRUE);
  g_main_context_pop_thread_default (self->context);
  g_main_context_release (self->context);
  worker_say_farewell (self);

  return NULL;
}

static char *
make_name (const char *name,
           guint number)
{
  g_autofree char *suffix = g_strdup_printf ("-%u", number);
  int length = MAX (MAX_THREAD_NAME - (int) strlen (suffix), 0);

  return g_strdup_printf ("%.*s%s", length, name, suffix);
}

UsherWorker *
usher_worker_new (const char *name,
                  guint number,
                  GError **error)
{
  UsherWorker *self = g_new0 (UsherWorker, 1);
  g_autofree char *thread_name = make_name (name, number);

  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count);
  self->context = g_main_context_new ();
  self->reactor = usher_reactor_ref_for_context (self->context);
  self->thread = g_thread_try_new (thread_name, worker_run, self, error);
  if (self->thread != NULL)
    return self;

  worker_unref (self);
  worker_unref (self);
  return NULL;
}

UsherReactor *
usher_worker_get_reactor (UsherWorker *self)
{
  return self->reactor;
}

static void
on_quit (UsherMessage *message)
{
  USHER_OWNER (UsherWorker, quit_message, message)->is_quitting = TRUE;
}

void
usher_worker_quit (UsherWorker *self,
                   UsherReactor *reactor,
                   UsherMessage *message,
                   UsherMessageFunc func)
{
  if (message != NULL)
    self->farewell_reactor = usher_reactor_ref (reactor);
  self->farewell = message;
  self->farewell_func = func;
  usher_reactor_post (self->reactor, &self->quit_message, on_quit);
}

void
usher_worker_join (UsherWorker *self)
{
  g_thread_join (self->thread);
  worker_unref (self);
}

void
usher_worker_detach (UsherWorker *self)
{
  g_thread_unref (self->thread);
  worker_unref (self);
}
