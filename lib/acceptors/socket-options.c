/* SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright 2026 The Usher authors */

#include "acceptors/socket-options-private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

/* Those of Linux, which are not in its headers for programs. */
#define MAX_KEEPALIVE_SEC 32767
#define MAX_KEEPALIVE_COUNT 127

typedef struct
{
  const char *property;
  int level;
  int option;
  int unset;              /* the kernel is not told of this value, which is the least one */
  int maximum;            /* 0 for a boolean */
  gboolean is_of_address; /* what it is bound to; it cannot be changed any more after that */
} Option;

static const Option options[] = {
  /**
   * UsherListenSocket:nodelay:
   *
   * Whether connections send small pieces at once instead of collecting them (`TCP_NODELAY`).
   *
   * It has effect on connections accepted after the next open, and none on Unix sockets.
   *
   * Since: 0.1
   */
  [USHER_SOCKET_OPTION_NODELAY] = { "nodelay", IPPROTO_TCP, TCP_NODELAY },

  /**
   * UsherListenSocket:keepalive:
   *
   * Whether the kernel probes silent connections, and breaks those whose peer does not answer
   * (`SO_KEEPALIVE`).
   *
   * It has effect on connections accepted after the next open, and none on Unix sockets.
   *
   * Since: 0.1
   */
  [USHER_SOCKET_OPTION_KEEPALIVE] = { "keepalive", SOL_SOCKET, SO_KEEPALIVE },

  /**
   * UsherListenSocket:keepalive-idle-sec:
   *
   * After how many seconds of silence the first probe of [property@Usher.ListenSocket:keepalive] is
   * sent (`TCP_KEEPIDLE`), at most 32767; 0 for the system's default.
   *
   * It has effect on connections accepted after the next open, and none on Unix sockets.
   *
   * Since: 0.1
   */
  [USHER_SOCKET_OPTION_KEEPALIVE_IDLE_SEC] = { "keepalive-idle-sec", IPPROTO_TCP, TCP_KEEPIDLE,
                                               .maximum = MAX_KEEPALIVE_SEC },

  /**
   * UsherListenSocket:keepalive-interval-sec:
   *
   * How many seconds are between two probes of [property@Usher.ListenSocket:keepalive]
   * (`TCP_KEEPINTVL`), at most 32767; 0 for the system's default.
   *
   * It has effect on connections accepted after the next open, and none on Unix sockets.
   *
   * Since: 0.1
   */
  [USHER_SOCKET_OPTION_KEEPALIVE_INTERVAL_SEC] = { "keepalive-interval-sec", IPPROTO_TCP, TCP_KEEPINTVL,
                                                   .maximum = MAX_KEEPALIVE_SEC },

  /**
   * UsherListenSocket:keepalive-count:
   *
   * How many probes of [property@Usher.ListenSocket:keepalive] in a row stay without an answer
   * before the connection breaks (`TCP_KEEPCNT`), at most 127; 0 for the system's default.
   *
   * It has effect on connections accepted after the next open, and none on Unix sockets.
   *
   * Since: 0.1
   */
  [USHER_SOCKET_OPTION_KEEPALIVE_COUNT] = { "keepalive-count", IPPROTO_TCP, TCP_KEEPCNT,
                                            .maximum = MAX_KEEPALIVE_COUNT },

  /**
   * UsherListenSocket:defer-accept-sec:
   *
   * For about how many seconds a connection is not accepted as long as its peer has sent nothing
   * (`TCP_DEFER_ACCEPT`); 0 to accept it at once. Only for protocols in which the client speaks
   * first.
   *
   * It has effect at the next open, and none on Unix sockets.
   *
   * Since: 0.1
   */
  [USHER_SOCKET_OPTION_DEFER_ACCEPT_SEC] = { "defer-accept-sec", IPPROTO_TCP, TCP_DEFER_ACCEPT,
                                             .maximum = G_MAXINT },

  /**
   * UsherListenSocket:reuse-port:
   *
   * Whether other sockets of the same user, with the same option, may listen on the same port
   * (`SO_REUSEPORT`). The kernel deals the connections out among them.
   *
   * It has effect at the next open, and none on Unix sockets.
   *
   * Since: 0.1
   */
  [USHER_SOCKET_OPTION_REUSE_PORT] = { "reuse-port", SOL_SOCKET, SO_REUSEPORT, .is_of_address = TRUE },

  /**
   * UsherListenSocket:v6only:
   *
   * Whether an IPv6 address takes IPv6 clients only (`IPV6_V6ONLY`). If not, `tcp://[::]:7000` takes
   * IPv4 clients too, whatever `net.ipv6.bindv6only` says.
   *
   * It has effect at the next open, and none on IPv4 and Unix sockets.
   *
   * Since: 0.1
   */
  [USHER_SOCKET_OPTION_V6ONLY] = { "v6only", IPPROTO_IPV6, IPV6_V6ONLY, .unset = -1, .is_of_address = TRUE },

  /**
   * UsherListenSocket:linger-sec:
   *
   * What becomes of data that was sent, but not received yet, when a connection is closed
   * (`SO_LINGER`). With -1 the kernel goes on sending it in the background. With 0 it is dropped, and
   * the connection reset. Anything else keeps the thread that closes waiting, up to that many
   * seconds.
   *
   * It has effect on connections accepted after the next open, and none on Unix sockets.
   *
   * Since: 0.1
   */
  [USHER_SOCKET_OPTION_LINGER_SEC] = { "linger-sec", SOL_SOCKET, SO_LINGER, .unset = -1, .maximum = G_MAXINT },

  /**
   * UsherListenSocket:send-buffer-size:
   *
   * How many bytes of a connection the kernel keeps until the peer has received them (`SO_SNDBUF`); 0
   * to let the kernel choose and adapt it. The kernel takes no more than `net.core.wmem_max`, and
   * doubles it for its own needs.
   *
   * It has effect on connections accepted after the next open, and none on Unix sockets.
   *
   * Since: 0.1
   */
  [USHER_SOCKET_OPTION_SEND_BUFFER_SIZE] = { "send-buffer-size", SOL_SOCKET, SO_SNDBUF, .maximum = G_MAXINT },

  /**
   * UsherListenSocket:receive-buffer-size:
   *
   * How many bytes of a connection the kernel keeps until they are read (`SO_RCVBUF`); 0 to let the
   * kernel choose and adapt it. The kernel takes no more than `net.core.rmem_max`, and doubles it for
   * its own needs.
   *
   * It has effect on connections accepted after the next open, and none on Unix sockets.
   *
   * Since: 0.1
   */
  [USHER_SOCKET_OPTION_RECEIVE_BUFFER_SIZE] = { "receive-buffer-size", SOL_SOCKET, SO_RCVBUF, .maximum = G_MAXINT },
};

