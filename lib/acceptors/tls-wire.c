/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/tls-parts-private.h"

#include <errno.h>
#include <poll.h>

/* What a GTlsConnection stands on. Once the session is on, it is only asked for what needs no waiting.
 * The handshake asks for what waits, in a thread of GLib's; and so does a goodbye, which does not get
 * it.
 *
 * What the handshake says, it says in several pieces. They go together when it wants to hear the answer:
 * the kernel would keep the second one back until the peer has acknowledged the first one, which takes it
 * 40 ms. */

#define USHER_TYPE_TLS_WIRE_INPUT (usher_tls_wire_input_get_type ())
#define USHER_TYPE_TLS_WIRE_OUTPUT (usher_tls_wire_output_get_type ())

G_DECLARE_FINAL_TYPE (UsherTlsWireInput, usher_tls_wire_input, USHER, TLS_WIRE_INPUT, GInputStream)
G_DECLARE_FINAL_TYPE (UsherTlsWireOutput, usher_tls_wire_output, USHER, TLS_WIRE_OUTPUT, GOutputStream)

struct _UsherTlsWireInput
{
  GInputStream parent_instance;

  UsherTransport *transport; /* (owned) */
};

struct _UsherTlsWireOutput
{
  GOutputStream parent_instance;

  UsherTransport *transport; /* (owned) */
};

static void usher_tls_wire_input_pollable_iface_init (GPollableInputStreamInterface *iface);
static void usher_tls_wire_output_pollable_iface_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (UsherTlsWireInput, usher_tls_wire_input, G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, usher_tls_wire_input_pollable_iface_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (UsherTlsWireOutput, usher_tls_wire_output, G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, usher_tls_wire_output_pollable_iface_init))

/* Returns like recv () and send (), with an error set. */
static gssize
wire_try (UsherTransport *transport,
          UsherDirection direction,
          const GOutputVector *vector,
          GError **error)
{
  gssize n;
  int errsv;

  if (direction == USHER_TRANSPORT_READ)
    n = usher_transport_receive_raw (transport, (void *) vector->buffer, vector->size);
  else
    n = usher_transport_send_raw (transport, vector, 1);

  errsv = errno;
  if (n < 0)
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (errsv), g_strerror (errsv));
  return n;
}

static gssize
wire_transfer_nonblocking (UsherTransport *transport,
                           UsherDirection direction,
                           const GOutputVector *vector,
                           GError **error)
{
  gssize n;

  if (!usher_transport_enter (transport, error))
    return -1;

  n = wire_try (transport, direction, vector, error);
  usher_transport_leave (transport);
  return n;
}

static gboolean
wire_may_wait (UsherTransport *transport,
               GError **error)
{
  UsherTlsSession *session = transport->tls;

  if (usher_tls_session_get_state (session) == USHER_TLS_HANDSHAKE)
    return TRUE;

  if (usher_tls_session_get_state (session) == USHER_TLS_ON)
    usher_tls_session_refuse_renegotiation (session);
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The TLS handshake is over");
  return FALSE;
}

