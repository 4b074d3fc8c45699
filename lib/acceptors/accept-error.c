/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/accept-error-private.h"

#include <errno.h>

/* Linux hands pending network errors of the new connection to accept(), see accept(2). */
static const UsherAcceptErrorClass classes[] = {
  [EINTR] = USHER_ACCEPT_ERROR_RETRY,

  [EAGAIN] = USHER_ACCEPT_ERROR_WAIT,

  [ECONNABORTED] = USHER_ACCEPT_ERROR_PEER,
  [ECONNREFUSED] = USHER_ACCEPT_ERROR_PEER,
  [ECONNRESET] = USHER_ACCEPT_ERROR_PEER,
  [EHOSTDOWN] = USHER_ACCEPT_ERROR_PEER,
  [EHOSTUNREACH] = USHER_ACCEPT_ERROR_PEER,
  [ENETDOWN] = USHER_ACCEPT_ERROR_PEER,
  [ENETRESET] = USHER_ACCEPT_ERROR_PEER,
  [ENETUNREACH] = USHER_ACCEPT_ERROR_PEER,
  [ENONET] = USHER_ACCEPT_ERROR_PEER,
  [ENOPROTOOPT] = USHER_ACCEPT_ERROR_PEER,
  [ENOTCONN] = USHER_ACCEPT_ERROR_PEER,
  [EPERM] = USHER_ACCEPT_ERROR_PEER, /* a firewall forbids it */
  [EPIPE] = USHER_ACCEPT_ERROR_PEER,
  [EPROTO] = USHER_ACCEPT_ERROR_PEER,
  [EPROTONOSUPPORT] = USHER_ACCEPT_ERROR_PEER,
  [ESOCKTNOSUPPORT] = USHER_ACCEPT_ERROR_PEER,
  [ETIMEDOUT] = USHER_ACCEPT_ERROR_PEER,

  [EMFILE] = USHER_ACCEPT_ERROR_RESOURCE,
  [ENFILE] = USHER_ACCEPT_ERROR_RESOURCE,
  [ENOBUFS] = USHER_ACCEPT_ERROR_RESOURCE,
  [ENOMEM] = USHER_ACCEPT_ERROR_RESOURCE,
  [ENOSR] = USHER_ACCEPT_ERROR_RESOURCE,

  [EBADF] = USHER_ACCEPT_ERROR_LISTEN_SOCKET,
  [EINVAL] = USHER_ACCEPT_ERROR_LISTEN_SOCKET, /* it does not listen (any more) */
  [ENOTSOCK] = USHER_ACCEPT_ERROR_LISTEN_SOCKET,
  [EOPNOTSUPP] = USHER_ACCEPT_ERROR_LISTEN_SOCKET,
};

/* The empty cells are errors that are not known. */
G_STATIC_ASSERT (USHER_ACCEPT_ERROR_RESOURCE == 0);

/* For those that whoever runs the program can do something about. */
static const char *const remedies[] = {
  [EMFILE] = "raise the limit of this process (RLIMIT_NOFILE; LimitNOFILE= of its unit), or have fewer max-connections",
  [ENFILE] = "raise the limit of the system (fs.file-max), or have fewer max-connections",
};

const char *
usher_accept_error_find_remedy (int errno_value)
{
  if (errno_value < 0 || errno_value >= (int) G_N_ELEMENTS (remedies))
    return NULL;

  return remedies[errno_value];
}

UsherAcceptErrorClass
usher_accept_error_classify (int errno_value)
{
  if (errno_value < 0 || errno_value >= (int) G_N_ELEMENTS (classes))
    return USHER_ACCEPT_ERROR_RESOURCE;

  return classes[errno_value];
}
