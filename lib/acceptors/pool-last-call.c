/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/pool-socket-private.h"

#include <errno.h>
#include <sys/socket.h>

#include "acceptors/accept-error-private.h"
#include "acceptors/acceptor-pool-private.h"

/* The queue of a listen socket that is being closed. */

/* As many as the longest queue of the kernel has unless somebody raises net.core.somaxconn: those who
 * come while it is emptied do not keep it from being closed. */
#define MAX_EMPTIED 65536

/* Each client gets its place now, or, if there is none, what those at the limit get. The crews take
 * turns. */
static void
pool_socket_keep (UsherPoolSocket *self,
                  int fd,
                  const UsherPeer *peer)
{
  UsherCrewSocket *part = self->parts->pdata[self->n_kept++ % self->parts->len];
  UsherCrewKept *kept = g_new (UsherCrewKept, 1);

  *kept = (UsherCrewKept){
    .socket = usher_crew_socket_ref (part),
    .fd = fd,
    .peer = *peer,
    .has_slot = usher_slots_take (&self->pool->slots),
  };
  usher_crew_order (part->crew, usher_crew_keep, kept);
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
static void
pool_socket_accept_all (UsherPoolSocket *self)
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

void
usher_pool_socket_empty (UsherPoolSocket *self)
{
  if (!usher_acceptor_pool_is_accepting (self->pool) || self->pool->terms.is_suspended ||
      !usher_listen_socket_is_exclusive (self->listen_socket))
    return;

  if (self->parts == NULL)
    usher_pool_socket_attach (self);
  pool_socket_accept_all (self);
}
