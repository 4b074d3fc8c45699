/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "clients.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NSEC_PER_USEC G_GINT64_CONSTANT (1000)

#define MAX_EVENTS 256
/* Between two looks at what the server says. */
#define MAX_STARTS 64
/* 127.0.0.2 and those that follow. */
#define N_ADDRESSES 250
#define PATIENCE_NSEC (60 * G_USEC_PER_SEC * NSEC_PER_USEC)

typedef struct
{
  int fd;             /* (owned) */
  gboolean has_asked; /* the byte is on its way */
  gboolean is_kept;
  gint64 asked_nsec; /* when it began to connect, or sent its latest byte */
} Client;

static gint64
now_nsec (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return now.tv_sec * G_USEC_PER_SEC * NSEC_PER_USEC + now.tv_nsec;
}

/* A reset leaves no TIME_WAIT behind, on neither side. */
static void
client_free (Client *self)
{
  struct linger reset = { 1, 0 };

  setsockopt (self->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close (self->fd);
  g_free (self);
}

void
clients_init (Clients *self,
              guint16 port)
{
  *self = (Clients){
    .port = port,
    .epoll_fd = epoll_create1 (EPOLL_CLOEXEC),
    .kept = g_ptr_array_new_with_free_func ((GDestroyNotify) client_free),
    .latencies = g_array_new (FALSE, FALSE, sizeof (gint64)),
  };
}

void
clients_clear (Clients *self)
{
  close (self->epoll_fd);
  g_ptr_array_unref (self->kept);
  g_array_unref (self->latencies);
}

static int
bind_to_next_address (Clients *self,
                      int fd)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK + 1 + self->n_addresses_used++ % N_ADDRESSES),
  };
  int yes = 1;

  /* connect () then takes a port that is free for this address. */
  setsockopt (fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  return bind (fd, (struct sockaddr *) &address, sizeof address);
}

