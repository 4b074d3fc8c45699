/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/acceptor-pool-private.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptors/accept-error-private.h"
#include "acceptors/listen-socket-private.h"
#include "runtime/clock-private.h"

/* Connections that are there already have to be served too. */
#define MAX_DOUBLINGS 6
#define MAX_ACCEPTS_PER_DISPATCH (1 << MAX_DOUBLINGS)

/* How many dispatches in a row make a crowd. */
#define ROW 4

/* Each holds a descriptor; the others wait in the kernel's queue. */
#define MAX_HELD 1024

/* An accepted connection that waits for a place. */
typedef struct
{
  GList link;
  UsherPoolSocket *socket; /* (owned) */
  int fd;                  /* (owned) */
  UsherPeer peer;
  gint64 deadline_usec;
} Held;

static const UsherAcceptFailure failures[] = {
  [USHER_ACCEPT_ERROR_RESOURCE] = USHER_ACCEPT_FAILURE_RESOURCE,
  [USHER_ACCEPT_ERROR_PEER] = USHER_ACCEPT_FAILURE_PEER,
  [USHER_ACCEPT_ERROR_LISTEN_SOCKET] = USHER_ACCEPT_FAILURE_LISTEN_SOCKET,
};

/* Without a waiting acceptor, or a place, connections stay in the kernel's queue. */
gboolean
usher_pool_socket_may_accept (UsherPoolSocket *self)
{
  UsherAcceptorPool *pool = self->pool;

  if (self->state != USHER_POOL_SOCKET_ATTACHED || self->waiting.length == 0 || pool->is_suspended)
    return FALSE;

  return pool->at_limit == USHER_AT_LIMIT_QUEUE ? !usher_slots_are_starved (&pool->slots) && pool->held.length == 0
                                                : pool->held.length < MAX_HELD;
}

/* Refusing. */

static void
pool_refuse (UsherAcceptorPool *self,
             int fd,
             UsherRefusal reason)
{
  self->counters.n_refused[reason]++;
  usher_farewells_say (&self->farewells, self->reactor, fd, self->goodbye);
}

static void
pool_socket_deliver (UsherPoolSocket *self,
                     UsherConnection *connection)
{
  UsherAcceptorRun *run = g_queue_pop_head_link (&self->waiting)->data;

  self->n_fruitless = 0;
  usher_backoff_reset (&self->pause_backoff);
  usher_acceptor_run_serve (run, connection);
  usher_pool_socket_start_acceptors (self);
}

/* Whose a proxy's connection is, is known only when it has said so. */
static gboolean
pool_socket_may_be_proxied (UsherPoolSocket *self,
                            const UsherPeer *peer)
{
  UsherProxyPolicy *policy = usher_listen_socket_get_proxy_policy (self->listen_socket);
  g_autoptr (GSocketAddress) address = NULL;

  if (policy == NULL)
    return FALSE;

  address = g_socket_address_new_from_native ((gpointer) &peer->address, peer->length);
  return usher_proxy_policy_trusts (policy, address);
}

/* The connection has a slot. */
static void
pool_socket_admit (UsherPoolSocket *self,
                   int fd,
                   const UsherPeer *peer)
{
  UsherAcceptorPool *pool = self->pool;
  UsherConnection *connection;
  UsherPeerKey key = { 0 };

  if (!pool_socket_may_be_proxied (self, peer) &&
      !usher_peer_counts_add (&pool->peers, peer, fd, &key))
    {
      usher_acceptor_pool_give_slot (pool);
      pool_refuse (pool, fd, peer->address.ss_family == AF_UNIX ? USHER_REFUSAL_USER : USHER_REFUSAL_PEER);
      return;
    }

  connection = usher_connection_new (self->reactor, self->listen_socket, fd, peer);
  usher_connection_join (connection, pool->link, &key);
  usher_acceptor_pool_connection_began (pool, connection);
  pool_socket_deliver (self, connection);
}

/* Holding back. */

static void
pool_remove_held (UsherAcceptorPool *self,
                  Held *held)
{
  g_queue_unlink (&self->held, &held->link);
  usher_pool_socket_unref (held->socket);
  g_free (held);
}

static void on_held_too_long (UsherTimer *timer);

static void
pool_time_held (UsherAcceptorPool *self)
{
  gint64 deadline_usec = G_MAXINT64;

  for (GList *l = self->held.head; l != NULL; l = l->next)
    deadline_usec = MIN (deadline_usec, ((Held *) l->data)->deadline_usec);

  if (self->held.head == NULL)
    usher_timer_stop (&self->held_timer);
  else
    usher_timer_start (&self->held_timer, self->reactor, deadline_usec, on_held_too_long);
}

static void
pool_refuse_held (UsherAcceptorPool *self,
                  gint64 due_usec,
                  UsherRefusal reason)
{
  for (GList *l = self->held.head, *next; l != NULL; l = next)
    {
      Held *held = l->data;

      next = l->next;
      if (held->deadline_usec > due_usec)
        continue;

      pool_refuse (self, held->fd, reason);
      pool_remove_held (self, held);
    }

  pool_time_held (self);
}

static void
on_held_too_long (UsherTimer *timer)
{
  UsherAcceptorPool *self = USHER_OWNER (UsherAcceptorPool, held_timer, timer);

  pool_refuse_held (self, usher_clock_now_usec (), USHER_REFUSAL_LIMIT);
  /* There may be room for others to be held. */
  usher_acceptor_pool_schedule (self);
}

