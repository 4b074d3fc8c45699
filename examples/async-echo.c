/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */
#include <usher/usher.h>

/* The same server as in echo.c, on the loop: no thread and no stack for each connection, but a callback for
 * whatever has to be waited for. */
typedef struct
{
  UsherConnection *connection; /* (unowned): the pool keeps it until it is completed */
  char buffer[512];
} Echo;

static void read_more (Echo *self);

static void
end (Echo *self, GError *error)
{
  if (error != NULL)
    usher_connection_fail (self->connection, error);
  else
    usher_connection_complete (self->connection);
  g_free (self);
}

static void
on_written (GObject *out, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (out), result, NULL, &error))
    read_more (user_data);
  else
    end (user_data, error);
}

static void
on_read (GObject *in, GAsyncResult *result, gpointer user_data)
{
  Echo *self = user_data;
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (self->connection));
  GError *error = NULL;
  gssize n = g_input_stream_read_finish (G_INPUT_STREAM (in), result, &error);

  if (n > 0)
    g_output_stream_write_all_async (out, self->buffer, n, G_PRIORITY_DEFAULT, NULL, on_written, self);
  else
    end (self, error);
}

static void
read_more (Echo *self)
{
  GInputStream *in = g_io_stream_get_input_stream (G_IO_STREAM (self->connection));

  g_input_stream_read_async (in, self->buffer, sizeof self->buffer, G_PRIORITY_DEFAULT, NULL, on_read, self);
}

static void
echo (UsherConnection *connection, gpointer user_data)
{
  Echo *self = g_new (Echo, 1);

  self->connection = connection;
  read_more (self);
}

int
main (int argc, char *argv[])
{
  g_autoptr (UsherService) service = usher_service_new ("async-echo");
  g_autoptr (UsherAcceptorPool) pool = usher_acceptor_pool_new_for_async_func ("echo", echo, NULL, NULL);

  usher_service_add_pool (service, pool, "tcp://127.0.0.1:7000", 10);
  return usher_service_run (service, argc, argv);
}
