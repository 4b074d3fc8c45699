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

/* As many as the longest queue of the kernel has unless somebody raises net.core.somaxconn: those who
 * come while it is emptied do not keep it from being closed. */
#define MAX_EMPTIED 65536

/* Without a limit of its own; its pool's grace is one. */
#define NO_DEADLINE G_MAXINT64

/* An accepted connection that waits for an acceptor or a place. */
typedef struct
{
  GList link;
  UsherPoolSocket *socket; /* (owned) */
  int fd;                  /* (owned) */
  UsherPeer peer;
  gboolean has_slot;
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

  if (self->state != USHER_POOL_SOCKET_ATTACHED || self->waiting.length == 0 || pool->is_suspended ||
      self->listen_socket->state != USHER_LISTEN_SOCKET_UP)
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
  UsherAcceptorRun *run = usher_acceptor_run_ref (g_queue_pop_head_link (&self->waiting)->data);

  self->n_fruitless = 0;
  usher_backoff_reset (&self->pause_backoff);
  usher_acceptor_run_serve (run, connection);
  if (self->listen_socket->state != USHER_LISTEN_SOCKET_UP)
    usher_acceptor_pool_tell_latecomer (self->pool, run);
  usher_acceptor_run_unref (run);
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
  held->socket->n_held--;
  usher_pool_socket_unref (held->socket);
  g_free (held);
}

static void on_held_too_long (UsherTimer *timer);

static void
pool_time_held (UsherAcceptorPool *self)
{
  gint64 deadline_usec = NO_DEADLINE;

  for (GList *l = self->held.head; l != NULL; l = l->next)
    deadline_usec = MIN (deadline_usec, ((Held *) l->data)->deadline_usec);

  if (deadline_usec == NO_DEADLINE)
    usher_timer_stop (&self->held_timer);
  else
    usher_timer_start (&self->held_timer, self->reactor, deadline_usec, on_held_too_long);
}

typedef gboolean (*HeldCondition) (const Held *held,
                                   gint64 now_usec);

static gboolean
is_overdue (const Held *held,
            gint64 now_usec)
{
  return held->deadline_usec <= now_usec;
}

static gboolean
is_from_any (const Held *held,
             gint64 now_usec)
{
  return TRUE;
}

static gboolean
is_from_up (const Held *held,
            gint64 now_usec)
{
  return usher_listen_socket_is_up (held->socket->listen_socket);
}

static gboolean
is_from_removed (const Held *held,
                 gint64 now_usec)
{
  return held->socket->is_removed;
}

static void
pool_refuse_held (UsherAcceptorPool *self,
                  HeldCondition condition,
                  UsherRefusal reason)
{
  gint64 now_usec = usher_clock_now_usec ();

  for (GList *l = self->held.head, *next; l != NULL; l = next)
    {
      Held *held = l->data;

      next = l->next;
      if (!condition (held, now_usec))
        continue;

      if (held->has_slot)
        usher_acceptor_pool_give_slot (self);
      pool_refuse (self, held->fd, reason);
      pool_remove_held (self, held);
    }

  pool_time_held (self);
}

static void
on_held_too_long (UsherTimer *timer)
{
  UsherAcceptorPool *self = USHER_OWNER (UsherAcceptorPool, held_timer, timer);

  pool_refuse_held (self, is_overdue, USHER_REFUSAL_LIMIT);
  /* There may be room for others to be held. */
  usher_acceptor_pool_schedule (self);
}

void
usher_acceptor_pool_refuse_held (UsherAcceptorPool *self,
                                 UsherHeldFrom from)
{
  static const HeldCondition conditions[] = {
    [USHER_HELD_FROM_ANY] = is_from_any,
    [USHER_HELD_FROM_UP] = is_from_up,
    [USHER_HELD_FROM_REMOVED] = is_from_removed,
  };

  pool_refuse_held (self, conditions[from], USHER_REFUSAL_DRAINING);
}

static Held *
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
  held->deadline_usec = NO_DEADLINE;
  g_queue_push_tail_link (&pool->held, &held->link);
  self->n_held++;
  return held;
}

static void
pool_limit_held (UsherAcceptorPool *self,
                 Held *held)
{
  held->deadline_usec = usher_clock_now_usec () + self->at_limit_wait_msec * G_TIME_SPAN_MILLISECOND;
  pool_time_held (self);
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

  while ((held = pool_find_held (self)) != NULL && (held->has_slot || usher_slots_take (&self->slots)))
    {
      UsherPoolSocket *socket = usher_pool_socket_ref (held->socket);
      UsherPeer peer = held->peer;
      int fd = held->fd;

      pool_remove_held (self, held);
      pool_socket_admit (socket, fd, &peer);
      usher_pool_socket_unref (socket);
    }

  pool_time_held (self);
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
    pool_limit_held (self->pool, pool_socket_hold_back (self, fd, &peer));
  else
    pool_refuse (self->pool, fd, USHER_REFUSAL_LIMIT);

  return TRUE;
}

/* The queue of a listen socket that is being closed. Each client gets its place now, or, if there is
 * none, what those at the limit get. */
static void
pool_socket_keep (UsherPoolSocket *self,
                  int fd,
                  const UsherPeer *peer)
{
  UsherAcceptorPool *pool = self->pool;
  gboolean has_slot = usher_slots_take (&pool->slots);
  Held *held;

  if (!has_slot && pool->at_limit == USHER_AT_LIMIT_REJECT)
    {
      pool_refuse (pool, fd, USHER_REFUSAL_LIMIT);
      return;
    }

  held = pool_socket_hold_back (self, fd, peer);
  held->has_slot = has_slot;
  if (!has_slot && pool->at_limit == USHER_AT_LIMIT_WAIT)
    pool_limit_held (pool, held);
}

/* Returns whether to go on. */
static gboolean
pool_socket_empty_failed (UsherPoolSocket *self,
                          int errsv)
{
  UsherAcceptErrorClass error_class = usher_accept_error_classify (errsv);
  g_autoptr (GError) error = NULL;

  if (error_class != USHER_ACCEPT_ERROR_RESOURCE)
    return error_class == USHER_ACCEPT_ERROR_RETRY || error_class == USHER_ACCEPT_ERROR_PEER;

  g_set_error (&error, G_IO_ERROR, g_io_error_from_errno (errsv),
               "Cannot accept all who wait at %s before it is closed: %s",
               usher_listen_socket_get_address (self->listen_socket), g_strerror (errsv));
  usher_acceptor_pool_report_resource (self->pool, self->listen_socket, error);
  return FALSE;
}

/* Clients that come meanwhile are served as well, but not for ever: one queue of them. */
void
usher_pool_socket_empty (UsherPoolSocket *self)
{
  gboolean may_go_on = TRUE;

  for (guint n_left = MAX_EMPTIED; n_left > 0 && may_go_on; n_left--)
    {
      UsherPeer peer = { .length = sizeof peer.address };
      int fd = accept4 (usher_listen_socket_get_fd (self->listen_socket), (struct sockaddr *) &peer.address,
                        &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);

      if (fd >= 0)
        pool_socket_keep (self, fd, &peer);
      else
        may_go_on = pool_socket_empty_failed (self, errno);
    }
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
