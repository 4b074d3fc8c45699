/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "client.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptors/listen-address-private.h"
#include "iterate.h"

static gboolean
on_readable (int fd,
             GIOCondition condition,
             gpointer user_data)
{
  TestClient *self = user_data;
  char buffer[4096];
  gssize n = recv (fd, buffer, sizeof buffer, MSG_DONTWAIT);

  if (n < 0 && errno == EAGAIN)
    return G_SOURCE_CONTINUE;

  if (n > 0)
    {
      g_string_append_len (self->received, buffer, n);
      return G_SOURCE_CONTINUE;
    }

  self->error = n < 0 ? errno : 0;
  self->is_at_end = TRUE;
  return G_SOURCE_REMOVE;
}

int
test_connect (UsherListenSocket *listen_socket)
{
  g_autofree char *text = usher_listen_socket_dup_local_address (listen_socket);
  g_autoptr (GSocketAddress) address = usher_listen_address_parse (text, NULL);
  guint8 native[256];
  gssize length;
  int fd;

  g_assert_nonnull (address);
  length = g_socket_address_get_native_size (address);
  g_assert_true (g_socket_address_to_native (address, native, sizeof native, NULL));

  fd = socket (g_socket_address_get_family (address), SOCK_STREAM | SOCK_CLOEXEC, 0);
  g_assert_no_errno (fd);
  g_assert_no_errno (connect (fd, (struct sockaddr *) native, length));
  return fd;
}

TestClient *
test_client_connect (UsherListenSocket *listen_socket)
{
  TestClient *self = g_new0 (TestClient, 1);

  self->fd = test_connect (listen_socket);
  self->received = g_string_new (NULL);
  self->source = g_unix_fd_source_new (self->fd, G_IO_IN | G_IO_HUP | G_IO_ERR);
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_readable), self, NULL);
  g_source_attach (self->source, NULL);

  return self;
}

void
test_client_send (TestClient *self,
                  const char *text)
{
  g_assert_cmpint (send (self->fd, text, strlen (text), MSG_NOSIGNAL), ==, strlen (text));
}

typedef struct
{
  TestClient *client;
  gsize length;
} Expectation;

static gboolean
has_received (gpointer user_data)
{
  Expectation *expectation = user_data;

  return expectation->client->received->len >= expectation->length || expectation->client->is_at_end;
}

void
test_client_expect (TestClient *self,
                    const char *text)
{
  Expectation expectation = { self, strlen (text) };

  iterate_until (NULL, has_received, &expectation);
  g_assert_cmpstr (self->received->str, ==, text);
  g_string_truncate (self->received, 0);
}

gboolean
test_client_is_at_end (gpointer user_data)
{
  return ((TestClient *) user_data)->is_at_end;
}

void
test_client_expect_end (TestClient *self)
{
  iterate_until (NULL, test_client_is_at_end, self);
  g_assert_cmpstr (self->received->str, ==, "");
}

void
test_client_reset (TestClient *self)
{
  const struct linger linger = { .l_onoff = 1 };

  g_source_destroy (self->source);
  g_assert_no_errno (setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger));
  close (self->fd);
  self->fd = -1;
}

void
test_client_free (TestClient *self)
{
  g_source_destroy (self->source);
  g_source_unref (self->source);
  if (self->fd >= 0)
    close (self->fd);
  g_string_free (self->received, TRUE);
  g_free (self);
}
