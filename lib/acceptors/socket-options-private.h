/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#pragma once

#include <glib-object.h>
#include <sys/socket.h>

G_BEGIN_DECLS

/* In the order in which the kernel is told. Each is a property of UsherListenSocket. */
typedef enum
{
  USHER_SOCKET_OPTION_NODELAY,
  USHER_SOCKET_OPTION_KEEPALIVE,
  USHER_SOCKET_OPTION_KEEPALIVE_IDLE_SEC,
  USHER_SOCKET_OPTION_KEEPALIVE_INTERVAL_SEC,
  USHER_SOCKET_OPTION_KEEPALIVE_COUNT,
  USHER_SOCKET_OPTION_DEFER_ACCEPT_SEC,
  USHER_SOCKET_OPTION_REUSE_PORT,
  USHER_SOCKET_OPTION_V6ONLY,
  USHER_SOCKET_OPTION_LINGER_SEC,
  USHER_SOCKET_OPTION_SEND_BUFFER_SIZE,
  USHER_SOCKET_OPTION_RECEIVE_BUFFER_SIZE,
  USHER_N_SOCKET_OPTIONS,
} UsherSocketOption;

typedef struct
{
  int values[USHER_N_SOCKET_OPTIONS];
} UsherSocketOptions;

#define USHER_SOCKET_OPTIONS_INIT                       \
  {                                                     \
    .values = { [USHER_SOCKET_OPTION_LINGER_SEC] = -1 } \
  }

/* Before bind(), and only for TCP. Returns 0 or an errno; then `bad_property` is the one that the
 * kernel does not take. */
int usher_socket_options_apply (const UsherSocketOptions *self,
                                int fd,
                                sa_family_t family,
                                const char **bad_property);

/* After bind(), those that can still be changed then. */
int usher_socket_options_apply_bound (const UsherSocketOptions *self,
                                      int fd,
                                      const char **bad_property);

/* A boolean or an int, with the flags. */
GParamSpec *usher_socket_option_make_pspec (UsherSocketOption option,
                                            GParamFlags flags);

/* Returns whether it is another value than before. */
gboolean usher_socket_options_set_value (UsherSocketOptions *self,
                                         UsherSocketOption option,
                                         const GValue *value);
void usher_socket_options_get_value (const UsherSocketOptions *self,
                                     UsherSocketOption option,
                                     GValue *value);

G_END_DECLS
