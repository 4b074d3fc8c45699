/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

/* The yardstick: an echo server as one writes it by hand for this one purpose. Level-triggered
 * epoll, accept4, registration on accept, one allocation a connection; no GLib. */

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Both as Usher has them. */
#define MAX_EVENTS 256
#define MAX_ACCEPTS 64

typedef struct
{
  int fd;
  ssize_t n_pending;
  ssize_t n_sent; /* of what is pending */
  char buffer[512];
} Connection;

static void
watch (int epoll_fd, int operation, int fd, struct epoll_event event)
{
  if (epoll_ctl (epoll_fd, operation, fd, &event) != 0)
    {
      perror ("epoll_ctl");
      exit (1);
    }
}

static void
connection_end (Connection *self)
{
  close (self->fd);
  free (self);
}

/* Returns whether all of it has left; if not, errno says why. */
static bool
connection_send (Connection *self)
{
  ssize_t n;

  while (self->n_sent < self->n_pending)
    {
      n = send (self->fd, self->buffer + self->n_sent, self->n_pending - self->n_sent, MSG_NOSIGNAL);
      if (n < 0)
        return false;
      self->n_sent += n;
    }

  self->n_pending = self->n_sent = 0;
  return true;
}

static void
connection_echo (Connection *self, int epoll_fd)
{
  self->n_pending = recv (self->fd, self->buffer, sizeof self->buffer, 0);
  if (self->n_pending <= 0)
    {
      connection_end (self);
      return;
    }

  if (connection_send (self))
    return;

  if (errno == EAGAIN)
    watch (epoll_fd, EPOLL_CTL_MOD, self->fd, (struct epoll_event){ EPOLLOUT, { .ptr = self } });
  else
    connection_end (self);
}

static void
connection_go_on_sending (Connection *self, int epoll_fd)
{
  if (connection_send (self))
    watch (epoll_fd, EPOLL_CTL_MOD, self->fd, (struct epoll_event){ EPOLLIN, { .ptr = self } });
  else if (errno != EAGAIN)
    connection_end (self);
}

static void
accept_connections (int listen_fd, int epoll_fd)
{
  Connection *connection;
  int fd;

  for (int i = 0; i < MAX_ACCEPTS; i++)
    {
      fd = accept4 (listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0)
        return;

      connection = malloc (sizeof *connection);
      connection->fd = fd;
      connection->n_sent = 0;
      watch (epoll_fd, EPOLL_CTL_ADD, fd, (struct epoll_event){ EPOLLIN, { .ptr = connection } });
    }
}

static int
listen_on_loopback (void)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl (INADDR_LOOPBACK) };
  socklen_t length = sizeof address;
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

  if (fd < 0 || bind (fd, (struct sockaddr *) &address, length) != 0 || listen (fd, SOMAXCONN) != 0 ||
      getsockname (fd, (struct sockaddr *) &address, &length) != 0)
    {
      perror ("listen");
      exit (1);
    }

  printf ("listening on tcp://127.0.0.1:%u\n", ntohs (address.sin_port));
  fflush (stdout);
  return fd;
}

static void
serve (int listen_fd, int epoll_fd)
{
  struct epoll_event events[MAX_EVENTS];
  int n_events = epoll_wait (epoll_fd, events, MAX_EVENTS, -1);

  for (int i = 0; i < n_events; i++)
    if (events[i].data.ptr == NULL)
      accept_connections (listen_fd, epoll_fd);
    else if (events[i].events & EPOLLOUT)
      connection_go_on_sending (events[i].data.ptr, epoll_fd);
    else
      connection_echo (events[i].data.ptr, epoll_fd);
}

int
main (void)
{
  int listen_fd = listen_on_loopback ();
  int epoll_fd = epoll_create1 (EPOLL_CLOEXEC);

  watch (epoll_fd, EPOLL_CTL_ADD, listen_fd, (struct epoll_event){ EPOLLIN, { .ptr = NULL } });
  while (true)
    serve (listen_fd, epoll_fd);
}