static int
connect_to_server (Clients *self)
{
  struct sockaddr_in address = {
    .sin_family = AF_INET,
    .sin_addr.s_addr = htonl (INADDR_LOOPBACK),
    .sin_port = htons (self->port),
  };
  int fd = socket (AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int errsv;

  if (fd < 0)
    return -1;

  if (bind_to_next_address (self, fd) == 0 &&
      (connect (fd, (struct sockaddr *) &address, sizeof address) == 0 || errno == EINPROGRESS))
    return fd;

  errsv = errno;
  close (fd);
  errno = errsv;
  return -1;
}

/* What fails without an errno was not answered. */
static void
clients_count_failure (Clients *self,
                       int errsv)
{
  self->n_failed++;
  self->n_refused += errsv == ECONNREFUSED;
  self->n_reset += errsv == ECONNRESET || errsv == EPIPE;
}

static void
clients_start_one (Clients *self)
{
  gint64 began_nsec = now_nsec ();
  int fd = connect_to_server (self);
  Client *client;

  self->n_started++;
  if (fd < 0)
    {
      clients_count_failure (self, errno);
      return;
    }

  client = g_new0 (Client, 1);
  client->fd = fd;
  client->asked_nsec = began_nsec;
  epoll_ctl (self->epoll_fd, EPOLL_CTL_ADD, fd,
             &(struct epoll_event){ EPOLLIN | EPOLLOUT | EPOLLET, { .ptr = client } });
  self->n_in_flight++;
}

static gboolean
clients_has_to_start (Clients *self)
{
  return self->n_started < self->plan.n_clients && self->n_in_flight < self->plan.n_in_flight;
}

static void
clients_end_when_time_is_up (Clients *self)
{
  if (!g_atomic_int_get (&self->is_over) && now_nsec () <= self->began_nsec + self->plan.duration_usec * NSEC_PER_USEC)
    return;

  self->plan.n_clients = self->n_started;
  self->n_more_rounds = 0;
}

static void
clients_start_some (Clients *self)
{
  clients_end_when_time_is_up (self);
  for (guint n = 0; n < MAX_STARTS && clients_has_to_start (self); n++)
    clients_start_one (self);
}

static void
clients_failed (Clients *self,
                Client *client,
                int errsv)
{
  clients_count_failure (self, errsv);
  if (client->is_kept)
    {
      g_ptr_array_remove_fast (self->kept, client);
      return;
    }

  self->n_in_flight--;
  client_free (client);
}

/* Returns whether it could be done. */
static gboolean
client_ask (Client *self)
{
  self->has_asked = TRUE;
  return send (self->fd, "?", 1, MSG_NOSIGNAL) == 1;
}

static void
clients_client_connected (Clients *self,
                          Client *client)
{
  if (client_ask (client))
    self->n_asked++;
  else
    clients_failed (self, client, errno);
}

/* Returns whether this client had another byte to send. */
static gboolean
clients_ask_again (Clients *self,
                   Client *client)
{
  if (self->n_more_rounds == 0)
    return FALSE;

  self->n_more_rounds--;
  client->asked_nsec = self->ended_nsec;
  if (!client_ask (client))
    clients_failed (self, client, errno);
  return TRUE;
}

static void
clients_client_answered (Clients *self,
                         Client *client)
{
  gint64 latency_nsec;

  self->ended_nsec = now_nsec ();
  latency_nsec = self->ended_nsec - MAX (client->asked_nsec, self->began_nsec);
  g_array_append_val (self->latencies, latency_nsec);

  if (clients_ask_again (self, client))
    return;

  self->n_in_flight--;
  client->is_kept = self->plan.keep;
  if (client->is_kept)
    g_ptr_array_add (self->kept, client);
  else
    client_free (client);
}

static void
clients_client_readable (Clients *self,
                         Client *client)
{
  char answer;
  gssize n = recv (client->fd, &answer, 1, 0);

  if (n == 1)
    clients_client_answered (self, client);
  else if (n == 0 || errno != EAGAIN)
    clients_failed (self, client, n == 0 ? 0 : errno);
}

static void
clients_client_ready (Clients *self,
                      Client *client)
{
  if (client->has_asked)
    clients_client_readable (self, client);
  else
    clients_client_connected (self, client);
}

/* Returns whether to go on: what has been waited for too long never comes. */
static gboolean
clients_poll (Clients *self)
{
  struct epoll_event events[MAX_EVENTS];
  int n_events = epoll_wait (self->epoll_fd, events, MAX_EVENTS, clients_has_to_start (self) ? 0 : 1000);

  for (int i = 0; i < n_events; i++)
    clients_client_ready (self, events[i].data.ptr);

  return now_nsec () < self->began_nsec + self->plan.duration_usec * NSEC_PER_USEC + PATIENCE_NSEC;
}

void
clients_restart_clock (Clients *self)
{
  self->began_nsec = self->ended_nsec = now_nsec ();
  g_array_set_size (self->latencies, 0);
}

void
clients_end (Clients *self)
{
  g_atomic_int_set (&self->is_over, TRUE);
}

void
clients_begin (Clients *self,
               ClientsPlan plan)
{
  self->plan = plan;
  self->n_started = self->n_asked = self->n_failed = self->n_refused = self->n_reset = 0;
  clients_restart_clock (self);
  clients_start_some (self);
}

static void
clients_talk (Clients *self,
              Client *client)
{
  client->is_kept = FALSE;
  clients_ask_again (self, client);
}

static void
clients_give_up (Clients *self)
{
  self->n_failed += self->n_in_flight;
  self->n_in_flight = 0;
}

void
clients_wait_until_asked (Clients *self)
{
  while (self->n_asked + self->n_failed < self->plan.n_clients)
    {
      if (!clients_poll (self))
        return;
      clients_start_some (self);
    }
}

void
clients_wait_until_answered (Clients *self)
{
  while (self->n_in_flight > 0 || clients_has_to_start (self))
    {
      if (!clients_poll (self))
        {
          clients_give_up (self);
          return;
        }
      clients_start_some (self);
    }
}

void
clients_exchange (Clients *self,
                  guint n_messages,
                  gint64 duration_usec)
{
  g_autoptr (GPtrArray) talking = self->kept;

  self->kept = g_ptr_array_new_with_free_func ((GDestroyNotify) client_free);
  g_ptr_array_set_free_func (talking, NULL);
  self->plan.duration_usec = duration_usec;
  clients_restart_clock (self);
  self->n_in_flight = talking->len;
  self->n_more_rounds = MAX (n_messages, talking->len);
  for (guint i = 0; i < talking->len; i++)
    clients_talk (self, talking->pdata[i]);
  clients_wait_until_answered (self);
}

void
clients_reset_kept (Clients *self)
{
  g_ptr_array_set_size (self->kept, 0);
}
