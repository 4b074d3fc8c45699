/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/operation-private.h"

struct _UsherOperation
{
  GObject parent_instance;

  GObject *source; /* (owned) (nullable): from its beginning to its finish; holds the transport */
  GAsyncReadyCallback callback;
  gpointer user_data;

  UsherTransfer transfer;
  union
  {
    /* While it is under way. */
    GOutputVector vector; /* the transfer's, if it has only one */

    /* Once it is over. */
    struct
    {
      gssize n;
      GError *error; /* (owned) (nullable) */
    } result;
  };
  UsherTransport *transport; /* (unowned) */
  UsherReactor *reactor;     /* (owned) (nullable): of the caller's context, if that is not the transport's */
  UsherMessage message;
};

static GObject *
usher_operation_get_source_object (GAsyncResult *result)
{
  UsherOperation *self = USHER_OPERATION (result);

  return self->source != NULL ? g_object_ref (self->source) : NULL;
}

static gpointer
usher_operation_get_user_data (GAsyncResult *result)
{
  return USHER_OPERATION (result)->user_data;
}

static void
usher_operation_async_result_iface_init (GAsyncResultIface *iface)
{
  iface->get_source_object = usher_operation_get_source_object;
  iface->get_user_data = usher_operation_get_user_data;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherOperation, usher_operation, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_ASYNC_RESULT, usher_operation_async_result_iface_init))

/* Not while it is under way: it has a reference on itself then. */
static void
usher_operation_finalize (GObject *object)
{
  UsherOperation *self = USHER_OPERATION (object);

  g_clear_object (&self->source);
  g_clear_error (&self->result.error);

  G_OBJECT_CLASS (usher_operation_parent_class)->finalize (object);
}

static void
usher_operation_class_init (UsherOperationClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = usher_operation_finalize;
}

static void
usher_operation_init (UsherOperation *self)
{
}

/* The transport keeps one that has finished for the next call, in either direction. */
static UsherOperation *
take_operation (UsherTransport *transport)
{
  UsherOperation *self = usher_transport_take_spare (transport);

  return self != NULL ? self : g_object_new (USHER_TYPE_OPERATION, NULL);
}

/* GIO holds the source until the callback has returned.
 *
 * Called in the caller's context. */
static void
operation_return (UsherOperation *self)
{
  g_autoptr (UsherOperation) owned = self;

  g_clear_pointer (&self->reactor, usher_reactor_unref);
  if (self->callback != NULL)
    self->callback (self->source, G_ASYNC_RESULT (self), self->user_data);
}

static void
on_message (UsherMessage *message)
{
  operation_return (USHER_OWNER (UsherOperation, message, message));
}

static void
operation_end (UsherOperation *self,
               gssize n,
               GError *error)
{
  self->result.n = n;
  self->result.error = error;
}

static void
operation_return_later (UsherOperation *self)
{
  UsherReactor *reactor = self->reactor != NULL ? self->reactor : usher_transport_get_reactor (self->transport);

  usher_reactor_post (reactor, &self->message, on_message);
}

/* Called in the transport's context. */
static void
on_transferred (UsherTransfer *transfer,
                gssize n,
                GError *error)
{
  UsherOperation *self = USHER_OWNER (UsherOperation, transfer, transfer);

  operation_end (self, n, error);
  if (self->reactor == NULL)
    operation_return (self);
  else
    operation_return_later (self);
}

/* What is known at once is told later, too. */
static void
operation_start (UsherOperation *self)
{
  GError *error = NULL;
  gssize n = usher_transport_transfer_async (self->transport, &self->transfer, &error);

  if (n == USHER_WOULD_BLOCK)
    return;

  operation_end (self, n, error);
  operation_return_later (self);
}

/* Nearly always it is the transport's. */
static UsherReactor *
ref_other_reactor (UsherTransport *transport)
{
  return usher_reactor_is_for_caller (usher_transport_get_reactor (transport)) ? NULL : usher_reactor_ref_for_caller ();
}

void
usher_operation_begin (gpointer source,
                       UsherTransport *transport,
                       const UsherTransfer *transfer,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  UsherOperation *self = take_operation (transport);

  self->source = g_object_ref (source);
  self->callback = callback;
  self->user_data = user_data;
  self->transport = transport;
  self->reactor = ref_other_reactor (transport);

  self->transfer = *transfer;
  self->transfer.done = on_transferred;
  if (transfer->n_vectors == 1)
    {
      self->vector = transfer->vectors[0];
      self->transfer.vectors = &self->vector;
    }

  operation_start (self);
}

gssize
usher_operation_finish (UsherOperation *self,
                        GError **error)
{
  g_autoptr (GObject) source = g_steal_pointer (&self->source);
  gssize n = self->result.n;

  if (self->result.error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->result.error));
  usher_transport_keep_spare (self->transport, self);

  return n;
}
