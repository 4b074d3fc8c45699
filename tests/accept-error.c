/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/accept-error-private.h"

#include <errno.h>
#include <string.h>

#define LAST_ERRNO 133

static const int peer_errors[] = {
  EPERM,
  EPIPE,
  ENONET,
  EPROTO,
  ENOPROTOOPT,
  EPROTONOSUPPORT,
  ESOCKTNOSUPPORT,
  ENETDOWN,
  ENETUNREACH,
  ENETRESET,
  ECONNABORTED,
  ECONNRESET,
  ENOTCONN,
  ETIMEDOUT,
  ECONNREFUSED,
  EHOSTDOWN,
  EHOSTUNREACH,
};

static const int listen_socket_errors[] = {
  EBADF,
  EINVAL,
  ENOTSOCK,
  EOPNOTSUPP,
};

static gboolean
contains (const int *values,
          gsize n_values,
          int value)
{
  for (gsize i = 0; i < n_values; i++)
    if (values[i] == value)
      return TRUE;

  return FALSE;
}

static UsherAcceptErrorClass
expected_class (int errno_value)
{
  if (errno_value == EINTR)
    return USHER_ACCEPT_ERROR_RETRY;
  if (errno_value == EAGAIN || errno_value == EWOULDBLOCK)
    return USHER_ACCEPT_ERROR_WAIT;
  if (contains (peer_errors, G_N_ELEMENTS (peer_errors), errno_value))
    return USHER_ACCEPT_ERROR_PEER;
  if (contains (listen_socket_errors, G_N_ELEMENTS (listen_socket_errors), errno_value))
    return USHER_ACCEPT_ERROR_LISTEN_SOCKET;

  return USHER_ACCEPT_ERROR_RESOURCE;
}

static void
test_every_errno (void)
{
  for (int errno_value = 1; errno_value <= LAST_ERRNO; errno_value++)
    {
      g_test_message ("%d: %s", errno_value, g_strerror (errno_value));
      g_assert_cmpint (usher_accept_error_classify (errno_value), ==, expected_class (errno_value));
    }
}

static void
test_exhaustion_pauses (void)
{
  const int errors[] = { EMFILE, ENFILE, ENOBUFS, ENOMEM };

  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    g_assert_cmpint (usher_accept_error_classify (errors[i]), ==, USHER_ACCEPT_ERROR_RESOURCE);
}

static void
test_nonsense_pauses (void)
{
  const int errors[] = { G_MININT, -EBADF, -1, 0, LAST_ERRNO + 1, 512, G_MAXINT };

  for (gsize i = 0; i < G_N_ELEMENTS (errors); i++)
    g_assert_cmpint (usher_accept_error_classify (errors[i]), ==, USHER_ACCEPT_ERROR_RESOURCE);
}

static void
test_exhausted_descriptors (void)
{
  g_assert_nonnull (strstr (usher_accept_error_find_remedy (EMFILE), "RLIMIT_NOFILE"));
  g_assert_nonnull (strstr (usher_accept_error_find_remedy (ENFILE), "fs.file-max"));
  for (int errno_value = -1; errno_value <= LAST_ERRNO; errno_value++)
    if (errno_value != EMFILE && errno_value != ENFILE)
      g_assert_null (usher_accept_error_find_remedy (errno_value));
}

int
main (int argc,
      char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/accept-error/puts-every-errno-into-its-class", test_every_errno);
  g_test_add_func ("/accept-error/takes-exhaustion-for-a-reason-to-pause", test_exhaustion_pauses);
  g_test_add_func ("/accept-error/takes-the-unknown-for-a-reason-to-pause", test_nonsense_pauses);
  g_test_add_func ("/accept-error/says-what-helps-when-descriptors-run-out", test_exhausted_descriptors);

  return g_test_run ();
}