G_STATIC_ASSERT (G_N_ELEMENTS (options) == USHER_N_SOCKET_OPTIONS);

static int
tell_kernel (const Option *option,
             int fd,
             int value)
{
  struct linger linger = { .l_onoff = TRUE, .l_linger = value };
  gboolean is_linger = option->level == SOL_SOCKET && option->option == SO_LINGER;
  const void *data = is_linger ? (const void *) &linger : &value;
  socklen_t length = is_linger ? sizeof linger : sizeof value;

  return setsockopt (fd, option->level, option->option, data, length) == 0 ? 0 : errno;
}

static gboolean
is_meant_for (const Option *option,
              sa_family_t family)
{
  return option->level != IPPROTO_IPV6 || family == AF_INET6;
}

/* An option at a time, as long as all is well. */
static int
apply_one (const UsherSocketOptions *self,
           UsherSocketOption option,
           int fd,
           const char **bad_property)
{
  const Option *row = &options[option];
  int errsv = self->values[option] == row->unset ? 0 : tell_kernel (row, fd, self->values[option]);

  if (errsv != 0)
    *bad_property = row->property;

  return errsv;
}

int
usher_socket_options_apply (const UsherSocketOptions *self,
                            int fd,
                            sa_family_t family,
                            const char **bad_property)
{
  int errsv = 0;

  for (UsherSocketOption i = 0; errsv == 0 && i < USHER_N_SOCKET_OPTIONS; i++)
    if (is_meant_for (&options[i], family))
      errsv = apply_one (self, i, fd, bad_property);

  return errsv;
}

int
usher_socket_options_apply_bound (const UsherSocketOptions *self,
                                  int fd,
                                  const char **bad_property)
{
  int errsv = 0;

  for (UsherSocketOption i = 0; errsv == 0 && i < USHER_N_SOCKET_OPTIONS; i++)
    if (!options[i].is_of_address)
      errsv = apply_one (self, i, fd, bad_property);

  return errsv;
}

GParamSpec *
usher_socket_option_make_pspec (UsherSocketOption option,
                                GParamFlags flags)
{
  static const UsherSocketOptions defaults = USHER_SOCKET_OPTIONS_INIT;
  const Option *row = &options[option];

  if (row->maximum == 0)
    return g_param_spec_boolean (row->property, NULL, NULL, defaults.values[option], flags);

  return g_param_spec_int (row->property, NULL, NULL, row->unset, row->maximum, defaults.values[option], flags);
}

gboolean
usher_socket_options_set_value (UsherSocketOptions *self,
                                UsherSocketOption option,
                                const GValue *value)
{
  int old = self->values[option];

  self->values[option] = G_VALUE_HOLDS_BOOLEAN (value) ? g_value_get_boolean (value) : g_value_get_int (value);
  return self->values[option] != old;
}

void
usher_socket_options_get_value (const UsherSocketOptions *self,
                                UsherSocketOption option,
                                GValue *value)
{
  if (G_VALUE_HOLDS_BOOLEAN (value))
    g_value_set_boolean (value, self->values[option]);
  else
    g_value_set_int (value, self->values[option]);
}
