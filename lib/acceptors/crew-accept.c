/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/crew-socket-private.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acceptors/accept-error-private.h"
#include "acceptors/acceptor-pool-private.h"

/* Connections that are there already have to be served too. */
#define MAX_DOUBLINGS 6
#define MAX_ACCEPTS_PER_DISPATCH (1 << MAX_DOUBLINGS)

/* How many dispatches in a row make a crowd. */
#define ROW 4

static const UsherAcceptFailure failures[] = {
  [USHER_ACCEPT_ERROR_RESOURCE] = USHER_ACCEPT_FAILURE_RESOURCE,
  [USHER_ACCEPT_ERROR_PEER] = USHER_ACCEPT_FAILURE_PEER,
  [USHER_ACCEPT_ERROR_LISTEN_SOCKET] = USHER_ACCEPT_FAILURE_LISTEN_SOCKET,
};

gboolean
usher_crew_socket_has_waiting (UsherCrewSocket *self)
{
  return self->state == USHER_CREW_SOCKET_ATTACHED && self->waiting.length > 0;
}

/* Without a waiting acceptor, or a place, connections stay in the kernel's queue. */
gboolean
usher_crew_socket_may_accept (UsherCrewSocket *self)
{
  UsherCrew *crew = self->crew;

  if (!usher_crew_socket_has_waiting (self) || self->is_closing || crew->terms.is_suspended)
    return FALSE;

  return crew->terms.at_limit == USHER_AT_LIMIT_QUEUE
             ? !usher_slots_are_starved (&crew->pool->slots) && crew->held.length == 0
             : usher_crew_can_hold (crew);
}

static void
crew_socket_deliver (UsherCrewSocket *self,
                     UsherConnection *connection)
{
  UsherAcceptorRun *run = usher_acceptor_run_ref (g_queue_pop_head_link (&self->waiting)->data);

  self->n_fruitless = 0;
  usher_backoff_reset (&self->pause_backoff);
  usher_acceptor_run_serve (run, connection);
  if (self->is_for_good)
    usher_crew_tell_latecomer (self->crew, run);
  usher_acceptor_run_unref (run);
  usher_crew_socket_start_acceptors (self);
}

/* Whose a proxy's connection is, is known only when it has said so. */
static gboolean
crew_socket_may_be_proxied (UsherCrewSocket *self,
                            const UsherPeer *peer)
{
  g_autoptr (GSocketAddress) address = NULL;

  if (self->proxy_policy == NULL)
    return FALSE;

  address = g_socket_address_new_from_native ((gpointer) &peer->address, peer->length);
  return usher_proxy_policy_trusts (self->proxy_policy, address);
}

void
usher_crew_socket_admit (UsherCrewSocket *self,
                         int fd,
                         const UsherPeer *peer)
{
  UsherCrew *crew = self->crew;
  UsherAcceptorPool *pool = crew->pool;
  UsherConnection *connection;
  UsherPeerKey key = { 0 };

  if (!crew_socket_may_be_proxied (self, peer) &&
      !usher_peer_counts_add (&pool->peers, peer, fd, &key))
    {
      usher_acceptor_pool_give_slot (pool);
      usher_crew_refuse (crew, fd, peer->address.ss_family == AF_UNIX ? USHER_REFUSAL_USER : USHER_REFUSAL_PEER);
      return;
    }

  connection = usher_crew_make_connection (crew, self->listen_socket, fd, peer);
  usher_connection_join (connection, pool->link, &key);
  g_atomic_int_inc (&pool->n_counted);
  usher_connection_set_drain_idle_reads (connection, crew->terms.drain_idle_reads);
  usher_connection_begin_limits (connection, &crew->terms.limits);
  crew_socket_deliver (self, connection);
}

/* Accepting. */

/* Until the pool has taken it away, there is no use in trying on. */
static void
crew_socket_fail (UsherCrewSocket *self,
                  const GError *error)
{
  usher_crew_socket_tell (self, error, usher_acceptor_pool_socket_failed);
  usher_crew_socket_pause (self, NULL);
}

static GError *
make_accept_error (UsherCrewSocket *self,
                   int errsv)
{
  const char *remedy = usher_accept_error_find_remedy (errsv);

  return g_error_new (G_IO_ERROR, g_io_error_from_errno (errsv), "Cannot accept a connection from %s: %s%s%s",
                      usher_listen_socket_get_address (self->listen_socket), g_strerror (errsv),
                      remedy != NULL ? "; " : "", remedy != NULL ? remedy : "");
}

/* Returns whether to go on. */
static gboolean
crew_socket_accept_failed (UsherCrewSocket *self,
                           int errsv)
{
  UsherAcceptErrorClass error_class = usher_accept_error_classify (errsv);
  g_autoptr (GError) error = NULL;

  if (error_class == USHER_ACCEPT_ERROR_WAIT || error_class == USHER_ACCEPT_ERROR_RETRY)
    return error_class == USHER_ACCEPT_ERROR_RETRY;

  usher_crew_count (self->crew, &self->crew->counters.n_accept_errors[failures[error_class]]);
  error = make_accept_error (self, errsv);
  if (error_class == USHER_ACCEPT_ERROR_PEER)
    usher_crew_socket_count_fruitless (self);
  else if (error_class == USHER_ACCEPT_ERROR_RESOURCE)
    usher_crew_socket_pause (self, error);
  else
    crew_socket_fail (self, error);

  return TRUE;
}

