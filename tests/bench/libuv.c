/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* The loop of Node.js. */

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <uv.h>

typedef struct
{
  uv_tcp_t tcp;
  uv_write_t write;
  char buffer[512];
} Connection;

static void
check (const char *what, int result)
{
  if (result >= 0)
    return;

  fprintf (stderr, "%s: %s\n", what, uv_strerror (result));
  exit (1);
}

static void
on_closed (uv_handle_t *handle)
{
  free (handle->data);
}

static void
connection_end (Connection *self)
{
  uv_close ((uv_handle_t *) &self->tcp, on_closed);
}

static void
on_buffer_wanted (uv_handle_t *handle, size_t suggested_size, uv_buf_t *buffer)
{
  Connection *self = handle->data;

  *buffer = uv_buf_init (self->buffer, sizeof self->buffer);
}

static void on_read (uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer);

static void
on_written (uv_write_t *request, int status)
{
  Connection *self = request->data;

  if (status == 0)
    uv_read_start ((uv_stream_t *) &self->tcp, on_buffer_wanted, on_read);
  else if (status != UV_ECANCELED)
    connection_end (self);
}

/* There is only one buffer: while some of it waits to be sent, nothing is read. */
static void
connection_send_later (Connection *self, uv_buf_t rest)
{
  uv_read_stop ((uv_stream_t *) &self->tcp);
  self->write.data = self;
  check ("write", uv_write (&self->write, (uv_stream_t *) &self->tcp, &rest, 1, on_written));
}

static void
on_read (uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer)
{
  Connection *self = stream->data;
  uv_buf_t answer = uv_buf_init (buffer->base, n > 0 ? n : 0);
  int n_sent;

  if (n == 0)
    return;

  n_sent = n > 0 ? uv_try_write (stream, &answer, 1) : n;
  if (n_sent == n && n > 0)
    return;

  if (n_sent > 0 || n_sent == UV_EAGAIN)
    connection_send_later (self, uv_buf_init (answer.base + (n_sent > 0 ? n_sent : 0),
                                              n - (n_sent > 0 ? n_sent : 0)));
  else
    connection_end (self);
}

static void
on_connection (uv_stream_t *server, int status)
{
  Connection *self;

  if (status < 0)
    return;

  self = malloc (sizeof *self);
  check ("init", uv_tcp_init (server->loop, &self->tcp));
  self->tcp.data = self;
  check ("accept", uv_accept (server, (uv_stream_t *) &self->tcp));
  check ("read", uv_read_start ((uv_stream_t *) &self->tcp, on_buffer_wanted, on_read));
}

int
main (void)
{
  struct sockaddr_in address;
  int length = sizeof address;
  uv_tcp_t server;

  check ("address", uv_ip4_addr ("127.0.0.1", 0, &address));
  check ("init", uv_tcp_init (uv_default_loop (), &server));
  check ("bind", uv_tcp_bind (&server, (struct sockaddr *) &address, 0));
  check ("listen", uv_listen ((uv_stream_t *) &server, SOMAXCONN, on_connection));
  check ("address", uv_tcp_getsockname (&server, (struct sockaddr *) &address, &length));
  printf ("listening on tcp://127.0.0.1:%u\n", ntohs (address.sin_port));
  fflush (stdout);

  return uv_run (uv_default_loop (), UV_RUN_DEFAULT);
}