/* Called in the thread of the handshake. */
static gssize
wire_transfer (UsherTransport *transport,
               UsherDirection direction,
               const GOutputVector *vector,
               GError **error)
{
  UsherTransfer wait = { .direction = direction, .wait_until_usec = G_MAXINT64 };
  gssize n;

  if (!usher_transport_enter (transport, error))
    return -1;

  for (;;)
    {
      g_autoptr (GError) local_error = NULL;

      n = wire_may_wait (transport, &local_error) ? wire_try (transport, direction, vector, &local_error) : -1;
      if (n >= 0 || !g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        {
          if (n < 0)
            g_propagate_error (error, g_steal_pointer (&local_error));
          break;
        }
      usher_transport_wait (transport, &wait);
    }
  usher_transport_leave (transport);

  return n;
}

static gboolean
wire_is_ready (UsherTransport *transport,
               short events)
{
  struct pollfd fd = { .events = events };
  gboolean is_ready;

  if (!usher_transport_enter (transport, NULL))
    return TRUE;

  fd.fd = transport->fd;
  is_ready = poll (&fd, 1, 0) != 0;
  usher_transport_leave (transport);
  return is_ready;
}

/* Reading. */

/* Called in the thread of the handshake. */
static gboolean
wire_send_all (UsherTransport *transport,
               GError **error)
{
  GByteArray *raw = transport->tls->raw;
  gssize n;

  while (raw != NULL && raw->len > 0)
    {
      n = wire_transfer (transport, USHER_TRANSPORT_WRITE, &(GOutputVector){ raw->data, raw->len }, error);
      if (n < 0)
        return FALSE;
      g_byte_array_remove_range (raw, 0, n);
    }

  return TRUE;
}

static gssize
usher_tls_wire_input_read (GInputStream *stream,
                           void *buffer,
                           gsize count,
                           GCancellable *cancellable,
                           GError **error)
{
  UsherTransport *transport = USHER_TLS_WIRE_INPUT (stream)->transport;

  return wire_send_all (transport, error)
             ? wire_transfer (transport, USHER_TRANSPORT_READ, &(GOutputVector){ buffer, count }, error)
             : -1;
}

static gssize
usher_tls_wire_input_read_nonblocking (GPollableInputStream *stream,
                                       void *buffer,
                                       gsize count,
                                       GError **error)
{
  return wire_transfer_nonblocking (USHER_TLS_WIRE_INPUT (stream)->transport, USHER_TRANSPORT_READ,
                                    &(GOutputVector){ buffer, count }, error);
}

static gboolean
usher_tls_wire_input_is_readable (GPollableInputStream *stream)
{
  return wire_is_ready (USHER_TLS_WIRE_INPUT (stream)->transport, POLLIN);
}

/* There are no sources: who waits for TLS waits for the transport. */
static void
usher_tls_wire_input_pollable_iface_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = usher_tls_wire_input_is_readable;
  iface->read_nonblocking = usher_tls_wire_input_read_nonblocking;
}

static void
usher_tls_wire_input_finalize (GObject *object)
{
  usher_transport_unref (USHER_TLS_WIRE_INPUT (object)->transport);

  G_OBJECT_CLASS (usher_tls_wire_input_parent_class)->finalize (object);
}

static void
usher_tls_wire_input_class_init (UsherTlsWireInputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = usher_tls_wire_input_finalize;
  G_INPUT_STREAM_CLASS (klass)->read_fn = usher_tls_wire_input_read;
}

static void
usher_tls_wire_input_init (UsherTlsWireInput *self)
{
}

/* Writing. */

static gssize
usher_tls_wire_output_write (GOutputStream *stream,
                             const void *buffer,
                             gsize count,
                             GCancellable *cancellable,
                             GError **error)
{
  UsherTransport *transport = USHER_TLS_WIRE_OUTPUT (stream)->transport;

  if (usher_tls_session_put_raw (transport->tls, buffer, count))
    return count;

  wire_may_wait (transport, error);
  return -1;
}

static gssize
usher_tls_wire_output_write_nonblocking (GPollableOutputStream *stream,
                                         const void *buffer,
                                         gsize count,
                                         GError **error)
{
  return wire_transfer_nonblocking (USHER_TLS_WIRE_OUTPUT (stream)->transport, USHER_TRANSPORT_WRITE,
                                    &(GOutputVector){ buffer, count }, error);
}

static gboolean
usher_tls_wire_output_is_writable (GPollableOutputStream *stream)
{
  return wire_is_ready (USHER_TLS_WIRE_OUTPUT (stream)->transport, POLLOUT);
}

static void
usher_tls_wire_output_pollable_iface_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = usher_tls_wire_output_is_writable;
  iface->write_nonblocking = usher_tls_wire_output_write_nonblocking;
}

static void
usher_tls_wire_output_finalize (GObject *object)
{
  usher_transport_unref (USHER_TLS_WIRE_OUTPUT (object)->transport);

  G_OBJECT_CLASS (usher_tls_wire_output_parent_class)->finalize (object);
}

static void
usher_tls_wire_output_class_init (UsherTlsWireOutputClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = usher_tls_wire_output_finalize;
  G_OUTPUT_STREAM_CLASS (klass)->write_fn = usher_tls_wire_output_write;
}

static void
usher_tls_wire_output_init (UsherTlsWireOutput *self)
{
}

GIOStream *
usher_tls_wire_new (UsherTransport *transport)
{
  g_autoptr (UsherTlsWireInput) input = g_object_new (USHER_TYPE_TLS_WIRE_INPUT, NULL);
  g_autoptr (UsherTlsWireOutput) output = g_object_new (USHER_TYPE_TLS_WIRE_OUTPUT, NULL);

  input->transport = usher_transport_ref (transport);
  output->transport = usher_transport_ref (transport);
  return g_simple_io_stream_new (G_INPUT_STREAM (input), G_OUTPUT_STREAM (output));
}