/* Those who are held came first. */
static gboolean
crew_take_slot (UsherCrew *self)
{
  return self->held.length == 0 && usher_slots_take (&self->pool->slots);
}

/* Nobody can close the descriptor meanwhile. */
static int
crew_socket_accept4 (UsherCrewSocket *self,
                     UsherPeer *peer)
{
  int fd = -1, errsv = EAGAIN;

  peer->length = sizeof peer->address;
  g_mutex_lock (&self->crew->lock);
  if (self->fd >= 0)
    {
      fd = accept4 (self->fd, (struct sockaddr *) &peer->address, &peer->length, SOCK_NONBLOCK | SOCK_CLOEXEC);
      errsv = errno;
    }
  g_mutex_unlock (&self->crew->lock);

  errno = errsv;
  return fd;
}

/* Returns whether to go on. */
static gboolean
crew_socket_accept (UsherCrewSocket *self)
{
  UsherCrew *crew = self->crew;
  UsherPeer peer;
  gboolean has_slot = crew_take_slot (crew);
  int fd;

  if (!has_slot && crew->terms.at_limit == USHER_AT_LIMIT_QUEUE)
    return FALSE;

  fd = crew_socket_accept4 (self, &peer);
  if (fd < 0)
    {
      int errsv = errno;

      if (has_slot && usher_slots_give_unused (&crew->pool->slots))
        usher_acceptor_pool_wake_crews (crew->pool);
      return crew_socket_accept_failed (self, errsv);
    }

  usher_share_take (&crew->share, &crew->pool->share, crew->n_crews);
  if (has_slot)
    usher_crew_socket_admit (self, fd, &peer);
  else if (crew->terms.at_limit == USHER_AT_LIMIT_WAIT)
    usher_crew_socket_hold (self, fd, &peer);
  else
    usher_crew_refuse (crew, fd, USHER_REFUSAL_LIMIT);

  return TRUE;
}

/* When places are few, one socket's clients do not take them all. */
static guint
crew_socket_get_share (UsherCrewSocket *self)
{
  guint n_free = usher_slots_get_n_free (&self->crew->pool->slots);

  return CLAMP (n_free / self->crew->sockets->len, 1, MAX_ACCEPTS_PER_DISPATCH);
}

/* The other workers' share is left to them. */
static guint
crew_get_allowance (UsherCrew *self)
{
  UsherAcceptorPool *pool = self->pool;

  if (self->n_crews == 1)
    return G_MAXUINT;

  return MIN (usher_share_get_latest_allowance (&self->share, &pool->share, self->n_crews),
              usher_share_get_allowance (self->n_connections, usher_slots_get_n_taken (&pool->slots), self->n_crews));
}

/* Asking whether there is another connection costs as much as accepting one, so a lone one is taken
 * without asking. Once some dispatches in a row have left some to the next, each takes twice as many
 * as the one before. */
static guint
crew_socket_get_batch (UsherCrewSocket *self)
{
  guint64 dispatch = usher_reactor_get_n_dispatches (self->reactor);
  guint batch;

  self->n_dispatches_in_a_row = dispatch == self->latest_dispatch + 1 ? self->n_dispatches_in_a_row + 1 : 0;
  self->latest_dispatch = dispatch;
  batch = 1u << (CLAMP (self->n_dispatches_in_a_row, ROW, ROW + MAX_DOUBLINGS) - ROW);

  return MIN (MIN (batch, crew_socket_get_share (self)), crew_get_allowance (self->crew));
}

/* Whether the other workers should take what is there. */
static gboolean
crew_socket_leaves_it (UsherCrewSocket *self)
{
  UsherCrew *crew = self->crew;
  gboolean is_exceeded;

  if (crew->n_crews == 1)
    return FALSE;

  is_exceeded = usher_share_is_greedy (&crew->share, &crew->pool->share, crew->n_crews) ||
                usher_share_is_exceeded (crew->n_connections, usher_slots_get_n_taken (&crew->pool->slots), crew->n_crews);
  return usher_share_leave (&crew->share, &crew->pool->share, is_exceeded);
}

void
usher_crew_socket_accept (UsherCrewSocket *self)
{
  guint n_left;

  if (crew_socket_leaves_it (self))
    {
      /* They may be waiting for this very processor. */
      g_thread_yield ();
      return;
    }

  n_left = crew_socket_get_batch (self);

  for (; n_left > 0 && usher_crew_socket_may_accept (self); n_left--)
    if (!crew_socket_accept (self))
      {
        self->n_dispatches_in_a_row = 0;
        break;
      }
}