void
usher_acceptor_pool_refuse_all_held (UsherAcceptorPool *self)
{
  pool_refuse_held (self, G_MAXINT64, USHER_REFUSAL_DRAINING);
}

static void
pool_socket_hold_back (UsherPoolSocket *self,
                       int fd,
                       const UsherPeer *peer)
{
  UsherAcceptorPool *pool = self->pool;
  Held *held = g_new0 (Held, 1);

  held->link.data = held;
  held->socket = usher_pool_socket_ref (self);
  held->fd = fd;
  held->peer = *peer;
  held->deadline_usec = usher_clock_now_usec () + pool->at_limit_wait_msec * G_TIME_SPAN_MILLISECOND;
  g_queue_push_tail_link (&pool->held, &held->link);
  pool_time_held (pool);
}

/* The first whom somebody waits for. */
static Held *
pool_find_held (UsherAcceptorPool *self)
{
  for (GList *l = self->held.head; l != NULL && !self->is_suspended; l = l->next)
    {
      Held *held = l->data;

      if (held->socket->state == USHER_POOL_SOCKET_ATTACHED && held->socket->waiting.length > 0)
        return held;
    }

  return NULL;
}

void
usher_acceptor_pool_serve_held (UsherAcceptorPool *self)
{
  Held *held;

  while ((held = pool_find_held (self)) != NULL && usher_slots_take (&self->slots))
    {
      UsherPoolSocket *socket = usher_pool_socket_ref (held->socket);
      UsherPeer peer = held->peer;
      int fd = held->fd;

      pool_remove_held (self, held);
      pool_time_held (self);
      pool_socket_admit (socket, fd, &peer);
      usher_pool_socket_unref (socket);
    }
}

/* Accepting. */

/* Returns whether to go on. */
static gboolean
pool_socket_accept_failed (UsherPoolSocket *self,
                           int errsv)
{
  UsherAcceptErrorClass error_class = usher_accept_error_classify (errsv);
  g_autoptr (GError) error = NULL;

  if (error_class == USHER_ACCEPT_ERROR_WAIT || error_class == USHER_ACCEPT_ERROR_RETRY)
    return error_class == USHER_ACCEPT_ERROR_RETRY;

  self->pool->counters.n_accept_errors[failures[error_class]]++;
  g_set_error (&error, G_IO_ERROR, g_io_error_from_errno (errsv), "Cannot accept a connection from %s: %s",
               usher_listen_socket_get_address (self->listen_socket), g_strerror (errsv));
  if (error_class == USHER_ACCEPT_ERROR_PEER)
    usher_pool_socket_count_fruitless (self);
  else if (error_class == USHER_ACCEPT_ERROR_RESOURCE)
    usher_pool_socket_pause (self, error);
  else
    usher_listen_socket_fail (self->listen_socket, error);

  return TRUE;
}

/* Those who are held came first. */
static gboolean
pool_take_slot (UsherAcceptorPool *self)
{
  return self->held.length == 0 && usher_slots_take (&self->slots);
}

/* Returns whether to go on. */
static gboolean
pool_socket_accept (UsherPoolSocket *self)
{
  UsherPeer peer = { .length = sizeof peer.address };
  gboolean has_slot = pool_take_slot (self->pool);
  int fd;

  if (!has_slot && self->pool->at_limit == USHER_AT_LIMIT_QUEUE)
    return FALSE;

  fd = accept4 (usher_listen_socket_get_fd (self->listen_socket), (struct sockaddr *) &peer.address, &peer.length,
                SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0)
    {
      int errsv = errno;

      if (has_slot)
        usher_acceptor_pool_give_slot (self->pool);
      return pool_socket_accept_failed (self, errsv);
    }

  if (has_slot)
    pool_socket_admit (self, fd, &peer);
  else if (self->pool->at_limit == USHER_AT_LIMIT_WAIT)
    pool_socket_hold_back (self, fd, &peer);
  else
    pool_refuse (self->pool, fd, USHER_REFUSAL_LIMIT);

  return TRUE;
}

/* When places are few, one socket's clients do not take them all. */
static guint
pool_socket_get_share (UsherPoolSocket *self)
{
  guint n_free = usher_slots_get_n_free (&self->pool->slots);

  return CLAMP (n_free / self->pool->sockets->len, 1, MAX_ACCEPTS_PER_DISPATCH);
}

/* Asking whether there is another connection costs as much as accepting one, so a lone one is taken
 * without asking. Once some dispatches in a row have left some to the next, each takes twice as many
 * as the one before. */
static guint
pool_socket_get_batch (UsherPoolSocket *self)
{
  guint64 dispatch = usher_reactor_get_n_dispatches (self->reactor);
  guint batch;

  self->n_dispatches_in_a_row = dispatch == self->latest_dispatch + 1 ? self->n_dispatches_in_a_row + 1 : 0;
  self->latest_dispatch = dispatch;
  batch = 1u << (CLAMP (self->n_dispatches_in_a_row, ROW, ROW + MAX_DOUBLINGS) - ROW);

  return MIN (batch, pool_socket_get_share (self));
}

void
usher_pool_socket_accept (UsherPoolSocket *self)
{
  guint n_left = pool_socket_get_batch (self);

  for (; n_left > 0 && usher_pool_socket_may_accept (self); n_left--)
    if (!pool_socket_accept (self))
      {
        self->n_dispatches_in_a_row = 0;
        break;
      }
}
