/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "deploy/health-acceptor-private.h"

#include "deploy/health-answer-private.h"
#include "deploy/service-private.h"
#include "runtime/clock-private.h"
#include "usher/async-acceptor.h"

#define MAX_REQUEST 4096

/* Who has said nothing for so long waits to be told. */
#define QUIET_MSEC 1000

/* What a request may take, and then what its peer may take to notice that it has been answered. */
#define PATIENCE_MSEC 5000

/* What is still read, and forgotten, of a request that was answered early. */
#define MAX_LEFTOVERS 16

struct _UsherHealthAcceptor
{
  GObject parent_instance;

  UsherService *service; /* (unowned) */
  GIOStream *stream;     /* (unowned): while it is served */
  gint64 deadline_usec;
  char request[MAX_REQUEST];
  gsize length;
  char *answer; /* (owned) (nullable) */
  guint n_leftovers;
};

static void usher_health_acceptor_acceptor_iface_init (UsherAcceptorInterface *iface);
static void usher_health_acceptor_async_acceptor_iface_init (UsherAsyncAcceptorInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherHealthAcceptor, usher_health_acceptor, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (USHER_TYPE_ACCEPTOR, usher_health_acceptor_acceptor_iface_init)
                                   G_IMPLEMENT_INTERFACE (USHER_TYPE_ASYNC_ACCEPTOR, usher_health_acceptor_async_acceptor_iface_init))

/* Reads behind what was read before, for no longer than until the deadline. What has begun is finished
 * even if the connection is told to leave. */
static void
read_on (UsherHealthAcceptor *self,
         guint patience_msec,
         GAsyncReadyCallback callback,
         GTask *task)
{
  UsherConnection *connection = USHER_CONNECTION (self->stream);
  gint64 left_msec = (self->deadline_usec - usher_clock_now_usec ()) / G_TIME_SPAN_MILLISECOND;

  usher_connection_set_read_timeout_msec (connection, CLAMP (left_msec, 1, patience_msec));
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream), self->request + self->length,
                             MAX_REQUEST - self->length, G_PRIORITY_DEFAULT,
                             self->length == 0 ? usher_connection_get_drain_cancellable (connection) : NULL, callback,
                             g_object_ref (task));
}

/* It reads until the peer has closed its end: to close with something unread would reset the
 * connection, and could cost the peer the answer. */
static void
on_leftover (GObject *source_object,
             GAsyncResult *result,
             gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  UsherHealthAcceptor *self = g_task_get_source_object (task);

  if (g_input_stream_read_finish (G_INPUT_STREAM (source_object), result, NULL) > 0 &&
      ++self->n_leftovers < MAX_LEFTOVERS)
    read_on (self, PATIENCE_MSEC, on_leftover, task);
  else
    g_task_return_boolean (task, TRUE);
}

static void
on_answered (GObject *source_object,
             GAsyncResult *result,
             gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  UsherHealthAcceptor *self = g_task_get_source_object (task);

  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (source_object), result, NULL, NULL) ||
      !usher_connection_shutdown (USHER_CONNECTION (self->stream), FALSE, TRUE, NULL))
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  self->length = 0;
  read_on (self, PATIENCE_MSEC, on_leftover, task);
}

/* Who asks a service that has handed over means its address, where its successor serves. */
static UsherReadiness
get_readiness (UsherHealthAcceptor *self)
{
  return usher_service_is_superseded (self->service) ? USHER_READINESS_READY
                                                     : usher_service_get_readiness (self->service);
}

static UsherHealthEnd
choose_end (UsherHealthAcceptor *self,
            gssize n,
            const GError *error)
{
  if (error != NULL)
    return USHER_HEALTH_TOO_LATE;
  if (n == 0)
    return USHER_HEALTH_END_OF_FILE;

  return self->length == MAX_REQUEST ? USHER_HEALTH_TOO_LONG : USHER_HEALTH_MORE;
}

/* A process that was held up for so long has not looked at what has come meanwhile. */
static gssize
read_late (UsherHealthAcceptor *self,
           GError **error)
{
  GPollableInputStream *in = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (self->stream));
  gssize n = g_pollable_input_stream_read_nonblocking (in, self->request + self->length, MAX_REQUEST - self->length,
                                                       NULL, NULL);

  if (n > 0)
    g_clear_error (error);
  return n;
}

/* A peer that went away has heard enough. */
static void
on_read (GObject *source_object,
         GAsyncResult *result,
         gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  UsherHealthAcceptor *self = g_task_get_source_object (task);
  g_autoptr (GError) error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (source_object), result, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    n = read_late (self, &error);
  else if (error != NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  self->length += MAX (n, 0);
  self->answer = usher_health_answer (self->request, self->length, choose_end (self, n, error),
                                      get_readiness (self));
  if (self->answer == NULL)
    read_on (self, PATIENCE_MSEC, on_read, task);
  else
    g_output_stream_write_all_async (g_io_stream_get_output_stream (self->stream), self->answer,
                                     strlen (self->answer), G_PRIORITY_DEFAULT, NULL, on_answered,
                                     g_object_ref (task));
}

static void
usher_health_acceptor_acceptor_continue_async (UsherAsyncAcceptor *acceptor,
                                               UsherConnection *connection,
                                               GCancellable *cancellable,
                                               GAsyncReadyCallback callback,
                                               gpointer user_data)
{
  UsherHealthAcceptor *self = USHER_HEALTH_ACCEPTOR (acceptor);
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_task_data (task, g_object_ref (connection), g_object_unref);
  self->stream = G_IO_STREAM (connection);
  self->deadline_usec = usher_clock_now_usec () + PATIENCE_MSEC * G_TIME_SPAN_MILLISECOND;
  read_on (self, QUIET_MSEC, on_read, task);
}

static void
usher_health_acceptor_acceptor_iface_init (UsherAcceptorInterface *iface)
{
}

static void
usher_health_acceptor_async_acceptor_iface_init (UsherAsyncAcceptorInterface *iface)
{
  iface->acceptor_continue_async = usher_health_acceptor_acceptor_continue_async;
}

static void
usher_health_acceptor_finalize (GObject *object)
{
  g_free (USHER_HEALTH_ACCEPTOR (object)->answer);

  G_OBJECT_CLASS (usher_health_acceptor_parent_class)->finalize (object);
}

static void
usher_health_acceptor_class_init (UsherHealthAcceptorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = usher_health_acceptor_finalize;
}

static void
usher_health_acceptor_init (UsherHealthAcceptor *self)
{
}

UsherHealthAcceptor *
usher_health_acceptor_new (UsherService *service)
{
  UsherHealthAcceptor *self = g_object_new (USHER_TYPE_HEALTH_ACCEPTOR, NULL);

  self->service = service;
  return self;
}
